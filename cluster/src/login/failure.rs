//! What a person is told when the API server cannot be asked: what failed, where, what to do.

use std::error::Error as StdError;

use http::Uri;
use hyper_util::client::legacy;
use kube::Error;
use tokio::time::error::Elapsed;
use tower::BoxError;

use super::TargetDescription;
use super::proxy::Proxy;
use super::route::{CONNECT, PROXY_TIMEOUT, ProxyFailure};

/// Nothing was answered, or it is not known who asks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {remedy}")]
pub(crate) struct Failure {
    pub(crate) what: String,
    pub(crate) remedy: String,
}

/// An error of the client in words, without the names that kube gives its own.
#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum; all that is nobody's words is shown alike")]
pub(crate) fn said(error: &Error) -> String {
    match error {
        Error::Api(status) if status.message.is_empty() => format!("{} {}", status.code, status.reason),
        Error::Api(status) => status.message.clone(),
        Error::Service(inner) => inner.to_string(),
        other => other.to_string(),
    }
}

impl Failure {
    /// What an error of the client has to say beyond its text.
    pub(crate) fn of(error: &Error) -> Option<&Self> {
        find(error)
    }
}

impl TargetDescription {
    /// An error of the connection in our words; any other as it is.
    pub(crate) fn unreached(&self, error: BoxError) -> BoxError {
        if !find::<legacy::Error>(error.as_ref()).is_some_and(legacy::Error::is_connect) {
            return error;
        }
        let failure = match (find::<ProxyFailure>(error.as_ref()), &self.proxy) {
            (Some(ProxyFailure::Unreached(cause)), Some(proxy)) => self.no_proxy(proxy, cause.as_ref()),
            (Some(ProxyFailure::Refused(cause)), Some(proxy)) => self.not_through(proxy, cause.as_ref()),
            (Some(ProxyFailure::Silent), Some(proxy)) => self.silent(proxy),
            (Some(_) | None, _) => self.no_server(error.as_ref()),
        };
        Box::new(failure)
    }

    /// The API server's 401.
    pub(crate) fn unauthorized(&self) -> BoxError {
        Box::new(self.identity.refused(&self.server, (self.clock)()))
    }

    /// What stands between, behind the words "the API server".
    pub(crate) fn way(&self) -> String {
        self.proxy.as_ref().map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"))
    }

    fn no_proxy(&self, proxy: &Proxy, cause: &(dyn StdError + 'static)) -> Failure {
        let why = match find::<rustls::Error>(cause) {
            Some(error) => format!("whose certificate is not trusted: {error}"),
            None => format!("which cannot be reached: {}", deepest(cause)),
        };
        let what = format!("API server {} is asked through the proxy {proxy}, {why}", self.server);
        Failure { what, remedy: format!("correct {}{}", proxy.origin(), self.around(proxy)) }
    }

    fn not_through(&self, proxy: &Proxy, cause: &(dyn StdError + 'static)) -> Failure {
        let text = deepest(cause);
        // Their types are not public.
        let wants_login = text.contains("proxy authorization required") || text.contains("credentials not accepted");
        let has_login = proxy.basic().is_some() || proxy.socks().is_some();
        if wants_login || text.contains("authentication") {
            let why = if has_login { "does not accept its user and password" } else { "wants a user and a password" };
            let scheme = proxy.scheme();
            let remedy = format!("correct {}: `{scheme}://USER:PASSWORD@HOST:PORT`", proxy.origin());
            return Failure { what: format!("the proxy {proxy} {why}"), remedy };
        }
        let what = format!("the proxy {proxy} lets nobody through to API server {}: {text}", self.server);
        Failure { what, remedy: format!("let it connect to {}{}", place(&self.server), self.around(proxy)) }
    }

    fn silent(&self, proxy: &Proxy) -> Failure {
        let (server, limit) = (&self.server, PROXY_TIMEOUT.as_secs());
        let what =
            format!("the proxy {proxy} gives no answer within {limit} s when it is asked for API server {server}");
        let remedy = format!("see that it runs and reaches {}, or correct {}", place(server), proxy.origin());
        Failure { what, remedy: format!("{remedy}{}", self.around(proxy)) }
    }

    /// Only a proxy of the environment can be gone around.
    fn around(&self, proxy: &Proxy) -> String {
        let host = self.server.host().unwrap_or_default();
        match proxy.origin().starts_with("proxy-url") {
            true => String::new(),
            false => format!(", or name {host} in NO_PROXY where no proxy is needed"),
        }
    }

    fn no_server(&self, error: &(dyn StdError + 'static)) -> Failure {
        let server = &self.server;
        if let Some(rustls::Error::InvalidCertificate(why)) = find(error) {
            let what = format!("certificate of API server {server} is not trusted: {why}");
            return Failure { what, remedy: self.trusting(why) };
        }
        let text = deepest(error);
        let what = match find_text(error, "dns error") {
            true => format!("name of API server {server} is not known: {text}"),
            false => format!("API server {server} cannot be reached: {text}"),
        };
        let remedy = match self.cluster.as_str() {
            "" => "check the network of the pod".to_owned(),
            cluster => {
                format!("check `server` of cluster `{cluster}` in the kubeconfig, and the way there (VPN, HTTPS_PROXY)")
            }
        };
        Failure { what, remedy }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum; what has no remedy of its own shares one")]
    fn trusting(&self, why: &rustls::CertificateError) -> String {
        use rustls::CertificateError as Why;
        let cluster = &self.cluster;
        match why {
            Why::NotValidForName | Why::NotValidForNameContext { .. } => {
                format!(
                    "correct `server` of cluster `{cluster}`, or set its `tls-server-name` to a name that it is for"
                )
            }
            Why::Expired | Why::ExpiredContext { .. } => "renew the API server's certificate".to_owned(),
            Why::NotValidYet | Why::NotValidYetContext { .. } => "check the clock of this machine".to_owned(),
            _ => format!(
                "check `certificate-authority` of cluster `{cluster}`; a proxy that opens TLS shows a certificate of its own"
            ),
        }
    }
}

fn place(server: &Uri) -> String {
    let port = server.port_u16().unwrap_or(if server.scheme_str() == Some("http") { 80 } else { 443 });
    format!("{}:{port}", server.host().unwrap_or_default())
}

/// What lies behind an error; an `io::Error` leaves out what it wraps.
fn behind<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| error.source())
}

fn chain<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| behind(*error))
}

fn find<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn find_text(error: &(dyn StdError + 'static), text: &str) -> bool {
    chain(error).any(|error| error.to_string().starts_with(text))
}

fn deepest(error: &(dyn StdError + 'static)) -> String {
    if find::<Elapsed>(error).is_some() {
        return format!("no connection within {} s", CONNECT.as_secs());
    }
    chain(error).last().map_or_else(String::new, ToString::to_string)
}
