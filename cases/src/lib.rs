//! Cases: a file a rule, which says what is asked, what is known, and the exact words that come out. Runs them against a policy natively;
//! the component runs the same ones in `tests/`. Never part of a guest.
//!
//! ```yaml
//! # policies/quorum-guard/cases/scale-below-quorum.yaml
//! facts:                                  # by name, for cases that share them
//!   three-voters: {membership: [...]}
//! cases:
//! - name: denies-3-to-1-through-scale     # begins with what comes out: denies, not-judged, patches, warns, allows
//!   scale: official                       # a whole manifest, policies/shapes/official.yaml
//!   to: 1
//!   facts: three-voters
//!   expect: |
//!     deny quorum-guard/scale-below-quorum: ...
//! - name: allows-an-eviction
//!   evict: rqlite-0                       # a Pod
//!   of: official-running                  # its StatefulSet
//!   facts: {facts: three-voters, with: {everReady: true}}     # facts by name, and what is different in them
//!   expect: allowed
//! - name: allows-a-label
//!   update: {shape: official, with: {spec: {replicas: 5}}}    # a shape, and what is different in it
//!   to: {metadata: {labels: {team: db}}}                      # a merge patch; a list is a JSON patch
//!   expect: allowed
//! ```
//!
//! All keys are those of `Row` in `table.rs`. `QUORATE_BLESS=1` writes the words in place, and nothing else in the file changes.
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

pub mod edit;
mod expectation;
mod native;
mod object;
mod render;
mod request;
mod schema;
mod table;

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use kubernetes::admission::{Phase, Request};
use kubernetes::lookup::Lookup;
use kubernetes::related::Related;
use kubernetes::verdict::Level;
use quorate_document::{Document, Edited};
use quorate_engine::GuestVerdict;
use quorate_engine::host::GuestFinding;
use quorate_facts::{ObjectSource, RelatedFuture, found, known, prepared_from_text};
use quorate_sdk::policy::{Contract, Policy};
use serde_json::{Value, json};

use self::object::Shapes;
pub use self::render::render;
use self::table::{Row, Table};
pub use schema::check_schema;

/// Writes the words that come out into the files instead of comparing, when set to anything.
const BLESS: &str = "QUORATE_BLESS";

/// The built-in policies' names, in the order in which they run.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    include_str!("../../policies/builtin/policies.txt").lines()
}

/// One case, read.
#[derive(Debug, Clone)]
pub struct Case {
    /// Where it stands.
    pub file: PathBuf,
    /// The file's name: the rule that the case is about.
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
    /// False: the mutating webhook was not reached.
    pub mutates: bool,
    /// The words that are to come out.
    pub expected: String,
}

/// What a policy says in one phase.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    pub findings: Vec<GuestFinding>,
    /// RFC 6902, JSON text: the smallest one to what its edits make. None for no change.
    pub patch: Option<String>,
    /// The object that they make.
    pub object: Option<Value>,
}

impl Verdict {
    /// Of what a guest said about a request with this object.
    ///
    /// # Panics
    /// When its edits do not apply: a bug of the policy.
    #[expect(clippy::panic, reason = "the assertion of a test")]
    pub fn of(said: GuestVerdict, object: Option<&Document>) -> Self {
        let edited = object.map(|object| said.edits.apply(object));
        let edited = edited.transpose().unwrap_or_else(|error| panic!("the edits do not apply: {error}")).flatten();
        let (patch, object) = edited.map(|Edited { document, patch }| (patch.to_string(), document)).unzip();
        let object = object.and_then(|object| serde_json::from_str(&object.as_json()).ok());
        Self { findings: said.answer.findings, patch, object }
    }
}

/// What came of a case: the verdicts of the phases that the policy takes part in.
#[derive(Debug)]
pub struct Ran {
    pub mutated: Option<Verdict>,
    pub validated: Option<Verdict>,
}

