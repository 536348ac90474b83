//! The kubeconfig as kubectl reads it: several files as one, the context that is meant, its cluster and its user. An empty value is none.
//! Connects to nothing, and runs nothing.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::config::{AuthInfo, Cluster, Context, Kubeconfig, KubeconfigError, NamedContext};

use super::{Environment, Login, LoginError};

/// What a context of the kubeconfig names.
pub(super) struct SelectedContext {
    pub(super) cluster_name: String,
    pub(super) cluster: Cluster,
    pub(super) user_name: String,
    pub(super) user: AuthInfo,
    pub(super) namespace: Option<String>,
}

/// What all files of the kubeconfig say together.
pub(super) enum ContextSelection {
    Cluster(Box<SelectedContext>),
    /// There is none of these files, or nothing in them.
    Nothing {
        files: String,
    },
}

pub(super) fn select(login: &Login, environment: Environment) -> Result<ContextSelection, LoginError> {
    let (files, config) = read(login, environment)?;
    let is_blank = config.contexts.is_empty() && config.clusters.is_empty() && config.current_context.is_none();
    let is_asked = login.kubeconfig.is_some() || login.context.is_some() || login.cluster.is_some();
    if is_blank && !is_asked {
        return Ok(ContextSelection::Nothing { files });
    }
    let context = context(login, &files, &config)?;
    let cluster_name = login.cluster.clone().unwrap_or(context.cluster);
    let cluster = config.clusters.iter().find(|named| named.name == cluster_name);
    let cluster = cluster.and_then(|named| named.cluster.clone());
    let cluster = cluster.ok_or_else(|| LoginError::NoCluster {
        files: files.clone(),
        name: cluster_name.clone(),
        known: listed(config.clusters.iter().map(|named| &named.name)),
    })?;
    let user_name = login.user.clone().or(context.user).unwrap_or_default();
    let user = config.auth_infos.iter().find(|named| named.name == user_name);
    if user.is_none() && login.user.is_some() {
        let known = listed(config.auth_infos.iter().map(|named| &named.name));
        return Err(LoginError::NoUser { files, name: user_name, known });
    }
    // kubectl takes a user who is not there for nobody.
    let user = user.and_then(|named| named.auth_info.clone()).unwrap_or_default();
    let namespace = nonempty(context.namespace);
    let (cluster, user) = (without_blanks(cluster), filled(user));
    Ok(ContextSelection::Cluster(Box::new(SelectedContext { cluster_name, cluster, user_name, user, namespace })))
}

/// Their names for messages, and all files as one: what stands in the first one that has it counts.
fn read(login: &Login, environment: Environment) -> Result<(String, Kubeconfig), LoginError> {
    let named = environment("KUBECONFIG").filter(|named| !named.is_empty());
    let (paths, must_be_there) = match (&login.kubeconfig, named) {
        (Some(file), _) => (vec![file.clone()], true),
        (None, Some(named)) => (std::env::split_paths(&named).collect(), false),
        (None, None) => (std::env::home_dir().map(|home| home.join(".kube/config")).into_iter().collect(), false),
    };
    let (mut names, mut merged) = (Vec::new(), Kubeconfig::default());
    for path in paths.iter().filter(|path| !path.as_os_str().is_empty()) {
        // What cannot be looked at is there, as for kubectl.
        if !must_be_there && path.try_exists().is_ok_and(|exists| !exists) {
            names.push(format!("{} (missing)", path.display()));
            continue;
        }
        names.push(path.display().to_string());
        let unreadable = |error| unreadable(path, &error);
        merged = Kubeconfig::read_from(path).and_then(|next| merged.merge(next)).map_err(unreadable)?;
    }
    let names = if names.is_empty() { "~/.kube/config".to_owned() } else { names.join(", ") };
    Ok((names, merged))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum; all that is wrong in a file has one remedy")]
fn unreadable(file: &Path, error: &KubeconfigError) -> LoginError {
    let remedy = match error {
        KubeconfigError::ReadConfig(error, _) if error.kind() == ErrorKind::NotFound => {
            "name a file that exists, or leave --kubeconfig out: then KUBECONFIG counts, or ~/.kube/config"
        }
        KubeconfigError::ReadConfig(error, _) if error.kind() == ErrorKind::PermissionDenied => {
            "let this user read it, or name another one with --kubeconfig"
        }
        _ => "correct it, or name another one with --kubeconfig",
    };
    LoginError::Unreadable { file: file.to_owned(), why: why(error), remedy }
}

/// Without the lines of the file around it: a kubeconfig holds secrets.
#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum; the others are of one line, and quote nothing")]
fn why(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(error, _) => error.to_string(),
        KubeconfigError::Parse(error) => {
            error.without_snippet().to_string().split_whitespace().collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

fn context(login: &Login, files: &str, config: &Kubeconfig) -> Result<Context, LoginError> {
    let known = || listed(config.contexts.iter().map(|named| &named.name));
    let current = || nonempty(config.current_context.clone());
    let Some(name) = login.context.clone().or_else(current) else {
        // All that a context says is said.
        return match (&login.cluster, &login.user) {
            (Some(cluster), user) => Ok(Context { cluster: cluster.clone(), user: user.clone(), ..Context::default() }),
            (None, _) => Err(LoginError::NoCurrentContext { files: files.to_owned(), known: known() }),
        };
    };
    let named = |named: &&NamedContext| named.name == name;
    let found = config.contexts.iter().find(named).and_then(|named| named.context.clone());
    found.ok_or_else(|| LoginError::NoContext { files: files.to_owned(), name: name.clone(), known: known() })
}

fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.map(String::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn nonempty(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.is_empty())
}

fn without_blanks(cluster: Cluster) -> Cluster {
    Cluster {
        server: nonempty(cluster.server),
        certificate_authority: nonempty(cluster.certificate_authority),
        certificate_authority_data: nonempty(cluster.certificate_authority_data),
        proxy_url: nonempty(cluster.proxy_url),
        tls_server_name: nonempty(cluster.tls_server_name),
        ..cluster
    }
}

fn filled(user: AuthInfo) -> AuthInfo {
    let secret = |value: Option<secrecy::SecretString>| {
        value.filter(|value| !secrecy::ExposeSecret::expose_secret(value).is_empty())
    };
    AuthInfo {
        username: nonempty(user.username),
        password: secret(user.password),
        token: secret(user.token),
        token_file: nonempty(user.token_file),
        client_certificate: nonempty(user.client_certificate),
        client_certificate_data: nonempty(user.client_certificate_data),
        client_key: nonempty(user.client_key),
        client_key_data: secret(user.client_key_data),
        impersonate: nonempty(user.impersonate),
        ..user
    }
}

/// The bytes of a key that may stand in the kubeconfig (base64) or in a file.
pub(super) fn data_or_file(
    what: &'static str,
    data: Option<&str>,
    file: Option<&str>,
) -> Result<Option<Vec<u8>>, LoginError> {
    if let Some(data) = data {
        let decoded = STANDARD.decode(data).map_err(|_| LoginError::NotBase64 { what })?;
        return Ok(Some(decoded));
    }
    let Some(file) = file else { return Ok(None) };
    let read = std::fs::read(file);
    read.map(Some).map_err(|source| LoginError::NoFile { what, file: PathBuf::from(file), source })
}
