//! What a check comes to: every change with its verdict, what could not be read, judged or evaluated, and the exit code.
//! Says nothing by itself about any object; how it is shown is for `output`.

use std::collections::BTreeSet;

use kubernetes::verdict::{Level, Verdict};
use quorate_document::Patch;
use quorate_engine::Finding;

use super::head::runs_rqlite;
use super::manifest_change::{ChangeOperation, ShownWay};
use super::object::{Object, ObjectId};
use super::options::FailOn;
use super::position::TextPosition;
use super::rules::WAY_NOT_KNOWN;
use super::tree::Side;
use crate::exit::Exit;

/// Unreadable input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputError {
    pub(crate) side: Side,
    pub(crate) path: String,
    pub(crate) position: Option<TextPosition>,
    pub(crate) message: String,
}

/// Something that was seen and not evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotEvaluated {
    pub(crate) side: Side,
    pub(crate) path: String,
    pub(crate) position: Option<TextPosition>,
    /// `Application argocd/db`, where it is not the whole file.
    pub(crate) what: Option<String>,
    pub(crate) reason: String,
    /// Of a leading object: the object, as JSON.
    pub(crate) object: Option<String>,
    /// An rqlite set may be behind it.
    pub(crate) counts: bool,
    /// Somebody accepted it until this date.
    pub(crate) accepted_until: Option<String>,
}

impl NotEvaluated {
    /// A whole file, which does not count until it was weighed.
    pub(crate) fn of(side: Side, path: String, reason: String) -> Self {
        Self { side, path, position: None, what: None, reason, object: None, counts: false, accepted_until: None }
    }

    /// As people call it.
    pub(crate) fn name(&self) -> &str {
        self.what.as_deref().unwrap_or(&self.path)
    }
}

/// A place in a file, with what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceLocation {
    pub(crate) side: Side,
    /// The file of the repository.
    pub(crate) file: String,
    pub(crate) position: TextPosition,
    /// The line's text.
    pub(crate) text: String,
    /// Of rendered output: its name. The place is then a place in it, not in the file.
    pub(crate) rendered: Option<String>,
}

/// A finding, and the line that does it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LocatedFinding {
    pub(crate) finding: Finding,
    pub(crate) location: SourceLocation,
}

/// Whose a verdict is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VerdictSource {
    /// The policies', run here.
    Local,
    /// That of the cluster's own Quorate, by a dry run.
    Cluster,
    /// The policies', run here because the cluster's own Quorate was not heard, and why it was not.
    LocalFallback(String),
    /// The same, because somebody else refuses the change before Quorate's word counts: what they say.
    Refused(String),
}

/// One change, evaluated.
#[derive(Debug, Clone)]
pub(crate) struct EvaluatedChange {
    pub(crate) id: ObjectId,
    /// Whether the manifest names its namespace itself.
    pub(crate) names_namespace: bool,
    /// None where there is no base, and nothing but the shape was evaluated.
    pub(crate) operation: Option<ChangeOperation>,
    pub(crate) verdict: Verdict,
    pub(crate) by: VerdictSource,
    pub(crate) findings: Vec<LocatedFinding>,
    pub(crate) patch: Patch,
    /// What was evaluated, before the patch.
    pub(crate) object: serde_json::Value,
    pub(crate) location: SourceLocation,
    /// Why it comes to this change: the link that broke, the word that forces it.
    pub(crate) cause: Option<String>,
    /// By whom it is applied, before and after.
    pub(crate) ways: Vec<ShownWay>,
    /// Somebody accepted until this date that it is not known.
    pub(crate) accepted_until: Option<String>,
}

/// An object that goes from the repository and stays in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct KeptObject {
    #[serde(skip)]
    pub(crate) id: ObjectId,
    pub(crate) kind: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
    pub(crate) ways: Vec<ShownWay>,
    pub(crate) reason: String,
    /// Of what led to it, or its own.
    #[serde(skip)]
    pub(crate) file: String,
    /// It is a set of rqlite's: a warning.
    #[serde(skip)]
    pub(crate) is_set: bool,
}

