//! A StatefulSet's pod template being edited by one policy, beside the old object's: the operations come out as a JSON patch.
//! What should be in it is the policy's decision.

use std::sync::Arc;

use kubernetes::annotation::INJECTED;
use kubernetes::collect;
use kubernetes::manifest::{Container, FromTree, StatefulSet, StatefulSetSpec};
use rqlite::cluster::{Node, RqliteSet};
use rqlite::launch::Launch;
use serde_json::{Value, json};

use super::edits::SpecEdits;
use super::entry::{self, InjectionEntry, InjectionMark};
use super::injection_list::{InjectionList, InsertError};
use super::item::Item;
use super::launch::FlagPosition;
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
pub struct UninjectedSet {
    pub set: Arc<StatefulSet>,
    /// None if it does not run rqlite.
    pub rqlite: Option<Arc<RqliteSet>>,
}

/// The new object under one policy's hands.
#[derive(Debug, Clone)]
pub struct TemplateEditor {
    injector: Injector,
    creates: bool,
    /// The old object's spec and what stands in it of its list; None where it lists nothing.
    old: Option<InjectionList>,
    list: InjectionList,
    /// As the request has it.
    annotation: Option<String>,
    annotated: bool,
    changes: bool,
    uninjected: UninjectedSet,
}

impl Injector {
    /// None where the review brings no new StatefulSet.
    pub fn editor(self, review: &Review) -> Option<TemplateEditor> {
        match &review.subject {
            Subject::Set { old, new: Some(new) } => Some(TemplateEditor::of(self, old.as_ref(), new)),
            Subject::Set { new: None, .. }
            | Subject::Scale { .. }
            | Subject::Eviction { .. }
            | Subject::Autoscaler { .. }
            | Subject::DependencyDeletion { .. }
            | Subject::Other => None,
        }
    }

    /// What the set's author wrote.
    pub fn uninjected(self, document: &SetDocument) -> UninjectedSet {
        match self.listed(document) {
            Some(list) => UninjectedSet::of(document, &list, self),
            None => UninjectedSet::whole(document),
        }
    }

    /// What stands in a set of its list; None where it lists nothing.
    fn listed(self, document: &SetDocument) -> Option<InjectionList> {
        let listed = listed(document);
        if listed.is_empty() {
            return None;
        }
        let spec = document.spec.clone();
        let entries = self.owned_entries(&spec, presence::standing(&spec, listed));
        Some(InjectionList { edits: SpecEdits::of(spec), entries, launches: launches(document) })
    }

    fn owns(self, entry: &InjectionEntry, spec: &Value) -> bool {
        entry.policy == self.policy && presence::item(spec, &entry.mark).is_some_and(|item| (self.makes)(&item))
    }

    /// The entries but for those that stand under the policy's name without being its.
    fn owned_entries(self, spec: &Value, entries: Vec<InjectionEntry>) -> Vec<InjectionEntry> {
        entries.into_iter().filter(|entry| entry.policy != self.policy || self.owns(entry, spec)).collect()
    }
}

impl TemplateEditor {
    /// `old` is none at a creation.
    pub fn of(injector: Injector, old: Option<&SetDocument>, new: &SetDocument) -> Self {
        let listed_before = old.and_then(|old| injector.listed(old));
        let spec = new.spec.clone();
        let before = listed_before.as_ref().map(|old| old.entries.as_slice()).unwrap_or_default();
        let entries = injector.owned_entries(&spec, presence::surviving(before, &spec, listed(new)));
        let list = InjectionList { edits: SpecEdits::of(spec), entries, launches: launches(new) };
        let changes = match (old, &listed_before) {
            (None, _) => true,
            (Some(_), Some(before)) => changes(before, &list),
            (Some(old), None) => !old.same_template(new),
        };
        TemplateEditor {
            injector,
            creates: old.is_none(),
            changes,
            uninjected: UninjectedSet::of(new, &list, injector),
            old: listed_before,
            list,
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
    pub fn uninjected(&self) -> &UninjectedSet {
        &self.uninjected
    }

    /// [`TemplateEditor::uninjected`], if it runs rqlite.
    pub fn cluster(&self) -> Option<&RqliteSet> {
        self.uninjected.rqlite.as_deref()
    }

    /// What the old object's list names as this policy's, and has, as it stands there.
    pub fn listed(&self) -> Vec<Item> {
        let Some(old) = &self.old else { return Vec::new() };
        self.own(old).filter_map(|entry| presence::item(old.spec(), &entry.mark)).collect()
    }

    /// This policy's items that stand in the template now.
    pub fn present(&self) -> Vec<Item> {
        self.own(&self.list).filter_map(|entry| presence::item(self.list.spec(), &entry.mark)).collect()
    }

    fn own<'a>(&self, list: &'a InjectionList) -> impl Iterator<Item = &'a InjectionEntry> {
        list.own(self.injector.policy)
    }

    /// The template has the item now, put by this policy.
    pub fn has(&self, item: &Item) -> bool {
        self.present().iter().any(|present| present == item)
    }

    /// `spec.template` as it stands now.
    pub fn template(&self) -> &Value {
        self.list.spec().pointer(tree::TEMPLATE).unwrap_or(&Value::Null)
    }

    /// The object as it stands now.
    pub fn result(&self) -> StatefulSet {
        typed(&self.uninjected.set, self.list.spec())
    }

    /// The entries as they stand now, of all policies.
    pub fn entries(&self) -> &[InjectionEntry] {
        &self.list.entries
    }

