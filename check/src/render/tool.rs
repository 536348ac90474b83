//! The user's own kustomize and helm: which they are, how they are run, and what is said when they are missing or fail.
//! A tool sees no network of ours and nothing of our environment, unless `--network` is given.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::input::MANIFEST_BYTES;

/// What a tool may write: as much as several manifests.
const OUTPUT_BYTES: usize = 8 * MANIFEST_BYTES;

/// What a tool may take for one folder.
const LONGEST: Duration = Duration::from_secs(60);

/// What it may take to end once nobody reads what it writes.
const WITHOUT_OUTPUT: Duration = Duration::from_secs(2);

/// How often its end is looked for.
const LOOK: Duration = Duration::from_millis(2);

/// How the tools are called.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub(crate) kustomize: Option<PathBuf>,
    pub(crate) helm: Option<PathBuf>,
    pub(crate) network: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ToolError {
    #[error("{tool} is not to be found; install it, name it with {option}, or give rendered manifests")]
    Missing { tool: &'static str, option: &'static str },
    #[error("{tool} cannot be run: {error}")]
    Unusable { tool: &'static str, error: io::Error },
    #[error("{tool} failed: {}", shortened(said))]
    Failed { tool: &'static str, said: String },
    #[error("{tool} wrote more than {OUTPUT_BYTES} bytes")]
    TooMuch { tool: &'static str },
    #[error("{tool} took more than {} s", LONGEST.as_secs())]
    TooLong { tool: &'static str },
    #[error("{tool} wrote something else than text")]
    NotText { tool: &'static str },
}

impl ToolError {
    /// Without the folder that the tree was laid down in, which may be another one each time.
    pub(crate) fn without(self, folder: &Path) -> Self {
        let Self::Failed { tool, said } = self else { return self };
        let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let said = if absolute.is_absolute() { said.replace(&*absolute.to_string_lossy(), ".") } else { said };
        Self::Failed { tool, said }
    }
}

/// A tool and the option that names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToolName {
    pub(super) tool: &'static str,
    pub(super) option: &'static str,
}

impl Tools {
    /// A command of the program, with bounded memory, cut off from the terminal; without `--network` from the network, and from all that
    /// the environment holds of whoever runs the check.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = bounded_command(program);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if !self.network {
            command.env_clear();
            let kept = ["PATH", "TMPDIR", "LANG", "SYSTEMROOT"].into_iter();
            command.envs(kept.filter_map(|name| Some((name, std::env::var_os(name)?))));
            // The discard port of loopback: nothing answers there.
            for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
                command.env(proxy, "http://127.0.0.1:9").env(proxy.to_lowercase(), "http://127.0.0.1:9");
            }
            command.env("GIT_ALLOW_PROTOCOL", "none");
        }
        command.env("GIT_TERMINAL_PROMPT", "0");
        command
    }
}

/// Memory that a tool may take, in KiB.
const MEMORY_KIB: u32 = 4 << 20;

/// Where there is a shell, it sets the bound; a system without that bound goes on without.
fn bounded_command(program: &Path) -> Command {
    const SHELL: &str = "/bin/sh";
    let Some(found) = on_path(program).filter(|_| Path::new(SHELL).exists()) else { return Command::new(program) };
    let mut command = Command::new(SHELL);
    command.args(["-c", &format!("ulimit -v {MEMORY_KIB} 2>/dev/null; exec \"$0\" \"$@\"")]).arg(found);
    command
}

/// The program's file. None: there is no such program.
fn on_path(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|file| file.is_file())
}

impl ToolName {
    /// Runs the command and gives what it wrote. `Ok(None)`: there is no such program.
    pub(super) fn run(self, mut command: Command) -> Result<Option<String>, ToolError> {
        let Self { tool, .. } = self;
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ToolError::Unusable { tool, error }),
        };
        let errors = child.stderr.take().map(|stderr| thread::spawn(move || bounded(stderr)));
        let output = child.stdout.take().map(|stdout| thread::spawn(move || bounded(stdout)));
        let unusable = |error| ToolError::Unusable { tool, error };
        let status = ended(&mut child, output.as_ref()).map_err(unusable)?;
        let read = |reader: Option<JoinHandle<io::Result<Vec<u8>>>>| {
            reader.and_then(|reader| reader.join().ok()).transpose().map(Option::unwrap_or_default)
        };
        let Some(status) = status else { return Err(ToolError::TooLong { tool }) };
        let said = read(errors).unwrap_or_default();
        let bytes = read(output).map_err(unusable)?;
        if bytes.len() > OUTPUT_BYTES {
            return Err(ToolError::TooMuch { tool });
        }
        if !status.success() {
            return Err(ToolError::Failed { tool, said: String::from_utf8_lossy(&said).into_owned() });
        }
        String::from_utf8(bytes).map(Some).map_err(|_| ToolError::NotText { tool })
    }

    pub(super) fn missing(self) -> ToolError {
        ToolError::Missing { tool: self.tool, option: self.option }
    }
}

/// Waits for the end; None: it took too long, and was ended. So is one that writes more than is read.
fn ended<T>(child: &mut Child, output: Option<&JoinHandle<T>>) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut closed = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if output.is_some_and(JoinHandle::is_finished) {
            closed.get_or_insert_with(Instant::now);
        }
        if closed.is_some_and(|closed: Instant| closed.elapsed() > WITHOUT_OUTPUT) {
            child.kill()?;
        }
        if start.elapsed() > LONGEST {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK);
    }
}

fn bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let beyond = u64::try_from(OUTPUT_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    source.take(beyond).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The last lines count: tools say the cause at the end.
fn shortened(said: &str) -> String {
    const SHOWN: usize = 600;
    let words: Vec<&str> = said.split_whitespace().collect();
    let line = words.join(" ");
    let skip = line.chars().count().saturating_sub(SHOWN);
    line.chars().skip(skip).collect()
}
