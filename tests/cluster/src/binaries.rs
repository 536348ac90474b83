//! Finds the binaries of a control plane: those that `KUBEBUILDER_ASSETS` names, else those that `make controlplane` built.
//! Builds none: minutes of compiling inside of a test look like a hang.

use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Debug)]
pub(crate) struct Binaries {
    folders: Vec<PathBuf>,
    minor: String,
}

impl Binaries {
    /// Panics, naming the command that builds them, where one is missing.
    pub(crate) fn find() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../controlplane/build.sh");
        let output = Command::new(&script)
            .arg("--print")
            .output()
            .unwrap_or_else(|error| panic!("{} does not run: {error}", script.display()));
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr);
            panic!("no control plane to test on: {}, once, in minutes", reason.trim());
        }
        let built = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let named = environment("KUBEBUILDER_ASSETS").map(PathBuf::from);
        let folders = named.into_iter().chain([PathBuf::from(built)]).collect();
        Self { folders, minor: environment("K8S").unwrap_or_else(|| "1.36".to_owned()) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let candidates = self.folders.iter().map(|folder| folder.join(name));
        candidates
            .into_iter()
            .find(|path| path.exists())
            .unwrap_or_else(|| panic!("`{name}` is in none of {:?}", self.folders))
    }

    /// As asked for: `1.36`.
    pub(crate) fn minor(&self) -> &str {
        &self.minor
    }
}

/// A variable of the environment, unless it is empty.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment which binaries to use and what to keep"
)]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
