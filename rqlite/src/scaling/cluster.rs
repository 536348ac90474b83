//! Who votes and who of them answers, as far as a view, the claims and the old object tell.
//! Without a leader's view the worst is assumed: everybody who may be a voter is one.

use std::collections::BTreeSet;

use crate::change::{Ordinals, claim_ordinal, pod_name};
use crate::membership::{Member, Membership};
use crate::quorum::Standing;
use crate::scaling::before::{Before, Data};

/// What the reading rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A view that names its leader.
    Led,
    /// Pods answered, none names a leader.
    Leaderless,
    /// No view, but claims or an earlier membership.
    Remembered,
    /// Nothing but the count of the old object.
    Count,
}

/// A voter that is known by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voter {
    pub id: String,
    /// The pod that it is, if it is one of the set's.
    pub ordinal: Option<u32>,
    pub reachable: bool,
    /// It removes itself from the cluster when its pod stops. Never so for an id that its pod had before.
    pub removes_itself: bool,
}

/// Node ids, the first of them by name, and how many there are: a manifest may ask for two billion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ids {
    pub named: Vec<String>,
    pub count: u32,
}

impl Ids {
    /// More than any cluster has voters.
    const NAMED: usize = 64;

    /// `count` of them in all.
    pub fn of(ids: impl Iterator<Item = String>, count: u32) -> Self {
        Ids { named: ids.take(Ids::NAMED).collect(), count }
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The cluster behind a set, before a request.
#[derive(Debug, Clone)]
pub struct Cluster<'a> {
    pub basis: Basis,
    before: &'a Before<'a>,
    /// Voters by id: the view's, and remembered ones that are no pod of the set.
    voters: Vec<Voter>,
    /// Ordinals that count as voters without being listed by a view.
    assumed: Ordinals,
    /// Of these, the ones that only a claim makes a voter.
    claimed: Ordinals,
    /// Ordinals that a view lists, in whichever role.
    configured: Ordinals,
}

impl<'a> Cluster<'a> {
    pub fn of(before: &'a Before<'a>) -> Self {
        match &before.facts().membership {
            Some(view) if view.leader.is_some() => Cluster::viewed(before, view, Basis::Led),
            Some(view) => Cluster::viewed(before, view, Basis::Leaderless).with_memory(),
            None => Cluster {
                basis: Basis::Count,
                before,
                voters: Vec::new(),
                assumed: before.running.clone(),
                claimed: Ordinals::default(),
                configured: Ordinals::default(),
            }
            .with_memory(),
        }
    }

    fn viewed(before: &'a Before<'a>, view: &Membership, basis: Basis) -> Self {
        let placed: Vec<(&Member, Option<u32>, bool)> = view
            .members
            .iter()
            .map(|member| match before.ordinal_with_id(&member.id) {
                Some(ordinal) => (member, Some(ordinal), true),
                None => (member, before.ordinal_of_host(&member.address), false),
            })
            .collect();
        let by_id: BTreeSet<u32> =
            placed.iter().filter(|(_, _, by_id)| *by_id).filter_map(|(_, ordinal, _)| *ordinal).collect();
        let own = |ordinal: u32, matched: bool| matched || !by_id.contains(&ordinal);
        let voters = placed.iter().filter(|(member, _, _)| member.voter).map(|(member, ordinal, matched)| Voter {
            id: member.id.clone(),
            ordinal: *ordinal,
            reachable: member.reachable,
            removes_itself: ordinal.is_some_and(|ordinal| own(ordinal, *matched) && before.removes_itself(ordinal)),
        });
        Cluster {
            basis,
            before,
            voters: voters.collect(),
            assumed: Ordinals::default(),
            claimed: Ordinals::default(),
            configured: placed.iter().filter_map(|(_, ordinal, _)| *ordinal).collect(),
        }
    }

