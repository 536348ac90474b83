//! What a server might know of a set: views of the membership, pods, claims, memory. By index from the first ordinal, so that they shrink
//! with the set. Generates and renders; knows nothing of what follows from it.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::set::{NAME, Set, TEMPLATE};

/// How one node stands in the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    Unlisted,
    Voter,
    DeadVoter,
    NonVoter,
    DeadNonVoter,
}

/// How one pod is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pod {
    Missing,
    Ready,
    NotReady,
    /// Nothing is known of its readiness.
    Unknown,
    Terminating,
    /// It is there, and its rqlited does not run.
    Stopped,
}

/// How one claim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    Missing,
    Pending,
    Bound,
}

/// The membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// By index from the set's first ordinal.
    pub nodes: Vec<Node>,
    /// Voters that are no pod of the set, and whether they answer.
    pub foreign: Vec<bool>,
    /// The first voter that answers leads.
    pub led: bool,
}

/// All of it; None is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub view: Option<View>,
    pub pods: Option<Vec<Pod>>,
    pub claims: Option<Vec<Claim>>,
    /// Indexes of the last voters.
    pub last: Option<Vec<usize>>,
    pub ever_ready: Option<bool>,
    pub owners: bool,
    /// The pods say whether they remove themselves; None: unknown.
    pub removal: Option<bool>,
}

impl Facts {
    pub const NONE: Facts =
        Facts { view: None, pods: None, claims: None, last: None, ever_ready: None, owners: false, removal: None };

    /// The JSON, for that set.
    pub fn json(&self, set: &Set) -> Value {
        let mut facts = json!({ "version": 1, "now": "2026-11-22T10:00:00Z" });
        if let Some(view) = &self.view {
            let (members, leader) = view.json(set);
            facts["membership"] = members;
            facts["leader"] = leader;
        }
        if let Some(pods) = &self.pods {
            let pods = pods.iter().enumerate().filter_map(|(index, pod)| self.pod(set, index, *pod));
            facts["pods"] = json!(pods.collect::<Vec<_>>());
        }
        if let Some(claims) = &self.claims {
            let claims = claims.iter().enumerate().filter(|(_, claim)| **claim != Claim::Missing).map(|(index, claim)| {
                json!({ "name": format!("{TEMPLATE}-{}", set.pod(index)), "bound": *claim == Claim::Bound })
            });
            facts["pvcs"] = json!(claims.collect::<Vec<_>>());
        }
        if let Some(last) = &self.last {
            facts["lastVoters"] = json!(last.iter().map(|index| set.pod(*index)).collect::<Vec<_>>());
        }
        if let Some(ready) = self.ever_ready {
            facts["everReady"] = json!(ready);
        }
        if self.owners {
            facts["owners"] = json!(["o-1"]);
        }
        facts
    }

    fn pod(&self, set: &Set, index: usize, pod: Pod) -> Option<Value> {
        let name = set.pod(index);
        let mut value = match pod {
            Pod::Missing => return None,
            Pod::Ready => json!({ "ready": true, "terminating": false }),
            Pod::NotReady => json!({ "ready": false, "terminating": false }),
            Pod::Unknown => json!({ "terminating": false }),
            Pod::Terminating => json!({ "ready": true, "terminating": true }),
            Pod::Stopped if knows("running") => json!({ "ready": false, "running": false, "terminating": false }),
            Pod::Stopped => json!({ "ready": false, "terminating": false }),
        };
        value["name"] = json!(name);
        value["nodeId"] = json!(name);
        if let Some(removal) = self.removal {
            value["removeOnShutdown"] = json!(removal);
        }
        Some(value)
    }
}

impl View {
    fn json(&self, set: &Set) -> (Value, Value) {
        let mut members = Vec::new();
        let mut leader = Value::Null;
        let mut member = |id: String, voter: bool, reachable: bool| {
            let leads = self.led && voter && reachable && leader.is_null();
            if leads {
                leader = json!(id);
            }
            members.push(json!({
                "id": id, "addr": format!("{id}.{NAME}-internal:4002"), "voter": voter, "reachable": reachable, "leader": leads,
            }));
        };
        for (index, node) in self.nodes.iter().enumerate() {
            match node {
                Node::Unlisted => {}
                Node::Voter => member(set.pod(index), true, true),
                Node::DeadVoter => member(set.pod(index), true, false),
                Node::NonVoter => member(set.pod(index), false, true),
                Node::DeadNonVoter => member(set.pod(index), false, false),
            }
        }
        for (index, reachable) in self.foreign.iter().enumerate() {
            member(format!("other-{index}"), true, *reachable);
        }
        (json!(members), leader)
    }

