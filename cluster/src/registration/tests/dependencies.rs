//! Deletions of what known sets need: which are sent, and that the cases which a policy denies are refused when nobody answers.

use std::path::Path;

use kubernetes::admission::Request as Reviewed;
use kubernetes::manifest::StatefulSet;
use kubernetes::request::RequestKind;
use kubernetes::users::SYSTEM_DELETERS;
use quorate_cases::{Case, load};
use rqlite::cluster::RqliteSet;
use rqlite::dependencies::Dependencies;
use serde_json::{Value, json};

use super::server::Request;
use super::{NOT_SENT, knowing, validating};
use crate::registration::{KnownSets, SetName};

fn deletion(resource: &str, name: &str) -> Request {
    let old = json!({"metadata": {"name": name}});
    // A collection's: without a name of its own.
    let mut request = Request::on("", resource, "DELETE", &old, &Value::Null).unnamed();
    if resource == "namespaces" {
        request = request.within(name);
    }
    request
}

#[test]
fn what_a_known_set_needs_is_sent() {
    let entries = validating(&[("db", "rqlite"), ("db", "it's"), ("other", "db")]);
    for (resource, name, expected) in [
        ("namespaces", "db", &["known-namespaces.quorate.dev"][..]),
        ("namespaces", "d", NOT_SENT),
        ("services", "rqlite-internal", &["known-services.quorate.dev"]),
        ("services", "it's-internal", &["known-services.quorate.dev"]),
        ("services", "db-internal", NOT_SENT),
        ("services", "rqlite", NOT_SENT),
        ("persistentvolumeclaims", "file-rqlite-0", &["known-claims.quorate.dev"]),
        ("persistentvolumeclaims", "file-rqlite-12", &["known-claims.quorate.dev"]),
        ("persistentvolumeclaims", "file-rqlite", NOT_SENT),
        ("persistentvolumeclaims", "file-rqlite-a", NOT_SENT),
        ("persistentvolumeclaims", "file-rqlite-0-1", NOT_SENT),
        ("persistentvolumeclaims", "file-db-0", NOT_SENT),
        ("persistentvolumeclaims", "claim", NOT_SENT),
        ("configmaps", "rqlite-internal", NOT_SENT),
    ] {
        let request = deletion(resource, name);
        assert_eq!(request.entries(&entries), expected, "{resource} {name}");
        assert_eq!(request.is_refused(&entries), !expected.is_empty(), "{resource} {name}");
        for deleter in SYSTEM_DELETERS {
            assert_eq!(request.clone().by(deleter).entries(&entries), NOT_SENT, "{resource} {name} by {deleter}");
        }
    }
    assert_eq!(deletion("namespaces", "db").entries(&validating(&[])), NOT_SENT);
}

/// As the watch knows them.
fn known(case: &Case) -> KnownSets {
    let parent = case.related.found().cloned().unwrap_or_default();
    let sets = parent["items"].as_array().cloned().unwrap_or_default();
    let known = sets.into_iter().filter_map(|set| {
        let set: StatefulSet = serde_json::from_value(set).ok()?;
        let dependencies = Dependencies::of(&set, &RqliteSet::detect(&set)?);
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        Some((SetName { namespace: part(&set.metadata.namespace), name: part(&set.metadata.name) }, dependencies))
    });
    known.collect()
}

#[test]
fn what_is_denied_is_refused_when_nobody_answers() {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/quorum-guard");
    let (mut denied, mut passed) = (0, 0);
    for case in load(&policy) {
        let text = case.review.to_string();
        let kind = RequestKind::of(&Reviewed::decode(text.as_bytes()).unwrap());
        if !matches!(kind, RequestKind::Dependency(_)) {
            continue;
        }
        let request = Request::of(&case.review);
        let refused = request.is_refused(&knowing(&known(&case)));
        if case.name.starts_with("denies") {
            assert!(refused, "{case}");
            denied += 1;
        }
        passed += usize::from(!refused);
    }
    assert!(denied > 8 && passed > 3, "{denied} denied, {passed} not sent");
}
