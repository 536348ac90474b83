//! A set that is created over what an earlier set of its name left: pods that run on, claims with their data.
//! Counts which pods come blank; whether that may be is the rule's.

use kubernetes::manifest::StatefulSet;
use rqlite::change::{Ordinals, claim_ordinal, ordinal, template_names};
use rqlite::cluster::{Node, RqliteSet};
use rqlite::facts::{Claim, Facts, Pod};
use rqlite::storage::Storage;

use crate::words::number_of;

/// What stands already.
#[derive(Debug)]
pub(crate) struct Recreation<'a> {
    set: &'a StatefulSet,
    pods: Vec<&'a Pod>,
    /// None: unknown.
    claims: Option<Vec<&'a Claim>>,
}

impl<'a> Recreation<'a> {
    /// None where the facts show neither pod nor claim of the set: then it is new.
    pub(crate) fn of(set: &'a StatefulSet, facts: &'a Facts) -> Option<Self> {
        let pods: Vec<&Pod> = facts.pods.iter().flatten().filter(|pod| ordinal(set, &pod.name).is_some()).collect();
        let claims = facts.claims.as_ref();
        let claims: Option<Vec<&Claim>> =
            claims.map(|claims| claims.iter().filter(|claim| belongs(set, claim)).collect());
        let stands = !pods.is_empty() || claims.as_ref().is_some_and(|claims| !claims.is_empty());
        stands.then_some(Recreation { set, pods, claims })
    }

    /// `3 pods and 3 claims`.
    pub(crate) fn summary(&self) -> String {
        let counts = [(self.pods.len(), "pod"), (self.claims.as_ref().map_or(0, Vec::len), "claim")];
        let present = counts.into_iter().filter(|(count, _)| *count > 0);
        present.map(|(count, noun)| number_of(count, noun)).collect::<Vec<_>>().join(" and ")
    }

    /// A claim of the earlier set, where the new one's templates match none: its pods would come up on other disks.
    /// The template of the data directory decides; where there is none to be seen, any of them.
    pub(crate) fn orphaned(&self, set: &RqliteSet) -> Option<&'a Claim> {
        let data: Vec<&str> = set.nodes.iter().filter_map(data_template).collect();
        let templates = if data.is_empty() { template_names(self.set).collect() } else { data };
        let of = |claim: &Claim, template: &&str| claim_ordinal(self.set, template, &claim.name).is_some();
        let claims = self.claims.as_ref()?;
        let matched = claims.iter().any(|claim| templates.iter().any(|template| of(claim, template)));
        claims.first().copied().filter(|_| !matched)
    }

    /// How many of the set's pods come up without data: no bound claim, or, without claims, no pod that runs on. Of several
    /// containers, the one of which most do.
    pub(crate) fn missing(&self, set: &RqliteSet) -> BlankPods {
        let asked = Ordinals::from(set.ordinals());
        let missing = |node: &Node| match &node.storage {
            Storage::ClaimTemplate(name) => {
                let (with_data, pending) = self.claimed(name);
                let without = asked.without(&with_data);
                let pending = pending.within(&without);
                BlankPods { blank: count(&without.without(&pending)), pending: count(&pending) }
            }
            Storage::Ephemeral(_) | Storage::Unmounted => {
                BlankPods { blank: count(&asked.without(&self.running())), pending: 0 }
            }
            // One volume of its own name: nothing here tells what is on it.
            Storage::Volume(_) | Storage::Unreadable => BlankPods::default(),
        };
        set.nodes.iter().map(missing).max_by_key(|missing| (missing.blank, missing.pending)).unwrap_or_default()
    }

    /// Ordinals whose claim of that template holds data, and those whose claim is not bound; where claims are unknown, those whose pod
    /// runs.
    fn claimed(&self, template: &str) -> (Ordinals, Ordinals) {
        let Some(claims) = &self.claims else { return (self.running(), Ordinals::default()) };
        let of = |bound: bool| {
            let alike = claims.iter().filter(move |claim| claim.bound == bound);
            alike.filter_map(|claim| claim_ordinal(self.set, template, &claim.name)).collect()
        };
        (of(true), of(false))
    }

    fn running(&self) -> Ordinals {
        let stay = self.pods.iter().filter(|pod| !pod.terminating);
        stay.filter_map(|pod| ordinal(self.set, &pod.name)).collect()
    }
}

/// Pods that come up without data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BlankPods {
    pub(crate) blank: usize,
    /// Their claims are there and not bound, for lack of a pod that uses them: a restored one may hold data all the same.
    pub(crate) pending: usize,
}

fn count(ordinals: &Ordinals) -> usize {
    usize::try_from(ordinals.count()).unwrap_or(usize::MAX)
}

/// `<any template>-<set>-<ordinal>`.
fn belongs(set: &StatefulSet, claim: &Claim) -> bool {
    let mut dashes = claim.name.match_indices('-');
    dashes.any(|(at, _)| claim.name.get(at + 1..).is_some_and(|pod| ordinal(set, pod).is_some()))
}

fn data_template(node: &Node) -> Option<&str> {
    match &node.storage {
        Storage::ClaimTemplate(name) => Some(name),
        Storage::Volume(_) | Storage::Ephemeral(_) | Storage::Unmounted | Storage::Unreadable => None,
    }
}
