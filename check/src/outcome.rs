//! What a check comes to: every change with its verdict, what could not be judged, read or evaluated, and the exit code.
//! Says nothing by itself about any object; how it is shown is for `output`.

use kubernetes::verdict::{Level, Verdict};
use quorate_engine::Finding;

use super::change::Operation;
use super::object::Id;
use super::options::FailOn;
use super::place::Place;
use super::tree::Side;
use crate::exit::Exit;

/// Unreadable input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) side: Side,
    pub(crate) path: String,
    pub(crate) place: Option<Place>,
    pub(crate) message: String,
}

/// Something that was seen and not evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) side: Side,
    pub(crate) path: String,
    pub(crate) place: Option<Place>,
    /// `Application argocd/db`, where it is not the whole file.
    pub(crate) what: Option<String>,
    pub(crate) reason: String,
}

/// A place in a file, with what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) side: Side,
    /// The file of the repository.
    pub(crate) file: String,
    pub(crate) place: Place,
    /// The line's text.
    pub(crate) text: String,
    /// Of rendered output: its name. The place is then a place in it, not in the file.
    pub(crate) rendered: Option<String>,
}

/// A finding, and the line that does it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) finding: Finding,
    pub(crate) spot: Spot,
}

/// Whose a verdict is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum By {
    /// The policies', run here.
    Here,
    /// That of the cluster's own Quorate, by a dry run.
    Cluster,
    /// The policies', run here because the cluster's own Quorate was not heard, and why it was not.
    Instead(String),
    /// The same, because somebody else refuses the change before Quorate's word counts: what they say.
    Refused(String),
}

/// One change, judged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judged {
    pub(crate) id: Id,
    /// Whether the manifest names its namespace itself.
    pub(crate) names_namespace: bool,
    /// None where there is no base, and nothing but the shape was judged.
    pub(crate) operation: Option<Operation>,
    pub(crate) verdict: Verdict,
    pub(crate) by: By,
    pub(crate) said: Vec<Said>,
    pub(crate) patch: json_patch::Patch,
    /// What was judged, before the patch.
    pub(crate) object: serde_json::Value,
    pub(crate) spot: Spot,
}

/// What was not worth a line of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counts {
    /// Objects that some policy matches, and that do not change.
    pub(crate) unchanged: usize,
    /// Objects that no policy matches.
    pub(crate) not_concerned: usize,
    /// Manifests that are removed while their objects stay.
    pub(crate) kept: usize,
    /// Changes in namespaces of which the API server does not ask.
    pub(crate) left_alone: usize,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) judged: Vec<Judged>,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) counts: Counts,
}

impl Outcome {
    /// In an order that depends on nothing but the input.
    pub(crate) fn sort(&mut self) {
        self.judged.sort_by(|a, b| (&a.id, &a.spot.file).cmp(&(&b.id, &b.spot.file)));
        // What is the same on both sides is said once, of the head.
        self.troubles.sort_by(|a, b| (&a.path, &a.message, b.side).cmp(&(&b.path, &b.message, a.side)));
        self.troubles.dedup_by(|a, b| a.path == b.path && a.message == b.message);
        let whole = |gap: &Gap| (gap.path.clone(), gap.what.clone(), gap.reason.clone());
        self.gaps.sort_by(|a, b| (whole(a), b.side, a.place).cmp(&(whole(b), a.side, b.place)));
        self.gaps.dedup_by(|a, b| whole(a) == whole(b));
    }

    pub(crate) fn count(&self, verdict: Verdict) -> usize {
        self.judged.iter().filter(|judged| judged.verdict == verdict).count()
    }

    /// Changes that are allowed with a warning.
    pub(crate) fn warned(&self) -> usize {
        let warns = |judged: &&Judged| judged.verdict == Verdict::Allowed && judged.warns();
        self.judged.iter().filter(warns).count()
    }

