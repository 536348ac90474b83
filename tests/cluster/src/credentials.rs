//! What makes the control plane's parts trust each other: an authority, a serving certificate, keys for service accounts, tokens.
//! All of it lives for one test run, in its folder; nothing here is a model for a cluster.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::{Value, json};

/// A user of the API server that has a token: who it is, and to which groups it belongs.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) name: &'static str,
    pub(crate) groups: &'static str,
    pub(crate) token: String,
}

#[derive(Debug)]
pub(crate) struct Credentials {
    folder: PathBuf,
    authority: String,
    pub(crate) admin: User,
    pub(crate) controllers: User,
}

impl Credentials {
    /// Writes everything into the folder.
    pub(crate) fn write(folder: &Path) -> Self {
        let authority_key = key();
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        parameters.distinguished_name.push(DnType::CommonName, "control plane of a test");
        let authority = parameters.self_signed(&authority_key).expect("an authority").pem();
        let issuer = Issuer::new(parameters, authority_key);

        let names = ["127.0.0.1", "localhost", "kubernetes.default.svc"].map(str::to_owned);
        let serving_key = key();
        let serving = CertificateParams::new(names).and_then(|names| names.signed_by(&serving_key, &issuer));
        let accounts = key();
        let credentials = Self {
            folder: folder.to_owned(),
            authority,
            admin: User { name: "admin", groups: "system:masters", token: token() },
            controllers: User { name: "system:kube-controller-manager", groups: "", token: token() },
        };
        credentials.file("ca.crt", &credentials.authority);
        credentials.file("serving.crt", &serving.expect("a serving certificate").pem());
        credentials.file("serving.key", &serving_key.serialize_pem());
        credentials.file("accounts.key", &accounts.serialize_pem());
        credentials.file("accounts.pub", &accounts.public_key_pem());
        let users = [&credentials.admin, &credentials.controllers];
        let lines = users.map(|user| format!("{},{},{},\"{}\"\n", user.token, user.name, user.name, user.groups));
        credentials.file("tokens.csv", &lines.concat());
        credentials
    }

    /// Where a file of this name stands.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The authority of the API server's certificate, as PEM.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// Writes `<name>.kubeconfig` for the bearer of this token.
    pub(crate) fn kubeconfig(&self, name: &str, url: &str, token: &str) -> PathBuf {
        let file = format!("{name}.kubeconfig");
        self.file(&file, &self.kubeconfig_value(url, token).to_string());
        self.path(&file)
    }

    fn kubeconfig_value(&self, url: &str, token: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{ "name": "test", "cluster": { "server": url, "certificate-authority": self.path("ca.crt") } }],
            "users": [{ "name": "test", "user": { "token": token } }],
            "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
        })
    }

    /// Writes a file of the configuration, for its owner's eyes: the folder is nobody else's.
    pub(crate) fn file(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

/// Unguessable: the end of a fresh public key that nobody else sees.
fn token() -> String {
    let der = key().public_key_raw().to_vec();
    der.iter().rev().take(24).map(|byte| format!("{byte:02x}")).collect()
}
