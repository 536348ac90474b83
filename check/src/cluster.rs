//! What the cluster's own Quorate says to a change, by a dry run of it. Where it speaks, it decides; what was evaluated here then only helps
//! to tell message from remedy, and to find the field. Where it says nothing, our verdict stays.
//! Evaluates nothing.

use kubernetes::related::Related;
use kubernetes::verdict::{Level, Verdict};
use quorate_engine::{Finding, Review};
use quorate_facts::{ClusterFinding, ClusterReviewer, ClusterVerdict, DryRun, DryRunAction};
use serde_json::Value;

use super::applier::Applier;
use super::apply::applied;
use super::manifest_change::{ChangeOperation, ManifestChange};
use super::result::VerdictSource;

/// The cluster whose Quorate is asked.
pub(super) struct ClusterEvaluator<'g>(pub(super) &'g dyn ClusterReviewer);

impl ClusterEvaluator<'_> {
    /// The review with the cluster's verdict in the place of the one that was found here, and whose it is.
    pub(super) async fn with_cluster_verdict(
        &self,
        change: &ManifestChange,
        is_running: bool,
        profile: &Applier,
        here: Review,
    ) -> (Review, VerdictSource) {
        let cluster = match (&change.new, change.operation) {
            (Some(new), ChangeOperation::Create) => self.ask(change, DryRunAction::Create(new)).await,
            // What was evaluated: what runs, with the manifest over it.
            (Some(new), ChangeOperation::Update) if is_running => self.ask(change, DryRunAction::Replace(new)).await,
            (Some(new), ChangeOperation::Update) => self.ask_to_replace(change, new).await,
            (_, ChangeOperation::Delete) => self.ask(change, DryRunAction::Delete(profile.propagation)).await,
            (None, _) => return (here, VerdictSource::Local),
        };
        merged(cluster, here)
    }

    async fn ask(&self, change: &ManifestChange, action: DryRunAction<'_>) -> ClusterVerdict {
        self.0.ask(&dry_run(change, action)).await
    }

    /// The manifest over what is there now.
    async fn ask_to_replace(&self, change: &ManifestChange, new: &Value) -> ClusterVerdict {
        let there = match self.0.object(&dry_run(change, DryRunAction::Replace(new))).await {
            Related::Found(there) => there,
            Related::Absent => return ClusterVerdict::Unknown("it is not in this cluster".to_owned()),
            Related::Unknown(reason) => return ClusterVerdict::Unknown(reason.to_string()),
        };
        let merged = applied(change.old.as_ref().unwrap_or(&Value::Null), new, there);
        self.ask(change, DryRunAction::Replace(&merged)).await
    }
}

fn dry_run<'t>(change: &'t ManifestChange, action: DryRunAction<'t>) -> DryRun<'t> {
    let id = &change.object.id;
    DryRun {
        group: &id.group,
        version: &change.object.version,
        kind: &id.kind,
        resource: &change.resource,
        namespace: id.namespace.as_deref(),
        name: &id.name,
        action,
    }
}

fn merged(cluster: ClusterVerdict, here: Review) -> (Review, VerdictSource) {
    let unheard =
        || VerdictSource::LocalFallback("the cluster lets it pass, and its Quorate said nothing of this".to_owned());
    match cluster {
        ClusterVerdict::Asked { verdict: Verdict::Allowed, heard } if !covers_all(&heard, &here) => (here, unheard()),
        ClusterVerdict::Asked { verdict, heard } => {
            let findings = heard.into_iter().map(|heard| finding(heard, &here.findings)).collect();
            (Review { verdict, findings, ..here }, VerdictSource::Cluster)
        }
        ClusterVerdict::Silent if here.verdict == Verdict::Allowed => (here, VerdictSource::Local),
        ClusterVerdict::Silent => (here, unheard()),
        ClusterVerdict::Refused(why) => (here, VerdictSource::Refused(why)),
        ClusterVerdict::Absent => (here, VerdictSource::LocalFallback("no Quorate guards the cluster".to_owned())),
        ClusterVerdict::Unknown(why) => (here, VerdictSource::LocalFallback(why)),
    }
}

