//! Who votes and who of them answers, as far as a view, the claims and the old object tell.
//! Without a leader's view the worst is assumed: everybody who may be a voter is one.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::change::{Ordinals, claim_ordinal, pod_name};
use crate::membership::{Member, Membership};
use crate::quorum::Quorum;
use crate::scaling::absent_pods::AbsentPods;
use crate::scaling::current_state::{CurrentState, DataLocation};
use kubernetes::collect;

/// Where the numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MembershipSource {
    /// A view that names its leader.
    Leader,
    /// Pods answered, none names a leader.
    Leaderless,
    /// No view, but claims or an earlier membership.
    LastKnown,
    /// Nothing but the count of the old object.
    ReplicaCount,
}

/// A voter that is known by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voter {
    /// Node id.
    pub id: String,
    /// The pod that it is, if it is one of the set's.
    pub ordinal: Option<u32>,
    /// It answered, by the view; never true of a voter that is only remembered.
    pub reachable: bool,
    /// It removes itself from the cluster when its pod stops. Never so for an id that its pod had before.
    pub removes_itself: bool,
    /// The set keeps a pod that runs it: it may come back by itself. Never so for an id that its pod had before.
    pub has_pod: bool,
}

/// Node ids, the first of them by name, and how many there are: a manifest may ask for two billion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ids {
    /// The first 64 of them at most, in order.
    pub named: Vec<String>,
    /// How many there are in all.
    pub count: u32,
    /// Some of the names are those of pods whose node's id is not known.
    pub guessed: bool,
}

impl Ids {
    /// More than any cluster has voters.
    const NAMED: usize = 64;

    /// `count` of them in all.
    pub fn of(ids: impl Iterator<Item = String>, count: u32) -> Self {
        Ids { named: ids.take(Ids::NAMED).collect(), count, guessed: false }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The cluster behind a set, before a request.
#[derive(Debug, Clone)]
pub struct ClusterState<'a> {
    /// How much is known.
    pub source: MembershipSource,
    current: &'a CurrentState<'a>,
    /// Voters by id: the view's, and remembered ones that are no pod of the set.
    voters: Vec<Voter>,
    /// Ordinals that count as voters without being listed by a view.
    assumed: Ordinals,
    /// Of these, the ones that only a claim makes a voter.
    claimed: Ordinals,
    /// Ordinals that a view lists, in whichever role.
    configured: Ordinals,
    /// Pods that do not count among those that answer.
    absent: AbsentPods,
}

impl<'a> ClusterState<'a> {
    /// By the facts of the set: the view, else the claims and the last trusted membership, else the count.
    pub fn of(current: &'a CurrentState<'a>) -> Self {
        match &current.facts().membership {
            Some(view) if view.leader.is_some() => ClusterState::viewed(current, view, MembershipSource::Leader),
            Some(view) => ClusterState::viewed(current, view, MembershipSource::Leaderless).with_memory(),
            None => ClusterState {
                source: MembershipSource::ReplicaCount,
                current,
                voters: Vec::new(),
                assumed: current.running.clone(),
                claimed: Ordinals::default(),
                configured: Ordinals::default(),
                absent: AbsentPods::of(current),
            }
            .with_memory(),
        }
    }

    fn viewed(current: &'a CurrentState<'a>, view: &Membership, source: MembershipSource) -> Self {
        let placed: Vec<(&Member, Option<u32>, bool)> = view
            .members
            .iter()
            .map(|member| match current.ordinal_with_id(&member.id) {
                Some(ordinal) => (member, Some(ordinal), true),
                None => (member, current.ordinal_of_host(&member.address), false),
            })
            .collect();
        let by_id: BTreeSet<u32> =
            collect::set(placed.iter().filter(|(_, _, by_id)| *by_id).filter_map(|(_, ordinal, _)| *ordinal));
        let own = |ordinal: u32, matched: bool| matched || !by_id.contains(&ordinal);
        let voters = placed.iter().filter(|(member, _, _)| member.voter).map(|(member, ordinal, matched)| Voter {
            id: member.id.clone(),
            ordinal: *ordinal,
            reachable: member.reachable,
            removes_itself: ordinal.is_some_and(|ordinal| own(ordinal, *matched) && current.removes_itself(ordinal)),
            has_pod: ordinal.is_some_and(|ordinal| own(ordinal, *matched) && current.running.contains(ordinal)),
        });
        ClusterState {
            source,
            current,
            voters: voters.collect(),
            assumed: Ordinals::default(),
            claimed: Ordinals::default(),
            configured: placed.iter().filter_map(|(_, ordinal, _)| *ordinal).collect(),
            absent: AbsentPods::of(current),
        }
    }

