//! One replica: a process that believes to be the container of a Pod of the Deployment.
//! Listens on the Pod's own address where that is a local one (`isolation`), else on loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::control_plane::{ControlPlane, free_port};
use crate::http::{self, Request};
use crate::isolation;
use crate::process::Process;
use crate::program::binary;
use crate::quorate::Clock;
use crate::wait::eventually;

/// A probe that takes longer has no answer.
const PROBE: Duration = Duration::from_secs(5);

/// The Pod that a replica believes to be in.
#[derive(Clone, Debug)]
pub(super) struct Pod {
    pub(super) name: String,
    /// One at least.
    pub(super) addresses: Vec<IpAddr>,
}

#[derive(Debug)]
pub struct Replica {
    pod: Pod,
    address: SocketAddr,
    metrics: SocketAddr,
    process: Process,
}

impl Replica {
    #[track_caller]
    pub(super) fn start(
        plane: &ControlPlane,
        pod: &Pod,
        config: &Path,
        kubeconfig: &Path,
        clock: Option<&Clock>,
    ) -> Self {
        let port = |key: &str| match isolation::is_own_network() {
            true => SocketAddr::new(pod.addresses[0], configured_port(config, key)),
            false => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), free_port()),
        };
        let [address, metrics] = ["listen", "metricsListen"].map(port);
        let mut command = Command::new(binary());
        command.args(["serve", "--config"]).arg(config);
        // With several addresses as it is configured: at all of them. So there can be but one such replica.
        if pod.addresses.len() == 1 || !isolation::is_own_network() {
            command.args(["--listen", &address.to_string(), "--metrics-listen", &metrics.to_string()]);
        }
        command
            .env("KUBECONFIG", kubeconfig)
            .env("POD_NAME", &pod.name)
            .env("POD_NAMESPACE", super::SYSTEM)
            .env("POD_IP", pod.addresses[0].to_string());
        clock.iter().for_each(|clock| clock.set(&mut command));
        let process = plane.spawn(&pod.name, command);
        Self { pod: pod.clone(), address, metrics, process }
    }

    /// The Pod's name.
    pub fn pod(&self) -> &str {
        &self.pod.name
    }

    /// The Pod's addresses with the port of `/validate` and `/mutate`.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.pod.addresses.iter().map(|ip| SocketAddr::new(*ip, self.address.port())).collect()
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Of `/validate` and `/mutate`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until `/readyz` says 200.
    #[track_caller]
    pub fn await_ready(&self) {
        eventually(&format!("{} to be ready", self.pod.name), || match self.probe("/readyz") {
            Ok((200, _)) => Ok(()),
            Ok((status, body)) => Err(format!("{status} {body}{}", self.process.last_words())),
            Err(error) => Err(format!("{error} {}", self.process.last_words())),
        });
    }

    /// Whether `/readyz` says 200 now.
    pub fn is_ready(&self) -> bool {
        matches!(self.probe("/readyz"), Ok((200, _)))
    }

    /// What `/readyz` says; empty where it does not answer.
    pub fn readiness(&self) -> String {
        self.probe("/readyz").map(|(_, body)| body).unwrap_or_default()
    }

    /// The value of a metric, by the beginning of its line: `quorate_cluster_leader`.
    pub fn metric(&self, line: &str) -> Option<f64> {
        let (_, body) = self.probe("/metrics").ok()?;
        let found = body.lines().find_map(|text| text.strip_prefix(line))?;
        found.rsplit(' ').next()?.parse().ok()
    }

    /// Status and body of a GET at the metrics port.
    fn probe(&self, path: &str) -> std::io::Result<(u16, String)> {
        http::ask(self.metrics, &Request::get(path), PROBE)
    }
}

/// Of `listen: "[::]:8443"`.
#[track_caller]
fn configured_port(config: &Path, key: &str) -> u16 {
    let text = std::fs::read_to_string(config).expect("the configuration");
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
    let port = line.and_then(|address| address.trim_matches('"').rsplit(':').next()?.parse().ok());
    port.unwrap_or_else(|| panic!("`{key}` has no port in {}", config.display()))
}
