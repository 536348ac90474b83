//! What of an API server's answer is ours.

use super::*;

const RULE: &str = "quorum-guard/scale-below-quorum";
const SUBJECT: &str = "StatefulSet db/rqlite";

fn refused(message: &str) -> DryRunResponse {
    DryRunResponse { code: 403, message: message.to_owned(), warnings: Vec::new(), causes: None }
}

fn cause(reason: &str, message: &str, field: &str) -> DryRunCause {
    DryRunCause { reason: reason.to_owned(), message: message.to_owned(), field: field.to_owned() }
}

fn heard(rule: &str, level: Level, message: &str, field: &str) -> ClusterFinding {
    ClusterFinding { field: field.to_owned(), ..super::heard(rule.to_owned(), level, message.to_owned()) }
}

#[test]
fn a_warning_is_the_text_in_its_quotes() {
    assert_eq!(text(r#"299 - "replicas 3 -> 2 leaves \"2\"""#), r#"replicas 3 -> 2 leaves "2""#);
    assert_eq!(text("bare"), "bare");
}

#[test]
fn a_refusal_is_what_its_causes_say() {
    let causes = vec![
        cause(RULE, "replicas 3 -> 1: no; never", "spec.replicas"),
        cause("quorum-guard/scale-below-quorum/remedy", "scale to 2; then go on", "spec.replicas"),
        cause("mine/not-judged", "out of time", ""),
        cause("other/rule/remedy", "of a finding that is not there", ""),
    ];
    let answer = DryRunResponse { causes: Some(causes), ..refused("whatever sentence stands here") };
    let denied = heard(RULE, Level::Deny, "replicas 3 -> 1: no; never", "spec.replicas");
    let denied = ClusterFinding { remedy: "scale to 2; then go on".to_owned(), ..denied };
    assert_eq!(answer.heard(SUBJECT), [denied, heard("mine/not-judged", Level::NotJudged, "out of time", "")]);
}

#[test]
fn what_others_refuse_is_not_ours() {
    for message in [
        "admission webhook \"other.example.com\" denied the request: a/b: no",
        "admission webhook \"scale.quorate.dev\" denied the request: a/b: StatefulSet db/rqlite: no",
        "failed calling webhook \"scale.quorate.dev\": connection refused",
        "statefulsets.apps \"rqlite\" is forbidden: User \"ci\" cannot update resource",
    ] {
        assert!(!refused(message).is_ours() && refused(message).heard(SUBJECT).is_empty(), "{message}");
    }
}

#[test]
fn warnings_of_others_are_not_ours() {
    let warnings = [
        "unknown field \"spec.replica\"",
        "metadata.finalizers: \"a\": prefer a domain-qualified finalizer name: kubernetes.io/a",
        "would violate PodSecurity \"restricted:latest\": a/b: c",
        "best-practices/labels: label team missing",
        "quorum-guard/scale-advice: StatefulSet db/rqlite: replicas 3 -> 4…",
        "quorum-guard/scale-advice: wait until it is ready",
        "quorum-guard/not-judged: StatefulSet db/rqlite: out of time",
    ];
    let answer = DryRunResponse { code: 200, warnings: warnings.map(str::to_owned).into(), ..refused("") };
    let advice = heard("quorum-guard/scale-advice", Level::Warn, "replicas 3 -> 4…", "");
    let advice = ClusterFinding { remedy: "wait until it is ready".to_owned(), ..advice };
    let open = heard("quorum-guard/not-judged", Level::NotJudged, "out of time", "");
    assert_eq!(answer.heard(SUBJECT), [advice, open]);
}
