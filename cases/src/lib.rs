//! Cases: a folder with whole manifests, facts and the exact expected verdict. Runs them against a policy natively;
//! the component runs the same folders in `tests/`, with the same bytes. Never part of a guest.
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

pub mod edit;
mod render;
mod request;

use std::fs;
use std::path::{Path, PathBuf};

use kubernetes::lookup::Lookup;
use kubernetes::related::Related;
use quorate_facts::{ObjectSource, RelatedFuture, found, known};
use quorate_sdk::bindings::quorate::policy::types::{
    Documents, Envelope, Finding, Level, Operation, ParentState, Phase, Verdict,
};
use quorate_sdk::policy::{self, Policy};
use quorate_sdk::review::{PROJECTIONS, kind_of, parent_projections};
use serde_json::{Value, json};

pub use render::render;

/// Writes `expect.txt` instead of comparing, when set to anything.
const BLESS: &str = "QUORATE_BLESS";

/// The built-in policies' names, in the order in which they run.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    include_str!("../../policies/builtin/policies.txt").lines()
}

/// One case folder, read.
#[derive(Debug, Clone)]
pub struct Case {
    pub directory: PathBuf,
    /// The folder above: the rule that the case is about.
    pub rule: String,
    /// `denies-scale-from-five-to-two`.
    pub name: String,
    /// A whole AdmissionReview, as an API server would send it.
    pub review: Value,
    /// The StatefulSet behind a sub-resource, or the list of those that need a deleted object.
    pub related: Related<Value>,
    /// JSON text, version 1.
    pub facts: String,
    pub settings: Value,
    /// False: the mutating webhook was not reached (`mutated: false` in `request.yaml`).
    pub mutates: bool,
}

/// What came of a case: the verdicts of the phases that the policy takes part in.
#[derive(Debug)]
pub struct Ran {
    pub mutated: Option<Verdict>,
    pub validated: Option<Verdict>,
}

/// Every case of a policy's folder, in order of rule and name.
pub fn load(policy_directory: &Path) -> Vec<Case> {
    let mut cases: Vec<Case> = folders(&policy_directory.join("cases"))
        .iter()
        .flat_map(|rule| folders(rule))
        .map(|directory| request::read(&directory))
        .collect();
    cases.sort_by(|left, right| left.directory.cmp(&right.directory));
    cases
}

/// Runs every case of the policy natively and compares. Panics with every difference: it is a test.
#[expect(clippy::panic, reason = "the assertion of a test")]
pub fn run<P: Policy>(policy_directory: &str) {
    let cases = load(Path::new(policy_directory));
    assert!(!cases.is_empty(), "no cases in {policy_directory}");
    let failures: Vec<String> =
        cases.iter().filter_map(|case| case.compare(P::NAME, &case.run_native::<P>()).err()).collect();
    let (all, failed) = (cases.len(), failures.len());
    if failed > 0 {
        panic!("{failed} of {all} cases differ\n{}", failures.join("\n"));
    }
}

impl Case {
    /// Both phases natively: mutates, applies the patch, judges what came out.
    pub fn run_native<P: Policy>(&self) -> Ran {
        let mut review = self.review.clone();
        let mut call = |phase| {
            let verdict = self.run_phase::<P>(phase, &review);
            apply(&mut review, verdict.patch.as_deref());
            verdict
        };
        let mutated = (self.mutates && P::PHASES.contains(&Phase::Mutate)).then(|| call(Phase::Mutate));
        let validated = P::PHASES.contains(&Phase::Validate).then(|| call(Phase::Validate));
        Ran { mutated, validated }
    }

    /// One phase natively, of the review as it stands now.
    pub fn run_phase<P: Policy>(&self, phase: Phase, review: &Value) -> Verdict {
        let settings = self.settings.to_string();
        policy::review::<P>(envelope(review, phase), self.documents(review), &settings, &self.facts)
    }

