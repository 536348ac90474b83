//! Compiles a policy for wasm32-unknown-unknown in a target folder of its own, and encodes it as a component.
//! For build scripts and tests; knows no policy.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use wit_component::ComponentEncoder;

const TARGET: &str = "wasm32-unknown-unknown";

/// Variables by which the outer build (coverage, clippy, a cross build) would change what a guest is.
const OUTER_BUILD: [&str; 7] = [
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "LLVM_PROFILE_FILE",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
];

/// A policy to build.
#[derive(Debug, Clone, Copy)]
pub struct Guest<'a> {
    /// The package.
    pub name: &'a str,
    /// Its folder, in which its `Cargo.toml` is.
    pub folder: &'a Path,
    /// Of its `Cargo.toml`, or of its workspace's; not `dev`, whose output cargo calls otherwise.
    pub profile: &'a str,
    /// Not the one of the outer build, which holds that one's lock.
    pub target_dir: &'a Path,
    /// With exactly the versions of its `Cargo.lock`.
    pub locked: bool,
}

impl Guest<'_> {
    /// Builds the policy and gives the bytes of its component.
    ///
    /// # Errors
    /// When it does not compile, or is no component.
    pub fn component(&self) -> Result<Vec<u8>> {
        let core = self.core_module()?;
        let module = fs::read(&core).with_context(|| format!("{}", core.display()))?;
        let encoded = || ComponentEncoder::default().validate(true).module(&module)?.encode();
        encoded().with_context(|| format!("encoding {} as a component", self.name))
    }

    /// Builds the policy and gives the path of what the compiler wrote, no component yet.
    ///
    /// # Errors
    /// When it does not compile.
    pub fn core_module(&self) -> Result<PathBuf> {
        // `--crate-type cdylib` alone: beside an rlib, cargo would leave link-time optimisation out.
        let Self { name, folder, profile, target_dir, locked } = *self;
        // A test that is started by hand has no such variable.
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into()));
        cargo
            .args(["rustc", "--package", name, "--lib", "--crate-type", "cdylib"])
            .args(["--profile", profile, "--target", TARGET, "--target-dir"])
            .arg(target_dir)
            .args(locked.then_some("--locked"))
            .current_dir(folder);
        for variable in OUTER_BUILD {
            cargo.env_remove(variable);
        }
        let status = cargo.status().with_context(|| format!("running cargo for {name}"))?;
        ensure!(
            status.success(),
            "the policy {name} did not build for {TARGET}; if the target is missing: rustup target add {TARGET}"
        );
        Ok(target_dir.join(TARGET).join(profile).join(format!("{}.wasm", name.replace('-', "_"))))
    }
}
