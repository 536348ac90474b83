//! The StatefulSets of the cluster, as a watch keeps them: by name for parents, and which of them are rqlite's, with what they need.
//! Asks the API server for nothing but the watch.

use std::convert::Infallible;
use std::sync::Arc;

use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher::Event;
use kube::{Api, Client};
use kubernetes::request::Dependency;
use prometheus_client::metrics::gauge::Gauge;
use rqlite::dependencies::Dependencies;
use tokio::sync::watch;
use tracing::info;

use crate::registration::{KnownSets, SetName};
use crate::stored::StoredSet;
use crate::watch::WatchHandle;

/// The sets that run rqlite.
pub(crate) type SharedKnownSets = Arc<KnownSets>;

/// What the watch knows, for its readers.
#[derive(Debug, Clone)]
pub(crate) struct SetCache {
    store: Store<StoredSet>,
    known: watch::Receiver<Option<SharedKnownSets>>,
    pub(crate) watched: WatchHandle,
    pub(crate) rqlite: Gauge,
}

/// The other end: the watch itself.
pub(crate) struct SetWatcher {
    writer: Writer<StoredSet>,
    known: watch::Sender<Option<SharedKnownSets>>,
    sets: SetCache,
}

impl SetCache {
    pub(crate) fn new() -> (Self, SetWatcher) {
        let writer = Writer::default();
        let (sender, known) = watch::channel(None);
        let sets = Self {
            store: writer.as_reader(),
            known,
            watched: WatchHandle::new("StatefulSets"),
            rqlite: Gauge::default(),
        };
        (sets.clone(), SetWatcher { writer, known: sender, sets })
    }

    /// As it was when the watch last told; its version says which that is.
    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<Arc<StoredSet>> {
        self.store.get(&ObjectRef::new(name).within(namespace))
    }

    /// As it is; None also where that is not known.
    pub(crate) fn current(&self, namespace: &str, name: &str) -> Option<Arc<StoredSet>> {
        self.watched.is_reliable().then(|| self.get(namespace, name)).flatten()
    }

    /// The rqlite sets of the namespace that need the object; None where that is not known.
    pub(crate) fn dependents(
        &self,
        dependency: Dependency,
        namespace: &str,
        name: &str,
    ) -> Option<Vec<Arc<StoredSet>>> {
        if !self.watched.is_reliable() {
            return None;
        }
        let known = self.known.borrow().clone()?;
        let first = SetName { namespace: namespace.to_owned(), name: String::new() };
        let there = known.range(first..).take_while(|(set, _)| set.namespace == namespace);
        let needing = there.filter(|(_, dependencies)| dependencies.include(dependency, name));
        Some(needing.filter_map(|(set, _)| self.get(&set.namespace, &set.name)).collect())
    }

    /// Whether the first list has come in whole.
    pub(crate) fn synced(&self) -> bool {
        self.known.borrow().is_some() && self.watched.was_open()
    }

    /// None before the first list has come in.
    pub(crate) fn known(&self) -> watch::Receiver<Option<SharedKnownSets>> {
        self.known.clone()
    }
}

impl SetWatcher {
    /// Watches all namespaces, for ever.
    pub(crate) async fn run(mut self, client: Client) -> Infallible {
        let watched = self.sets.watched.clone();
        watched.follow(Api::<StoredSet>::all(client), None, |event| self.apply(&event)).await
    }

    fn apply(&mut self, event: &Event<StoredSet>) {
        self.writer.apply_watcher_event(event);
        self.learn(event);
    }

    fn learn(&self, event: &Event<StoredSet>) {
        let known = self.known.borrow().clone();
        let now = match (event, known) {
            (Event::Init | Event::InitApply(_), _) | (Event::Apply(_) | Event::Delete(_), None) => return,
            (Event::InitDone, _) => {
                let all = self.sets.store.state();
                Some(all.iter().filter_map(|set| Some((set.name(), set.dependencies()?.clone()))).collect())
            }
            (Event::Apply(set), Some(known)) => with(&known, set.name(), set.dependencies()),
            (Event::Delete(set), Some(known)) => with(&known, set.name(), None),
        };
        self.sets.watched.cached.set(i64::try_from(self.sets.store.len()).unwrap_or(i64::MAX));
        let Some(now) = now else { return };
        self.sets.rqlite.set(i64::try_from(now.len()).unwrap_or(i64::MAX));
        self.known.send_if_modified(|known| {
            let changed = known.as_deref() != Some(&now);
            if changed {
                info!(sets = now.len(), "rqlite sets known");
                *known = Some(Arc::new(now));
            }
            changed
        });
    }
}

/// None where nothing changes: most events are about the status of a set.
fn with(known: &KnownSets, set: SetName, dependencies: Option<&Dependencies>) -> Option<KnownSets> {
    if known.get(&set) == dependencies {
        return None;
    }
    let mut known = known.clone();
    match dependencies {
        Some(dependencies) => known.insert(set, dependencies.clone()),
        None => known.remove(&set),
    };
    Some(known)
}

