//! What is cached of the objects that one watch tells of: of each object that matters here a few fields, by namespace and name.
//! Asks the API server for nothing but the watch, and says nothing once it cannot be relied on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;
use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use kube::core::NamespaceResourceScope;
use kube::runtime::watcher::Event;
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use crate::deleted_objects::DeletedObjects;
use crate::watch::WatchHandle;

/// A kind of which something is cached.
pub(crate) trait Cacheable:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + DeserializeOwned + Clone + Debug + Send + 'static
{
    type Cached: Debug + Send + Sync + 'static;

    /// As metrics and logs name it.
    const KIND: &'static str;

    /// None: this object does not matter here.
    fn cached(self) -> Option<Self::Cached>;

    /// Where it matters whether one has gone or is not known yet.
    fn uid(_cached: &Self::Cached) -> Option<&str> {
        None
    }
}

type ObjectsByNamespace<T> = HashMap<String, BTreeMap<String, Arc<T>>>;

/// The readers' end. Cheap to clone.
#[derive(Debug)]
pub(crate) struct WatchCache<K: Cacheable> {
    state: Arc<RwLock<CacheState<K::Cached>>>,
    pub(crate) watched: WatchHandle,
}

#[derive(Debug)]
struct CacheState<T> {
    all: ObjectsByNamespace<T>,
    deleted: DeletedObjects,
    /// The first list has come in whole.
    synced: bool,
}

impl<K: Cacheable> Clone for WatchCache<K> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state), watched: self.watched.clone() }
    }
}

impl<K: Cacheable> WatchCache<K> {
    pub(crate) fn new() -> Self {
        let state = CacheState { all: HashMap::new(), deleted: DeletedObjects::default(), synced: false };
        Self { state: Arc::new(RwLock::new(state)), watched: WatchHandle::new(K::KIND) }
    }

    pub(crate) fn synced(&self) -> bool {
        self.state().synced && self.watched.was_open()
    }

    /// Those of a namespace that `pick` picks, by name, in order. None: not known, or not recently enough.
    pub(crate) fn pick<T>(&self, namespace: &str, pick: impl Fn(&str, &Arc<K::Cached>) -> Option<T>) -> Option<Vec<T>> {
        let state = self.state();
        if !state.synced || !self.watched.is_reliable() {
            return None;
        }
        let here = state.all.get(namespace).into_iter().flatten();
        Some(here.filter_map(|(name, cached)| pick(name, cached)).collect())
    }

    /// The object of this uid was known, and is no more.
    pub(crate) fn was_deleted(&self, uid: &str) -> bool {
        self.state().deleted.contains(uid)
    }

    /// Watches all namespaces, for ever.
    pub(crate) async fn run(self, client: Client) -> Infallible {
        let mut listed = ObjectsByNamespace::new();
        self.watched.follow(Api::<K>::all(client), None, |event| self.apply(event, &mut listed)).await
    }

    /// A list is taken over when it is whole; until then what was known stands.
    fn apply(&self, event: Event<K>, listed: &mut ObjectsByNamespace<K::Cached>) {
        match event {
            Event::Init => listed.clear(),
            Event::InitApply(object) => drop(put(listed, object)),
            Event::InitDone => self.change(|state| {
                let before = std::mem::replace(&mut state.all, std::mem::take(listed));
                note_deleted::<K>(&before, state);
                state.synced = true;
            }),
            Event::Apply(object) => self.change(|state| {
                let uid = object.uid();
                let before = put(&mut state.all, object);
                // Made anew under the name.
                let other = before.as_deref().and_then(K::uid).filter(|before| Some(*before) != uid.as_deref());
                other.into_iter().for_each(|uid| state.deleted.note(uid));
            }),
            Event::Delete(object) => self.change(|state| {
                let before = take(&mut state.all, &object);
                before.as_deref().and_then(K::uid).into_iter().for_each(|uid| state.deleted.note(uid));
            }),
        }
    }

