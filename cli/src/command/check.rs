//! `quorate check` and `quorate ignore-differences`: the gate with the configured policies, and with the cluster of the kubeconfig where it is asked.
//! Evaluates nothing; the gate does.

use std::io::Write;
use std::path::Path;

use quorate_check::{CheckInputs, Exit, LiveCluster, PolicySource};
use quorate_engine::PolicySet;
use tokio::runtime::Runtime;

use crate::args::{Check, IgnoreDifferences};
use crate::config::{ConfigFile, Resolved};
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
        let source = ConfigFile::read(config)?;
        let mut resolved = source.resolve()?;
        select(&source, &mut resolved, names)?;
        Ok(Self { source, resolved })
    }

    fn load(&self) -> anyhow::Result<PolicySet> {
        load(&self.source, &self.resolved, offline())
    }
}

pub(super) fn run(args: &Check, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let configured = Configured::read(args.config.as_deref(), &args.policies)?;
    let (load, runtime) = (|| configured.load(), runtime()?);
    let policies = PolicySource { load: &load, are_configured: args.config.is_some() };
    let given = CheckInputs { policies, live: None, now: clock::now(), runtime: &runtime };
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

pub(super) fn ignore_differences(args: &IgnoreDifferences, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let configured = Configured::read(args.config.as_deref(), &[])?;
    let (load, runtime) = (|| configured.load(), runtime()?);
    let policies = PolicySource { load: &load, are_configured: args.config.is_some() };
    let given = CheckInputs { policies, live: None, now: clock::now(), runtime: &runtime };
    quorate_check::ignore_differences(&args.options, given, out, &mut |line| output::print_error(line))
}

fn runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
