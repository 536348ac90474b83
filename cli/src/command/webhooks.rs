//! `quorate webhooks`: what the API server is to be told, for `kubectl apply`: both webhook configurations, or the backstop.
//! Talks to no cluster. What the running server adds to them (caBundles, entries that name known sets) is not printed.

use std::io::Write;

use quorate_cluster::registration::{Client, Registration};
use serde::Serialize;

use crate::args::Webhooks as Args;
use crate::config::ConfigFile;
use crate::load::{load, offline, registered};
use quorate_check::Exit;

pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let source = ConfigFile::read(args.config.as_deref())?;
    let resolved = source.resolve()?;
    let registration = match &args.url {
        Some(url) => Registration::at(Client::Url(url.0.clone())),
        None => Registration::in_cluster(&args.service.namespace, &args.service.name),
    };
    if args.backstop {
        let backstop = registration.backstop();
        print(&backstop.policy, out)?;
        print(&backstop.binding, out)?;
        return Ok(Exit::Allowed);
    }
    let loaded = load(&source, &resolved, offline())?;
    let policies = registered(&source, loaded.policies());
    print(&registration.validating(&policies), out)?;
    print(&registration.mutating(&policies), out)?;
    Ok(Exit::Allowed)
}

fn print(object: &impl Serialize, out: &mut dyn Write) -> anyhow::Result<()> {
    let yaml = serde_saphyr::to_string(object)?;
    write!(out, "---\n{yaml}")?;
    Ok(())
}
