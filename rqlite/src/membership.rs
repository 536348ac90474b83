//! A cluster's membership as rqlited tells it over HTTP (`/nodes`, `/status`; v6 to v10), parsed; and which telling may be trusted.
//! Asks nobody: the bodies are given, and whose answer each of them is.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};

use crate::quorum::Quorum;

/// One node of the Raft configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Node id, unique in the cluster.
    pub id: String,
    /// Raft address, `host:port`.
    pub address: String,
    /// It counts for the quorum.
    pub voter: bool,
    /// It answered the node that was asked.
    pub reachable: bool,
    /// The node that was asked takes it for the leader.
    pub leader: bool,
    /// Of its rqlited, as `/nodes` tells it since 8.36.3; None: unknown, as of a node that does not answer.
    pub version: Option<String>,
}

/// A view of the membership.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    /// In the order in which they were told.
    pub members: Vec<Member>,
    /// Node id; None: leaderless.
    pub leader: Option<String>,
}

/// A body that is none of rqlited's shapes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{answer}: {problem}")]
pub struct MembershipError {
    /// `/nodes` or `/status`.
    pub answer: &'static str,
    /// What is wrong with the body.
    pub problem: String,
}

/// One node as `/nodes` lists it. Keys that nobody here reads are skipped: every release adds some.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct NodeEntry {
    pub(crate) id: Option<String>,
    pub(crate) addr: String,
    /// Not told before v8.
    pub(crate) voter: Option<bool>,
    pub(crate) reachable: bool,
    pub(crate) leader: bool,
    #[serde(deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
}

/// An empty text tells nothing.
fn told<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let version: Option<String> = Option::deserialize(deserializer)?;
    Ok(version.filter(|version| !version.is_empty()))
}

/// The bodies of `/nodes`: a list with `ver=2` (since 8.0.0), else an object keyed by node id.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listing {
    List { nodes: Vec<NodeEntry> },
    Keyed(BTreeMap<String, NodeEntry>),
}

impl Listing {
    fn parse(body: &str) -> Result<Vec<(String, NodeEntry)>, MembershipError> {
        let wrong = |problem: String| MembershipError { answer: "/nodes", problem };
        match serde_json::from_str(body) {
            Ok(Listing::Keyed(entries)) => Ok(entries.into_iter().collect()),
            Ok(Listing::List { nodes }) => {
                let named = nodes.into_iter().map(|mut entry| entry.id.take().map(|id| (id, entry)));
                named.collect::<Option<_>>().ok_or_else(|| wrong("a node has no id".to_owned()))
            }
            Err(error) if error.is_data() => Err(wrong("neither a list of nodes nor nodes by id".to_owned())),
            Err(error) => Err(wrong(error.to_string())),
        }
    }
}

impl NodeEntry {
    /// None: it has no id.
    pub(crate) fn member(mut self) -> Option<Member> {
        let id = self.id.take()?;
        // Which role a node has that does not tell is decided for the quorum's safety.
        let voter = self.voter.unwrap_or(true);
        Some(self.into_member(id, voter))
    }

    pub(crate) fn of(member: Member) -> Self {
        let Member { id, address, voter, reachable, leader, version } = member;
        NodeEntry { id: Some(id), addr: address, voter: Some(voter), reachable, leader, version }
    }

    fn into_member(self, id: String, voter: bool) -> Member {
        let NodeEntry { addr, reachable, leader, version, .. } = self;
        let version = version.filter(|version| !version.is_empty());
        Member { id, address: addr, voter, reachable, leader, version }
    }
}

/// The members that `/nodes` tells: `all` is the body of `/nodes?nonvoters`, `voters` that of `/nodes`, which is the only
/// way to tell the voters before v8. Without it, a node that does not tell its role is a voter.
///
/// ```
/// use rqlite::membership::{Membership, parse_nodes};
///
/// let body = r#"{"nodes": [
///     {"id": "db-0", "addr": "db-0.db:4002", "voter": true, "reachable": true, "leader": true, "version": "v10.2.7"},
///     {"id": "db-1", "addr": "db-1.db:4002", "voter": true, "reachable": false, "leader": false, "error": "refused"}]}"#;
/// let view = Membership::of(parse_nodes(body, None)?);
/// assert_eq!((view.leader.as_deref(), view.voters().count()), (Some("db-0"), 2));
/// # Ok::<(), rqlite::membership::MembershipError>(())
/// ```
///
/// # Errors
/// When a body is neither a list of nodes nor nodes by id, or a listed node has no id.
pub fn parse_nodes(all: &str, voters: Option<&str>) -> Result<Vec<Member>, MembershipError> {
    let voters = voters.map(Listing::parse).transpose()?;
    let voters: Option<BTreeSet<String>> = voters.map(|list| list.into_iter().map(|(id, _)| id).collect());
    let member = |(id, entry): (String, NodeEntry)| {
        let listed = voters.as_ref().is_none_or(|ids| ids.contains(&id));
        let voter = entry.voter.unwrap_or(listed);
        entry.into_member(id, voter)
    };
    Ok(Listing::parse(all)?.into_iter().map(member).collect())
}

