//! What a guest may say, and how it is made fit to be shown.
//! Does not run a guest.

use super::*;
use crate::description::RuleInfo;
use kubernetes::admission::Phase;

fn description() -> Description {
    Description {
        name: "quorum-guard".to_owned(),
        version: "1".to_owned(),
        summary: String::new(),
        phases: vec![Phase::Validate],
        settings_schema: serde_json::json!({}),
        capabilities: Vec::new(),
        rules: vec![RuleInfo { id: "scale-below-quorum".to_owned(), summary: String::new() }],
        matches: Vec::new(),
    }
}

fn finding(rule: &str, level: guest::Level) -> guest::Finding {
    guest::Finding {
        rule: rule.to_owned(),
        level,
        message: "spec.serviceName is\nimmutable".to_owned(),
        field: "spec".to_owned(),
        remedy: "an Immutable Field".to_owned(),
        retry: false,
        defect: None,
    }
}

fn check(findings: Vec<guest::Finding>, audit: Vec<(&str, &str)>) -> Result<GuestAnswer, PolicyFailure> {
    let limits = PolicyLimits { findings: 2, text_bytes: 20, ..PolicyLimits::default() };
    let audit = audit.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    GuestAnswer::checked(&description(), &limits, RawVerdict { findings, patch: None, audit })
}

#[test]
fn prefixes_rules_and_rewords_what_clients_act_on() {
    let answer = check(vec![finding("scale-below-quorum", guest::Level::Deny)], vec![]).unwrap();
    let shown = &answer.findings[0].finding;
    assert_eq!(shown.rule, "quorum-guard/scale-below-quorum");
    assert_eq!(shown.message, "spec.serviceName ...");
    assert_eq!(shown.remedy, "an locked field");
}

#[test]
fn refuses_rules_that_are_not_declared() {
    let says = "the policy gave an unusable answer: the rule `other` is not one that it declares";
    assert_eq!(check(vec![finding("other", guest::Level::Warn)], vec![]).unwrap_err().to_string(), says);
    assert!(check(vec![finding("not-judged", guest::Level::Deny)], vec![]).is_err());
    assert!(check(vec![finding("not-judged", guest::Level::NotJudged)], vec![]).is_ok());
}

#[test]
fn sums_up_what_is_above_the_limit_at_its_heaviest() {
    let warn = || finding("scale-below-quorum", guest::Level::Warn);
    let answer =
        check(vec![warn(), warn(), warn(), finding("scale-below-quorum", guest::Level::Deny)], vec![]).unwrap();
    assert_eq!(answer.findings.len(), 3);
    let last = &answer.findings[2].finding;
    assert_eq!((last.rule.as_str(), last.level), ("quorum-guard/further-findings", Level::Deny));
    assert_eq!(last.message, "2 more findings, 2 are shown");
}

#[test]
fn makes_audit_keys_that_the_api_server_keeps() {
    let answer = check(vec![], vec![("a/b c", "x\ny"), ("", "dropped"), ("third", "above the limit")]).unwrap();
    assert_eq!(answer.audit, [("quorum-guard.a-b-c".to_owned(), "x y".to_owned())]);
}
