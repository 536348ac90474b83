//! A server in a process of its own, so that its CPU time can be told from the client's.
//! Measures no request.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::BenchResult;
use quorate_tests::client::Target;

/// Before the kind, on the child's command line.
pub(crate) const SERVE: &str = "--serve";

/// `/proc/<pid>/stat` counts in hundredths of a second on every Linux (USER_HZ; proc_pid_stat(5)).
const TICK: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerKind {
    /// Reads the body and always gives the same answer, over the same TLS, HTTP and router.
    Constant,
    /// The webhook with no policy: the envelope is read, nothing matches.
    Empty,
    /// The webhook with the four built-in policies.
    Builtin,
}

impl ServerKind {
    /// The one that all are compared with comes first.
    pub(crate) const ALL: [Self; 3] = [Self::Constant, Self::Empty, Self::Builtin];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Constant => "constant answer",
            Self::Empty => "no policy",
            Self::Builtin => "4 policies",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Empty => "empty",
            Self::Builtin => "builtin",
        }
    }

    pub(crate) fn named(name: &str) -> BenchResult<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| format!("`{name}` is no server").into())
    }
}

/// Killed when it is dropped.
pub(crate) struct Child {
    process: std::process::Child,
    pub(crate) target: Target,
}

impl Child {
    /// Starts this program again and waits until it listens.
    pub(crate) fn start(kind: ServerKind) -> BenchResult<Self> {
        let mut process =
            Command::new(std::env::current_exe()?).args([SERVE, kind.name()]).stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().ok_or("no output of the server")?;
        let mut lines = BufReader::new(stdout).lines();
        let address: SocketAddr = lines.next().ok_or("the server did not start")??.parse()?;
        let mut authority = String::new();
        for line in lines {
            let line = line?;
            authority.push_str(&line);
            authority.push('\n');
            if line.starts_with("-----END") {
                break;
            }
        }
        Ok(Self { target: Target::new(address, &authority)?, process })
    }

    /// User and system time of all its threads so far.
    pub(crate) fn cpu(&self) -> BenchResult<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The second field is the program's name in parentheses, and may hold blanks; utime and stime are fields 14 and 15.
        let (_, fields) = stat.rsplit_once(')').ok_or("unreadable /proc/<pid>/stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>).sum::<Result<u32, _>>()?;
        Ok(TICK * ticks)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
