//! `quorate check` and `quorate ignore-differences`: the gate with the configured policies, and with the cluster of the kubeconfig where it is asked.
//! Evaluates nothing; the gate does.

use std::io::Write;
use std::path::Path;

use quorate_check::{BaseFile, CheckInputs, Exit, LiveCluster, MappedValues, PolicySource, base_file};
use quorate_engine::PolicySet;
use tokio::runtime::Runtime;

use crate::args::{Check, IgnoreDifferences};
use crate::config::{ConfigFile, Resolved, Values};
use crate::live::{cluster, take_snapshot};
use crate::load::{load, offline, select};
use crate::{clock, output};

/// A configuration that was read, and whose policies are not loaded yet.
struct Configured {
    source: ConfigFile,
    resolved: Resolved,
}

impl Configured {
    fn read(config: Option<&Path>, names: &[String]) -> anyhow::Result<Self> {
        Self::of(ConfigFile::read(config)?, names)
    }

    fn of(source: ConfigFile, names: &[String]) -> anyhow::Result<Self> {
        let mut resolved = source.resolve()?;
        select(&source, &mut resolved, names)?;
        Ok(Self { source, resolved })
    }

    fn load(&self) -> anyhow::Result<PolicySet> {
        load(&self.source, &self.resolved, offline())
    }
}

pub(super) fn run(args: &Check, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let (source, notices) = configuration(args)?;
    let values = mapped_values(&source);
    let configured = Configured::of(source, &args.policies)?;
    let (load, runtime) = (|| configured.load(), runtime()?);
    let policies = PolicySource { load: &load, are_configured: args.config.is_some() };
    let given = CheckInputs { policies, live: None, now: clock::now(), notices, values, runtime: &runtime };
    if !args.live {
        return quorate_check::run(&args.options, given, out);
    }
    let login = args.cluster.login(args.impersonate.as_deref(), &args.impersonate_groups);
    let inspector = runtime.block_on(cluster(&login))?;
    let (snapshot, gaps) = runtime.block_on(take_snapshot(&inspector, None))?;
    let reviewer = runtime.block_on(inspector.reviewer(&args.webhooks));
    let live =
        LiveCluster { reviewer: &reviewer, namespace: inspector.namespace().to_owned(), snapshot, not_seen: gaps };
    quorate_check::run(&args.options, CheckInputs { live: Some(live), ..given }, out)
}

fn mapped_values(source: &ConfigFile) -> Vec<MappedValues> {
    let mapped = source.config.check.values.iter().cloned();
    mapped.map(|Values { files, chart, version, release }| MappedValues { files, chart, version, release }).collect()
}

/// The configuration; one that lies in the repository as the base has it, since a change does not decide over itself.
fn configuration(args: &Check) -> anyhow::Result<(ConfigFile, Vec<String>)> {
    let Some(file) = args.config.as_deref() else { return Ok((ConfigFile::read(None)?, Vec::new())) };
    let shown = file.display();
    Ok(match base_file(&args.options, file)? {
        BaseFile::Elsewhere => (ConfigFile::read(Some(file))?, Vec::new()),
        BaseFile::Text { text, changed } => {
            let notice = format!("{shown} changes here; what it says in the base is in force until this is merged");
            (ConfigFile::parse(file, &text)?, changed.then_some(notice).into_iter().collect())
        }
        BaseFile::New => {
            let notice = format!("{shown} is new here, and not in force until this is merged; the defaults are");
            (ConfigFile::read(None)?, vec![notice])
        }
    })
}

pub(super) fn ignore_differences(args: &IgnoreDifferences, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let configured = Configured::read(args.config.as_deref(), &[])?;
    let (load, runtime) = (|| configured.load(), runtime()?);
    let policies = PolicySource { load: &load, are_configured: args.config.is_some() };
    let given = CheckInputs {
        policies,
        live: None,
        now: clock::now(),
        notices: Vec::new(),
        values: Vec::new(),
        runtime: &runtime,
    };
    quorate_check::ignore_differences(&args.options, given, out, &mut |line| output::print_error(line))
}

fn runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
