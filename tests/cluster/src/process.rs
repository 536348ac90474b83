//! One process under a watchdog: started, paused, stopped, started again; its output goes to a file of its own.
//! Does not know what it runs or when that is ready.

use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::watchdog::Watchdog;

/// How long a process gets between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(10);

/// A process that ends with the test that started it, whatever becomes of the test.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: PathBuf,
    watchdog: Arc<Watchdog>,
    running: Mutex<Running>,
}

#[derive(Debug)]
struct Running {
    command: Command,
    child: Option<Child>,
}

impl Process {
    /// Starts the command; what it prints is appended to `<name>.log` in the control plane's folder.
    pub(crate) fn start(watchdog: &Arc<Watchdog>, name: &str, mut command: Command) -> Self {
        let log = watchdog.folder().join(format!("{name}.log"));
        let open = || -> File { OpenOptions::new().create(true).append(true).open(&log).expect("a writable log") };
        command.stdin(Stdio::null()).stdout(open()).stderr(open()).process_group(0);
        let running = Mutex::new(Running { command, child: None });
        let process = Self { name: name.to_owned(), log, watchdog: Arc::clone(watchdog), running };
        process.start_again();
        process
    }

    /// Starts it again as it was started first, if it does not run.
    #[track_caller]
    pub fn start_again(&self) {
        let mut running = self.running();
        if running.child.is_some() {
            return;
        }
        let child = running.command.spawn().unwrap_or_else(|error| panic!("{} does not start: {error}", self.name));
        self.watchdog.watch(child.id());
        running.child = Some(child);
    }

    /// SIGTERM, and SIGKILL if that was not enough; waits for its end.
    pub fn stop(&self) {
        self.resume();
        self.signal(Signal::TERM);
        let deadline = Instant::now() + GRACE;
        while self.is_running() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
        }
        self.kill();
    }

    /// SIGKILL; waits for its end.
    pub fn kill(&self) {
        let Some(mut child) = self.running().child.take() else { return };
        self.watchdog.gone(child.id());
        // An error says that it has ended already.
        child.kill().unwrap_or_default();
        child.wait().map(drop).unwrap_or_default();
    }

    /// SIGSTOP: it hangs, with its connections open, until `resume`.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    pub fn is_running(&self) -> bool {
        let mut running = self.running();
        running.child.as_mut().is_some_and(|child| self.status(child).is_none())
    }

    /// How it ended by itself, if it did.
    pub fn ended(&self) -> Option<ExitStatus> {
        let mut running = self.running();
        running.child.as_mut().and_then(|child| self.status(child))
    }

    /// Its process id, while it was neither stopped nor killed.
    pub fn id(&self) -> Option<u32> {
        self.running().child.as_ref().map(Child::id)
    }

    /// What it printed so far.
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The end of what it printed, for a message.
    pub(crate) fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let start = lines.len().saturating_sub(15);
        format!("{} ({}):\n{}", self.name, self.log.display(), lines.get(start..).unwrap_or_default().join("\n"))
    }

    /// SIGKILL to it and to what it started, and nothing else: its end is seen by `ended`.
    pub(crate) fn kill_group(&self) {
        let running = self.running();
        if let Some(pid) = running.child.as_ref().and_then(pid_of) {
            // It leads a group of its own, whose id stays taken while a member is left; an error says that none is.
            kill_process_group(pid, Signal::KILL).unwrap_or_default();
        }
    }

    /// Nothing, once it has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        let mut running = self.running();
        let Some(child) = running.child.as_mut() else { return };
        if self.status(child).is_some() {
            return;
        }
        if let Some(pid) = pid_of(child) {
            // It was not waited for, so the id is still its own; an error says that it has ended.
            kill_process(pid, signal).unwrap_or_default();
        }
    }

    fn status(&self, child: &mut Child) -> Option<ExitStatus> {
        let status = child.try_wait().ok().flatten();
        if status.is_some() {
            self.watchdog.gone(child.id());
        }
        status
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
