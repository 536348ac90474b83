//! Which object of the base is which object of the head: by group-kind, namespace, name and way; and what becomes of one whose way no longer
//! gives it. Does not say what a difference means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::object::{Object, ObjectId};
use super::way::{Link, Links, key_of};
use super::ways::{Fate, MovedTops, fate};

/// One object before and after; at least one of them is there.
#[derive(Debug)]
pub(crate) struct ObjectPair {
    pub(crate) old: Option<Object>,
    pub(crate) new: Option<Object>,
    /// Of one that is no more: what becomes of it in the cluster. Of one that came in the place of another by an unknown way: not known.
    pub(crate) fate: Option<Fate>,
}

impl ObjectPair {
    fn both(old: Object, new: Object) -> Self {
        Self { old: Some(old), new: Some(new), fate: None }
    }

    fn came(new: Object) -> Self {
        Self { old: None, new: Some(new), fate: None }
    }

    fn went(old: Object, fate: Fate) -> Self {
        Self { old: Some(old), new: None, fate: Some(fate) }
    }
}

/// An object that stands more than once where it can stand only once.
#[derive(Debug)]
pub(crate) struct Duplicate {
    pub(crate) first: Object,
    pub(crate) second: Object,
}

/// What decides over objects that are on one side only.
pub(crate) struct PairContext<'p> {
    /// The leading objects of the head.
    pub(crate) links: &'p Links,
    /// Files of the head of which it is not known what they hold.
    pub(crate) unclear: &'p BTreeSet<String>,
    /// Topmost ones that stand in another file now.
    pub(crate) moved: &'p MovedTops,
    /// Of an object of the base that nobody is known to apply: whether something of the head uses its file or folder.
    pub(crate) is_taken_over: &'p dyn Fn(&Object) -> bool,
    /// What becomes of an object that nobody is known to apply.
    pub(crate) unknown: &'p dyn Fn(&Object) -> Fate,
}

/// Every object once, in order of name. Within one file, or one rendered folder, a second one is an error, and neither is paired.
pub(crate) fn pair(
    base: Vec<Object>,
    head: Vec<Object>,
    context: &PairContext<'_>,
) -> (Vec<ObjectPair>, Vec<Duplicate>) {
    let mut duplicates = Vec::new();
    let mut groups: BTreeMap<ObjectId, (Vec<Object>, Vec<Object>)> = BTreeMap::new();
    for mut object in without_duplicates(base, &mut duplicates) {
        if let Some(scope) = context.moved.in_head(&object.scope) {
            object.scope = scope;
        }
        groups.entry(object.id.clone()).or_default().0.push(object);
    }
    for object in without_duplicates(head, &mut duplicates) {
        groups.entry(object.id.clone()).or_default().1.push(object);
    }
    let uncertain: BTreeSet<ObjectId> = duplicates.iter().map(|duplicate| duplicate.first.id.clone()).collect();
    let certain = groups.into_iter().filter(|(id, _)| !uncertain.contains(id));
    let pairs = certain.flat_map(|(_, (old, new))| matched(old, new, context)).collect();
    (pairs, duplicates)
}

/// Takes out what stands more than once at one place. Of two sources of one way the last one wins.
fn without_duplicates(objects: Vec<Object>, duplicates: &mut Vec<Duplicate>) -> Vec<Object> {
    let mut places: BTreeMap<(ObjectId, String, String), Vec<Object>> = BTreeMap::new();
    for object in objects {
        let path = if object.way.is_known() { String::new() } else { object.origin.path.clone() };
        places.entry((object.id.clone(), object.scope.clone(), path)).or_default().push(object);
    }
    let mut kept = Vec::new();
    for mut same in places.into_values() {
        let Some(last) = same.pop() else { continue };
        match same.into_iter().next() {
            Some(first) if first.origin.path == last.origin.path => duplicates.push(Duplicate { first, second: last }),
            _ => kept.push(last),
        }
    }
    kept
}

type PairCriterion = dyn Fn(&Object, &Object) -> bool;

/// First what is the same way, then what is nobody's, then what goes and what comes.
fn matched(old: Vec<Object>, mut new: Vec<Object>, context: &PairContext<'_>) -> Vec<ObjectPair> {
    let several = old.len() > 1 || new.len() > 1;
    let same_way = |old: &Object, new: &Object| {
        old.scope == new.scope && (old.way.is_known() || old.origin.path == new.origin.path)
    };
    let mut pairs = Vec::new();
    let rest = take_matches(old, &mut new, &same_way, &mut pairs);
    let (known, nobodys): (Vec<Object>, Vec<Object>) = rest.into_iter().partition(|object| object.way.is_known());
    let nobodys = take_matches(nobodys, &mut new, &|old, new| old.value == new.value, &mut pairs);
    let rest = if several { nobodys } else { take_matches(nobodys, &mut new, &|_, _| true, &mut pairs) };
    let (taken_over, rest): (Vec<Object>, Vec<Object>) = rest.into_iter().partition(|old| (context.is_taken_over)(old));
    for old in take_matches(taken_over, &mut new, &|_, _| true, &mut pairs) {
        pairs.push(ObjectPair::went(old, Fate::NotKnown(USED.to_owned())));
    }
    let is_ambiguous = !rest.is_empty() && !new.is_empty();
    for old in rest {
        let fate = if is_ambiguous { Fate::NotKnown(SEVERAL.to_owned()) } else { (context.unknown)(&old) };
        pairs.push(ObjectPair::went(old, fate));
    }
    let mut handed_over = false;
    for old in known {
        let fate = fate_of(&old, context);
        let near = |new: &Object| {
            if new.way.is_known() {
                new.way.cluster() == old.way.cluster() || (!several && new.way.destination() == old.way.destination())
            } else {
                new.value == old.value || new.origin.path == old.origin.path
            }
        };
        let other = new.iter().position(near);
        match (fate, other) {
            (Fate::Kept(_) | Fate::Orphaned(_), Some(index)) => pairs.push(ObjectPair::both(old, new.remove(index))),
            // What came may be what went.
            (Fate::NotKnown(why), Some(index)) => {
                new.remove(index);
                pairs.push(ObjectPair::went(old, Fate::NotKnown(why)));
            }
            (fate, _) => {
                handed_over = true;
                pairs.push(ObjectPair::went(old, fate));
            }
        }
    }
    // A manifest that a known tool applied and that only lies there now is applied by nobody.
    let come = new.into_iter().filter(|new| new.way.is_known() || !handed_over).map(ObjectPair::came);
    pairs.into_iter().chain(come).collect()
}

