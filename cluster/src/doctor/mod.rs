//! `quorate doctor`: what keeps Quorate from guarding a cluster, found from outside of the server.
//! Changes nothing: it reads, and asks for one dry run.
//!
//! `observations` fetches; every check is a pure function of what was seen, one file a topic.

mod budgets;
mod certificate;
mod drift;
mod installation;
mod observations;
mod others;
mod reach;
mod scope;
mod selector;
mod slots;
mod unreachable;

use kube::Client;
use serde::Serialize;
use time::OffsetDateTime;

use crate::login::{Failure, said};
use crate::{ClusterConfig, Login, LoginError, RegistrationContent, ServerUses, client};
use observations::Observations;

pub use installation::Installation;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoctorCheck {
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
    /// Where it stands, and its names.
    pub config: ClusterConfig,
    /// The namespace for the dry run; one that is guarded.
    pub namespace: String,
    /// The ServiceAccount of the server.
    pub service_account: String,
    /// Whether the server makes its own certificate.
    pub own_certificate: bool,
    /// What this version and configuration would register.
    pub content: RegistrationContent,
}

/// Looks at everything. Where the API server does not answer at all, the one check says so.
///
/// `expected` gets what the live configurations called `webhooks` call; none where they are not there, or call no Service.
///
/// # Errors
/// When there is no cluster to ask.
pub async fn examine(
    login: &Login,
    webhooks: &str,
    expected: impl FnOnce(Option<Installation>) -> Expected,
    now: OffsetDateTime,
) -> Result<Vec<DoctorCheck>, LoginError> {
    let client = client::connect(&login.find().await?, client::COMMAND_TIMEOUT)?;
    Ok(match client.apiserver_version().await {
        Ok(version) => {
            run_checks(&client, &version.git_version, &expected(Installation::find(&client, webhooks).await), now).await
        }
        Err(error) => vec![unreached(&error)],
    })
}

fn unreached(error: &kube::Error) -> DoctorCheck {
    match Failure::of(error) {
        Some(Failure { what, remedy }) => DoctorCheck::unknown(Topic::Reachability, what).remedy(remedy),
        None => DoctorCheck::unknown(Topic::Reachability, format!("API server does not answer: {}", said(error)))
            .remedy("check the kubeconfig"),
    }
}

async fn run_checks(client: &Client, version: &str, expected: &Expected, now: OffsetDateTime) -> Vec<DoctorCheck> {
    let config = &expected.config;
    let seen = Observations::collect(client, config, expected).await;
    let mut checks = vec![DoctorCheck::fine(Topic::Reachability, format!("API server {version} answers"))];
    checks.extend(reach::checks(&seen, config, expected));
    checks.extend(certificate::checks(&seen, config, expected, now));
    let uses = ServerUses { own_certificate: expected.own_certificate, own_mutation: expected.content.owns_mutating() };
    checks.extend(observations::rights(client, config, expected, uses).await);
    checks.extend(scope::checks(&seen));
    checks.extend(others::checks(&seen, config));
    checks.extend(drift::checks(&seen, config, expected));
    checks.extend(slots::checks(&seen, config));
    checks.extend(budgets::checks(&seen));
    checks
}

impl DoctorCheck {
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