    fn change(&self, change: impl FnOnce(&mut CacheState<K::Cached>)) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        let count: usize = state.all.values().map(BTreeMap::len).sum();
        self.watched.cached.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    fn state(&self) -> RwLockReadGuard<'_, CacheState<K::Cached>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that does not matter any more is as good as deleted. Gives what was there before.
fn put<K: Cacheable>(all: &mut ObjectsByNamespace<K::Cached>, object: K) -> Option<Arc<K::Cached>> {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    match object.clone().cached() {
        Some(cached) => all.entry(namespace).or_default().insert(name, Arc::new(cached)),
        None => take(all, &object),
    }
}

fn take<K: Cacheable>(all: &mut ObjectsByNamespace<K::Cached>, object: &K) -> Option<Arc<K::Cached>> {
    let namespace = object.namespace().unwrap_or_default();
    let here = all.get_mut(&namespace)?;
    let taken = here.remove(&object.name_any());
    if here.is_empty() {
        all.remove(&namespace);
    }
    taken
}

/// Notes those of before that are there no more.
fn note_deleted<K: Cacheable>(before: &ObjectsByNamespace<K::Cached>, state: &mut CacheState<K::Cached>) {
    let there: HashSet<&str> =
        state.all.values().flat_map(BTreeMap::values).filter_map(|cached| K::uid(cached)).collect();
    let uids = before.values().flat_map(BTreeMap::values).filter_map(|cached| K::uid(cached));
    uids.filter(|uid| !there.contains(uid)).for_each(|uid| state.deleted.note(uid));
}

#[cfg(test)]
pub(crate) mod tests {
    use k8s_openapi::api::core::v1::PersistentVolumeClaim;
    use serde_json::json;

    use super::*;
    use crate::pods::WatchedPod;

    /// What is cached after these events of a watch that is open.
    pub(crate) fn after<K: Cacheable>(events: Vec<Event<K>>) -> WatchCache<K> {
        let cache = WatchCache::new();
        let mut listed = ObjectsByNamespace::new();
        events.into_iter().for_each(|event| cache.apply(event, &mut listed));
        cache.watched.open_for_a_test();
        cache
    }

    fn claim(name: &str) -> PersistentVolumeClaim {
        let metadata = json!({ "namespace": "db", "name": name });
        serde_json::from_value(json!({ "metadata": metadata, "status": { "phase": "Bound" } })).unwrap()
    }

    fn names(cache: &WatchCache<PersistentVolumeClaim>) -> Option<Vec<String>> {
        cache.pick("db", |name, _| Some(name.to_owned()))
    }

    fn list(name: &str) -> Vec<Event<PersistentVolumeClaim>> {
        vec![Event::Init, Event::InitApply(claim(name)), Event::InitDone]
    }

    #[test]
    fn a_list_counts_when_it_is_whole() {
        let mut events = list("a");
        let end = events.split_off(2);
        assert_eq!(names(&after(events.clone())), None);
        events.extend(end);
        assert_eq!(names(&after(events)), Some(vec!["a".to_owned()]));
    }

    #[test]
    fn a_second_list_replaces_the_first() {
        let cache = after([list("a"), list("b")].concat());
        assert_eq!(names(&cache), Some(vec!["b".to_owned()]));
    }

    #[test]
    fn events_change_it() {
        let later = [Event::Apply(claim("a")), Event::Apply(claim("b")), Event::Delete(claim("a"))];
        let cache = after([Event::Init, Event::InitDone].into_iter().chain(later).collect());
        assert_eq!(names(&cache), Some(vec!["b".to_owned()]));
        assert_eq!(cache.pick("other", |name, _| Some(name.to_owned())), Some(Vec::new()));
    }

    #[test]
    fn tells_what_has_gone_from_what_was_never_known() {
        let pod = |name: &str, uid: &str| -> WatchedPod {
            let owner = json!([{ "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "a", "uid": "s", "controller": true }]);
            let metadata = json!({ "namespace": "db", "name": name, "uid": uid, "ownerReferences": owner });
            serde_json::from_value(json!({ "metadata": metadata, "spec": { "containers": [] } })).unwrap()
        };
        let list = |pods: Vec<WatchedPod>| {
            let applied = pods.into_iter().map(Event::InitApply);
            std::iter::once(Event::Init).chain(applied).chain([Event::InitDone]).collect::<Vec<_>>()
        };
        let mut events = list(vec![pod("a-0", "u0"), pod("a-1", "u1"), pod("a-2", "u2")]);
        events.extend([Event::Delete(pod("a-0", "u0")), Event::Apply(pod("a-1", "u1b"))]);
        events.push(Event::Apply(pod("a-2", "u2")));
        let cache = after(events);
        assert_eq!(
            ["u0", "u1", "u1b", "u2", "u9"].map(|uid| cache.was_deleted(uid)),
            [true, true, false, false, false]
        );
        let mut listed = ObjectsByNamespace::new();
        list(vec![pod("a-1", "u1b")]).into_iter().for_each(|event| cache.apply(event, &mut listed));
        assert_eq!(["u1b", "u2"].map(|uid| cache.was_deleted(uid)), [false, true]);
    }

    #[test]
    fn a_broken_watch_tells_nothing_until_it_is_open_again() {
        let cache = after(list("a"));
        cache.watched.break_for_a_test();
        assert_eq!(names(&cache), None);
        assert!(cache.synced());
        cache.watched.open_for_a_test();
        assert_eq!(names(&cache), Some(vec!["a".to_owned()]));
    }
}
