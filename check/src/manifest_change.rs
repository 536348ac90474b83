//! From a pair of manifests to the request that applying the second over the first makes: an ordinary AdmissionReview.
//! Does not evaluate it.

use kubernetes::defaults::{defaulted, leaves_count_open};
use serde_json::{Value, json};

use super::applier::Applier;
use super::object::{Object, ObjectId, resource_of};
use super::pair::ObjectPair;
use super::snapshot::RunningSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ChangeOperation {
    Create,
    Update,
    Delete,
}

impl ChangeOperation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// One object that would change.
#[derive(Debug)]
pub(crate) struct ManifestChange {
    pub(crate) operation: ChangeOperation,
    /// The object that stands for the change: the new one, or the removed one.
    pub(crate) object: Object,
    /// `statefulsets`
    pub(crate) resource: String,
    pub(crate) old: Option<Value>,
    pub(crate) new: Option<Value>,
    /// How many replicas run is not to be learned from the manifests: the old one does not say.
    pub(crate) replicas_unknown: bool,
}

/// Annotations by which a manifest that is removed leaves its object in the cluster.
const KEPT: [(&str, &[&str]); 3] = [
    ("argocd.argoproj.io/sync-options", &["Prune=false"]),
    ("helm.sh/resource-policy", &["keep"]),
    ("kustomize.toolkit.fluxcd.io/prune", &["disabled"]),
];

impl ManifestChange {
    /// None where nothing changes that the API server would send. What runs goes before what the base says.
    pub(crate) fn of(pair: ObjectPair, running: Option<&RunningSet>) -> Option<Self> {
        let ObjectPair { old, new } = pair;
        let full = |id: &ObjectId, value: Value| defaulted(id.request_kind(), value, id.namespace.as_deref());
        let manifest = |object: &Object| full(&object.id, object.value.clone());
        let open = |object: &Object| leaves_count_open(object.id.request_kind(), &object.value);
        let count_is_open = running.is_none() && old.as_ref().is_some_and(open);
        let (mut before, mut after) = (old.as_ref().map(manifest), new.as_ref().map(manifest));
        if before == after {
            return None;
        }
        if let (Some(running), Some(id)) = (running, new.as_ref().or(old.as_ref()).map(|object| &object.id)) {
            before = Some(full(id, running.object.clone()));
            after = new.as_ref().map(|new| full(id, running.after(old.as_ref(), new)));
        }
        let operation = match (&before, &after) {
            (Some(before), Some(after)) if before == after => return None,
            (Some(_), Some(_)) => ChangeOperation::Update,
            (None, _) => ChangeOperation::Create,
            (Some(_), None) => ChangeOperation::Delete,
        };
        let object = new.or(old)?;
        let resource = resource_of(&object.id.kind);
        Some(Self { operation, object, resource, old: before, new: after, replicas_unknown: count_is_open })
    }

    /// JSON text of an AdmissionReview.
    pub(crate) fn review(&self, profile: &Applier) -> String {
        let Object { id, version, .. } = &self.object;
        let options = match self.operation {
            ChangeOperation::Create => json!({"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}),
            ChangeOperation::Update => json!({"kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1"}),
            ChangeOperation::Delete => json!({
                "kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1", "propagationPolicy": profile.propagation.name(),
            }),
        };
        // The API server says so of a namespace.
        let namespace = if id.kind == "Namespace" { Some(&id.name) } else { id.namespace.as_ref() };
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "quorate-check",
            "kind": {"group": id.group, "version": version, "kind": id.kind},
            "resource": {"group": id.group, "version": version, "resource": self.resource},
            "namespace": namespace, "name": id.name, "operation": self.operation.name(),
            "userInfo": {"username": profile.username, "groups": profile.groups},
            "object": self.new, "oldObject": self.old, "dryRun": true, "options": options,
        }})
        .to_string()
    }
}

/// The annotation by which the object outlives its manifest.
pub(crate) fn kept_by(object: &Object) -> Option<String> {
    KEPT.iter().find_map(|(key, values)| {
        let found = object.annotation(key)?;
        let says = found.split(',').map(str::trim).any(|option| values.contains(&option));
        says.then(|| format!("{key}: {found}"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::object::ObjectOrigin;
    use super::super::source::RawObject;
    use super::super::tree::Side;
    use super::*;

    fn set(replicas: Value, annotations: Value) -> Object {
        let value = json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": {"name": "rqlite", "annotations": annotations}, "spec": {"replicas": replicas}});
        let origin = ObjectOrigin { side: Side::Head, path: "a.yaml".to_owned(), document: 0, root: String::new() };
        Object::of(RawObject { value, document: 0, root: String::new() }, origin, "", "db").unwrap()
    }

    fn change(old: Option<Object>, new: Option<Object>) -> Option<ManifestChange> {
        ManifestChange::of(ObjectPair { old, new }, None)
    }

    #[test]
    fn a_count_that_is_removed_changes_to_one() {
        let change = change(Some(set(json!(3), json!({}))), Some(set(Value::Null, json!({})))).unwrap();
        assert_eq!(change.operation, ChangeOperation::Update);
        assert_eq!(change.new.unwrap().pointer("/spec/replicas"), Some(&json!(1)));
        assert!(!change.replicas_unknown);
    }

    #[test]
    fn a_count_that_the_old_manifest_leaves_open_is_not_known() {
        let annotated = set(Value::Null, json!({"quorate.dev/auth-secret": "users"}));
        assert!(change(Some(set(Value::Null, json!({}))), Some(annotated)).unwrap().replicas_unknown);
        assert!(change(Some(set(Value::Null, json!({}))), None).unwrap().replicas_unknown);
        assert!(!change(None, Some(set(Value::Null, json!({})))).unwrap().replicas_unknown);
    }

    #[test]
    fn nothing_is_asked_where_nothing_changes() {
        assert!(change(Some(set(json!(1), json!({}))), Some(set(Value::Null, json!({})))).is_none());
    }

    #[test]
    fn an_object_may_outlive_its_manifest() {
        let kept = |key: &str, value: &str| kept_by(&set(json!(3), json!({key: value})));
        assert!(kept("argocd.argoproj.io/sync-options", "Validate=false, Prune=false").is_some());
        assert!(kept("helm.sh/resource-policy", "keep").is_some());
        assert!(kept("kustomize.toolkit.fluxcd.io/prune", "disabled").is_some());
        assert!(kept("argocd.argoproj.io/sync-options", "Prune=true").is_none());
    }
}
