//! Where the API server is, as whom it is asked, and through what: by the kubeconfig as kubectl reads it, else by the pod's service account.
//!
//! ```text
//! Login ── kubeconfig ──┬─ server, CA, TLS name ─┐
//!                       ├─ identity, bearer ─────┼─> Target ──> client
//!                       │      └─ plugin         │      └─ route   connections, through a proxy or not
//!                       └─ proxy, environment ───┘      └─ failure what is said when it cannot be asked
//! ```

mod bearer;
mod failure;
mod identity;
mod kubeconfig;
mod plugin;
mod proxy;
mod route;

use std::path::PathBuf;
use std::sync::Arc;

use http::Uri;
use http::header::PROXY_AUTHORIZATION;
use kube::Config;
use kube::config::{AuthInfo, Cluster};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

pub(crate) use bearer::Bearer;
pub(crate) use failure::{Failure, said};
use identity::Identity;
use kubeconfig::{ContextSelection, SelectedContext, data_or_file};
pub use plugin::PluginError;
use proxy::Proxy;
pub(crate) use route::{CONNECT, Route};

use quorate_facts::Clock;

/// A variable of the environment; None where it is not set.
type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// What the command line says of the cluster, and what the process knows of its surroundings.
#[derive(Debug, Clone)]
pub struct Login {
    /// The one file to read, instead of those of `KUBECONFIG` or `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// Names in the kubeconfig, each in place of the one that it would lead to.
    pub context: Option<String>,
    pub cluster: Option<String>,
    pub user: Option<String>,
    /// Whom to act as.
    pub impersonate: Option<String>,
    pub impersonate_groups: Vec<String>,
    pub environment: fn(&str) -> Option<String>,
    pub clock: Clock,
    /// Whether standard input is a terminal: whether a plugin may ask somebody.
    pub terminal: bool,
}

/// Why nothing can be asked, before anything was.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error("kubeconfig `{}` cannot be read: {why}; {remedy}", file.display())]
    Unreadable { file: PathBuf, why: String, remedy: &'static str },
    #[error(
        "no cluster in kubeconfig {files}, and no service account of a pod: set KUBECONFIG, give --kubeconfig, or write ~/.kube/config"
    )]
    Nothing {
        files: String,
        #[source]
        source: Box<kube::config::InClusterError>,
    },
    #[error("kubeconfig {files} has no current-context; name one with --context: {known}")]
    NoCurrentContext { files: String, known: String },
    #[error("context `{name}` is not in kubeconfig {files}; there: {known}")]
    NoContext { files: String, name: String, known: String },
    #[error("cluster `{name}` is not in kubeconfig {files}; there: {known}")]
    NoCluster { files: String, name: String, known: String },
    #[error("user `{name}` is not in kubeconfig {files}; there: {known}")]
    NoUser { files: String, name: String, known: String },
    #[error("server `{server}` of cluster `{cluster}` is no URL; `https://HOST[:PORT][/PATH]` is expected")]
    NoServer { cluster: String, server: String },
    #[error("{what} in the kubeconfig is not base64")]
    NotBase64 { what: &'static str },
    #[error("{what} `{}`, which the kubeconfig names, cannot be read", file.display())]
    NoFile {
        what: &'static str,
        file: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("certificate-authority of cluster `{cluster}` holds no certificate (PEM)")]
    NoAuthority { cluster: String },
    #[error("{origin} has the scheme `{scheme}`; http, https, socks5 and socks5h are known")]
    ProxyScheme { origin: String, scheme: String },
    #[error("{origin} is no URL of a proxy; `http://[USER:PASSWORD@]HOST:PORT` is expected")]
    ProxyUrl { origin: String },
    #[error("a token holds what no header can carry")]
    Token,
    #[error(transparent)]
    Plugin(#[from] PluginError),
    #[error("an exec plugin could not be waited for")]
    Stopped,
    #[error("credentials or certificates of the kubeconfig cannot be used: {}", failure::said(.0))]
    Unusable(Box<kube::Error>),
    #[error("tls-server-name `{0}` is neither a DNS name nor an address")]
    ServerName(String),
}

/// An API server, and all that it takes to ask it.
pub(crate) struct ApiServerTarget {
    /// Without a proxy, and without what `bearer` brings.
    config: Config,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) bearer: Option<Arc<Bearer>>,
    /// Of the pod; a kubeconfig's is its user's.
    pub(crate) home: Option<String>,
    pub(crate) description: TargetDescription,
}

/// What messages say of it.
#[derive(Debug, Clone)]
pub(crate) struct TargetDescription {
    server: Uri,
    /// Empty for that of a pod.
    cluster: String,
    proxy: Option<Proxy>,
    identity: Identity,
    clock: Clock,
}

