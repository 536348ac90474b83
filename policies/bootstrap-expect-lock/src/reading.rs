//! A StatefulSet as the lock reads it: each rqlite container, what its rqlited is given, and where that stands.
//! Recognition and launch are the domain's; nothing is evaluated here.

use std::collections::BTreeMap;
use std::sync::Arc;

use kubernetes::manifest::{Container, ContainerPlace};
use kubernetes::manifest::{List, Place};
use quorate_sdk::SetDocument;
use rqlite::bootstrap::{Expect, may_hold, names_flag};
use rqlite::cluster::Node;
use rqlite::discovery::Discovery;
use rqlite::launch::Launch;
use rqlite::storage::Storage;

use crate::expect_value::ExpectValue;

/// One container.
#[derive(Debug)]
pub(crate) struct ContainerReading<'a> {
    pub(crate) container: &'a Container,
    pub(crate) launch: Arc<Launch>,
    pub(crate) discovery: Discovery,
    pub(crate) storage: Storage,
    pub(crate) given: ExpectValue,
    /// As the manifest spells it: `-bootstrap-expect=3`; empty where rqlited does not get it.
    text: String,
    place: Option<Place>,
    /// Of the container.
    at: ContainerPlace,
}

/// What the domain makes of a container that runs rqlite.
struct LaunchParts {
    launch: Arc<Launch>,
    discovery: Discovery,
    storage: Storage,
    expect: Option<Expect>,
}

impl LaunchParts {
    fn of(node: &Node) -> Self {
        LaunchParts {
            launch: Arc::clone(&node.launch),
            discovery: node.discovery.clone(),
            storage: node.storage.clone(),
            expect: node.expect.clone(),
        }
    }
}

impl<'a> ContainerReading<'a> {
    /// The set's rqlite containers.
    pub(crate) fn all(document: &'a SetDocument) -> Vec<Self> {
        let nodes = document.rqlite().into_iter().flat_map(|set| &set.nodes);
        // Both are in the manifest's order.
        let mut containers = running(document);
        let read = |node: &Node| {
            let (at, container) = containers.find(|(at, _)| *at == node.place)?;
            Some(ContainerReading::of(document, container, at, LaunchParts::of(node)))
        };
        nodes.filter_map(read).collect()
    }

    /// A container that does not count as rqlite's, read as if it did: the new object may be the first that says so.
    pub(crate) fn unrecognised(
        document: &'a SetDocument,
        (at, container): (ContainerPlace, &'a Container),
    ) -> Option<Self> {
        let node = document.other(&container.name)?;
        Some(ContainerReading::of(document, container, at, LaunchParts::of(node)))
    }

    fn of(document: &SetDocument, container: &'a Container, at: ContainerPlace, known: LaunchParts) -> Self {
        let LaunchParts { launch, discovery, storage, expect } = known;
        let template = &document.set.spec.template.metadata;
        let given = ExpectValue::of(&launch, expect.as_ref(), container, template);
        let whole = || (whole_references(&launch).join(" "), None);
        let (text, place) = match expect {
            Some(expect) => (expect.text, expect.place),
            None if given.is_uncertain() => whole(),
            None => Default::default(),
        };
        ContainerReading { container, launch, discovery, storage, given, text, place, at }
    }

    /// Words of the launch that may hold any flag, as written.
    pub(crate) fn hidden_words(&self) -> Vec<String> {
        let Some(line) = &self.launch.line else { return whole_references(&self.launch) };
        let hidden = line.hidden_flags().filter(|flag| flag.value().is_some_and(may_hold));
        hidden.map(|flag| line.spelling(flag)).collect()
    }

    /// The launch has these words as they are written, among those of a script or of a literal variable of flags too.
    pub(crate) fn holds(&self, words: &str) -> bool {
        let list: Vec<&str> = match &self.launch.line {
            Some(line) => line.argv(),
            None => self.container.command.iter().chain(&self.container.args).map(String::as_str).collect(),
        };
        let text = list.join(" ");
        let ends = |rest: &str| rest.chars().next().is_none_or(|c| c.is_whitespace() || matches!(c, '\'' | '"'));
        text.match_indices(words).any(|(at, found)| text.get(at + found.len()..).is_some_and(ends))
    }

    /// `-bootstrap-expect=3` as written, for a message; the plain name where the text is too long or not there.
    pub(crate) fn spelling(&self) -> String {
        // Longer than any sensible spelling: a script's text.
        let short = (1..=60).contains(&self.text.len()) && !self.text.contains('\n');
        if short { self.text.clone() } else { "-bootstrap-expect".to_owned() }
    }

    /// Kubernetes path of the value, or of the container.
    pub(crate) fn field(&self) -> String {
        let handed_on = || self.lost().filter(|_| self.given.is_unreadable());
        self.place.or_else(handed_on).map_or_else(|| self.at.to_string(), |place| self.at(place))
    }

    /// An argument that names the flag; where rqlited gets it from there, `place` says so.
    pub(crate) fn lost(&self) -> Option<Place> {
        let list = |list, words: &'a [String]| {
            let index = words.iter().position(|word| names_flag(word))?;
            Some(Place { list, index })
        };
        list(List::Args, &self.container.args).or_else(|| list(List::Command, &self.container.command))
    }

    /// Kubernetes path of an element of the container's lists.
    pub(crate) fn at(&self, place: Place) -> String {
        self.at.path(Some(place))
    }
}

/// Arguments that are references as a whole, where the launch cannot be read: `$(EXTRA)`.
fn whole_references(launch: &Launch) -> Vec<String> {
    let words = launch.unread_words().iter().filter(|word| may_hold(&word.value));
    words.map(|word| word.text.clone()).collect()
}

/// The containers that run as long as the pod does, by their names; the first of a name.
pub(crate) fn by_name(document: &SetDocument) -> BTreeMap<&str, (ContainerPlace, &Container)> {
    let mut named = BTreeMap::new();
    for (at, container) in running(document) {
        named.entry(container.name.as_str()).or_insert((at, container));
    }
    named
}

fn running(document: &SetDocument) -> impl Iterator<Item = (ContainerPlace, &Container)> {
    document.set.spec.template.spec.running_containers()
}