    /// A voter that answers is in it: only then can it be led, or be a view.
    pub fn answers(&self) -> bool {
        self.nodes.contains(&Node::Voter) || self.foreign.contains(&true)
    }

    pub fn is_led(&self) -> bool {
        self.led && self.answers()
    }

    pub fn voters(&self) -> usize {
        let own = self.nodes.iter().filter(|node| matches!(node, Node::Voter | Node::DeadVoter)).count();
        own + self.foreign.len()
    }

    pub fn reachable(&self) -> usize {
        let own = self.nodes.iter().filter(|node| **node == Node::Voter).count();
        own + self.foreign.iter().filter(|reachable| **reachable).count()
    }
}

/// Whether this build's facts have a key of pods that older ones refuse.
fn knows(key: &str) -> bool {
    let facts = json!({ "version": 1, "pods": [{ "name": "a-0", key: false }] });
    rqlite::facts::Facts::parse(&facts.to_string()).is_ok()
}

fn node(own: bool) -> BoxedStrategy<Node> {
    if own {
        prop_oneof![12 => Just(Node::Voter), 3 => Just(Node::DeadVoter), 1 => Just(Node::Unlisted), 1 => Just(Node::NonVoter)].boxed()
    } else {
        prop_oneof![20 => Just(Node::Unlisted), 2 => Just(Node::DeadVoter), 1 => Just(Node::Voter), 1 => Just(Node::DeadNonVoter)].boxed()
    }
}

fn pod(own: bool) -> BoxedStrategy<Pod> {
    if own {
        prop_oneof![
            16 => Just(Pod::Ready), 3 => Just(Pod::NotReady), 2 => Just(Pod::Terminating), 1 => Just(Pod::Missing),
            1 => Just(Pod::Unknown), 1 => Just(Pod::Stopped),
        ]
        .boxed()
    } else {
        prop_oneof![24 => Just(Pod::Missing), 1 => Just(Pod::Ready), 1 => Just(Pod::Terminating)].boxed()
    }
}

fn claim(own: bool) -> BoxedStrategy<Claim> {
    if own {
        prop_oneof![12 => Just(Claim::Bound), 1 => Just(Claim::Pending), 1 => Just(Claim::Missing)].boxed()
    } else {
        prop_oneof![8 => Just(Claim::Missing), 2 => Just(Claim::Bound), 1 => Just(Claim::Pending)].boxed()
    }
}

/// The most ordinals that facts tell of.
const ORDINALS: usize = 9;

/// Facts about a set with that many ordinals.
pub fn facts(count: i64) -> BoxedStrategy<Facts> {
    let own = usize::try_from(count.clamp(0, 9)).unwrap_or(0);
    let all = (0..ORDINALS).map(move |index| index < own);
    let nodes: Vec<_> = all.clone().map(node).collect();
    let pods: Vec<_> = all.clone().map(pod).collect();
    let claims: Vec<_> = all.map(claim).collect();
    let foreign = prop_oneof![12 => Just(Vec::new()), 2 => proptest::collection::vec(any::<bool>(), 1..3)];
    let view = (nodes, foreign, prop_oneof![3 => Just(true), 1 => Just(false)])
        .prop_map(|(nodes, foreign, led)| View { nodes, foreign, led });
    let last = proptest::collection::vec(0..ORDINALS, 0..5).prop_map(|mut last| {
        last.sort_unstable();
        last.dedup();
        last
    });
    (
        proptest::option::weighted(0.6, view),
        proptest::option::weighted(0.7, pods),
        proptest::option::weighted(0.6, claims),
        proptest::option::weighted(0.2, last),
        proptest::option::weighted(0.3, any::<bool>()),
        any::<bool>(),
        proptest::option::weighted(0.3, any::<bool>()),
    )
        .prop_map(|(view, pods, claims, last, ever_ready, owners, removal)| Facts {
            view,
            pods,
            claims,
            last,
            ever_ready,
            owners,
            removal,
        })
        .boxed()
}