    /// The first that applies.
    pub(crate) fn exit(&self, fail_on: FailOn, strict: bool) -> Exit {
        let warned = fail_on == FailOn::Warn && self.judged.iter().any(Judged::warns);
        let is_open = self.count(Verdict::NotJudged) > 0 || !self.gaps.is_empty();
        if self.count(Verdict::Denied) > 0 || warned {
            Exit::Denied
        } else if !self.troubles.is_empty() {
            Exit::Unusable
        } else if strict && is_open {
            Exit::NotJudged
        } else {
            Exit::Allowed
        }
    }

    /// One line, what was not evaluated included.
    pub(crate) fn summary(&self) -> String {
        let mut parts = vec![if self.judged.is_empty() { "nothing to judge".to_owned() } else { self.verdicts() }];
        let Counts { unchanged, not_concerned, kept, left_alone } = self.counts;
        let mut add = |count: usize, what: &str| {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        };
        add(self.gaps.len(), "not evaluated");
        add(self.troubles.len(), "unreadable");
        add(unchanged, "unchanged");
        add(kept, "removed here but kept in the cluster");
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

impl Judged {
    pub(crate) fn warns(&self) -> bool {
        self.said.iter().any(|said| said.finding.level == Level::Warn)
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

    fn judged(verdict: Verdict, level: Option<Level>) -> Judged {
        let spot = Spot {
            side: Side::Head,
            file: "a.yaml".to_owned(),
            place: Place::START,
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
            of_shape: false,
        };
        let id = Id { group: String::new(), kind: "StatefulSet".to_owned(), namespace: None, name: "a".to_owned() };
        let said = level.map(|level| Said { finding: finding(level), spot: spot.clone() });
        let said = said.into_iter().collect();
        Judged {
            id,
            names_namespace: false,
            operation: None,
            verdict,
            by: By::Here,
            said,
            patch: json_patch::Patch::default(),
            object: serde_json::Value::Null,
            spot,
        }
    }

    fn outcome(judged: Vec<Judged>, troubles: usize, gaps: usize) -> Outcome {
        let (side, path) = (Side::Head, "a.yaml".to_owned());
        let trouble = Trouble { side, path: path.clone(), place: None, message: "no YAML".to_owned() };
        let gap = Gap { side, path, place: None, what: None, reason: "a template".to_owned() };
        Outcome { judged, troubles: vec![trouble; troubles], gaps: vec![gap; gaps], counts: Counts::default() }
    }

    #[test]
    fn the_first_reason_that_applies_decides_the_exit() {
        let denied = || judged(Verdict::Denied, Some(Level::Deny));
        let warned = || judged(Verdict::Allowed, Some(Level::Warn));
        let open = || judged(Verdict::NotJudged, Some(Level::NotJudged));
        let exit = |outcome: Outcome, fail_on, strict| outcome.exit(fail_on, strict);
        assert_eq!(exit(outcome(vec![denied(), open()], 1, 1), FailOn::Deny, true), Exit::Denied);
        assert_eq!(exit(outcome(vec![warned()], 1, 1), FailOn::Warn, true), Exit::Denied);
        assert_eq!(exit(outcome(vec![warned()], 1, 1), FailOn::Deny, true), Exit::Unusable);
        assert_eq!(exit(outcome(vec![open()], 0, 0), FailOn::Deny, true), Exit::NotJudged);
        assert_eq!(exit(outcome(vec![], 0, 1), FailOn::Deny, true), Exit::NotJudged);
        assert_eq!(exit(outcome(vec![open()], 0, 1), FailOn::Deny, false), Exit::Allowed);
        assert_eq!(exit(outcome(vec![], 0, 0), FailOn::Warn, true), Exit::Allowed);
    }

    #[test]
    fn the_summary_counts_everything() {
        let mut all = outcome(vec![judged(Verdict::Denied, None), judged(Verdict::Allowed, Some(Level::Warn))], 1, 2);
        all.counts = Counts { unchanged: 4, not_concerned: 9, kept: 1, left_alone: 0 };
        assert_eq!(
            all.summary(),
            "1 denied, 0 not judged, 1 allowed (1 with warnings), 2 not evaluated, 1 unreadable, 4 unchanged, \
             1 removed here but kept in the cluster, 9 of other kinds"
        );
        assert_eq!(Outcome::default().summary(), "nothing to judge");
    }
}
