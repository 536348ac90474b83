//! How node TLS comes or goes where it may not do so now: all pods stop, and none meets another that differs.
//! Does not decide whether it may.

use rqlite::role::Role;
use rqlite::scaling::{DataLocation, deletes_when_scaled};

use crate::rule_input::RuleInput;
use crate::start_window::{NotNow, voters};

/// The words of a remedy.
pub fn of(input: &RuleInput, reason: NotNow) -> String {
    let pool = input.set.role() == Role::ReadOnly;
    if reason.leaves_alone(input.set.replicas) {
        return format!("wait until no pod is left, {AGAIN}");
    }
    if !pool && dies_with_pods(input) {
        return "its data dies with its pods, so back it up, create the set under another name with this, and restore the backup there"
            .to_owned();
    }
    let retain = match deletes_when_scaled(input.document()) && !pool {
        true => "set persistentVolumeClaimRetentionPolicy.whenScaled to `Retain`, ",
        false => "",
    };
    let others = voters(input.facts()).is_some_and(|voters| voters > reason.most_pods(input.set.replicas));
    let complete = match others && !pool {
        true => {
            "let the set run all voters, or remove those that it does not run (`DELETE /remove`, which needs a leader), then "
        }
        false => "",
    };
    format!("{retain}{complete}scale to 0, wait until no pod is left, {AGAIN}")
}

const AGAIN: &str = "apply this again, then scale up to the old count";

/// Scaling to 0 is denied then.
fn dies_with_pods(input: &RuleInput) -> bool {
    DataLocation::of(input.document(), &input.set) == DataLocation::WithPod
}