const USED: &str = "something in the head uses its file or folder now and does not give it; whether it was applied by itself before is not known";

const SEVERAL: &str =
    "several objects of this name went or came, and nobody is known to apply them, so which became which is not known";

fn take_matches(
    old: Vec<Object>,
    new: &mut Vec<Object>,
    fits: &PairCriterion,
    pairs: &mut Vec<ObjectPair>,
) -> Vec<Object> {
    let mut alone = Vec::new();
    for object in old {
        match new.iter().position(|other| fits(&object, other)) {
            Some(index) => pairs.push(ObjectPair::both(object, new.remove(index))),
            None => alone.push(object),
        }
    }
    alone
}

fn fate_of(old: &Object, context: &PairContext<'_>) -> Fate {
    if let Some(why) = context.moved.not_known(&old.scope) {
        return Fate::NotKnown(why);
    }
    let key = |links: &[Arc<Link>]| {
        let key = key_of(links);
        context.moved.in_head(&key).unwrap_or(key)
    };
    fate(old, &old.way, &key, (context.links, context.unclear))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::object::ObjectOrigin;
    use super::super::source::RawObject;
    use super::super::tree::Side;
    use super::super::way::Way;
    use super::*;

    fn object(side: Side, path: &str, name: &str, document: usize) -> Object {
        let value = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}});
        let raw = RawObject { value, document, root: String::new() };
        let origin = ObjectOrigin { side, path: path.to_owned(), document, root: String::new() };
        Object::of(raw, origin, &Arc::new(Way::default()), "db").unwrap()
    }

    fn paired(base: Vec<Object>, head: Vec<Object>) -> (Vec<ObjectPair>, Vec<Duplicate>) {
        let context = PairContext {
            links: &Links::new(),
            unclear: &BTreeSet::new(),
            moved: &MovedTops::default(),
            is_taken_over: &|_| false,
            unknown: &|_| Fate::Kept(String::new()),
        };
        pair(base, head, &context)
    }

    fn paths(pairs: &[ObjectPair]) -> Vec<(Option<&str>, Option<&str>)> {
        let path = |object: &Option<Object>| object.as_ref().map(|object| object.origin.path.clone().leak() as &str);
        pairs.iter().map(|pair| (path(&pair.old), path(&pair.new))).collect()
    }

    #[test]
    fn follows_an_object_to_another_file() {
        let base = vec![object(Side::Base, "a.yaml", "rqlite", 0)];
        let head = vec![object(Side::Head, "db/b.yaml", "rqlite", 3)];
        assert_eq!(paths(&paired(base, head).0), [(Some("a.yaml"), Some("db/b.yaml"))]);
    }

    #[test]
    fn pairs_copies_for_several_clusters_file_by_file() {
        let side = |side| vec![object(side, "prod.yaml", "rqlite", 0), object(side, "test.yaml", "rqlite", 0)];
        let (pairs, duplicates) = paired(side(Side::Base), side(Side::Head));
        let expected = [(Some("prod.yaml"), Some("prod.yaml")), (Some("test.yaml"), Some("test.yaml"))];
        assert_eq!(paths(&pairs), expected);
        assert!(duplicates.is_empty());
    }

    #[test]
    fn an_object_that_stands_twice_in_one_file_is_not_paired() {
        let base = vec![object(Side::Base, "a.yaml", "rqlite", 0)];
        let head = vec![object(Side::Head, "a.yaml", "rqlite", 0), object(Side::Head, "a.yaml", "rqlite", 1)];
        let (pairs, duplicates) = paired(base, head);
        assert_eq!((pairs.len(), duplicates.len()), (0, 1));
        assert_eq!(duplicates[0].second.origin.document, 1);
    }

    #[test]
    fn keeps_what_comes_and_goes() {
        let base = vec![object(Side::Base, "a.yaml", "old", 0)];
        let head = vec![object(Side::Head, "a.yaml", "new", 0)];
        assert_eq!(paths(&paired(base, head).0), [(None, Some("a.yaml")), (Some("a.yaml"), None)]);
    }

    #[test]
    fn of_several_that_moved_and_changed_it_is_not_known_which_became_which() {
        let base = vec![object(Side::Base, "a.yaml", "rqlite", 0), object(Side::Base, "b.yaml", "rqlite", 0)];
        let mut other = object(Side::Head, "c.yaml", "rqlite", 0);
        other.value["spec"] = json!({"replicas": 1});
        let head = vec![object(Side::Head, "a.yaml", "rqlite", 0), other];
        let (pairs, _) = paired(base, head);
        assert!(pairs.iter().any(|pair| matches!(pair.fate, Some(Fate::NotKnown(_)))), "{pairs:?}");
    }
}