/// Every case of a policy's folder, in order of the rules. Panics when one cannot be read: it is for tests.
#[expect(clippy::panic, reason = "a case that cannot be read fails its test")]
pub fn load(policy_directory: &Path) -> Vec<Case> {
    let shapes = Shapes::of(policy_directory).unwrap_or_else(|error| panic!("{error}"));
    let files = files(&policy_directory.join("cases")).unwrap_or_else(|error| panic!("{error}"));
    files.iter().flat_map(|file| of_file(file, &shapes).unwrap_or_else(|error| panic!("{error}"))).collect()
}

fn of_file(file: &Path, shapes: &Shapes) -> Result<Vec<Case>, String> {
    let table = Table::read(file)?;
    let rule = file.file_stem().unwrap_or_default().to_string_lossy();
    let case = |row: &Row| {
        let (review, related) = request::review(row, shapes)?;
        Ok(Case {
            file: file.to_owned(),
            rule: rule.clone().into_owned(),
            name: row.name.clone(),
            review,
            related,
            facts: table.facts(row)?.to_string(),
            settings: row.settings.clone().unwrap_or_else(|| json!({})),
            mutates: row.mutated,
            expected: row.expect.clone(),
        })
    };
    let placed = |row: &Row| case(row).map_err(|error: String| format!("{}: {}: {error}", file.display(), row.name));
    table.cases.iter().map(placed).collect()
}

/// Runs every case of the policy natively and compares. Panics with every difference: it is a test.
#[expect(clippy::panic, reason = "the assertion of a test")]
pub fn run<P: Policy>(policy_directory: &str) {
    let cases = load(Path::new(policy_directory));
    assert!(!cases.is_empty(), "no cases in {policy_directory}");
    let ran: Vec<Ran> = cases.iter().map(Case::run_native::<P>).collect();
    if blessing() {
        bless(P::NAME, &cases, &ran).unwrap_or_else(|error| panic!("{error}"));
        return;
    }
    let compared = cases.iter().zip(&ran).map(|(case, ran)| case.compare(P::NAME, ran));
    let failures: Vec<String> = compared.filter_map(Result::err).collect();
    let (all, failed) = (cases.len(), failures.len());
    if failed > 0 {
        panic!(
            "{failed} of {all} cases differ\n{}\n{BLESS}=1 writes what came out into the files",
            failures.join("\n")
        );
    }
}

/// Writes what came out into the files, each of them whole or not at all.
fn bless(policy: &str, cases: &[Case], ran: &[Ran]) -> Result<(), String> {
    let words = cases.iter().zip(ran).map(|(case, ran)| (case, render(policy, ran)));
    let changed: Vec<(&Case, String)> = words.filter(|(case, words)| case.expected != words.trim_end()).collect();
    for of_file in changed.chunk_by(|(one, _), (other, _)| one.file == other.file) {
        let Some((Case { file, .. }, _)) = of_file.first() else { continue };
        let failed = |error: std::io::Error| format!("{}: {error}", file.display());
        let text = fs::read_to_string(file).map_err(failed)?;
        let words: Vec<(&str, &str)> =
            of_file.iter().map(|(case, words)| (case.name.as_str(), words.as_str())).collect();
        let blessed = blessed(&text, &words).map_err(|error| format!("{}: {error}", file.display()))?;
        fs::write(file, blessed).map_err(failed)?;
    }
    Ok(())
}

/// The text of a file with these words for these cases. An error if anything else in it would be read otherwise.
fn blessed(text: &str, words: &[(&str, &str)]) -> Result<String, String> {
    let mut table = Table::parse(text)?;
    let mut blessed = text.to_owned();
    for (case, words) in words {
        let by_hand = || {
            format!("{case}: nothing is written, since no line is `- name: {case}`, without quotes, comment and indent")
        };
        blessed = expectation::replaced(&blessed, case, words).ok_or_else(by_hand)?;
        table.expect(case, words);
    }
    match Table::parse(&blessed) {
        Ok(read) if read == table => Ok(blessed),
        _ => {
            Err("nothing is written, since more than the words would change: write `expect:` with two blanks before it"
                .to_owned())
        }
    }
}

impl Case {
    /// A case that stands in no file, with the default settings.
    pub fn of(review: Value, related: Related<Value>, facts: String) -> Self {
        Self {
            file: PathBuf::new(),
            rule: String::new(),
            name: String::new(),
            review,
            related,
            facts,
            settings: json!({}),
            mutates: true,
            expected: String::new(),
        }
    }

