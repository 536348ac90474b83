//! Who applies the change: the users of the usual tools, as they are installed by default, or one's own.
//! What a user may do is for the policies.

use kubernetes::users;
use quorate_cluster::PropagationPolicy;

use super::args::Args;

/// The user of a request, and how it deletes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Profile {
    pub(crate) username: String,
    pub(crate) groups: Vec<String>,
    /// `propagationPolicy` of its deletions.
    pub(crate) propagation: PropagationPolicy,
}

impl Profile {
    pub(crate) fn of(args: &Args) -> Self {
        let (username, own_groups, propagation) = match args.user.as_str() {
            // Argo CD prunes in the foreground by default (PrunePropagationPolicy); Flux and kubectl do so in the background.
            "argocd" => service_account("argocd", "argocd-application-controller", PropagationPolicy::Foreground),
            "flux" => service_account("flux-system", "kustomize-controller", PropagationPolicy::Background),
            "admin" => {
                ("kubernetes-admin".to_owned(), vec!["system:masters".to_owned()], PropagationPolicy::Background)
            }
            user => (user.to_owned(), Vec::new(), PropagationPolicy::Background),
        };
        let given = args.groups.iter().cloned();
        let everybody = users::AUTHENTICATED.to_owned();
        Self { username, groups: own_groups.into_iter().chain(given).chain([everybody]).collect(), propagation }
    }
}

fn service_account(
    namespace: &str,
    name: &str,
    propagation: PropagationPolicy,
) -> (String, Vec<String>, PropagationPolicy) {
    (users::service_account(namespace, name), users::service_account_groups(namespace), propagation)
}
