//! A container's readiness probe, more often than it says: a test need not wait for five seconds.
//! Startup and liveness probes are ignored (nothing is restarted because of them), and so are delays before the first one and
//! success thresholds. An `exec` probe counts as passed.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::http::{self, Request};

/// Between two probes.
const PERIOD: Duration = Duration::from_millis(300);

/// Kubernetes' defaults.
const TIMEOUT_SECONDS: u64 = 1;
const FAILURES: u32 = 3;

/// Probes until it is dropped, on a thread of its own: a frozen process makes every probe wait.
#[derive(Debug)]
pub(super) struct Prober {
    ready: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
}

impl Prober {
    /// None: the container has no readiness probe, and is ready when it runs.
    pub(super) fn start(container: &Container, address: IpAddr) -> Option<Self> {
        let probe = container.readiness_probe.clone()?;
        let target = Target::new(container, &probe, address)?;
        let prober = Self { ready: Arc::default(), stop: Arc::default() };
        let (ready, stop) = (Arc::clone(&prober.ready), Arc::clone(&prober.stop));
        let threshold = probe.failure_threshold.map_or(FAILURES, i32::unsigned_abs);
        thread::spawn(move || {
            let mut failures = 0;
            while !stop.load(Ordering::SeqCst) {
                failures = if target.passes() { 0 } else { failures + 1 };
                if failures == 0 {
                    ready.store(true, Ordering::SeqCst);
                } else if failures >= threshold {
                    ready.store(false, Ordering::SeqCst);
                }
                thread::sleep(PERIOD);
            }
        });
        Some(prober)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst)
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

struct Target {
    address: SocketAddr,
    /// None: a connection is enough.
    request: Option<Request>,
    tls: bool,
    limit: Duration,
}

impl Target {
    fn new(container: &Container, probe: &Probe, address: IpAddr) -> Option<Self> {
        let seconds = probe.timeout_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let limit = Duration::from_secs(seconds.unwrap_or(TIMEOUT_SECONDS));
        if let Some(action) = &probe.http_get {
            let host = action.host.as_deref().and_then(|host| host.parse().ok()).unwrap_or(address);
            let address = SocketAddr::new(host, port(container, &action.port)?);
            let tls = action.scheme.as_deref() == Some("HTTPS");
            return Some(Self { address, request: Some(request(action)), tls, limit });
        }
        let action = probe.tcp_socket.as_ref()?;
        let address = SocketAddr::new(address, port(container, &action.port)?);
        Some(Self { address, request: None, tls: false, limit })
    }

    fn passes(&self) -> bool {
        let Some(request) = &self.request else { return TcpStream::connect_timeout(&self.address, self.limit).is_ok() };
        let answer = match self.tls {
            true => http::ask_over_tls(self.address, request, self.limit),
            false => http::ask(self.address, request, self.limit),
        };
        answer.is_ok_and(|(status, _)| (200..400).contains(&status))
    }
}

fn request(action: &HTTPGetAction) -> Request {
    let headers = action.http_headers.iter().flatten();
    let request = Request::get(action.path.as_deref().unwrap_or("/"));
    headers.fold(request, |request, header| request.header(&header.name, &header.value))
}

fn port(container: &Container, port: &IntOrString) -> Option<u16> {
    let named: HashMap<&str, i32> = (container.ports.iter().flatten())
        .filter_map(|port| Some((port.name.as_deref()?, port.container_port)))
        .collect();
    let number = match port {
        IntOrString::Int(number) => *number,
        IntOrString::String(name) => *named.get(name.as_str())?,
    };
    u16::try_from(number).ok()
}
