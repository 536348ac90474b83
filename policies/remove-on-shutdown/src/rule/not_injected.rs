//! Names the condition that keeps `-raft-cluster-remove-shutdown=true` out of a set.
//! Of sets whose authors give the flag themselves, only that rqlited refuses the launch.

use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::bootstrap::Expect;
use rqlite::discovery::Discovery;
use rqlite::launch::NoInsertion;
use rqlite::value::{Value, clip};
use rqlite::version::Version;

use crate::decision::Decision;
use crate::flag_request::FlagRequest;
use crate::obstacle::{AUTH, FEWEST_VOTERS, FLAG, FlagObstacle};
use crate::remedy;

/// ## What it says
/// The first condition that fails. It is said at a creation, and with an update that changes the pod template: if another condition
/// fails than for the old object, if the flag is taken out, or if rqlited does not start. A node that removed itself
/// must come back by itself, so the flag is injected only where all of these hold:
///
/// - exactly one container runs rqlite, its launch takes a flag, and a shell script in it starts rqlited with `exec`;
/// - rqlited does not refuse the command line as it is; where it does, this rule says what rqlited says and its exit code;
/// - an image of one's own has a command or args: a flag would take the place of its CMD;
/// - the set has three or more voters, or is a read-only pool;
/// - nodes find each other by `-disco-mode=dns` or `dns-srv`, or by a `-join` list with two other members and a
///   `-bootstrap-expect` above 0;
/// - the image names a release: 7.18.2 or later with DNS, 7.20.1 with `-join`, 7.17.0 for read-only nodes, 8.0.0 with `-auth`;
/// - `-auth` has its `-join-as`, whose user may `join` and `remove`; `*` is no user;
/// - the flag is not given: `-raft-cluster-remove-shutdown=false` is the author's decision;
/// - the update changes neither the node id, nor takes the data off its volume, nor goes back to an older major release, and the data
///   lies on a claim where the set has claim templates: a node that removes itself removes the id that it has by then;
/// - the setting `persistentVoters` is `inject`, or the data does not outlive the pod.
///
/// Where the flag was injected before, and the new discovery, release or launch does not allow it, it is taken out with that
/// update. Fewer than three voters alone do not take it out: see `injected`.
/// ## Why
/// With Consul or etcd, without discovery, or with one join target, a node that removed itself stays out for good: its
/// `/readyz` answers 503 and a rolling update stops at it (rqlite/rqlite `cmd/rqlited/main.go`, `createCluster`; measured on
/// rqlited 8.43.4, 9.4.5 and 10.2.7). Before 8.0.0 a node sends no credentials when it removes itself. With two voters, one
/// that dies while the other is being stopped leaves a cluster that never elects again, even with both disks back.
/// ## Example
/// ```yaml
/// args: ["-disco-mode=consul-kv", "-disco-config={\"address\":\"consul:8500\"}"]
/// ```
/// ## Instead
/// ```yaml
/// args: ["-disco-mode=dns", "-disco-config={\"name\":\"rqlite-headless\"}", "-bootstrap-expect=3"]
/// ```
/// Or say that the flag is not wanted, with `-raft-cluster-remove-shutdown=false`.
/// ## When the value is unknown
/// A release, discovery, flag value or argument that the manifest does not tell fails its condition: nothing is injected without certainty.
/// A floating tag (`latest`, none) counts as the newest release that Quorate knows. Whether a PodDisruptionBudget stands
/// beside the set cannot be seen from it, and nothing is said of it.
pub(crate) const RULE: Rule = Rule::new(
    "not-injected",
    "names the condition that keeps -raft-cluster-remove-shutdown=true out of a set",
    Severity::Low,
    Judges::Object,
);

pub(crate) fn evaluate(decision: &Decision) -> Option<Finding> {
    let FlagRequest::Blocked(obstacle) = &decision.request else { return None };
    if !decision.template_changes() || decision.told_before(obstacle) {
        return None;
    }
    let message = match verb(obstacle, decision) {
        Some(verb) => format!("{}; `-raft-cluster-remove-shutdown=true` is {verb}", found(obstacle)),
        None => found(obstacle),
    };
    Some(RULE.warn(message).field(decision.path_of(obstacle)).remedy(remedy::of(obstacle, decision)))
}

