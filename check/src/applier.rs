//! Who applies a change: the users of the usual tools, as they are installed by default, or one's own.
//! What a user may do is for the policies.

use kubernetes::users;
use quorate_facts::Propagation;

use super::options::Options;
use super::way::Tool;

/// The user of a request, and how it deletes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applier {
    pub(crate) username: String,
    pub(crate) groups: Vec<String>,
    /// `propagationPolicy` of its deletions.
    pub(crate) propagation: Propagation,
}

/// Who applies what: the one that is given, else by the tool.
#[derive(Debug)]
pub(crate) struct Appliers {
    given: Option<Applier>,
    groups: Vec<String>,
    /// The tool that is taken where nobody is known.
    unknown: Option<Tool>,
}

impl Appliers {
    /// `of_tree` is the only tool whose leading objects stand in the tree.
    pub(crate) fn of(options: &Options, of_tree: Option<Tool>) -> Self {
        let unknown = match options.user.as_deref() {
            None => of_tree,
            Some("argocd") => Some(Tool::ArgoCd),
            Some("flux") => Some(Tool::Flux),
            Some("helm") => Some(Tool::Helm),
            // Users delete as kubectl does.
            Some(_) => Some(Tool::Kubectl),
        };
        let given = options.user.as_deref().map(|user| Applier::named(user, &options.groups));
        Self { given, groups: options.groups.clone(), unknown }
    }

    /// The one whose request a change by this tool is.
    pub(crate) fn by(&self, tool: Tool) -> Applier {
        self.given.clone().unwrap_or_else(|| {
            let user = match tool {
                Tool::ArgoCd => "argocd",
                Tool::Flux => "flux",
                Tool::Helm => "helm",
                Tool::Kubectl => "kubectl",
            };
            Applier::named(user, &self.groups)
        })
    }

    /// The tools that may apply what nobody is known to, the likeliest first: all, where none is given or seen. A word that makes any of
    /// them delete the object then counts.
    pub(crate) fn possible(&self, is_chart: bool) -> Vec<Tool> {
        let first = self.unknown(is_chart);
        let all = [Tool::ArgoCd, Tool::Flux].into_iter().filter(|tool| self.unknown.is_none() && *tool != first);
        std::iter::once(first).chain(all).collect()
    }

    /// The tool that is taken to apply what nobody is known to.
    pub(crate) fn unknown(&self, is_chart: bool) -> Tool {
        self.unknown.unwrap_or(if is_chart { Tool::Helm } else { Tool::ArgoCd })
    }
}

impl Applier {
    fn named(user: &str, more: &[String]) -> Self {
        let (username, own_groups, propagation) = match user {
            "argocd" => service_account("argocd", "argocd-application-controller", Tool::ArgoCd.propagation()),
            "flux" => service_account("flux-system", "kustomize-controller", Tool::Flux.propagation()),
            "admin" => ("kubernetes-admin".to_owned(), vec!["system:masters".to_owned()], Propagation::Background),
            user => (user.to_owned(), Vec::new(), Propagation::Background),
        };
        let given = more.iter().cloned();
        let everybody = users::AUTHENTICATED.to_owned();
        Self { username, groups: own_groups.into_iter().chain(given).chain([everybody]).collect(), propagation }
    }
}

fn service_account(namespace: &str, name: &str, propagation: Propagation) -> (String, Vec<String>, Propagation) {
    (users::service_account(namespace, name), users::service_account_groups(namespace), propagation)
}
