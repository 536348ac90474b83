//! What stands behind a request: the StatefulSet of a Scale, an Eviction, an autoscaler; the sets that need what is deleted.
//! The question alone. Who answers it does so with a [`Related`](crate::related::Related).

use std::borrow::Cow;

use quorate_document::{Document, Pointer};

use crate::admission::{Operation, Request};
use crate::manifest::HorizontalPodAutoscaler;
use crate::object::{NAME, UID};
use crate::request::{Dependency, RequestKind, Resource};

static RESOURCE_VERSION: Pointer<'static> = Pointer::literal("/metadata/resourceVersion");

/// What is looked up, as far as the request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The StatefulSet of a Scale, or an autoscaler's target.
    Object {
        /// `apps` of `apps/v1`; empty for the core group, or where the reference does not say.
        group: String,
        /// `StatefulSet`, or whatever an autoscaler names.
        kind: String,
        /// That of the request.
        namespace: String,
        /// Of the object itself, not of its Pods.
        name: String,
        /// Which version of it the request was made from; a Scale tells.
        version: Option<ObjectVersion>,
    },
    /// The controller of a pod that is to be evicted.
    ControllerOf {
        /// That of the request.
        namespace: String,
        /// Name of the Pod.
        pod: String,
    },
    /// The rqlite sets of the namespace that need the object of that name: a StatefulSetList.
    DependentsOf {
        /// Of which kind the object is.
        dependency: Dependency,
        /// That of the request.
        namespace: String,
        /// Name of the object.
        name: String,
    },
}

/// One object at one moment. A Scale carries those of its StatefulSet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVersion {
    /// Of the object, which differs from that of an earlier one of its name.
    pub uid: String,
    /// As the API server gives it: equal or not, never more or less.
    pub resource_version: String,
}

impl Lookup {
    /// None for a request that stands for itself, or that does not say what it is about.
    ///
    /// ```
    /// use kubernetes::admission::{GroupVersionResource, Operation, Request};
    /// use kubernetes::lookup::Lookup;
    ///
    /// let eviction = Request {
    ///     resource: GroupVersionResource { group: String::new(), version: "v1".into(), resource: "pods".into() },
    ///     sub_resource: Some("eviction".into()),
    ///     namespace: Some("db".into()),
    ///     name: Some("rqlite-0".into()),
    ///     ..Request::new("3f0c", Operation::Create)
    /// };
    /// let controller = Lookup::ControllerOf { namespace: "db".into(), pod: "rqlite-0".into() };
    /// assert_eq!(Lookup::of(&eviction), Some(controller));
    /// ```
    pub fn of(request: &Request) -> Option<Self> {
        let namespace = request.namespace.as_deref()?.to_owned();
        match RequestKind::of(request) {
            RequestKind::Scale => {
                let (group, kind) = Resource::STATEFUL_SETS.object;
                Some(Self::Object {
                    group: group.to_owned(),
                    kind: kind.to_owned(),
                    namespace,
                    name: request.name.as_deref()?.to_owned(),
                    version: request.old_object.as_ref().and_then(ObjectVersion::of),
                })
            }
            RequestKind::Eviction => Some(Self::ControllerOf { namespace, pod: request.name.as_deref()?.to_owned() }),
            RequestKind::Autoscaler => Self::target(request.object.as_ref()?, namespace),
            RequestKind::Dependency(dependency) if request.operation == Operation::Delete => {
                Some(Self::DependentsOf { dependency, namespace, name: name_of_deleted(request)?.into_owned() })
            }
            RequestKind::StatefulSet | RequestKind::Dependency(_) | RequestKind::Other => None,
        }
    }

    fn target(autoscaler: &Document, namespace: String) -> Option<Self> {
        let autoscaler: HorizontalPodAutoscaler = autoscaler.decode().ok()?;
        let target = autoscaler.spec.scale_target_ref;
        if target.kind.is_empty() || target.name.is_empty() {
            return None;
        }
        let group = target.group().to_owned();
        Some(Self::Object { group, kind: target.kind, namespace, name: target.name, version: None })
    }
}