    /// Makes the item stand in the template, and lists it. One that the old object has goes to its old place, if the launch
    /// still takes it there; otherwise to the place that the launch offers, or to the end of its list.
    pub fn put(&mut self, item: &Item) -> Result<(), InsertError> {
        let policy = self.injector.policy;
        match item {
            Item::Flag { container, token } => self.put_flag(container, token, item),
            Item::Grace { seconds } => {
                self.list.put_grace(policy, *seconds);
                Ok(())
            }
            Item::Volume { content } => {
                let at = self.old_index(item);
                self.list.put_volume(policy, content, at)
            }
            Item::Mount { container, content } => {
                let at = self.old_index(item);
                self.list.put_mount(policy, (container, content), at)
            }
            Item::Probe { container, probe } => self.list.put_probe(policy, container, *probe),
        }
    }

    fn put_flag(&mut self, container: &str, token: &str, item: &Item) -> Result<(), InsertError> {
        let old = self.old.as_ref().and_then(|old| origin::flag_position(old, &self.list, &old.entry(item)?.mark));
        if let Some(mark) = self.list.entry(item).map(|entry| entry.mark.clone()) {
            if self.changes || stands_at(&mark, old.as_ref()) {
                return Ok(());
            }
            self.list.take_out(&mark);
        }
        let exact = !self.changes;
        self.list.put_flag(self.injector.policy, (container, token), (old, exact))
    }

    /// In an unchanged template an element goes exactly where it was; in another, one that stands somewhere stays there.
    fn old_index(&self, item: &Item) -> Option<usize> {
        let old = self.old.as_ref().filter(|_| !self.changes)?;
        origin::index(old, &self.list, &old.entry(item)?.mark)
    }

    /// Takes the item out, if this policy put it there.
    pub fn take_out(&mut self, item: &Item) {
        let own = self.list.entry(item).filter(|entry| entry.policy == self.injector.policy);
        if let Some(mark) = own.map(|entry| entry.mark.clone()) {
            self.list.take_out(&mark);
        }
    }

    /// The RFC 6902 operations, JSON text of the array; none if nothing changed.
    pub fn into_patch(self) -> Option<String> {
        let list = entry::format(&self.list.entries);
        let mut operations = self.list.edits.into_operations();
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

fn listed(document: &SetDocument) -> Vec<InjectionEntry> {
    document.set.metadata.annotations.get(INJECTED).map(|text| entry::parse(text)).unwrap_or_default()
}

fn stands_at(mark: &InjectionMark, position: Option<&FlagPosition>) -> bool {
    match (mark, position) {
        (InjectionMark::Flag { list, index, .. }, Some(position)) => *list == position.list && *index == position.index,
        _ => true,
    }
}

/// The templates differ after everything that the old list names is taken out of both.
fn changes(old: &InjectionList, new: &InjectionList) -> bool {
    let bare = |list: &InjectionList| InjectionList { launches: Vec::new(), ..list.clone() };
    let (mut left, mut right) = (bare(old), bare(new));
    for entry in &old.entries {
        left.take_out(&entry.mark);
        right.take_out(&entry.mark);
    }
    left.spec().pointer(tree::TEMPLATE) != right.spec().pointer(tree::TEMPLATE)
}

impl UninjectedSet {
    fn whole(document: &SetDocument) -> Self {
        UninjectedSet { set: Arc::clone(&document.set), rqlite: document.rqlite().cloned() }
    }

    fn of(document: &SetDocument, list: &InjectionList, injector: Injector) -> Self {
        let own: Vec<&InjectionEntry> = list.own(injector.policy).collect();
        if own.is_empty() {
            return UninjectedSet::whole(document);
        }
        let mut stripped = list.clone();
        for entry in own {
            stripped.take_out(&entry.mark);
        }
        let set = typed(&document.set, stripped.spec());
        let rqlite = document.rqlite().map(|rqlite| Arc::new(relaunched(rqlite, &stripped, &set)));
        UninjectedSet { set: Arc::new(set), rqlite }
    }
}

fn launches(document: &SetDocument) -> Vec<(String, Arc<Launch>)> {
    let nodes = document.rqlite().into_iter().flat_map(|rqlite| &rqlite.nodes);
    nodes.map(|node| (node.container.name.clone(), Arc::clone(&node.launch))).collect()
}

/// The set's nodes as they start without what was taken out.
fn relaunched(rqlite: &RqliteSet, stripped: &InjectionList, set: &StatefulSet) -> RqliteSet {
    let running = set.spec.template.spec.running_containers();
    let containers = collect::map(running.map(|(_, container)| (container.name.as_str(), container)));
    let node = |node: &Node| match (stripped.launch(&node.container.name), containers.get(node.container.name.as_str()))
    {
        (Some(launch), Some(container)) => {
            node.relaunched(Arc::clone(launch), Arc::new(Container::clone(container)), set)
        }
        (_, _) => node.clone(),
    };
    RqliteSet { nodes: rqlite.nodes.iter().map(node).collect(), ..rqlite.clone() }
}

/// The object with that spec. A tree that came from a decoded text decodes again, whatever was put into it.
fn typed(object: &StatefulSet, spec: &Value) -> StatefulSet {
    let spec = StatefulSetSpec::from_tree(spec).unwrap_or_else(|_| object.spec.clone());
    StatefulSet { metadata: object.metadata.clone(), spec, status: object.status.clone() }
}
