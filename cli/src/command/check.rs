//! `quorate check` and `quorate drift`: the gate with the configured policies, and with the cluster of the kubeconfig where it is asked.
//! Judges nothing; the gate does.

use std::io::Write;
use std::path::Path;

use quorate_check::{Exit, Given, Live, Policies};
use quorate_engine::PolicySet;
use tokio::runtime::Runtime;

use crate::args::{Check, Drift};
use crate::config::{Resolved, Source};
use crate::live::{cluster, look};
use crate::load::{load, offline, select};
use crate::{clock, output};

/// A configuration that was read, and whose policies are not loaded yet.
struct Configured {
    source: Source,
    resolved: Resolved,
}

impl Configured {
    fn read(config: Option<&Path>, names: &[String]) -> anyhow::Result<Self> {
        let source = Source::read(config)?;
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
    let policies = Policies { load: &load, are_configured: args.config.is_some() };
    let given = Given { policies, live: None, now: clock::now(), runtime: &runtime };
    if !args.live {
        return quorate_check::run(&args.options, given, out);
    }
    let login = args.cluster.login(args.impersonate.as_deref(), &args.impersonate_groups);
    let surveyor = runtime.block_on(cluster(&login))?;
    let (snapshot, gaps) = runtime.block_on(look(&surveyor, None))?;
    let guardian = runtime.block_on(surveyor.guarded(&args.webhooks));
    let live = Live { guardian: &guardian, namespace: surveyor.namespace().to_owned(), snapshot, gaps };
    quorate_check::run(&args.options, Given { live: Some(live), ..given }, out)
}

pub(super) fn drift(args: &Drift, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let configured = Configured::read(args.config.as_deref(), &[])?;
    let (load, runtime) = (|| configured.load(), runtime()?);
    let policies = Policies { load: &load, are_configured: args.config.is_some() };
    let given = Given { policies, live: None, now: clock::now(), runtime: &runtime };
    quorate_check::drift(&args.options, given, out, &mut |line| output::complain(line))
}

fn runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
