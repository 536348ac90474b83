//! A set as it runs before a request: its ordinals, node ids, self-removal, role, and where its data lies.
//! Running pods are believed first, the old object where they are not known, a new template never.

use crate::change::{self, Ordinals, pod_name};
use crate::cluster::RqliteSet;
use crate::facts::{Facts, Pod};
use crate::role::Role;
use crate::storage::Storage;
use crate::value::Value;
use kubernetes::manifest::StatefulSet;

/// Where the data of the set's nodes lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataLocation {
    /// On claims of these templates of the set.
    Claims(Vec<String>),
    /// On a volume that no StatefulSet deletes: a named claim, a host path.
    Elsewhere,
    /// It goes with the pod.
    WithPod,
}

impl DataLocation {
    /// Of a set that runs rqlite. Of several rqlite containers the worst counts. Where the data directory cannot be read it is
    /// taken to be on the set's claims, if it has any.
    pub fn of(set: &StatefulSet, rqlite: &RqliteSet) -> Self {
        let storages = || rqlite.nodes.iter().map(|node| &node.storage);
        let unreadable = storages().any(|storage| *storage == Storage::Unreadable);
        let with_pod = storages().any(|storage| matches!(storage, Storage::Ephemeral(_) | Storage::Unmounted));
        let all: Vec<String> = change::template_names(set).map(str::to_owned).collect();
        let named: Vec<String> = storages()
            .filter_map(|storage| match storage {
                Storage::ClaimTemplate(name) => Some(name.clone()),
                Storage::Volume(_) | Storage::Ephemeral(_) | Storage::Unmounted | Storage::Unreadable => None,
            })
            .collect();
        match (with_pod, unreadable) {
            (true, _) => DataLocation::WithPod,
            (false, true) if all.is_empty() => DataLocation::WithPod,
            (false, true) => DataLocation::Claims(all),
            (false, false) if named.is_empty() => DataLocation::Elsewhere,
            (false, false) => DataLocation::Claims(named),
        }
    }
}

/// A set before a request.
#[derive(Debug, Clone)]
pub struct CurrentState<'a> {
    /// The old object; at a re-creation the new one.
    pub set: &'a StatefulSet,
    /// The old object's reading; None where there is none: a re-creation, or an old object that was not recognised.
    rqlite: Option<&'a RqliteSet>,
    /// Its ordinals.
    pub running: Ordinals,
    /// Where the data of its running nodes lies.
    pub data: DataLocation,
    facts: &'a Facts,
}

impl<'a> CurrentState<'a> {
    /// `rqlite` is what is read of the old object; None where there is none, or it was not recognised. `running` are the ordinals
    /// whose pods run, `facts` what is known beside the object.
    pub fn new(
        set: &'a StatefulSet,
        rqlite: Option<&'a RqliteSet>,
        running: Ordinals,
        data: DataLocation,
        facts: &'a Facts,
    ) -> Self {
        CurrentState { set, rqlite, running, data, facts }
    }

