//! The configuration file as given: its keys, their defaults, and (by these comments) their documentation.
//! Nothing is looked up or loaded here; `resolve` turns it into addresses, a certificate and bindings.

mod certificate;
mod check;
mod cluster;
mod read;
mod resolve;

use std::collections::{BTreeMap, BTreeSet};

use kubernetes::admission::Operation;
use quorate_engine::{Mode, OnError, PolicyLimits};
use quorate_webhook::ServerConfig;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use certificate::Certificate;
pub(crate) use check::{ConfigFault, schema};
pub(crate) use cluster::Cluster;
pub(crate) use read::{ConfigError, ConfigFile};
pub(crate) use resolve::{BoundPolicy, Resolved};

/// Configuration of `quorate`. Every key may be left out; an unknown one is an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Address and port of `POST /validate` and `POST /mutate` (HTTPS). `[::]` is every address, of IPv4 too, and `0.0.0.0` where there is no IPv6.
    pub(crate) listen: String,
    /// Address and port of `/livez`, `/readyz` and `/metrics` (plain HTTP).
    pub(crate) metrics_listen: String,
    /// The serving certificate, and which callers are taken.
    pub(crate) certificate: Certificate,
    /// The cluster to connect to, by the pod's service account or the kubeconfig. Absent: none; every parent is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cluster: Option<Cluster>,
    /// Largest request body, in bytes. The default of 8 MiB takes an update with two objects of 3 MiB, the largest that the API server accepts. `quorate review` holds its files to it too.
    #[schemars(range(min = 65_536, max = 134_217_728))]
    pub(crate) body_limit_bytes: usize,
    /// Policies by name. The built-in ones are loaded whether they stand here or not; a name of your own needs `module`.
    pub(crate) policies: BTreeMap<String, Policy>,
    /// Who may override a denial by the annotation `quorate.dev/break-glass`.
    pub(crate) break_glass: BreakGlass,
    /// How the server logs.
    pub(crate) logs: Logs,
    /// What `quorate check` cannot know of a repository by itself.
    pub(crate) check: Check,
}

/// For `quorate check` alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Check {
    /// Values files whose Application or HelmRelease lives elsewhere, with their charts.
    pub(crate) values: Vec<Values>,
}

/// Values files, and the chart that they are for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Values {
    /// A pattern of paths within the repository: `env/*/rqlite.yaml`. `*` stays in a folder, `**` does not.
    pub(crate) files: String,
    /// The chart's name: one of the repository, or of `--chart-dir`.
    pub(crate) chart: String,
    /// The chart's version or range. Absent: any that is at hand.
    #[serde(default)]
    pub(crate) version: String,
    /// The release that they are for: `namespace/name`.
    #[schemars(regex(pattern = "^[^/]+/[^/]+$"))]
    pub(crate) release: String,
}

impl Default for Config {
    fn default() -> Self {
        let server = ServerConfig::default();
        Self {
            listen: server.listen.to_string(),
            metrics_listen: server.metrics_listen.to_string(),
            certificate: Certificate::default(),
            cluster: None,
            body_limit_bytes: server.body_limit,
            policies: BTreeMap::new(),
            break_glass: BreakGlass::default(),
            logs: Logs::default(),
            check: Check::default(),
        }
    }
}

