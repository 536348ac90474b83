//! TLS as the webhook speaks it: 1.3 and 1.2, HTTP/2 and HTTP/1.1, one provider.
//! Asks for a client certificate only where callers are checked: kube-apiserver sends none unless it is configured to.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig};

use crate::certificate::{CallerVerifier, CertificateHandle};

/// ALPN names, preferred first.
pub(crate) const HTTP_2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";

pub fn tls_config(
    certificate: CertificateHandle,
    callers: Option<Arc<CallerVerifier>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<ServerConfig>, Error> {
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13, &TLS12])?;
    let builder = match callers {
        Some(callers) => builder.with_client_cert_verifier(callers),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(certificate));
    config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1_1.to_vec()];
    Ok(Arc::new(config))
}
