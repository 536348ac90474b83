//! The backstop, against the cases of the rule that it stands in for.

use std::path::Path;

use quorate_cases::load;
use serde_json::{Value, json};

use super::server::Request;
use crate::registration::Registration;

/// The message of a refusal; None where the deletion passes.
pub(super) fn refused(request: &Request) -> Option<String> {
    let spec = Registration::in_cluster("quorate-system", "quorate").backstop().policy.spec.unwrap();
    if !request.holds(&spec.match_conditions.unwrap()) {
        return None;
    }
    let variables: Vec<(String, String)> =
        spec.variables.unwrap().into_iter().map(|variable| (variable.name, variable.expression)).collect();
    let validation = spec.validations.unwrap().remove(0);
    if request.decides(&validation.expression, &variables) {
        return None;
    }
    let message = request.evaluate(&validation.message_expression.unwrap(), &variables);
    let cel::Value::String(message) = message else { panic!("no text: {message:?}") };
    Some(message.to_string())
}

#[test]
fn deletions_are_refused_as_the_rule_refuses_them() {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/quorum-guard");
    let mut seen = 0;
    for case in load(&policy).iter().filter(|case| case.rule == "cluster-deleted") {
        // Settings are Quorate's, and the backstop has none. What sets need it cannot tell.
        if case.review["request"]["operation"] != "DELETE"
            || case.review["request"]["resource"]["resource"] != "statefulsets"
            || case.name.contains("by-setting-of-its")
            || case.name == "warns-by-setting"
            // Nor does it know of claims.
            || case.name == "warns-none-whose-claims-are-gone"
        {
            continue;
        }
        seen += 1;
        let message = refused(&Request::of(&case.review));
        assert_eq!(message.is_some(), case.name.starts_with("denies"), "{}: {message:?}", case.name);
    }
    assert!(seen > 15, "{seen}");
}

fn set(replicas: u32) -> Value {
    json!({
        "metadata": {"name": "rqlite", "annotations": {}},
        "spec": {
            "replicas": replicas, "volumeClaimTemplates": [{}],
            "template": {"spec": {"containers": [{"name": "a", "image": "rqlite/rqlite:10.2.7", "args": ["-fk"]}]}},
        },
    })
}

#[test]
fn the_message_is_in_our_form() {
    let request = Request::on_set(&set(3), &Value::Null);
    let message = "quorum-guard/cluster-deleted: StatefulSet db/rqlite: deletes a running cluster of 3 voters; to delete it on purpose annotate it `quorate.dev/allow-deletion: \"true\"`";
    assert_eq!(refused(&request).as_deref(), Some(message));
    let mut ephemeral = set(1);
    ephemeral["spec"]["volumeClaimTemplates"] = json!([]);
    let message = refused(&Request::on_set(&ephemeral, &Value::Null)).unwrap();
    assert!(message.contains("a running cluster of 1 voter and its data;"), "{message}");
}

#[test]
fn only_what_says_so_itself_is_a_read_only_pool() {
    let deletion = |args: Value| {
        let mut pool = set(3);
        pool["spec"]["template"]["spec"]["containers"][0]["args"] = args;
        refused(&Request::on_set(&pool, &Value::Null)).is_none()
    };
    for read_only in [json!(["-raft-non-voter"]), json!(["-fk", "--raft-non-voter=true"])] {
        assert!(deletion(read_only.clone()), "{read_only}");
    }
    for voter in [
        json!(["-raft-non-voter=false"]),
        json!(["-raft-non-voter", "-raft-non-voter=false"]),
        json!(["-raft-non-voter", "-bootstrap-expect=3"]),
        json!(["-raft-non-voter", "$(MORE)"]),
        json!(["-raft-non-voter=$(IT)"]),
    ] {
        assert!(!deletion(voter.clone()), "{voter}");
    }
}

#[test]
fn it_answers_forbidden_and_in_no_word_that_makes_a_client_delete() {
    let backstop = Registration::in_cluster("quorate-system", "quorate").backstop();
    let text = serde_json::to_string(&backstop.policy).unwrap();
    assert!(!text.contains("immutable"));
    let spec = backstop.policy.spec.unwrap();
    assert_eq!(spec.validations.unwrap()[0].reason.as_deref(), Some("Forbidden"));
    assert_eq!(backstop.binding.spec.validation_actions, ["Deny"]);
    assert_eq!(Some(backstop.binding.spec.policy_name), backstop.policy.metadata.name);
}

#[test]
fn orphans_stay_in_both_spellings() {
    let deletion = |options: Value| refused(&Request::on_set(&set(3), &Value::Null).with_options(options)).is_none();
    assert!(deletion(json!({"propagationPolicy": "Orphan"})) && deletion(json!({"orphanDependents": true})));
    assert!(!deletion(json!({"propagationPolicy": "Background"})) && !deletion(json!({"orphanDependents": false})));
}
