//! One entry of a webhook configuration, before it is known in which of the two it stands.
//! Does not choose rules or conditions; everything that all entries have in common is here.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MutatingWebhook, RuleWithOperations, ServiceReference, ValidatingWebhook, WebhookClientConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use kubernetes::admission::{Operation, Phase};
use kubernetes::request::Resource;

use super::{Client, Registration};

/// The API server itself keeps this label right.
pub(crate) const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// What happens to a request when we cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailurePolicy {
    Fail,
    Ignore,
}

#[derive(Debug)]
pub(super) struct WebhookEntry {
    pub(super) name: String,
    pub(super) failure_policy: FailurePolicy,
    pub(super) rule: RuleWithOperations,
    pub(super) conditions: Vec<MatchCondition>,
    pub(super) selectors: Selectors,
}

/// What an entry is narrowed to, beside what all entries leave out.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Selectors {
    pub(super) namespaces: Option<LabelSelector>,
    pub(super) exclude_namespaces: BTreeSet<String>,
    pub(super) objects: Option<LabelSelector>,
}

impl WebhookEntry {
    pub(super) fn validating(self, registration: &Registration) -> ValidatingWebhook {
        ValidatingWebhook {
            name: self.name,
            client_config: client_config(&registration.client, Phase::Validate),
            rules: Some(vec![self.rule]),
            match_conditions: Some(self.conditions),
            namespace_selector: Some(self.selectors.of_namespaces(registration)),
            failure_policy: Some(self.failure_policy.name().to_owned()),
            match_policy: Some("Equivalent".to_owned()),
            // What is admitted is reserved; of a dry run nothing is.
            side_effects: "NoneOnDryRun".to_owned(),
            timeout_seconds: Some(registration.timeouts.validate),
            admission_review_versions: vec!["v1".to_owned()],
            object_selector: self.selectors.objects,
        }
    }

    pub(super) fn mutating(self, registration: &Registration) -> MutatingWebhook {
        MutatingWebhook {
            name: self.name,
            client_config: client_config(&registration.client, Phase::Mutate),
            rules: Some(vec![self.rule]),
            match_conditions: Some(self.conditions),
            namespace_selector: Some(self.selectors.of_namespaces(registration)),
            failure_policy: Some(self.failure_policy.name().to_owned()),
            match_policy: Some("Equivalent".to_owned()),
            // Another webhook may put in a container or a flag after us.
            reinvocation_policy: Some("IfNeeded".to_owned()),
            side_effects: "None".to_owned(),
            timeout_seconds: Some(registration.timeouts.mutate),
            admission_review_versions: vec!["v1".to_owned()],
            object_selector: self.selectors.objects,
        }
    }
}

impl FailurePolicy {
    fn name(self) -> &'static str {
        match self {
            Self::Fail => "Fail",
            Self::Ignore => "Ignore",
        }
    }
}

/// One condition; all of an entry's must hold.
pub(super) fn condition(name: &str, expression: impl Into<String>) -> MatchCondition {
    MatchCondition { name: name.to_owned(), expression: expression.into() }
}

/// A rule for one resource in one version of its group.
pub(super) fn rule(resource: Resource, operations: &[Operation]) -> RuleWithOperations {
    RuleWithOperations {
        api_groups: Some(vec![resource.group.to_owned()]),
        api_versions: Some(vec![resource.version.to_owned()]),
        operations: Some(operation_names(operations)),
        resources: Some(vec![resource.in_rules()]),
        scope: Some(if resource.namespaced { "Namespaced" } else { "Cluster" }.to_owned()),
    }
}

/// In a fixed order, each once.
pub(super) fn operation_names(operations: &[Operation]) -> Vec<String> {
    const ORDER: [(Operation, &str); 4] = [
        (Operation::Create, "CREATE"),
        (Operation::Update, "UPDATE"),
        (Operation::Delete, "DELETE"),
        (Operation::Connect, "CONNECT"),
    ];
    let asked = ORDER.iter().filter(|(operation, _)| operations.contains(operation));
    asked.map(|(_, name)| (*name).to_owned()).collect()
}

/// All namespaces but the excluded ones.
pub(super) fn namespaces(registration: &Registration) -> LabelSelector {
    Selectors::default().of_namespaces(registration)
}

impl Selectors {
    /// The namespaces that it names, without the excluded ones.
    fn of_namespaces(&self, registration: &Registration) -> LabelSelector {
        let LabelSelector { match_labels, match_expressions } = self.namespaces.clone().unwrap_or_default();
        let excluded = registration.excluded_namespaces.union(&self.exclude_namespaces).cloned().collect();
        let not_excluded = LabelSelectorRequirement {
            key: NAMESPACE_NAME.to_owned(),
            operator: "NotIn".to_owned(),
            values: Some(excluded),
        };
        let expressions = match_expressions.into_iter().flatten().chain([not_excluded]).collect();
        LabelSelector { match_expressions: Some(expressions), match_labels }
    }
}

/// Never with a caBundle: the server writes it, and what nobody renders survives that the rest is applied again.
fn client_config(client: &Client, phase: Phase) -> WebhookClientConfig {
    let path = path(phase);
    match client {
        Client::Service { namespace, name, port } => WebhookClientConfig {
            ca_bundle: None,
            service: Some(ServiceReference {
                name: name.clone(),
                namespace: namespace.clone(),
                path: Some(path.to_owned()),
                port: Some(*port),
            }),
            url: None,
        },
        Client::Url(base) => WebhookClientConfig {
            ca_bundle: None,
            service: None,
            url: Some(format!("{}{path}", base.trim_end_matches('/'))),
        },
    }
}

fn path(phase: Phase) -> &'static str {
    match phase {
        Phase::Validate => "/validate",
        Phase::Mutate => "/mutate",
    }
}

/// The opposite of [`namespaces`]; none for a selector of another kind. A platform may have added one that leaves out its own: ours is
/// the one that leaves out where we are.
pub(super) fn excluded(selector: Option<&LabelSelector>, client: &Client) -> Option<BTreeSet<String>> {
    let all = selector?.match_expressions.iter().flatten();
    let by_name = all.filter(|one| one.key == NAMESPACE_NAME && one.operator == "NotIn");
    let mut namespaces = by_name.map(|one| BTreeSet::from_iter(one.values.iter().flatten().cloned()));
    namespaces.find(|namespaces| match client {
        Client::Service { namespace, .. } => namespaces.contains(namespace),
        Client::Url(_) => true,
    })
}

/// The opposite of [`client_config`].
pub(super) fn client(config: &WebhookClientConfig, phase: Phase) -> Option<Client> {
    match (&config.service, &config.url) {
        (Some(service), _) => Some(Client::Service {
            namespace: service.namespace.clone(),
            name: service.name.clone(),
            port: service.port.unwrap_or(443),
        }),
        (None, Some(url)) => Some(Client::Url(url.trim_end_matches(path(phase)).to_owned())),
        (None, None) => None,
    }
}
