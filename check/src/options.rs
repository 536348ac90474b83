//! What a check is told: which states, who applies the change, how it is printed. clap reads it from a command line.
//! Does no work.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args as ClapArgs, ValueEnum};

#[derive(Debug, Default, Clone, ClapArgs)]
pub struct Options {
    /// Files, folders, `-` for standard input; with --base or --head only what lies below these paths. Without a base, only what the
    /// objects by themselves show is judged.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The state before: a commit, branch or tag of the git repository; `A...B` is the commit at which A and B parted.
    #[arg(long, value_name = "REF", conflicts_with_all = ["base_dir", "head_dir"])]
    pub base: Option<String>,
    /// The state after: a commit, branch or tag; without it, the files of the repository's working folder.
    #[arg(long, value_name = "REF", requires = "base")]
    pub head: Option<String>,
    /// The repository, if not that of the current folder.
    #[arg(long, value_name = "FOLDER", requires = "base")]
    pub repository: Option<PathBuf>,
    /// The state before: a folder.
    #[arg(long, value_name = "FOLDER", requires = "head_dir")]
    pub base_dir: Option<PathBuf>,
    /// The state after: a folder.
    #[arg(long, value_name = "FOLDER", requires = "base_dir", conflicts_with = "paths")]
    pub head_dir: Option<PathBuf>,
    /// Without a base: judge the objects as if they were created now.
    #[arg(long, conflicts_with_all = ["base", "base_dir"])]
    pub as_create: bool,
    /// Who applies what no leading object of the tree applies: `argocd`, `flux`, `helm`, `kubectl`, `admin`, or the name of a user, who
    /// deletes as kubectl does. Without it: the tool whose objects stand in the tree, helm for a chart, else argocd.
    #[arg(long = "as", value_name = "USER")]
    pub user: Option<String>,
    /// A group of that user.
    #[arg(long = "as-group", value_name = "GROUP")]
    pub groups: Vec<String>,
    /// What runs, as `quorate snapshot save` recorded it: the changes are then those of the running sets, judged with their members.
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// The cluster that --snapshot and --live are about: an Application's server or name, or the folder of a Flux cluster.
    #[arg(long, value_name = "NAME")]
    pub destination: Option<String>,
    /// The namespace of objects that name none: `default`; with `--live` that of the kubeconfig's context.
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    #[command(flatten)]
    pub programs: RenderPrograms,
    /// Let these programs use the network.
    #[arg(long)]
    pub network: bool,
    /// A folder with charts: `NAME/Chart.yaml`, or `NAME-VERSION.tgz`. What names them is rendered with them.
    #[arg(long, value_name = "FOLDER")]
    pub chart_dir: Option<PathBuf>,
    /// Print only by which way each rqlite set comes into a cluster, in both states.
    #[arg(long)]
    pub ways: bool,
    /// Render nothing: kustomizations and charts are named as not evaluated.
    #[arg(long)]
    pub no_render: bool,
    /// With `warn`: exit 1 also for a warning.
    #[arg(long, value_enum, default_value_t)]
    pub fail_on: FailOn,
    /// Exit 3 when something was not judged or not evaluated.
    #[arg(long)]
    pub strict: bool,
    /// The format of the output, and where it goes: `text`, `json`, `sarif`, `junit`, `github` or `markdown`, `FORMAT=FILE` for a file. Repeatable.
    #[arg(short, long, value_name = "FORMAT[=FILE]", default_value = "text")]
    pub output: Vec<OutputTo>,
}

/// For which manifests the differences are printed.
#[derive(Debug, Clone, ClapArgs)]
pub struct IgnoreDifferencesOptions {
    /// Files, folders, `-` for standard input.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// The namespace of objects that name none: the destination of the Application. Without it, none is printed for them.
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    #[command(flatten)]
    pub programs: RenderPrograms,
}

/// The programs that render.
#[derive(Debug, Default, Clone, ClapArgs)]
pub struct RenderPrograms {
    /// The program that renders kustomizations; else `kustomize`, or `kubectl`, on the PATH.
    #[arg(long, value_name = "FILE")]
    pub kustomize: Option<PathBuf>,
    /// The program that renders charts; else `helm` on the PATH.
    #[arg(long, value_name = "FILE")]
    pub helm: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    #[default]
    Deny,
    Warn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    Text,
    Json,
    Sarif,
    Junit,
    Github,
    Markdown,
}

/// A format, and the file that it goes to; standard output without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputTo {
    pub format: OutputFormat,
    pub file: Option<PathBuf>,
}

impl FromStr for OutputTo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, file) = match text.split_once('=') {
            Some((_, "")) => return Err("expected a file behind the `=`".to_owned()),
            Some((format, file)) => (format, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let known = || OutputFormat::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let format = OutputFormat::from_str(format, false).map_err(|_| {
            let names: Vec<String> = known().map(|value| format!("`{}`", value.get_name())).collect();
            format!("expected one of {}", names.join(", "))
        })?;
        Ok(Self { format, file })
    }
}
