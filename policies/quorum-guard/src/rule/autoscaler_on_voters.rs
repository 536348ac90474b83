//! Refuses an autoscaler on voters: load is no reason to change who votes.
//! Not one on a read-only pool.

use kubernetes::manifest::{AutoscalerSpec, HorizontalPodAutoscaler};
use kubernetes::related::Related;
use kubernetes::request::RequestKind;
use quorate_sdk::{AtPath, Finding, Judges, Rule, SetDocument, Severity};
use rqlite::change;
use rqlite::facts::Facts;
use rqlite::scaling::{CurrentState, DataLocation};

/// ## What it refuses
/// A HorizontalPodAutoscaler whose target is a StatefulSet of voters, unless minReplicas equals maxReplicas.
///
/// ## Why
/// More voters make writes slower, not faster, and every step down leaves dead voters behind that nobody removes: the
/// autoscaler would walk the cluster below its quorum (rqlite.io/docs/clustering/read-only-nodes). The official chart offers
/// autoscaling for the read-only pool alone.
///
/// ## Example
/// ```sh
/// kubectl -n db autoscale statefulset rqlite --min=1 --max=5
/// ```
///
/// ## Instead
/// Run a pool of read-only nodes (`-raft-non-voter=true`) as a StatefulSet of its own, and scale that.
///
/// ## When the value is unknown
/// A target that does not exist yet is a warning (Helm installs autoscalers first); one that could not be fetched is not judged.
/// An absent minReplicas is 1.
pub(crate) const RULE: Rule =
    Rule::new("autoscaler-on-voters", "an autoscaler changes the number of voters", Severity::Medium, Judges::Object);

/// Evaluates an autoscaler.
pub(crate) fn evaluate(
    old: Option<&HorizontalPodAutoscaler>,
    new: &HorizontalPodAutoscaler,
    parent: &Related<Box<SetDocument>>,
    facts: &Facts,
) -> Option<Finding> {
    let spec = &new.spec;
    let (min, max) = (spec.min(), spec.max_replicas);
    if min == max || !targets_stateful_set(spec) {
        return None;
    }
    let target = &spec.scale_target_ref.name;
    let set = match parent {
        Related::Found(document) => document,
        Related::Absent => {
            let message = format!(
                "min {min}, max {max} on StatefulSet {target}, which does not exist yet: whether it votes is not known"
            );
            return Some(RULE.warn(message).field("spec.scaleTargetRef.name"));
        }
        // Nothing that this rule looks at has changed.
        Related::Unknown(_) if old.is_some_and(|old| old.spec == *spec) => return None,
        Related::Unknown(_) => {
            let message = format!("min {min}, max {max} on StatefulSet {target}, which was not given");
            return Some(Finding::not_judged(message).field("spec.scaleTargetRef.name").retry(None));
        }
    };
    let rqlite = set.rqlite()?;
    let set = &set.set;
    let current = CurrentState::new(set, Some(rqlite), change::ordinals(set), DataLocation::of(set, rqlite), facts);
    current.votes(None).then(|| {
        RULE.deny(format!("min {min}, max {max} lets load change the number of voters of StatefulSet {target}"))
            .defect(format!("target {target}"))
            .field("spec.scaleTargetRef.name")
            .remedy("set minReplicas to maxReplicas, or scale a read-only pool (`-raft-non-voter=true`) in a set of its own")
    })
}

/// Evaluates the creation of voters that an autoscaler points at already: Helm installs autoscalers first.
pub(crate) fn evaluate_target(facts: &Facts) -> Vec<Finding> {
    let autoscalers = facts.autoscalers.iter().flatten();
    autoscalers
        .map(|name| {
            RULE.warn(format!("HorizontalPodAutoscaler {name} points at these voters: load will change their number"))
                .remedy("set its minReplicas to maxReplicas, or delete it")
        })
        .collect()
}

fn targets_stateful_set(spec: &AutoscalerSpec) -> bool {
    spec.scale_target_ref.request_kind() == RequestKind::StatefulSet
}
