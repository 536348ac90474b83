//! A StatefulSet's pod template being edited by one policy, beside the old object's: the operations come out as a JSON patch.
//! What should be in it is the policy's decision.

use std::sync::Arc;

use kubernetes::annotation::INJECTED;
use kubernetes::manifest::{Container, StatefulSet, StatefulSetSpec};
use rqlite::cluster::RqliteSet;
use rqlite::launch::Launch;
use serde::Deserialize;
use serde_json::{Value, json};

use super::edits::Edits;
use super::entry::{self, Entry, Mark};
use super::item::Item;
use super::launch::Spot;
use super::placing::{Ledger, NotPut};
use super::{origin, presence, tree};
use crate::review::{Review, SetDocument, Subject};

/// A policy that injects.
#[derive(Debug, Clone, Copy)]
pub struct Injector {
    pub policy: &'static str,
    /// Whether the policy can have made that item. An entry under its name that is none of these is nobody's: what it
    /// names is the user's, and the entry goes.
    pub makes: fn(&Item) -> bool,
}

/// A set without what one policy put into it (other policies' items stay): what its author wrote.
#[derive(Debug, Clone)]
pub struct Bare {
    pub set: Arc<StatefulSet>,
    /// None if it does not run rqlite.
    pub rqlite: Option<Arc<RqliteSet>>,
}

/// The new object under one policy's hands.
#[derive(Debug, Clone)]
pub struct Draft {
    injector: Injector,
    creates: bool,
    /// The old object's spec and what stands in it of its list; None where it lists nothing.
    old: Option<Ledger>,
    ledger: Ledger,
    /// As the request has it.
    annotation: Option<String>,
    annotated: bool,
    changes: bool,
    bare: Bare,
}

impl Injector {
    /// None where the review brings no new StatefulSet.
    pub fn draft(self, review: &Review) -> Option<Draft> {
        match &review.subject {
            Subject::Set { old, new: Some(new) } => Some(Draft::of(self, old.as_ref(), new)),
            Subject::Set { new: None, .. }
            | Subject::Scale { .. }
            | Subject::Eviction { .. }
            | Subject::Autoscaler { .. }
            | Subject::Needed { .. }
            | Subject::Other => None,
        }
    }

    /// What the set's author wrote.
    pub fn bare(self, document: &SetDocument) -> Bare {
        match self.listed(document) {
            Some(ledger) => Bare::of(document, &ledger, self),
            None => Bare::whole(document),
        }
    }

    /// What stands in a set of its list; None where it lists nothing.
    fn listed(self, document: &SetDocument) -> Option<Ledger> {
        let listed = listed(document);
        if listed.is_empty() {
            return None;
        }
        let spec = document.spec_tree();
        let entries = self.honest(&spec, presence::standing(&spec, listed));
        Some(Ledger { edits: Edits::of(spec), entries })
    }

    fn owns(self, entry: &Entry, spec: &Value) -> bool {
        entry.policy == self.policy && presence::item(spec, &entry.mark).is_some_and(|item| (self.makes)(&item))
    }

    /// The entries but for those that stand under the policy's name without being its.
    fn honest(self, spec: &Value, entries: Vec<Entry>) -> Vec<Entry> {
        entries.into_iter().filter(|entry| entry.policy != self.policy || self.owns(entry, spec)).collect()
    }
}

impl Draft {
    /// `old` is none at a creation.
    pub fn of(injector: Injector, old: Option<&SetDocument>, new: &SetDocument) -> Self {
        let listed_before = old.and_then(|old| injector.listed(old));
        let spec = new.spec_tree();
        let before = listed_before.as_ref().map(|old| old.entries.as_slice()).unwrap_or_default();
        let entries = injector.honest(&spec, presence::surviving(before, &spec, listed(new)));
        let ledger = Ledger { edits: Edits::of(spec), entries };
        let changes = match (old, &listed_before) {
            (None, _) => true,
            (Some(_), Some(before)) => changes(before, &ledger),
            (Some(old), None) => !old.same_template(new),
        };
        Draft {
            injector,
            creates: old.is_none(),
            changes,
            bare: Bare::of(new, &ledger, injector),
            old: listed_before,
            ledger,
            annotation: new.set.metadata.annotations.get(INJECTED).cloned(),
            annotated: !new.set.metadata.annotations.is_empty(),
        }
    }

