//! What the cluster's own Quorate says to a change, by a dry run of it. Where it speaks, it decides; what was judged here then only helps
//! to tell message from remedy, and to find the field.
//! Does not judge.

use quorate_engine::{Finding, Level, Review};
use quorate_webhook::cluster::survey::{Guard, Surveyor};
use quorate_webhook::cluster::{Act, Heard, PropagationPolicy, Trial};

use super::change::{Change, Operation};
use super::outcome::By;
use super::profile::Profile;

/// The cluster's Quorate, if there is one.
pub(super) struct ClusterGuard {
    pub(super) surveyor: Surveyor,
    /// Name of its webhook configurations.
    pub(super) webhooks: String,
}

impl ClusterGuard {
    /// The review with the cluster's verdict in the place of the one that was found here, and whose it is.
    pub(super) async fn second(
        &self,
        change: &Change,
        is_running: bool,
        profile: &Profile,
        here: Review,
    ) -> (Review, By) {
        let Some(trial) = trial(change, is_running, profile) else { return (here, By::Here) };
        let guard = self.surveyor.ask_guard(&self.webhooks, &trial).await;
        joined(guard, &change.object.id.shown(), here)
    }
}

fn trial<'c>(change: &'c Change, is_running: bool, profile: &Profile) -> Option<Trial<'c>> {
    let id = &change.object.id;
    let act = match change.operation {
        Operation::Create => Act::Create(change.new.as_ref()?),
        // The object that was judged: what runs, with the manifest over it.
        Operation::Update if is_running => Act::Replace(change.new.as_ref()?),
        Operation::Update => Act::Apply(change.new.as_ref()?),
        Operation::Delete if profile.propagation == "Foreground" => Act::Delete(PropagationPolicy::Foreground),
        Operation::Delete => Act::Delete(PropagationPolicy::Background),
    };
    Some(Trial {
        group: &id.group,
        version: &change.object.version,
        resource: &change.resource,
        namespace: id.namespace.as_deref(),
        name: &id.name,
        act,
    })
}

fn joined(guard: Guard, subject: &str, here: Review) -> (Review, By) {
    match guard {
        Guard::Asked(answer) => {
            let findings = findings(answer.heard(), subject, &here.findings);
            (Review { verdict: answer.verdict(), findings, ..here }, By::Cluster)
        }
        Guard::Silent if here.findings.is_empty() => (here, By::Cluster),
        Guard::Silent => {
            let why = "a dry run passed without a word: Quorate does not guard this namespace, or not by these rules";
            (here, By::Instead(why.to_owned()))
        }
        Guard::Absent => (here, By::Instead("no Quorate guards the cluster".to_owned())),
        Guard::Unseen(why) => (here, By::Instead(why)),
    }
}

/// A warning that is too long for one comes as two, the second its remedy, which names no object.
fn findings(heard: Vec<Heard>, subject: &str, here: &[Finding]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for heard in heard {
        match findings.last_mut() {
            Some(last) if heard.level == Level::Warn && last.rule == heard.rule && !heard.text.starts_with(subject) => {
                last.remedy = heard.text;
            }
            _ => findings.push(finding(heard, subject, here)),
        }
    }
    findings
}

fn finding(Heard { rule, level, text, field }: Heard, subject: &str, here: &[Finding]) -> Finding {
    let same = here.iter().find(|finding| finding.rule == rule);
    let text = text.strip_prefix(subject).and_then(|text| text.strip_prefix(": ")).unwrap_or(&text);
    let known = same.map(|same| same.remedy.as_str()).filter(|remedy| !remedy.is_empty());
    let message = known.and_then(|remedy| text.strip_suffix(remedy)?.strip_suffix("; "));
    Finding {
        level,
        message: message.unwrap_or(text).to_owned(),
        field: if field.is_empty() { same.map(|same| same.field.clone()).unwrap_or_default() } else { field },
        remedy: message.and(known).unwrap_or_default().to_owned(),
        retry: false,
        of_shape: false,
        rule,
    }
}

#[cfg(test)]
mod tests {
    use quorate_engine::{Phase, Verdict};
    use quorate_webhook::cluster::DryRun;

    use super::*;

    const RULE: &str = "quorum-guard/scale-below-quorum";
    const SUBJECT: &str = "StatefulSet db/rqlite";

    fn here(level: Level) -> Review {
        let finding = Finding {
            rule: RULE.to_owned(),
            level,
            message: "seen 0.08 s ago".to_owned(),
            field: "spec.replicas".to_owned(),
            remedy: "scale to 2".to_owned(),
            retry: false,
            of_shape: false,
        };
        let verdict = Verdict::of(std::slice::from_ref(&finding));
        let findings = vec![finding];
        let (patch, audit, matched) = Default::default();
        Review { phase: Phase::Validate, verdict, findings, patch, audit, matched }
    }

    fn answer(code: u16, message: &str, warnings: &[&str]) -> Guard {
        let warnings = warnings.iter().map(|&text| text.to_owned()).collect();
        Guard::Asked(DryRun { code, message: message.to_owned(), warnings, fields: Vec::new() })
    }

    #[test]
    fn the_cluster_decides_in_its_own_words() {
        let refusal = format!(
            "admission webhook \"scale.quorate.dev\" denied the request: {RULE}: {SUBJECT}: seen 0.01 s ago; scale to 2"
        );
        let (review, by) = joined(answer(403, &refusal, &[]), SUBJECT, here(Level::Warn));
        let found = review.findings.first().unwrap();
        assert_eq!((review.verdict, &by), (Verdict::Denied, &By::Cluster));
        assert_eq!((found.message.as_str(), found.remedy.as_str()), ("seen 0.01 s ago", "scale to 2"));
        assert_eq!((found.level, found.field.as_str()), (Level::Deny, "spec.replicas"));
        let warning = format!("{RULE}: {SUBJECT}: never mind");
        let (review, _) = joined(answer(200, "", &[&warning, &format!("{RULE}: wait")]), SUBJECT, here(Level::Deny));
        assert_eq!((review.verdict, review.findings.len()), (Verdict::Allowed, 1));
        let found = review.findings.first().unwrap();
        assert_eq!((found.message.as_str(), found.remedy.as_str()), ("never mind", "wait"));
    }

    #[test]
    fn what_is_judged_here_stands_where_the_cluster_is_not_heard() {
        for guard in [Guard::Silent, Guard::Absent, Guard::Unseen("forbidden".to_owned())] {
            let (review, by) = joined(guard, SUBJECT, here(Level::Deny));
            assert_eq!((&review, matches!(by, By::Instead(_))), (&here(Level::Deny), true));
        }
    }

    #[test]
    fn silence_agrees_with_nothing_found() {
        let nothing = Review { verdict: Verdict::Allowed, findings: Vec::new(), ..here(Level::Warn) };
        assert_eq!(joined(Guard::Silent, SUBJECT, nothing).1, By::Cluster);
    }
}