/// What becomes of the flag; None where its author gives it, and rqlited does not start.
fn verb(obstacle: &FlagObstacle, decision: &Decision) -> Option<&'static str> {
    let given = decision.node().is_some_and(|node| node.shutdown.remove.is_some());
    if decision.listed {
        return Some("taken out again");
    }
    (!given || obstacle.refusal().is_none()).then_some("not injected")
}

/// What was found, and why it matters.
pub(crate) fn found(obstacle: &FlagObstacle) -> String {
    match obstacle {
        FlagObstacle::NotRqlite => "no container runs rqlite any more".to_owned(),
        FlagObstacle::Containers(count) => format!("{count} containers run rqlite"),
        FlagObstacle::Declined(text) => format!("`{}` is its author's word", clip(text)),
        FlagObstacle::Hidden(text) => {
            format!("`{}` is given already, with a value that the manifest does not tell", clip(text))
        }
        FlagObstacle::Refused(error) => error.exit(),
        // Of the command line as it is nothing is refused: that would be said in rqlited's words.
        FlagObstacle::Launch(NoInsertion::Refused) => {
            "one more flag would change how rqlited reads the others".to_owned()
        }
        FlagObstacle::Launch(reason) => reason.to_string(),
        FlagObstacle::NeverForms => {
            "OrderedReady waits for each pod to be ready, and `/readyz` for a leader: the set never forms".to_owned()
        }
        FlagObstacle::NoSigterm => "SIGTERM does not reach rqlited through its launch".to_owned(),
        FlagObstacle::Template(reason) => reason.clone(),
        FlagObstacle::Count(count) => too_few(*count),
        FlagObstacle::AnyFlag(text) => format!("`{}` may hold any flag", clip(text)),
        FlagObstacle::Discovery(discovery) => without_return(discovery),
        FlagObstacle::FewTargets(count) => {
            format!(
                "`-join` names {count} other member{}, and a node that removed itself needs 2 to come back by",
                plural(*count)
            )
        }
        FlagObstacle::Expect(None) => {
            "`-join` without `-bootstrap-expect`: a node that removed itself may not come back".to_owned()
        }
        FlagObstacle::Expect(Some(expect)) => without_expect(expect),
        FlagObstacle::UnknownRelease(image) => format!("the release in image `{}` is not known", clip(image)),
        FlagObstacle::OldRelease { found, needed } => {
            format!("rqlite {found} is older than {needed}, {}", novelty(*needed))
        }
        FlagObstacle::JoinAs => "`-auth` without a user in `-join-as`: a node has none to remove itself as".to_owned(),
        FlagObstacle::IdentityChange(change) => change.to_string(),
        FlagObstacle::Advised => "the voters' data outlives their pods, and `persistentVoters` is `advise`".to_owned(),
    }
}

fn too_few(count: u32) -> String {
    match count {
        2 => "replicas 2: two voters that remove themselves can lock each other out".to_owned(),
        1 => "replicas 1: the last voter cannot remove itself".to_owned(),
        count => format!("replicas {count}, and the flag is for {FEWEST_VOTERS} voters or more"),
    }
}

fn without_return(discovery: &Discovery) -> String {
    match discovery {
        Discovery::ConsulKv => "`-disco-mode=consul-kv`: a node that removed itself never comes back".to_owned(),
        Discovery::EtcdKv => "`-disco-mode=etcd-kv`: a node that removed itself never comes back".to_owned(),
        Discovery::None => "neither `-disco-mode` nor `-join`: a node that removed itself never comes back".to_owned(),
        Discovery::Dns | Discovery::DnsSrv | Discovery::Join { .. } | Discovery::Unreadable => {
            "the manifest does not tell how nodes find each other".to_owned()
        }
    }
}

fn without_expect(expect: &Expect) -> String {
    let text = clip(&expect.text);
    match &expect.value {
        Value::Known(_) => format!("`-join` with `{text}`: a node that removed itself may not come back"),
        Value::Deferred(source) => {
            format!("`-join` with `{text}`, whose value comes from {}", clip(&source.to_string()))
        }
        Value::Malformed(_) => format!("`{text}` is no number"),
    }
}

/// What that release was the first to have.
fn novelty(release: Version) -> &'static str {
    match release {
        FLAG => "the first with the flag",
        AUTH => "the first whose nodes send credentials when they remove themselves",
        _ => "the first whose nodes come back after removing themselves",
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
