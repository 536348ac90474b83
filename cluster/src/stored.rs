//! A StatefulSet as the cache keeps it: its text for the policies, its version, and what it needs if it runs rqlite.
//! The text is the API server's, without managedFields, so that fields which no type here knows stay in it.

use std::borrow::Cow;
use std::sync::Arc;

use kube::Resource;
use kube::api::ObjectMeta;
use kube::core::NamespaceResourceScope;
use kubernetes::manifest::StatefulSet;
use rqlite::dependencies::Dependencies;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::registration::SetName;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct StoredSet {
    /// Without managedFields, labels and annotations: the text has those.
    metadata: ObjectMeta,
    json: Arc<str>,
    dependencies: Option<Arc<Dependencies>>,
}

impl StoredSet {
    /// JSON text of the whole object.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    pub(crate) fn uid(&self) -> Option<&str> {
        self.metadata.uid.as_deref()
    }

    pub(crate) fn resource_version(&self) -> Option<&str> {
        self.metadata.resource_version.as_deref()
    }

    pub(crate) fn runs_rqlite(&self) -> bool {
        self.dependencies.is_some()
    }

    /// None: it does not run rqlite.
    pub(crate) fn dependencies(&self) -> Option<&Dependencies> {
        self.dependencies.as_deref()
    }

    pub(crate) fn name(&self) -> SetName {
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        SetName { namespace: part(&self.metadata.namespace), name: part(&self.metadata.name) }
    }
}

impl<'de> Deserialize<'de> for StoredSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut object = Value::deserialize(deserializer)?;
        // Items of a list come without them.
        if let Some(fields) = object.as_object_mut() {
            fields.entry("apiVersion").or_insert_with(|| "apps/v1".into());
            fields.entry("kind").or_insert_with(|| "StatefulSet".into());
        }
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        let whole = object.get("metadata").map(ObjectMeta::deserialize).transpose().map_err(D::Error::custom)?;
        let whole = whole.unwrap_or_default();
        let metadata = ObjectMeta {
            name: whole.name,
            namespace: whole.namespace,
            uid: whole.uid,
            resource_version: whole.resource_version,
            ..ObjectMeta::default()
        };
        // A set that this reading does not understand is watched all the same, and is not known as rqlite's.
        let set = StatefulSet::deserialize(&object).unwrap_or_default();
        let dependencies = Dependencies::of_any(&set).map(Arc::new);
        Ok(Self { metadata, json: object.to_string().into(), dependencies })
    }
}

impl Resource for StoredSet {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "StatefulSet".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "apps".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "statefulsets".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    pub(crate) fn set(name: &str, image: &str, version: &str) -> StoredSet {
        serde_json::from_value(json!({
            "metadata": {"name": name, "namespace": "db", "uid": format!("uid-of-{name}"), "resourceVersion": version,
                         "managedFields": [{"manager": "kubectl"}], "labels": {"a": "b"}},
            "spec": {"replicas": 3, "serviceName": format!("{name}-internal"), "futureField": 1,
                     "template": {"spec": {"containers": [{"name": "c", "image": image}]}}},
        }))
        .unwrap()
    }

    #[test]
    fn keeps_the_whole_object_but_managed_fields() {
        let stored: Value = serde_json::from_str(set("rqlite", "rqlite/rqlite:9.1.3", "7").json()).unwrap();
        assert_eq!(stored["spec"]["futureField"], 1);
        assert_eq!(stored["metadata"]["labels"]["a"], "b");
        assert_eq!(stored["metadata"].get("managedFields"), None);
        assert_eq!((stored["apiVersion"].as_str(), stored["kind"].as_str()), (Some("apps/v1"), Some("StatefulSet")));
    }

    #[test]
    fn knows_its_version_and_whether_it_runs_rqlite() {
        let rqlite = set("rqlite", "rqlite/rqlite:9.1.3", "7");
        assert_eq!((rqlite.uid(), rqlite.resource_version()), (Some("uid-of-rqlite"), Some("7")));
        assert_eq!(rqlite.name().to_string(), "db/rqlite");
        assert!(rqlite.runs_rqlite());
        assert!(!set("web", "nginx", "7").runs_rqlite());
    }

    #[test]
    fn a_set_of_a_strange_shape_is_kept_and_not_known() {
        let strange: StoredSet =
            serde_json::from_value(json!({"metadata": {"name": "x", "namespace": "db"}, "spec": {"replicas": "many"}}))
                .unwrap();
        assert!(!strange.runs_rqlite());
        assert_eq!(strange.name().to_string(), "db/x");
    }
}
