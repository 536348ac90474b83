//! What the configuration means for a server in a cluster: the connection, what is registered, the certificate that is kept there.
//! Runs nothing; `serve` does.

use std::sync::Arc;

use quorate_certs::rotation::RotationPlan;
use quorate_cluster::registration::Registration;
use quorate_cluster::{Cluster, ClusterConfig, Login, OwnCertificate, RegistrationContent};
use quorate_engine::PolicySet;
use quorate_webhook::{CertificateHandle, CertificateSource};

use crate::config::{ConfigFile, Resolved};
use crate::identity::identity;
use crate::load::registered;

/// A cluster to run beside the server.
pub(super) struct InCluster {
    pub(super) cluster: Cluster,
    pub(super) content: RegistrationContent,
    /// None where the certificate comes from files.
    pub(super) certificate: Option<OwnCertificate>,
    /// What that one is served by.
    pub(super) handle: Option<CertificateHandle>,
}

impl InCluster {
    /// None without the section `cluster`.
    pub(super) async fn connect(
        login: &Login,
        source: &ConfigFile,
        resolved: &Resolved,
        policies: &PolicySet,
    ) -> anyhow::Result<Option<Self>> {
        let Some(section) = &resolved.cluster else { return Ok(None) };
        let cluster = Cluster::connect(login, |home| section.within(home, identity(), &source.folder)).await?;
        let config = cluster.config();
        let content = content(source, config, policies);
        let plan = || RotationPlan {
            names: source.config.certificate.names.clone().unwrap_or_else(|| vec![host(config)]),
            lifetimes: source.config.certificate.lifetimes(),
            leader: config.identity.clone(),
        };
        let handle = issues_its_own(&resolved.certificate).then(CertificateHandle::new);
        let certificate = handle
            .clone()
            .map(|handle| OwnCertificate { plan: plan(), serve: Arc::new(move |certificate| handle.set(certificate)) });
        Ok(Some(Self { cluster, content, certificate, handle }))
    }
}

/// Whether the server makes its own certificate.
pub(super) fn issues_its_own(source: &CertificateSource) -> bool {
    match source {
        CertificateSource::Own { .. } | CertificateSource::Handle(_) => true,
        CertificateSource::Files { .. } => false,
    }
}

/// What this configuration registers with the API server.
pub(super) fn content(source: &ConfigFile, cluster: &ClusterConfig, policies: &PolicySet) -> RegistrationContent {
    let registration = Registration::in_cluster(&cluster.namespace, &cluster.service);
    RegistrationContent {
        registration: Registration { name: cluster.webhooks.clone(), ..registration },
        policies: registered(source, policies.policies()).into(),
    }
}

/// What the API server calls the server when it checks the certificate.
fn host(config: &ClusterConfig) -> String {
    format!("{}.{}.svc", config.service, config.namespace)
}
