//! A claim with rqlite's data: whether a current voter needs it.
//! The claims of other templates, and of read-only nodes, are no concern.

use kubernetes::annotation::{ALLOW_DELETION, ALLOWED};
use quorate_sdk::{Finding, Level};
use rqlite::change;
use rqlite::scaling::{Basis, Cluster, Data, Holder};

use super::RULE;
use super::needed::{Concerned, Deletion, lowered_if};
use crate::words;

pub(super) fn judge(deletion: &Deletion, sets: &[Concerned]) -> Option<Finding> {
    let findings =
        sets.iter().filter(|concerned| concerned.votes()).filter_map(|concerned| of_set(deletion, concerned));
    // A denial first: `a-b-c-0` may be a claim of two sets.
    findings.max_by_key(|finding| finding.level() == Level::Deny)
}

fn of_set(deletion: &Deletion, concerned: &Concerned) -> Option<Finding> {
    let before = concerned.before();
    let Data::Claims(templates) = &before.data else { return None };
    let own = |template: &String| change::claim_ordinal(concerned.set, template, deletion.name());
    let ordinal = templates.iter().find_map(own)?;
    let cluster = Cluster::of(&before);
    let pod = change::pod_name(concerned.set, ordinal);
    let annotate = annotating(deletion);
    let finding = match Holder::of(&cluster, ordinal) {
        Holder::NoVoter => return None,
        Holder::Voter(id) => voter(&id, &cluster, &annotate),
        Holder::Running => voter(&pod, &cluster, &annotate),
        Holder::Dropped => RULE
            .warn(format!("deletes the data of {pod}, which does not run, but may still be a voter"))
            .remedy(format!("verify in `/nodes` that {pod} is removed")),
        Holder::Stopped => RULE
            .warn(format!("deletes the data of {pod} while the set is scaled to zero: {BLANK}"))
            .remedy("keep the claims of all nodes that are to come back"),
    };
    Some(lowered_if(concerned.is_deliberate(), finding))
}

const BLANK: &str = "without it that node comes back blank";

fn voter(node: &str, cluster: &Cluster, annotate: &str) -> Finding {
    let voters = cluster.standing().voters;
    if voters == 1 {
        let message = format!("deletes the data of {node}, the only voter: nothing else holds it");
        return RULE.deny(message).remedy(format!("take a backup first; to delete it on purpose {annotate}"));
    }
    let remedy = match cluster.basis {
        Basis::Led => "remove the node from the cluster first (`DELETE /remove`), then delete the claim".to_owned(),
        Basis::Leaderless => {
            format!("bring a leader back, then remove the node first; if its data is lost anyway {annotate}")
        }
        Basis::Remembered | Basis::Count => {
            format!("remove the node from the cluster (`DELETE /remove`), verify that in `/nodes`, then {annotate}")
        }
    };
    RULE.deny(format!("deletes the data of {node}, 1 of {}: {BLANK}", words::voters(voters))).remedy(remedy)
}

fn annotating(deletion: &Deletion) -> String {
    let namespace = deletion.envelope.namespace.as_deref().unwrap_or_default();
    format!("run `kubectl -n {namespace} annotate pvc {} {ALLOW_DELETION}={ALLOWED}`", deletion.name())
}