impl ApiServerTarget {
    /// With what the proxy wants of each request.
    pub(crate) fn config(&self) -> Config {
        let mut config = self.config.clone();
        let forwards = self.proxy.as_ref().filter(|proxy| route::is_forwarded(&config.cluster_url, proxy));
        if let Some(basic) = forwards.and_then(Proxy::basic) {
            config.headers.push((PROXY_AUTHORIZATION, basic.clone()));
        }
        config
    }
}

impl Login {
    /// Reads files, and runs an exec plugin; asks the API server nothing.
    pub(crate) async fn find(&self) -> Result<ApiServerTarget, LoginError> {
        let environment: Environment = &self.environment;
        match kubeconfig::select(self, environment)? {
            ContextSelection::Cluster(selected) => self.of_kubeconfig(*selected).await,
            ContextSelection::Nothing { files } => self.of_pod(files),
        }
    }

    /// What the cluster itself gives its pods is never behind a proxy.
    fn of_pod(&self, files: String) -> Result<ApiServerTarget, LoginError> {
        let mut config = Config::incluster().map_err(|error| LoginError::Nothing { files, source: Box::new(error) })?;
        self.impersonate(&mut config.auth_info);
        let bearer = config.auth_info.token_file.take().map(|file| Arc::new(Bearer::of_file(file.into())));
        let description = TargetDescription {
            server: config.cluster_url.clone(),
            cluster: String::new(),
            proxy: None,
            identity: Identity::Pod,
            clock: self.clock,
        };
        Ok(ApiServerTarget { home: Some(config.default_namespace.clone()), config, proxy: None, bearer, description })
    }

    async fn of_kubeconfig(&self, selected: SelectedContext) -> Result<ApiServerTarget, LoginError> {
        let SelectedContext { cluster_name, cluster, user_name, mut user, namespace } = selected;
        let mut config = config_of(&cluster_name, &cluster, &user)?;
        let proxy = match &cluster.proxy_url {
            Some(url) => Some(Proxy::of_cluster(&cluster_name, url)?),
            None => Proxy::of_environment(&self.environment, &config.cluster_url)?,
        };
        self.impersonate(&mut user);
        let identity = Identity::of(&user_name, &user)?;
        let bearer = Bearer::of_user(self, &cluster, &user_name, &mut user).await?;
        config.auth_info = user;
        config.default_namespace = namespace.unwrap_or_else(|| "default".to_owned());
        let description = TargetDescription {
            server: config.cluster_url.clone(),
            cluster: cluster_name,
            proxy: proxy.clone(),
            identity,
            clock: self.clock,
        };
        Ok(ApiServerTarget { config, proxy, bearer: bearer.map(Arc::new), home: None, description })
    }

    fn impersonate(&self, user: &mut AuthInfo) {
        if self.impersonate.is_some() {
            user.impersonate.clone_from(&self.impersonate);
            user.impersonate_groups = Some(self.impersonate_groups.clone());
        }
    }
}

fn config_of(name: &str, cluster: &Cluster, user: &AuthInfo) -> Result<Config, LoginError> {
    let mut config = Config::new(server(name, cluster, user)?);
    let (data, file) = (cluster.certificate_authority_data.as_deref(), cluster.certificate_authority.as_deref());
    if let Some(pem) = data_or_file("certificate-authority", data, file)? {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let certificates = certificates.ok().filter(|found| !found.is_empty());
        let certificates = certificates.ok_or_else(|| LoginError::NoAuthority { cluster: name.to_owned() })?;
        config.root_cert = Some(certificates.iter().map(|certificate| certificate.to_vec()).collect());
    }
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or_default();
    config.tls_server_name.clone_from(&cluster.tls_server_name);
    Ok(config)
}

/// Without a scheme it is HTTPS where anything of TLS is given, else HTTP, as for kubectl.
fn server(name: &str, cluster: &Cluster, user: &AuthInfo) -> Result<Uri, LoginError> {
    let text = cluster.server.clone().unwrap_or_default();
    // A password may stand before an `@`.
    let shown = text.rsplit_once('@').map_or_else(|| text.clone(), |(_, rest)| format!("…@{rest}"));
    let refused = || LoginError::NoServer { cluster: name.to_owned(), server: shown.clone() };
    let speaks_tls = cluster.certificate_authority.is_some()
        || cluster.certificate_authority_data.is_some()
        || cluster.insecure_skip_tls_verify == Some(true)
        || user.client_certificate.is_some()
        || user.client_certificate_data.is_some();
    let whole = match text.contains("://") {
        true => text.clone(),
        false if speaks_tls => format!("https://{text}"),
        false => format!("http://{text}"),
    };
    let uri: Uri = whole.parse().map_err(|_| refused())?;
    let is_http = uri.scheme_str().is_some_and(|scheme| scheme == "https" || scheme == "http");
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if is_http && !has_user && uri.host().is_some_and(|host| !host.is_empty()) { Ok(uri) } else { Err(refused()) }
}