#[cfg(test)]
pub(crate) mod tests {
    use kube::Resource;

    use super::*;
    use crate::stored::tests::set;

    /// What is known after these events of a watch that is open.
    pub(crate) fn after(events: Vec<Event<StoredSet>>) -> SetCache {
        let (sets, mut watch) = SetCache::new();
        events.iter().for_each(|event| watch.apply(event));
        sets.watched.open_for_a_test();
        sets
    }

    fn known(sets: &SetCache) -> Option<Vec<String>> {
        sets.known().borrow().as_ref().map(|known| known.keys().map(ToString::to_string).collect())
    }

    const RQLITE: &str = "rqlite/rqlite:9.1.3";

    #[test]
    fn is_synced_only_when_the_first_list_is_whole() {
        let begun = vec![Event::Init, Event::InitApply(set("a", RQLITE, "1"))];
        let sets = after(begun);
        assert!(!sets.synced());
        assert!(sets.get("db", "a").is_none());
        let whole = vec![Event::Init, Event::InitApply(set("a", RQLITE, "1")), Event::InitDone];
        let sets = after(whole);
        assert!(sets.synced());
        assert!(sets.get("db", "a").is_some());
        assert_eq!(known(&sets), Some(vec!["db/a".to_owned()]));
    }

    #[test]
    fn knows_a_set_while_it_runs_rqlite() {
        let listed = || vec![Event::Init, Event::InitDone];
        let events = |more: Vec<Event<StoredSet>>| listed().into_iter().chain(more).collect();
        let created = after(events(vec![Event::Apply(set("a", RQLITE, "1")), Event::Apply(set("w", "nginx", "2"))]));
        assert_eq!(known(&created), Some(vec!["db/a".to_owned()]));
        let changed = after(events(vec![Event::Apply(set("a", RQLITE, "1")), Event::Apply(set("a", "nginx", "2"))]));
        assert_eq!(known(&changed), Some(vec![]));
        let deleted = after(events(vec![Event::Apply(set("a", RQLITE, "1")), Event::Delete(set("a", RQLITE, "2"))]));
        assert_eq!(known(&deleted), Some(vec![]));
        assert!(deleted.get("db", "a").is_none());
    }

    #[test]
    fn knows_which_sets_need_an_object() {
        let elsewhere = |mut set: StoredSet| {
            set.meta_mut().namespace = Some("other".to_owned());
            set
        };
        let sets = after(vec![
            Event::Init,
            Event::InitApply(set("a", RQLITE, "1")),
            Event::InitApply(set("b", RQLITE, "1")),
            Event::InitApply(elsewhere(set("a", RQLITE, "1"))),
            Event::InitApply(set("w", "nginx", "1")),
            Event::InitDone,
        ]);
        let needing = |dependency, namespace, name| {
            let found = sets.dependents(dependency, namespace, name).unwrap();
            found.iter().map(|set| set.name().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(needing(Dependency::Namespace, "db", "db"), ["db/a", "db/b"]);
        assert_eq!(needing(Dependency::Namespace, "d", "d"), [""; 0]);
        assert_eq!(needing(Dependency::Service, "db", "b-internal"), ["db/b"]);
        assert_eq!(needing(Dependency::Service, "other", "a-internal"), ["other/a"]);
        assert_eq!(needing(Dependency::Service, "db", "w-internal"), [""; 0]);
        let (unsynced, _watch) = SetCache::new();
        assert!(unsynced.dependents(Dependency::Namespace, "db", "db").is_none());
    }

    #[test]
    fn learns_what_a_set_needs_by_now() {
        let renamed: StoredSet =
            serde_json::from_str(&set("a", RQLITE, "2").json().replace("a-internal", "a-headless")).unwrap();
        let sets =
            after(vec![Event::Init, Event::InitApply(set("a", RQLITE, "1")), Event::InitDone, Event::Apply(renamed)]);
        assert_eq!(sets.dependents(Dependency::Service, "db", "a-internal").unwrap().len(), 0);
        assert_eq!(sets.dependents(Dependency::Service, "db", "a-headless").unwrap().len(), 1);
    }

    #[test]
    fn while_the_watch_is_broken_a_version_is_known_and_nothing_current() {
        let sets = after(vec![Event::Init, Event::InitApply(set("a", RQLITE, "1")), Event::InitDone]);
        assert!(sets.current("db", "a").is_some());
        sets.watched.break_for_a_test();
        assert!(sets.synced());
        assert!(sets.get("db", "a").is_some());
        assert!(sets.current("db", "a").is_none());
        assert!(sets.dependents(Dependency::Namespace, "db", "db").is_none());
    }
}
