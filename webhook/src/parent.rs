//! Which object stands behind a request (the StatefulSet of a Scale, an Eviction, an autoscaler; the sets that need what is deleted), and
//! who is asked for it.
//! Fetches nothing itself; a source does, from the cluster.

use std::future::Future;
use std::pin::Pin;

use kubernetes::admission::{Operation, Request};
use rqlite::needs::Kind;
use serde::Deserialize;

/// The object behind a request, as far as the request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParentRef {
    /// The StatefulSet of a Scale, or an autoscaler's target.
    Object {
        /// `apps` of `apps/v1`; empty for the core group, or where the reference does not say.
        group: String,
        kind: String,
        namespace: String,
        name: String,
        /// Which version of it the request was made from; a Scale tells.
        version: Option<Version>,
    },
    /// The controller of a pod that is to be evicted.
    ControllerOf { namespace: String, pod: String },
    /// The rqlite sets of the namespace that need the object of that kind and name: a StatefulSetList.
    Needing { kind: Kind, namespace: String, name: String },
}

/// One object at one moment. A Scale carries those of its StatefulSet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    pub uid: String,
    pub resource_version: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParentAnswer {
    /// JSON text of the whole object.
    Found(String),
    /// Looked for, and it does not exist.
    Absent,
    /// It could not be looked for.
    Unknown,
}

pub type ParentFuture<'a> = Pin<Box<dyn Future<Output = ParentAnswer> + Send + 'a>>;

/// Finds parents. An answer that does not come in time counts as [`ParentAnswer::Unknown`].
pub trait ParentSource: Send + Sync {
    fn parent<'a>(&'a self, of: &'a ParentRef) -> ParentFuture<'a>;
}

/// Knows no cluster: every parent is unknown.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoParents;

impl ParentSource for NoParents {
    fn parent<'a>(&'a self, _of: &'a ParentRef) -> ParentFuture<'a> {
        Box::pin(std::future::ready(ParentAnswer::Unknown))
    }
}

impl ParentRef {
    /// None for a request that stands for itself, or that does not say what it is about.
    pub fn of(request: &Request<'_>) -> Option<Self> {
        let namespace = request.namespace.as_deref()?.to_owned();
        let resource = &request.resource;
        let sub_resource = request.sub_resource.as_deref();
        match (&*resource.group, &*resource.resource, sub_resource) {
            ("apps", "statefulsets", Some("scale")) => Some(Self::Object {
                group: "apps".to_owned(),
                kind: "StatefulSet".to_owned(),
                namespace,
                name: request.name.as_deref()?.to_owned(),
                version: request.old_object.and_then(|scale| Version::of(scale.get())),
            }),
            ("", "pods", Some("eviction")) => {
                Some(Self::ControllerOf { namespace, pod: request.name.as_deref()?.to_owned() })
            }
            ("autoscaling", "horizontalpodautoscalers", None) => {
                let autoscaler: Autoscaler = serde_json::from_str(request.object?.get()).ok()?;
                Some(autoscaler.spec.scale_target_ref.within(namespace))
            }
            (group, resource, None) if request.operation == Operation::Delete => {
                let kind = Kind::of_resource(group, resource)?;
                Some(Self::Needing { kind, namespace, name: name_of_deleted(request)? })
            }
            (_, _, _) => None,
        }
    }
}

/// Absent from the envelope where a collection is deleted.
pub(crate) fn name_of_deleted(request: &Request<'_>) -> Option<String> {
    let name = request.old_object.and_then(|object| name_of(object.get()));
    name.or_else(|| request.name.as_deref().map(str::to_owned))
}

fn name_of(object: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Object {
        metadata: Named,
    }
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    serde_json::from_str(object).ok().map(|object: Object| object.metadata.name)
}

impl Version {
    /// None where the object does not tell both.
    fn of(object: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            metadata: Version,
        }
        serde_json::from_str(object).ok().map(|versioned: Versioned| versioned.metadata)
    }
}

