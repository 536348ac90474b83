//! What the cluster's own Quorate says to a change, by a dry run of it. Where it speaks, it decides; what was judged here then only helps
//! to tell message from remedy, and to find the field.
//! Does not judge.

use quorate_engine::{Finding, Review};
use quorate_webhook::cluster::survey::Surveyor;
use quorate_webhook::cluster::{Act, Guard, Guarding, Heard, Trial};

use super::change::{Change, Operation};
use super::outcome::By;
use super::profile::Profile;

/// The cluster, and what its Quorate is asked about.
pub(super) struct ClusterGuard {
    pub(super) surveyor: Surveyor,
    pub(super) guarding: Guarding,
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
        joined(self.surveyor.ask(&self.guarding, &trial).await, &change.object.id.shown(), here)
    }
}

fn trial<'c>(change: &'c Change, is_running: bool, profile: &Profile) -> Option<Trial<'c>> {
    let id = &change.object.id;
    let act = match change.operation {
        Operation::Create => Act::Create(change.new.as_ref()?),
        // The object that was judged: what runs, with the manifest over it.
        Operation::Update if is_running => Act::Replace(change.new.as_ref()?),
        Operation::Update => Act::Apply(change.new.as_ref()?),
        Operation::Delete => Act::Delete(profile.propagation.clone()),
    };
    Some(Trial {
        group: &id.group,
        version: &change.object.version,
        kind: &id.kind,
        resource: &change.resource,
        namespace: id.namespace.as_deref(),
        name: &id.name,
        act,
    })
}

fn joined(guard: Guard, subject: &str, here: Review) -> (Review, By) {
    match guard {
        Guard::Asked { verdict, heard } => {
            let findings = heard.into_iter().map(|heard| finding(heard, subject, &here.findings)).collect();
            (Review { verdict, findings, ..here }, By::Cluster)
        }
        Guard::Refused(why) => (here, By::Refused(why)),
        Guard::Unguarded => (here, By::Instead("the cluster's Quorate is not asked about this".to_owned())),
        Guard::Absent => (here, By::Instead("no Quorate guards the cluster".to_owned())),
        Guard::Unseen(why) => (here, By::Instead(why)),
    }
}

fn finding(heard: Heard, subject: &str, here: &[Finding]) -> Finding {
    let Heard { rule, level, text, remedy, field } = heard;
    let same = here.iter().find(|finding| finding.rule == rule);
    let text = text.strip_prefix(subject).and_then(|text| text.strip_prefix(": ")).unwrap_or(&text);
    let known = same.map(|same| same.remedy.as_str()).filter(|known| remedy.is_empty() && !known.is_empty());
    let message = known.and_then(|known| text.strip_suffix(known)?.strip_suffix("; "));
    Finding {
        level,
        message: message.unwrap_or(text).to_owned(),
        field: if field.is_empty() { same.map(|same| same.field.clone()).unwrap_or_default() } else { field },
        remedy: message.and(known).map_or(remedy, str::to_owned),
        retry: false,
        of_shape: false,
        rule,
    }
}

#[cfg(test)]
mod tests {
    use quorate_engine::{Level, Phase, Verdict};

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

    fn asked(verdict: Verdict, level: Level, text: &str, remedy: &str) -> Guard {
        let (text, remedy) = (text.to_owned(), remedy.to_owned());
        Guard::Asked {
            verdict,
            heard: vec![Heard { rule: RULE.to_owned(), level, text, remedy, field: String::new() }],
        }
    }

    #[test]
    fn the_cluster_decides_in_its_own_words() {
        let refusal = format!("{SUBJECT}: seen 0.01 s ago; scale to 2");
        let (review, by) = joined(asked(Verdict::Denied, Level::Deny, &refusal, ""), SUBJECT, here(Level::Warn));
        let found = review.findings.first().unwrap();
        assert_eq!((review.verdict, &by), (Verdict::Denied, &By::Cluster));
        assert_eq!((found.message.as_str(), found.remedy.as_str()), ("seen 0.01 s ago", "scale to 2"));
        assert_eq!((found.level, found.field.as_str()), (Level::Deny, "spec.replicas"));
        let warned = asked(Verdict::Allowed, Level::Warn, &format!("{SUBJECT}: never mind"), "wait");
        let (review, _) = joined(warned, SUBJECT, here(Level::Deny));
        let found = review.findings.first().unwrap();
        assert_eq!(review.verdict, Verdict::Allowed);
        assert_eq!((found.message.as_str(), found.remedy.as_str()), ("never mind", "wait"));
    }

    #[test]
    fn what_is_judged_here_stands_where_the_cluster_is_not_heard() {
        for guard in [Guard::Unguarded, Guard::Absent, Guard::Unseen("forbidden".to_owned())] {
            let (review, by) = joined(guard, SUBJECT, here(Level::Deny));
            assert_eq!((&review, matches!(by, By::Instead(_))), (&here(Level::Deny), true));
        }
        let (review, by) = joined(Guard::Refused("quota".to_owned()), SUBJECT, here(Level::Deny));
        assert_eq!((review, by), (here(Level::Deny), By::Refused("quota".to_owned())));
    }
}
