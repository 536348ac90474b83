//! The command line as typed: what clap reads, and its help texts.
//! Does no work: files are opened and names are looked up by the commands.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::login::{ClusterOptions, KubeconfigOptions};

/// Keeps rqlite clusters on Kubernetes quorate: an admission webhook, and the same verdicts on the command line.
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
    /// Judge AdmissionReviews offline, with the modules of the server: mutate, then validate the result.
    Review(Review),
    /// The gate for pipelines: judge what changes between two states of a repository, as the cluster would.
    ///
    /// Exit codes, the first that applies: 1 denied (or warned, with `--fail-on warn`), 2 bad usage or unreadable input, 3 not judged or
    /// not evaluated (with `--strict`), else 0.
    Check(Box<Check>),
    /// Print the `ignoreDifferences` that an Argo CD Application needs for what is injected into these manifests.
    IgnoreDifferences(IgnoreDifferences),
    /// Show what is loaded: policies, their rules, settings and schema.
    #[command(subcommand)]
    Policy(Policy),
    /// Print the page of a rule, or list the rules of a policy.
    Explain(Explain),
    /// Print both webhook configurations, as YAML for `kubectl apply`.
    Webhooks(Webhooks),
    /// Check a configuration file, or print its JSON Schema.
    #[command(subcommand)]
    Config(Config),
    /// Check what keeps Quorate from protecting the rqlite sets of the kubeconfig's cluster.
    ///
    /// Exit codes: 0 fine, 1 a problem was found, 2 bad usage, 3 something could not be checked.
    Doctor(Doctor),
    /// Show the verdict on a scale of a set before anybody tries it, with the members and the safe way down.
    ///
    /// Asks the cluster's own Quorate by a dry run; where there is none, the same policies judge here. Also called by
    /// `kubectl quorate can-scale`, if a link named `kubectl-quorate` is on the PATH.
    CanScale(CanScale),
    /// Record what runs in the cluster of the kubeconfig, for `check --snapshot` where there is no cluster to ask.
    #[command(subcommand)]
    Snapshot(Snapshot),
    /// Print the completions of a shell, made from this command line.
    Completions(Completions),
    /// Write the man pages, one for each command, into a folder.
    Man(Man),
}

