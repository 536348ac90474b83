//! The deletion of an object that sets need: which sets are concerned, how they are named, what makes a refusal a warning.
//! Evaluates nothing.

use kubernetes::annotation::{ALLOW_DELETION, ALLOWED, allows_deletion};
use kubernetes::manifest::{Metadata, StatefulSet};
use kubernetes::request::Dependency;
use quorate_sdk::{Envelope, Finding, Level, SetDocument};
use rqlite::change;
use rqlite::cluster::RqliteSet;
use rqlite::dependencies::Dependencies;
use rqlite::facts::Facts;
use rqlite::scaling::{CurrentState, DataLocation, Ids};

use super::RULE;
use crate::words;

/// A DELETE of an object that sets may need.
pub(crate) struct DependencyDeletion<'a> {
    pub dependency: Dependency,
    /// Of the object that is deleted.
    pub metadata: &'a Metadata,
    pub envelope: &'a Envelope,
}

/// A set that needs the object, read.
pub(super) struct AffectedSet<'a> {
    pub set: &'a StatefulSet,
    rqlite: &'a RqliteSet,
    facts: &'a Facts,
}

impl DependencyDeletion<'_> {
    pub(super) fn affected<'s>(&self, document: &'s SetDocument, facts: &'s Facts) -> Option<AffectedSet<'s>> {
        let (set, rqlite) = (&*document.set, &**document.rqlite()?);
        let depends = Dependencies::of(set, rqlite).include(self.dependency, self.name());
        depends.then_some(AffectedSet { set, rqlite, facts })
    }

    pub(super) fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// How the owner of these sets says that they may go.
    pub(super) fn allowing(&self, sets: &[&AffectedSet]) -> String {
        let namespace = self.envelope.namespace.as_deref().unwrap_or_default();
        let names: Vec<&str> = sets.iter().map(|concerned| change::name(concerned.set)).collect();
        format!("run `kubectl -n {namespace} annotate statefulset {} {ALLOW_DELETION}={ALLOWED}`", names.join(" "))
    }
}

impl AffectedSet<'_> {
    pub(super) fn current_state(&self) -> CurrentState<'_> {
        let (set, rqlite) = (self.set, self.rqlite);
        CurrentState::new(set, Some(rqlite), change::ordinals(set), DataLocation::of(set, rqlite), self.facts)
    }

    pub(super) fn votes(&self) -> bool {
        self.current_state().votes(None)
    }

    pub(super) fn replicas(&self) -> u32 {
        change::ordinals(self.set).count()
    }

    pub(super) fn is_deliberate(&self) -> bool {
        allows_deletion(&self.set.metadata)
    }
}

/// A refusal that is none where this holds, and its remedy not needed.
pub(super) fn lowered_if(allowed: bool, finding: Finding) -> Finding {
    if allowed && finding.level() == Level::Deny { RULE.warn(finding.message()) } else { finding }
}

/// `StatefulSet rqlite`, `StatefulSets a and b`; of several also how many voters each has, where that is asked for.
pub(super) fn named(sets: &[&AffectedSet], counted: bool) -> String {
    let name = |concerned: &&AffectedSet| match (counted, sets) {
        (true, [_, _, ..]) => format!("{} ({})", change::name(concerned.set), concerned.replicas()),
        _ => change::name(concerned.set).to_owned(),
    };
    let count = u32::try_from(sets.len()).unwrap_or(u32::MAX);
    let names = words::names(&Ids::of(sets.iter().map(name), count));
    if count == 1 { format!("StatefulSet {names}") } else { format!("StatefulSets {names}") }
}

/// All replicas of these sets: `3 voters`.
pub(super) fn voters(sets: &[&AffectedSet]) -> String {
    words::voters(sets.iter().fold(0, |sum, concerned| sum.saturating_add(concerned.replicas())))
}
