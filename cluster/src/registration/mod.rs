//! What the API server is told of us: from the loaded policies' descriptions to webhook configurations, and the backstop without a server.
//! Pure: reads and writes no cluster. Who writes what: the rendered entries come from charts and manifests, the others from the
//! running server, and every caBundle too.
//!
//! ```text
//! Registered ─┬─ requested ─┬─ built_in ─────┐ rendered
//!             │             ├─ known ────────┤
//!             │             └─ dependencies ─┤ by the server ── entry ── configurations
//!             └─ own ────────────────────────┘ both
//!                cel: the conditions of all of them, and of the backstop; naming: how the server's own ones name sets;
//!                literal: the strings and lists in both
//! ```

mod backstop;
mod built_in;
mod cel;
mod dependencies;
mod entry;
mod known;
mod literal;
mod naming;
mod own;
mod requested;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhook, ValidatingWebhookConfiguration,
};
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kubernetes::admission::{Operation, Phase};
use kubernetes::users::SYSTEM_NAMESPACES;
use rqlite::dependencies::Dependencies;
use serde::Deserialize;
use serde_json::Value;

use self::entry::WebhookEntry;
use self::requested::RequestedRules;

pub use self::backstop::Backstop;
pub(crate) use self::entry::NAMESPACE_NAME;
pub use self::naming::Naming;

/// Of entries that name known sets.
const PREFIX: &str = "known-";
/// Of entries of policies that are not built in.
const SUFFIX: &str = ".policy.quorate.dev";

/// How this installation is reached, and what it leaves alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Of both configurations.
    pub name: String,
    pub client: Client,
    /// Namespaces whose requests are never sent.
    pub excluded_namespaces: BTreeSet<String>,
    pub timeouts: Timeouts,
}

/// Where the API server calls. `/validate` or `/mutate` is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Client {
    Service { namespace: String, name: String, port: i32 },
    Url(String),
}

/// Seconds that the API server waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    pub validate: i32,
    pub mutate: i32,
}

impl Default for Timeouts {
    /// Mutating webhooks are called one after the other, validating ones at once; a request may take 34 s in all.
    fn default() -> Self {
        Self { validate: 3, mutate: 2 }
    }
}

/// A loaded policy, as far as registration is concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    pub name: String,
    pub phases: Vec<Phase>,
    pub matches: Vec<RequestMatch>,
    /// Its conditions are ours (`cel`), not the module's.
    pub built_in: bool,
    /// It enforces, and denies what it could not judge.
    pub fails: bool,
    /// What of its requests its binding takes. Of a built-in policy the engine alone looks at it: its entries are shared.
    pub narrowed: Narrowed,
}

/// What a configuration narrows a policy to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Narrowed {
    pub namespace_selector: Option<LabelSelector>,
    pub object_selector: Option<LabelSelector>,
    pub exclude_namespaces: BTreeSet<String>,
    /// None: all.
    pub operations: Option<BTreeSet<Operation>>,
}

/// Requests that a policy asks for. `*` stands for any group, resource or sub-resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestMatch {
    pub groups: Vec<String>,
    pub versions: Vec<String>,
    pub resources: Vec<String>,
    /// Empty: the resource itself only.
    pub sub_resources: Vec<String>,
    pub operations: Vec<Operation>,
    /// Names and CEL.
    pub conditions: Vec<(String, String)>,
}

/// An rqlite StatefulSet by name: `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetName {
    pub namespace: String,
    pub name: String,
}

/// The rqlite sets that the running server knows, and what each needs of its namespace.
pub type KnownSets = BTreeMap<SetName, Dependencies>;

impl std::fmt::Display for SetName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl Registration {
    /// Behind a Service in our namespace, which is left alone, as are those of Kubernetes itself: what Quorate needs to start
    /// must never wait for Quorate.
    pub fn in_cluster(namespace: &str, service: &str) -> Self {
        let client = Client::Service { namespace: namespace.to_owned(), name: service.to_owned(), port: 443 };
        Self { excluded_namespaces: Self::system_namespaces([namespace]), ..Self::at(client) }
    }

    /// Reached in this way, with everything else by default.
    pub fn at(client: Client) -> Self {
        Self {
            name: "quorate".to_owned(),
            client,
            excluded_namespaces: Self::system_namespaces([]),
            timeouts: Timeouts::default(),
        }
    }

