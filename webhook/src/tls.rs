//! TLS as the webhook speaks it: 1.3 and 1.2, HTTP/2 and HTTP/1.1, one provider.
//! Asks for no client certificate: kube-apiserver sends none unless it is configured to.

use std::sync::Arc;

use quorate_certs::ServingCertificate;
use rustls::crypto::CryptoProvider;
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig};

/// ALPN names, preferred first.
pub(crate) const HTTP_2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";

pub fn tls_config(certificate: &ServingCertificate, provider: Arc<CryptoProvider>) -> Result<Arc<ServerConfig>, Error> {
    let key = Arc::new(SingleCertAndKey::from(certificate.key()));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(key);
    config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1_1.to_vec()];
    Ok(Arc::new(config))
}
