//! Who is a member of a set's cluster right now: all its nodes asked at once, and of what they tell the one view that may be trusted.
//! Never a view that was had before: only who voted in the last one is remembered, for when none can be had.

mod access;
mod ask;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use rqlite::change::looks_like_pod_of;
use rqlite::facts::{Facts, ViewOrigin};
use rqlite::membership::{Member, Membership, NodeAnswer, trusted};
use tokio::time::Instant;
use tracing::debug;

pub use self::access::RqliteAccess;
pub use self::ask::LARGEST_ANSWER;
pub(crate) use self::ask::{Direct, NodeTarget, NodeTransport, Proxied};

/// For all nodes together. A healthy one answers within milliseconds, also about another that does not.
pub const LOOKUP_TIMEOUT: Duration = Duration::from_millis(800);

/// Nodes of one set that are asked; more than any cluster has members.
pub const MAX_NODES_ASKED: usize = 64;

/// Sets; no cluster has so many.
const MAX_REMEMBERED_SETS: usize = 10_000;

/// Asks, and remembers who voted. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Memberships {
    access: Arc<[RqliteAccess]>,
    last: Arc<Mutex<HashMap<SetKey, LastVoters>>>,
    pub(crate) looks: MembershipMetrics,
}

/// A StatefulSet by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SetKey {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// Who voted in the last trusted view of a set.
#[derive(Debug, Clone)]
pub(crate) struct LastVoters {
    /// Of the StatefulSet: another one of that name starts anew.
    uid: Option<String>,
    asked: Instant,
    pub(crate) voters: Vec<String>,
}

impl LastVoters {
    /// Since they were asked for.
    pub(crate) fn age_milliseconds(&self) -> u64 {
        milliseconds(self.asked.elapsed())
    }
}

/// What came of a look.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MembershipLookup {
    Seen {
        membership: Membership,
        seen: ViewOrigin,
    },
    /// Why there is no view.
    Unseen(String),
}

impl MembershipLookup {
    /// Facts of the membership alone.
    pub(crate) fn into_facts(self) -> Facts {
        match self {
            Self::Seen { membership, seen } => {
                Facts { membership: Some(membership), seen: Some(seen), ..Facts::default() }
            }
            Self::Unseen(why) => Facts { unseen: Some(why), ..Facts::default() },
        }
    }
}

/// How looks ended: `led`, `leaderless` or `none`.
#[derive(Debug, Clone, Default)]
pub(crate) struct MembershipMetrics(pub(crate) Family<ViewLabel, Counter>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ViewLabel {
    view: &'static str,
}

impl Memberships {
    pub(crate) fn new(access: Vec<RqliteAccess>) -> Self {
        Self { access: access.into(), last: Arc::default(), looks: MembershipMetrics::default() }
    }

    /// How the nodes of a set are asked.
    pub(crate) fn access(&self, key: &SetKey) -> Option<&RqliteAccess> {
        RqliteAccess::of(&self.access, &key.namespace, &key.name)
    }

    /// Asks all nodes of the set at once, and remembers who votes.
    pub(crate) async fn look<W: NodeTransport>(
        &self,
        key: &SetKey,
        uid: Option<&str>,
        nodes: &[NodeTarget<W>],
        budget: Duration,
    ) -> MembershipLookup {
        let asked = Instant::now();
        let looked = look(&key.name, nodes, budget.min(LOOKUP_TIMEOUT)).await;
        debug!(?key, ?looked, "membership looked at");
        self.looks.count(&looked);
        if let MembershipLookup::Seen { membership, .. } = &looked
            && membership.leader.is_some()
        {
            let voters = membership.voters().map(|voter| voter.id.clone()).collect();
            self.remember(key, LastVoters { uid: uid.map(str::to_owned), asked, voters });
        }
        looked
    }

    fn remember(&self, key: &SetKey, voters: LastVoters) {
        let mut last = self.last();
        // What is remembered only ever makes a verdict stricter: losing it all is safe.
        if last.len() >= MAX_REMEMBERED_SETS {
            last.clear();
        }
        // A look that was asked earlier may end later.
        let is_newer = |last: &LastVoters| last.uid == voters.uid && last.asked > voters.asked;
        if !last.get(key).is_some_and(is_newer) {
            last.insert(key.clone(), voters);
        }
    }

    /// The voters of the last led view of this set; of one whose uid is not known, of any set of its name.
    pub(crate) fn last_voters(&self, key: &SetKey, uid: Option<&str>) -> Option<LastVoters> {
        let last = self.last();
        let last = last.get(key)?;
        let same = uid.is_none() || last.uid.is_none() || last.uid.as_deref() == uid;
        same.then(|| last.clone())
    }

    fn last(&self) -> MutexGuard<'_, HashMap<SetKey, LastVoters>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks all nodes of the set that have an address at once, within `budget`. A view is as old as the question.
pub(crate) async fn look<W: NodeTransport>(set: &str, nodes: &[NodeTarget<W>], budget: Duration) -> MembershipLookup {
    let started = Instant::now();
    let reached = nodes.iter().filter_map(|node| Some((node, node.transport.as_ref()?)));
    let asked: Vec<(&NodeTarget<W>, &W)> = reached.take(MAX_NODES_ASKED).collect();
    let said = join_all(asked.iter().map(|(node, way)| ask::ask(*way, node.node.as_ref(), budget))).await;
    let mut failures = Vec::new();
    let mut answers = Vec::new();
    for ((node, _), said) in asked.iter().zip(said) {
        match said {
            Ok(answer) => answers.push(answer),
            Err(error) => failures.push(format!("{}: {error}", node.pod)),
        }
    }
    // Of more than are asked, any may lead unasked.
    let all_asked = nodes.iter().filter(|node| node.transport.is_some()).count() == asked.len();
    match trusted(&answers, |member| all_asked && is_own(set, nodes, member)) {
        Some(view) => {
            let age_milliseconds = milliseconds(started.elapsed());
            MembershipLookup::Seen {
                membership: view.membership,
                seen: ViewOrigin { age_milliseconds, from: view.from },
            }
        }
        None => MembershipLookup::Unseen(why(&failures, &answers)),
    }
}

/// A member is one of the set's pods, by its node id or the host of its Raft address; its pod may be gone.
fn is_own<W>(set: &str, nodes: &[NodeTarget<W>], member: &Member) -> bool {
    let host = member.address.split(['.', ':']).next().unwrap_or_default();
    let names = [member.id.as_str(), host];
    let is_known = |name: &&str| nodes.iter().any(|node| node.node.as_deref() == Some(*name) || node.pod == **name);
    // Node ids are the pods' names where nobody chose others.
    names.iter().any(|name| is_known(name) || looks_like_pod_of(set, name))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The first failure stands for all: they are mostly alike, and a message is one line.
fn why(failures: &[String], answers: &[NodeAnswer]) -> String {
    match (failures, answers) {
        ([], []) => "no pod of the set has an address".to_owned(),
        ([only], _) => only.clone(),
        ([first, rest @ ..], _) => format!("{first}, and {} more", rest.len()),
        ([], [first, ..]) => format!("{} is in no membership that it tells", first.node),
    }
}

impl MembershipMetrics {
    fn count(&self, looked: &MembershipLookup) {
        let view = match looked {
            MembershipLookup::Seen { membership, .. } if membership.leader.is_some() => "led",
            MembershipLookup::Seen { .. } => "leaderless",
            MembershipLookup::Unseen(_) => "none",
        };
        self.0.get_or_create(&ViewLabel { view }).inc();
    }
}