    /// Reached as the rendered one of these live entries is, and leaving the same namespaces alone: what an installation sets for the
    /// rendered entries holds for the server's own ones.
    #[must_use]
    pub fn as_rendered(mut self, phase: Phase, live: &[Value]) -> Self {
        let mut read = live.iter().filter_map(|entry| ValidatingWebhook::deserialize(entry).ok());
        let Some(rendered) = read.find(|entry| !is_server_owned(&entry.name)) else { return self };
        match (phase, rendered.timeout_seconds) {
            (Phase::Validate, Some(seconds)) => self.timeouts.validate = seconds,
            (Phase::Mutate, Some(seconds)) => self.timeouts.mutate = seconds,
            (Phase::Validate | Phase::Mutate, None) => {}
        }
        if let Some(client) = entry::client(&rendered.client_config, phase) {
            self.client = client;
        }
        if let Some(namespaces) = entry::excluded(rendered.namespace_selector.as_ref(), &self.client) {
            self.excluded_namespaces = namespaces;
        }
        self
    }

    fn system_namespaces<'n>(more: impl IntoIterator<Item = &'n str>) -> BTreeSet<String> {
        SYSTEM_NAMESPACES.into_iter().chain(more).map(str::to_owned).collect()
    }

    /// What is rendered.
    pub fn validating(&self, policies: &[Registered]) -> ValidatingWebhookConfiguration {
        let built_in = built_in::validating(&RequestedRules::by(policies));
        let webhooks = self.validating_webhooks(built_in.into_iter().chain(own::entries(policies, Phase::Validate)));
        ValidatingWebhookConfiguration { metadata: self.metadata(), webhooks: Some(webhooks) }
    }

    /// What is rendered.
    pub fn mutating(&self, policies: &[Registered]) -> MutatingWebhookConfiguration {
        let built_in = built_in::mutating(&RequestedRules::by(policies));
        let webhooks = self.mutating_webhooks(built_in.into_iter().chain(own::entries(policies, Phase::Mutate)));
        MutatingWebhookConfiguration { metadata: self.metadata(), webhooks: Some(webhooks) }
    }

    /// What the running server writes beside the rendered entries, and by what the known sets are named in it.
    pub fn server_owned_validating(
        &self,
        policies: &[Registered],
        known: &KnownSets,
    ) -> (Naming, Vec<ValidatingWebhook>) {
        let asked = RequestedRules::by(policies);
        Naming::fitting(|naming| {
            let of_sets = known::validating(&asked, known, naming);
            let of_needed = dependencies::validating(&asked, known, naming);
            let own = own::entries(policies, Phase::Validate);
            self.validating_webhooks(of_sets.into_iter().chain(of_needed).chain(own))
        })
    }

    /// What the running server writes beside the rendered entries.
    pub fn server_owned_mutating(&self, policies: &[Registered]) -> Vec<MutatingWebhook> {
        self.mutating_webhooks(own::entries(policies, Phase::Mutate))
    }

    /// What refuses the deletion of a running set without any server.
    pub fn backstop(&self) -> Backstop {
        Backstop::new(self)
    }

    fn validating_webhooks(&self, entries: impl IntoIterator<Item = WebhookEntry>) -> Vec<ValidatingWebhook> {
        entries.into_iter().map(|entry| entry.validating(self)).collect()
    }

    fn mutating_webhooks(&self, entries: impl IntoIterator<Item = WebhookEntry>) -> Vec<MutatingWebhook> {
        entries.into_iter().map(|entry| entry.mutating(self)).collect()
    }

    fn metadata(&self) -> ObjectMeta {
        ObjectMeta { name: Some(self.name.clone()), labels: Some(labels()), ..ObjectMeta::default() }
    }
}

/// Of all that is Quorate's.
pub(crate) fn labels() -> BTreeMap<String, String> {
    [("app.kubernetes.io/name".to_owned(), "quorate".to_owned())].into()
}

/// Whether the running server owns the entry of this name and may replace or remove it. Of all others only the caBundle is its own.
pub fn is_server_owned(entry: &str) -> bool {
    (entry.starts_with(PREFIX) && entry.ends_with(".quorate.dev")) || entry.ends_with(SUFFIX)
}