#[derive(Deserialize)]
struct Autoscaler {
    spec: AutoscalerSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AutoscalerSpec {
    scale_target_ref: TargetRef,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TargetRef {
    #[serde(default)]
    api_version: String,
    kind: String,
    name: String,
}

impl TargetRef {
    fn within(self, namespace: String) -> ParentRef {
        let group = self.api_version.split_once('/').map_or("", |(group, _)| group);
        ParentRef::Object { group: group.to_owned(), kind: self.kind, namespace, name: self.name, version: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review(resource: [&str; 3], sub_resource: &str, object: &str) -> String {
        let [group, version, resource] = resource;
        format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"u-1",
            "kind":{{"group":"{group}","version":"{version}","kind":"Any"}},
            "resource":{{"group":"{group}","version":"{version}","resource":"{resource}"}},{sub_resource}
            "name":"rqlite-0","namespace":"db","operation":"UPDATE","userInfo":{{}},"object":{object}}}}}"#
        )
    }

    fn parent(resource: [&str; 3], sub_resource: &str, object: &str) -> Option<ParentRef> {
        let text = review(resource, sub_resource, object);
        ParentRef::of(&Request::decode(text.as_bytes()).unwrap())
    }

    fn object(group: &str, name: &str) -> Option<ParentRef> {
        Some(ParentRef::Object {
            group: group.to_owned(),
            kind: "StatefulSet".to_owned(),
            namespace: "db".to_owned(),
            name: name.to_owned(),
            version: None,
        })
    }

    #[test]
    fn a_scale_stands_for_its_stateful_set() {
        let scale = r#""subResource":"scale","#;
        assert_eq!(parent(["apps", "v1", "statefulsets"], scale, "{}"), object("apps", "rqlite-0"));
        assert_eq!(parent(["apps", "v1", "deployments"], scale, "{}"), None);
        assert_eq!(parent(["apps", "v1", "statefulsets"], "", "{}"), None);
    }

    #[test]
    fn a_scale_tells_the_version_of_its_set() {
        let version = |old: &str| {
            let scale = format!(r#""subResource":"scale","oldObject":{old},"#);
            match parent(["apps", "v1", "statefulsets"], &scale, "{}") {
                Some(ParentRef::Object { version, .. }) => version,
                other => panic!("{other:?}"),
            }
        };
        let told = Version { uid: "u-7".to_owned(), resource_version: "41".to_owned() };
        assert_eq!(version(r#"{"metadata":{"uid":"u-7","resourceVersion":"41"},"spec":{}}"#), Some(told));
        assert_eq!(version(r#"{"metadata":{"uid":"u-7"}}"#), None);
        assert_eq!(version("7"), None);
    }

    #[test]
    fn an_eviction_stands_for_the_controller_of_its_pod() {
        assert_eq!(
            parent(["", "v1", "pods"], r#""subResource":"eviction","#, "{}"),
            Some(ParentRef::ControllerOf { namespace: "db".to_owned(), pod: "rqlite-0".to_owned() })
        );
    }

    #[test]
    fn a_deletion_stands_for_the_sets_that_need_the_object() {
        let needing = |resource: &str, old: &str, operation: &str| {
            let text = review(["", "v1", resource], &format!(r#""oldObject":{old},"#), "null");
            let text = text.replace(r#""UPDATE""#, &format!("{operation:?}"));
            ParentRef::of(&Request::decode(text.as_bytes()).unwrap())
        };
        let of =
            |kind, name: &str| Some(ParentRef::Needing { kind, namespace: "db".to_owned(), name: name.to_owned() });
        let old = r#"{"metadata":{"name":"data-rqlite-0"}}"#;
        assert_eq!(needing("persistentvolumeclaims", old, "DELETE"), of(Kind::Claim, "data-rqlite-0"));
        assert_eq!(needing("services", "null", "DELETE"), of(Kind::Service, "rqlite-0"));
        assert_eq!(needing("namespaces", "{}", "DELETE"), of(Kind::Namespace, "rqlite-0"));
        assert_eq!(needing("configmaps", old, "DELETE"), None);
        assert_eq!(needing("services", old, "CONNECT"), None);
    }

    #[test]
    fn an_autoscaler_names_its_target() {
        let hpa = ["autoscaling", "v2", "horizontalpodautoscalers"];
        let target = |reference: &str| format!(r#"{{"spec":{{"scaleTargetRef":{reference}}}}}"#);
        assert_eq!(
            parent(hpa, "", &target(r#"{"apiVersion":"apps/v1","kind":"StatefulSet","name":"rq"}"#)),
            object("apps", "rq")
        );
        assert_eq!(parent(hpa, "", &target(r#"{"kind":"StatefulSet","name":"rq"}"#)), object("", "rq"));
        assert_eq!(parent(hpa, "", r#"{"spec":7}"#), None);
    }
}
