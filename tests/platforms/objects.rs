//! What an installation consists of, as read from YAML.
//! Renders nothing.

use serde_json::Value;

/// The objects of one installation.
pub(crate) struct Objects(Vec<Value>);

impl Objects {
    #[track_caller]
    pub(crate) fn read(yaml: &str) -> Self {
        let documents: Vec<Value> = serde_saphyr::from_multiple(yaml).expect("YAML");
        Self(documents.into_iter().filter(|document| !document.is_null()).collect())
    }

    pub(crate) fn all(&self) -> &[Value] {
        &self.0
    }

    pub(crate) fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.0.iter().filter(|object| object["kind"] == kind).collect()
    }

    /// The only one of its kind.
    #[track_caller]
    pub(crate) fn the(&self, kind: &str) -> &Value {
        match self.of_kind(kind).as_slice() {
            [one] => one,
            found => panic!("{} objects are of the kind {kind}, not 1", found.len()),
        }
    }

    /// The template of the Deployment's Pods.
    pub(crate) fn pod(&self) -> &Value {
        &self.the("Deployment")["spec"]["template"]
    }

    pub(crate) fn containers(&self) -> Vec<&Value> {
        let spec = &self.pod()["spec"];
        items(&spec["initContainers"]).chain(items(&spec["containers"])).collect()
    }

    /// What the server reads.
    pub(crate) fn config(&self) -> Value {
        let maps = self.of_kind("ConfigMap");
        let text = maps.iter().find_map(|map| map["data"]["quorate.yaml"].as_str()).expect("the configuration");
        serde_saphyr::from_str(text).expect("YAML")
    }

    /// By the name that the Deployment gives it.
    pub(crate) fn port(&self, name: &str) -> u64 {
        let containers = self.containers();
        let mut ports = containers.iter().flat_map(|container| items(&container["ports"]));
        ports.find(|port| port["name"] == name).and_then(|port| port["containerPort"].as_u64()).expect("the port")
    }
}

pub(crate) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// `Deployment quorate`.
pub(crate) fn title(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{} {}", text(&object["kind"]), text(&object["metadata"]["name"]))
}
