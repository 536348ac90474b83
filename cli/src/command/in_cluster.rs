//! What the configuration means for a server in a cluster: the connection, what is registered, the certificate that is kept there.
//! Runs nothing; `serve` does.

use std::collections::BTreeSet;
use std::sync::Arc;

use quorate_certs::rotation::Plan;
use quorate_engine::PolicySet;
use quorate_webhook::cluster::{Cluster, ClusterConfig, Content, Login, OwnCertificate};
use quorate_webhook::registration::Registration;
use quorate_webhook::{CertificateHandle, CertificateSource};

use crate::config::{Resolved, Source};
use crate::identity::identity;

/// A cluster to run beside the server.
pub(super) struct InCluster {
    pub(super) cluster: Cluster,
    pub(super) content: Content,
    /// None where the certificate comes from files.
    pub(super) certificate: Option<OwnCertificate>,
}

impl InCluster {
    /// None without the section `cluster`.
    pub(super) async fn connect(
        login: &Login,
        source: &Source,
        resolved: &Resolved,
        policies: &Arc<PolicySet>,
    ) -> anyhow::Result<Option<Self>> {
        let Some(section) = &resolved.cluster else { return Ok(None) };
        let cluster = Cluster::connect(login, |home| section.within(home, identity(), &source.folder)).await?;
        let config = cluster.config();
        let content = content(source, config, Arc::clone(policies));
        let plan = || Plan {
            names: source.config.certificate.names.clone().unwrap_or_else(|| vec![host(config)]),
            lives: source.config.certificate.lives(),
            leader: config.identity.clone(),
        };
        let certificate = issues_its_own(&resolved.certificate)
            .then(|| OwnCertificate { plan: plan(), handle: CertificateHandle::new() });
        Ok(Some(Self { cluster, content, certificate }))
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
pub(super) fn content(source: &Source, cluster: &ClusterConfig, policies: Arc<PolicySet>) -> Content {
    let own_modules = source.config.policies.iter().filter(|(_, policy)| policy.module.is_some());
    let own_modules: BTreeSet<String> = own_modules.map(|(name, _)| name.clone()).collect();
    let registration = Registration::in_cluster(&cluster.namespace, &cluster.service);
    Content {
        registration: Registration { name: cluster.webhooks.clone(), ..registration },
        policies,
        built_in: Arc::new(move |name| !own_modules.contains(name)),
    }
}

/// What the API server calls the server when it checks the certificate.
fn host(config: &ClusterConfig) -> String {
    format!("{}.{}.svc", config.service, config.namespace)
}
