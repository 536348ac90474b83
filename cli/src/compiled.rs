//! Where compiled policies stay between calls: below `QUORATE_CACHE`, else in the user's cache folder. Without one, each call compiles.
//! Does not compile.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use quorate_engine::{CompiledModules, FolderError};

use crate::output;

/// A folder, or `off`.
const VARIABLE: &str = "QUORATE_CACHE";

/// For a child that compiles; a slow one is not waited for.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How often it is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The folder, when there is one that is ours alone. One that was asked for and cannot be used is complained of, once.
pub(crate) fn modules() -> Option<CompiledModules> {
    static MODULES: OnceLock<Option<CompiledModules>> = OnceLock::new();
    MODULES.get_or_init(find).clone()
}

/// Of a disk that is full, most likely. A server has logged it.
pub(crate) fn warn_if_not_stored() {
    let logs = tracing::dispatcher::has_been_set();
    if let Some(problem) = modules().filter(|_| !logs).and_then(|modules| modules.unkept()) {
        output::print_error(problem);
    }
}

fn find() -> Option<CompiledModules> {
    match env::var_os(VARIABLE) {
        Some(off) if off.is_empty() || off == "off" => None,
        Some(asked) => below(asked.into())
            .map_err(|error| output::print_error(format!("{VARIABLE}: {error}; policies are compiled at each start")))
            .ok(),
        None => {
            let home = || set("HOME").map(|home| PathBuf::from(home).join(".cache"));
            below(set("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?.join("quorate")).ok()
        }
    }
}

fn below(folder: PathBuf) -> Result<CompiledModules, FolderError> {
    CompiledModules::at(folder.join("policies"))
}

fn set(variable: &str) -> Option<OsString> {
    env::var_os(variable).filter(|value| !value.is_empty())
}

/// Has a child load the policies of this configuration once, so that the memory which the compiler takes goes when the child ends.
/// What fails in it is not lost: whoever loads afterwards does it again, and reports.
pub(crate) fn in_child_process(config: Option<&Path>) {
    // What is no plain file may be read only once.
    if modules().is_none() || !config.is_none_or(Path::is_file) {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut command = Command::new(program);
    command.args(["policy", "list"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    match command.spawn() {
        Ok(child) => await_end(child),
        Err(error) => tracing::debug!(%error, "no child to compile policies"),
    }
}

fn await_end(mut child: Child) {
    let deadline = Instant::now() + TIMEOUT;
    while let Ok(None) = child.try_wait() {
        if Instant::now() >= deadline {
            // It is gone already when it cannot be killed.
            let _ = child.kill();
            let _ = child.wait();
            return;
        }
        thread::sleep(POLL_INTERVAL);
    }
}
