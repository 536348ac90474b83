//! What a request is about, as a user would name it.
//! Only words: what kind of request it is tells `request`.

use std::borrow::Cow;

use quorate_document::Pointer;

use crate::admission::Request;
use crate::object::NAME;
use crate::request::RequestKind;

static GENERATE_NAME: Pointer<'static> = Pointer::literal("/metadata/generateName");

/// Kinds with sub-resources that no policy of ours looks at; those of others may.
const OTHER_KINDS: [(&str, &str); 2] = [("deployments", "Deployment"), ("replicasets", "ReplicaSet")];

/// `StatefulSet db/rqlite`. A sub-resource names the object behind it: a Scale its StatefulSet, an Eviction `Pod db/rqlite-0`.
pub fn subject(request: &Request) -> String {
    let kind = match &request.sub_resource {
        None => None,
        Some(_) => kind_of(&request.resource.resource),
    };
    let kind = kind.unwrap_or(&request.kind.kind);
    let in_envelope = request.name.as_deref().map(Cow::Borrowed);
    let name = in_envelope.or_else(|| name_in_object(request)).unwrap_or("(unnamed)".into());
    // The API server sends a Namespace's own name as its namespace too.
    let namespace = request.namespace.as_deref().filter(|namespace| kind != "Namespace" || *namespace != name);
    named(kind, namespace, &name)
}

/// An object: `StatefulSet db/rqlite`, `Namespace db`.
pub fn named(kind: &str, namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

fn kind_of(plural: &str) -> Option<&'static str> {
    let rows = RequestKind::ALL.into_iter().filter_map(RequestKind::resource);
    let known = rows.map(|row| (row.plural, row.subject)).chain(OTHER_KINDS);
    known.into_iter().find_map(|(known, kind)| (known == plural).then_some(kind))
}

/// The API server leaves `request.name` out where it is not yet known, or where it stands in the object only.
fn name_in_object(request: &Request) -> Option<Cow<'_, str>> {
    let object = request.object.as_ref().or(request.old_object.as_ref())?;
    let text = |at: &'static _| object.text(at).filter(|text| !text.is_empty());
    text(&NAME).or_else(|| text(&GENERATE_NAME).map(|prefix| format!("{prefix}*").into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::{GroupVersionKind, GroupVersionResource, Operation};

    #[test]
    fn sub_resources_name_the_object_behind_them() {
        let request = |kind: &'static str, resource: &'static str, sub: Option<&'static str>| Request {
            kind: GroupVersionKind { kind: kind.into(), ..Default::default() },
            resource: GroupVersionResource { resource: resource.into(), ..Default::default() },
            sub_resource: sub.map(Into::into),
            namespace: Some("db".into()),
            name: Some("rqlite-0".into()),
            ..Request::new("u", Operation::Update)
        };
        assert_eq!(subject(&request("Scale", "statefulsets", Some("scale"))), "StatefulSet db/rqlite-0");
        assert_eq!(subject(&request("Eviction", "pods", Some("eviction"))), "Pod db/rqlite-0");
        assert_eq!(subject(&request("StatefulSet", "statefulsets", None)), "StatefulSet db/rqlite-0");
        assert_eq!(subject(&request("Scale", "deployments", Some("scale"))), "Deployment db/rqlite-0");
        assert_eq!(subject(&request("Scale", "widgets", Some("scale"))), "Scale db/rqlite-0");
    }

    #[test]
    fn a_namespace_is_not_in_itself() {
        let request = Request {
            kind: GroupVersionKind { kind: "Namespace".into(), ..Default::default() },
            namespace: Some("db".into()),
            name: Some("db".into()),
            ..Request::new("u", Operation::Delete)
        };
        assert_eq!(subject(&request), "Namespace db");
    }

    #[test]
    fn a_generated_name_shows_its_prefix() {
        let object = crate::object::indexed(r#"{"metadata": {"generateName": "rq-"}}"#).unwrap();
        let request = Request {
            kind: GroupVersionKind { kind: "Pod".into(), ..Default::default() },
            object: Some(object),
            ..Request::new("u", Operation::Create)
        };
        assert_eq!(subject(&request), "Pod rq-*");
    }
}
