//! The connection to the API server: straight, or through a proxy as kubectl goes through it. A tunnel (CONNECT) for HTTPS, whole URLs for
//! plain HTTP, SOCKS 5 for both, with names looked up by the proxy. TLS to the API server itself comes on top, and is not made here.

use std::future::Ready;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::{BoxError, Service};

use super::proxy::Proxy;

/// A connection that takes longer is given up.
pub(crate) const CONNECT: Duration = Duration::from_secs(3);
/// A proxy that has not led on within this time is given up: it connects to the API server meanwhile, and may look up its name.
pub(super) const PROXY_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens connections.
#[derive(Clone)]
pub(crate) struct Route {
    tcp: HttpConnector,
    behind: Option<ProxyRoute>,
}

#[derive(Clone)]
struct ProxyRoute {
    proxy: Proxy,
    /// To the proxy itself, which may speak TLS.
    leg: HttpsConnector<HttpConnector>,
}

/// A proxy does not lead there.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProxyFailure {
    #[error("the proxy cannot be reached")]
    Unreached(#[source] BoxError),
    #[error("the proxy lets nobody through to the API server")]
    Refused(#[source] BoxError),
    #[error("the proxy says nothing")]
    Silent,
}

impl Route {
    pub(crate) fn direct(tcp: HttpConnector) -> Self {
        Self { tcp, behind: None }
    }

    /// `tls` is for a proxy that speaks it.
    pub(crate) fn through(proxy: Proxy, tcp: HttpConnector, tls: rustls::ClientConfig) -> Self {
        let leg = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        Self { tcp: tcp.clone(), behind: Some(ProxyRoute { proxy, leg: leg.wrap_connector(tcp) }) }
    }
}

/// Whether such a server is asked with whole URLs, through that proxy.
pub(super) fn is_forwarded(server: &Uri, proxy: &Proxy) -> bool {
    server.scheme_str() == Some("http") && !proxy.is_socks()
}

impl Service<Uri> for Route {
    type Response = Link;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Link, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // As both connectors below: they are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        match self.behind.clone() {
            Some(behind) => Box::pin(async {
                let link = timeout(PROXY_TIMEOUT, behind.connect(server)).await;
                link.unwrap_or_else(|_| Err(ProxyFailure::Silent.into()))
            }),
            None => {
                let connecting = self.tcp.call(server);
                Box::pin(async { Ok(Link { stream: connecting.await?.into(), forwarded: false }) })
            }
        }
    }
}

impl ProxyRoute {
    async fn connect(mut self, server: Uri) -> Result<Link, BoxError> {
        let uri = self.proxy.uri().clone();
        let stream = self.leg.call(uri.clone()).await.map_err(ProxyFailure::Unreached)?;
        let forwarded = is_forwarded(&server, &self.proxy);
        let link = Link { stream, forwarded };
        if forwarded {
            return Ok(link);
        }
        let open = OpenedLink(Some(link));
        let link = if self.proxy.is_socks() {
            let socks = SocksV5::new(uri, open);
            let mut socks = match self.proxy.socks() {
                Some((user, password)) => socks.with_auth(user.to_owned(), password.to_owned()),
                None => socks,
            };
            socks.call(with_port(server)).await.map_err(BoxError::from)
        } else {
            let tunnel = Tunnel::new(uri, open);
            let mut tunnel = match self.proxy.basic() {
                Some(basic) => tunnel.with_auth(basic.clone()),
                None => tunnel,
            };
            tunnel.call(server).await.map_err(BoxError::from)
        };
        Ok(link.map_err(ProxyFailure::Refused)?)
    }
}

/// `SocksV5` takes 443 for the port of every scheme.
fn with_port(server: Uri) -> Uri {
    let host = server.host().filter(|_| server.port().is_none() && server.scheme_str() == Some("http"));
    let authority = host.and_then(|host| format!("{host}:80").parse().ok());
    let Some(authority) = authority else { return server };
    let mut parts = server.clone().into_parts();
    parts.authority = Some(authority);
    Uri::from_parts(parts).unwrap_or(server)
}

/// The connector for a handshake over a connection that is open already.
struct OpenedLink(Option<Link>);

impl Service<Uri> for OpenedLink {
    type Response = Link;
    type Error = std::io::Error;
    type Future = Ready<Result<Link, std::io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        std::future::ready(self.0.take().ok_or_else(|| std::io::ErrorKind::NotConnected.into()))
    }
}

/// An open connection.
pub(crate) struct Link {
    stream: MaybeHttpsStream<TokioIo<TcpStream>>,
    /// Whether the proxy wants whole URLs.
    forwarded: bool,
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.forwarded)
    }
}

impl Read for Link {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl Write for Link {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}