    /// The object is created.
    pub fn creates(&self) -> bool {
        self.creates
    }

    /// A creation, or the pod template changes anyway: an injection may start, and one that nobody asks for goes.
    pub fn template_changes(&self) -> bool {
        self.changes
    }

    /// The new object without what this policy put into it.
    pub fn bare(&self) -> &Bare {
        &self.bare
    }

    /// [`Draft::bare`], if it runs rqlite.
    pub fn cluster(&self) -> Option<&RqliteSet> {
        self.bare.rqlite.as_deref()
    }

    /// What the old object's list names as this policy's, and has, as it stands there.
    pub fn listed(&self) -> Vec<Item> {
        let Some(old) = &self.old else { return Vec::new() };
        self.own(old).filter_map(|entry| presence::item(old.spec(), &entry.mark)).collect()
    }

    /// This policy's items that stand in the template now.
    pub fn present(&self) -> Vec<Item> {
        self.own(&self.ledger).filter_map(|entry| presence::item(self.ledger.spec(), &entry.mark)).collect()
    }

    fn own<'a>(&self, ledger: &'a Ledger) -> impl Iterator<Item = &'a Entry> {
        ledger.own(self.injector.policy)
    }

    /// The template has the item now, put by this policy.
    pub fn has(&self, item: &Item) -> bool {
        self.present().iter().any(|present| present == item)
    }

    /// `spec.template` as it stands now.
    pub fn template(&self) -> &Value {
        self.ledger.spec().pointer(tree::TEMPLATE).unwrap_or(&Value::Null)
    }

    /// The object as it stands now.
    pub fn result(&self) -> StatefulSet {
        typed(&self.bare.set, self.ledger.spec())
    }

    /// The entries as they stand now, of all policies.
    pub fn entries(&self) -> &[Entry] {
        &self.ledger.entries
    }

    /// Makes the item stand in the template, and lists it. One that the old object has goes to its old place, if the launch
    /// still takes it there; otherwise to the place that the launch offers, or to the end of its list.
    pub fn put(&mut self, item: &Item) -> Result<(), NotPut> {
        let policy = self.injector.policy;
        match item {
            Item::Flag { container, token } => self.put_flag(container, token, item),
            Item::Grace { seconds } => {
                self.ledger.put_grace(policy, *seconds);
                Ok(())
            }
            Item::Volume { content } => {
                let at = self.old_index(item);
                self.ledger.put_volume(policy, content, at)
            }
            Item::Mount { container, content } => {
                let at = self.old_index(item);
                self.ledger.put_mount(policy, (container, content), at)
            }
            Item::Probe { container, probe } => self.ledger.put_probe(policy, container, *probe),
        }
    }

    fn put_flag(&mut self, container: &str, token: &str, item: &Item) -> Result<(), NotPut> {
        let old = self.old.as_ref().and_then(|old| origin::spot(old, &self.ledger, &old.entry(item)?.mark));
        if let Some(mark) = self.ledger.entry(item).map(|entry| entry.mark.clone()) {
            if self.changes || stands_at(&mark, old.as_ref()) {
                return Ok(());
            }
            self.ledger.take_out(&mark);
        }
        let launch = self.launch(container);
        let exact = !self.changes;
        self.ledger.put_flag(self.injector.policy, (container, token), launch.as_deref(), (old, exact))
    }

    /// The launch of a container of rqlite's, as it stands now.
    fn launch(&self, container: &str) -> Option<Arc<Launch>> {
        let node = self.cluster()?.nodes.iter().find(|node| node.container.name == container)?;
        if self.ledger.edits.is_empty() && self.own(&self.ledger).next().is_none() {
            return Some(Arc::clone(&node.launch));
        }
        let (_, tree) = tree::container(self.ledger.spec(), container)?;
        Some(Arc::new(Launch::of(&Container::deserialize(tree).ok()?, node.version)))
    }

    /// In an unchanged template an element goes exactly where it was; in another, one that stands somewhere stays there.
    fn old_index(&self, item: &Item) -> Option<usize> {
        let old = self.old.as_ref().filter(|_| !self.changes)?;
        origin::index(old, &self.ledger, &old.entry(item)?.mark)
    }

    /// Takes the item out, if this policy put it there.
    pub fn take_out(&mut self, item: &Item) {
        let own = self.ledger.entry(item).filter(|entry| entry.policy == self.injector.policy);
        if let Some(mark) = own.map(|entry| entry.mark.clone()) {
            self.ledger.take_out(&mark);
        }
    }

    /// The RFC 6902 operations, JSON text of the array; none if nothing changed.
    pub fn into_patch(self) -> Option<String> {
        let list = entry::format(&self.ledger.entries);
        let mut operations = self.ledger.edits.into_operations();
        let path = format!("/metadata/annotations/{}", INJECTED.replace('/', "~1"));
        match self.annotation {
            Some(before) if before == list => {}
            Some(_) if list.is_empty() => operations.push(json!({ "op": "remove", "path": path })),
            Some(_) => operations.push(json!({ "op": "replace", "path": path, "value": list })),
            None if list.is_empty() => {}
            None if self.annotated => operations.push(json!({ "op": "add", "path": path, "value": list })),
            None => {
                let all = json!({ INJECTED: list });
                operations.push(json!({ "op": "add", "path": "/metadata/annotations", "value": all }));
            }
        }
        (!operations.is_empty()).then(|| Value::Array(operations).to_string())
    }
}

