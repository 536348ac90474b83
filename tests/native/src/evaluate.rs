//! The four built-in policies on one input, natively, in the engine's order: mutation in turn, then validation of what came out, then
//! denials of known defects lowered. What it leaves out of the engine: modes, `onError`, break-glass, limits.
//! `tests/agreement.rs` shows that both give the same.

use std::collections::BTreeSet;

use bootstrap_expect_lock::BootstrapExpectLock;
use kubernetes::admission::Phase;
use kubernetes::verdict::Level;
use quorate_cases::{Case, Verdict as Raw};
use quorate_sdk::{Operation, Policy};
use quorum_guard::QuorumGuard;
use remove_on_shutdown::RemoveOnShutdown;
use secret_mounts::SecretMounts;
use serde_json::{Value, json};

use crate::evaluation_input::EvaluationInput;

/// How a review ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    Denied,
    NotJudged,
}

/// One finding of one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `<policy>/<rule>`.
    pub rule: String,
    pub level: Level,
    pub message: String,
    pub remedy: String,
    pub field: String,
    pub retry: bool,
    defect: Option<String>,
}

/// What came of an input.
#[derive(Debug, Clone)]
pub struct Evaluated {
    pub findings: Vec<Finding>,
    /// The object after mutation; null where there is none.
    pub object: Value,
    pub patched: bool,
}

impl Evaluated {
    pub fn verdict(&self) -> Verdict {
        let has = |level| self.findings.iter().any(|finding| finding.level == level);
        if has(Level::Deny) {
            Verdict::Denied
        } else if has(Level::NotJudged) {
            Verdict::NotJudged
        } else {
            Verdict::Allowed
        }
    }

    pub fn denied(&self) -> bool {
        self.verdict() == Verdict::Denied
    }

    pub fn denials(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.level == Level::Deny)
    }

    pub fn denied_by(&self, rule: &str) -> Option<&Finding> {
        self.denials().find(|finding| finding.rule == rule)
    }

    pub fn said(&self, rule: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.rule == rule)
    }

    /// Level and rule of each finding of these policies (all where none is named), each once.
    pub fn words(&self, policies: &[&str]) -> BTreeSet<String> {
        let of = |finding: &&Finding| policies.is_empty() || policies.iter().any(|name| finding.policy() == *name);
        self.findings.iter().filter(of).map(|finding| format!("{} {}", finding.level_name(), finding.rule)).collect()
    }

    /// As `quorate review` prints it.
    pub fn told(&self) -> String {
        let lines: Vec<String> = self.findings.iter().map(Finding::told).collect();
        format!("{:?}{}\n{}", self.verdict(), if self.patched { ", patched" } else { "" }, lines.join("\n"))
    }
}

impl Finding {
    pub fn policy(&self) -> &str {
        self.rule.split_once('/').map_or("", |(policy, _)| policy)
    }

    fn level_name(&self) -> &'static str {
        match self.level {
            Level::Deny => "deny",
            Level::Warn => "warn",
            Level::NotJudged => "not-judged",
        }
    }

    fn told(&self) -> String {
        let retry = if self.retry { " (retry)" } else { "" };
        format!("  {} {}{retry}: {} || {}", self.level_name(), self.rule, self.message, self.remedy)
    }
}

/// Both phases.
pub fn evaluate(input: &EvaluationInput) -> Evaluated {
    let mut case = case_of(input);
    let mut findings = Vec::new();
    let before = case.review["request"]["object"].clone();
    for policy in POLICIES.iter().filter(|_| input.mutates) {
        let Some(raw) = policy.run(Phase::Mutate, input, &mut case) else { continue };
        if let Some(object) = &raw.object {
            case.review["request"]["object"] = object.clone();
        }
        findings.extend(read(policy.name, raw).into_iter().map(|finding| match finding.level {
            Level::Deny => Finding { level: Level::Warn, ..finding },
            Level::Warn | Level::NotJudged => finding,
        }));
    }
    let object = case.review["request"]["object"].clone();
    let evaluated = validated(input, &mut case);
    findings.retain(|early| !evaluated.iter().any(|late| repeats(late, early)));
    findings.splice(0..0, evaluated);
    Evaluated { patched: object != before, findings, object }
}

/// The object after the mutating phase.
pub fn mutate(input: &EvaluationInput) -> Value {
    let mut case = case_of(input);
    for policy in POLICIES {
        let raw = policy.run(Phase::Mutate, input, &mut case);
        if let Some(object) = raw.and_then(|raw| raw.object) {
            case.review["request"]["object"] = object;
        }
    }
    case.review["request"]["object"].take()
}

fn validated(input: &EvaluationInput, case: &mut Case) -> Vec<Finding> {
    let mut all = Vec::new();
    for policy in POLICIES {
        let Some(raw) = policy.run(Phase::Validate, input, case) else { continue };
        let mut findings = read(policy.name, raw);
        lower_known_defects(policy, input, case, &mut findings);
        all.extend(findings);
    }
    all
}

