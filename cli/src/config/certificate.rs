//! `certificate` of the configuration file: where the serving certificate comes from, and who may call.
//! Reads no file; a server does, at start and while it runs.

use std::path::Path;

use quorate_certs::rotation::Lifetimes;
use quorate_webhook::{CallerCheck, CertificateSource};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::Duration;

use super::ConfigFault;
use super::resolve::fault;

/// The serving certificate, and which callers are taken. Paths are relative to the configuration file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Certificate {
    /// `self`: issued by Quorate, and replaced in time. `files`: read from `certFile` and `keyFile`, again whenever they change.
    pub(crate) source: CertificateFrom,
    /// With `self`: DNS names and IP addresses it is good for; in a cluster `<service>.<namespace>.svc`. Absent: `localhost` and `127.0.0.1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(crate) names: Option<Vec<String>>,
    /// With `files`: the certificate chain, leaf first (`tls.crt` of a TLS Secret).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cert_file: Option<String>,
    /// With `files`: the private key (`tls.key` of a TLS Secret).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key_file: Option<String>,
    /// The CAs of callers' certificates, PEM: only callers that show a certificate of one of them are answered. Absent: everybody is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_ca_file: Option<String>,
    /// With `clientCaFile`: common or alternative names, one of which a caller's certificate must have. Absent: any name will do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(crate) client_names: Option<Vec<String>>,
    /// With `self`: how long certificates live. They are replaced after two thirds of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rotation: Option<Rotation>,
}

/// `self` or `files`.
// The variants carry no comments: documented ones become a `oneOf`, whose errors do not name the choices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum CertificateFrom {
    #[default]
    #[serde(rename = "self")]
    Own,
    #[serde(rename = "files")]
    Files,
}

/// How long certificates of Quorate's own live.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Rotation {
    /// Life of the CA, in a cluster; outside of one it lives as long as the process. The default is 365 days.
    #[schemars(range(min = 60, max = 315_360_000))]
    pub(crate) authority_seconds: u32,
    /// Life of the serving certificate. The default is 90 days.
    #[schemars(range(min = 30, max = 315_360_000))]
    pub(crate) leaf_seconds: u32,
    /// In a cluster: how long to wait until every API server knows a new CA, before a certificate of it is served.
    #[schemars(range(min = 1, max = 3_600))]
    pub(crate) propagation_seconds: u32,
}

impl Default for Rotation {
    fn default() -> Self {
        let Lifetimes { authority, leaf, propagation_delay } = Lifetimes::default();
        let seconds = |life: Duration| u32::try_from(life.whole_seconds()).unwrap_or(u32::MAX);
        Self {
            authority_seconds: seconds(authority),
            leaf_seconds: seconds(leaf),
            propagation_seconds: seconds(propagation_delay),
        }
    }
}

impl Certificate {
    /// How long what Quorate issues lives.
    pub(crate) fn lifetimes(&self) -> Lifetimes {
        let Rotation { authority_seconds, leaf_seconds, propagation_seconds } = self.rotation.unwrap_or_default();
        let seconds = |life: u32| Duration::seconds(life.into());
        Lifetimes {
            authority: seconds(authority_seconds),
            leaf: seconds(leaf_seconds),
            propagation_delay: seconds(propagation_seconds),
        }
    }

    /// All faults at once: keys that miss their partner or contradict the source.
    pub(super) fn resolve(
        &self,
        folder: &Path,
        faults: &mut Vec<ConfigFault>,
    ) -> (CertificateSource, Option<CallerCheck>) {
        let before = faults.len();
        if self.client_names.is_some() && self.client_ca_file.is_none() {
            faults.push(fault("certificate.clientNames", "found without `clientCaFile`, which says whose names count"));
        }
        let source = match self.source {
            CertificateFrom::Own => self.own(faults),
            CertificateFrom::Files => self.files(folder, faults),
        };
        let callers = self.client_ca_file.as_ref().filter(|_| faults.len() == before).map(|file| CallerCheck {
            authority: folder.join(file),
            names: self.client_names.clone().unwrap_or_default(),
        });
        (source, callers)
    }

    fn own(&self, faults: &mut Vec<ConfigFault>) -> CertificateSource {
        for (key, given) in [("certFile", &self.cert_file), ("keyFile", &self.key_file)] {
            if given.is_some() {
                faults.push(fault(
                    format!("certificate.{key}"),
                    "found with `source: self`, expected with `source: files`",
                ));
            }
        }
        let Rotation { authority_seconds, leaf_seconds, propagation_seconds } = self.rotation.unwrap_or_default();
        if leaf_seconds > authority_seconds {
            faults.push(fault(
                "certificate.rotation.leafSeconds",
                format!("found {leaf_seconds}, expected at most `authoritySeconds`, {authority_seconds}"),
            ));
        }
        // Of the last third of a CA's life, half is for failures to be noticed.
        if propagation_seconds.saturating_mul(10) > authority_seconds {
            faults.push(fault(
                "certificate.rotation.propagationSeconds",
                format!(
                    "found {propagation_seconds}, expected at most a tenth of `authoritySeconds`, {authority_seconds}"
                ),
            ));
        }
        let names = self.names.clone().unwrap_or_else(|| ["localhost", "127.0.0.1"].map(str::to_owned).to_vec());
        CertificateSource::Own { names, life: Duration::seconds(leaf_seconds.into()) }
    }

    fn files(&self, folder: &Path, faults: &mut Vec<ConfigFault>) -> CertificateSource {
        for (key, is_given) in [("names", self.names.is_some()), ("rotation", self.rotation.is_some())] {
            if is_given {
                faults.push(fault(
                    format!("certificate.{key}"),
                    "found with `source: files`, expected with `source: self`",
                ));
            }
        }
        let mut path = |key: &str, given: &Option<String>| {
            if given.is_none() {
                faults.push(fault(format!("certificate.{key}"), "missing, expected with `source: files`"));
            }
            folder.join(given.as_deref().unwrap_or_default())
        };
        CertificateSource::Files { chain: path("certFile", &self.cert_file), key: path("keyFile", &self.key_file) }
    }
}
