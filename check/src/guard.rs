//! What the cluster's own Quorate says to a change, by a dry run of it. Where it speaks, it decides; what was judged here then only helps
//! to tell message from remedy, and to find the field. Its silence lowers nothing.
//! Does not judge.

use kubernetes::related::Related;
use kubernetes::verdict::{Level, Verdict};
use quorate_engine::{Finding, Review};
use quorate_facts::{Act, Guard, Guardian, Heard, Trial};
use serde_json::Value;

use super::apply::applied;
use super::change::{Change, Operation};
use super::outcome::By;
use super::profile::Profile;

/// The cluster whose Quorate is asked.
pub(super) struct ClusterGuard<'g>(pub(super) &'g dyn Guardian);

impl ClusterGuard<'_> {
    /// The review with the cluster's verdict in the place of the one that was found here, and whose it is.
    pub(super) async fn second(
        &self,
        change: &Change,
        is_running: bool,
        profile: &Profile,
        here: Review,
    ) -> (Review, By) {
        let guard = match (&change.new, change.operation) {
            (Some(new), Operation::Create) => self.ask(change, Act::Create(new)).await,
            // What was judged: what runs, with the manifest over it.
            (Some(new), Operation::Update) if is_running => self.ask(change, Act::Replace(new)).await,
            (Some(new), Operation::Update) => self.ask_over(change, new).await,
            (_, Operation::Delete) => self.ask(change, Act::Delete(profile.propagation)).await,
            (None, _) => return (here, By::Here),
        };
        joined(guard, here)
    }

    async fn ask(&self, change: &Change, act: Act<'_>) -> Guard {
        self.0.ask(&trial(change, act)).await
    }

    /// The manifest over what is there now.
    async fn ask_over(&self, change: &Change, new: &Value) -> Guard {
        let there = match self.0.object(&trial(change, Act::Replace(new))).await {
            Related::Found(there) => there,
            Related::Absent => return Guard::Unseen("it is not in this cluster".to_owned()),
            Related::Unknown(reason) => return Guard::Unseen(reason.to_string()),
        };
        let merged = applied(change.old.as_ref().unwrap_or(&Value::Null), new, there);
        self.ask(change, Act::Replace(&merged)).await
    }
}

fn trial<'t>(change: &'t Change, act: Act<'t>) -> Trial<'t> {
    let id = &change.object.id;
    Trial {
        group: &id.group,
        version: &change.object.version,
        kind: &id.kind,
        resource: &change.resource,
        namespace: id.namespace.as_deref(),
        name: &id.name,
        act,
    }
}

fn joined(guard: Guard, here: Review) -> (Review, By) {
    let unheard = || By::Instead("the cluster lets it pass, and its Quorate said nothing of this".to_owned());
    match guard {
        Guard::Asked { verdict: Verdict::Allowed, heard } if !speaks_of_all(&heard, &here) => (here, unheard()),
        Guard::Asked { verdict, heard } => {
            let findings = heard.into_iter().map(|heard| finding(heard, &here.findings)).collect();
            (Review { verdict, findings, ..here }, By::Cluster)
        }
        Guard::Silent if here.verdict == Verdict::Allowed => (here, By::Here),
        Guard::Silent => (here, unheard()),
        Guard::Refused(why) => (here, By::Refused(why)),
        Guard::Absent => (here, By::Instead("no Quorate guards the cluster".to_owned())),
        Guard::Unseen(why) => (here, By::Instead(why)),
    }
}

/// Whether each refusal that was found here is, in the cluster, at least a warning: else nobody may have been asked.
fn speaks_of_all(heard: &[Heard], here: &Review) -> bool {
    let mut refusals = here.findings.iter().filter(|finding| finding.level != Level::Warn);
    refusals.all(|refusal| heard.iter().any(|heard| heard.rule == refusal.rule))
}

fn finding(heard: Heard, here: &[Finding]) -> Finding {
    let Heard { rule, level, message: text, remedy, field } = heard;
    let same = here.iter().find(|finding| finding.rule == rule);
    // A warning is one text: where the same remedy was found here, it is told from the message.
    let known = same.map(|same| same.remedy.as_str()).filter(|known| remedy.is_empty() && !known.is_empty());
    let message = known.and_then(|known| text.strip_suffix(known)?.strip_suffix("; ")).map(str::to_owned);
    Finding {
        level,
        remedy: message.as_ref().and(known).map_or(remedy, str::to_owned),
        message: message.unwrap_or(text),
        field: if field.is_empty() { same.map(|same| same.field.clone()).unwrap_or_default() } else { field },
        retry: false,
        of_shape: false,
        rule,
    }
}

#[cfg(test)]
mod tests {
    use kubernetes::admission::Phase;

    use super::*;

    const RULE: &str = "quorum-guard/scale-below-quorum";

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
        let verdict = Finding::verdict(std::slice::from_ref(&finding));
        let findings = vec![finding];
        let (patch, audit, matched) = Default::default();
        Review { phase: Phase::Validate, verdict, findings, patch, audit, matched }
    }

    fn asked(verdict: Verdict, level: Level, message: &str, remedy: &str) -> Guard {
        let (message, remedy) = (message.to_owned(), remedy.to_owned());
        Guard::Asked {
            verdict,
            heard: vec![Heard { rule: RULE.to_owned(), level, message, remedy, field: String::new() }],
        }
    }

    #[test]
    fn the_cluster_decides_in_its_own_words() {
        let denied = asked(Verdict::Denied, Level::Deny, "seen 0.01 s ago", "scale to 2");
        let (review, by) = joined(denied, here(Level::Warn));
        let found = review.findings.first().unwrap();
        assert_eq!((review.verdict, &by), (Verdict::Denied, &By::Cluster));
        assert_eq!((found.message.as_str(), found.remedy.as_str()), ("seen 0.01 s ago", "scale to 2"));
        assert_eq!((found.level, found.field.as_str()), (Level::Deny, "spec.replicas"));
        for (message, remedy, expected) in [
            ("never mind", "wait", ("never mind", "wait")),
            ("never mind; scale to 2", "", ("never mind", "scale to 2")),
        ] {
            let (review, _) = joined(asked(Verdict::Allowed, Level::Warn, message, remedy), here(Level::Deny));
            let found = review.findings.first().unwrap();
            assert_eq!(review.verdict, Verdict::Allowed);
            assert_eq!((found.message.as_str(), found.remedy.as_str()), expected);
        }
    }

    #[test]
    fn what_is_judged_here_stands_where_the_cluster_is_not_heard() {
        let other = Heard {
            rule: "remove-on-shutdown/injected".to_owned(),
            level: Level::Warn,
            message: "injected".to_owned(),
            remedy: String::new(),
            field: String::new(),
        };
        let unasked = Guard::Asked { verdict: Verdict::Allowed, heard: vec![other] };
        for guard in [unasked, Guard::Silent, Guard::Absent, Guard::Unseen("forbidden".to_owned())] {
            let (review, by) = joined(guard, here(Level::Deny));
            assert_eq!((&review, matches!(by, By::Instead(_))), (&here(Level::Deny), true));
        }
        let (review, by) = joined(Guard::Refused("quota".to_owned()), here(Level::Deny));
        assert_eq!((review, by), (here(Level::Deny), By::Refused("quota".to_owned())));
    }
}
