//! What a watch of one kind leaves in memory: of each object that matters here a few fields, by namespace and name.
//! Asks the API server for nothing but the watch, and says nothing once it cannot be relied on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;
use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use kube::core::NamespaceResourceScope;
use kube::runtime::watcher::Event;
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use crate::gone::Gone;
use crate::watched::Watched;

/// A kind of which something is kept.
pub(crate) trait Keep:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + DeserializeOwned + Clone + Debug + Send + 'static
{
    type Kept: Debug + Send + Sync + 'static;

    /// As metrics and logs name it.
    const KIND: &'static str;

    /// None: this object does not matter here.
    fn kept(self) -> Option<Self::Kept>;

    /// Where it matters whether one has gone or is not known yet.
    fn uid(_kept: &Self::Kept) -> Option<&str> {
        None
    }
}

type Contents<T> = HashMap<String, BTreeMap<String, Arc<T>>>;

/// The readers' end. Cheap to clone.
#[derive(Debug)]
pub(crate) struct Kept<K: Keep> {
    state: Arc<RwLock<State<K::Kept>>>,
    pub(crate) watched: Watched,
}

#[derive(Debug)]
struct State<T> {
    all: Contents<T>,
    gone: Gone,
    /// The first list has come in whole.
    synced: bool,
}

impl<K: Keep> Clone for Kept<K> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state), watched: self.watched.clone() }
    }
}

impl<K: Keep> Kept<K> {
    pub(crate) fn new() -> Self {
        let state = State { all: HashMap::new(), gone: Gone::default(), synced: false };
        Self { state: Arc::new(RwLock::new(state)), watched: Watched::new(K::KIND) }
    }

    pub(crate) fn synced(&self) -> bool {
        self.state().synced && self.watched.was_open()
    }

    /// Those of a namespace that `pick` picks, by name, in order. None: not known, or not recently enough.
    pub(crate) fn pick<T>(&self, namespace: &str, pick: impl Fn(&str, &Arc<K::Kept>) -> Option<T>) -> Option<Vec<T>> {
        let state = self.state();
        if !state.synced || !self.watched.tells() {
            return None;
        }
        let here = state.all.get(namespace).into_iter().flatten();
        Some(here.filter_map(|(name, kept)| pick(name, kept)).collect())
    }

    /// The object of this uid was known, and is no more.
    pub(crate) fn has_gone(&self, uid: &str) -> bool {
        self.state().gone.has(uid)
    }

    /// Watches all namespaces, for ever.
    pub(crate) async fn run(self, client: Client) -> Infallible {
        let mut listed = Contents::new();
        self.watched.follow(Api::<K>::all(client), None, |event| self.apply(event, &mut listed)).await
    }

    /// A list is taken over when it is whole; until then what was known stands.
    fn apply(&self, event: Event<K>, listed: &mut Contents<K::Kept>) {
        match event {
            Event::Init => listed.clear(),
            Event::InitApply(object) => drop(put(listed, object)),
            Event::InitDone => self.change(|state| {
                let before = std::mem::replace(&mut state.all, std::mem::take(listed));
                note_gone::<K>(&before, state);
                state.synced = true;
            }),
            Event::Apply(object) => self.change(|state| {
                let uid = object.uid();
                let before = put(&mut state.all, object);
                // Made anew under the name.
                let other = before.as_deref().and_then(K::uid).filter(|before| Some(*before) != uid.as_deref());
                other.into_iter().for_each(|uid| state.gone.note(uid));
            }),
            Event::Delete(object) => self.change(|state| {
                let before = take(&mut state.all, &object);
                before.as_deref().and_then(K::uid).into_iter().for_each(|uid| state.gone.note(uid));
            }),
        }
    }

    fn change(&self, change: impl FnOnce(&mut State<K::Kept>)) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        let kept: usize = state.all.values().map(BTreeMap::len).sum();
        self.watched.kept.set(i64::try_from(kept).unwrap_or(i64::MAX));
    }

    fn state(&self) -> RwLockReadGuard<'_, State<K::Kept>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that does not matter any more is as good as deleted. Gives what was there before.
fn put<K: Keep>(all: &mut Contents<K::Kept>, object: K) -> Option<Arc<K::Kept>> {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    match object.clone().kept() {
        Some(kept) => all.entry(namespace).or_default().insert(name, Arc::new(kept)),
        None => take(all, &object),
    }
}

fn take<K: Keep>(all: &mut Contents<K::Kept>, object: &K) -> Option<Arc<K::Kept>> {
    let namespace = object.namespace().unwrap_or_default();
    let here = all.get_mut(&namespace)?;
    let taken = here.remove(&object.name_any());
    if here.is_empty() {
        all.remove(&namespace);
    }
    taken
}

/// Notes those of before that are there no more.
fn note_gone<K: Keep>(before: &Contents<K::Kept>, state: &mut State<K::Kept>) {
    let there: HashSet<&str> = state.all.values().flat_map(BTreeMap::values).filter_map(|kept| K::uid(kept)).collect();
    let uids = before.values().flat_map(BTreeMap::values).filter_map(|kept| K::uid(kept));
    uids.filter(|uid| !there.contains(uid)).for_each(|uid| state.gone.note(uid));
}

#[cfg(test)]
pub(crate) mod tests {
    use k8s_openapi::api::core::v1::PersistentVolumeClaim;
    use serde_json::json;

    use super::*;
    use crate::pods::WatchedPod;

    /// What is kept after these events of a watch that is open.
    pub(crate) fn after<K: Keep>(events: Vec<Event<K>>) -> Kept<K> {
        let kept = Kept::new();
        let mut listed = Contents::new();
        events.into_iter().for_each(|event| kept.apply(event, &mut listed));
        kept.watched.open_for_a_test();
        kept
    }

    fn claim(name: &str) -> PersistentVolumeClaim {
        let metadata = json!({ "namespace": "db", "name": name });
        serde_json::from_value(json!({ "metadata": metadata, "status": { "phase": "Bound" } })).unwrap()
    }

    fn names(kept: &Kept<PersistentVolumeClaim>) -> Option<Vec<String>> {
        kept.pick("db", |name, _| Some(name.to_owned()))
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
        let kept = after([list("a"), list("b")].concat());
        assert_eq!(names(&kept), Some(vec!["b".to_owned()]));
    }

    #[test]
    fn events_change_it() {
        let later = [Event::Apply(claim("a")), Event::Apply(claim("b")), Event::Delete(claim("a"))];
        let kept = after([Event::Init, Event::InitDone].into_iter().chain(later).collect());
        assert_eq!(names(&kept), Some(vec!["b".to_owned()]));
        assert_eq!(kept.pick("other", |name, _| Some(name.to_owned())), Some(Vec::new()));
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
        let kept = after(events);
        assert_eq!(["u0", "u1", "u1b", "u2", "u9"].map(|uid| kept.has_gone(uid)), [true, true, false, false, false]);
        let mut listed = Contents::new();
        list(vec![pod("a-1", "u1b")]).into_iter().for_each(|event| kept.apply(event, &mut listed));
        assert_eq!(["u1b", "u2"].map(|uid| kept.has_gone(uid)), [false, true]);
    }

    #[test]
    fn a_broken_watch_tells_nothing_until_it_is_open_again() {
        let kept = after(list("a"));
        kept.watched.break_for_a_test();
        assert_eq!(names(&kept), None);
        assert!(kept.synced());
        kept.watched.open_for_a_test();
        assert_eq!(names(&kept), Some(vec!["a".to_owned()]));
    }
}