/// Absent from the envelope where a collection is deleted.
pub fn name_of_deleted(request: &Request) -> Option<Cow<'_, str>> {
    let named = request.old_object.as_ref().and_then(|object| object.text(&NAME));
    named.or_else(|| request.name.as_deref().map(Cow::Borrowed))
}

impl ObjectVersion {
    /// None where the object does not tell both.
    fn of(object: &Document) -> Option<Self> {
        let text = |at| Some(object.text(at)?.into_owned());
        Some(Self { uid: text(&UID)?, resource_version: text(&RESOURCE_VERSION)? })
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

    fn lookup(resource: [&str; 3], sub_resource: &str, object: &str) -> Option<Lookup> {
        let text = review(resource, sub_resource, object);
        Lookup::of(&Request::decode(text.as_bytes()).unwrap())
    }

    fn object(group: &str, name: &str) -> Option<Lookup> {
        Some(Lookup::Object {
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
        assert_eq!(lookup(["apps", "v1", "statefulsets"], scale, "{}"), object("apps", "rqlite-0"));
        assert_eq!(lookup(["apps", "v1", "deployments"], scale, "{}"), None);
        assert_eq!(lookup(["apps", "v1", "statefulsets"], "", "{}"), None);
    }

    #[test]
    fn a_scale_tells_the_version_of_its_set() {
        let version = |old: &str| {
            let scale = format!(r#""subResource":"scale","oldObject":{old},"#);
            match lookup(["apps", "v1", "statefulsets"], &scale, "{}") {
                Some(Lookup::Object { version, .. }) => version,
                other => panic!("{other:?}"),
            }
        };
        let told = ObjectVersion { uid: "u-7".to_owned(), resource_version: "41".to_owned() };
        assert_eq!(version(r#"{"metadata":{"uid":"u-7","resourceVersion":"41"},"spec":{}}"#), Some(told));
        assert_eq!(version(r#"{"metadata":{"uid":"u-7"}}"#), None);
        assert_eq!(version("7"), None);
    }

    #[test]
    fn an_eviction_stands_for_the_controller_of_its_pod() {
        assert_eq!(
            lookup(["", "v1", "pods"], r#""subResource":"eviction","#, "{}"),
            Some(Lookup::ControllerOf { namespace: "db".to_owned(), pod: "rqlite-0".to_owned() })
        );
    }

    #[test]
    fn a_deletion_stands_for_the_sets_that_need_the_object() {
        let needing = |resource: &str, old: &str, operation: &str| {
            let text = review(["", "v1", resource], &format!(r#""oldObject":{old},"#), "null");
            let text = text.replace(r#""UPDATE""#, &format!("{operation:?}"));
            Lookup::of(&Request::decode(text.as_bytes()).unwrap())
        };
        let of = |dependency, name: &str| {
            Some(Lookup::DependentsOf { dependency, namespace: "db".to_owned(), name: name.to_owned() })
        };
        let old = r#"{"metadata":{"name":"data-rqlite-0"}}"#;
        assert_eq!(needing("persistentvolumeclaims", old, "DELETE"), of(Dependency::Claim, "data-rqlite-0"));
        assert_eq!(needing("services", "null", "DELETE"), of(Dependency::Service, "rqlite-0"));
        assert_eq!(needing("namespaces", "{}", "DELETE"), of(Dependency::Namespace, "rqlite-0"));
        assert_eq!(needing("configmaps", old, "DELETE"), None);
        assert_eq!(needing("services", old, "CONNECT"), None);
    }

    #[test]
    fn an_autoscaler_names_its_target() {
        let hpa = ["autoscaling", "v2", "horizontalpodautoscalers"];
        let target = |reference: &str| format!(r#"{{"spec":{{"scaleTargetRef":{reference}}}}}"#);
        assert_eq!(
            lookup(hpa, "", &target(r#"{"apiVersion":"apps/v1","kind":"StatefulSet","name":"rq"}"#)),
            object("apps", "rq")
        );
        assert_eq!(lookup(hpa, "", &target(r#"{"kind":"StatefulSet","name":"rq"}"#)), object("", "rq"));
        for reference in [r#"{"spec":7}"#, "{}", r#"{"spec":{"scaleTargetRef":{"kind":"StatefulSet"}}}"#] {
            assert_eq!(lookup(hpa, "", reference), None, "{reference}");
        }
    }
}
