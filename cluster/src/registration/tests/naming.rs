//! More known sets than one object may hold: what is named instead fits, is asked about as well, and reaches everything that the names did.

use k8s_openapi::api::admissionregistration::v1::ValidatingWebhook;
use serde_json::{Value, json};

use super::server::Request;
use super::{guard, named, sets};
use crate::registration::{Naming, Registration};

/// What etcd takes in one request by default, less the rendered entries and the caBundles.
const ROOM_BYTES: usize = 1_000_000;

/// As long as names of StatefulSets and namespaces can be, all different.
fn long(prefix: &str, number: usize) -> String {
    format!("{prefix}-{number:0width$}", width = 62 - prefix.len())
}

fn server_owned(sets: usize, namespaces: usize) -> (Naming, Vec<ValidatingWebhook>) {
    let names: Vec<(String, String)> =
        (0..sets).map(|n| (long("namespace", n % namespaces), long("a-set", n))).collect();
    let names: Vec<(&str, &str)> = names.iter().map(|(namespace, name)| (namespace.as_str(), name.as_str())).collect();
    let guard = guard();
    Registration::in_cluster("quorate-system", "quorate")
        .server_owned_validating(std::slice::from_ref(&guard), &super::sets(&names))
}

#[test]
fn what_is_named_fits_into_one_object() {
    for (sets, namespaces, expected) in [
        (1, 1, Naming::Set),
        (1_000, 1_000, Naming::Set),
        (10_000, 10, Naming::Namespace),
        (10_000, 1_000, Naming::Namespace),
        (10_000, 10_000, Naming::Nothing),
    ] {
        let (naming, server_owned) = server_owned(sets, namespaces);
        assert_eq!(naming, expected, "{sets} in {namespaces}");
        let bytes = serde_json::to_vec(&server_owned).unwrap().len();
        assert!(bytes <= ROOM_BYTES, "{sets} in {namespaces}: {bytes}");
        let expressions = server_owned.iter().flat_map(|entry| entry.match_conditions.iter().flatten());
        assert!(expressions.map(|condition| condition.expression.len()).max().unwrap() < 100_000);
    }
}

/// A request that a known set's name sends, and one of the same kind about something else.
fn asked() -> Vec<(Request, Request)> {
    let scale = |replicas| json!({"spec": {"replicas": replicas}, "status": {"selector": "app=db"}});
    let target = json!({"spec": {"scaleTargetRef": {"kind": "StatefulSet", "name": "rqlite"}}});
    let deleted = |name: &str| json!({"metadata": {"name": name}});
    let of = |group: &str, resource: &str, operation: &str, old: Value, new: Value| {
        Request::on(group, resource, operation, &old, &new)
    };
    let beside = |request: &Request| (request.clone(), request.clone().within("other"));
    let namespace = |name: &str| of("", "namespaces", "DELETE", deleted(name), Value::Null).unnamed().within(name);
    let mut all = vec![
        beside(&of("apps", "statefulsets/scale", "UPDATE", scale(3), scale(1))),
        beside(&of("apps", "statefulsets/scale", "UPDATE", scale(1), scale(3))),
        beside(&of("", "pods/eviction", "CREATE", Value::Null, json!({})).named("rqlite-0")),
        beside(&of("autoscaling", "horizontalpodautoscalers", "CREATE", Value::Null, target)),
        beside(&of("", "services", "DELETE", deleted("rqlite-internal"), Value::Null).unnamed()),
        beside(&of("", "persistentvolumeclaims", "DELETE", deleted("file-rqlite-0"), Value::Null).unnamed()),
    ];
    all.push((namespace("db"), namespace("other")));
    all
}

#[test]
fn a_coarser_name_asks_for_more_and_misses_nothing() {
    let known = sets(&[("db", "rqlite"), ("db", "a"), ("third", "rqlite")]);
    let [by_set, by_namespace, by_nothing] =
        [Naming::Set, Naming::Namespace, Naming::Nothing].map(|naming| named(&known, naming));
    for (ours, others) in asked() {
        let sent = ours.entries(&by_set);
        assert!(!sent.is_empty(), "{ours:?}");
        assert_eq!((others.entries(&by_set), others.entries(&by_namespace)), (vec![], vec![]), "{others:?}");
        for wider in [&by_namespace, &by_nothing] {
            assert_eq!(ours.entries(wider), sent, "{ours:?}");
            assert_eq!(ours.is_refused(wider), ours.is_refused(&by_set), "{ours:?}");
        }
        assert_eq!(others.entries(&by_nothing), sent, "{others:?}");
    }
    let another = Request::on("apps", "statefulsets/scale", "UPDATE", &json!({"spec": {"replicas": 3}}), &json!({}));
    let another = another.named("unknown");
    assert!(another.entries(&by_set).is_empty() && !another.entries(&by_namespace).is_empty());
}

#[test]
fn nothing_is_kept_where_no_set_is_known() {
    for naming in [Naming::Set, Naming::Namespace, Naming::Nothing] {
        let (known, none) = (named(&sets(&[("db", "a")]), naming), named(&sets(&[]), naming));
        assert!(none.len() < known.len() && none.iter().all(|entry| !entry.name.starts_with("known-")));
    }
}
