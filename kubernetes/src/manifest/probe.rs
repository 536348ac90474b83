//! A container's probes.

use serde::Deserialize;

use super::or_default;

/// core/v1 Probe. One action is set; those that nobody here reads are in neither field.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Probe {
    /// Succeeds at a status from 200 to 399.
    pub http_get: Option<HttpGet>,
    /// Succeeds when the command exits with 0.
    pub exec: Option<ExecAction>,
}

/// core/v1 ExecAction.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ExecAction {
    /// Program and arguments. No shell reads them.
    #[serde(deserialize_with = "or_default")]
    pub command: Vec<String>,
}

/// core/v1 HTTPGetAction.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpGet {
    /// With its query. Absent is `/`.
    pub path: Option<String>,
    /// `HTTP` (the default) or `HTTPS`.
    pub scheme: Option<String>,
    /// Beside those that the kubelet sends by itself.
    #[serde(deserialize_with = "or_default")]
    pub http_headers: Vec<HttpHeader>,
}

/// core/v1 HTTPHeader.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct HttpHeader {
    /// Upper and lower case are one.
    pub name: String,
    /// As it is sent: a probe reads no Secret.
    pub value: String,
}
