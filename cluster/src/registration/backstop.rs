//! A ValidatingAdmissionPolicy that refuses the deletion of a running rqlite set without any server of ours: it holds while Quorate is
//! down, and when it is gone. Opt-in: it runs before webhooks and knows no membership, so it must not guard anything that live facts
//! could allow. Same exemptions as the rule `quorum-guard/cluster-deleted`.

use k8s_openapi::api::admissionregistration::v1::{
    MatchResources, NamedRuleWithOperations, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec, Validation, Variable,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kubernetes::admission::Operation;
use kubernetes::annotation::{ALLOW_DELETION, ALLOWED};
use kubernetes::defaults::REPLICAS;
use kubernetes::request::Resource;

use super::entry::{condition, namespaces, rule};
use super::{Registration, cel, literal};

/// The policy, and the binding without which it does nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Backstop {
    pub policy: ValidatingAdmissionPolicy,
    pub binding: ValidatingAdmissionPolicyBinding,
}

impl Backstop {
    pub(super) fn new(registration: &Registration) -> Self {
        let name = format!("{}-backstop", registration.name);
        let metadata = ObjectMeta { name: Some(name.clone()), ..registration.metadata() };
        let policy = ValidatingAdmissionPolicy {
            metadata: metadata.clone(),
            spec: Some(ValidatingAdmissionPolicySpec {
                failure_policy: Some("Fail".to_owned()),
                match_constraints: Some(constraints(registration)),
                match_conditions: Some(vec![
                    condition("is-rqlite", cel::is_rqlite()),
                    condition("not-a-cleaner", format!("!({})", cel::is_system_deleter())),
                ]),
                variables: Some(variables()),
                validations: Some(vec![validation()]),
                ..ValidatingAdmissionPolicySpec::default()
            }),
            status: None,
        };
        let binding = ValidatingAdmissionPolicyBinding {
            metadata,
            spec: ValidatingAdmissionPolicyBindingSpec {
                policy_name: name,
                validation_actions: vec!["Deny".to_owned()],
                ..ValidatingAdmissionPolicyBindingSpec::default()
            },
        };
        Self { policy, binding }
    }
}

fn constraints(registration: &Registration) -> MatchResources {
    let deletion = rule(Resource::STATEFUL_SETS, &[Operation::Delete]);
    MatchResources {
        match_policy: Some("Equivalent".to_owned()),
        namespace_selector: Some(namespaces(registration)),
        resource_rules: Some(vec![NamedRuleWithOperations {
            api_groups: deletion.api_groups,
            api_versions: deletion.api_versions,
            operations: deletion.operations,
            resources: deletion.resources,
            scope: deletion.scope,
            resource_names: None,
        }]),
        ..MatchResources::default()
    }
}

fn variables() -> Vec<Variable> {
    let variable = |name: &str, expression: String| Variable { name: name.to_owned(), expression };
    vec![
        variable("replicas", cel::optional("oldObject.spec.replicas", &REPLICAS.to_string())),
        variable("orphans", orphans()),
        variable("deliberate", cel::annotated_with("oldObject", ALLOW_DELETION, ALLOWED)),
        variable("readOnly", cel::is_read_only("oldObject")),
        variable("keepsData", keeps_data()),
        variable("deleting", "has(oldObject.metadata.deletionTimestamp)".to_owned()),
    ]
}

/// `kubectl delete --cascade=orphan`, in both spellings.
fn orphans() -> String {
    "has(request.options) && (has(request.options.propagationPolicy) && request.options.propagationPolicy == 'Orphan' || \
     has(request.options.orphanDependents) && request.options.orphanDependents == true)"
        .to_owned()
}

/// There are claims, and they outlive the set. Which of them holds the data is not read here.
fn keeps_data() -> String {
    "has(oldObject.spec.volumeClaimTemplates) && size(oldObject.spec.volumeClaimTemplates) > 0 && \
     !(has(oldObject.spec.persistentVolumeClaimRetentionPolicy) && \
     has(oldObject.spec.persistentVolumeClaimRetentionPolicy.whenDeleted) && \
     oldObject.spec.persistentVolumeClaimRetentionPolicy.whenDeleted == 'Delete')"
        .to_owned()
}

fn validation() -> Validation {
    let remedy = format!("to delete it on purpose annotate it `{ALLOW_DELETION}: \"{ALLOWED}\"`");
    let found = "'quorum-guard/cluster-deleted: StatefulSet ' + request.namespace + '/' + oldObject.metadata.name + \
                 ': deletes a running cluster of ' + string(variables.replicas) + (variables.replicas == 1 ? ' voter' : ' voters') + \
                 (variables.keepsData ? '' : ' and its data')";
    Validation {
        expression: "variables.readOnly || variables.orphans || variables.deliberate || \
                     variables.keepsData && (variables.replicas <= 1 || variables.deleting)"
            .to_owned(),
        message: Some(format!("quorum-guard/cluster-deleted: deletes a running rqlite cluster; {remedy}")),
        message_expression: Some(format!("{found} + {}", literal::quoted(&format!("; {remedy}")))),
        // The default, Invalid (422), makes Flux delete and create again what it could not change.
        reason: Some("Forbidden".to_owned()),
    }
}
