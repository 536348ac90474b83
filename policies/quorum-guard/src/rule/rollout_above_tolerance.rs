//! Refuses a rolling update that may take more voters down at once than the cluster tolerates.
//! Not what the update changes.

use quorate_sdk::{Finding, Rule};
use rqlite::change;
use rqlite::manifest::{IntOrPercent, StatefulSet};
use rqlite::quorum::failures_tolerated;

use crate::words;

/// ## What it refuses
/// `spec.updateStrategy.rollingUpdate.maxUnavailable` above the number of voters that may fail: above 1 for three and four voters,
/// above 2 for five and six. 1 is always allowed.
///
/// ## Why
/// The controller stops that many pods at once, whichever they are. With 2 of 3 voters down there is no quorum until they are back,
/// every write fails, and a node that cannot become ready holds the rollout there.
/// (Kubernetes: StatefulSet basics, "Maximum unavailable Pods".)
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
pub(crate) const RULE: Rule =
    Rule { id: "rollout-above-tolerance", summary: "a rolling update may stop more voters than may fail" };

const FIELD: &str = "spec.updateStrategy.rollingUpdate.maxUnavailable";

/// Judges the shape of a voter set.
pub(crate) fn judge(set: &StatefulSet) -> Option<Finding> {
    let voters = change::ordinals(set).count();
    let message = excess(set, voters)?;
    Some(
        RULE.deny(message)
            .defect("max-unavailable")
            .field(FIELD)
            .remedy(format!("set it to at most {}", allowed(voters))),
    )
}

/// The same strategy under the count that a Scale asks for.
pub(crate) fn judge_scale(parent: &StatefulSet, to: i32) -> Option<Finding> {
    let voters = u32::try_from(to).unwrap_or(0);
    let message = excess(parent, voters)?;
    Some(
        RULE.warn(message)
            .field(FIELD)
            .remedy(format!("set it to at most {} before the next rollout", allowed(voters))),
    )
}

fn allowed(voters: u32) -> u32 {
    failures_tolerated(voters).max(1)
}

fn excess(set: &StatefulSet, voters: u32) -> Option<String> {
    let strategy = set.spec.update_strategy.as_ref().filter(|strategy| strategy.kind.as_deref() != Some("OnDelete"))?;
    let asked = strategy.rolling_update.as_ref()?.max_unavailable.as_ref()?;
    let (text, stops) = match asked {
        IntOrPercent::Int(count) => (count.to_string(), *count),
        IntOrPercent::Text(text) => {
            let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
            (format!("{text} of {voters}"), (percent.saturating_mul(i64::from(voters)) / 100).max(1))
        }
    };
    (stops > i64::from(allowed(voters))).then(|| {
        let tolerated = words::tolerance(failures_tolerated(voters));
        format!("maxUnavailable {text} lets a rollout stop {stops} of {} at once, {tolerated}", words::voters(voters))
    })
}
