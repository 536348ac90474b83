//! One guest: compiled for wasm32-unknown-unknown in a target folder of its own, then encoded as a component.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use wit_component::ComponentEncoder;

const TARGET: &str = "wasm32-unknown-unknown";
/// Of the workspace's Cargo.toml.
const PROFILE: &str = "guest";

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

/// Builds the policy and gives the path of its component.
pub(crate) fn component(name: &str, policies: &Path, out: &Path) -> Result<PathBuf> {
    let core = build(name, policies, &out.join("guests"))?;
    let module = fs::read(&core).with_context(|| format!("{}", core.display()))?;
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .with_context(|| format!("encoding {name} as a component"))?;
    let path = out.join(format!("{name}.wasm"));
    fs::write(&path, component)?;
    Ok(path)
}

/// `--crate-type cdylib` alone: beside an rlib, cargo would leave link-time optimisation out.
fn build(name: &str, policies: &Path, target_dir: &Path) -> Result<PathBuf> {
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo
        .args(["rustc", "--package", name, "--lib", "--crate-type", "cdylib"])
        .args(["--profile", PROFILE, "--target", TARGET, "--target-dir"])
        .arg(target_dir)
        .current_dir(policies);
    for variable in OUTER_BUILD {
        cargo.env_remove(variable);
    }
    let status = cargo.status().context("running cargo for the guests")?;
    ensure!(
        status.success(),
        "the policy {name} did not build for {TARGET}; if the target is missing: rustup target add {TARGET}"
    );
    Ok(target_dir.join(TARGET).join(PROFILE).join(format!("{}.wasm", name.replace('-', "_"))))
}
