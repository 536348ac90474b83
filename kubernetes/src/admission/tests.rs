//! What is read from an envelope, and what is refused.
//! Does not look into the objects.

use serde_json::{Value, json};

use super::*;

fn review() -> Value {
    json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "u-1",
            "kind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
            "resource": {"group": "apps", "version": "v1", "resource": "statefulsets"},
            "subResource": "scale",
            "namespace": "db",
            "name": "rqlite",
            "operation": "UPDATE",
            "userInfo": {"username": "alice", "groups": ["dev", "system:authenticated"], "extra": {"a": ["b"]}},
            "dryRun": true,
            "object": {"spec": {"replicas": 2}},
            "oldObject": {"spec": {"replicas": 5}},
            "options": {"kind": "UpdateOptions"},
        }
    })
}

/// The review with `pointer` set to `value`, or removed where that is null.
fn altered(pointer: &str, value: Value) -> String {
    let mut review = review();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = review.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(key);
    } else {
        parent.insert(key.to_owned(), value);
    }
    review.to_string()
}

#[track_caller]
fn refuses(text: impl AsRef<[u8]>, uid: Option<&str>, says: &str) {
    let error = Request::decode(text.as_ref()).unwrap_err();
    assert_eq!(error.to_string(), says);
    assert_eq!(error.uid(), uid);
}