impl KeptObject {
    pub(crate) fn of(object: &Object, reason: String) -> Self {
        let ObjectId { kind, namespace, name, .. } = object.id.clone();
        Self {
            id: object.id.clone(),
            kind,
            namespace,
            name,
            ways: vec![ShownWay::of(object)],
            reason,
            file: object.way.links.first().map_or(&object.origin.path, |link| &link.file).clone(),
            is_set: runs_rqlite(object),
        }
    }
}

/// An rqlite set of a side, and its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownSet {
    pub(crate) id: ObjectId,
    pub(crate) way: ShownWay,
}

/// What was not worth a line of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangeCounts {
    /// Objects that some policy matches, and that do not change.
    pub(crate) unchanged: usize,
    /// Objects that no policy matches.
    pub(crate) not_concerned: usize,
    /// Changes in namespaces of which the API server does not ask.
    pub(crate) left_alone: usize,
}

#[derive(Debug, Default)]
pub(crate) struct CheckResult {
    pub(crate) changes: Vec<EvaluatedChange>,
    pub(crate) input_errors: Vec<InputError>,
    pub(crate) not_evaluated: Vec<NotEvaluated>,
    pub(crate) kept: Vec<KeptObject>,
    pub(crate) counts: ChangeCounts,
    /// What is to be said of the check itself.
    pub(crate) notices: Vec<String>,
    /// Every rqlite set of both sides.
    pub(crate) sets: Vec<ShownSet>,
    /// Files that some way takes.
    pub(crate) used_files: BTreeSet<String>,
}

impl CheckResult {
    /// What cannot be read in the base and in the head alike is none of this change's errors.
    pub(crate) fn set_aside_what_was_broken_before(&mut self, is_same_file: &dyn Fn(&str) -> bool) {
        let key = |error: &InputError| (error.path.clone(), error.message.clone());
        let of = |side| self.input_errors.iter().filter(move |error| error.side == side).map(key);
        let before: BTreeSet<(String, String)> = of(Side::Base).collect();
        let both: BTreeSet<(String, String)> = of(Side::Head).filter(|error| before.contains(error)).collect();
        let errors = std::mem::take(&mut self.input_errors);
        let (old, new): (Vec<InputError>, Vec<InputError>) =
            errors.into_iter().partition(|error| both.contains(&key(error)) && is_same_file(&error.path));
        self.input_errors = new;
        self.not_evaluated.extend(old.into_iter().map(|InputError { side, path, position, message }| {
            let reason = format!("unreadable before and after this change: {message}");
            NotEvaluated { position, ..NotEvaluated::of(side, path, reason) }
        }));
    }

    /// In an order that depends on nothing but the input.
    pub(crate) fn sort(&mut self) {
        let deletes_first = |change: &EvaluatedChange| change.operation != Some(ChangeOperation::Delete);
        self.changes.sort_by(|a, b| {
            (&a.id, deletes_first(a), &a.location.file).cmp(&(&b.id, deletes_first(b), &b.location.file))
        });
        self.kept.sort_by(|a, b| (&a.id, &a.ways.len(), &a.reason).cmp(&(&b.id, &b.ways.len(), &b.reason)));
        // What is the same on both sides is said once, of the head.
        self.input_errors.sort_by(|a, b| (&a.path, &a.message, b.side).cmp(&(&b.path, &b.message, a.side)));
        self.input_errors.dedup_by(|a, b| a.path == b.path && a.message == b.message);
        let whole = |missing: &NotEvaluated| (missing.path.clone(), missing.what.clone(), missing.reason.clone());
        self.not_evaluated.sort_by(|a, b| (whole(a), b.side, a.position).cmp(&(whole(b), a.side, b.position)));
        self.not_evaluated.dedup_by(|a, b| whole(a) == whole(b));
    }

    pub(crate) fn count(&self, verdict: Verdict) -> usize {
        self.changes.iter().filter(|evaluated| evaluated.verdict == verdict).count()
    }

