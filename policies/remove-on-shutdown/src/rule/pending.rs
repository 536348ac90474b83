//! Says what starts or ends with the next change of the pod template.
//! Says nothing at a creation: there everything starts at once.

use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};

use crate::decision::{Decision, is_flag};
use crate::flag_request::FlagRequest;
use crate::identity::TOKEN;
use crate::rule::not_injected;

/// ## What it says
/// That `-raft-cluster-remove-shutdown=true` would be injected, or taken out again, but that this update does not change the pod
/// template: it happens with the next one that does.
/// ## Why
/// A change of the template restarts every pod. Scaling, or a changed annotation, must not cause that.
/// ## Example
/// ```console
/// $ kubectl apply -f rqlite.yaml   # nothing but `replicas: 5` differs
/// ```
/// ## Instead
/// To have it now, restart the pods:
/// ```console
/// $ kubectl rollout restart statefulset/rqlite -n db
/// ```
/// ## When the value is unknown
/// Whether the template changes is never unknown: old and new template are compared after everything that the old object's
/// list names is taken out of both.
pub(crate) const RULE: Rule = Rule::new(
    "pending",
    "the flag is injected, or goes, with the next change of the pod template",
    Severity::Low,
    Judges::Object,
);

pub(crate) fn evaluate(decision: &Decision) -> Option<Finding> {
    let message = if decision.reconciled.pending.iter().any(is_flag) {
        format!("`{TOKEN}` waits: it is injected with the next change of the pod template")
    } else if decision.reconciled.leaving.iter().any(is_flag) {
        match &decision.request {
            FlagRequest::Blocked(obstacle) => {
                format!("{}; `{TOKEN}` goes with the next change of the pod template", not_injected::found(obstacle))
            }
            FlagRequest::Given | FlagRequest::Wanted { .. } => return None,
        }
    } else {
        return None;
    };
    Some(RULE.warn(message).field(decision.path()).remedy("`kubectl rollout restart` does it now"))
}