    /// Adds everybody who may be a voter: the running ordinals, those with a claim, and the last trusted membership.
    fn with_memory(mut self) -> Self {
        let facts = self.before.facts();
        let mut remembered = self.before.running.clone();
        for id in facts.last_voters.iter().flatten() {
            match self.before.ordinal_with_id(id).or_else(|| crate::change::ordinal(self.before.set, id)) {
                Some(ordinal) => remembered = remembered.with(&Ordinals::first(ordinal, 1)),
                None if self.voters.iter().any(|voter| voter.id == *id) => {}
                None => {
                    self.voters.push(Voter { id: id.clone(), ordinal: None, reachable: false, removes_itself: false })
                }
            }
        }
        let claims = self.any_claim();
        if self.basis == Basis::Count && (facts.last_voters.is_some() || claims.is_some()) {
            self.basis = Basis::Remembered;
        }
        self.claimed = claims.unwrap_or_default().without(&remembered).without(&self.configured);
        self.assumed = remembered.without(&self.configured).with(&self.claimed);
        self
    }

    /// Ordinals with a claim of any data template; None: claims are not known, or the data is on none.
    fn any_claim(&self) -> Option<Ordinals> {
        self.claims(false)?.into_iter().reduce(|left, right| left.with(&right))
    }

    /// Ordinals whose data is there: a bound claim of every data template. None: not known.
    pub fn data_claims(&self) -> Option<Ordinals> {
        self.claims(true)?.into_iter().reduce(|left, right| left.within(&right))
    }

    /// Ordinals with a claim of every data template, bound or not.
    pub fn claimed_at_all(&self) -> Ordinals {
        self.claims(false).into_iter().flatten().reduce(|left, right| left.within(&right)).unwrap_or_default()
    }

    /// Ordinals with a claim, for each data template.
    fn claims(&self, bound_only: bool) -> Option<Vec<Ordinals>> {
        let Data::Claims(templates) = &self.before.data else { return None };
        let claims = self.before.facts().claims.as_ref()?;
        let counted = || claims.iter().filter(|claim| claim.bound || !bound_only);
        let of = |template: &String| {
            counted().filter_map(|claim| claim_ordinal(self.before.set, template, &claim.name)).collect()
        };
        Some(templates.iter().map(of).collect())
    }

    pub fn before(&self) -> &'a Before<'a> {
        self.before
    }

    /// A view was had, so that a configuration could be read.
    pub fn has_view(&self) -> bool {
        matches!(self.basis, Basis::Led | Basis::Leaderless)
    }

    /// Ordinals that the view lists.
    pub fn configured(&self) -> &Ordinals {
        &self.configured
    }

    /// Voters, and those of them that answer; without a view the running ordinals count as answering, and nobody else.
    pub fn standing(&self) -> Standing {
        let answering = if self.has_view() { 0 } else { self.before.running.count() };
        Standing {
            voters: length(self.voters.len()).saturating_add(self.assumed.count()),
            reachable: length(self.voters.iter().filter(|voter| voter.reachable).count()).saturating_add(answering),
        }
    }

    /// The voters that a view lists have no quorum. Whoever only a claim, a count or an earlier membership speaks for proves no loss.
    pub fn is_lost(&self) -> bool {
        let Some(view) = &self.before.facts().membership else { return false };
        let reachable = length(view.voters().filter(|voter| voter.reachable).count());
        !Standing { voters: length(view.voters().count()), reachable }.holds()
    }

    /// The voters of the view that leave with these ordinals, highest ordinal first: the order in which the controller stops them.
    pub fn listed_leaving(&self, leaving: &Ordinals) -> Vec<&Voter> {
        let mut voters: Vec<&Voter> = self.voters.iter().filter(|voter| in_set(voter, leaving)).collect();
        voters.sort_by_key(|voter| std::cmp::Reverse(voter.ordinal));
        voters
    }

    /// Leaving pods that match no entry of the view count as reachable voters that match no pod, as many as there are.
    pub fn strangers_leaving(&self, leaving: &Ordinals) -> u32 {
        if !self.has_view() {
            return 0;
        }
        let unmatched = leaving.without(&self.configured).count();
        unmatched.min(self.strangers().count)
    }

