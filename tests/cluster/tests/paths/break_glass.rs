//! Break-glass on the API server, up to its entry in the audit log.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use quorate_cluster_tests::Kubectl;
use serde_json::Value;

use crate::{denied, quorate, voters, warned};

const RULE: &str = "quorum-guard/scale-below-quorum";

/// `until=` an hour ahead, by the machine's clock, as an operator writes it.
fn annotation(rule: &str) -> String {
    let hour =
        std::process::Command::new("date").args(["-u", "-d", "+1 hour", "+%Y-%m-%dT%H:%M:%SZ"]).output().unwrap();
    let hour = String::from_utf8(hour.stdout).unwrap();
    format!("quorate.dev/break-glass={rule} until={} disk lost on node 3", hour.trim())
}

fn member(kubectl: &Kubectl, user: &str, group: &str) -> Kubectl {
    kubectl.as_user(user).as_group(group)
}

#[test]
fn only_a_configured_group_may_use_break_glass_and_the_audit_log_says_so() {
    let namespace = voters("break_the_glass");
    let admin = namespace.kubectl();
    for group in ["sre", "developers"] {
        admin.line(&format!("create rolebinding {group} --clusterrole=admin --group={group}")).ok();
    }
    admin.run(["annotate", "statefulset/rqlite", &annotation(RULE)]).ok();
    let shrink = "scale statefulset/rqlite --replicas=1";
    denied(member(&admin, "dora", "developers").line(shrink), RULE, "quorum is 2");
    warned(member(&admin, "sam", "sre").line(shrink), RULE);
    let event = quorate().plane().audit_event("the break-glass in the audit log", |event| {
        let annotations = event["annotations"].as_object();
        let values = annotations.into_iter().flat_map(|annotations| annotations.values());
        let named = values.filter_map(Value::as_str).any(|value| value.contains(RULE) && value.contains("disk lost"));
        let here = event["objectRef"]["namespace"] == namespace.name();
        here && named
    });
    assert_eq!(event["impersonatedUser"]["username"], "sam", "{event}");
}

#[test]
fn break_glass_for_another_rule_changes_nothing() {
    let namespace = voters("another_rules_glass");
    let admin = namespace.kubectl();
    admin.line("create rolebinding sre --clusterrole=admin --group=sre").ok();
    admin.run(["annotate", "statefulset/rqlite", &annotation("quorum-guard/scale-to-zero")]).ok();
    denied(member(&admin, "sam", "sre").line("scale statefulset/rqlite --replicas=1"), RULE, "quorum is 2");
}
