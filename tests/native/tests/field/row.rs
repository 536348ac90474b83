//! One request and what must come of it. Reads the inputs; decides nothing.

use std::fs;
use std::path::Path;

use kubernetes::related::{Reason, Related};
use kubernetes::verdict::Level;
use quorate_native_tests::evaluate::{Evaluated, Verdict, evaluate};
use quorate_native_tests::evaluation_input::EvaluationInput;
use serde_json::{Value, json};

/// What must come of a request.
pub(crate) struct Row {
    name: String,
    input: EvaluationInput,
    verdict: Verdict,
    /// Rules that speak, at this level.
    rules: Vec<(Level, &'static str)>,
    /// Rules of which nothing is heard at this level.
    silent: Vec<(Level, &'static str)>,
    holds: Vec<&'static str>,
    lacks: Vec<&'static str>,
    patched: Option<bool>,
    retry: Option<bool>,
}

impl Row {
    fn new(name: impl Into<String>, input: EvaluationInput, verdict: Verdict) -> Self {
        let (rules, silent, holds, lacks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Row { name: name.into(), input, verdict, rules, silent, holds, lacks, patched: None, retry: None }
    }

    pub(crate) fn allowed(name: impl Into<String>, input: EvaluationInput) -> Self {
        Row::new(name, input, Verdict::Allowed)
    }

    pub(crate) fn denied(name: impl Into<String>, input: EvaluationInput, rule: &'static str) -> Self {
        let mut row = Row::new(name, input, Verdict::Denied);
        row.rules.push((Level::Deny, rule));
        row
    }

    pub(crate) fn warns(mut self, rule: &'static str) -> Self {
        self.rules.push((Level::Warn, rule));
        self
    }

    /// Nothing of this rule, at whatever level.
    pub(crate) fn without(mut self, rule: &'static str) -> Self {
        self.silent.extend([(Level::Deny, rule), (Level::Warn, rule)]);
        self
    }

    pub(crate) fn not_denied_by(mut self, rule: &'static str) -> Self {
        self.silent.push((Level::Deny, rule));
        self
    }

    /// Some finding says it.
    pub(crate) fn says(mut self, words: &'static str) -> Self {
        self.holds.push(words);
        self
    }

    /// No finding says it.
    pub(crate) fn never_says(mut self, words: &'static str) -> Self {
        self.lacks.push(words);
        self
    }

    pub(crate) fn patched(mut self, patched: bool) -> Self {
        self.patched = Some(patched);
        self
    }

    pub(crate) fn retry(mut self, retry: bool) -> Self {
        self.retry = Some(retry);
        self
    }

    /// What differs; None if it is right.
    fn wrong(&self) -> Option<String> {
        let evaluated = evaluate(&self.input);
        let what = self.differences(&evaluated);
        (!what.is_empty()).then(|| format!("--- {}: {}\n{}", self.name, what.join("; "), evaluated.told()))
    }

    fn differences(&self, evaluated: &Evaluated) -> Vec<String> {
        let mut what = Vec::new();
        if evaluated.verdict() != self.verdict {
            what.push(format!("should be {:?}", self.verdict));
        }
        let speaks = |level: Level, rule: &str| evaluated.findings.iter().any(|f| f.level == level && f.rule == rule);
        what.extend(
            self.rules
                .iter()
                .filter(|(level, rule)| !speaks(*level, rule))
                .map(|(level, rule)| format!("no {level:?} of {rule}")),
        );
        what.extend(
            self.silent
                .iter()
                .filter(|(level, rule)| speaks(*level, rule))
                .map(|(_, rule)| format!("{rule} should not speak")),
        );
        let text: String =
            evaluated.findings.iter().map(|f| format!("{}; {}; {}\n", f.message, f.remedy, f.field)).collect();
        what.extend(
            self.holds.iter().filter(|words| !text.contains(**words)).map(|words| format!("should say `{words}`")),
        );
        what.extend(
            self.lacks.iter().filter(|words| text.contains(**words)).map(|words| format!("should not say `{words}`")),
        );
        if self.patched.is_some_and(|patched| patched != evaluated.patched) {
            what.push(format!("patched: {}", evaluated.patched));
        }
        let retries = evaluated.denials().any(|denied| denied.retry);
        if self.retry.is_some_and(|retry| retry != retries) {
            what.push(format!("retry: {retries}"));
        }
        what
    }
}

/// Fails with every row that is not right.
#[track_caller]
pub(crate) fn all_right(rows: &[Row]) {
    let wrong: Vec<String> = rows.iter().filter_map(Row::wrong).collect();
    assert!(wrong.is_empty(), "{} of {} are not right\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

pub(crate) fn nothing_known() -> Value {
    json!({ "version": 1 })
}

/// The StatefulSet of a manifest as the API server would have it when it is created.
pub(crate) fn new_set(folder: &Path, file: &str) -> Value {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let found = documents.into_iter().find(|document| document["kind"] == "StatefulSet");
    with_defaults(found.unwrap_or_else(|| panic!("{file}: no StatefulSet")))
}

/// The same, running, its rollout finished.
pub(crate) fn live_set(folder: &Path, file: &str) -> Value {
    running(new_set(folder, file))
}

pub(crate) fn running(mut set: Value) -> Value {
    let count = set["spec"]["replicas"].clone();
    set["metadata"]["generation"] = json!(3);
    set["status"] = json!({
        "observedGeneration": 3, "replicas": count, "readyReplicas": count, "currentReplicas": count, "updatedReplicas": count,
        "availableReplicas": count, "currentRevision": "x-6c9", "updateRevision": "x-6c9", "collisionCount": 0,
    });
    set
}

/// Of what the API server adds, what rules look at.
fn with_defaults(mut set: Value) -> Value {
    let or = |place: &mut Value, default: Value| {
        if place.is_null() {
            *place = default;
        }
    };
    or(&mut set["metadata"]["namespace"], json!("db"));
    let spec = &mut set["spec"];
    or(&mut spec["replicas"], json!(1));
    or(&mut spec["podManagementPolicy"], json!("OrderedReady"));
    or(&mut spec["updateStrategy"], json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } }));
    or(&mut spec["persistentVolumeClaimRetentionPolicy"], json!({ "whenDeleted": "Retain", "whenScaled": "Retain" }));
    or(&mut spec["template"]["spec"]["terminationGracePeriodSeconds"], json!(30));
    set
}

/// A recorded review with its `facts.json` and `parent.yaml`, where these are there.
pub(crate) fn recorded(folder: &Path, review: &str, facts: &str) -> EvaluationInput {
    let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
    let review = read(review).unwrap_or_else(|| panic!("{}: no {review}", folder.display()));
    let facts = read(facts).map_or_else(nothing_known, |text| serde_json::from_str(&text).unwrap());
    let parent = read("parent.yaml").map(|text| serde_saphyr::from_str(&text).unwrap());
    let related = parent.map_or(Related::Unknown(Reason::NotGiven), Related::Found);
    EvaluationInput::new(serde_json::from_str(&review).unwrap(), related, facts)
}
