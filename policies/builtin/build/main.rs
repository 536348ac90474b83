//! Builds every built-in policy for wasm32, encodes it as a component, and writes `modules.rs`, which embeds them.
//! Writes nothing outside of OUT_DIR.
#![expect(clippy::print_stdout, reason = "cargo reads a build script's standard output")]
#![expect(clippy::disallowed_methods, reason = "cargo speaks to a build script through its environment")]

mod page;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use quorate_guest_build::Guest;

/// The built-in policies, a line each: the one list that all others read. Mutating ones run in this order: `remove-on-shutdown` has to see
/// an `-auth` that `secret-mounts` injects, since a node with it needs `-join-as` to remove itself.
const POLICIES: &str = include_str!("../policies.txt");

/// Of the workspace's Cargo.toml.
const PROFILE: &str = "guest";

/// What every guest is built from, besides its own folder; from `policies/`.
const SHARED_SOURCES: [&str; 12] = [
    "../contract/policy.wit",
    "../sdk/rust/src",
    "../sdk/rust/Cargo.toml",
    "sdk/src",
    "sdk/Cargo.toml",
    "../rqlite/src",
    "../rqlite/Cargo.toml",
    "../kubernetes/src",
    "../kubernetes/Cargo.toml",
    "../document/src",
    "../document/Cargo.toml",
    "../Cargo.lock",
];

fn main() -> Result<()> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let policies = manifest.parent().context("policies/builtin stands in policies/")?;
    rerun_if_changed(policies);

    let mut list = String::from("const MODULES: &[Module] = &[\n");
    for name in POLICIES.lines() {
        let folder = policies.join(name);
        let guest = Guest { name, folder: &folder, profile: PROFILE, target_dir: &out.join("guests"), locked: false };
        let component = out.join(format!("{name}.wasm"));
        fs::write(&component, guest.component()?)?;
        let pages = page::pages(name, &folder)?;
        module(&mut list, name, &component, &pages)?;
    }
    list.push_str("];\n");
    fs::write(out.join("modules.rs"), list)?;
    Ok(())
}

fn rerun_if_changed(policies: &Path) {
    let own = POLICIES.lines().flat_map(|name| [format!("{name}/src"), format!("{name}/Cargo.toml")]);
    for path in SHARED_SOURCES.into_iter().map(str::to_owned).chain(own) {
        println!("cargo::rerun-if-changed={}", policies.join(path).display());
    }
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=policies.txt");
}

fn module(list: &mut String, name: &str, component: &Path, pages: &[page::Page]) -> Result<()> {
    writeln!(list, "Module {{ name: {name:?}, wasm: include_bytes!({component:?}), pages: &[")?;
    for page in pages {
        writeln!(list, "Page {{ rule: {:?}, text: {:?} }},", page.rule, page.text)?;
    }
    writeln!(list, "] }},")?;
    Ok(())
}
