//! Builds a policy of this tree and loads it; each component once, and again only where one of its sources is newer.
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use quorate_engine::{
    Binding, CompiledModules, Description, LoadError, Policy, PolicyLimits, RuntimeLimits, WasmRuntime,
};
use quorate_facts::PROVIDER;
use quorate_tests::workspace;
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    JavaScript,
    Python,
}

pub(crate) const LANGUAGES: [Language; 2] = [Language::JavaScript, Language::Python];

impl Language {
    fn folder(self) -> &'static str {
        match self {
            Self::JavaScript => "js",
            Self::Python => "python",
        }
    }

    /// Where `tools.sh` puts the program that makes components; none, and said so, where it did not.
    fn tools(self) -> Option<PathBuf> {
        let (folder, program) = match self {
            Self::JavaScript => ("js/node_modules/.bin", "componentize-qjs"),
            Self::Python => ("python/bin", "componentize-py"),
        };
        let folder = target().join("tools").join(folder);
        if folder.join(program).exists() {
            return Some(folder);
        }
        eprintln!("SKIPPED: no {program} in {}; `make script-tools` installs it", folder.display());
        None
    }

    /// This policy with these settings: one of `policies`, or an example of the SDK.
    pub(crate) fn policy(self, name: &str, settings: Value) -> Option<Policy> {
        Some(self.load(name, settings)?.unwrap())
    }

    pub(crate) fn load(self, name: &str, settings: Value) -> Option<Result<Policy, LoadError>> {
        self.built(name, |component| runtime().load(name, component, bound(settings)))
    }

    /// What it says of itself.
    pub(crate) fn describe(self, name: &str) -> Option<Description> {
        self.built(name, |component| runtime().describe(component).unwrap())
    }

    /// The number of the first line of the probe's source that has this in it.
    pub(crate) fn line(self, text: &str) -> usize {
        let file = match self {
            Self::JavaScript => "policy.js",
            Self::Python => "policy.py",
        };
        let folder = workspace().join("tests/scripts/policies").join(self.folder()).join("probe");
        let source = std::fs::read_to_string(folder.join(file)).unwrap();
        source.lines().position(|line| line.contains(text)).map(|index| index + 1).unwrap()
    }

    /// Builds it, and compiles it, where that was not done before; one at a time, so that no two tests do the same.
    fn built<T>(self, name: &str, load: impl FnOnce(&[u8]) -> T) -> Option<T> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let tools = self.tools()?;
        let sdk = workspace().join("sdk").join(self.folder());
        let own = workspace().join("tests/scripts/policies").join(self.folder()).join(name);
        let policy = if own.is_dir() { own } else { sdk.join("examples").join(name) };
        let out = target().join(format!("tmp/scripts/{}-{name}.wasm", self.folder()));
        let sources = [newest(&policy), newest(&sdk), modified(&workspace().join("contract/policy.wit"))];
        if modified(&out) < sources.into_iter().max().flatten() {
            std::fs::create_dir_all(out.parent().unwrap()).unwrap();
            build(&sdk, &policy, &out, &tools).unwrap_or_else(|said| panic!("{self:?}: {name}: {said}"));
        }
        Some(load(&std::fs::read(out).unwrap()))
    }

    /// What the SDK's script says of an example with another world.
    pub(crate) fn build_in_world(self, example: &str, world: &str) -> Option<Result<(), String>> {
        let tools = self.tools()?;
        let sdk = workspace().join("sdk").join(self.folder());
        let policy = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(sdk.join("examples").join(example)).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), policy.path().join(file.file_name())).unwrap();
        }
        std::fs::write(policy.path().join("world.wit"), world).unwrap();
        Some(build(&sdk, policy.path(), &policy.path().join("out.wasm"), &tools))
    }
}

fn build(sdk: &Path, policy: &Path, out: &Path, tools: &Path) -> Result<(), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([tools.to_owned()].into_iter().chain(std::env::split_paths(&path))).unwrap();
    let build = Command::new(sdk.join("build.sh")).args([policy, out]).env("PATH", path).output().unwrap();
    let said = String::from_utf8_lossy(&build.stderr).into_owned();
    if build.status.success() { Ok(()) } else { Err(said) }
}

/// With time to spare: how long a call takes is for benches to say.
fn bound(settings: Value) -> Binding {
    let cpu = if settings.get("does") == Some(&json!("forever")) {
        Duration::from_millis(50)
    } else {
        Duration::from_secs(5)
    };
    let limits = PolicyLimits { cpu, findings: 10_000, ..PolicyLimits::default() };
    Binding { settings, grants: None, limits, ..Binding::default() }
}

/// One runtime; what it compiles stays, since a component of Python takes half a minute.
fn runtime() -> &'static WasmRuntime {
    static RUNTIME: OnceLock<WasmRuntime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let compiled = CompiledModules::at(target().join("tmp/scripts/compiled")).unwrap();
        let limits = RuntimeLimits { instances: 4, ..RuntimeLimits::default() };
        WasmRuntime::with_compiled(limits, &PROVIDER, Some(compiled)).unwrap()
    })
}

/// The target folder of the running test.
fn target() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

/// When something in this folder was last changed; what npm installs apart.
fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let kept = entries.filter(|path| !path.ends_with("node_modules") && !path.ends_with("examples"));
    kept.map(|path| if path.is_dir() { newest(&path) } else { modified(&path) }).max().flatten()
}
