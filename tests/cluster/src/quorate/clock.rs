//! A clock that is wrong, for one replica: libfaketime shows its process another time of day. How fast time passes stays as it is.

use std::path::PathBuf;
use std::process::Command;

/// Where Debian and Fedora have it, a folder for each platform on the first.
const FOLDERS: [&str; 3] = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];
const LIBRARY: &str = "faketime/libfaketime.so.1";

/// How far a clock is off.
#[derive(Debug, Clone)]
pub struct Clock {
    library: PathBuf,
    offset: String,
}

impl Clock {
    /// As libfaketime is told it: `+70d`, `-50m`. None, and said loudly, where this machine does not have it.
    #[must_use]
    pub fn off_by(offset: &str) -> Option<Self> {
        let found = library();
        if found.is_none() {
            eprintln!("SKIPPED a clock that is off by {offset}: no {LIBRARY} on this machine (Debian: faketime)");
        }
        found.map(|library| Self { library, offset: offset.to_owned() })
    }

    pub(super) fn set(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("FAKETIME", &self.offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
}

fn library() -> Option<PathBuf> {
    let folders = FOLDERS.iter().map(PathBuf::from);
    let of_platforms = std::fs::read_dir(FOLDERS[0]).into_iter().flatten().flatten().map(|entry| entry.path());
    folders.chain(of_platforms).map(|folder| folder.join(LIBRARY)).find(|path| path.is_file())
}