/// One policy: whether it is loaded, what a denial of it means, its settings and limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Policy {
    /// `false`: not loaded.
    pub(crate) enabled: bool,
    /// Path of a policy component (`.wasm`), relative to the configuration file. Absent: the built-in policy of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) module: Option<String>,
    /// `enforce` denies; `warn` gives every denial as a warning, and a mutating policy patches nothing but says what it would have patched.
    #[schemars(schema_with = "mode_schema")]
    pub(crate) mode: Mode,
    /// What the server answers when the policy could not judge (it failed, or the object behind a sub-resource could not be had): `deny`, `warn`, or `allow`, which warns and counts too.
    /// Absent: `deny` for a policy that validates, `warn` for one that only mutates.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "on_error_schema")]
    pub(crate) on_error: Option<OnError>,
    /// Only requests in namespaces with these labels; of a cluster-scoped object always. A label that is not known selects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace_selector: Option<LabelSelector>,
    /// Only requests for objects with these labels; of a sub-resource for those of its parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object_selector: Option<LabelSelector>,
    /// Not requests in these namespaces.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) exclude_namespaces: BTreeSet<String>,
    /// Only these operations, of those that the module asks for. Absent: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "operations_schema")]
    pub(crate) operations: Option<BTreeSet<Operation>>,
    /// Policies run by this number, then in the order of `quorate policy list`; of those that patch the later ones see what the former made.
    pub(crate) order: i32,
    /// Settings of the policy; their schema: `quorate policy show NAME`. Every setting may also stand under `namespaces.<namespace>`.
    pub(crate) settings: Map<String, Value>,
    /// What the module may import and ask for. Absent: what a built-in policy asks for, nothing for a module of your own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grants: Option<Grants>,
    /// What one call may take.
    pub(crate) limits: Limits,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            enabled: true,
            module: None,
            mode: Mode::default(),
            on_error: None,
            namespace_selector: None,
            object_selector: None,
            exclude_namespaces: BTreeSet::new(),
            operations: None,
            order: 0,
            settings: Map::new(),
            grants: None,
            limits: Limits::default(),
        }
    }
}

/// What a module may use beside what every policy is given. `quorate policy inspect FILE` prints what it needs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Grants {
    /// Interfaces of the contract: `facts`, `time`.
    pub(crate) imports: BTreeSet<String>,
    /// Who tells it facts: `rqlite`.
    pub(crate) facts: BTreeSet<String>,
    /// Kinds that it may read: `v1/Service`.
    pub(crate) reads: BTreeSet<String>,
    /// Kinds of the objects that an object may lead it to: `v1/Secret`.
    pub(crate) references: BTreeSet<String>,
}

/// A label selector, as Kubernetes writes it: all of it must hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct LabelSelector {
    /// Labels with these values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) match_labels: BTreeMap<String, String>,
    /// What must hold of labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) match_expressions: Vec<LabelExpression>,
}

/// What must hold of one label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LabelExpression {
    /// The label.
    pub(crate) key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub(crate) operator: LabelOperator,
    /// Of `In` and `NotIn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<String>,
}

/// How a label is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum LabelOperator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

fn operations_schema(_: &mut SchemaGenerator) -> Schema {
    let operations = ["CREATE", "UPDATE", "DELETE", "CONNECT"];
    json_schema!({"type": "array", "items": {"type": "string", "enum": operations}, "minItems": 1})
}

/// The engine's own type, as the file writes it.
fn mode_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["enforce", "warn"]})
}

fn on_error_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["deny", "warn", "allow"]})
}

/// Limits of one call of a policy. A call that reaches one is stopped, and its request is not judged by this policy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Linear memory, in bytes. The default is 64 MiB.
    #[schemars(range(min = 1_048_576, max = 268_435_456))]
    pub(crate) memory_bytes: usize,
    /// Time on the CPU for each 256 KiB of input, begun ones included, in milliseconds.
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) cpu_milliseconds: u64,
    /// Size of the patch that it may return, in bytes. The default is 1 MiB.
    #[schemars(range(min = 1, max = 8_388_608))]
    pub(crate) patch_bytes: usize,
    /// Number of findings that it may return.
    #[schemars(range(min = 1, max = 1_024))]
    pub(crate) findings: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let PolicyLimits { memory_bytes, cpu, patch_bytes, findings, .. } = PolicyLimits::default();
        let cpu_milliseconds = u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX);
        Self { memory_bytes, cpu_milliseconds, patch_bytes, findings }
    }
}

/// Who may use break-glass (docs/configuration.md).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct BreakGlass {
    /// User groups, as the API server sends them. Empty: nobody.
    pub(crate) groups: Vec<String>,
}

/// How the server logs, to standard error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Logs {
    /// `text` for people, or `json`: one object a line.
    pub(crate) format: LogFormat,
    /// The least severe event that is written: `error`, `warn`, `info`, `debug` or `trace`.
    pub(crate) level: LogLevel,
}

/// `text` or `json`.
// The variants of these two carry no comments: documented ones become a `oneOf`, whose errors do not name the choices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

/// `error`, `warn`, `info`, `debug` or `trace`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}