    /// Changes that are allowed with a warning.
    pub(crate) fn warned(&self) -> usize {
        let warns = |evaluated: &&EvaluatedChange| evaluated.verdict == Verdict::Allowed && evaluated.warns();
        self.changes.iter().filter(warns).count()
    }

    /// The first that applies.
    pub(crate) fn exit(&self, fail_on: FailOn, strict: bool) -> Exit {
        let warns = self.changes.iter().any(EvaluatedChange::warns) || self.kept.iter().any(|kept| kept.is_set);
        let warned = fail_on == FailOn::Warn && warns;
        let is_open =
            |change: &EvaluatedChange| change.verdict == Verdict::NotJudged && change.accepted_until.is_none();
        let is_open = self.changes.iter().any(is_open) || self.counting().next().is_some();
        if self.count(Verdict::Denied) > 0 || warned {
            Exit::Denied
        } else if !self.input_errors.is_empty() {
            Exit::Unusable
        } else if strict && is_open {
            Exit::NotJudged
        } else {
            Exit::Allowed
        }
    }

    /// What was not evaluated and may hide an rqlite set.
    pub(crate) fn counting(&self) -> impl Iterator<Item = &NotEvaluated> {
        self.not_evaluated.iter().filter(|gap| gap.counts)
    }

    /// What became of which is not known, in the first line; then all counts.
    pub(crate) fn summary(&self) -> String {
        let ways = self.changes.iter().filter(|change| change.is_not_followed() && change.accepted_until.is_none());
        let sets: Vec<String> = ways.map(EvaluatedChange::subject).collect();
        let gaps = self.counting().map(|gap| gap.name().to_owned());
        let mut open: Vec<String> = sets.into_iter().chain(gaps).collect();
        open.dedup();
        if open.is_empty() {
            return self.counts_line();
        }
        const SHOWN: usize = 5;
        let more = open.len().saturating_sub(SHOWN);
        open.truncate(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("not known, and an rqlite set may be behind it: {}{more}\n{}", open.join(", "), self.counts_line())
    }

    fn counts_line(&self) -> String {
        let mut parts = vec![if self.changes.is_empty() { "nothing to judge".to_owned() } else { self.verdicts() }];
        let ChangeCounts { unchanged, not_concerned, left_alone } = self.counts;
        let mut add = |count: usize, what: &str| {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        };
        let counting = self.counting().count();
        add(counting, "not evaluated");
        let accepted = self.not_evaluated.iter().filter(|gap| gap.accepted_until.is_some()).count();
        let accepted_changes = self.changes.iter().filter(|change| change.accepted_until.is_some()).count();
        let without = self.not_evaluated.len().saturating_sub(counting).saturating_sub(accepted);
        add(without, "not evaluated without rqlite");
        add(accepted.saturating_add(accepted_changes), "accepted");
        add(self.input_errors.len(), "unreadable");
        add(unchanged, "unchanged");
        add(self.kept.len(), "removed here but kept in the cluster");
        add(left_alone, "in namespaces that Quorate leaves alone");
        add(not_concerned, "of other kinds");
        parts.join(", ")
    }

    fn verdicts(&self) -> String {
        let (denied, open) = (self.count(Verdict::Denied), self.count(Verdict::NotJudged));
        let (allowed, warned) = (self.count(Verdict::Allowed), self.warned());
        let warned = if warned > 0 { format!(" ({warned} with warnings)") } else { String::new() };
        format!("{denied} denied, {open} not judged, {allowed} allowed{warned}")
    }
}

impl EvaluatedChange {
    /// What becomes of it is not known.
    pub(crate) fn is_not_followed(&self) -> bool {
        self.findings.iter().any(|found| found.finding.rule == WAY_NOT_KNOWN.id)
    }

    pub(crate) fn warns(&self) -> bool {
        self.findings.iter().any(|found| found.finding.level == Level::Warn)
    }

