//! Which ordinals leave, come and stay, whichever request asks.

use serde_json::json;

use super::*;

fn set(spec: serde_json::Value) -> StatefulSet {
    serde_json::from_value(json!({ "metadata": { "name": "rqlite" }, "spec": spec })).unwrap()
}

fn change(old: serde_json::Value, new: serde_json::Value) -> OrdinalChange {
    OrdinalChange::of_sets(&set(old), &set(new))
}

#[test]
fn an_address_names_a_pod_by_its_service_and_namespace() {
    let set = serde_json::json!({ "metadata": { "name": "rqlite" }, "spec": { "serviceName": "svc", "template": {} } });
    let set = serde_json::from_value(set).unwrap();
    for own in ["rqlite-0", "rqlite-0.svc:4002", "http://rqlite-0.svc.db.svc.cluster.local:4001/", " rqlite-0.svc.db."]
    {
        assert_eq!(ordinal_of_address(&set, "db", own), Some(0), "{own}");
    }
    for other in ["rqlite-0.other:4002", "rqlite-0.svc.other", "other-0.svc", "rqlite-x.svc", "10.0.0.1:4002", ""] {
        assert_eq!(ordinal_of_address(&set, "db", other), None, "{other}");
    }
    assert_eq!(ordinal_of_address(&set, "", "rqlite-0.svc.other"), Some(0));
}

#[test]
fn an_absent_count_is_one_in_a_set_and_zero_in_a_scale() {
    let removed = change(json!({ "replicas": 3 }), json!({}));
    assert_eq!((removed.direction(), removed.leaving()), (ChangeDirection::Down, Ordinals::from(1..3)));
    let scaled = OrdinalChange::of_scale(&set(json!({ "replicas": 3 })), 3, 0);
    assert_eq!((scaled.direction(), scaled.leaving()), (ChangeDirection::Down, Ordinals::first(0, 3)));
}

#[test]
fn a_scale_counts_from_the_parents_first_ordinal() {
    let scaled = OrdinalChange::of_scale(&set(json!({ "replicas": 9, "ordinals": { "start": 2 } })), 3, 5);
    assert_eq!((scaled.direction(), scaled.coming()), (ChangeDirection::Up, Ordinals::from(5..7)));
}

#[test]
fn a_moved_start_replaces_pods() {
    let moved = change(json!({ "replicas": 3 }), json!({ "replicas": 3, "ordinals": { "start": 3 } }));
    assert_eq!(moved.direction(), ChangeDirection::Move);
    assert_eq!((moved.leaving(), moved.coming()), (Ordinals::first(0, 3), Ordinals::first(3, 3)));
    let by_one = change(json!({ "replicas": 3 }), json!({ "replicas": 3, "ordinals": { "start": 1 } }));
    assert_eq!((by_one.leaving(), by_one.coming()), (Ordinals::first(0, 1), Ordinals::first(3, 1)));
}

#[test]
fn the_same_ordinals_are_steady_whatever_their_spelling() {
    assert_eq!(
        change(json!({ "replicas": 1, "ordinals": { "start": 0 } }), json!({})).direction(),
        ChangeDirection::Steady
    );
}

#[test]
fn a_recreation_starts_from_the_pods_and_over_claims_alone_from_zero() {
    let new = set(json!({ "replicas": 1, "volumeClaimTemplates": [{ "metadata": { "name": "data" } }] }));
    let facts = |text: serde_json::Value| Facts::parse(&text.to_string()).unwrap();
    let both =
        facts(json!({ "version": 1, "pods": [{ "name": "rqlite-0" }, { "name": "rqlite-2" }, { "name": "other-7" }],
        "pvcs": [{ "name": "data-rqlite-0" }, { "name": "data-rqlite-9" }] }));
    assert_eq!(OrdinalChange::of_recreation(&new, &both).unwrap().old, [0, 2].into_iter().collect());
    let claims =
        facts(json!({ "version": 1, "pods": [], "pvcs": [{ "name": "data-rqlite-0" }, { "name": "data-rqlite-9" }] }));
    assert_eq!(OrdinalChange::of_recreation(&new, &claims).unwrap().old, Ordinals::default());
    assert_eq!(OrdinalChange::of_recreation(&new, &facts(json!({ "version": 1, "pods": [], "pvcs": [] }))), None);
    assert_eq!(OrdinalChange::of_recreation(&new, &facts(json!({ "version": 1 }))), None);
}

#[test]
fn only_the_controllers_spelling_of_a_pods_name_has_an_ordinal() {
    let set = set(json!({}));
    for (pod, expected) in [
        ("rqlite-0", Some(0)),
        ("rqlite-12", Some(12)),
        ("rqlite-012", None),
        ("rqlite-+1", None),
        ("rqlite-", None),
        ("rqlite", None),
        ("rqlite-a", None),
        ("rqlite-readonly-0", None),
        ("xrqlite-0", None),
        ("rqlite-99999999999", None),
    ] {
        assert_eq!(ordinal(&set, pod), expected, "{pod}");
    }
    assert_eq!(claim_ordinal(&set, "data", "data-rqlite-3"), Some(3));
    assert_eq!(claim_ordinal(&set, "data", "datarqlite-3"), None);
}

#[test]
fn ordinals_are_sets() {
    let some: Ordinals = [5, 0, 1, 2, 9, 2].into_iter().collect();
    assert_eq!(some.to_string(), "0-2, 5, 9");
    assert_eq!((some.count(), some.lowest(), some.highest()), (5, Some(0), Some(9)));
    assert_eq!(some.without(&Ordinals::from(1..6)).to_string(), "0, 9");
    assert_eq!(some.within(&Ordinals::from(1..6)).to_string(), "1-2, 5");
    assert_eq!(some.with(&Ordinals::from(3..5)).to_string(), "0-5, 9");
    assert_eq!(some.iter().collect::<Vec<_>>(), [0, 1, 2, 5, 9]);
    assert!(Ordinals::first(7, 0).is_empty() && !some.contains(3));
}

proptest::proptest! {
    #[test]
    fn ordinals_agree_with_btree_sets(left: std::collections::BTreeSet<u8>, right: std::collections::BTreeSet<u8>) {
        let of = |set: &std::collections::BTreeSet<u8>| set.iter().map(|ordinal| u32::from(*ordinal)).collect::<Ordinals>();
        let both: std::collections::BTreeSet<u8> = &left & &right;
        let either: std::collections::BTreeSet<u8> = &left | &right;
        let rest: std::collections::BTreeSet<u8> = &left - &right;
        proptest::prop_assert_eq!(of(&left).within(&of(&right)), of(&both));
        proptest::prop_assert_eq!(of(&left).with(&of(&right)), of(&either));
        proptest::prop_assert_eq!(of(&left).without(&of(&right)), of(&rest));
        proptest::prop_assert_eq!(of(&rest).count() as usize, rest.len());
    }
}
