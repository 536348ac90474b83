//! How commands come to a cluster: the options of kubectl that they share, and what the process knows of its surroundings.
//! The only file that asks the environment for it. Reads no kubeconfig.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args as ClapArgs;
use quorate_cluster::Login;

use crate::clock;

/// Which cluster, as `kubectl` is told.
#[derive(Debug, Default, Clone, ClapArgs)]
#[group(id = "kubeconfig-options", multiple = true)]
pub(crate) struct KubeconfigOptions {
    /// The kubeconfig, instead of the files of KUBECONFIG, or ~/.kube/config.
    #[arg(long, value_name = "FILE", help_heading = "Cluster")]
    kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig, instead of its current one.
    #[arg(long, value_name = "NAME", help_heading = "Cluster")]
    context: Option<String>,
    /// A cluster of the kubeconfig, instead of that of the context.
    #[arg(long, value_name = "NAME", help_heading = "Cluster")]
    cluster: Option<String>,
    /// A user of the kubeconfig, instead of that of the context.
    #[arg(long, id = "kubeconfig-user", value_name = "NAME", help_heading = "Cluster")]
    user: Option<String>,
}

/// Which cluster and as whom, as `kubectl` is told.
#[derive(Debug, Default, Clone, ClapArgs)]
pub(crate) struct ClusterOptions {
    #[command(flatten)]
    kubeconfig: KubeconfigOptions,
    /// Act as this user.
    #[arg(long = "as", value_name = "USER", help_heading = "Cluster")]
    impersonate: Option<String>,
    /// Act as a member of this group. Repeatable.
    #[arg(long = "as-group", value_name = "GROUP", requires = "impersonate", help_heading = "Cluster")]
    groups: Vec<String>,
}

impl ClusterOptions {
    pub(crate) fn login(&self) -> Login {
        self.kubeconfig.login(self.impersonate.as_deref(), &self.groups)
    }
}

impl KubeconfigOptions {
    pub(crate) fn login(&self, impersonate: Option<&str>, groups: &[String]) -> Login {
        let Self { kubeconfig, context, cluster, user } = self.clone();
        Login {
            kubeconfig,
            context,
            cluster,
            user,
            impersonate: impersonate.map(str::to_owned),
            impersonate_groups: groups.to_vec(),
            environment,
            clock: clock::now,
            terminal: std::io::stdin().is_terminal(),
        }
    }
}

fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "kubectl's own variables, read here and nowhere else")]
    std::env::var(name).ok()
}