    /// Both phases natively: mutates, applies the edits, judges what came out.
    pub fn run_native<P: Policy>(&self) -> Ran {
        let mut review = self.review.clone();
        let mut call = |phase| {
            let verdict = self.run_phase::<P>(phase, &review);
            if let Some(object) = &verdict.object {
                review["request"]["object"] = object.clone();
            }
            verdict
        };
        let mutated = (self.mutates && P::PHASES.contains(&Phase::Mutate)).then(|| call(Phase::Mutate));
        let validated = P::PHASES.contains(&Phase::Validate).then(|| call(Phase::Validate));
        Ran { mutated, validated }
    }

    /// One phase natively, of the review as it stands now.
    ///
    /// # Panics
    /// When it is none that an API server would send.
    #[expect(clippy::panic, reason = "the assertion of a test")]
    pub fn run_phase<P: Policy>(&self, phase: Phase, review: &Value) -> Verdict {
        let request = Request::decode(review.to_string().as_bytes()).unwrap_or_else(|error| panic!("{self}: {error}"));
        let related = self.related.and_then(|object| found(&object.to_string()));
        let prepared = prepared_from_text(&request, &related, &self.facts);
        let said = native::run::<Contract<P>>(phase, &request, &prepared, &self.settings);
        Verdict::of(said, request.object.as_ref())
    }

    /// Checks the outcome's name, and the words against those that are expected.
    pub fn compare(&self, policy: &str, ran: &Ran) -> Result<(), String> {
        let outcome = ran.outcome();
        let actual = render(policy, ran);
        if !self.name.starts_with(&format!("{outcome}-")) {
            return Err(format!("--- {self}: the case's name should start with `{outcome}-`\n{actual}"));
        }
        if self.expected == actual.trim_end() {
            return Ok(());
        }
        if self.expected.is_empty() {
            return Err(format!("--- {self}: `expect` is missing\n--- {self}: got\n{actual}"));
        }
        Err(format!("--- {self}: expected\n{}\n--- {self}: got\n{actual}", self.expected))
    }
}

/// `scale-below-quorum/denies-3-to-1-through-scale`.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.rule, self.name)
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
    pub fn findings(&self) -> impl Iterator<Item = &GuestFinding> {
        self.verdicts().flat_map(|verdict| &verdict.findings)
    }

    /// Those of them that refuse.
    pub fn denials(&self) -> impl Iterator<Item = &GuestFinding> {
        self.findings().filter(|finding| finding.level == Level::Deny)
    }

    fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        self.mutated.iter().chain(&self.validated)
    }
}

fn patched(verdict: &Verdict) -> bool {
    verdict.patch.is_some()
}

/// The files of a folder of cases, in order. Anything else in it would be read past.
fn files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    match files.iter().find(|path| !path.is_file() || path.extension().is_none_or(|extension| extension != "yaml")) {
        Some(path) => Err(format!("{}: cases are files `<rule>.yaml`", path.display())),
        None => Ok(files),
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's switch, not configuration")]
fn blessing() -> bool {
    std::env::var(BLESS).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_blessed_without_another_change_is_left() {
        let error = |text: &str| blessed(text, &[("a", "allowed\n")]).err().unwrap_or_default();
        assert_eq!(
            blessed("cases:\n- name: a\n", &[("a", "allowed\n")]).as_deref(),
            Ok("cases:\n- name: a\n  expect: allowed\n")
        );
        assert!(error("cases:\n- name: \"a\"\n").starts_with("a: nothing is written, since no line is `- name: a`"));
        assert!(
            error("cases:\n- name: a\n  expect : nothing\n")
                .starts_with("nothing is written, since more than the words")
        );
    }

    #[test]
    fn only_files_of_cases_stand_in_their_folder() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert!(files(&source).is_err_and(|error| error.ends_with("edit.rs: cases are files `<rule>.yaml`")));
        assert!(files(&source.join("none")).is_err());
    }
}