fn listed(document: &SetDocument) -> Vec<Entry> {
    document.set.metadata.annotations.get(INJECTED).map(|text| entry::parse(text)).unwrap_or_default()
}

fn stands_at(mark: &Mark, spot: Option<&Spot>) -> bool {
    match (mark, spot) {
        (Mark::Flag { list, index, .. }, Some(spot)) => *list == spot.list && *index == spot.index,
        _ => true,
    }
}

/// The templates differ after everything that the old list names is taken out of both.
fn changes(old: &Ledger, new: &Ledger) -> bool {
    let (mut left, mut right) = (old.clone(), new.clone());
    for entry in &old.entries {
        left.take_out(&entry.mark);
        right.take_out(&entry.mark);
    }
    left.spec().pointer(tree::TEMPLATE) != right.spec().pointer(tree::TEMPLATE)
}

impl Bare {
    fn whole(document: &SetDocument) -> Self {
        Bare { set: Arc::clone(&document.set), rqlite: document.rqlite().cloned() }
    }

    fn of(document: &SetDocument, ledger: &Ledger, injector: Injector) -> Self {
        let own: Vec<&Entry> = ledger.own(injector.policy).collect();
        if own.is_empty() {
            return Bare::whole(document);
        }
        let mut stripped = ledger.clone();
        for entry in own {
            stripped.take_out(&entry.mark);
        }
        let set = typed(&document.set, stripped.spec());
        let rqlite = RqliteSet::recognise(&set).map(Arc::new);
        Bare { set: Arc::new(set), rqlite }
    }
}

/// The object with that spec. A tree that came from a decoded text decodes again, whatever was put into it.
fn typed(object: &StatefulSet, spec: &Value) -> StatefulSet {
    let spec = StatefulSetSpec::deserialize(spec).unwrap_or_else(|_| object.spec.clone());
    StatefulSet { metadata: object.metadata.clone(), spec, status: object.status.clone() }
}
