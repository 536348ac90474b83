//! `quorate doctor`: what keeps the guard from holding in a cluster, found from outside of the server.
//! Changes nothing: it reads, and asks for one dry run.
//!
//! `look` fetches; every check is a pure function of what was seen, one file a topic.

mod budgets;
mod certificate;
mod drift;
mod look;
mod others;
mod reach;
mod scope;
mod selector;
mod slots;

use serde::Serialize;
use time::OffsetDateTime;

use crate::cluster::{Cluster, Content, Uses};
use look::Seen;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    pub topic: Topic,
    pub level: Level,
    pub message: String,
    /// Empty where nothing is to be done.
    pub remedy: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    Reachability,
    Certificate,
    Rights,
    Scope,
    OtherWebhooks,
    Drift,
    Reservations,
    DisruptionBudgets,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Fine,
    /// Works, and might not for ever.
    Warning,
    /// It could not be looked at.
    Unknown,
    Problem,
}

/// What the installation should be.
#[derive(Clone)]
pub struct Expected {
    /// The namespace for the dry run; one that is guarded.
    pub namespace: String,
    /// The ServiceAccount of the server.
    pub service_account: String,
    /// Whether the server makes its own certificate.
    pub own_certificate: bool,
    /// What this version and configuration would register.
    pub content: Content,
}

/// Looks at everything. Where the API server does not answer at all, the one check says so.
pub async fn examine(cluster: &Cluster, expected: &Expected, now: OffsetDateTime) -> Vec<Check> {
    let (client, config) = (cluster.client(), cluster.config());
    let version = match client.apiserver_version().await {
        Ok(version) => version.git_version,
        Err(error) => {
            let message = format!("API server does not answer: {error}");
            return vec![Check::unknown(Topic::Reachability, message).remedy("check the kubeconfig")];
        }
    };
    let seen = Seen::look(client, config, expected).await;
    let mut checks = vec![Check::fine(Topic::Reachability, format!("API server {version} answers"))];
    checks.extend(reach::checks(&seen, config, expected));
    checks.extend(certificate::checks(&seen, config, expected, now));
    let uses = Uses { own_certificate: expected.own_certificate, own_mutation: expected.content.keeps_mutating() };
    checks.extend(look::rights(client, config, expected, uses).await);
    checks.extend(scope::checks(&seen));
    checks.extend(others::checks(&seen, config));
    checks.extend(drift::checks(&seen, config, expected));
    checks.extend(slots::checks(&seen, config));
    checks.extend(budgets::checks(&seen));
    checks
}

impl Check {
    fn new(topic: Topic, level: Level, message: impl Into<String>) -> Self {
        Self { topic, level, message: message.into(), remedy: String::new() }
    }

    fn fine(topic: Topic, message: impl Into<String>) -> Self {
        Self::new(topic, Level::Fine, message)
    }

    fn warning(topic: Topic, message: impl Into<String>) -> Self {
        Self::new(topic, Level::Warning, message)
    }

    fn unknown(topic: Topic, message: impl Into<String>) -> Self {
        Self::new(topic, Level::Unknown, message)
    }

    fn problem(topic: Topic, message: impl Into<String>) -> Self {
        Self::new(topic, Level::Problem, message)
    }

    fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: remedy.into(), ..self }
    }
}
