//! One database node as a test sees it: the process behind a Pod's name, whichever Pod has that name now.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::Signal;

use crate::process::Process;
use crate::wait::eventually;
use crate::watchdog::Watchdog;

/// How a process ended: a code, or the signal that ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        Self { code: status.code(), signal: status.signal() }
    }
}

impl Exit {
    /// As a runtime puts both into one number.
    pub(super) fn number(self) -> i32 {
        self.code.or_else(|| self.signal.map(|signal| 128 + signal)).unwrap_or_default()
    }
}

/// A database node; all its copies are the same one.
#[derive(Clone, Debug)]
pub struct RqliteNode {
    name: String,
    address: Ipv4Addr,
    log: PathBuf,
    state: Arc<Mutex<NodeState>>,
}

#[derive(Debug, Default)]
struct NodeState {
    process: Option<Process>,
    held: bool,
    cordoned: bool,
    exits: Vec<Exit>,
    starts: usize,
}

impl RqliteNode {
    pub(super) fn new(watchdog: &Watchdog, (namespace, pod): (&str, &str), address: Ipv4Addr) -> Self {
        let name = format!("rqlited-{namespace}-{pod}");
        let log = watchdog.folder().join(format!("{name}.log"));
        Self { name, address, log, state: Arc::default() }
    }

    /// The Pod's.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Where it answers HTTP.
    pub fn http(&self) -> SocketAddr {
        SocketAddr::new(self.address.into(), 4001)
    }

    /// SIGKILL; the agent starts it again after its back-off. Waits for the end.
    #[track_caller]
    pub fn kill(&self) {
        let exits = self.exits().len();
        if self.is_running() {
            self.kill_now();
            eventually("a killed node to end", || if self.exits().len() > exits { Ok(()) } else { Err("it runs") });
        }
    }

    /// SIGKILL, and stays down, whatever Pod has its name, until `release`. Waits for the end.
    #[track_caller]
    pub fn hold(&self) {
        self.state().held = true;
        self.kill_now();
        eventually("a held node to end", || if self.is_running() { Err("it runs") } else { Ok(()) });
    }

    /// The agent may start it again.
    pub fn release(&self) {
        self.state().held = false;
    }

    /// Its machine takes no new Pod, as after `kubectl cordon`: what runs goes on, and once that has ended the next Pod of its name
    /// stays Pending until `uncordon`.
    pub fn cordon(&self) {
        self.state().cordoned = true;
    }

    /// The machine is back: it takes Pods again.
    pub fn uncordon(&self) {
        self.state().cordoned = false;
    }

    /// SIGSTOP: it hangs, with its connections open, until `thaw`.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    pub fn is_running(&self) -> bool {
        self.state().process.is_some()
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.state().process.as_ref().and_then(Process::id)
    }

    /// How it ended so far, each time, oldest first.
    pub fn exits(&self) -> Vec<Exit> {
        self.state().exits.clone()
    }

    /// How often it was started.
    pub fn starts(&self) -> usize {
        self.state().starts
    }

    /// What it printed so far, in all its lives.
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    pub(super) fn is_held(&self) -> bool {
        self.state().held
    }

    pub(super) fn is_cordoned(&self) -> bool {
        self.state().cordoned
    }

    pub(super) fn start(&self, watchdog: &Arc<Watchdog>, command: Command) {
        let process = Process::start(watchdog, &self.name, command);
        let mut state = self.state();
        state.starts += 1;
        state.process = Some(process);
    }

    /// Its end, once, if it has ended since this was asked last. What it has started ends with it, as in a container.
    pub(super) fn reap(&self) -> Option<Exit> {
        let mut state = self.state();
        let exit = Exit::from(state.process.as_ref()?.ended()?);
        if let Some(process) = state.process.take() {
            process.kill_group();
        }
        state.exits.push(exit);
        Some(exit)
    }

    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    pub(super) fn kill_now(&self) {
        if let Some(process) = &self.state().process {
            process.kill_group();
        }
    }

    /// To the first process alone, as a runtime does it: a shell that does not `exec` keeps it for itself.
    fn signal(&self, signal: Signal) {
        if let Some(process) = &self.state().process {
            process.signal(signal);
        }
    }

    fn state(&self) -> MutexGuard<'_, NodeState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
