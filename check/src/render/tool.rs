//! The user's own kustomize and helm: which they are, how they are run, and what is said when they are missing or fail.
//! A tool sees no network of ours: proxies that lead nowhere, no git protocol but files, unless `--network` is given.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::input::MANIFEST_BYTES;

/// What a tool may write: as much as several manifests.
const OUTPUT_BYTES: usize = 8 * MANIFEST_BYTES;

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
    /// A command of the program, cut off from network and terminal.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("GIT_TERMINAL_PROMPT", "0");
        if !self.network {
            // The discard port of loopback: nothing answers there.
            for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
                command.env(proxy, "http://127.0.0.1:9");
            }
            command.env("GIT_ALLOW_PROTOCOL", "file");
        }
        command
    }
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
        let errors = child.stderr.take().map(|stderr| std::thread::spawn(move || bounded(stderr)));
        let output = child.stdout.take().map(bounded).transpose();
        let too_much = matches!(&output, Ok(Some(bytes)) if bytes.len() > OUTPUT_BYTES);
        if too_much {
            // Else it would wait for a reader.
            let _ = child.kill();
        }
        let status = child.wait();
        let said = errors.and_then(|reader| reader.join().ok()).and_then(Result::ok).unwrap_or_default();
        let unusable = |error| ToolError::Unusable { tool, error };
        if too_much {
            return Err(ToolError::TooMuch { tool });
        }
        if !status.map_err(unusable)?.success() {
            return Err(ToolError::Failed { tool, said: String::from_utf8_lossy(&said).into_owned() });
        }
        let bytes = output.map_err(unusable)?.unwrap_or_default();
        String::from_utf8(bytes).map(Some).map_err(|_| ToolError::NotText { tool })
    }

    pub(super) fn missing(self) -> ToolError {
        ToolError::Missing { tool: self.tool, option: self.option }
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
