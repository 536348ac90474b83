//! The conditions under which a node that removed itself comes back by itself, and which of them a set fails.
//! Not what follows from a failed one: that is in `flag_request`.
//!
//! Measured with rolling restarts of three nodes of rqlited 8.43.4, 9.4.5 and 10.2.7; releases from rqlite's CHANGELOG.

use std::collections::BTreeMap;

use kubernetes::manifest::Metadata;
use rqlite::bootstrap::Expect;
use rqlite::cluster::{Node, RqliteSet};
use rqlite::discovery::Discovery;
use rqlite::flag::{CommandLine, UsageError};
use rqlite::launch::{Insertion, NoInsertion};
use rqlite::role::Role;
use rqlite::value::Value;
use rqlite::version::Version;

use crate::identity_change::IdentityChange;

/// A condition that fails, with what was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FlagObstacle {
    /// No container runs rqlite (any more).
    NotRqlite,
    /// rqlited does not start with the launch; what it says.
    Refused(UsageError),
    /// That many containers run rqlite.
    Containers(usize),
    /// `-raft-cluster-remove-shutdown=false`, as written.
    Declined(String),
    /// The flag is given, with a value that cannot be read.
    Hidden(String),
    Launch(NoInsertion),
    /// SIGTERM does not come to rqlited, so it would not remove itself.
    NoSigterm,
    /// Its pods start one after the other, and are ready only with a leader that the first one never has.
    NeverForms,
    /// The pod template has no place for it; why.
    Template(String),
    /// Fewer voters than three.
    Count(u32),
    /// An argument that may hold any flag, as written.
    AnyFlag(String),
    Discovery(Discovery),
    /// `-join` names that many other members.
    FewTargets(usize),
    /// `-join` without a `-bootstrap-expect` above 0 that the manifest tells.
    Expect(Option<Expect>),
    /// The image names no release; the reference.
    UnknownRelease(String),
    OldRelease {
        found: Version,
        needed: Version,
    },
    /// `-auth` without a user in `-join-as`.
    JoinAs,
    /// The setting `persistentVoters: advise`.
    Advised,
    /// Who the nodes are, or what they have, does not stay.
    IdentityChange(IdentityChange),
}

/// The fewest voters that lose one and still have a quorum.
pub(crate) const FEWEST_VOTERS: u32 = 3;

/// The first release with the flag.
pub(crate) const FLAG: Version = Version::new(7, 17, 0);
/// The first whose nodes ask DNS again although they have state (rqlite PR 1274).
const DNS: Version = Version::new(7, 18, 2);
/// The same for `-join` with `-bootstrap-expect` (rqlite PR 1291).
const JOIN: Version = Version::new(7, 20, 1);
/// The first whose nodes send credentials when they remove themselves.
pub(crate) const AUTH: Version = Version::new(8, 0, 0);

impl FlagObstacle {
    /// A failing condition that does not end an injection that was made: it says nothing about whether nodes come back.
    pub(crate) fn lets_stay(&self) -> bool {
        matches!(self, FlagObstacle::Count(_) | FlagObstacle::NeverForms | FlagObstacle::IdentityChange(_))
    }

    /// Whether its reader learns nothing new. That rqlited does not start is told each time.
    pub(crate) fn is_same_reason(&self, old: &FlagObstacle) -> bool {
        match (self, old) {
            (FlagObstacle::Refused(_), _) => false,
            (FlagObstacle::Declined(_), FlagObstacle::Declined(_))
            | (FlagObstacle::AnyFlag(_), FlagObstacle::AnyFlag(_))
            | (FlagObstacle::UnknownRelease(_), FlagObstacle::UnknownRelease(_)) => true,
            (FlagObstacle::OldRelease { needed, .. }, FlagObstacle::OldRelease { needed: before, .. }) => {
                needed == before
            }
            _ => self == old,
        }
    }

    pub(crate) fn refusal(&self) -> Option<&UsageError> {
        if let FlagObstacle::Refused(error) = self { Some(error) } else { None }
    }

    /// The flag whose place in the manifest shows it.
    pub(crate) fn flag(&self) -> Option<&'static str> {
        match self {
            FlagObstacle::Declined(_) | FlagObstacle::Hidden(_) => Some("raft-cluster-remove-shutdown"),
            FlagObstacle::Discovery(Discovery::ConsulKv | Discovery::EtcdKv) => Some("disco-mode"),
            FlagObstacle::FewTargets(_) => Some("join"),
            FlagObstacle::Expect(_) => Some("bootstrap-expect"),
            FlagObstacle::JoinAs => Some("auth"),
            FlagObstacle::NotRqlite
            | FlagObstacle::Refused(_)
            | FlagObstacle::Containers(_)
            | FlagObstacle::Launch(_)
            | FlagObstacle::NoSigterm
            | FlagObstacle::NeverForms
            | FlagObstacle::Template(_)
            | FlagObstacle::Count(_)
            | FlagObstacle::AnyFlag(_)
            | FlagObstacle::Discovery(_)
            | FlagObstacle::UnknownRelease(_)
            | FlagObstacle::OldRelease { .. }
            | FlagObstacle::Advised
            | FlagObstacle::IdentityChange(_) => None,
        }
    }
}

/// The failing conditions of a node that is given nothing itself, in the order in which they are told.
pub(crate) fn all(set: &RqliteSet, node: &Node, metadata: &Metadata, place: &FlagPlace) -> Vec<FlagObstacle> {
    // What the script hides, discovery among it, is no second reason.
    if let Some(launch) = launch(node, place) {
        return vec![launch];
    }
    // The release comes first: an older one may not have the discovery that is asked for.
    [count(set), any_flag(node), release(node), discovery(set, node, metadata), join_as(node), token(place)]
        .into_iter()
        .flatten()
        .collect()
}

