//! An HTTPS client of one connection, for tests and benches: TLS version and HTTP version are chosen.
//! Asserts nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use hyper::client::conn::{http1, http2};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
}

/// What a client needs to know of a server.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    roots: Arc<RootCertStore>,
    own: Option<Arc<CertifiedKey>>,
}

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Target {
    /// Trusts exactly the certificates of this PEM text.
    pub fn new(address: SocketAddr, authority: &str) -> Result<Self, Failure> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
            roots.add(certificate?)?;
        }
        Ok(Self { address, roots: Arc::new(roots), own: None })
    }

    /// Shows this certificate when it is asked for one.
    #[allow(dead_code, reason = "the benches show none")]
    pub fn showing(self, own: Arc<CertifiedKey>) -> Self {
        Self { own: Some(own), ..self }
    }

    /// A connection after its TLS handshake, with nothing sent.
    pub async fn handshake(
        &self,
        alpn: &[&[u8]],
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<TlsStream<TcpStream>, Failure> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)?
            .with_root_certificates(Arc::clone(&self.roots));
        let mut config = match &self.own {
            Some(own) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(own)))),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::from(self.address.ip());
        Ok(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
    }

    pub async fn connect(&self, protocol: Protocol) -> Result<Client, Failure> {
        self.connect_with(protocol, rustls::ALL_VERSIONS).await
    }

    pub async fn connect_with(
        &self,
        protocol: Protocol,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<Client, Failure> {
        let alpn: &[u8] = match protocol {
            Protocol::Http1 => b"http/1.1",
            Protocol::Http2 => b"h2",
        };
        let stream = TokioIo::new(self.handshake(&[alpn], versions).await?);
        match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(stream).await?;
                tokio::spawn(connection);
                Ok(Client::Http1(sender))
            }
            Protocol::Http2 => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
                tokio::spawn(connection);
                Ok(Client::Http2(sender))
            }
        }
    }
}

/// One open connection.
pub enum Client {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Client {
    /// Sends JSON and waits for the whole answer.
    pub async fn post(&mut self, path: &str, body: impl Into<Body>) -> Result<(StatusCode, Bytes), Failure> {
        let request = Request::post(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.into())?;
        let response = match self {
            Self::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Self::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}
