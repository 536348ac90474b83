//! One container's life: started, started again after a growing pause, probed, ended as its Pod asks for.
//! Knows neither the API nor where its command line comes from.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Container as Spec, Pod};
use k8s_openapi::jiff::Timestamp;

use super::node::{Exit, RqliteNode};
use super::probe::Prober;
use super::status::ObservedContainer;
use super::waiting::Waiting;
use crate::watchdog::Watchdog;

/// Between an end and the next start; doubled each time. A kubelet's grow from 10 s to 5 min.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Who ran for so long begins with the first pause again.
const LONG_RUN: Duration = Duration::from_secs(20);
/// Between two attempts to prepare a start: what is missing may come.
const PREPARATION: Duration = Duration::from_secs(1);

pub(super) struct Container {
    node: RqliteNode,
    prober: Option<Prober>,
    started: Option<(Instant, Timestamp)>,
    pause: Duration,
    next: Instant,
    restarts: usize,
    last: Option<Exit>,
    waiting: Option<Waiting>,
    ready: (bool, Timestamp),
    ending: Option<Ending>,
}

struct Ending {
    since: Instant,
    terminated: bool,
}

impl Container {
    pub(super) fn new(node: RqliteNode) -> Self {
        Self {
            node,
            prober: None,
            started: None,
            pause: FIRST_PAUSE,
            next: Instant::now(),
            restarts: 0,
            last: None,
            waiting: None,
            ready: (false, Timestamp::now()),
            ending: None,
        }
    }

    /// Whether it is to be started now.
    pub(super) fn is_due(&self) -> bool {
        self.started.is_none() && !self.node.is_held() && Instant::now() >= self.next
    }

    pub(super) fn start(&mut self, watchdog: &Arc<Watchdog>, spec: &Spec, command: Command) {
        self.node.start(watchdog, command);
        self.restarts += usize::from(self.last.is_some());
        self.started = Some((Instant::now(), Timestamp::now()));
        self.waiting = None;
        self.prober = Prober::start(spec, self.node.address().into());
    }

    pub(super) fn does_not_start(&mut self, reason: Waiting) {
        self.waiting = Some(reason);
        self.next = Instant::now() + PREPARATION;
    }

    /// Notes its end, if it has come.
    pub(super) fn look(&mut self) {
        let Some(exit) = self.node.reap() else { return };
        let ran = self.started.take().map_or(Duration::ZERO, |(since, _)| since.elapsed());
        self.pause = if ran >= LONG_RUN { FIRST_PAUSE } else { self.pause };
        self.next = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.last = Some(exit);
        self.prober = None;
    }

    /// What is to be said of it; `unready`: a test says that it is not ready.
    pub(super) fn seen(&mut self, unready: bool) -> ObservedContainer {
        let probed = self.prober.as_ref().is_none_or(Prober::is_ready);
        let ready = self.started.is_some() && probed && !unready;
        if self.ready.0 != ready {
            self.ready = (ready, Timestamp::now());
        }
        ObservedContainer {
            address: self.node.address().to_string(),
            running_since: self.started.map(|(_, since)| since),
            ready,
            ready_since: self.ready.1,
            restarts: self.restarts,
            last: self.last,
            waiting: self.waiting.clone(),
        }
    }

    /// The next step of its end; true when it has come. Time that preStop takes is part of the grace, and SIGTERM comes two
    /// seconds before SIGKILL at the latest, as with a kubelet. A grace that is shortened meanwhile counts.
    pub(super) fn end(&mut self, pod: &Pod, spec: &Spec) -> bool {
        self.look();
        if self.started.is_none() {
            return true;
        }
        let grace = pod.metadata.deletion_grace_period_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let grace = Duration::from_secs(grace.unwrap_or_default());
        let pre_stop = pre_stop(spec);
        let ending = self.ending.get_or_insert_with(|| Ending { since: Instant::now(), terminated: false });
        let passed = ending.since.elapsed();
        let limit = if pre_stop >= grace { grace + Duration::from_secs(2) } else { grace };
        // Without any grace (`--force`) nothing is said before.
        if grace.is_zero() || passed >= limit {
            self.node.kill_now();
        } else if passed >= pre_stop.min(grace) && !ending.terminated {
            ending.terminated = true;
            self.node.terminate();
        }
        false
    }

    /// SIGKILL, and waits for the end.
    pub(super) fn kill(&mut self) {
        while self.node.is_running() {
            self.node.kill_now();
            self.look();
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// How long `preStop` takes: a `sleep` action, or `sleep N` as its command. Nothing else is run.
fn pre_stop(spec: &Spec) -> Duration {
    let Some(handler) = spec.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref()) else {
        return Duration::ZERO;
    };
    let by_action = handler.sleep.as_ref().and_then(|sleep| u64::try_from(sleep.seconds).ok());
    let words: Vec<&str> =
        handler.exec.iter().flat_map(|exec| exec.command.iter().flatten()).flat_map(|word| word.split(' ')).collect();
    let at = words.iter().position(|word| word.rsplit('/').next() == Some("sleep"));
    let by_command = at.and_then(|at| words.get(at + 1)).and_then(|seconds| seconds.trim_end_matches('s').parse().ok());
    Duration::from_secs(by_action.or(by_command).unwrap_or_default())
}
