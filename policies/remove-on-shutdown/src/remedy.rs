//! The step that removes an obstacle, as far as this installation lets it be taken. Not whether another obstacle is behind it.

use rqlite::cluster::{Node, RqliteSet};
use rqlite::launch::{self, Launch, NoInsertion};
use rqlite::role::Role;
use rqlite::value::{Value, clip};
use rqlite::version::{ImageVersion, Version};

use crate::decision::Decision;
use crate::moving::Moving;
use crate::obstacle::Obstacle;

/// `bootstrap-expect-lock` refuses the flag where it was not before, and another value of it.
const NEW_SETS_ONLY: &str =
    "only a new set may be given `-bootstrap-expect`; to decline, set `-raft-cluster-remove-shutdown=false`";

/// What to do about the obstacle; empty where it is its author's will.
pub(crate) fn of(obstacle: &Obstacle, decision: &Decision) -> String {
    match obstacle {
        Obstacle::NotRqlite | Obstacle::Declined(_) | Obstacle::Template(_) => String::new(),
        Obstacle::Refused(error) if error.words.is_empty() => "correct the command line".to_owned(),
        Obstacle::Refused(error) => format!("correct the command line: {}", error.message),
        Obstacle::Hidden(_) => "write `true` or `false` in place of the reference".to_owned(),
        Obstacle::Containers(_) => "run one rqlite container in a pod, or give each of them the flag".to_owned(),
        Obstacle::Launch(reason) => of_launch(*reason, decision).to_owned(),
        Obstacle::NeverForms => "create it with podManagementPolicy Parallel".to_owned(),
        Obstacle::NoSigterm => {
            "start rqlited as the container's own process, with stopSignal SIGTERM and no signal rewritten".to_owned()
        }
        Obstacle::Count(_) => "run 3 voters or more".to_owned(),
        Obstacle::AnyFlag(_) => "write its flags out in the manifest".to_owned(),
        Obstacle::Discovery(_) => discovery(decision),
        Obstacle::FewTargets(_) => targets(decision),
        Obstacle::Expect(_) => expect(decision),
        Obstacle::UnknownRelease(image) => release(image).to_owned(),
        Obstacle::OldRelease { needed, .. } => upgrade(*needed, decision),
        Obstacle::JoinAs => {
            "name a user that may `join` and `remove` in `-join-as` or the annotation `quorate.dev/join-as`".to_owned()
        }
        Obstacle::Moving(moving) => of_moving(moving),
        Obstacle::Advised => {
            "add the flag yourself, or set `-raft-cluster-remove-shutdown=false` to decline".to_owned()
        }
    }
}

/// That release may refuse what the older one takes (`-disco-id` went with 7.0.0, `http://` in `-join` with 8.0.0).
fn upgrade(needed: Version, decision: &Decision) -> String {
    let there = |node: &Node| Launch::of(&node.container, ImageVersion::Tagged(needed)).refusal().cloned();
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

fn of_moving(moving: &Moving) -> String {
    match moving {
        Moving::NodeId { from, .. } => format!("keep the node id `{}`", clip(from)),
        Moving::Release { from, .. } => format!("stay on rqlite {}", from.major),
        Moving::Data { volume } => format!("keep the data directory on volume `{}`", clip(volume)),
        Moving::BesideClaims => "mount a claim at the data directory".to_owned(),
    }
}

fn discovery(decision: &Decision) -> String {
    match need_of(decision) {
        // Releases 7.2.0 to 8.13.5 have no DNS discovery for read-only nodes.
        Need::Pool => "name two or more voters in `-join`".to_owned(),
        Need::Nothing => "use `-disco-mode=dns` or `dns-srv`".to_owned(),
        Need::Expect(voters) => format!("use `-disco-mode=dns` or `dns-srv` with `-bootstrap-expect={voters}`"),
        Need::AnotherSet => NEW_SETS_ONLY.to_owned(),
    }
}

fn targets(decision: &Decision) -> String {
    match need_of(decision) {
        Need::Pool => "name two or more voters in `-join`".to_owned(),
        Need::Nothing => "name all members in `-join`".to_owned(),
        Need::Expect(voters) => format!("name all members in `-join`, and give `-bootstrap-expect={voters}`"),
        Need::AnotherSet => NEW_SETS_ONLY.to_owned(),
    }
}

fn expect(decision: &Decision) -> String {
    match decision.set() {
        Some(set) if decision.creates() => format!("give `-bootstrap-expect={}` as a number", set.replicas),
        Some(_) | None => NEW_SETS_ONLY.to_owned(),
    }
}

/// What joining each other takes besides a way to find each other.
enum Need {
    /// A read-only node never bootstraps.
    Pool,
    /// The launch has `-bootstrap-expect`.
    Nothing,
    /// That many voters are created, and the launch lacks it.
    Expect(u32),
    /// The voters are there without it.
    AnotherSet,
}

fn need_of(decision: &Decision) -> Need {
    match (decision.set(), decision.node()) {
        (_, Some(node)) if node.role == Role::ReadOnly => Need::Pool,
        (_, Some(node)) if bootstraps(node) => Need::Nothing,
        (Some(RqliteSet { replicas, .. }), _) if decision.creates() => Need::Expect(*replicas),
        _ => Need::AnotherSet,
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
