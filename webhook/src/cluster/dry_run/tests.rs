//! What of an API server's answer is ours.

use super::*;

const RULE: &str = "quorum-guard/scale-below-quorum";
const SUBJECT: &str = "StatefulSet db/rqlite";

fn refused(message: &str) -> DryRun {
    let fields = vec![(RULE.to_owned(), "spec.replicas".to_owned())];
    DryRun { code: 403, message: message.to_owned(), warnings: Vec::new(), fields }
}

fn heard(rule: &str, level: Level, text: &str, field: &str) -> Heard {
    Heard { rule: rule.to_owned(), level, text: text.to_owned(), remedy: String::new(), field: field.to_owned() }
}

#[test]
fn a_warning_is_the_text_in_its_quotes() {
    assert_eq!(text(r#"299 - "replicas 3 -> 2 leaves \"2\"""#), r#"replicas 3 -> 2 leaves "2""#);
    assert_eq!(text("bare"), "bare");
}

#[test]
fn a_refusal_is_a_finding_a_line() {
    let answer = refused(
        "admission webhook \"scale.quorate.dev\" denied the request: quorum-guard/scale-below-quorum: StatefulSet db/rqlite: no; wait\n\
         mine/not-judged: StatefulSet db/rqlite: out of time",
    );
    assert_eq!(
        answer.heard(SUBJECT),
        [
            heard(RULE, Level::Deny, "StatefulSet db/rqlite: no; wait", "spec.replicas"),
            heard("mine/not-judged", Level::NotJudged, "StatefulSet db/rqlite: out of time", ""),
        ]
    );
}

#[test]
fn what_others_refuse_is_not_ours() {
    for message in [
        "admission webhook \"other.example.com\" denied the request: a/b: no",
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
    let answer = DryRun { code: 200, warnings: warnings.map(str::to_owned).into(), ..refused("") };
    let advice = heard("quorum-guard/scale-advice", Level::Warn, "StatefulSet db/rqlite: replicas 3 -> 4…", "");
    let advice = Heard { remedy: "wait until it is ready".to_owned(), ..advice };
    let open = heard("quorum-guard/not-judged", Level::NotJudged, "StatefulSet db/rqlite: out of time", "");
    assert_eq!(answer.heard(SUBJECT), [advice, open]);
}
