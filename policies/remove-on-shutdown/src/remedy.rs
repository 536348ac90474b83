//! The step that removes an obstacle, as far as this installation lets it be taken. Not whether another obstacle is behind it.

use rqlite::cluster::{Node, RqliteSet};
use rqlite::launch::{self, NoInsertion};
use rqlite::role::Role;
use rqlite::value::{Value, clip};
use rqlite::version::Version;

use crate::decision::Decision;
use crate::identity_change::IdentityChange;
use crate::obstacle::FlagObstacle;

/// `bootstrap-expect-lock` refuses the flag where it was not before, and another value of it.
const NEW_SETS_ONLY: &str =
    "only a new set may be given `-bootstrap-expect`; to decline, set `-raft-cluster-remove-shutdown=false`";

/// What to do about the obstacle; empty where it is its author's will.
pub(crate) fn of(obstacle: &FlagObstacle, decision: &Decision) -> String {
    match obstacle {
        FlagObstacle::NotRqlite | FlagObstacle::Declined(_) | FlagObstacle::Template(_) => String::new(),
        FlagObstacle::Refused(error) if error.words.is_empty() => "correct the command line".to_owned(),
        FlagObstacle::Refused(error) => format!("correct the command line: {}", error.message),
        FlagObstacle::Hidden(_) => "write `true` or `false` in place of the reference".to_owned(),
        FlagObstacle::Containers(_) => "run one rqlite container in a pod, or give each of them the flag".to_owned(),
        FlagObstacle::Launch(reason) => of_launch(*reason, decision).to_owned(),
        FlagObstacle::NeverForms => "create it with podManagementPolicy Parallel".to_owned(),
        FlagObstacle::NoSigterm => {
            "start rqlited as the container's own process, with stopSignal SIGTERM and no signal rewritten".to_owned()
        }
        FlagObstacle::Count(_) => "run 3 voters or more".to_owned(),
        FlagObstacle::AnyFlag(_) => "write its flags out in the manifest".to_owned(),
        FlagObstacle::Discovery(_) => discovery(decision),
        FlagObstacle::FewTargets(_) => targets(decision),
        FlagObstacle::Expect(_) => expect(decision),
        FlagObstacle::UnknownRelease(image) => release(image).to_owned(),
        FlagObstacle::OldRelease { needed, .. } => upgrade(*needed, decision),
        FlagObstacle::JoinAs => {
            "name a user that may `join` and `remove` in `-join-as` or the annotation `quorate.dev/join-as`".to_owned()
        }
        FlagObstacle::IdentityChange(change) => of_identity_change(change),
        FlagObstacle::Advised => {
            "add the flag yourself, or set `-raft-cluster-remove-shutdown=false` to decline".to_owned()
        }
    }
}

/// That release may refuse what the older one takes (`-disco-id` went with 7.0.0, `http://` in `-join` with 8.0.0).
fn upgrade(needed: Version, decision: &Decision) -> String {
    let there = |node: &Node| node.launch.refusal_at(needed);
    match decision.node().and_then(there) {
        Some(error) => format!("upgrade rqlite to {needed} or later, and correct for it: {error}"),
        None => format!("upgrade rqlite to {needed} or later"),
    }
}

fn of_launch(reason: NoInsertion, decision: &Decision) -> &'static str {
    match reason {
        NoInsertion::NoExec => "start rqlited with `exec`",
        NoInsertion::ScriptText => "end the script with `exec ... \"$0\" \"$@\"` and pass rqlited's flags as args",
        NoInsertion::DroppedArguments => "leave out the first argument, or what follows it",
        NoInsertion::EmptyEntrypoint | NoInsertion::ForeignDefaults => "pass rqlited's flags as args",
        NoInsertion::UnreadScript | NoInsertion::Unreadable | NoInsertion::Refused | NoInsertion::ForeignEntrypoint => {
            decision.node().map_or("", |node| launch::plain_start(&node.container))
        }
    }
}

fn of_identity_change(change: &IdentityChange) -> String {
    match change {
        IdentityChange::NodeId { from, .. } => format!("keep the node id `{}`", clip(from)),
        IdentityChange::Release { from, .. } => format!("stay on rqlite {}", from.major),
        IdentityChange::Data { volume } => format!("keep the data directory on volume `{}`", clip(volume)),
        IdentityChange::BesideClaims => "mount a claim at the data directory".to_owned(),
    }
}

fn discovery(decision: &Decision) -> String {
    match need_of(decision) {
        // Releases 7.2.0 to 8.13.5 have no DNS discovery for read-only nodes.
        MissingExpect::Pool => "name two or more voters in `-join`".to_owned(),
        MissingExpect::Nothing => "use `-disco-mode=dns` or `dns-srv`".to_owned(),
        MissingExpect::Expect(voters) => {
            format!("use `-disco-mode=dns` or `dns-srv` with `-bootstrap-expect={voters}`")
        }
        MissingExpect::AnotherSet => NEW_SETS_ONLY.to_owned(),
    }
}

fn targets(decision: &Decision) -> String {
    match need_of(decision) {
        MissingExpect::Pool => "name two or more voters in `-join`".to_owned(),
        MissingExpect::Nothing => "name all members in `-join`".to_owned(),
        MissingExpect::Expect(voters) => format!("name all members in `-join`, and give `-bootstrap-expect={voters}`"),
        MissingExpect::AnotherSet => NEW_SETS_ONLY.to_owned(),
    }
}

fn expect(decision: &Decision) -> String {
    match decision.set() {
        Some(set) if decision.creates() => format!("give `-bootstrap-expect={}` as a number", set.replicas),
        Some(_) | None => NEW_SETS_ONLY.to_owned(),
    }
}

/// What joining each other takes besides a way to find each other.
enum MissingExpect {
    /// A read-only node never bootstraps.
    Pool,
    /// The launch has `-bootstrap-expect`.
    Nothing,
    /// That many voters are created, and the launch lacks it.
    Expect(u32),
    /// The voters are there without it.
    AnotherSet,
}

fn need_of(decision: &Decision) -> MissingExpect {
    match (decision.set(), decision.node()) {
        (_, Some(node)) if node.role == Role::ReadOnly => MissingExpect::Pool,
        (_, Some(node)) if bootstraps(node) => MissingExpect::Nothing,
        (Some(RqliteSet { replicas, .. }), _) if decision.creates() => MissingExpect::Expect(*replicas),
        _ => MissingExpect::AnotherSet,
    }
}

/// A value that is not told here counts: whether it may be one is not for `-disco-mode` to ask.
fn bootstraps(node: &Node) -> bool {
    node.expect.as_ref().is_some_and(|expect| !matches!(expect.value, Value::Known(..=0)))
}

/// Where the image is called rqlite, its full tag is the release.
fn release(image: &str) -> &'static str {
    let name = image.split('@').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    if name.split(':').next() == Some("rqlite") {
        "use the full tag of a release, such as `10.2.7`"
    } else {
        "use an image `rqlite/rqlite` with the full tag of a release, such as `10.2.7`"
    }
}