    /// A running pod that the view does not list, beside a voter that matches no pod, whether it answers or not: it may be that one.
    pub fn may_be_unmatched(&self, ordinal: u32) -> bool {
        !self.configured.contains(ordinal) && self.voters.iter().any(|voter| voter.ordinal.is_none())
    }

    /// Reachable voters of the view that match no pod of the set.
    pub fn strangers(&self) -> Ids {
        let strangers: Vec<&Voter> =
            self.voters.iter().filter(|voter| voter.reachable && voter.ordinal.is_none()).collect();
        Ids::of(strangers.iter().map(|voter| voter.id.clone()), length(strangers.len()))
    }

    /// What is left when these ordinals stop and none of them leaves the configuration.
    pub fn after(&self, leaving: &Ordinals) -> Standing {
        let standing = self.standing();
        let staying = self.before.running.without(leaving);
        let reachable = if self.has_view() {
            // A voter named like a pod beyond the running ordinals is about to stop, or was never this set's to keep.
            let stay =
                |voter: &&Voter| voter.reachable && voter.ordinal.is_none_or(|ordinal| staying.contains(ordinal));
            length(self.voters.iter().filter(stay).count()).saturating_sub(self.strangers_leaving(leaving))
        } else {
            staying.count()
        };
        Standing { reachable, ..standing }
    }

    /// Reachable voters among these ordinals. A view without a leader need not list them all: who runs and is not listed counts.
    pub fn reachable_leaving(&self, leaving: &Ordinals) -> u32 {
        if !self.has_view() {
            return self.before.running.within(leaving).count();
        }
        let listed = self.voters.iter().filter(|voter| voter.reachable && in_set(voter, leaving)).count();
        let unlisted = match self.basis {
            Basis::Leaderless => self.before.running.within(leaving).without(&self.configured).count(),
            Basis::Led | Basis::Remembered | Basis::Count => 0,
        };
        length(listed).saturating_add(unlisted.max(self.strangers_leaving(leaving)))
    }

    /// The ids of the voters among these ordinals, lowest first.
    pub fn ids_leaving(&self, leaving: &Ordinals) -> Ids {
        if self.has_view() {
            let listed = self.listed_leaving(leaving);
            return Ids::of(listed.iter().rev().map(|voter| voter.id.clone()), length(listed.len()));
        }
        let stopping = self.before.running.within(leaving);
        self.ids_of(&stopping)
    }

    /// The ids of these ordinals' nodes; a pod's name stands for an id that is not known.
    pub fn ids_of(&self, ordinals: &Ordinals) -> Ids {
        let id = |ordinal| self.before.node_id(ordinal).unwrap_or_else(|| pod_name(self.before.set, ordinal));
        Ids::of(ordinals.iter().map(id), ordinals.count())
    }

    /// Voters of the view that do not answer.
    pub fn unreachable(&self) -> Ids {
        let silent: Vec<&Voter> = self.voters.iter().filter(|voter| !voter.reachable).collect();
        Ids::of(silent.iter().map(|voter| voter.id.clone()), length(silent.len()))
    }

    /// Some voter that does not answer has its pod among the running ordinals: it may come back.
    pub fn may_return(&self) -> bool {
        self.voters.iter().any(|voter| !voter.reachable && in_set(voter, &self.before.running))
    }

    /// The same cluster after the voters that do not answer were removed from it.
    #[must_use]
    pub fn without_unreachable(&self) -> Self {
        let mut cluster = self.clone();
        cluster.voters.retain(|voter| voter.reachable);
        cluster
    }

    /// The ordinals that only claims make voters.
    pub fn claimed(&self) -> &Ordinals {
        &self.claimed
    }

    /// Whether the pod of that ordinal is a reachable voter.
    pub fn is_reachable_voter(&self, ordinal: u32) -> bool {
        self.reachable_leaving(&Ordinals::first(ordinal, 1)) > 0
    }
}

fn in_set(voter: &Voter, ordinals: &Ordinals) -> bool {
    voter.ordinal.is_some_and(|ordinal| ordinals.contains(ordinal))
}

fn length(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