    /// What is known beside the object.
    pub fn facts(&self) -> &'a Facts {
        self.facts
    }

    /// The Raft node id of a pod; None: unknown. The pod's own name where no old object tells.
    pub fn node_id(&self, ordinal: u32) -> Option<String> {
        let name = pod_name(self.set, ordinal);
        if let Some(id) = self.pod(&name).and_then(|pod| pod.node_id.clone()) {
            return Some(id);
        }
        let Some(rqlite) = self.rqlite else { return Some(name) };
        let Value::Known(id) = rqlite.node_id(&name) else { return None };
        // Nodes of one id form no cluster: what runs as several goes by something else that is not seen here.
        let tells_pods_apart =
            || rqlite.node_id(&pod_name(self.set, ordinal.wrapping_add(1))) != Value::Known(id.clone());
        (self.running.count() <= 1 || tells_pods_apart()).then_some(id)
    }

    /// The ordinal of the running pod that is known to have this node id.
    pub(super) fn ordinal_with_id(&self, id: &str) -> Option<u32> {
        let pods = self.facts.pods.iter().flatten();
        let known = pods.filter(|pod| pod.node_id.as_deref() == Some(id));
        known.filter_map(|pod| change::ordinal(self.set, &pod.name)).next().or_else(|| {
            // Node ids are pod names, or made of them: more than this many is no cluster.
            const TRIED: usize = 64;
            let likely = change::ordinal(self.set, id).into_iter();
            likely.chain(self.running.iter().take(TRIED)).find(|ordinal| self.node_id(*ordinal).as_deref() == Some(id))
        })
    }

    /// The pod removes itself from the cluster when it is stopped, by what can be relied on. What the manifest says counts only when all
    /// pods run it; nothing counts where `-auth` is on, or where no old object tells: whether a removal is let in cannot be seen.
    pub fn removes_itself(&self, ordinal: u32) -> bool {
        let of_object = || self.rqlite.is_some_and(RqliteSet::removes_itself) && rollout_finished(self.set);
        let asked =
            self.pod(&pod_name(self.set, ordinal)).and_then(|pod| pod.remove_on_shutdown).unwrap_or_else(of_object);
        // A pod of an older template may stop in another way than the object says.
        let stops_so = |rqlite: &RqliteSet| !rollout_finished(self.set) || can_remove(rqlite);
        asked && self.rqlite.is_some_and(|rqlite| lets_everybody_remove(rqlite) && stops_so(rqlite))
    }

    /// The pod may remove itself when it is stopped: it is not known that nobody asked it to, whether that works or not.
    pub(crate) fn may_remove_itself(&self, ordinal: u32) -> bool {
        let of_object = || self.rqlite.is_some_and(RqliteSet::may_remove_itself);
        self.pod(&pod_name(self.set, ordinal)).and_then(|pod| pod.remove_on_shutdown).unwrap_or_else(of_object)
    }

    /// Own ordinals that may have removed themselves, by what is known of their pods, else by the object.
    pub(super) fn may_have_left(&self, own: &Ordinals) -> Ordinals {
        let known = change::pod_ordinals(self.set, self.facts).unwrap_or_default().within(own);
        let told: Ordinals = known.iter().filter(|ordinal| self.may_remove_itself(*ordinal)).collect();
        let by_object = self.rqlite.is_some_and(RqliteSet::may_remove_itself);
        if by_object { told.with(&own.without(&known)) } else { told }
    }

    /// All its pods remove themselves.
    pub fn all_remove_themselves(&self) -> bool {
        self.rqlite.is_some_and(RqliteSet::removes_itself) && rollout_finished(self.set)
    }

    /// Pods stop one by one, with time for an election between two (5 to 1 by a gap of 2.5 s: 0 of 5 lost; measured on
    /// rqlited 10.2.7), and each has time enough to remove itself.
    pub fn stops_one_by_one(&self) -> bool {
        const ELECTION_SECONDS: i64 = 3;
        // The grace period runs while preStop does. rqlited has removed itself within 0.12 s of SIGTERM where there is a leader, and has
        // given up after 11.3 s where there is none (measured on 10.2.7; 8.43.4 and 9.4.5 try for 21.5 s, in vain as well).
        const REMOVAL_SECONDS: i64 = 12;
        self.set.spec.is_ordered()
            && self.rqlite.is_some_and(|rqlite| {
                rqlite.nodes.iter().map(|node| &node.shutdown).all(|shutdown| {
                    shutdown.pre_stop_seconds.is_some_and(|pause| {
                        let needed = pause.saturating_add(REMOVAL_SECONDS);
                        pause >= ELECTION_SECONDS && shutdown.grace_seconds >= needed
                    })
                })
            })
    }

    /// Its nodes count for the quorum. Non-voters only where the old object says so and no view lists one of them as a voter;
    /// at a re-creation over pods only where a view lists them, and none as a voter.
    pub fn votes(&self, recreated_as: Option<Role>) -> bool {
        let members = self.facts.membership.iter().flat_map(|view| &view.members);
        let own: Vec<bool> = members
            .filter(|member| {
                self.ordinal_with_id(&member.id).or_else(|| self.ordinal_of_host(&member.address)).is_some()
            })
            .map(|member| member.voter)
            .collect();
        if own.contains(&true) {
            return true;
        }
        match (self.rqlite, recreated_as) {
            (Some(rqlite), _) => rqlite.role() == Role::Voter,
            // Without pods nothing runs that could lose a quorum.
            (None, Some(Role::ReadOnly)) => own.is_empty() && !self.running.is_empty(),
            (None, Some(Role::Voter) | None) => true,
        }
    }

    /// The ordinal whose node has this id, by what is known, else by its name.
    pub(super) fn ordinal_of_id(&self, id: &str) -> Option<u32> {
        self.ordinal_with_id(id).or_else(|| change::ordinal(self.set, id))
    }

    /// The ordinal that a Raft address names: `rqlite-2.rqlite-svc-internal:4002`.
    pub(super) fn ordinal_of_host(&self, address: &str) -> Option<u32> {
        change::ordinal(self.set, address.split([':', '.']).next()?)
    }

    /// The controller still has pods to replace: updated ones fewer than asked for, or the last change not seen. Where the status says
    /// nothing, there is none. Not with `OnDelete`, which replaces nothing by itself. `out` are own pods that are gone or going: the
    /// controller counts none of them as updated, and makes each anew from the one revision there is where both are the same.
    pub(crate) fn rollout_is_under_way(&self, out: &Ordinals) -> bool {
        let (spec, status) = (&self.set.spec, &self.set.status);
        let strategy = spec.update_strategy.as_ref();
        if !spec.is_rolling() {
            return false;
        }
        if self.is_behind() {
            return true;
        }
        let partition = strategy.and_then(|strategy| strategy.rolling_update.as_ref()?.partition).unwrap_or(0);
        let asked = i64::from(spec.count()) - i64::from(partition);
        let revisions = status.update_revision.as_ref().zip(status.current_revision.as_ref());
        let same = revisions.map(|(update, current)| update == current);
        // A count of zero is not written.
        let updated = status.updated_replicas.or((same == Some(false)).then_some(0));
        let drained = if same == Some(true) { i64::from(out.within(&self.running).count()) } else { 0 };
        updated.is_some_and(|updated| i64::from(updated) + drained < asked)
    }

    /// The controller has not seen the last change of the object.
    fn is_behind(&self) -> bool {
        let generations = self.set.status.observed_generation.zip(self.set.metadata.generation);
        generations.is_some_and(|(seen, made)| seen < made)
    }

    /// The highest ordinals, as many as the status counts as updated: a rollout replaces the pods from there on. A count that is of the
    /// last change tells nothing of this one. Of a rollout that was taken back (both revisions are the same) the updated pods are those
    /// that it had not come to: only the highest one is certain, as the controller begins there, and stops no other while it is down.
    pub(super) fn replaced(&self) -> Ordinals {
        let status = &self.set.status;
        let updated = status.updated_replicas.filter(|_| !self.is_behind());
        let updated = updated.and_then(|updated| u32::try_from(updated).ok()).unwrap_or(0);
        let updated = if self.has_two_revisions() { updated } else { updated.min(1) };
        let after = self.running.highest().map_or(0, |highest| highest.saturating_add(1));
        Ordinals::first(after.saturating_sub(updated), updated).within(&self.running)
    }

    fn has_two_revisions(&self) -> bool {
        let status = &self.set.status;
        let revisions = status.update_revision.as_ref().zip(status.current_revision.as_ref());
        revisions.is_some_and(|(update, current)| update != current)
    }

    /// The highest ordinal that the rollout has not replaced yet, where that is certain.
    pub(super) fn next_replaced(&self) -> Option<u32> {
        let replaced = self.replaced();
        (replaced.is_empty() || self.has_two_revisions()).then(|| self.running.without(&replaced).highest())?
    }

    /// Ordinals whose pod tells its node's id, or does not run it.
    pub(super) fn known_by_their_pods(&self) -> Ordinals {
        let told = self.facts.pods.iter().flatten().filter(|pod| pod.node_id.is_some() || pod.running == Some(false));
        told.filter_map(|pod| change::ordinal(self.set, &pod.name)).collect()
    }

    /// Its rqlited is known not to run.
    pub(super) fn is_known_stopped(&self, ordinal: u32) -> bool {
        self.pod(&pod_name(self.set, ordinal)).is_some_and(|pod| pod.running == Some(false))
    }

    fn pod(&self, name: &str) -> Option<&'a Pod> {
        self.facts.pods.iter().flatten().find(|pod| pod.name == name)
    }
}

/// SIGTERM reaches rqlited, and it has time to remove itself.
fn can_remove(rqlite: &RqliteSet) -> bool {
    rqlite.nodes.iter().all(|node| node.shutdown.sigterm_arrives && node.shutdown.grace_seconds > 0)
}

/// All pods run the template that the object shows; where the status says nothing, they do.
fn rollout_finished(set: &StatefulSet) -> bool {
    let same = |left: Option<&str>, right: Option<&str>| left.zip(right).is_none_or(|(left, right)| left == right);
    let generations = set.status.observed_generation.zip(set.metadata.generation);
    generations.is_none_or(|(observed, asked)| observed >= asked)
        && same(set.status.current_revision.as_deref(), set.status.update_revision.as_deref())
}

/// Where `-auth` is on, a removal needs a user with `remove`, and whether `-join-as` names one cannot be seen. Without it the node exits
/// with 1 and stays a voter (measured on rqlited 10.2.7).
fn lets_everybody_remove(rqlite: &RqliteSet) -> bool {
    rqlite.nodes.iter().all(|node| {
        let Some(line) = &node.launch.line else { return false };
        line.text("auth").is_none_or(|value| value.known().is_some_and(|text| text.is_empty()))
    })
}