/// Where the launch takes the flag.
pub(crate) type FlagPlace = Result<Insertion, NoInsertion>;

/// Whoever gave the flag: rqlited does not start.
pub(crate) fn refused(node: &Node, place: &FlagPlace) -> Option<FlagObstacle> {
    launch(node, place).filter(|obstacle| obstacle.refusal().is_some())
}

/// Of a launch that takes a flag, but not this one, see [`token`].
fn launch(node: &Node, place: &FlagPlace) -> Option<FlagObstacle> {
    let line = node.launch.line.as_ref();
    match place {
        Err(NoInsertion::Refused) if !line.is_some_and(CommandLine::parses) => {
            let said = line.and_then(|line| line.error.clone());
            Some(said.map_or(FlagObstacle::Launch(NoInsertion::Refused), FlagObstacle::Refused))
        }
        Ok(_) | Err(NoInsertion::Refused) => match node.launch.refusal() {
            Some(refusal) => Some(FlagObstacle::Refused(refusal.clone())),
            None => (!node.shutdown.sigterm_arrives).then_some(FlagObstacle::NoSigterm),
        },
        Err(reason) => Some(FlagObstacle::Launch(*reason)),
    }
}

fn count(set: &RqliteSet) -> Option<FlagObstacle> {
    (set.role() == Role::Voter && set.replicas < FEWEST_VOTERS).then_some(FlagObstacle::Count(set.replicas))
}

fn any_flag(node: &Node) -> Option<FlagObstacle> {
    let line = node.launch.line.as_ref()?;
    line.unreadable_flag().map(|flag| FlagObstacle::AnyFlag(line.spelling(flag)))
}

fn discovery(set: &RqliteSet, node: &Node, metadata: &Metadata) -> Option<FlagObstacle> {
    match &node.discovery {
        Discovery::Dns | Discovery::DnsSrv => None,
        Discovery::Join { targets } => {
            let others = others(set, targets, metadata.name.as_deref().unwrap_or_default());
            if others < 2 { Some(FlagObstacle::FewTargets(others)) } else { expect(node) }
        }
        other @ (Discovery::ConsulKv | Discovery::EtcdKv | Discovery::None | Discovery::Unreadable) => {
            Some(FlagObstacle::Discovery(other.clone()))
        }
    }
}

/// A read-only node never bootstraps: it asks its targets at every start.
fn expect(node: &Node) -> Option<FlagObstacle> {
    let bootstraps = |expect: &Expect| expect.value.known().is_some_and(|value| *value > 0);
    let given = node.role == Role::ReadOnly || node.expect.as_ref().is_some_and(bootstraps);
    (!given).then(|| FlagObstacle::Expect(node.expect.clone()))
}

/// How many targets a pod has beside itself, for the pod that has fewest. Counted by targets: a set may ask for two billion pods.
fn others(set: &RqliteSet, targets: &[String], name: &str) -> usize {
    let mut own: BTreeMap<u32, usize> = BTreeMap::new();
    let mut all = 0_usize;
    for host in targets.iter().map(|target| host(target)).filter(|host| !host.is_empty()) {
        all += 1;
        if let Some(ordinal) = pod_of(set, name, host) {
            *own.entry(ordinal).or_default() += 1;
        }
    }
    all - own.into_values().max().unwrap_or_default()
}

/// The ordinal of the set's pod that is called like that.
fn pod_of(set: &RqliteSet, name: &str, host: &str) -> Option<u32> {
    let ordinal: u32 = host.strip_prefix(name)?.strip_prefix('-')?.parse().ok()?;
    (set.ordinals().contains(&ordinal) && host.ends_with(&format!("-{ordinal}"))).then_some(ordinal)
}

/// `rqlite-0` of `http://rqlite-0.rqlite.db.svc:4002`.
fn host(target: &str) -> &str {
    let address = target.split_once("://").map_or(target, |(_, address)| address).trim();
    address.split(['.', ':', '/']).next().unwrap_or_default()
}

fn release(node: &Node) -> Option<FlagObstacle> {
    let Some(found) = node.version.release() else {
        return Some(FlagObstacle::UnknownRelease(node.container.image.clone().unwrap_or_default()));
    };
    let by_role = match (&node.discovery, node.role) {
        (_, Role::ReadOnly) => FLAG,
        (Discovery::Join { .. }, Role::Voter) => JOIN,
        (_, Role::Voter) => DNS,
    };
    let needed = if given(node, "auth") { by_role.max(AUTH) } else { by_role };
    (found < needed).then_some(FlagObstacle::OldRelease { found, needed })
}

/// `*` stands for everybody who has no name: nobody that a node could remove itself as.
fn join_as(node: &Node) -> Option<FlagObstacle> {
    let user = node.launch.line.as_ref().and_then(|line| line.text("join-as"));
    let nobody = user.is_none_or(|user| matches!(user.known().map(String::as_str), Some("" | "*")));
    (given(node, "auth") && nobody).then_some(FlagObstacle::JoinAs)
}

/// The launch takes a flag, but not this one.
fn token(place: &FlagPlace) -> Option<FlagObstacle> {
    place.as_ref().err().map(|reason| FlagObstacle::Launch(*reason))
}

/// Not empty, as far as the manifest tells.
fn given(node: &Node, flag: &str) -> bool {
    let text = node.launch.line.as_ref().and_then(|line| line.text(flag));
    text.is_some_and(|text| !matches!(text, Value::Known(text) if text.is_empty()))
}
