//! An exec plugin of the kubeconfig (`client.authentication.k8s.io`): a program that prints credentials. Run once where they are needed,
//! and again when they end. What it writes to standard error is the user's to read; what it prints is shown nowhere.

use std::io;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use kube::config::{Cluster, ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const VERSIONS: [&str; 2] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/// A plugin that gives no credentials.
#[derive(Debug, thiserror::Error)]
#[error("exec plugin `{command}` of user `{user}` {why}")]
pub struct PluginError {
    command: String,
    user: String,
    why: PluginFailure,
}

#[derive(Debug, thiserror::Error)]
enum PluginFailure {
    #[error("is not installed: there is no such program{hint}")]
    Missing { hint: String },
    #[error("cannot be started: {0}")]
    Start(io::Error),
    #[error("failed ({0}); what it says of that stands above. Log in with it again, or try it by itself")]
    Failed(ExitStatus),
    #[error("wants to ask somebody (interactiveMode: Always), and standard input is no terminal; run it in a terminal")]
    NoTerminal,
    #[error("is to speak version `{0}`; known are {known}", known = VERSIONS.join(" and "))]
    Version(String),
    #[error("printed no ExecCredential of version {0}, as the kubeconfig wants it")]
    Unreadable(String),
    #[error("printed an ExecCredential with neither a token nor a certificate and its key")]
    Nothing,
    #[error("printed an expirationTimestamp that is no RFC 3339 time")]
    Expiry,
    #[error("printed a client certificate that cannot be used")]
    Certificate,
    #[error("cannot be told of the cluster (provideClusterInfo): {0}")]
    Cluster(kube::config::KubeconfigError),
}

pub(super) struct Plugin {
    exec: ExecConfig,
    command: String,
    version: String,
    user: String,
    interactive: bool,
    /// For `KUBERNETES_EXEC_INFO`.
    info: String,
}

/// What a plugin gave.
pub(super) struct Credential {
    pub(super) token: Option<String>,
    pub(super) key: Option<Arc<CertifiedKey>>,
    pub(super) until: Option<OffsetDateTime>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential {
    api_version: String,
    status: Option<ExecCredentialStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredentialStatus {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

impl Plugin {
    /// Without a terminal nobody is asked.
    pub(super) fn new(exec: ExecConfig, user: &str, cluster: &Cluster, terminal: bool) -> Result<Self, PluginError> {
        let command = exec.command.clone().unwrap_or_default();
        let version = exec.api_version.clone().unwrap_or_default();
        let refused = |why| PluginError { command: command.clone(), user: user.to_owned(), why };
        if !VERSIONS.contains(&version.as_str()) {
            return Err(refused(PluginFailure::Version(version)));
        }
        let interactive = match exec.interactive_mode {
            Some(ExecInteractiveMode::Never) => false,
            Some(ExecInteractiveMode::Always) if !terminal => return Err(refused(PluginFailure::NoTerminal)),
            Some(ExecInteractiveMode::Always | ExecInteractiveMode::IfAvailable) | None => terminal,
        };
        let spec = if exec.provide_cluster_info {
            let told = ExecAuthCluster::try_from(cluster).map_err(|error| refused(PluginFailure::Cluster(error)))?;
            json!({ "interactive": interactive, "cluster": told })
        } else {
            json!({ "interactive": interactive })
        };
        let info = json!({ "apiVersion": version, "kind": "ExecCredential", "spec": spec }).to_string();
        Ok(Self { exec, command, version, user: user.to_owned(), interactive, info })
    }

    /// Waits until the program has ended.
    pub(super) fn run(&self) -> Result<Credential, PluginError> {
        self.answer().map_err(|why| PluginError { command: self.command.clone(), user: self.user.clone(), why })
    }

    fn answer(&self) -> Result<Credential, PluginFailure> {
        let variables = self.exec.env.iter().flatten();
        let variables = variables.filter_map(|variable| Some((variable.get("name")?, variable.get("value")?)));
        let output = Command::new(&self.command)
            .args(self.exec.args.iter().flatten())
            .envs(variables)
            .env("KUBERNETES_EXEC_INFO", &self.info)
            .stdin(if self.interactive { Stdio::inherit() } else { Stdio::null() })
            .stderr(Stdio::inherit())
            .output();
        let output = output.map_err(|error| self.not_started(error))?;
        if !output.status.success() {
            return Err(PluginFailure::Failed(output.status));
        }
        let read = serde_saphyr::from_slice::<ExecCredential>(&output.stdout).ok();
        let read = read.filter(|read| read.api_version == self.version);
        let read = read.ok_or_else(|| PluginFailure::Unreadable(self.version.clone()))?;
        read.status.ok_or(PluginFailure::Nothing)?.credential()
    }

    fn not_started(&self, error: io::Error) -> PluginFailure {
        let hint = self.exec.install_hint.as_deref().map(str::trim).filter(|hint| !hint.is_empty());
        if error.kind() != io::ErrorKind::NotFound {
            return PluginFailure::Start(error);
        }
        let hint = hint.map_or_else(|| " on the PATH".to_owned(), |hint| format!("; the kubeconfig says: {hint}"));
        PluginFailure::Missing { hint }
    }
}

impl ExecCredentialStatus {
    fn credential(self) -> Result<Credential, PluginFailure> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let until = self.expiration_timestamp.map(|text| OffsetDateTime::parse(&text, &Rfc3339));
        let until = until.transpose().map_err(|_| PluginFailure::Expiry)?;
        let key = match (given(self.client_certificate_data), given(self.client_key_data)) {
            (Some(chain), Some(key)) => Some(certified(&chain, &key).ok_or(PluginFailure::Certificate)?),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(PluginFailure::Certificate),
        };
        let token = given(self.token);
        if token.is_none() && key.is_none() {
            Err(PluginFailure::Nothing)
        } else {
            Ok(Credential { token, key, until })
        }
    }
}

fn certified(chain: &str, key: &str) -> Option<Arc<CertifiedKey>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty())?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).ok()?;
    CertifiedKey::from_der(chain, key, &default_provider()).ok().map(Arc::new)
}
