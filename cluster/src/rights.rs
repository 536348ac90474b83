//! The rights that the server uses, and which of them it lacks: asked at start, so that a missing rule has a name then
//! and not in the middle of a rotation.

use std::fmt;

use futures_util::future::try_join_all;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::api::PostParams;
use kube::{Api, Client, Error};

use crate::ClusterConfig;
use crate::store::SLOTS;

/// One verb on one resource. Empty: the core group, any name, no namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    pub verb: &'static str,
    pub group: &'static str,
    pub resource: &'static str,
    pub name: String,
    pub namespace: String,
}

/// As the rule of a Role that grants it.
impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.namespace.is_empty() { "ClusterRole" } else { "Role" };
        write!(
            f,
            "{kind} rule apiGroups: [\"{}\"], resources: [{}], verbs: [{}]",
            self.group, self.resource, self.verb
        )?;
        if !self.name.is_empty() {
            write!(f, ", resourceNames: [{}]", self.name)?;
        }
        if self.namespace.is_empty() { Ok(()) } else { write!(f, " in namespace {}", self.namespace) }
    }
}

/// Which parts of the server need rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerUses {
    /// Issues its own certificate and keeps it in a Secret.
    pub own_certificate: bool,
    /// Policies that are not built in patch objects: their entries are kept in the mutating configuration.
    pub own_mutation: bool,
}

impl ServerUses {
    /// Whoever may write the mutating configuration may change every object of the cluster on its way in. Nobody but this server could
    /// write its caBundle or those entries; all others are rendered.
    pub(crate) fn writes_mutating(self) -> bool {
        self.own_certificate || self.own_mutation
    }
}

/// Everything that the server asks of the API server.
pub fn rights(config: &ClusterConfig, uses: ServerUses) -> Vec<Right> {
    let mut rights = Vec::new();
    let mut may = |group, resource, name: &str, namespace: &str, verbs: &[&'static str]| {
        rights.extend(verbs.iter().map(|verb| Right {
            verb,
            group,
            resource,
            name: name.to_owned(),
            namespace: namespace.to_owned(),
        }));
    };
    let own = config.namespace.as_str();
    may("apps", "statefulsets", "", "", &["get", "list", "watch"]);
    may("", "pods", "", "", &["get", "list", "watch"]);
    may("", "persistentvolumeclaims", "", "", &["list", "watch"]);
    may("autoscaling", "horizontalpodautoscalers", "", "", &["list", "watch"]);
    may("policy", "poddisruptionbudgets", "", "", &["list"]);
    may("", "configmaps", "", "", &["get"]);
    let registration = "admissionregistration.k8s.io";
    for resource in ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"] {
        may(registration, resource, &config.webhooks, "", &["get", "list", "watch"]);
    }
    may(registration, "validatingwebhookconfigurations", &config.webhooks, "", &["patch"]);
    if uses.writes_mutating() {
        may(registration, "mutatingwebhookconfigurations", &config.webhooks, "", &["patch"]);
    }
    may("", "services", &config.service, own, &["get"]);
    may("coordination.k8s.io", "leases", "", own, &["create"]);
    may("coordination.k8s.io", "leases", &config.lease, own, &["get", "patch"]);
    for slot in 0..SLOTS {
        may("", "configmaps", &config.slot(slot), own, &["patch"]);
    }
    if uses.own_certificate {
        may("", "secrets", "", own, &["create"]);
        may("", "secrets", &config.secret, own, &["get", "list", "watch", "update"]);
        may("discovery.k8s.io", "endpointslices", "", own, &["list"]);
    }
    rights
}

impl Right {
    /// As an access review asks for it.
    pub(super) fn attributes(&self) -> ResourceAttributes {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        ResourceAttributes {
            verb: given(self.verb),
            group: given(self.group),
            resource: given(self.resource),
            name: given(&self.name),
            namespace: given(&self.namespace),
            ..ResourceAttributes::default()
        }
    }
}

/// Those of the rights that the caller does not have.
pub async fn missing(client: &Client, rights: Vec<Right>) -> Result<Vec<Right>, Error> {
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let asked = rights.iter().map(|right| ask(&reviews, right));
    let allowed = try_join_all(asked).await?;
    Ok(rights.into_iter().zip(allowed).filter_map(|(right, allowed)| (!allowed).then_some(right)).collect())
}

async fn ask(reviews: &Api<SelfSubjectAccessReview>, right: &Right) -> Result<bool, Error> {
    let spec =
        SelfSubjectAccessReviewSpec { resource_attributes: Some(right.attributes()), non_resource_attributes: None };
    let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
    let answer = reviews.create(&PostParams::default(), &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: ServerUses = ServerUses { own_certificate: true, own_mutation: false };
    const FILES: ServerUses = ServerUses { own_certificate: false, own_mutation: false };

    fn config() -> ClusterConfig {
        ClusterConfig::in_namespace("quorate-system")
    }

    #[test]
    fn a_right_reads_as_the_rule_that_grants_it() {
        let all = rights(&config(), OWN);
        let lines: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert!(lines.contains(
            &r#"ClusterRole rule apiGroups: ["apps"], resources: [statefulsets], verbs: [watch]"#.to_owned()
        ));
        let secret = r#"Role rule apiGroups: [""], resources: [secrets], verbs: [update], resourceNames: [quorate-certificate] in namespace quorate-system"#;
        assert!(lines.contains(&secret.to_owned()), "{lines:?}");
    }

    #[test]
    fn no_secret_is_touched_with_a_certificate_from_files() {
        let files = rights(&config(), FILES);
        assert!(files.iter().all(|right| right.resource != "secrets" && right.resource != "endpointslices"));
    }

    #[test]
    fn the_mutating_configuration_is_written_by_whom_it_has_something_of() {
        let writes = |uses| {
            let patches = |right: &Right| right.verb == "patch" && right.resource == "mutatingwebhookconfigurations";
            rights(&config(), uses).iter().any(patches)
        };
        assert!(writes(OWN) && writes(ServerUses { own_mutation: true, ..FILES }));
        assert!(!writes(FILES));
    }

    /// What the install's rules must never need: names where names can be given, and no right to create our configurations.
    #[test]
    fn rights_are_narrow() {
        for right in rights(&config(), OWN) {
            assert!(!matches!(right.verb, "delete" | "deletecollection" | "*"), "{right}");
            let named = !right.name.is_empty();
            let of_any_set = [
                "statefulsets",
                "pods",
                "persistentvolumeclaims",
                "horizontalpodautoscalers",
                "poddisruptionbudgets",
                "configmaps",
            ];
            let cannot_be =
                right.verb == "create" || right.resource == "endpointslices" || of_any_set.contains(&right.resource);
            assert!(named || cannot_be, "{right}");
        }
    }
}