    /// Checks the outcome's name and its text against `expect.txt`.
    pub fn compare(&self, policy: &str, ran: &Ran) -> Result<(), String> {
        let outcome = ran.outcome();
        let place = format!("{}/{}", self.rule, self.name);
        let actual = render(policy, ran);
        let file = self.directory.join("expect.txt");
        if blessing() {
            fs::write(&file, &actual).map_err(|error| format!("{place}: {error}"))?;
        }
        if !self.name.starts_with(&format!("{outcome}-")) {
            return Err(format!("--- {place}: the folder's name should start with `{outcome}-`\n{actual}"));
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if expected == actual {
            return Ok(());
        }
        Err(format!("--- {place}: expected\n{expected}--- {place}: got\n{actual}"))
    }

    fn documents(&self, review: &Value) -> Documents {
        let request = &review["request"];
        let of_parent = parent_projections(kind_of(&envelope(review, Phase::Validate)));
        Documents {
            object: pieces(&request["object"], &PROJECTIONS),
            old_object: pieces(&request["oldObject"], &PROJECTIONS),
            parent: pieces(self.related.found().unwrap_or(&Value::Null), of_parent),
            parent_state: match self.related {
                Related::Found(_) => ParentState::Found,
                Related::Absent => ParentState::Absent,
                Related::Unknown(_) => ParentState::Unknown,
            },
        }
    }
}

/// Whatever is asked for, the case says what stands behind its request.
impl ObjectSource for Case {
    fn get<'a>(&'a self, _of: &'a Lookup) -> RelatedFuture<'a> {
        known(self.related.and_then(|object| found(&object.to_string())))
    }
}

impl Ran {
    /// `denies`, `not-judged`, `patches`, `warns` or `allows`: the first that fits.
    pub fn outcome(&self) -> &'static str {
        let levels: Vec<Level> = self.findings().map(|finding| finding.level).collect();
        if levels.contains(&Level::Deny) {
            "denies"
        } else if levels.contains(&Level::NotJudged) {
            "not-judged"
        } else if self.mutated.as_ref().is_some_and(patched) {
            "patches"
        } else if levels.contains(&Level::Warn) {
            "warns"
        } else {
            "allows"
        }
    }

    /// Of both phases, in order.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.verdicts().flat_map(|verdict| &verdict.findings)
    }

    /// Those of them that refuse.
    pub fn denials(&self) -> impl Iterator<Item = &Finding> {
        self.findings().filter(|finding| finding.level == Level::Deny)
    }

    fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        self.mutated.iter().chain(&self.validated)
    }
}

fn patched(verdict: &Verdict) -> bool {
    verdict.patch.as_deref().is_some_and(|patch| patch != "[]")
}

fn envelope(review: &Value, phase: Phase) -> Envelope {
    let request = &review["request"];
    Envelope {
        uid: text(&request["uid"]),
        phase,
        operation: operation(&request["operation"]),
        group: text(&request["kind"]["group"]),
        version: text(&request["kind"]["version"]),
        kind: text(&request["kind"]["kind"]),
        resource: text(&request["resource"]["resource"]),
        sub_resource: request["subResource"].as_str().map(str::to_owned),
        namespace: request["namespace"].as_str().map(str::to_owned),
        name: request["name"].as_str().map(str::to_owned),
        username: text(&request["userInfo"]["username"]),
        groups: strings(&request["userInfo"]["groups"]),
        dry_run: request["dryRun"].as_bool().unwrap_or_default(),
        options: (!request["options"].is_null()).then(|| request["options"].to_string()),
    }
}

/// Applies a patch to the review's object.
#[expect(clippy::panic, reason = "the assertion of a test: a patch that does not apply is a bug of the policy")]
fn apply(review: &mut Value, patch: Option<&str>) {
    let Some(patch) = patch else { return };
    let applied = serde_json::from_str::<json_patch::Patch>(patch)
        .map_err(|error| error.to_string())
        .and_then(|patch| json_patch::patch(&mut review["request"]["object"], &patch).map_err(|e| e.to_string()));
    if let Err(error) = applied {
        panic!("the patch does not apply: {error}\n{patch}");
    }
}

/// The projections of one document, managedFields removed, as the host cuts them.
fn pieces(document: &Value, pointers: &[&str]) -> Vec<Option<String>> {
    let mut document = document.clone();
    if let Some(metadata) = document.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    pointers.iter().map(|pointer| document.pointer(pointer).map(Value::to_string)).collect()
}

fn operation(value: &Value) -> Operation {
    match value.as_str() {
        Some("CREATE") => Operation::Create,
        Some("DELETE") => Operation::Delete,
        Some("CONNECT") => Operation::Connect,
        _ => Operation::Update,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn strings(value: &Value) -> Vec<String> {
    let values = value.as_array().into_iter().flatten();
    values.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn folders(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

#[expect(clippy::disallowed_methods, reason = "a test's switch, not configuration")]
fn blessing() -> bool {
    std::env::var(BLESS).is_ok()
}

/// `{"version": 1}`: nothing known.
fn no_facts() -> String {
    json!({ "version": 1 }).to_string()
}