/// Whether the body of `/nodes` tells which nodes vote. Before v8 it does not, and the voters are another request.
pub fn tells_roles(body: &str) -> bool {
    matches!(Listing::parse(body), Ok(entries) if entries.iter().all(|(_, entry)| entry.voter.is_some()))
}

/// What `/status` tells of the answering node and of its own, local idea of the membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Node id of the one that answers; None: its store is not open.
    pub node: Option<String>,
    /// Node id of the one that it takes for the leader; None: it knows of none.
    pub leader: Option<String>,
    /// Its Raft term; None: not told.
    pub term: Option<u64>,
    /// Its own configuration; nobody was asked, so only the node itself counts as reachable.
    pub members: Vec<Member>,
}

#[derive(Deserialize)]
struct StatusBody {
    store: StoreBody,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StoreBody {
    node_id: String,
    leader: LeaderBody,
    nodes: Vec<ServerBody>,
    raft: RaftBody,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LeaderBody {
    node_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ServerBody {
    id: String,
    addr: String,
    /// `Voter` up to v9, `voter` since v10.
    suffrage: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RaftBody {
    term: Option<u64>,
}

impl Status {
    /// Parses the body of `/status`.
    ///
    /// # Errors
    /// When it is no JSON, or has no `store`.
    pub fn parse(body: &str) -> Result<Self, MembershipError> {
        let StatusBody { store } = serde_json::from_str(body)
            .map_err(|error| MembershipError { answer: "/status", problem: error.to_string() })?;
        let named = |id: String| (!id.is_empty()).then_some(id);
        let leader = named(store.leader.node_id);
        let members = store.nodes.into_iter().map(|server| Member {
            voter: !server.suffrage.eq_ignore_ascii_case("nonvoter"),
            reachable: server.id == store.node_id,
            leader: leader.as_ref() == Some(&server.id),
            id: server.id,
            address: server.addr,
            version: None,
        });
        Ok(Status { members: members.collect(), node: named(store.node_id), leader, term: store.raft.term })
    }
}

impl Membership {
    /// The view that these members give; two leaders are none.
    pub fn of(members: Vec<Member>) -> Self {
        let leader = only_leader(&members).map(|leader| leader.id.clone());
        Membership { members, leader }
    }

    /// What no cluster looks like is no view: one without voters, or one that a node without a vote leads.
    pub fn usable(self) -> Option<Self> {
        let led = self.leader.as_ref().is_none_or(|leader| self.voters().any(|voter| voter.id == *leader));
        (led && self.voters().next().is_some()).then_some(self)
    }

    /// Those that count for the quorum, reachable or not.
    pub fn voters(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.voter)
    }

    /// Reachable voters above the quorum; negative: too few.
    fn tolerance(&self) -> i64 {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let quorum = Quorum {
            voters: count(self.voters().count()),
            reachable: count(self.voters().filter(|voter| voter.reachable).count()),
        };
        i64::from(quorum.reachable) - i64::from(quorum.quorum_size())
    }

    /// Whether a node of this id is a member, voter or not.
    pub fn contains(&self, id: &str) -> bool {
        self.members.iter().any(|member| member.id == id)
    }
}

/// What one node answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeAnswer {
    /// Node id of the one that answered.
    pub node: String,
    /// Its Raft term, where `/status` told it.
    pub term: Option<u64>,
    /// As the answer lists them.
    pub members: Vec<Member>,
}

/// The view to go by, of several answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    /// Its leader is one that leads: see [`trusted`].
    pub membership: Membership,
    /// Node id of the one whose answer it is.
    pub from: String,
    /// Two nodes were named leader, or a voter knows of none whom the leader's view does not list. The membership is then that of the highest term, and leaderless: nothing risky may rest on it.
    pub conflict: bool,
}

/// The view that may be trusted. An answer counts only if it lists the node that gave it: a node that was removed answers 200 with the list
/// it last knew. Preferred are a leader's own answer, then the highest term; without a leader and in one term the list with the most voters
/// above its quorum, since a node that lags behind still lists who has removed itself, and a loss is none before all lists tell of it.
///
/// It is led if it names a leader that leads. One that answered or is one of `own` (it was to be asked) does so by its own answer alone:
/// followers go on naming a leader that has died for as long as they wait for its next word, and growth in that second gave blank nodes
/// a cluster of their own (measured on rqlited 9.4.5). Who is named still counts for who is in touch with whom.
///
/// A node that names no leader and lists itself as voter, beside a leader's view that does not know it, is a conflict, as two leaders are:
/// blank nodes may have founded a second cluster, and it may hold the data (measured on rqlited 10.2.7).
///
/// A node that answered itself and names the same leader, or as well none, is reachable, whatever another one tells of it: rqlited 8 and 9
/// tell once of each node that has restarted that it cannot be reached, since they write into a connection of its last life (measured on
/// 8.43.4 and 9.4.5). None: nobody who may be trusted answered.
pub fn trusted(answers: &[NodeAnswer], own: impl Fn(&Member) -> bool) -> Option<Trusted> {
    let views: Vec<View<'_>> = answers.iter().filter_map(|answer| View::of(answer, answers, &own)).collect();
    let is_led = views.iter().any(|view| view.leads);
    let (led, others): (Vec<_>, Vec<_>) =
        views.into_iter().partition(|view| if is_led { view.leads } else { view.membership.leader.is_some() });
    let leaders: BTreeSet<&Option<String>> = led.iter().map(|view| &view.membership.leader).collect();
    let known = |node: &str| led.iter().any(|view| view.membership.contains(node));
    let unknown = others.iter().any(|view| view.votes() && !known(&view.answer.node));
    let conflict = leaders.len() > 1 || (!led.is_empty() && unknown);
    let candidates = if led.is_empty() { others } else { led };
    let best = candidates.into_iter().max_by_key(|view| {
        let own = view.membership.leader.as_deref() == Some(view.answer.node.as_str());
        (own && !conflict, view.answer.term, own, view.membership.tolerance())
    });
    best.map(|View { answer, leads, membership }| {
        let leader = membership.leader.filter(|_| leads && !conflict);
        Trusted { membership: Membership { leader, ..membership }, from: answer.node.clone(), conflict }
    })
}

/// One answer beside the others.
struct View<'a> {
    answer: &'a NodeAnswer,
    /// With the leader that it names.
    membership: Membership,
    /// That one may be taken for it.
    leads: bool,
}