/// As the engine's `evaluation`: a denial of shape stands only where this request brings the defect in.
fn lower_known_defects(policy: &Guest, input: &EvaluationInput, case: &mut Case, findings: &mut [Finding]) {
    let request = &input.review["request"];
    let is_denied_defect = |finding: &Finding| finding.level == Level::Deny && finding.defect.is_some();
    if !request["subResource"].is_null() || !findings.iter().any(is_denied_defect) {
        return;
    }
    let remains = |key: &str| input.facts[key].as_array().is_some_and(|list| !list.is_empty());
    let creates = request["operation"] == "CREATE" && request["kind"]["kind"] == "StatefulSet";
    let recreation = creates && (remains("pods") || remains("pvcs"));
    let mut known = Vec::new();
    if !recreation && request["operation"] == "UPDATE" {
        known = defects_before(policy, input, case);
        let old = |finding: &Finding| known.iter().any(|old| is_defect(old, finding));
        if !findings.iter().filter(|finding| is_denied_defect(finding)).all(old) {
            let facts = std::mem::replace(&mut case.facts, json!({ "version": 1 }).to_string());
            known.extend(defects_before(policy, input, case));
            case.facts = facts;
        }
    }
    let is_known = |finding: &Finding| recreation || known.iter().any(|old| is_defect(old, finding));
    for finding in findings.iter_mut().filter(|finding| is_denied_defect(finding)) {
        if is_known(finding) {
            finding.level = Level::Warn;
        }
    }
}

/// The defects of the old object, asked for as if it were created now.
fn defects_before(policy: &Guest, input: &EvaluationInput, case: &mut Case) -> Vec<Finding> {
    let evaluated = case.review.clone();
    case.review["request"]["operation"] = json!("CREATE");
    case.review["request"]["object"] = input.review["request"]["oldObject"].clone();
    case.review["request"]["oldObject"] = Value::Null;
    let raw = policy.run(Phase::Validate, input, case);
    case.review = evaluated;
    raw.map(|raw| read(policy.name, raw)).unwrap_or_default()
}

fn is_defect(old: &Finding, finding: &Finding) -> bool {
    old.rule == finding.rule && old.defect == finding.defect
}

fn case_of(input: &EvaluationInput) -> Case {
    Case::of(input.review.clone(), input.related.clone(), input.facts.to_string())
}

/// A policy behind its trait.
struct Guest {
    name: &'static str,
    phases: &'static [Phase],
    wants: fn(&Value) -> bool,
    run: fn(&Case, Phase) -> Raw,
}

/// In the order of `policies/builtin`.
const POLICIES: &[Guest] =
    &[guest::<QuorumGuard>(), guest::<BootstrapExpectLock>(), guest::<SecretMounts>(), guest::<RemoveOnShutdown>()];

const fn guest<P: Policy>() -> Guest {
    Guest {
        name: P::NAME,
        phases: P::PHASES,
        wants: wants::<P>,
        run: |case, phase| case.run_phase::<P>(phase, &case.review),
    }
}

impl Guest {
    fn run(&self, phase: Phase, input: &EvaluationInput, case: &mut Case) -> Option<Raw> {
        if !self.phases.contains(&phase) || !(self.wants)(&case.review["request"]) {
            return None;
        }
        case.settings = input.settings.get(self.name).cloned().unwrap_or_else(|| json!({}));
        Some((self.run)(case, phase))
    }
}

fn wants<P: Policy>(request: &Value) -> bool {
    let operation = match request["operation"].as_str() {
        Some("CREATE") => Operation::Create,
        Some("DELETE") => Operation::Delete,
        _ => Operation::Update,
    };
    P::requests().iter().any(|wanted| {
        request["resource"]["group"] == wanted.resource.group
            && request["resource"]["resource"] == wanted.resource.plural
            && request["subResource"].as_str() == wanted.resource.sub_resource
            && wanted.operations.contains(&operation)
    })
}

fn read(policy: &str, raw: Raw) -> Vec<Finding> {
    raw.findings
        .into_iter()
        .map(|finding| Finding {
            rule: format!("{policy}/{}", finding.rule),
            level: finding.level,
            message: finding.message,
            remedy: finding.remedy,
            field: finding.field,
            retry: finding.retry.is_some(),
            defect: finding.defect,
        })
        .collect()
}

fn repeats(later: &Finding, earlier: &Finding) -> bool {
    later.rule == earlier.rule && later.field == earlier.field && later.message.starts_with(&earlier.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policies_are_the_built_in_ones_in_their_order() {
        let named: Vec<&str> = POLICIES.iter().map(|policy| policy.name).collect();
        assert_eq!(named, quorate_cases::built_in().collect::<Vec<_>>());
    }
}