    /// `StatefulSet db/rqlite`
    pub(crate) fn subject(&self) -> String {
        self.id.shown()
    }
}

pub(crate) fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Denied => "denied",
        Verdict::NotJudged => "not judged",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluated(verdict: Verdict, level: Option<Level>) -> EvaluatedChange {
        let location = SourceLocation {
            side: Side::Head,
            file: "a.yaml".to_owned(),
            position: TextPosition::START,
            text: String::new(),
            rendered: None,
        };
        let finding = |level| Finding {
            rule: "quorum-guard/scale-advice".to_owned(),
            level,
            message: "replicas 3 -> 4".to_owned(),
            field: String::new(),
            remedy: String::new(),
            retry: false,
            retry_after_seconds: None,
            evidence: Vec::new(),
            of_shape: false,
        };
        let id =
            ObjectId { group: String::new(), kind: "StatefulSet".to_owned(), namespace: None, name: "a".to_owned() };
        let found = level.map(|level| LocatedFinding { finding: finding(level), location: location.clone() });
        let found = found.into_iter().collect();
        EvaluatedChange {
            id,
            names_namespace: false,
            operation: None,
            verdict,
            by: VerdictSource::Local,
            findings: found,
            patch: Patch::default(),
            object: serde_json::Value::Null,
            location,
            cause: None,
            ways: Vec::new(),
            accepted_until: None,
        }
    }

    fn result(evaluated: Vec<EvaluatedChange>, input_errors: usize, not_evaluated: usize) -> CheckResult {
        let (side, path) = (Side::Head, "a.yaml".to_owned());
        let input_error = InputError { side, path: path.clone(), position: None, message: "no YAML".to_owned() };
        let missing = NotEvaluated { counts: true, ..NotEvaluated::of(side, path, "a template".to_owned()) };
        CheckResult {
            changes: evaluated,
            input_errors: vec![input_error; input_errors],
            not_evaluated: vec![missing; not_evaluated],
            ..CheckResult::default()
        }
    }

    #[test]
    fn the_first_reason_that_applies_decides_the_exit() {
        let denied = || evaluated(Verdict::Denied, Some(Level::Deny));
        let warned = || evaluated(Verdict::Allowed, Some(Level::Warn));
        let open = || evaluated(Verdict::NotJudged, Some(Level::NotJudged));
        let exit = |result: CheckResult, fail_on, strict| result.exit(fail_on, strict);
        assert_eq!(exit(result(vec![denied(), open()], 1, 1), FailOn::Deny, true), Exit::Denied);
        assert_eq!(exit(result(vec![warned()], 1, 1), FailOn::Warn, true), Exit::Denied);
        assert_eq!(exit(result(vec![warned()], 1, 1), FailOn::Deny, true), Exit::Unusable);
        assert_eq!(exit(result(vec![open()], 0, 0), FailOn::Deny, true), Exit::NotJudged);
        assert_eq!(exit(result(vec![], 0, 1), FailOn::Deny, true), Exit::NotJudged);
        assert_eq!(exit(result(vec![open()], 0, 1), FailOn::Deny, false), Exit::Allowed);
        assert_eq!(exit(result(vec![], 0, 0), FailOn::Warn, true), Exit::Allowed);
    }

    #[test]
    fn the_summary_counts_everything() {
        let mut all =
            result(vec![evaluated(Verdict::Denied, None), evaluated(Verdict::Allowed, Some(Level::Warn))], 1, 2);
        all.counts = ChangeCounts { unchanged: 4, not_concerned: 9, left_alone: 0 };
        all.not_evaluated.push(NotEvaluated::of(Side::Head, "b.yaml".to_owned(), "a template".to_owned()));
        assert_eq!(
            all.summary(),
            "not known, and an rqlite set may be behind it: a.yaml\n1 denied, 0 not judged, 1 allowed (1 with warnings), \
             2 not evaluated, 1 not evaluated without rqlite, 1 unreadable, 4 unchanged, 9 of other kinds"
        );
        assert_eq!(CheckResult::default().summary(), "nothing to judge");
    }
}
