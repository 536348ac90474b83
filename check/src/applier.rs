//! Who applies the change: the users of the usual tools, as they are installed by default, or one's own.
//! What a user may do is for the policies.

use kubernetes::users;
use quorate_facts::Propagation;

use super::options::Options;

/// The user of a request, and how it deletes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applier {
    pub(crate) username: String,
    pub(crate) groups: Vec<String>,
    /// `propagationPolicy` of its deletions.
    pub(crate) propagation: Propagation,
}

impl Applier {
    pub(crate) fn of(options: &Options) -> Self {
        let (username, own_groups, propagation) = match options.user.as_str() {
            // Argo CD prunes in the foreground by default (PrunePropagation); Flux and kubectl do so in the background.
            "argocd" => service_account("argocd", "argocd-application-controller", Propagation::Foreground),
            "flux" => service_account("flux-system", "kustomize-controller", Propagation::Background),
            "admin" => ("kubernetes-admin".to_owned(), vec!["system:masters".to_owned()], Propagation::Background),
            user => (user.to_owned(), Vec::new(), Propagation::Background),
        };
        let given = options.groups.iter().cloned();
        let everybody = users::AUTHENTICATED.to_owned();
        Self { username, groups: own_groups.into_iter().chain(given).chain([everybody]).collect(), propagation }
    }
}

fn service_account(namespace: &str, name: &str, propagation: Propagation) -> (String, Vec<String>, Propagation) {
    (users::service_account(namespace, name), users::service_account_groups(namespace), propagation)
}