    /// Adds everybody who may be a voter: the running ordinals, those with a claim, and the last trusted membership.
    fn with_memory(mut self) -> Self {
        let facts = self.current.facts();
        let mut remembered = self.current.running.clone();
        for id in facts.last_voters.iter().flatten() {
            match self.current.ordinal_of_id(id) {
                Some(ordinal) => remembered = remembered.with(&Ordinals::first(ordinal, 1)),
                None if self.voters.iter().any(|voter| voter.id == *id) => {}
                None => {
                    let id = id.clone();
                    let gone = Voter { id, ordinal: None, reachable: false, removes_itself: false, has_pod: false };
                    self.voters.push(gone);
                }
            }
        }
        let claims = self.any_claim();
        if self.source == MembershipSource::ReplicaCount && (facts.last_voters.is_some() || claims.is_some()) {
            self.source = MembershipSource::LastKnown;
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

    /// Own ordinals that start over their data: those with a bound claim; where claims are not known, or the data lies elsewhere, all.
    pub(super) fn with_data(&self) -> Ordinals {
        let own = &self.current.running;
        match (self.data_claims(), &self.current.data) {
            (Some(bound), _) => bound.within(own),
            (None, DataLocation::WithPod) => Ordinals::default(),
            (None, DataLocation::Claims(_) | DataLocation::Elsewhere) => own.clone(),
        }
    }

    /// Ordinals with a claim of every data template, bound or not.
    pub fn claimed_at_all(&self) -> Ordinals {
        self.claims(false).into_iter().flatten().reduce(|left, right| left.within(&right)).unwrap_or_default()
    }

    /// Ordinals with a claim, for each data template.
    fn claims(&self, bound_only: bool) -> Option<Vec<Ordinals>> {
        let DataLocation::Claims(templates) = &self.current.data else { return None };
        let claims = self.current.facts().claims.as_ref()?;
        let counted = || claims.iter().filter(|claim| claim.bound || !bound_only);
        let of = |template: &String| {
            counted().filter_map(|claim| claim_ordinal(self.current.set, template, &claim.name)).collect()
        };
        Some(templates.iter().map(of).collect())
    }

    /// The set that it is the cluster of.
    pub fn current_state(&self) -> &'a CurrentState<'a> {
        self.current
    }

    /// A view was had, so that a configuration could be read.
    pub fn has_view(&self) -> bool {
        matches!(self.source, MembershipSource::Leader | MembershipSource::Leaderless)
    }

    /// The view names one, be it confirmed or not.
    pub(crate) fn names_leader(&self) -> bool {
        let view = self.current.facts().membership.as_ref();
        view.is_some_and(|view| view.leader.is_some() || view.members.iter().any(|member| member.leader))
    }

    /// Ordinals that the view lists.
    pub fn configured(&self) -> &Ordinals {
        &self.configured
    }

    /// Voters, and those of them that answer and stay: never a pod that is on its way out, nor one beyond the set's own ordinals.
    /// With a view its reachable voters answer; without one the set's own pods do, as far as nothing is known against them.
    pub fn quorum(&self) -> Quorum {
        self.after(&Ordinals::default())
    }

    /// Of the voters that a view lists, fewer than the quorum are reachable. Voters that are known only by a claim, a count or an earlier
    /// membership prove no loss, and a terminating pod proves none either: its node still answers.
    pub fn is_lost(&self) -> bool {
        let Some(view) = &self.current.facts().membership else { return false };
        let reachable = length(view.voters().filter(|voter| voter.reachable).count());
        !Quorum { voters: length(view.voters().count()), reachable }.has_quorum()
    }

    /// The voters of the view that leave with these ordinals, highest ordinal first: the order in which the controller stops them.
    pub fn listed_leaving(&self, leaving: &Ordinals) -> Vec<&Voter> {
        let mut voters: Vec<&Voter> = self.voters.iter().filter(|voter| in_set(voter, leaving)).collect();
        voters.sort_by_key(|voter| std::cmp::Reverse(voter.ordinal));
        voters
    }

    /// Leaving pods that match no entry of the view count as reachable voters that match no pod, as many as there are.
    pub fn unmatched_voters_leaving(&self, leaving: &Ordinals) -> u32 {
        if !self.has_view() {
            return 0;
        }
        let unmatched = leaving.without(&self.configured).count();
        unmatched.min(self.unmatched_voters().count)
    }

    /// A running pod that the view does not list, beside a voter that matches no pod, whether it answers or not: it may be that one.
    pub(crate) fn may_be_unmatched(&self, ordinal: u32) -> bool {
        !self.configured.contains(ordinal) && self.voters.iter().any(|voter| voter.ordinal.is_none())
    }

    /// Reachable voters of the view that match no pod of the set.
    pub fn unmatched_voters(&self) -> Ids {
        let unmatched_voters: Vec<&Voter> =
            self.voters.iter().filter(|voter| voter.reachable && voter.ordinal.is_none()).collect();
        Ids::of(unmatched_voters.iter().map(|voter| voter.id.clone()), length(unmatched_voters.len()))
    }

    /// Voters that answer and match no pod, where pods that match no entry and are leaving already are among them; and these pods.
    /// None: no such pod, or no such voter.
    pub fn left_over(&self) -> Option<(Ids, Ordinals)> {
        let pods = self.absent.beyond.without(&self.configured);
        (self.unmatched_voters_leaving(&pods) > 0).then(|| (self.unmatched_voters(), pods))
    }

    /// What is left when these ordinals stop and none of them leaves the configuration.
    pub fn after(&self, leaving: &Ordinals) -> Quorum {
        let gone = self.gone().with(leaving);
        let staying = self.current.running.without(&gone);
        let reachable = if self.has_view() {
            let stays =
                |voter: &&Voter| voter.reachable && voter.ordinal.is_none_or(|ordinal| staying.contains(ordinal));
            let stopping = gone.with(&self.absent.beyond);
            length(self.voters.iter().filter(stays).count()).saturating_sub(self.unmatched_voters_leaving(&stopping))
        } else {
            staying.count()
        };
        Quorum { voters: length(self.voters.len()).saturating_add(self.assumed.count()), reachable }
    }

    /// Pods that are not among those that answer; whether they are ready only where no view tells who does.
    fn gone(&self) -> Ordinals {
        let on_the_way_out = self.absent.on_the_way_out();
        if self.has_view() { on_the_way_out } else { on_the_way_out.with(&self.absent.silent()) }
    }

    /// Pods that do not count among those that answer, and why.
    pub fn absent(&self) -> &AbsentPods {
        &self.absent
    }

    /// Own pods on their way out that stay by their ordinal when these leave: they come back.
    pub(crate) fn on_the_way_back(&self, leaving: &Ordinals) -> Ordinals {
        self.absent.on_the_way_out().within(&self.current.running).without(leaving)
    }

    /// The same with no own pod on its way out.
    #[must_use]
    pub fn without_stopping(&self) -> Self {
        let own = &self.current.running;
        let mut cluster = self.clone();
        cluster.absent.terminating = cluster.absent.terminating.without(own);
        cluster.absent.reserved = cluster.absent.reserved.without(own);
        cluster
    }

    /// Before these leave: one of them that is on its way out already answers until it has left.
    pub(super) fn quorum_without(&self, leaving: &Ordinals) -> Quorum {
        let mut cluster = self.clone();
        cluster.absent.terminating = cluster.absent.terminating.without(leaving);
        cluster.absent.reserved = cluster.absent.reserved.without(leaving);
        cluster.quorum()
    }

    /// The voter answers, and its pod is not on its way out.
    pub(super) fn answers(&self, voter: &Voter) -> bool {
        voter.reachable && !in_set(voter, &self.absent.on_the_way_out())
    }

    /// Reachable voters among these ordinals. A view without a leader need not list them all: who is not listed may be one, unless its pod
    /// is known to be missing.
    pub(crate) fn reachable_leaving(&self, leaving: &Ordinals) -> u32 {
        if !self.has_view() {
            return self.current.running.within(leaving).without(&self.gone()).count();
        }
        let listed = self.voters.iter().filter(|voter| voter.reachable && in_set(voter, leaving)).count();
        length(listed)
            .saturating_add(self.unlisted_leaving(leaving).count().max(self.unmatched_voters_leaving(leaving)))
    }

    /// Leaving pods that are in no entry of a list that may be old.
    pub fn unlisted_leaving(&self, leaving: &Ordinals) -> Ordinals {
        match self.source {
            MembershipSource::Leaderless => {
                self.current.running.within(leaving).without(&self.configured).without(&self.absent.missing)
            }
            MembershipSource::Leader | MembershipSource::LastKnown | MembershipSource::ReplicaCount => {
                Ordinals::default()
            }
        }
    }

    /// The ids of the voters among these ordinals, lowest first.
    pub(crate) fn ids_leaving(&self, leaving: &Ordinals) -> Ids {
        if self.has_view() {
            let listed = self.listed_leaving(leaving);
            return Ids::of(listed.iter().rev().map(|voter| voter.id.clone()), length(listed.len()));
        }
        let stopping = self.current.running.within(leaving);
        self.ids_of(&stopping)
    }

    /// The ids of these ordinals' nodes; a pod's name stands for an id that is not known.
    pub fn ids_of(&self, ordinals: &Ordinals) -> Ids {
        let mut guessed = false;
        let id = |ordinal| {
            self.current.node_id(ordinal).unwrap_or_else(|| {
                guessed = true;
                pod_name(self.current.set, ordinal)
            })
        };
        let ids = Ids::of(ordinals.iter().map(id), ordinals.count());
        Ids { guessed, ..ids }
    }

    /// The names of these ordinals' pods.
    pub fn pods(&self, ordinals: &Ordinals) -> Ids {
        Ids::of(ordinals.iter().map(|ordinal| pod_name(self.current.set, ordinal)), ordinals.count())
    }

    /// Voters of the view that do not answer.
    pub fn unreachable(&self) -> Ids {
        self.ids_where(|voter| !voter.reachable)
    }

    /// Voters that do not answer, or soon do not, and that no pod of the set brings back.
    pub fn dead(&self) -> Ids {
        let beyond = |voter: &Voter| voter.ordinal.is_some_and(|ordinal| !self.current.running.contains(ordinal));
        self.ids_where(|voter| !voter.has_pod && (!voter.reachable || beyond(voter)))
    }

    fn ids_where(&self, is: impl Fn(&Voter) -> bool) -> Ids {
        let voters: Vec<&Voter> = self.voters.iter().filter(|voter| is(voter)).collect();
        Ids::of(voters.iter().map(|voter| voter.id.clone()), length(voters.len()))
    }

    /// The voters of the view that answer and stay when these ordinals go.
    pub(super) fn staying(&self, leaving: &Ordinals) -> impl Iterator<Item = &Voter> {
        self.voters.iter().filter(move |voter| self.answers(voter) && !in_set(voter, leaving))
    }

    /// Some voter that does not answer has its pod among the running ordinals: it may come back.
    pub fn may_return(&self) -> bool {
        self.voters.iter().any(|voter| !voter.reachable && voter.has_pod)
    }

    /// The same cluster after the voters that do not answer were removed from it.
    #[must_use]
    pub(crate) fn without_unreachable(&self) -> Self {
        let mut cluster = self.clone();
        cluster.voters.retain(|voter| voter.reachable);
        cluster
    }

    /// The ordinals that only claims make voters.
    pub fn claimed(&self) -> &Ordinals {
        &self.claimed
    }

    /// Own ordinals whose node is not among the voters that answer. One that the view does not list may be a voter that matches no pod.
    pub fn silent(&self) -> Ordinals {
        let own = &self.current.running;
        if !self.has_view() {
            return own.within(&self.gone());
        }
        let answering: Ordinals =
            self.voters.iter().filter(|voter| self.answers(voter)).filter_map(|voter| voter.ordinal).collect();
        let silent = own.without(&answering);
        let unlisted = silent.without(&self.configured).without(&self.known_not_to_be_others());
        if unlisted.count() <= self.unmatched_voters().count { silent.without(&unlisted) } else { silent }
    }

    /// Ordinals whose node answers under no id but its own, or not at all.
    fn known_not_to_be_others(&self) -> Ordinals {
        self.absent.missing.with(&self.current.known_by_their_pods())
    }

    /// Ordinals whose node a view lists as a voter that answers, on its way out or not.
    pub fn answering(&self) -> Ordinals {
        self.voters.iter().filter(|voter| voter.reachable).filter_map(|voter| voter.ordinal).collect()
    }

    /// The same for a review of these same pods: their earlier admission does not count against them.
    pub(super) fn reviewing(&self, pods: &Ordinals) -> Cow<'_, Self> {
        if self.absent.reserved.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut cluster = self.clone();
        cluster.absent.reserved = cluster.absent.reserved.without(pods);
        Cow::Owned(cluster)
    }

    /// The same, where these own ordinals count as voters although the view does not list them; and which of them it does not list.
    /// A voter that answers and matches no pod may be one whose id is not known, and is not counted twice.
    pub(super) fn expecting(&self, ordinals: &Ordinals) -> (Self, Ordinals) {
        let unlisted = ordinals.without(&self.configured).without(&self.assumed);
        let unmatched = usize::try_from(self.unmatched_voters().count).unwrap_or(usize::MAX);
        let nameless = unlisted.without(&self.known_not_to_be_others());
        let expected = unlisted.without(&nameless.iter().take(unmatched).collect());
        let mut cluster = self.clone();
        cluster.assumed = cluster.assumed.with(&expected);
        (cluster, expected)
    }
}

fn in_set(voter: &Voter, ordinals: &Ordinals) -> bool {
    voter.ordinal.is_some_and(|ordinal| ordinals.contains(ordinal))
}

fn length(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
