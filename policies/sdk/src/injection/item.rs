//! One thing that a policy puts into a pod template, with its whole content.
//! Not where it stands, nor whether it may be put.

use serde_json::Value;

/// A probe of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeKind {
    Readiness,
    Liveness,
    Startup,
}

/// One injected thing.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A self-contained `-flag=value` for rqlited, in the container of that name.
    Flag { container: String, token: String },
    /// `terminationGracePeriodSeconds`.
    Grace { seconds: i64 },
    /// An element of the pod's `volumes`: `{"name": …, "secret": {…}}`. Write out what the API server would add
    /// (`defaultMode`), or the live object differs from what is put.
    Volume { content: Value },
    /// An element of the container's `volumeMounts`: `{"name": …, "mountPath": …, "readOnly": true}`.
    Mount { container: String, content: Value },
    /// `httpGet.scheme: HTTPS` of a probe that has an `httpGet`.
    Probe { container: String, probe: ProbeKind },
}

impl ProbeKind {
    pub const ALL: [ProbeKind; 3] = [ProbeKind::Readiness, ProbeKind::Liveness, ProbeKind::Startup];

    /// The field of the container.
    pub const fn field(self) -> &'static str {
        match self {
            ProbeKind::Readiness => "readinessProbe",
            ProbeKind::Liveness => "livenessProbe",
            ProbeKind::Startup => "startupProbe",
        }
    }
}

impl Item {
    /// The same thing, whatever the mode of a volume's files: that one follows the template (`fsGroup`), not the request.
    pub fn same(&self, other: &Item) -> bool {
        match (self, other) {
            (Item::Volume { content: left }, Item::Volume { content: right }) => modeless(left) == modeless(right),
            _ => self == other,
        }
    }
}

fn modeless(volume: &Value) -> Value {
    let mut volume = volume.clone();
    if let Some(secret) = volume.get_mut("secret").and_then(Value::as_object_mut) {
        secret.remove("defaultMode");
    }
    volume
}

/// The text at `key` of an element, empty if there is none.
pub(super) fn text<'a>(element: &'a Value, key: &str) -> &'a str {
    element.get(key).and_then(Value::as_str).unwrap_or_default()
}
