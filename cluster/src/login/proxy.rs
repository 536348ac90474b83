//! Which proxy stands before the API server: the kubeconfig's `proxy-url`, else the environment's, but for what `NO_PROXY` names.
//! As Go reads them (`golang.org/x/net/http/httpproxy`), and so kubectl. Connects to nothing.

use std::fmt;
use std::net::IpAddr;

use http::{HeaderValue, Uri, uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::{Environment, LoginError};

/// RFC 1928 names it.
const SOCKS_PORT: u16 = 1080;

/// A proxy, and who named it. Shown without its user and password.
#[derive(Clone)]
pub(crate) struct Proxy {
    /// `http`, `https`, `socks5` or `socks5h`.
    scheme: String,
    /// Where it is dialled: by TLS (`https`) or not (`http`), without user and password.
    uri: Uri,
    auth: Auth,
    /// `HTTPS_PROXY`, or where in the kubeconfig it stands.
    origin: String,
}

#[derive(Clone)]
enum Auth {
    None,
    Basic(HeaderValue),
    Socks(String, String),
}

impl Proxy {
    /// The `proxy-url` of a cluster of the kubeconfig: no `NO_PROXY` counts beside it.
    pub(super) fn of_cluster(cluster: &str, url: &str) -> Result<Self, LoginError> {
        Self::parse(url, format!("proxy-url of cluster `{cluster}`"))
    }

    /// What the environment says for this server. A server on this machine's loopback is never behind a proxy.
    pub(super) fn of_environment(environment: Environment, server: &Uri) -> Result<Option<Self>, LoginError> {
        let names = match server.scheme_str() {
            Some("https") => ["HTTPS_PROXY", "https_proxy"],
            _ => ["HTTP_PROXY", "http_proxy"],
        };
        let set = |name: &&str| environment(name).filter(|value| !value.is_empty());
        let Some((name, url)) = names.iter().find_map(|name| Some((*name, set(name)?))) else { return Ok(None) };
        let spared = ["NO_PROXY", "no_proxy"].iter().find_map(set).unwrap_or_default();
        if is_direct(server, &spared) {
            return Ok(None);
        }
        Self::parse(&url, name.to_owned()).map(Some)
    }

    fn parse(text: &str, origin: String) -> Result<Self, LoginError> {
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let scheme = whole.split("://").next().unwrap_or_default().to_ascii_lowercase();
        if !["http", "https", "socks5", "socks5h"].contains(&scheme.as_str()) {
            return Err(LoginError::ProxyScheme { origin, scheme });
        }
        let found = Matcher::builder().all(whole).build().intercept(&Uri::from_static("https://any"));
        let dialled = found.as_ref().and_then(|found| dialled(&scheme, found.uri()));
        let (Some(found), Some(uri)) = (found, dialled) else { return Err(LoginError::ProxyUrl { origin }) };
        Ok(Self { scheme, uri, auth: Auth::of(&found), origin })
    }

    pub(super) fn scheme(&self) -> &str {
        &self.scheme
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn is_socks(&self) -> bool {
        self.scheme.starts_with("socks")
    }

    /// For the header `Proxy-Authorization`.
    pub(super) fn basic(&self) -> Option<&HeaderValue> {
        match &self.auth {
            Auth::Basic(value) => Some(value),
            Auth::None | Auth::Socks(..) => None,
        }
    }

    /// User and password for SOCKS.
    pub(super) fn socks(&self) -> Option<(&str, &str)> {
        match &self.auth {
            Auth::Socks(user, password) => Some((user, password)),
            Auth::None | Auth::Basic(_) => None,
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.uri.authority().map_or("", uri::Authority::as_str);
        write!(f, "{}://{authority} ({})", self.scheme, self.origin)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Auth {
    fn of(found: &Intercept) -> Self {
        let basic = found.basic_auth().map(|value| {
            let mut value = value.clone();
            value.set_sensitive(true);
            Self::Basic(value)
        });
        let socks = || found.raw_auth().map(|(user, password)| Self::Socks(user.to_owned(), password.to_owned()));
        basic.or_else(socks).unwrap_or(Self::None)
    }
}

/// Connectors know neither the schemes of SOCKS nor its port.
fn dialled(scheme: &str, uri: &Uri) -> Option<Uri> {
    if !scheme.starts_with("socks") {
        return Some(uri.clone());
    }
    let (host, port) = (uri.host()?, uri.port_u16().unwrap_or(SOCKS_PORT));
    format!("http://{host}:{port}").parse().ok()
}

fn is_direct(server: &Uri, spared: &str) -> bool {
    let host = server.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let port = server.port_u16().unwrap_or(if server.scheme_str() == Some("http") { 80 } else { 443 });
    let is_loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    is_loopback || spared.split(',').any(|entry| spares(entry, &host, port))
}

/// Whether an entry of `NO_PROXY` is for that host and port: `*`, an address, a network, a name with what lies below it, `.name` or
/// `*.name` for what lies below it alone; all but networks may end in a port.
fn spares(entry: &str, host: &str, port: u16) -> bool {
    let entry = entry.trim().to_ascii_lowercase();
    let (name, own_port) = split_port(&entry);
    if own_port.is_some_and(|own| own.parse() != Ok(port)) {
        return false;
    }
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
    let is_above = name.strip_prefix('.').is_some_and(|name| name == host);
    if name.is_empty() || is_above {
        return false;
    }
    if name == "*" {
        return own_port.is_none();
    }
    let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let Ok(asked) = format!("https://{shown}").parse::<Uri>() else { return false };
    Matcher::builder().all("http://any").no(name).build().intercept(&asked).is_none()
}

/// As Go splits host and port: an IPv6 address with a port stands in brackets.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    if let Some((address, rest)) = entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, rest.strip_prefix(':'));
    }
    match entry.split_once(':') {
        Some((name, port)) if !port.contains(':') => (name, Some(port)),
        Some(_) | None => (entry, None),
    }
}

#[cfg(test)]
mod tests;
