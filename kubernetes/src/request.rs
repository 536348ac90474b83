//! Which request it is: the requests that change an rqlite cluster, each with the resource that the API server's rules name.
//! Not what a request carries, nor what stands behind it (`lookup`).

use crate::admission::Request;

/// What a request is about, by its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// A StatefulSet itself.
    StatefulSet,
    /// `statefulsets/scale`.
    Scale,
    /// `pods/eviction`.
    Eviction,
    /// A HorizontalPodAutoscaler.
    Autoscaler,
    /// What StatefulSets depend on beside their own object.
    Dependency(Dependency),
    /// Nothing that Quorate itself looks at; policies of one's own may.
    Other,
}

/// A kind of object that StatefulSets depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependency {
    /// It holds the set itself.
    Namespace,
    /// By which the nodes are found.
    Service,
    /// A PersistentVolumeClaim.
    Claim,
}

/// A resource as rules name it, and the object that is sent for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    /// Empty for the core group.
    pub group: &'static str,
    /// The one that rules name; `matchPolicy: Equivalent` converts others to it.
    pub version: &'static str,
    /// Without its sub-resource: `statefulsets`.
    pub plural: &'static str,
    /// `scale`, `eviction`; None for the resource itself.
    pub sub_resource: Option<&'static str>,
    /// Group and kind of the object in the request: a Scale's are not its StatefulSet's.
    pub object: (&'static str, &'static str),
    /// The kind that a user would name: of a Scale its StatefulSet's.
    pub subject: &'static str,
    /// False: it counts as cluster-scoped.
    pub namespaced: bool,
}

impl RequestKind {
    /// Each but [`RequestKind::Other`].
    pub const ALL: [Self; 7] = [
        Self::StatefulSet,
        Self::Scale,
        Self::Eviction,
        Self::Autoscaler,
        Self::Dependency(Dependency::Namespace),
        Self::Dependency(Dependency::Service),
        Self::Dependency(Dependency::Claim),
    ];

    /// None for [`RequestKind::Other`].
    pub const fn resource(self) -> Option<Resource> {
        match self {
            Self::StatefulSet => Some(Resource::STATEFUL_SETS),
            Self::Scale => Some(Resource::SCALES),
            Self::Eviction => Some(Resource::EVICTIONS),
            Self::Autoscaler => Some(Resource::AUTOSCALERS),
            Self::Dependency(dependency) => Some(dependency.resource()),
            Self::Other => None,
        }
    }

    /// Of a request, whatever its operation.
    ///
    /// ```
    /// use kubernetes::admission::{GroupVersionResource, Operation, Request};
    /// use kubernetes::request::{RequestKind, Resource};
    ///
    /// let resource = GroupVersionResource { group: "apps".into(), version: "v1".into(), resource: "statefulsets".into() };
    /// let request = Request { resource, ..Request::new("3f0c", Operation::Update) };
    /// assert_eq!(RequestKind::of(&request), RequestKind::StatefulSet);
    /// assert_eq!(RequestKind::StatefulSet.resource(), Some(Resource::STATEFUL_SETS));
    /// ```
    pub fn of(request: &Request) -> Self {
        Self::of_resource(&request.resource.group, &request.resource.resource, request.sub_resource.as_deref())
    }

    /// The same of the resource alone.
    pub fn of_resource(group: &str, plural: &str, sub_resource: Option<&str>) -> Self {
        Self::whose(|row| row.group == group && row.plural == plural && row.sub_resource == sub_resource)
    }

    /// Of a request for an object of a manifest.
    pub fn of_object(group: &str, kind: &str) -> Self {
        Self::whose(|row| row.sub_resource.is_none() && row.object == (group, kind))
    }

    /// Of the object that a reference names, which need not say the group.
    pub fn of_reference(group: &str, kind: &str) -> Self {
        Self::whose(|row| {
            row.sub_resource.is_none() && row.object.1 == kind && (group.is_empty() || row.group == group)
        })
    }

    fn whose(is_it: impl Fn(Resource) -> bool) -> Self {
        Self::ALL.into_iter().find(|kind| kind.resource().is_some_and(&is_it)).unwrap_or(Self::Other)
    }
}

/// The group of an `apiVersion`: `apps` of `apps/v1`; empty for the core group.
pub fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

impl Dependency {
    /// Its own resource.
    pub const fn resource(self) -> Resource {
        match self {
            Self::Namespace => Resource::NAMESPACES,
            Self::Service => Resource::SERVICES,
            Self::Claim => Resource::CLAIMS,
        }
    }
}

