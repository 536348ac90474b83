//! What a guest said, as the engine shows it: rules under the policy's name, what is too much summed up, keys that an audit log keeps.
//! Does not know modes or phases; `evaluation` does.

use kubernetes::verdict::Level;

use crate::host::{GuestAnswer, GuestFinding};
use crate::verdict::Finding;

/// The rule of what the limit on findings cut off.
pub(crate) const FURTHER_FINDINGS: &str = "further-findings";

/// The rule that says what a policy in mode warn leaves unpatched.
pub(crate) const WOULD_PATCH: &str = "would-patch";

/// The longest name part of a qualified Kubernetes name, in bytes.
const MAX_AUDIT_KEY: usize = 63;

/// A finding, and the name of the defect in the object's shape, if it is about one.
#[derive(Debug, PartialEq)]
pub(crate) struct EngineFinding {
    pub(crate) finding: Finding,
    pub(crate) defect: Option<String>,
}

/// All findings; those above the limit as one more, as heavy as the heaviest of them.
///
/// It has a rule of its own, so that no break-glass for a shown rule covers a hidden one.
pub(crate) fn findings(policy: &str, answer: GuestAnswer) -> Vec<EngineFinding> {
    let GuestAnswer { findings, further, .. } = answer;
    let shown = findings.len();
    let mut findings: Vec<EngineFinding> = findings.into_iter().map(|finding| named(policy, finding)).collect();
    let count: usize = further.iter().map(|(_, count)| count).sum();
    if count > 0 {
        let has = |level| further.iter().any(|(further, _)| *further == level);
        let level = [Level::Deny, Level::NotJudged].into_iter().find(|level| has(*level)).unwrap_or(Level::Warn);
        let message = format!("{count} more findings, {shown} are shown");
        let finding = Finding {
            remedy: "repair the shown ones and ask again".to_owned(),
            ..Finding::new(policy, FURTHER_FINDINGS, level, message)
        };
        findings.push(EngineFinding { finding, defect: None });
    }
    findings
}

fn named(policy: &str, found: GuestFinding) -> EngineFinding {
    let GuestFinding { rule, level, message, field, remedy, evidence, retry, defect } = found;
    let finding = Finding {
        field,
        remedy,
        retry: retry.is_some(),
        retry_after_seconds: retry.flatten(),
        evidence,
        of_shape: defect.is_some(),
        ..Finding::new(policy, &rule, level, message)
    };
    EngineFinding { finding, defect }
}

/// `<policy>.<key>`: two policies may use the same key. The API server drops keys with other characters.
pub(crate) fn annotations(policy: &str, answer: &GuestAnswer) -> Vec<(String, String)> {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let named = |(key, value): &(String, String)| {
        // `<policy>.mode` is the engine's.
        let key = if key == "mode" { "mode-of-policy" } else { key };
        let key: String = format!("{policy}.{key}").chars().map(safe).take(MAX_AUDIT_KEY).collect();
        let key = key.trim_end_matches(['-', '_', '.']);
        (key.len() > policy.len()).then(|| (key.to_owned(), value.clone()))
    };
    answer.annotations.iter().filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(level: Level) -> GuestFinding {
        GuestFinding {
            rule: "scale-below-quorum".to_owned(),
            level,
            message: "replicas 5 -> 2".to_owned(),
            field: "spec.replicas".to_owned(),
            remedy: String::new(),
            evidence: vec![("voters".to_owned(), "5".to_owned())],
            retry: Some(Some(7)),
            defect: Some("two".to_owned()),
        }
    }

    #[test]
    fn a_rule_stands_under_the_name_of_its_policy() {
        let answer = GuestAnswer { findings: vec![found(Level::Deny)], ..GuestAnswer::default() };
        let shown = findings("quorum-guard", answer);
        assert_eq!(shown[0].finding.rule, "quorum-guard/scale-below-quorum");
        assert_eq!((shown[0].finding.retry, shown[0].finding.retry_after_seconds), (true, Some(7)));
        assert_eq!((shown[0].finding.of_shape, shown[0].defect.as_deref()), (true, Some("two")));
    }

    #[test]
    fn what_is_too_much_is_summed_up_at_its_heaviest() {
        let further = vec![(Level::Warn, 2), (Level::Deny, 1)];
        let answer = GuestAnswer { findings: vec![found(Level::Warn)], further, ..GuestAnswer::default() };
        let shown = findings("quorum-guard", answer);
        let last = &shown[1].finding;
        assert_eq!((last.rule.as_str(), last.level), ("quorum-guard/further-findings", Level::Deny));
        assert_eq!(last.message, "3 more findings, 1 are shown");
    }

    #[test]
    fn makes_audit_keys_that_the_api_server_keeps() {
        let pair = |key: &str| (key.to_owned(), "x".to_owned());
        let answer = GuestAnswer { annotations: vec![pair("a/b c"), pair("")], ..GuestAnswer::default() };
        assert_eq!(annotations("quorum-guard", &answer), [("quorum-guard.a-b-c".to_owned(), "x".to_owned())]);
    }
}
