//! Callers that are checked: an API server that shows its client certificate is served, one that shows none is not, and is told.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use quorate_cluster_tests::{ControlPlane, NAME, Quorate, SYSTEM, eventually, manifests};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};

const SHRINK: &str = "scale statefulset/rqlite --replicas=1 --dry-run=server";
const CALLER: &str = "kube-apiserver";

/// The files of a client certificate, and an AdmissionConfiguration by which an API server shows it to Quorate.
struct Caller {
    authority: PathBuf,
    admission: PathBuf,
}

impl Caller {
    fn write(folder: &Path) -> Self {
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let mut caller = CertificateParams::new(Vec::new()).unwrap();
        caller.distinguished_name = DistinguishedName::new();
        caller.distinguished_name.push(DnType::CommonName, CALLER);
        caller.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = write("caller.crt", &caller.signed_by(&key, &authority).unwrap().pem());
        let key = write("caller.key", &key.serialize_pem());
        let user = format!(
            "{{name: {NAME}.{SYSTEM}.svc, user: {{client-certificate: {}, client-key: {}}}}}",
            certificate.display(),
            key.display()
        );
        let kubeconfig = write("webhooks.kubeconfig", &format!("apiVersion: v1\nkind: Config\nusers: [{user}]\n"));
        let plugin = |name: &str| {
            format!(
                "- name: {name}\n  configuration: {{apiVersion: apiserver.config.k8s.io/v1, kind: WebhookAdmissionConfiguration, kubeConfigFile: {}}}\n",
                kubeconfig.display()
            )
        };
        let plugins = ["ValidatingAdmissionWebhook", "MutatingAdmissionWebhook"].map(plugin).concat();
        let admission =
            format!("apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n{plugins}");
        Self { authority: write("callers.crt", &authority.pem()), admission: write("admission.yaml", &admission) }
    }

    /// Served only with a certificate of this authority and that name.
    fn checked<'a>(&self, plane: &'a ControlPlane) -> Quorate<'a> {
        let check = format!("source: self\n  clientCaFile: {}\n  clientNames: [{CALLER}]", self.authority.display());
        Quorate::installer(plane).configure("source: self", &check).install()
    }
}

#[test]
fn an_api_server_that_shows_its_certificate_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let caller = Caller::write(folder.path());
    let argument = format!("--admission-control-config-file={}", caller.admission.display());
    let plane = ControlPlane::builder("caller").api_server_argument(&argument).start();
    let quorate = caller.checked(&plane);
    let namespace = plane.namespace("shown");
    namespace.apply(&manifests::rqlite("rqlite", 3)).ok();
    namespace.await_ready("rqlite", 3);
    let refusal = namespace.kubectl().line(SHRINK).refused();
    assert!(refusal.contains("leaves 1 of 3 voters"), "{refusal}");
    drop(quorate);
}

#[test]
fn an_api_server_that_shows_none_is_told_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let caller = Caller::write(folder.path());
    let plane = ControlPlane::start("no-caller");
    let quorate = caller.checked(&plane);
    let namespace = plane.namespace("not_shown");
    // It may have written its request before it reads why nobody listens.
    eventually("the API server to be told", || {
        let refusal = namespace.apply(&manifests::rqlite_set("rqlite", 3)).refused();
        assert!(refusal.contains("failed calling webhook"), "{refusal}");
        if refusal.contains("certificate required") { Ok(()) } else { Err(refusal) }
    });
    eventually("the refused caller to be counted", || {
        let refused = |replica: &quorate_cluster_tests::Replica| {
            replica.metric("quorate_refused_callers_total{reason=\"no-certificate\"}").unwrap_or_default()
        };
        let count: f64 = quorate.replicas().iter().map(refused).sum();
        if count > 0.0 { Ok(()) } else { Err("0") }
    });
}
