//! Which CAs signed what the replicas serve right now: asks each ready endpoint of the Service for its certificate.
//! Trusts nothing it is shown; it only reads.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::ListParams;
use kube::{Api, Client, Error};
use quorate_certs::AuthorityId;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tracing::debug;

/// A replica answers within milliseconds; one that does not is unknown.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// The Service's endpoints that may be called now. One that stops still serves what is under way, and what caches send it.
pub(crate) async fn addresses(client: Client, namespace: &str, service: &str) -> Result<Vec<SocketAddr>, Error> {
    let slices: Api<EndpointSlice> = Api::namespaced(client, namespace);
    let of_service = ListParams::default().labels(&format!("kubernetes.io/service-name={service}"));
    Ok(slices.list(&of_service).await?.items.iter().flat_map(callable).collect())
}

fn callable(slice: &EndpointSlice) -> Vec<SocketAddr> {
    let ports = slice.ports.as_deref().unwrap_or_default();
    let named = ports.iter().find(|port| port.name.as_deref() == Some("https"));
    let port = named.or(ports.first()).and_then(|port| u16::try_from(port.port?).ok());
    let Some(port) = port else { return Vec::new() };
    let is_callable = |endpoint: &&k8s_openapi::api::discovery::v1::Endpoint| {
        endpoint.conditions.as_ref().is_none_or(|conditions| {
            // Absent means ready.
            conditions.ready.unwrap_or(true) || conditions.serving.unwrap_or(false)
        })
    };
    let endpoints = slice.endpoints.iter().flatten().filter(is_callable);
    let addresses = endpoints.flat_map(|endpoint| endpoint.addresses.iter());
    addresses.filter_map(|address| Some(SocketAddr::new(address.parse::<IpAddr>().ok()?, port))).collect()
}

/// The issuers of all their leaves; None if one could not be asked, or does not say who signed it.
pub(crate) async fn served(addresses: &[SocketAddr]) -> Option<BTreeSet<AuthorityId>> {
    let connector = connector().ok()?;
    let asked = join_all(addresses.iter().map(|address| issuer(&connector, *address))).await;
    asked.into_iter().collect()
}

async fn issuer(connector: &TlsConnector, address: SocketAddr) -> Option<AuthorityId> {
    let presented = match timeout(ANSWER_TIMEOUT, presented(connector, address)).await {
        Ok(Ok(presented)) => presented,
        Ok(Err(error)) => {
            debug!(%address, %error, "replica shows no certificate");
            None
        }
        Err(_) => {
            debug!(%address, "replica does not answer");
            None
        }
    };
    AuthorityId::issuer_of(&presented?)
}

async fn presented(connector: &TlsConnector, address: SocketAddr) -> std::io::Result<Option<CertificateDer<'static>>> {
    let stream = TcpStream::connect(address).await?;
    let stream = connector.connect(ServerName::from(address.ip()), stream).await?;
    let (_, connection) = stream.get_ref();
    Ok(connection.peer_certificates().and_then(|chain| chain.first()).map(|leaf| leaf.clone().into_owned()))
}

fn connector() -> Result<TlsConnector, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let looking = Arc::new(AcceptAnyServer(Arc::clone(&provider)));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(looking)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Accepts every certificate: nothing is sent, and the question is which one it is.
#[derive(Debug)]
struct AcceptAnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn asks_ready_endpoints_and_those_that_still_serve() {
        let slice: EndpointSlice = serde_json::from_value(json!({
            "metadata": {"name": "quorate-x"}, "addressType": "IPv4",
            "ports": [{"name": "metrics", "port": 8080}, {"name": "https", "port": 8443}],
            "endpoints": [
                {"addresses": ["10.0.0.1"], "conditions": {"ready": true}},
                {"addresses": ["10.0.0.2"], "conditions": {"ready": false, "serving": true, "terminating": true}},
                {"addresses": ["10.0.0.3"], "conditions": {"ready": false, "serving": false}},
                {"addresses": ["10.0.0.4"]},
                {"addresses": ["fd00::5"], "conditions": {}},
            ],
        }))
        .unwrap();
        let asked: Vec<String> = callable(&slice).iter().map(ToString::to_string).collect();
        assert_eq!(asked, ["10.0.0.1:8443", "10.0.0.2:8443", "10.0.0.4:8443", "[fd00::5]:8443"]);
    }

    #[tokio::test]
    async fn one_that_cannot_be_asked_makes_all_unknown() {
        assert_eq!(served(&[]).await, Some(BTreeSet::new()));
        // Port 1 of loopback: nobody listens.
        assert_eq!(served(&["127.0.0.1:1".parse().unwrap()]).await, None);
    }
}
