//! Refuses a second step down while the first one is still under way.
//! Never the way back up.

use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};

use crate::rule::scale_to_zero::still_there;
use crate::transition::{Transition, TransitionRequest};
use crate::words;

/// ## What it refuses
/// A request by which ordinals leave while pods of an earlier step down are still there, more pods run than the old object asks for,
/// or the controller has not seen the last change of the object yet.
///
/// ## Why
/// Each step is judged by the voters that answer. A node whose pod is about to stop still answers, so two steps in quick
/// succession (5 -> 3, then 3 -> 2 a second later) pass one by one and lose the quorum together.
///
/// ## Example
/// ```text
/// $ kubectl -n db scale statefulset rqlite --replicas=3 && kubectl -n db scale statefulset rqlite --replicas=2
/// replicas 3 -> 2 while rqlite-3 and rqlite-4 of an earlier step still have their pods
/// ```
///
/// ## Instead
/// Wait until the pods are gone (`kubectl -n db rollout status statefulset rqlite`), remove their nodes, then take the next step.
/// Scaling back up is always possible.
///
/// ## When the value is unknown
/// Without pods and without a status nothing is known to be under way, and this rule says nothing.
pub(crate) const RULE: Rule = Rule::new(
    "scale-while-scaling",
    "a step down begins before the last one has ended",
    Severity::Medium,
    Judges::Live,
);

/// Evaluates a request by which ordinals leave.
pub(crate) fn evaluate(transition: &Transition) -> Option<Finding> {
    let why = in_progress(transition)?;
    let finding = RULE.deny(format!("{} while {why}", words::counts(&transition.change)));
    Some(
        finding
            .field(words::field(&transition.change))
            .retry(None)
            .remedy("wait until the last step has ended; the way back up is open"),
    )
}

/// A step down that has not ended stands in the way of this one.
pub(super) fn is_in_progress(transition: &Transition) -> bool {
    in_progress(transition).is_some()
}

fn in_progress(transition: &Transition) -> Option<String> {
    let old = transition.old().filter(|_| transition.via != TransitionRequest::Recreation)?;
    if transition.change.leaving().is_empty() || is_reversal(transition) {
        return None;
    }
    let left = still_there(transition);
    if let Some(highest) = left.highest() {
        let (pod, count) = (transition.pod(highest), left.count());
        let who = if count == 1 {
            format!("{pod} of an earlier step still has its pod")
        } else {
            format!("{} of an earlier step, up to {pod}, are still there", words::number_of(count, "pod"))
        };
        return Some(who);
    }
    let running = u32::try_from(old.status.replicas).unwrap_or(0);
    if running > transition.change.old.count() {
        return Some(words::still_run(running));
    }
    let (observed, generation) = old.status.observed_generation.zip(old.metadata.generation)?;
    (observed < generation).then(|| format!("the controller has seen generation {observed} of {generation}"))
}

/// All ordinals that come still have their pods: those of a step that is taken back.
fn is_reversal(transition: &Transition) -> bool {
    let coming = transition.change.coming();
    !coming.is_empty() && coming.without(&still_there(transition)).is_empty()
}
