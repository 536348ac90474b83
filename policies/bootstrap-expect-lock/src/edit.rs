//! An update of a set, as what becomes of each container's `-bootstrap-expect`, with what else the rules look at.
//! Pairs old and new containers; does not evaluate.

use std::collections::BTreeMap;

use kubernetes::collect;
use kubernetes::manifest::StatefulSet;
use quorate_sdk::{Review, SetDocument};
use rqlite::change::{self, Ordinals};
use rqlite::facts::Facts;

use crate::expect_value::{ExpectValue, Reference, ReferencedValue};
use crate::reading::{self, ContainerReading};
use crate::settings::Settings;

/// One update.
#[derive(Debug)]
pub(crate) struct SetUpdate<'a> {
    pub(crate) edits: Vec<ExpectEdit<'a>>,
    pub(crate) old_replicas: i64,
    pub(crate) new_replicas: i64,
    pub(crate) namespace: &'a str,
    pub(crate) allow_increase: bool,
    /// No cluster can have formed: no claim of the set is bound, and no pod was ever ready.
    pub(crate) unformed: bool,
    /// The old object was no rqlite set: where it gave no value, the set is created.
    pub(crate) becomes: bool,
    /// The set stops to be rqlite's with no replicas before and after: it is taken for something else on purpose.
    pub(crate) ends_at_zero: bool,
    /// The annotation alone may have changed what counts as rqlite's.
    pub(crate) same_template: bool,
    pub(crate) set: &'a StatefulSet,
    /// The old object's.
    pub(crate) old_ordinals: Ordinals,
    pub(crate) facts: &'a Facts,
}

/// What becomes of one container's value. Without `before` rqlite did not run there, without `after` it will not.
#[derive(Debug)]
pub(crate) struct ExpectEdit<'a> {
    pub(crate) before: Option<ContainerReading<'a>>,
    pub(crate) after: Option<ContainerReading<'a>>,
    /// The set has more than this one.
    several: bool,
}

impl<'a> SetUpdate<'a> {
    pub(crate) fn between(old: &'a SetDocument, new: &'a SetDocument, review: &'a Review, settings: &Settings) -> Self {
        let (before, after) = (old.rqlite(), new.rqlite());
        SetUpdate {
            becomes: before.is_none() && after.is_some(),
            ends_at_zero: after.is_none() && replicas(old) == 0 && replicas(new) == 0,
            same_template: old.set.spec.template == new.set.spec.template,
            edits: edits(old, new),
            old_replicas: replicas(old),
            new_replicas: replicas(new),
            namespace: review.envelope.namespace.as_deref().unwrap_or_default(),
            allow_increase: settings.allow_increase_with_scale_up,
            unformed: unformed(&review.facts),
            set: &new.set,
            old_ordinals: change::ordinals(&old.set),
            facts: &review.facts,
        }
    }

    /// What both references are known to give.
    pub(crate) fn known(&self, old: &Reference, new: &Reference) -> Option<(ReferencedValue, ReferencedValue)> {
        old.known(self.facts).zip(new.known(self.facts))
    }
}

impl ExpectEdit<'_> {
    pub(crate) fn from(&self) -> &ExpectValue {
        self.before.as_ref().map_or(&ExpectValue::Nothing, |reading| &reading.given)
    }

    pub(crate) fn to(&self) -> &ExpectValue {
        self.after.as_ref().map_or(&ExpectValue::Nothing, |reading| &reading.given)
    }

    /// Rqlited gets what it got.
    pub(crate) fn changes_nothing(&self, facts: &Facts) -> bool {
        let (from, to) = (self.from(), self.to());
        (from.same(to) && !from.is_known_apart(to, facts)) || (from.known_off(facts) && to.known_off(facts))
    }

    /// ` in container b`, where there are several.
    pub(crate) fn whose(&self) -> String {
        let reading = self.after.as_ref().or(self.before.as_ref());
        let name = reading.filter(|_| self.several).map(|reading| reading.container.name.as_str());
        name.map(|name| format!(" in container {name}")).unwrap_or_default()
    }
}

/// A negative count is none to compare with; quorum-guard says so.
pub(crate) fn has_no_count(document: &SetDocument) -> bool {
    document.set.spec.replicas.is_some_and(|count| count < 0)
}

/// Absent is 1; a negative count is none.
pub(crate) fn replicas(document: &SetDocument) -> i64 {
    document.set.spec.replicas.map_or(1, |count| i64::from(count.max(0)))
}

/// One container on both sides is the same one, whatever its name, unless the old name now stands for another; of several, those of
/// one name are.
fn edits<'a>(old: &'a SetDocument, new: &'a SetDocument) -> Vec<ExpectEdit<'a>> {
    let before = ContainerReading::all(old);
    let after = ContainerReading::all(new);
    let several = before.len() > 1 || after.len() > 1;
    let (old_containers, new_containers) = (reading::by_name(old), reading::by_name(new));
    let replaced = before.iter().any(|reading| new_containers.contains_key(reading.container.name.as_str()));
    let renamed = !several && before.len() == after.len() && !replaced;
    let name_of = |reading: &ContainerReading| if renamed { "" } else { reading.container.name.as_str() }.to_owned();
    let mut before: BTreeMap<String, ContainerReading> =
        collect::map(before.into_iter().map(|reading| (name_of(&reading), reading)));
    let mut edits: Vec<ExpectEdit> = Vec::new();
    for reading in after {
        let same = before.remove(&name_of(&reading));
        let other = || old_containers.get(reading.container.name.as_str());
        let earlier = same.or_else(|| ContainerReading::unrecognised(old, *other()?));
        edits.push(ExpectEdit { before: earlier, after: Some(reading), several });
    }
    edits.extend(before.into_values().map(|gone| ExpectEdit { before: Some(gone), after: None, several }));
    edits
}

fn unformed(facts: &Facts) -> bool {
    let unbound = facts.claims.as_ref().is_some_and(|claims| claims.iter().all(|claim| !claim.bound));
    let ready_now = facts.pods.iter().flatten().any(|pod| pod.ready == Some(true));
    unbound && facts.ever_ready == Some(false) && !ready_now
}
