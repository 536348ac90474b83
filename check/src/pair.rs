//! Which object of the base is which object of the head: by group-kind, namespace and name, wherever their files lie.
//! Does not say what a difference means.

use std::collections::BTreeMap;

use super::object::{Object, ObjectId};

/// One object before and after; at least one of them is there.
#[derive(Debug)]
pub(crate) struct ObjectPair {
    pub(crate) old: Option<Object>,
    pub(crate) new: Option<Object>,
}

/// An object that stands more than once where it can stand only once.
#[derive(Debug)]
pub(crate) struct Duplicate {
    pub(crate) first: Object,
    pub(crate) second: Object,
}

/// Every object once, in order of name. Copies of one object in several files (one a cluster) are paired file by file; within one file,
/// or one rendered folder, a second one is an error, and neither is paired.
pub(crate) fn pair(base: Vec<Object>, head: Vec<Object>) -> (Vec<ObjectPair>, Vec<Duplicate>) {
    let mut duplicates = Vec::new();
    let mut groups: BTreeMap<ObjectId, (Vec<Object>, Vec<Object>)> = BTreeMap::new();
    for object in without_duplicates(base, &mut duplicates) {
        groups.entry(object.id.clone()).or_default().0.push(object);
    }
    for object in without_duplicates(head, &mut duplicates) {
        groups.entry(object.id.clone()).or_default().1.push(object);
    }
    let is_certain = |id: &ObjectId| duplicates.iter().all(|duplicate| duplicate.first.id != *id);
    let certain = groups.into_iter().filter(|(id, _)| is_certain(id));
    let pairs = certain.flat_map(|(_, (old, new))| matched(old, new)).collect();
    (pairs, duplicates)
}

/// Takes out what stands more than once at one place.
fn without_duplicates(objects: Vec<Object>, duplicates: &mut Vec<Duplicate>) -> Vec<Object> {
    let mut places: BTreeMap<(ObjectId, String, String), Vec<Object>> = BTreeMap::new();
    for object in objects {
        let place = (object.id.clone(), object.scope.clone(), object.origin.path.clone());
        places.entry(place).or_default().push(object);
    }
    let mut kept = Vec::new();
    for mut same in places.into_values() {
        if same.len() > 1 {
            let mut same = same.into_iter();
            if let (Some(first), Some(second)) = (same.next(), same.next()) {
                duplicates.push(Duplicate { first, second });
            }
        } else {
            kept.append(&mut same);
        }
    }
    kept
}

type PairCriterion = dyn Fn(&Object, &Object) -> bool;

/// First what lies at the same place, then in the same scope, then what is left.
fn matched(old: Vec<Object>, mut new: Vec<Object>) -> Vec<ObjectPair> {
    let same_file = |old: &Object, new: &Object| old.scope == new.scope && old.origin.path == new.origin.path;
    let same_scope = |old: &Object, new: &Object| old.scope == new.scope;
    let anywhere = |_: &Object, _: &Object| true;
    let nearness: [&PairCriterion; 3] = [&same_file, &same_scope, &anywhere];
    let mut pairs = Vec::new();
    let mut left = old;
    for near in nearness {
        let mut alone = Vec::new();
        for object in left {
            match new.iter().position(|other| near(&object, other)) {
                Some(index) => pairs.push(ObjectPair { old: Some(object), new: Some(new.remove(index)) }),
                None => alone.push(object),
            }
        }
        left = alone;
    }
    let gone = left.into_iter().map(|old| ObjectPair { old: Some(old), new: None });
    let come = new.into_iter().map(|new| ObjectPair { old: None, new: Some(new) });
    pairs.into_iter().chain(gone).chain(come).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::object::ObjectOrigin;
    use super::super::source::RawObject;
    use super::super::tree::Side;
    use super::*;

    fn object(side: Side, scope: &str, path: &str, name: &str, document: usize) -> Object {
        let value = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}});
        let raw = RawObject { value, document, root: String::new() };
        let origin = ObjectOrigin { side, path: path.to_owned(), document, root: String::new() };
        Object::of(raw, origin, scope, "db").unwrap()
    }

    fn paths(pairs: &[ObjectPair]) -> Vec<(Option<&str>, Option<&str>)> {
        let path = |object: &Option<Object>| object.as_ref().map(|object| object.origin.path.clone().leak() as &str);
        pairs.iter().map(|pair| (path(&pair.old), path(&pair.new))).collect()
    }

    #[test]
    fn follows_an_object_to_another_file() {
        let base = vec![object(Side::Base, "", "a.yaml", "rqlite", 0)];
        let head = vec![object(Side::Head, "", "db/b.yaml", "rqlite", 3)];
        assert_eq!(paths(&pair(base, head).0), [(Some("a.yaml"), Some("db/b.yaml"))]);
    }

    #[test]
    fn pairs_copies_for_several_clusters_file_by_file() {
        let side = |side| vec![object(side, "", "prod.yaml", "rqlite", 0), object(side, "", "test.yaml", "rqlite", 0)];
        let (pairs, duplicates) = pair(side(Side::Base), side(Side::Head));
        let expected = [(Some("prod.yaml"), Some("prod.yaml")), (Some("test.yaml"), Some("test.yaml"))];
        assert_eq!(paths(&pairs), expected);
        assert!(duplicates.is_empty());
    }

    #[test]
    fn an_object_that_stands_twice_in_one_file_is_not_paired() {
        let base = vec![object(Side::Base, "", "a.yaml", "rqlite", 0)];
        let head = vec![object(Side::Head, "", "a.yaml", "rqlite", 0), object(Side::Head, "", "a.yaml", "rqlite", 1)];
        let (pairs, duplicates) = pair(base, head);
        assert_eq!((pairs.len(), duplicates.len()), (0, 1));
        assert_eq!(duplicates[0].second.origin.document, 1);
    }

    #[test]
    fn keeps_what_comes_and_goes() {
        let base = vec![object(Side::Base, "", "a.yaml", "old", 0)];
        let head = vec![object(Side::Head, "", "a.yaml", "new", 0)];
        assert_eq!(paths(&pair(base, head).0), [(None, Some("a.yaml")), (Some("a.yaml"), None)]);
    }
}
