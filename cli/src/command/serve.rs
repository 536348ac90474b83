//! `quorate serve`: the webhook, from its configuration to the signal that stops it.
//! Answers no request itself; it says what is served and how to try it.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use quorate_contract::Manifest;
use quorate_engine::{PolicySet, RuntimeLimits};
use quorate_webhook::{Addresses, CertificateSource, ReviewSources, Server, ServerConfig};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use super::in_cluster::InCluster;
use crate::args::Serve as Args;
use crate::clock;
use crate::compiled;
use crate::config::{ConfigFile, LogFormat, LogLevel, Logs};
use crate::load::load;
use quorate_check::Exit;
use quorate_check::style::BOLD;

/// A review of the repository that is denied: three voters become one.
const EXAMPLE: &str = "docs/examples/scale-3-to-1.json";

/// What a started server tells whoever started it.
struct Banner<'a> {
    addresses: Addresses,
    certificate: &'a CertificateSource,
    policies: &'a PolicySet,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let mut source = ConfigFile::read(args.config.as_deref())?;
    if let Some(listen) = args.listen {
        source.config.listen = listen.to_string();
    }
    if let Some(listen) = args.metrics_listen {
        source.config.metrics_listen = listen.to_string();
    }
    let resolved = source.resolve()?;
    start_logs(resolved.logs)?;
    compiled::in_child_process(args.config.as_deref());
    let policies = Arc::new(load(&source, &resolved, RuntimeLimits::default())?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let in_cluster = InCluster::connect(&args.cluster.login(), &source, &resolved, &policies).await?;
        let handle = in_cluster.as_ref().and_then(|own| own.handle.clone());
        let server = ServerConfig {
            listen: resolved.listen,
            metrics_listen: resolved.metrics_listen,
            certificate: handle.map_or(resolved.certificate, CertificateSource::Handle),
            callers: resolved.callers,
            body_limit: resolved.body_limit_bytes,
            ..ServerConfig::default()
        };
        serve(server, policies, in_cluster, resolved.logs.format, out).await
    })?;
    Ok(Exit::Allowed)
}

async fn serve(
    config: ServerConfig,
    policies: Arc<PolicySet>,
    in_cluster: Option<InCluster>,
    format: LogFormat,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let stop = StopSignals::new()?;
    let certificate = config.certificate.clone();
    let sources = in_cluster.as_ref().map_or_else(ReviewSources::default, |own| ReviewSources::of(&own.cluster));
    let mut server = Server::bind(config, Arc::clone(&policies), sources, clock::now).await?;
    let banner = Banner { addresses: server.addresses(), certificate: &certificate, policies: &policies };
    match format {
        LogFormat::Text => banner.print(out)?,
        LogFormat::Json => banner.log(),
    }
    let Some(InCluster { cluster, content, certificate, .. }) = in_cluster else {
        return Ok(server.run(stop.signalled()).await?);
    };
    server.attach(&cluster);
    let (stopped, stopping) = watch::channel(false);
    let until_stopped = |mut stopping: watch::Receiver<bool>| async move {
        // Its sender lives as long as what waits here.
        let _ = stopping.wait_for(|stopped| *stopped).await;
    };
    let signalled = async {
        stop.signalled().await;
        stopped.send_replace(true);
        anyhow::Ok(())
    };
    let serving = async { Ok(server.run(until_stopped(stopping.clone())).await?) };
    let clustered = async { Ok(cluster.run(content, certificate, clock::now, until_stopped(stopping.clone())).await?) };
    tokio::try_join!(signalled, serving, clustered)?;
    Ok(())
}

/// The two signals that end a server: SIGTERM of a kubelet, SIGINT of a terminal.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// From here on the signals no longer kill the process.
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be received");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn signalled(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

impl Banner<'_> {
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let Addresses { webhook, metrics } = self.addresses;
        writeln!(out, "{BOLD}quorate {}{BOLD:#} serves", env!("CARGO_PKG_VERSION"))?;
        writeln!(out, "  https://{webhook}/validate and /mutate, certificate {}", self.certificate())?;
        writeln!(out, "  http://{metrics}/livez, /readyz and /metrics")?;
        for policy in self.policies.policies() {
            let (name, Manifest { version, rules, .. }) = (policy.name(), policy.manifest());
            let mode = policy.binding().mode.name();
            writeln!(out, "  {BOLD}{name}{BOLD:#} {version}, rules: {}, mode: {mode}", rules.len())?;
        }
        if Path::new(EXAMPLE).exists() {
            let json = "-H 'Content-Type: application/json'";
            writeln!(
                out,
                "Try a denial:\n  curl -sk https://{}/validate {json} --data @{EXAMPLE}",
                reachable(webhook)
            )?;
        }
        out.flush()
    }

    fn certificate(&self) -> String {
        match self.certificate {
            CertificateSource::Files { chain, .. } => format!("from {}", chain.display()),
            CertificateSource::Own { names, .. } => format!("issued by itself for {}", names.join(", ")),
            CertificateSource::Handle(_) => "from the cluster".to_owned(),
        }
    }

    /// The same, for those who collect logs.
    fn log(&self) {
        for policy in self.policies.policies() {
            let Manifest { version, rules, .. } = policy.manifest();
            let mode = policy.binding().mode.name();
            tracing::info!(policy = policy.name(), version, rules = rules.len(), mode, "policy loaded");
        }
        let Addresses { webhook, metrics } = self.addresses;
        tracing::info!(version = env!("CARGO_PKG_VERSION"), %webhook, %metrics, certificate = self.certificate(), "serving");
    }
}

/// An address that a client on this machine can ask: `0.0.0.0` is every address, and none to connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    let loopback = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        own @ (IpAddr::V4(_) | IpAddr::V6(_)) => own,
    };
    SocketAddr::new(loopback, address.port())
}

/// Ours at the configured level; libraries never chattier than warnings.
fn start_logs(logs: Logs) -> anyhow::Result<()> {
    let level = match logs.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let ours = ["quorate", "quorate_engine", "quorate_facts", "quorate_cluster", "quorate_webhook", "quorate_certs"];
    let targets =
        Targets::new().with_default(level.min(LevelFilter::WARN)).with_targets(ours.map(|target| (target, level)));
    let lines = fmt::layer().with_writer(io::stderr);
    let layer = match logs.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(targets)).try_init()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::reachable;

    #[test]
    fn names_loopback_for_a_server_on_all_addresses() {
        assert_eq!(reachable("0.0.0.0:8443".parse().unwrap()).to_string(), "127.0.0.1:8443");
        assert_eq!(reachable("[::]:8443".parse().unwrap()).to_string(), "[::1]:8443");
        assert_eq!(reachable("10.0.0.7:8443".parse().unwrap()).to_string(), "10.0.0.7:8443");
    }
}