/// Whether each refusal that was found here is, in the cluster, at least a warning: else nobody may have been asked.
fn covers_all(heard: &[ClusterFinding], here: &Review) -> bool {
    let mut refusals = here.findings.iter().filter(|finding| finding.level != Level::Warn);
    refusals.all(|refusal| heard.iter().any(|heard| heard.rule == refusal.rule))
}

fn finding(heard: ClusterFinding, here: &[Finding]) -> Finding {
    let ClusterFinding { rule, level, message: text, remedy, field } = heard;
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
        retry_after_seconds: None,
        evidence: Vec::new(),
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
            retry_after_seconds: None,
            evidence: Vec::new(),
            of_shape: false,
        };
        let verdict = Finding::verdict(std::slice::from_ref(&finding));
        let findings = vec![finding];
        let (patch, audit, matched) = Default::default();
        Review { phase: Phase::Validate, verdict, findings, patch, audit, matched }
    }

    fn asked(verdict: Verdict, level: Level, message: &str, remedy: &str) -> ClusterVerdict {
        let (message, remedy) = (message.to_owned(), remedy.to_owned());
        ClusterVerdict::Asked {
            verdict,
            heard: vec![ClusterFinding { rule: RULE.to_owned(), level, message, remedy, field: String::new() }],
        }
    }

    fn is_here(review: &Review) -> bool {
        let here = here(Level::Deny);
        (review.verdict, &review.findings) == (here.verdict, &here.findings)
    }

    #[test]
    fn the_cluster_decides_in_its_own_words() {
        let denied = asked(Verdict::Denied, Level::Deny, "seen 0.01 s ago", "scale to 2");
        let (review, by) = merged(denied, here(Level::Warn));
        let found = review.findings.first().unwrap();
        assert_eq!((review.verdict, &by), (Verdict::Denied, &VerdictSource::Cluster));
        assert_eq!((found.message.as_str(), found.remedy.as_str()), ("seen 0.01 s ago", "scale to 2"));
        assert_eq!((found.level, found.field.as_str()), (Level::Deny, "spec.replicas"));
        for (message, remedy, expected) in [
            ("never mind", "wait", ("never mind", "wait")),
            ("never mind; scale to 2", "", ("never mind", "scale to 2")),
        ] {
            let (review, _) = merged(asked(Verdict::Allowed, Level::Warn, message, remedy), here(Level::Deny));
            let found = review.findings.first().unwrap();
            assert_eq!(review.verdict, Verdict::Allowed);
            assert_eq!((found.message.as_str(), found.remedy.as_str()), expected);
        }
    }

    #[test]
    fn what_is_judged_here_stands_where_the_cluster_is_not_heard() {
        let other = ClusterFinding {
            rule: "remove-on-shutdown/injected".to_owned(),
            level: Level::Warn,
            message: "injected".to_owned(),
            remedy: String::new(),
            field: String::new(),
        };
        let unasked = ClusterVerdict::Asked { verdict: Verdict::Allowed, heard: vec![other] };
        for cluster in
            [unasked, ClusterVerdict::Silent, ClusterVerdict::Absent, ClusterVerdict::Unknown("forbidden".to_owned())]
        {
            let (review, by) = merged(cluster, here(Level::Deny));
            assert!(is_here(&review) && matches!(by, VerdictSource::LocalFallback(_)), "{review:?} {by:?}");
        }
        let (review, by) = merged(ClusterVerdict::Refused("quota".to_owned()), here(Level::Deny));
        assert!(is_here(&review), "{review:?}");
        assert_eq!(by, VerdictSource::Refused("quota".to_owned()));
    }
}
