//! The StatefulSets of the cluster, as a watch keeps them: by name for parents, and which of them are rqlite's, with what they need.
//! Asks the API server for nothing but the watch.

use std::pin::pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher::Config;
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client};
use prometheus_client::metrics::gauge::Gauge;
use rqlite::needs::{Kind, Needs};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::info;

use crate::cluster::stored::StoredSet;
use crate::cluster::watched::Watched;
use crate::registration::{KnownSets, SetName};

/// The sets that run rqlite.
pub(crate) type Known = Arc<KnownSets>;

/// What the watch knows, for its readers.
#[derive(Debug, Clone)]
pub(crate) struct Sets {
    store: Store<StoredSet>,
    known: watch::Receiver<Option<Known>>,
    pub(crate) watched: Watched,
    pub(crate) rqlite: Gauge,
}

/// The other end: the watch itself.
pub(crate) struct SetsWatch {
    writer: Writer<StoredSet>,
    known: watch::Sender<Option<Known>>,
    sets: Sets,
}

impl Sets {
    pub(crate) fn new() -> (Self, SetsWatch) {
        let writer = Writer::default();
        let (sender, known) = watch::channel(None);
        let sets =
            Self { store: writer.as_reader(), known, watched: Watched::new("StatefulSets"), rqlite: Gauge::default() };
        (sets.clone(), SetsWatch { writer, known: sender, sets })
    }

    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<Arc<StoredSet>> {
        self.store.get(&ObjectRef::new(name).within(namespace))
    }

    /// The rqlite sets of the namespace that need the object; None before the first list has come in.
    pub(crate) fn needing(&self, kind: Kind, namespace: &str, name: &str) -> Option<Vec<Arc<StoredSet>>> {
        let known = self.known.borrow().clone()?;
        let first = SetName { namespace: namespace.to_owned(), name: String::new() };
        let there = known.range(first..).take_while(|(set, _)| set.namespace == namespace);
        let needing = there.filter(|(_, needs)| needs.include(kind, name));
        Some(needing.filter_map(|(set, _)| self.get(&set.namespace, &set.name)).collect())
    }

    /// Whether the first list has come in whole.
    pub(crate) fn synced(&self) -> bool {
        self.known.borrow().is_some()
    }

    /// None before the first list has come in.
    pub(crate) fn known(&self) -> watch::Receiver<Option<Known>> {
        self.known.clone()
    }
}

impl SetsWatch {
    /// Watches all namespaces, for ever.
    pub(crate) async fn run(mut self, client: Client) {
        loop {
            self.follow(watcher::watcher(Api::<StoredSet>::all(client.clone()), Config::default())).await;
            sleep(self.sets.watched.pause()).await;
        }
    }