impl<'a> View<'a> {
    fn of(answer: &'a NodeAnswer, answers: &[NodeAnswer], own: impl Fn(&Member) -> bool) -> Option<Self> {
        let mut membership = Membership::of(answer.members.clone()).usable().filter(|_| answer.lists_itself())?;
        let named = only_leader(&answer.members);
        let leads = named.is_some_and(|named| match answers.iter().find(|answer| answer.node == named.id) {
            Some(itself) => only_leader(&itself.members).is_some_and(|leader| leader.id == named.id),
            None => !own(named),
        });
        let named = named.map(|named| &named.id);
        let in_touch =
            |other: &NodeAnswer| other.lists_itself() && only_leader(&other.members).map(|leader| &leader.id) == named;
        for member in membership.members.iter_mut().filter(|member| !member.reachable) {
            member.reachable = answers.iter().any(|other| other.node == member.id && in_touch(other));
        }
        Some(Self { answer, membership, leads })
    }

    fn votes(&self) -> bool {
        self.membership.voters().any(|voter| voter.id == self.answer.node)
    }
}

/// The one that is named leader; two are none.
fn only_leader(members: &[Member]) -> Option<&Member> {
    let mut leaders = members.iter().filter(|member| member.leader);
    match (leaders.next(), leaders.next()) {
        (Some(only), None) => Some(only),
        (None | Some(_), _) => None,
    }
}

impl NodeAnswer {
    /// One that was removed does not.
    fn lists_itself(&self) -> bool {
        self.members.iter().any(|member| member.id == self.node)
    }
}
