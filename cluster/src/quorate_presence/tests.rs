//! Whose answer it is: every way in which a dry run ends.

use serde_json::json;

use super::*;
use crate::dry_run_response::DryRunCause;

const DENIED: &str = "quorum-guard/scale-below-quorum";
const OPEN: &str = "quorum-guard/not-judged";
const WARNING: &str = "quorum-guard/scale-advice: StatefulSet db/rqlite: replicas 3 -> 4";

fn answered(by: &QuoratePresence, code: u16, message: &str, warnings: &[&str]) -> ClusterVerdict {
    let warnings = warnings.iter().map(|&text| text.to_owned()).collect();
    let answer = DryRunResponse { code, message: message.to_owned(), warnings, causes: None };
    by.answer(&DryRun::of_set("db", "rqlite", DryRunAction::Scale(1)), &answer)
}

#[track_caller]
fn asked(cluster: ClusterVerdict) -> (Verdict, usize) {
    let ClusterVerdict::Asked { verdict, heard } = cluster else { panic!("{cluster:?}") };
    (verdict, heard.len())
}

/// With a warning of ours beside it.
#[track_caller]
fn assert_answered(code: u16, message: &str, expected: fn(String) -> ClusterVerdict) {
    assert_eq!(
        answered(&QuoratePresence::Present, code, message, &[WARNING]),
        expected(message.to_owned()),
        "{message}"
    );
}

/// By a refusal of ours with these reasons.
fn refused_for(by: &QuoratePresence, reasons: &[&str], warnings: &[&str]) -> ClusterVerdict {
    let cause =
        |reason: &&str| DryRunCause { reason: (*reason).to_owned(), message: "no".to_owned(), field: String::new() };
    let warnings = warnings.iter().map(|&text| text.to_owned()).collect();
    let causes = Some(reasons.iter().map(cause).collect());
    let answer = DryRunResponse { code: 403, message: "denied".to_owned(), warnings, causes };
    by.answer(&DryRun::of_set("db", "rqlite", DryRunAction::Scale(1)), &answer)
}

#[test]
fn our_refusal_is_ours_whatever_can_be_read() {
    for by in [QuoratePresence::Present, QuoratePresence::Absent, QuoratePresence::Unseen("forbidden".to_owned())] {
        assert_eq!(asked(refused_for(&by, &[DENIED], &[WARNING])), (Verdict::Denied, 2));
    }
    assert_eq!(asked(refused_for(&QuoratePresence::Present, &[OPEN], &[])), (Verdict::NotJudged, 1));
    assert_eq!(asked(refused_for(&QuoratePresence::Present, &[OPEN, DENIED], &[])), (Verdict::Denied, 2));
}

#[test]
fn what_passes_with_a_word_of_ours_is_allowed() {
    assert_eq!(asked(answered(&QuoratePresence::Present, 200, "", &[WARNING])), (Verdict::Allowed, 1));
}

#[test]
fn what_passes_without_one_says_nothing() {
    let others = &["best-practices/labels: label team missing"];
    assert_eq!(answered(&QuoratePresence::Present, 200, "", others), ClusterVerdict::Silent);
    assert_eq!(answered(&QuoratePresence::Absent, 200, "", &[WARNING]), ClusterVerdict::Absent);
    let unseen = QuoratePresence::Unseen("forbidden".to_owned());
    assert_eq!(answered(&unseen, 200, "", &[WARNING]), ClusterVerdict::Unknown("forbidden".to_owned()));
}

/// A dry run of an update that would create is none of the update.
#[test]
fn what_is_not_there_is_not_updated() {
    assert!(matches!(answered(&QuoratePresence::Present, 201, "", &[WARNING]), ClusterVerdict::Unknown(_)));
    let object = json!({});
    let created = DryRun::of_set("db", "rqlite", DryRunAction::Create(&object));
    let warnings = vec![WARNING.to_owned()];
    let answer = DryRunResponse { code: 201, message: String::new(), warnings, causes: None };
    assert_eq!(asked(QuoratePresence::Present.answer(&created, &answer)), (Verdict::Allowed, 1));
}

/// The server let it pass without a verdict: that is none to go by.
#[test]
fn what_passes_unjudged_says_nothing() {
    let warning = "quorum-guard/not-judged: StatefulSet db/rqlite: out of time";
    assert!(matches!(answered(&QuoratePresence::Present, 200, "", &[warning]), ClusterVerdict::Unknown(_)));
}

#[test]
fn what_others_refuse_is_theirs_with_warnings_of_ours_beside_it() {
    for (code, message) in [
        (403, "admission webhook \"other.example.com\" denied the request: a/b: no"),
        (500, "admission webhook \"other.example.com\" denied the request: out of order"),
        (403, "admission webhook \"other.example.com\" denied the request: User \"ci\" cannot change this"),
        (403, "statefulsets.apps \"rqlite\" is forbidden: exceeded quota: small"),
        (422, "StatefulSet.apps \"rqlite\" is invalid: spec: Forbidden"),
        (403, "admission webhook \"scale.quorate.dev\" denied the request: quorate: review not readable: too deep"),
    ] {
        assert_answered(code, message, ClusterVerdict::Refused);
    }
}

#[test]
fn what_was_not_come_to_is_unseen() {
    for (code, message) in [
        (403, "statefulsets.apps \"rqlite\" is forbidden: User \"ci\" cannot update resource \"statefulsets\""),
        (401, "Unauthorized"),
        (404, "statefulsets.apps \"rqlite\" not found"),
        (500, "Internal error occurred: failed calling webhook \"scale.quorate.dev\": connection refused"),
    ] {
        assert_answered(code, message, ClusterVerdict::Unknown);
    }
}
