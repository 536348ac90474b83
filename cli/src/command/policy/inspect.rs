//! `quorate policy inspect`: what a module says of itself in its sections. Nothing of it is run.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use quorate_contract::{Manifest, Related};
use quorate_engine::{Grants, Inspection};
use serde::Serialize;

use super::rbac::rules;
use super::{matched, needed};
use crate::args::Format;
use quorate_check::input;
use quorate_check::style::BOLD;

/// Largest module, in bytes.
const MODULE_BYTES: usize = 64 << 20;

/// As `policy inspect --format json` has it.
#[derive(Serialize)]
struct Inspected<'i> {
    manifest: Option<&'i Manifest>,
    imports: &'i BTreeSet<String>,
    exports: &'i BTreeSet<String>,
    needs: &'i Grants,
}

pub(super) fn run(module: &Path, rbac: bool, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    let named = || module.display().to_string();
    let wasm = input::read(module, MODULE_BYTES).with_context(named)?;
    let inspection = Inspection::of(&wasm).with_context(named)?;
    if rbac {
        let Some(manifest) = &inspection.manifest else {
            bail!("{}: no manifest in it; `quorate policy build` writes it there", named());
        };
        out.write_all(rules(manifest).as_bytes())?;
        return Ok(());
    }
    match format {
        Format::Json => json(&inspection, out),
        Format::Text => text(&inspection, out),
    }
}

fn json(inspection: &Inspection, out: &mut dyn Write) -> anyhow::Result<()> {
    let Inspection { manifest, imports, exports, needs } = inspection;
    let shown = Inspected { manifest: manifest.as_ref(), imports, exports, needs };
    writeln!(out, "{}", serde_json::to_string_pretty(&shown)?)?;
    Ok(())
}

fn text(inspection: &Inspection, out: &mut dyn Write) -> anyhow::Result<()> {
    let Inspection { manifest, imports, exports, needs } = inspection;
    match manifest {
        Some(manifest) => of_manifest(manifest, out)?,
        None => writeln!(out, "no manifest in it; `quorate policy build` writes it there")?,
    }
    writeln!(out, "  imports: {}", listed(imports))?;
    writeln!(out, "  exports: {}", listed(exports))?;
    writeln!(out, "  needs: {}", needed(needs))?;
    Ok(())
}

fn of_manifest(manifest: &Manifest, out: &mut dyn Write) -> anyhow::Result<()> {
    let Manifest { name, version, summary, rules, matches, related, facts, .. } = manifest;
    writeln!(out, "{BOLD}{name}{BOLD:#} {version}: {summary}")?;
    for rule in rules {
        writeln!(out, "  rule {}: {}", rule.id, rule.summary)?;
    }
    for one in matches {
        writeln!(out, "  asks for {}", matched(one))?;
    }
    for (name, source) in related {
        writeln!(out, "  reads `{name}`: {}", of_related(source))?;
    }
    for fact in facts {
        writeln!(out, "  is told `{fact}`")?;
    }
    Ok(())
}

fn of_related(source: &Related) -> String {
    match source {
        Related::Of { of } => format!("{of:?}").to_lowercase(),
        Related::Reference { reference, api_version, kind } => {
            format!("the {kind} of {api_version} named at {reference}")
        }
    }
}

fn listed(names: &BTreeSet<String>) -> String {
    if names.is_empty() { "none".to_owned() } else { names.iter().map(String::as_str).collect::<Vec<_>>().join(", ") }
}
