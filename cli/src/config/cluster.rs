//! The section `cluster` of the configuration: that there is one, the names of our objects in it, and how rqlite's nodes are asked.
//! Connects to nothing.

use std::path::Path;

use quorate_cluster::{ClusterConfig, RqliteAccess};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The namespace that the installation is documented with.
const HOME: &str = "quorate-system";

/// The cluster that the server guards: it learns from it which sets there are, and keeps its webhook configurations right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Cluster {
    /// The server's own namespace. Absent: that of its pod; outside of the cluster `quorate-system`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    /// Name of the Service through which the API server calls.
    pub(crate) service: String,
    /// Name of the ValidatingWebhookConfiguration and of the MutatingWebhookConfiguration.
    pub(crate) webhooks: String,
    /// Name of the Secret with the certificate that the server makes for itself.
    pub(crate) secret: String,
    /// Name of the Lease that the writing replica holds.
    pub(crate) lease: String,
    /// Name of the ConfigMaps in which replicas tell each other which pods an admission takes away, up to the number behind it: `-0` to `-15`.
    pub(crate) reservations: String,
    /// How the nodes of rqlite sets are asked for their membership. The first entry that fits a set is taken; without one they are asked over plain HTTP, as nobody.
    pub(crate) access: Vec<Access>,
}

/// How the nodes of some rqlite sets are asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Access {
    /// Namespace of the sets. Absent: every namespace; whoever may run a pod in one of them is then shown the credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    /// Name of the StatefulSet. Absent: every set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) set: Option<String>,
    /// A folder, relative to the configuration file, with the keys of a mounted Secret: `username` and `password` of a user who has the permission `status`, `ca.crt` for HTTPS, `tls.crt` and `tls.key` for nodes with `-http-verify-client`. Each may be absent.
    pub(crate) folder: String,
    /// The name that the nodes' certificates hold. Absent: the pod's address, which is rarely in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) server_name: Option<String>,
}

impl Default for Cluster {
    fn default() -> Self {
        let ClusterConfig { service, webhooks, secret, lease, reservations, .. } = ClusterConfig::in_namespace("");
        Self { namespace: None, service, webhooks, secret, lease, reservations, access: Vec::new() }
    }
}

impl Cluster {
    /// `home` is the namespace of the pod, where there is one, `identity` the pod's name, `folder` that of the configuration file.
    pub(crate) fn within(&self, home: Option<&str>, identity: String, folder: &Path) -> ClusterConfig {
        let Self { namespace, service, webhooks, secret, lease, reservations, access } = self.clone();
        ClusterConfig {
            namespace: namespace.unwrap_or_else(|| home.unwrap_or(HOME).to_owned()),
            service,
            webhooks,
            secret,
            lease,
            reservations,
            identity,
            access: access.into_iter().map(|access| access.within(folder)).collect(),
        }
    }
}

impl Access {
    fn within(self, folder: &Path) -> RqliteAccess {
        let Self { namespace, set, folder: own, server_name } = self;
        RqliteAccess { namespace, set, folder: folder.join(own), server_name }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Access, Cluster};

    #[test]
    fn stands_in_its_own_namespace_unless_told_otherwise() {
        let here = Cluster::default().within(Some("guard"), "quorate-1".to_owned(), Path::new("/etc"));
        assert_eq!((here.namespace.as_str(), here.service.as_str()), ("guard", "quorate"));
        assert_eq!(Cluster::default().within(None, String::new(), Path::new("/etc")).namespace, "quorate-system");
        let elsewhere = Cluster { namespace: Some("guard".to_owned()), ..Cluster::default() };
        assert_eq!(elsewhere.within(Some("quorate-system"), String::new(), Path::new("/etc")).namespace, "guard");
    }

    #[test]
    fn a_folder_of_credentials_stands_beside_the_configuration() {
        let access = vec![Access { folder: "rqlite/db".to_owned(), ..Access::default() }];
        let config = Cluster { access, ..Cluster::default() }.within(None, String::new(), Path::new("/etc/quorate"));
        assert_eq!(config.access[0].folder, Path::new("/etc/quorate/rqlite/db"));
    }
}
