//! The hostile guest: built once, bound as a test wants it, and the requests it is given.
//! Asserts nothing about the engine.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use crate::runtime;
use kubernetes::admission::{GroupVersionKind, GroupVersionResource, Operation, Request};
use kubernetes::object::indexed;
use quorate_document::Document;
use quorate_engine::{Binding, BreakGlass, Policy, PolicyLimits, PolicySet};
use quorate_guest_build::Guest;
use serde_json::json;

/// The name under which the first one is bound.
pub const A: &str = "hostile-policy-a";
/// The same module under a second name.
pub const B: &str = "hostile-policy-b";

/// The component's bytes.
pub fn hostile() -> &'static [u8] {
    static COMPONENT: OnceLock<Vec<u8>> = OnceLock::new();
    COMPONENT.get_or_init(|| {
        // A target folder beside the running test's.
        let test = std::env::current_exe().unwrap();
        let target_dir = &test.ancestors().nth(3).unwrap().join("tmp/hostile");
        let folder = &Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/hostile");
        let hostile = Guest { name: "quorate-hostile", folder, profile: "release", target_dir, locked: true };
        hostile.component().unwrap()
    })
}

/// The guest with each text replaced by another of the same length: another manifest, other imports, other exports.
pub fn altered(changes: &[(&str, &str)]) -> Vec<u8> {
    let mut wasm = hostile().to_vec();
    for (from, to) in changes {
        assert_eq!(from.len(), to.len(), "`{from}` and `{to}` differ in length");
        let places: Vec<usize> =
            (0..wasm.len() - from.len()).filter(|at| wasm[*at..].starts_with(from.as_bytes())).collect();
        assert!(!places.is_empty(), "`{from}` is not in the component");
        for at in places {
            wasm[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    wasm
}

/// Enforced, told what to do, with everything that it asks for.
pub fn told(does: &str) -> Binding {
    Binding {
        settings: json!({ "does": does }),
        grants: None,
        limits: PolicyLimits { cpu: time_for(does), ..PolicyLimits::default() },
        ..Binding::default()
    }
}

/// A slow machine takes longer for what reaches a bound than a call may take by default.
fn time_for(does: &str) -> Duration {
    if ["be-huge", "take-everything", "hold-handles", "be-too-many", "patch-many", "find-all"].contains(&does) {
        Duration::from_secs(2)
    } else {
        PolicyLimits::default().cpu
    }
}

/// The first policy.
pub fn policy_a(binding: Binding) -> Policy {
    bound(A, binding)
}

/// The second policy: the same module under another name.
pub fn policy_b(binding: Binding) -> Policy {
    bound(B, binding)
}

/// Compiled once. The guest is told its name, which no guest knows otherwise.
fn bound(name: &str, mut binding: Binding) -> Policy {
    static BASE: OnceLock<Policy> = OnceLock::new();
    binding.settings["as"] = json!(name);
    BASE.get_or_init(|| runtime().load(A, hostile(), told("nothing")).unwrap()).with_binding(name, binding).unwrap()
}

/// The policies in this order, and one group that may use break-glass.
pub fn set(policies: Vec<Policy>) -> PolicySet {
    PolicySet::new(policies, BreakGlass { groups: vec!["dba".to_owned()] }).unwrap()
}

/// A StatefulSet with this `spec`.
pub fn object(spec: &str) -> Document {
    let spec: serde_json::Value = serde_json::from_str(spec).unwrap();
    let set = json!({"kind": "StatefulSet", "metadata": {"name": "rqlite", "namespace": "db"}, "spec": spec});
    indexed(&set.to_string()).unwrap()
}

/// The request of `alice`, a dba, to do this.
pub fn request(operation: Operation, object: &Document, old_object: Option<&Document>) -> Request {
    Request {
        kind: GroupVersionKind { group: "apps".into(), version: "v1".into(), kind: "StatefulSet".into() },
        resource: GroupVersionResource { group: "apps".into(), version: "v1".into(), resource: "statefulsets".into() },
        namespace: Some("db".into()),
        name: Some("rqlite".into()),
        username: "alice".into(),
        groups: vec!["dba".into()],
        object: Some(object.clone()),
        old_object: old_object.cloned(),
        ..Request::new("7e1f4a52", operation)
    }
}