#[derive(Debug, ClapArgs)]
#[command(mut_group("kubeconfig-options", |group| group.requires("live")))]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) options: quorate_check::Options,
    /// Ask the cluster of the kubeconfig what runs, instead of a snapshot, and its own Quorate, by a dry run of each change, for the
    /// verdict. Changes nothing. Without the right to make a change, that change is judged here.
    #[arg(long, conflicts_with = "snapshot")]
    pub(crate) live: bool,
    /// Name of Quorate's webhook configurations in the cluster.
    #[arg(long, value_name = "NAME", default_value = "quorate", requires = "live")]
    pub(crate) webhooks: String,
    #[command(flatten)]
    pub(crate) cluster: KubeconfigOptions,
    /// With `--live`: act as this user, like kubectl's `--as`.
    #[arg(long, value_name = "USER", requires = "live", help_heading = "Cluster")]
    pub(crate) impersonate: Option<String>,
    /// With `--live`: act as a member of this group. Repeatable.
    #[arg(long = "impersonate-group", value_name = "GROUP", requires = "impersonate", help_heading = "Cluster")]
    pub(crate) impersonate_groups: Vec<String>,
    /// Use only these policies, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) policies: Vec<String>,
    /// Configuration file (YAML): modes, settings, own modules. Give the one of the server.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct IgnoreDifferences {
    #[command(flatten)]
    pub(crate) options: quorate_check::IgnoreDifferencesOptions,
    /// Configuration file (YAML). Give the one of the server.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Snapshot {
    /// Write every rqlite set as it runs, and its facts (members, Pods, claims); no Secret is read.
    ///
    /// Exit codes: 0 done, 2 bad usage or nothing could be read, 3 something of a set could not be seen (the file is written).
    Save {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Only the sets of this namespace.
        #[arg(short, long, value_name = "NAME")]
        namespace: Option<String>,
        #[command(flatten)]
        cluster: ClusterOptions,
    },
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
    #[command(flatten)]
    pub(crate) cluster: ClusterOptions,
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
    #[command(flatten)]
    pub(crate) cluster: ClusterOptions,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CanScale {
    /// The StatefulSet; without a namespace, in that of `--namespace` or of the kubeconfig's context.
    #[arg(value_name = "[NAMESPACE/]NAME")]
    pub(crate) set: TypedSetName,
    /// The namespace of a set that is given without one.
    #[arg(short, long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// The number of replicas to scale to.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=i64::from(i32::MAX)))]
    pub(crate) to: u32,
    /// Name of Quorate's webhook configurations in the cluster.
    #[arg(long, value_name = "NAME", default_value = "quorate")]
    pub(crate) webhooks: String,
    /// Configuration file (YAML) for a cluster without Quorate: modes, settings, own modules.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// `text` for people, `json` for programs.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) cluster: ClusterOptions,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Review {
    /// AdmissionReviews (JSON), one per file; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The StatefulSet behind a Scale, an Eviction or a HorizontalPodAutoscaler, or those that need the deleted object (YAML or JSON).
    #[arg(long, value_name = "FILE")]
    pub(crate) parent: Option<PathBuf>,
    /// What was known of the cluster: recorded facts (JSON, docs/facts.md).
    #[arg(long, value_name = "FILE")]
    pub(crate) facts: Option<PathBuf>,
    /// Use only these policies, separated by commas.
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
    /// Print what a module is: its manifest, imports and what it must be granted. Runs nothing of it.
    Inspect {
        /// A policy component (`.wasm`).
        module: PathBuf,
        /// Print the rules of a ClusterRole that it needs instead, as YAML.
        #[arg(long, conflicts_with = "format")]
        rbac: bool,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Make a policy of what a compiler wrote: a core module becomes a component, and its manifest a section of it.
    Build {
        /// A core module for wasm32-unknown-unknown, or a component.
        module: PathBuf,
        /// Where the policy goes.
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
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

#[derive(Debug, ClapArgs)]
pub(crate) struct Webhooks {
    /// Configuration file (YAML): which policies are loaded, and which of them enforce.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The Service in front of the server. Objects in its namespace are not sent to Quorate, like those in Kubernetes' own namespaces.
    #[arg(long, value_name = "NAMESPACE/NAME", default_value = "quorate-system/quorate")]
    pub(crate) service: ObjectName,
    /// Where the API server calls instead of a Service, for a server outside of the cluster: `https://HOST[:PORT]`.
    #[arg(long, value_name = "URL", conflicts_with = "service")]
    pub(crate) url: Option<HttpsUrl>,
    /// Print instead a ValidatingAdmissionPolicy that refuses the deletion of a running rqlite set without any server,
    /// also when Quorate is down or removed.
    #[arg(long)]
    pub(crate) backstop: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct ObjectName {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl FromStr for ObjectName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('/').filter(|(namespace, name)| is_label(namespace) && is_label(name));
        let (namespace, name) = parts.ok_or("expected a namespace and a name, as `db/rqlite`")?;
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }
}

/// A set, and the namespace where one is given.
#[derive(Debug, Clone)]
pub(crate) struct TypedSetName {
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl FromStr for TypedSetName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_label(text) {
            return Ok(Self { namespace: None, name: text.to_owned() });
        }
        let ObjectName { namespace, name } = text.parse()?;
        Ok(Self { namespace: Some(namespace), name })
    }
}

/// RFC 1123, as names of namespaces and Services are.
fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.len() <= 63 && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// The API server calls nothing but HTTPS, and takes neither query nor user.
#[derive(Debug, Clone)]
pub(crate) struct HttpsUrl(pub(crate) String);

impl FromStr for HttpsUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest =
            text.strip_prefix("https://").filter(|rest| !rest.is_empty() && !rest.contains(['?', '#', '@', ' ']));
        rest.map(|_| Self(text.to_owned())).ok_or("expected `https://HOST[:PORT][/PATH]`")
    }
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

#[derive(Debug, ClapArgs)]
pub(crate) struct Completions {
    /// The shell that is to complete `quorate`.
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: Shell,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Man {
    /// The folder for the pages; it is created if it does not exist.
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
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
