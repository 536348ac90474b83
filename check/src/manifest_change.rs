//! From a pair of manifests to the request that applying the second over the first makes: an ordinary AdmissionReview.
//! Does not evaluate it.

use kubernetes::defaults::{defaulted, leaves_count_open};
use quorate_facts::Propagation;
use serde_json::{Value, json};

use super::applier::Applier;
use super::keda::{autoscaler, is_scaled_object};
use super::object::{Object, ObjectId, resource_of};
use super::snapshot::RunningSet;
use super::tree::Side;

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
    pub(crate) applied: AppliedAs,
    /// How it deletes, where that is not as its user deletes.
    pub(crate) propagation: Option<Propagation>,
    /// Why it comes to this: the link of the way that broke, the word that forces it.
    pub(crate) cause: Option<String>,
    pub(crate) ways: Vec<ShownWay>,
}

/// What the tool, or the API server, makes of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AppliedAs {
    Asked,
    /// The API server refuses it for this field.
    Refused(String),
    /// The tool does not apply it.
    LeftAlone(String),
    /// Somebody confirms the deletion first, by this word.
    Confirmed(String),
}

/// The way of an object on one side, in words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct ShownWay {
    pub(crate) side: Side,
    pub(crate) way: String,
}

impl ShownWay {
    pub(crate) fn of(object: &Object) -> Self {
        Self { side: object.origin.side, way: object.way.shown(&object.origin.path) }
    }
}

impl ManifestChange {
    /// None where nothing changes that the API server would send. What runs goes before what the base says.
    pub(crate) fn of(old: Option<&Object>, new: Option<&Object>, running: Option<&RunningSet>) -> Option<Self> {
        let full = |id: &ObjectId, value: Value| defaulted(id.request_kind(), value, id.namespace.as_deref());
        let manifest = |object: &Object| match is_scaled_object(&object.id.group, &object.id.kind) {
            true => autoscaler(&object.value),
            false => full(&object.id, object.value.clone()),
        };
        let open = |object: &Object| leaves_count_open(object.id.request_kind(), &object.value);
        let count_is_open = running.is_none() && old.is_some_and(open);
        let (mut before, mut after) = (old.map(manifest), new.map(manifest));
        if before == after {
            return None;
        }
        if let (Some(running), Some(id)) = (running, new.or(old).map(|object| &object.id)) {
            before = Some(full(id, running.object.clone()));
            after = new.map(|new| full(id, running.after(old, new)));
        }
        let operation = match (&before, &after) {
            (Some(before), Some(after)) if before == after => return None,
            (Some(_), Some(_)) => ChangeOperation::Update,
            (None, _) => ChangeOperation::Create,
            (Some(_), None) => ChangeOperation::Delete,
        };
        let object = new.or(old)?.clone();
        let resource = resource_of(&object.id.kind);
        let ways = old.into_iter().chain(new).map(ShownWay::of).collect();
        Some(Self {
            operation,
            object,
            resource,
            old: before,
            new: after,
            replicas_unknown: count_is_open,
            applied: AppliedAs::Asked,
            propagation: None,
            cause: None,
            ways,
        })
    }

    /// The deletion and the creation that a tool makes of an update.
    pub(crate) fn replaced(old: &Object, new: &Object, running: Option<&RunningSet>, cause: &str) -> Vec<Self> {
        let halves = [Self::of(Some(old), None, running), Self::of(None, Some(new), None)];
        let caused = |change: Self| Self { cause: Some(cause.to_owned()), ..change };
        halves.into_iter().flatten().map(caused).collect()
    }

    /// JSON text of an AdmissionReview.
    pub(crate) fn review(&self, profile: &Applier) -> String {
        let Object { id, version, .. } = &self.object;
        let (group, version, kind) = match is_scaled_object(&id.group, &id.kind) {
            true => ("autoscaling", "v2", "HorizontalPodAutoscaler"),
            false => (id.group.as_str(), version.as_str(), id.kind.as_str()),
        };
        let options = match self.operation {
            ChangeOperation::Create => json!({"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}),
            ChangeOperation::Update => json!({"kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1"}),
            ChangeOperation::Delete => json!({
                "kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1", "propagationPolicy": self.propagation.unwrap_or(profile.propagation).name(),
            }),
        };
        // The API server says so of a namespace.
        let namespace = if id.kind == "Namespace" { Some(&id.name) } else { id.namespace.as_ref() };
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "quorate-check",
            "kind": {"group": group, "version": version, "kind": kind},
            "resource": {"group": group, "version": version, "resource": resource_of(kind)},
            "namespace": namespace, "name": id.name, "operation": self.operation.name(),
            "userInfo": {"username": profile.username, "groups": profile.groups},
            "object": self.new, "oldObject": self.old, "dryRun": true, "options": options,
        }})
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::object::ObjectOrigin;
    use super::super::source::RawObject;
    use super::super::way::Way;
    use super::*;

    fn set(replicas: Value, annotations: Value) -> Object {
        let value = json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": {"name": "rqlite", "annotations": annotations}, "spec": {"replicas": replicas}});
        let origin = ObjectOrigin { side: Side::Head, path: "a.yaml".to_owned(), document: 0, root: String::new() };
        Object::of(RawObject { value, document: 0, root: String::new() }, origin, &Arc::new(Way::default()), "db")
            .unwrap()
    }

    fn change(old: Option<Object>, new: Option<Object>) -> Option<ManifestChange> {
        ManifestChange::of(old.as_ref(), new.as_ref(), None)
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
}