impl Resource {
    /// apps/v1 StatefulSets.
    pub const STATEFUL_SETS: Self = Self {
        group: "apps",
        version: "v1",
        plural: "statefulsets",
        sub_resource: None,
        object: ("apps", "StatefulSet"),
        subject: "StatefulSet",
        namespaced: true,
    };

    /// Their sub-resource `scale`: `kubectl scale`, and every autoscaler.
    pub const SCALES: Self =
        Self { sub_resource: Some("scale"), object: ("autoscaling", "Scale"), ..Self::STATEFUL_SETS };

    /// The sub-resource `eviction` of Pods, by which nodes are drained.
    pub const EVICTIONS: Self = Self {
        group: "",
        version: "v1",
        plural: "pods",
        sub_resource: Some("eviction"),
        object: ("policy", "Eviction"),
        subject: "Pod",
        namespaced: true,
    };

    /// autoscaling/v2 HorizontalPodAutoscalers.
    pub const AUTOSCALERS: Self = Self {
        group: "autoscaling",
        version: "v2",
        plural: "horizontalpodautoscalers",
        sub_resource: None,
        object: ("autoscaling", "HorizontalPodAutoscaler"),
        subject: "HorizontalPodAutoscaler",
        namespaced: true,
    };

    /// Its request names it as its own namespace too, but counts as one for a cluster-scoped object (k8s.io/apiserver, `rules.Matcher`).
    pub const NAMESPACES: Self = Self { namespaced: false, ..Self::core("namespaces", "Namespace") };

    /// core/v1 Services.
    pub const SERVICES: Self = Self::core("services", "Service");

    /// PersistentVolumeClaims.
    pub const CLAIMS: Self = Self::core("persistentvolumeclaims", "PersistentVolumeClaim");

    const fn core(plural: &'static str, kind: &'static str) -> Self {
        Self {
            group: "",
            version: "v1",
            plural,
            sub_resource: None,
            object: ("", kind),
            subject: kind,
            namespaced: true,
        }
    }

    /// The requests for it.
    pub fn kind(self) -> RequestKind {
        RequestKind::whose(|row| row == self)
    }

    /// As a rule of a webhook lists it: `statefulsets/scale`.
    pub fn in_rules(self) -> String {
        match self.sub_resource {
            Some(sub_resource) => format!("{}/{sub_resource}", self.plural),
            None => self.plural.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::{GroupVersionResource, Operation};

    fn of(group: &'static str, plural: &'static str, sub_resource: Option<&'static str>) -> RequestKind {
        RequestKind::of(&Request {
            resource: GroupVersionResource { group: group.into(), resource: plural.into(), ..Default::default() },
            sub_resource: sub_resource.map(Into::into),
            ..Request::new("u", Operation::Update)
        })
    }

    #[test]
    fn each_kind_is_found_by_its_resource() {
        for kind in RequestKind::ALL {
            let row = kind.resource().unwrap();
            assert_eq!(row.kind(), kind);
            assert_eq!(of(row.group, row.plural, row.sub_resource), kind);
            assert_eq!(RequestKind::of_resource(row.group, row.plural, row.sub_resource), kind);
        }
    }

    #[test]
    fn other_groups_and_sub_resources_are_other_requests() {
        for (group, plural, sub_resource) in [
            ("apps.kruise.io", "statefulsets", None),
            ("apps", "deployments", Some("scale")),
            ("apps", "statefulsets", Some("status")),
            ("", "pods", None),
            ("serving.knative.dev", "services", None),
        ] {
            assert_eq!(of(group, plural, sub_resource), RequestKind::Other, "{group}/{plural}");
        }
    }

    #[test]
    fn a_reference_need_not_say_the_group() {
        assert_eq!(RequestKind::of_reference("", "StatefulSet"), RequestKind::StatefulSet);
        assert_eq!(RequestKind::of_reference("apps", "StatefulSet"), RequestKind::StatefulSet);
        assert_eq!(RequestKind::of_reference("apps.kruise.io", "StatefulSet"), RequestKind::Other);
        assert_eq!(RequestKind::of_object("", "StatefulSet"), RequestKind::Other);
        assert_eq!(RequestKind::of_object("apps", "StatefulSet"), RequestKind::StatefulSet);
        assert_eq!(RequestKind::of_object("autoscaling", "Scale"), RequestKind::Other);
    }

    #[test]
    fn rules_list_a_sub_resource_behind_a_slash() {
        assert_eq!(Resource::EVICTIONS.in_rules(), "pods/eviction");
        assert_eq!(Resource::CLAIMS.in_rules(), "persistentvolumeclaims");
    }
}