    /// Until it breaks; then it is begun anew (`kept`).
    async fn follow(&mut self, events: impl Stream<Item = watcher::Result<Event<StoredSet>>>) {
        let mut events = pin!(events);
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    if !matches!(event, Event::Init | Event::InitApply(_)) {
                        self.sets.watched.holds();
                    }
                    self.writer.apply_watcher_event(&event);
                    self.learn(&event);
                }
                Err(error) => return self.sets.watched.broke(&error),
            }
        }
    }

    fn learn(&self, event: &Event<StoredSet>) {
        let known = self.known.borrow().clone();
        let now = match (event, known) {
            (Event::Init | Event::InitApply(_), _) | (Event::Apply(_) | Event::Delete(_), None) => return,
            (Event::InitDone, _) => {
                let all = self.sets.store.state();
                Some(all.iter().filter_map(|set| Some((set.name(), set.needs()?.clone()))).collect())
            }
            (Event::Apply(set), Some(known)) => with(&known, set.name(), set.needs()),
            (Event::Delete(set), Some(known)) => with(&known, set.name(), None),
        };
        self.sets.watched.kept.set(i64::try_from(self.sets.store.len()).unwrap_or(i64::MAX));
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
fn with(known: &KnownSets, set: SetName, needs: Option<&Needs>) -> Option<KnownSets> {
    if known.get(&set) == needs {
        return None;
    }
    let mut known = known.clone();
    match needs {
        Some(needs) => known.insert(set, needs.clone()),
        None => known.remove(&set),
    };
    Some(known)
}

#[cfg(test)]
pub(crate) mod tests {
    use futures_util::stream;
    use kube::Resource;

    use super::*;
    use crate::cluster::stored::tests::set;

    pub(crate) async fn after(events: Vec<watcher::Result<Event<StoredSet>>>) -> Sets {
        let (sets, mut watch) = Sets::new();
        watch.follow(stream::iter(events)).await;
        sets
    }

    fn known(sets: &Sets) -> Option<Vec<String>> {
        sets.known().borrow().as_ref().map(|known| known.keys().map(ToString::to_string).collect())
    }

    const RQLITE: &str = "rqlite/rqlite:9.1.3";

    #[tokio::test]
    async fn is_synced_only_when_the_first_list_is_whole() {
        let begun = vec![Ok(Event::Init), Ok(Event::InitApply(set("a", RQLITE, "1")))];
        let sets = after(begun).await;
        assert!(!sets.synced());
        assert!(sets.get("db", "a").is_none());
        let whole = vec![Ok(Event::Init), Ok(Event::InitApply(set("a", RQLITE, "1"))), Ok(Event::InitDone)];
        let sets = after(whole).await;
        assert!(sets.synced());
        assert!(sets.get("db", "a").is_some());
        assert_eq!(known(&sets), Some(vec!["db/a".to_owned()]));
    }

    #[tokio::test]
    async fn knows_a_set_while_it_runs_rqlite() {
        let listed = || vec![Ok(Event::Init), Ok(Event::InitDone)];
        let events = |more: Vec<Event<StoredSet>>| listed().into_iter().chain(more.into_iter().map(Ok)).collect();
        let created =
            after(events(vec![Event::Apply(set("a", RQLITE, "1")), Event::Apply(set("w", "nginx", "2"))])).await;
        assert_eq!(known(&created), Some(vec!["db/a".to_owned()]));
        let changed =
            after(events(vec![Event::Apply(set("a", RQLITE, "1")), Event::Apply(set("a", "nginx", "2"))])).await;
        assert_eq!(known(&changed), Some(vec![]));
        let deleted =
            after(events(vec![Event::Apply(set("a", RQLITE, "1")), Event::Delete(set("a", RQLITE, "2"))])).await;
        assert_eq!(known(&deleted), Some(vec![]));
        assert!(deleted.get("db", "a").is_none());
    }

    #[tokio::test]
    async fn knows_which_sets_need_an_object() {
        let elsewhere = |mut set: StoredSet| {
            set.meta_mut().namespace = Some("other".to_owned());
            set
        };
        let sets = after(vec![
            Ok(Event::Init),
            Ok(Event::InitApply(set("a", RQLITE, "1"))),
            Ok(Event::InitApply(set("b", RQLITE, "1"))),
            Ok(Event::InitApply(elsewhere(set("a", RQLITE, "1")))),
            Ok(Event::InitApply(set("w", "nginx", "1"))),
            Ok(Event::InitDone),
        ])
        .await;
        let needing = |kind, namespace, name| {
            let found = sets.needing(kind, namespace, name).unwrap();
            found.iter().map(|set| set.name().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(needing(Kind::Namespace, "db", "db"), ["db/a", "db/b"]);
        assert_eq!(needing(Kind::Namespace, "d", "d"), [""; 0]);
        assert_eq!(needing(Kind::Service, "db", "b-internal"), ["db/b"]);
        assert_eq!(needing(Kind::Service, "other", "a-internal"), ["other/a"]);
        assert_eq!(needing(Kind::Service, "db", "w-internal"), [""; 0]);
        let (unsynced, _watch) = Sets::new();
        assert!(unsynced.needing(Kind::Namespace, "db", "db").is_none());
    }

    #[tokio::test]
    async fn learns_what_a_set_needs_by_now() {
        let renamed: StoredSet =
            serde_json::from_str(&set("a", RQLITE, "2").json().replace("a-internal", "a-headless")).unwrap();
        let sets = after(vec![
            Ok(Event::Init),
            Ok(Event::InitApply(set("a", RQLITE, "1"))),
            Ok(Event::InitDone),
            Ok(Event::Apply(renamed)),
        ])
        .await;
        assert_eq!(sets.needing(Kind::Service, "db", "a-internal").unwrap().len(), 0);
        assert_eq!(sets.needing(Kind::Service, "db", "a-headless").unwrap().len(), 1);
    }

    #[tokio::test]
    async fn keeps_what_it_knows_while_the_watch_is_broken() {
        let sets = after(vec![
            Ok(Event::Init),
            Ok(Event::InitApply(set("a", RQLITE, "1"))),
            Ok(Event::InitDone),
            Err(watcher::Error::NoResourceVersion),
        ])
        .await;
        assert!(sets.synced());
        assert!(sets.get("db", "a").is_some());
        assert!(sets.watched.is_broken());
    }
}
