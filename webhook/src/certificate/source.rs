//! Where the certificate that is served comes from.
//! Reads and issues none.

use std::path::PathBuf;

use super::CertificateHandle;

#[derive(Debug, Clone)]
pub enum CertificateSource {
    /// PEM: the chain, the server's own certificate first, and its private key. Read again when they change.
    Files { chain: PathBuf, key: PathBuf },
    /// Issued at start and again in time, for these DNS names and IP addresses, by a CA that is lost with the process.
    Own { names: Vec<String>, life: time::Duration },
    /// Set from outside; until then nothing is served.
    Handle(CertificateHandle),
}
