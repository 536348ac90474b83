//! A claim with rqlite's data: whether a current voter needs it.
//! The claims of other templates, and of read-only nodes, are no concern.

use kubernetes::annotation::{ALLOW_DELETION, ALLOWED};
use quorate_sdk::{Finding, Level};
use rqlite::change;
use rqlite::scaling::{ClaimOwner, ClusterState, DataLocation, MembershipSource};

use super::RULE;
use super::dependency::{AffectedSet, DependencyDeletion, lowered_if};
use crate::words;

pub(super) fn evaluate(deletion: &DependencyDeletion, sets: &[AffectedSet]) -> Option<Finding> {
    let findings =
        sets.iter().filter(|concerned| concerned.votes()).filter_map(|concerned| of_set(deletion, concerned));
    // A denial first: `a-b-c-0` may be a claim of two sets.
    findings.max_by_key(|finding| finding.level() == Level::Deny)
}

fn of_set(deletion: &DependencyDeletion, concerned: &AffectedSet) -> Option<Finding> {
    let current = concerned.current_state();
    let DataLocation::Claims(templates) = &current.data else { return None };
    let own = |template: &String| change::claim_ordinal(concerned.set, template, deletion.name());
    let ordinal = templates.iter().find_map(own)?;
    let cluster = ClusterState::of(&current);
    let pod = change::pod_name(concerned.set, ordinal);
    let annotate = annotating(deletion);
    let finding = match ClaimOwner::of(&cluster, ordinal) {
        ClaimOwner::NoVoter => return None,
        ClaimOwner::Voter(id) => voter(&id, &cluster, &annotate),
        ClaimOwner::Running => voter(&pod, &cluster, &annotate),
        ClaimOwner::Dropped => RULE
            .warn(format!("deletes the data of {pod}, which does not run, but may still be a voter"))
            .remedy(format!("verify in `/nodes` that {pod} is removed")),
        ClaimOwner::Stopped => RULE
            .warn(format!("deletes the data of {pod} while the set is scaled to zero: {BLANK}"))
            .remedy("keep the claims of all nodes that are to come back"),
    };
    Some(lowered_if(concerned.is_deliberate(), finding))
}

const BLANK: &str = "without it that node comes back blank";

fn voter(node: &str, cluster: &ClusterState, annotate: &str) -> Finding {
    let voters = cluster.quorum().voters;
    if voters == 1 {
        let message = format!("deletes the data of {node}, the only voter: nothing else holds it");
        return RULE.deny(message).remedy(format!("take a backup first; to delete it on purpose {annotate}"));
    }
    let remedy = match cluster.source {
        MembershipSource::Leader => {
            "remove the node from the cluster first (`DELETE /remove`), then delete the claim".to_owned()
        }
        MembershipSource::Leaderless => {
            format!("bring a leader back, then remove the node first; if its data is lost anyway {annotate}")
        }
        MembershipSource::LastKnown | MembershipSource::ReplicaCount => {
            format!("remove the node from the cluster (`DELETE /remove`), verify that in `/nodes`, then {annotate}")
        }
    };
    RULE.deny(format!("deletes the data of {node}, 1 of {}: {BLANK}", words::voters(voters))).remedy(remedy)
}

fn annotating(deletion: &DependencyDeletion) -> String {
    let namespace = deletion.envelope.namespace.as_deref().unwrap_or_default();
    format!("run `kubectl -n {namespace} annotate pvc {} {ALLOW_DELETION}={ALLOWED}`", deletion.name())
}
