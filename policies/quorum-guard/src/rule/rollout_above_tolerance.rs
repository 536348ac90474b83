//! Refuses a rolling update that may take more voters down at once than the cluster tolerates; warns of one that begins while a voter is
//! down. Not what the update changes.

use kubernetes::manifest::{IntOrPercent, StatefulSet};
use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::change;
use rqlite::quorum::failures_tolerated;
use rqlite::rollout::max_unavailable;
use rqlite::scaling::ClusterState;

use crate::membership_source;
use crate::words;

/// ## What it refuses
/// `spec.updateStrategy.rollingUpdate.maxUnavailable` above the number of voters that may fail: above 1 for three and four voters,
/// above 2 for five and six. 1 is always allowed, and at zero replicas anything is.
///
/// It is a warning where only the count changed, by apply or by scale. A change of the pod template with
/// `podManagementPolicy: Parallel`, while one of the set's own voters does not answer, is a warning too.
///
/// ## Why
/// The controller stops that many pods at once, whichever they are. With 2 of 3 voters down there is no quorum until they are back,
/// every write fails, and a node that cannot become ready holds the rollout there.
/// (Kubernetes: StatefulSet basics, "Maximum unavailable Pods".)
///
/// Before Kubernetes 1.35 a rollout with `Parallel` does not wait for a pod that was down before it began: it stops the next voter.
///
/// ## Example
/// ```yaml
/// spec:
///   replicas: 3
///   updateStrategy:
///     rollingUpdate:
///       maxUnavailable: 2
/// ```
///
/// ## Instead
/// Leave it out: one pod at a time is the default.
///
/// ## When the value is unknown
/// Absent is 1. A percentage is that of the new count, rounded down, and at least 1, as the controller does. Anything else the API server refuses.
pub(crate) const RULE: Rule = Rule::new(
    "rollout-above-tolerance",
    "a rolling update may stop more voters than may fail",
    Severity::High,
    Judges::Change,
);

const FIELD: &str = "spec.updateStrategy.rollingUpdate.maxUnavailable";

/// Evaluates the shape of a voter set; `old` is the object before an update. A strategy that stays as it is, is nothing that this request
/// introduces.
pub(crate) fn evaluate(old: Option<&StatefulSet>, set: &StatefulSet) -> Option<Finding> {
    if old.is_some_and(|old| same_strategy(old, set)) {
        return evaluate_scale(set, change::ordinals(set).count());
    }
    let voters = change::ordinals(set).count();
    let message = excess(set, voters)?;
    Some(
        RULE.deny(message)
            .defect("max-unavailable")
            .field(FIELD)
            .remedy(format!("set it to at most {}", allowed(voters))),
    )
}

/// The same strategy under another count.
pub(crate) fn evaluate_scale(set: &StatefulSet, voters: u32) -> Option<Finding> {
    let message = excess(set, voters)?;
    Some(
        RULE.warn(message)
            .field(FIELD)
            .remedy(format!("set it to at most {} before the next rollout", allowed(voters))),
    )
}

/// Evaluates a change of the pod template of voters.
pub(crate) fn evaluate_template(set: &StatefulSet, cluster: &ClusterState) -> Option<Finding> {
    let parallel = set.spec.pod_management_policy.as_deref() == Some("Parallel");
    if !parallel || !set.spec.is_rolling() || change::ordinals(set).is_empty() {
        return None;
    }
    let silent = cluster.pods(&cluster.silent());
    if silent.is_empty() {
        return None;
    }
    let (names, answers) = (words::names(&silent), words::verb(&silent, "does not answer", "do not answer"));
    let it = words::verb(&silent, "it", "them");
    Some(
        RULE.warn(format!(
            "changes the pod template while {names} {answers} as a voter: before Kubernetes 1.35 a Parallel rollout does not wait for {it}{}",
            membership_source::of(cluster)
        ))
        .field("spec.template")
        .remedy(format!("bring {names} back first, unless this change is what does")),
    )
}

fn same_strategy(old: &StatefulSet, new: &StatefulSet) -> bool {
    fn asked(set: &StatefulSet) -> Option<&IntOrPercent> {
        set.spec.update_strategy.as_ref()?.rolling_update.as_ref()?.max_unavailable.as_ref()
    }
    old.spec.is_rolling() == new.spec.is_rolling() && asked(old) == asked(new)
}

fn allowed(voters: u32) -> u32 {
    failures_tolerated(voters).max(1)
}

fn excess(set: &StatefulSet, voters: u32) -> Option<String> {
    // Nothing rolls out at zero.
    if voters == 0 {
        return None;
    }
    let asked = max_unavailable(set, voters).filter(|_| set.spec.is_rolling())?;
    let text = if asked.is_percentage { format!("{} of {voters}", asked.text) } else { asked.text };
    let stops = asked.pods;
    (stops > i64::from(allowed(voters))).then(|| {
        if voters == 1 {
            return format!(
                "maxUnavailable {text} is above 1, and the set has 1 voter: grown, a rollout stops several at once"
            );
        }
        let tolerated = words::tolerance(failures_tolerated(voters));
        let stops = stops.min(i64::from(voters));
        format!("maxUnavailable {text} lets a rollout stop {stops} of {} at once, {tolerated}", words::voters(voters))
    })
}