#[test]
fn reads_a_scale() {
    let text = review().to_string();
    let request = Request::decode(text.as_bytes()).unwrap();
    assert_eq!((request.uid.as_str(), request.operation, request.dry_run), ("u-1", Operation::Update, true));
    assert_eq!((request.kind.group.as_str(), request.kind.kind.as_str()), ("autoscaling", "Scale"));
    assert_eq!((request.resource.group.as_str(), request.resource.resource.as_str()), ("apps", "statefulsets"));
    assert_eq!(request.sub_resource.as_deref(), Some("scale"));
    assert_eq!((request.namespace.as_deref(), request.name.as_deref()), (Some("db"), Some("rqlite")));
    assert_eq!((request.username.as_str(), request.groups.len()), ("alice", 2));
    assert_eq!(request.object.unwrap().as_json(), r#"{"spec":{"replicas":2}}"#);
    assert_eq!(request.old_object.unwrap().as_json(), r#"{"spec":{"replicas":5}}"#);
}

#[test]
fn reads_null_and_empty_as_absent() {
    let mut review = review();
    let request = review["request"].as_object_mut().unwrap();
    request.insert("oldObject".to_owned(), Value::Null);
    request.insert("subResource".to_owned(), json!(""));
    request.insert("name".to_owned(), json!(""));
    request.remove("userInfo");
    let text = review.to_string();
    let request = Request::decode(text.as_bytes()).unwrap();
    assert!(request.old_object.is_none() && request.sub_resource.is_none() && request.name.is_none());
    assert!(request.username.is_empty() && request.groups.is_empty());
}

#[test]
fn refuses_each_missing_piece_by_name() {
    for piece in ["operation", "kind", "resource", "object"] {
        let says = format!("`request.{piece}` is missing; send the review as the API server writes it");
        refuses(altered(&format!("/request/{piece}"), Value::Null), Some("u-1"), &says);
    }
    refuses(
        altered("/request/uid", Value::Null),
        None,
        "`request.uid` is missing; send the review as the API server writes it",
    );
    refuses(
        altered("/request", Value::Null),
        None,
        "`request` is missing; send the review as the API server writes it",
    );
}

#[test]
fn refuses_what_is_no_review() {
    refuses(
        r#"{"kind":"StatefulSet","apiVersion":"apps/v1"}"#,
        None,
        "found kind `StatefulSet` of `apps/v1`, not AdmissionReview of admission.k8s.io/v1; wrap the object in a review",
    );
    refuses(
        "{}",
        None,
        "found an object without a kind, not AdmissionReview of admission.k8s.io/v1; wrap the object in a review",
    );
    refuses(
        r#"{"kind":"AdmissionReview"}"#,
        None,
        "found kind `AdmissionReview` without an apiVersion, not AdmissionReview of admission.k8s.io/v1; wrap the object in a review",
    );
    refuses(
        altered("/apiVersion", json!("admission.k8s.io/v1beta1")),
        Some("u-1"),
        "found kind `AdmissionReview` of `admission.k8s.io/v1beta1`, not AdmissionReview of admission.k8s.io/v1; wrap the object in a review",
    );
    let error = Request::decode(altered("/request/operation", json!("PATCH")).as_bytes()).unwrap_err();
    assert!(
        error.to_string().starts_with(
            "not an AdmissionReview: `request.operation`: unknown variant `PATCH`, expected one of `CREATE`"
        ),
        "{error}"
    );
    for text in [r#"["AdmissionReview"]"#, "7", r#"{"kind":"AdmissionReview","request":[]}"#] {
        let says = "not an AdmissionReview: the review and its request are JSON objects; send the review as the API server writes it";
        refuses(text, None, says);
    }
    let error = Request::decode(altered("/request/userInfo", json!(7)).as_bytes()).unwrap_err();
    assert!(matches!(error.fault(), EnvelopeFault::Shape { .. }), "{error}");
}

#[test]
fn refuses_a_duplicate_key_anywhere() {
    let text = |object: &str| review().to_string().replace(r#"{"spec":{"replicas":2}}"#, object);
    let says =
        |path: &str| format!("the key `{path}` stands twice, so that readers may disagree on its value; keep one");
    refuses(text(r#"{"spec":{"replicas":5,"replicas":2}}"#), Some("u-1"), &says("request.object.spec.replicas"));
    refuses(text(r#"{"a":[{"b":1,"c":2,"b":3}]}"#), Some("u-1"), &says("request.object.a[0].b"));
    refuses(text(r#"{"replicas":1,"\u0072eplicas":2}"#), Some("u-1"), &says("request.object.replicas"));
    refuses(r#"{"request":{"uid":"x","uid":"y"}}"#, None, &says("request.uid"));
    assert!(Request::decode(text(r#"{"a":{"x":1},"b":{"x":1}}"#).as_bytes()).is_ok());
}

#[test]
fn bounds_depth_before_the_stack_does() {
    let nested = |levels: usize| {
        altered("/request/object", json!("@"))
            .replace("\"@\"", &format!("{}1{}", "[".repeat(levels), "]".repeat(levels)))
    };
    // `request` and the review itself are two levels of the 126.
    assert!(Request::decode(nested(124).as_bytes()).is_ok());
    for levels in [125, 126, 127, 128, 100_000] {
        let error = Request::decode(nested(levels).as_bytes()).unwrap_err();
        assert!(matches!(error.fault(), EnvelopeFault::TooDeep { limit: 126, .. }), "{levels}: {error}");
        assert_eq!(error.uid(), Some("u-1"));
    }
    assert!(Request::decode("[".repeat(100_000).as_bytes()).is_err());
    assert!(Request::decode(r#"{"a":"#.repeat(100_000).as_bytes()).is_err());
}

#[test]
fn survives_every_truncation() {
    let text = review().to_string();
    for end in 0..text.len() {
        let error = Request::decode(&text.as_bytes()[..end]).unwrap_err();
        assert!(matches!(error.fault(), EnvelopeFault::NotJson { .. }), "{end}: {error}");
    }
    assert!(Request::decode(format!("{text} x").as_bytes()).is_err());
}

#[test]
fn survives_what_is_no_text() {
    refuses(b"{\"kind\":\"\xff\"}", None, "byte 9 is not UTF-8; send JSON text in UTF-8");
    let bytes: Vec<u8> = (0..=255).cycle().take(4096).collect();
    assert!(Request::decode(&bytes).is_err());
    assert!(Request::decode(b"").is_err());
    assert!(Request::decode(b"\0\0\0\0").is_err());
    assert!(Request::decode(b"null").is_err());
}

#[test]
fn reads_large_objects() {
    let long = "x".repeat(4 << 20);
    let text = altered("/request/object", json!({"data": {"a": long}}));
    assert_eq!(Request::decode(text.as_bytes()).unwrap().object.unwrap().as_json().len(), (4 << 20) + 17);
}
