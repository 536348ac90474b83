//! The StatefulSets of the cluster, as a watch keeps them: by name for parents, and which of them are rqlite's.
//! Asks the API server for nothing but the watch.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher::Config};
use kube::{Api, Client};
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::watch;
use tracing::info;

use crate::cluster::stored::StoredSet;
use crate::cluster::watched::Watched;

/// `namespace/name` of the sets that run rqlite.
pub(crate) type Known = Arc<BTreeSet<String>>;

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
    pub(crate) async fn run(self, client: Client) {
        let events = watcher::watcher(Api::<StoredSet>::all(client), Config::default()).default_backoff();
        self.follow(events).await;
    }

    async fn follow(mut self, events: impl Stream<Item = watcher::Result<Event<StoredSet>>>) {
        let mut events = pin!(events);
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    self.sets.watched.holds();
                    self.writer.apply_watcher_event(&event);
                    self.learn(&event);
                }
                Err(error) => self.sets.watched.broke(&error),
            }
        }
    }

    fn learn(&self, event: &Event<StoredSet>) {
        let known = self.known.borrow().clone();
        let now = match (event, known) {
            (Event::Init | Event::InitApply(_), _) | (Event::Apply(_) | Event::Delete(_), None) => return,
            (Event::InitDone, _) => {
                let all = self.sets.store.state();
                Some(all.iter().filter(|set| set.runs_rqlite()).map(|set| set.key()).collect())
            }
            (Event::Apply(set), Some(known)) => with(&known, set, set.runs_rqlite()),
            (Event::Delete(set), Some(known)) => with(&known, set, false),
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
fn with(known: &BTreeSet<String>, set: &StoredSet, runs_rqlite: bool) -> Option<BTreeSet<String>> {
    let key = set.key();
    if known.contains(&key) == runs_rqlite {
        return None;
    }
    let mut known = known.clone();
    if runs_rqlite {
        known.insert(key);
    } else {
        known.remove(&key);
    }
    Some(known)
}

#[cfg(test)]
pub(crate) mod tests {
    use futures_util::stream;

    use super::*;
    use crate::cluster::stored::tests::set;

    pub(crate) async fn after(events: Vec<watcher::Result<Event<StoredSet>>>) -> Sets {
        let (sets, watch) = Sets::new();
        watch.follow(stream::iter(events)).await;
        sets
    }

    fn known(sets: &Sets) -> Option<Vec<String>> {
        sets.known().borrow().as_ref().map(|known| known.iter().cloned().collect())
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
