//! `quorate policy build`: what a compiler wrote becomes a policy: a component, with its manifest in a section.
//! The module is run once, to ask for that manifest, as it is when it is loaded.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, anyhow};
use quorate_contract::Manifest;
use quorate_engine::{Inspection, WasmRuntime, with_manifest};
use quorate_facts::PROVIDER;
use wit_component::ComponentEncoder;

use super::needed;
use crate::load::offline;

/// The first bytes of a core module; a component has another version.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

pub(super) fn run(module: &Path, output: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let named = || module.display().to_string();
    let wasm = fs::read(module).with_context(named)?;
    let component = if wasm.starts_with(CORE_MODULE) { encoded(&wasm).with_context(named)? } else { wasm };
    let runtime = WasmRuntime::new(offline(), &PROVIDER)?;
    let text = runtime.manifest_of(&component).with_context(named)?;
    let Manifest { name, version, .. } = Manifest::parse(&text).with_context(named)?;
    let policy = with_manifest(&component, &text).with_context(named)?;
    let Inspection { needs, .. } = Inspection::of(&policy).with_context(named)?;
    fs::write(output, &policy).with_context(|| output.display().to_string())?;
    writeln!(out, "{name} {version}, {} bytes, needs: {}", policy.len(), needed(&needs))?;
    Ok(())
}

fn encoded(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    let encoder = ComponentEncoder::default().validate(true).module(module);
    let encoded = encoder.and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| {
        anyhow!("it cannot be made a component: {error:#}; build it with the policy SDK for wasm32-unknown-unknown")
    })
}
