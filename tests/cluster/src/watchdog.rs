//! Ends what a test started, and removes its folder, however the test ends: by drop, by exit (statics are never dropped), by SIGKILL.
//! Knows process ids and one folder; nothing of what runs there.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};

use crate::binaries::environment;

/// A shell that reads a pipe: when our end closes, for whatever reason, it ends what it was told to watch. It ignores
/// what Ctrl-C sends to the terminal's processes, and sits in a group of its own.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
folder=$1
keep=
pids=
while read -r word pid; do
    case $word in
    watch) pids="$pids $pid" ;;
    gone)
        left=
        for other in $pids; do [ "$other" = "$pid" ] || left="$left $other"; done
        pids=$left
        ;;
    keep) keep=yes ;;
    esac
done
# Each leads a group of its own.
for pid in $pids; do kill -KILL "-$pid" "$pid" 2>/dev/null; done
[ -z "$keep" ] || exit 0
for attempt in 1 2 3 4 5; do
    rm -rf "$folder" 2>/dev/null
    [ -e "$folder" ] || exit 0
    sleep 0.2
done
"#;

#[derive(Debug)]
pub(crate) struct Watchdog {
    folder: PathBuf,
    shell: Mutex<Child>,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Watchdog {
    /// Watches over a new folder under the system's temporary one.
    pub(crate) fn start(name: &str) -> Arc<Self> {
        let folder =
            tempfile::Builder::new().prefix(&format!("quorate-{name}-")).tempdir().expect("a temporary folder").keep();
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "watchdog"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell");
        let pipe = Mutex::new(shell.stdin.take());
        let watchdog = Arc::new(Self { folder, shell: Mutex::new(shell), pipe });
        if environment("KEEP").is_some_and(|value| value != "0") {
            watchdog.keep("KEEP is set");
        }
        keep_on_panic(&watchdog);
        watchdog
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn watch(&self, pid: u32) {
        self.tell(&format!("watch {pid}"));
    }

    /// To be told before the process is waited for: afterwards its id may be another's.
    pub(crate) fn gone(&self, pid: u32) {
        self.tell(&format!("gone {pid}"));
    }

    fn keep(&self, reason: &str) {
        self.tell("keep");
        eprintln!("{reason}: state and logs are kept in {}", self.folder.display());
    }

    fn tell(&self, line: &str) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = pipe.as_mut() {
            // A watchdog that is gone has nobody left to watch.
            writeln!(pipe, "{line}").unwrap_or_default();
        }
    }

    /// Ends everything that is watched, and waits until the folder is gone.
    pub(crate) fn end(&self) {
        drop(self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take());
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = shell.wait() {
            eprintln!("the watchdog over {}: {error}", self.folder.display());
        }
    }
}

/// A failed test keeps the state of every control plane of its process: a shared one belongs to no test's stack.
fn keep_on_panic(watchdog: &Arc<Watchdog>) {
    static HOOK: Once = Once::new();
    static ALL: Mutex<Vec<Weak<Watchdog>>> = Mutex::new(Vec::new());
    ALL.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(watchdog));
    HOOK.call_once(|| {
        let former = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            former(info);
            let alive: Vec<_> =
                ALL.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect();
            alive.iter().for_each(|watchdog| watchdog.keep("a test failed"));
        }));
    });
}
