//! When a request lets something start: at creation, with a change of the pod template, and for node TLS only where no two
//! nodes meet. Looks at counts, pods and voters, never at what is asked.

use std::fmt;

use quorate_sdk::{Review, SetDocument};
use rqlite::cluster::RqliteSet;
use rqlite::facts::Facts;
use rqlite::role::Role;

use crate::credential_kind::StartCondition;
use crate::words::{form, number_of};

/// The request, as far as starting something depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartWindow {
    /// A creation, or an update after which the pod template is another one.
    pub template_changes: bool,
    pub created: bool,
    node_tls: NodeTls,
}

/// Whether node TLS may start.
#[derive(Debug, Clone, PartialEq, Eq)]
enum NodeTls {
    /// No pod is there: nothing restarts, so no change of the template is waited for.
    WithoutPods,
    /// One voter meets no other.
    OneVoter,
    No(NotNow),
}

/// Why node TLS may not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotNow {
    /// A re-creation above running pods.
    PodsRun(usize),
    /// Zero replicas are asked for, and pods of the set are still there.
    PodsLeave(usize),
    /// More than one voter, before or after this update; its replicas.
    Replicas { old: u32, new: u32 },
    /// One replica, but the cluster has that many voters.
    Voters(usize),
    /// A pool of read-only nodes meets the voters of another set.
    ReadOnly,
}

/// What may be done about an ask now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    Now,
    /// With the next change of the pod template.
    WithTemplate,
    NotNow(NotNow),
}

impl StartWindow {
    /// Of a creation (`old` is None) or an update; `template_changes` is whether the update changes the pod template.
    pub fn of(review: &Review, old: Option<&SetDocument>, new: &RqliteSet, template_changes: bool) -> Self {
        let facts = &review.facts;
        match old {
            None => StartWindow { template_changes: true, created: true, node_tls: at_creation(facts) },
            Some(old) => StartWindow { template_changes, created: false, node_tls: at_update(facts, old, new) },
        }
    }

    pub fn due(&self, start: StartCondition) -> Due {
        match (start, &self.node_tls) {
            (StartCondition::NodeTls, NodeTls::No(reason)) => Due::NotNow(*reason),
            (StartCondition::NodeTls, NodeTls::WithoutPods) => Due::Now,
            (StartCondition::NodeTls, NodeTls::OneVoter) | (StartCondition::WithTemplate, _)
                if self.template_changes =>
            {
                Due::Now
            }
            (StartCondition::NodeTls, NodeTls::OneVoter) | (StartCondition::WithTemplate, _) => Due::WithTemplate,
        }
    }
}

fn at_creation(facts: &Facts) -> NodeTls {
    match facts.pods.as_deref() {
        None | Some([]) => NodeTls::WithoutPods,
        Some(pods) => NodeTls::No(NotNow::PodsRun(pods.len())),
    }
}

fn at_update(facts: &Facts, old: &SetDocument, new: &RqliteSet) -> NodeTls {
    let replicas = old.set.spec.count();
    if replicas == 0 {
        return match pods_left(facts, old) {
            0 => NodeTls::WithoutPods,
            left => NodeTls::No(NotNow::PodsLeave(left)),
        };
    }
    let voters = voters(facts).unwrap_or(1);
    if new.role() == Role::ReadOnly {
        NodeTls::No(NotNow::ReadOnly)
    } else if replicas > 1 || new.replicas > 1 {
        NodeTls::No(NotNow::Replicas { old: replicas, new: new.replicas })
    } else if voters != 1 {
        NodeTls::No(NotNow::Voters(voters))
    } else {
        NodeTls::OneVoter
    }
}

/// Pods of a set at zero replicas: as the facts tell, else as the controller last wrote.
fn pods_left(facts: &Facts, old: &SetDocument) -> usize {
    match &facts.pods {
        Some(pods) => pods.len(),
        None => usize::try_from(old.set.status.replicas).unwrap_or(0),
    }
}

/// Voters of the membership, or of the last trusted one; None if neither is known.
pub fn voters(facts: &Facts) -> Option<usize> {
    let seen = facts.membership.as_ref().map(|view| view.members.iter().filter(|member| member.voter).count());
    seen.or_else(|| facts.last_voters.as_ref().map(Vec::len))
}

impl NotNow {
    /// The set is to stay at no replicas: the last pods are on their way out.
    pub fn leaves_alone(self, replicas: u32) -> bool {
        replicas == 0 && matches!(self, NotNow::PodsLeave(_) | NotNow::PodsRun(_))
    }

    /// Pods that the set has before or after the request; of those that leave, how many it had is not known.
    pub fn most_pods(self, replicas: u32) -> usize {
        let replicas = match self {
            NotNow::PodsLeave(_) => return usize::MAX,
            NotNow::Replicas { old, new } => old.max(new),
            // At most one ran.
            NotNow::Voters(_) => replicas.max(1),
            NotNow::PodsRun(_) | NotNow::ReadOnly => replicas,
        };
        usize::try_from(replicas).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for NotNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotNow::PodsRun(pods) => {
                write!(f, "{} of the set {} running already", number_of(*pods, "pod"), form(*pods, "is", "are"))
            }
            NotNow::PodsLeave(pods) => {
                write!(f, "{} of the set {} still there", number_of(*pods, "pod"), form(*pods, "is", "are"))
            }
            NotNow::Replicas { old, new } if old == new => write!(f, "{old} nodes would restart one by one"),
            NotNow::Replicas { old, new } => write!(f, "replicas {old} -> {new} in the same update"),
            NotNow::Voters(voters) => write!(f, "the cluster has {}", number_of(*voters, "voter")),
            NotNow::ReadOnly => f.write_str("read-only nodes meet the voters of another set"),
        }
    }
}
