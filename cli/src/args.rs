//! The command line as typed: what clap reads, and its help texts.
//! Does no work: files are opened and names are looked up by the commands.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Keeps rqlite clusters on Kubernetes quorate: an admission webhook, and the same verdicts on your desk.
///
/// Exit codes: 0 allowed or done, 1 denied, 2 bad usage or unreadable input, 3 not judged.
#[derive(Debug, Parser)]
#[command(name = "quorate", version, propagate_version = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the admission webhook.
    Serve(Serve),
    /// Evaluate AdmissionReviews offline, with the same modules: mutate, then validate what came out.
    Review(Review),
    /// What is loaded: policies, their rules, settings and schema.
    #[command(subcommand)]
    Policy(Policy),
    /// Print the page of a rule, or list the rules of a policy.
    Explain(Explain),
    /// Check a configuration file, or print its JSON Schema.
    #[command(subcommand)]
    Config(Config),
    /// Look for what keeps the guard from holding in the cluster of the kubeconfig.
    ///
    /// Exit codes: 0 fine, 1 a problem was found, 2 bad usage, 3 it could not be looked at.
    Doctor(Doctor),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Serve {
    /// Configuration file (YAML); without it, every built-in policy enforces, on loopback.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Address of /validate and /mutate, in place of the configuration's `listen`.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Address of /livez, /readyz and /metrics, in place of the configuration's `metricsListen`.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) metrics_listen: Option<SocketAddr>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Doctor {
    /// The server's configuration file (YAML); without it, the names that the chart gives.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A guarded namespace, for a dry run through the webhook; nothing is created in it.
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) namespace: String,
    /// The server's ServiceAccount.
    #[arg(long, value_name = "NAME", default_value = "quorate")]
    pub(crate) service_account: String,
    /// `text` for people, `json` for programs.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Review {
    /// AdmissionReviews (JSON), one per file; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The StatefulSet behind a Scale, an Eviction or a HorizontalPodAutoscaler (YAML or JSON).
    #[arg(long, value_name = "FILE")]
    pub(crate) parent: Option<PathBuf>,
    /// What was known of the cluster: recorded facts (JSON, docs/facts.md).
    #[arg(long, value_name = "FILE")]
    pub(crate) facts: Option<PathBuf>,
    /// Only these policies.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) policies: Vec<String>,
    /// Configuration file (YAML): modes, settings, own modules.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// `text` for people, `json` for programs: one object a line, one line a file.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// List the loaded policies and their rules.
    List {
        #[command(flatten)]
        shown: Shown,
    },
    /// Show one policy: rules, what it matches, settings and their schema.
    Show {
        /// Name of the policy, as `quorate policy list` prints it.
        name: String,
        #[command(flatten)]
        shown: Shown,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Shown {
    /// Configuration file (YAML): modes, settings, own modules.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Explain {
    /// `<policy>/<rule>`, as findings name it, or `<policy>` for a list.
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Print the JSON Schema of the configuration file.
    Schema,
    /// Check a configuration file: keys, types, modules, every policy's settings.
    Check {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Args::command().debug_assert();
    }
}
