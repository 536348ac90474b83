//! Where the spec of a pod stands in the objects that hold one.
//! Kinds of Kubernetes itself; where a custom resource keeps a pod, nobody can know.

/// Each kind that holds a pod, with its group.
const KINDS: [(&str, &str, &str); 9] = [
    ("", "Pod", "/spec"),
    ("", "PodTemplate", "/template/spec"),
    ("", "ReplicationController", "/spec/template/spec"),
    ("apps", "DaemonSet", "/spec/template/spec"),
    ("apps", "Deployment", "/spec/template/spec"),
    ("apps", "ReplicaSet", "/spec/template/spec"),
    ("apps", "StatefulSet", "/spec/template/spec"),
    ("batch", "CronJob", "/spec/jobTemplate/spec/template/spec"),
    ("batch", "Job", "/spec/template/spec"),
];

/// The RFC 6901 pointer to the pod's spec in an object of this kind, whatever its version; the group is empty for the core
/// group. None for a kind that holds no pod, or is not known: a Scale and an Eviction hold none.
///
/// ```
/// use kubernetes::pod_spec::pod_spec_pointer;
///
/// assert_eq!(pod_spec_pointer("apps", "StatefulSet"), Some("/spec/template/spec"));
/// assert_eq!(pod_spec_pointer("autoscaling", "Scale"), None);
/// ```
pub fn pod_spec_pointer(group: &str, kind: &str) -> Option<&'static str> {
    KINDS.into_iter().find_map(|(of, named, pointer)| ((of, named) == (group, kind)).then_some(pointer))
}

#[cfg(test)]
mod tests {
    use quorate_document::Pointer;

    use super::*;
    use crate::object::indexed;

    #[test]
    fn each_kind_has_a_pod_where_it_says() {
        let pod = r#"{"containers":[]}"#;
        for (group, kind, object) in [
            ("", "Pod", r#"{"spec":@}"#),
            ("", "PodTemplate", r#"{"template":{"spec":@}}"#),
            ("", "ReplicationController", r#"{"spec":{"template":{"spec":@}}}"#),
            ("apps", "DaemonSet", r#"{"spec":{"template":{"spec":@}}}"#),
            ("apps", "Deployment", r#"{"spec":{"template":{"spec":@}}}"#),
            ("apps", "ReplicaSet", r#"{"spec":{"template":{"spec":@}}}"#),
            ("apps", "StatefulSet", r#"{"spec":{"template":{"spec":@}}}"#),
            ("batch", "Job", r#"{"spec":{"template":{"spec":@}}}"#),
            ("batch", "CronJob", r#"{"spec":{"jobTemplate":{"spec":{"template":{"spec":@}}}}}"#),
        ] {
            let pointer = Pointer::parse(pod_spec_pointer(group, kind).unwrap()).unwrap();
            let object = indexed(&object.replace('@', pod)).unwrap();
            assert_eq!(object.json(&pointer).as_deref(), Some(pod), "{group}/{kind}");
        }
    }

    #[test]
    fn other_kinds_and_groups_hold_none() {
        for (group, kind) in [
            ("autoscaling", "Scale"),
            ("policy", "Eviction"),
            ("policy", "PodDisruptionBudget"),
            ("", "Service"),
            ("", "StatefulSet"),
            ("apps", "Pod"),
            ("apps.kruise.io", "StatefulSet"),
            ("apps", "statefulset"),
            ("", ""),
        ] {
            assert_eq!(pod_spec_pointer(group, kind), None, "{group}/{kind}");
        }
    }
}
