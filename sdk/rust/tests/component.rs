//! The examples, built outside of the workspace as their authors would: what they import and export, and how large they are.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use quorate_guest_build::Guest;
use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldItem, WorldKey};

/// The interfaces of one component, without package and version.
struct Interfaces {
    imports: BTreeSet<String>,
    exports: BTreeSet<String>,
    /// Bytes of the component, which has some 2 kB beside its core module.
    size: usize,
}

#[test]
fn a_validating_policy_imports_what_it_calls() -> Result<()> {
    let labels = built("examples/required-labels")?;
    assert_eq!(labels.imports, set(&["log", "request", "types", "verdicts"]));
    assert_eq!(labels.exports, set(&["guest", "validator"]));
    Ok(())
}

#[test]
fn a_mutating_policy_exports_no_validator() -> Result<()> {
    let pin = built("examples/image-pin-mutator")?;
    assert_eq!(pin.imports, set(&["edits", "kubernetes", "log", "request", "types", "verdicts"]));
    assert_eq!(pin.exports, set(&["guest", "mutator"]));
    Ok(())
}

#[test]
fn a_capability_is_imported_where_it_is_called() -> Result<()> {
    let all = built("tests/capabilities")?;
    assert_eq!(all.imports, set(&["cluster", "edits", "facts", "log", "time", "types", "verdicts"]));
    assert_eq!(all.exports, set(&["guest", "mutator", "validator"]));
    Ok(())
}

#[test]
fn the_examples_are_small() -> Result<()> {
    for (name, limit) in [("examples/required-labels", 90_000), ("examples/image-pin-mutator", 85_000)] {
        let size = built(name)?.size;
        assert!(size <= limit, "{name}: {size} bytes, at most {limit}");
    }
    Ok(())
}

fn built(path: &str) -> Result<Interfaces> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let name = path.rsplit('/').next().unwrap_or(path);
    let target_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests");
    let guest = Guest { name, folder: &folder, profile: "release", target_dir: &target_dir, locked: true };
    let component = guest.component()?;
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&component)? else {
        bail!("{name} is no component");
    };
    let world = resolve.worlds.get(world).context("a component has a world")?;
    Ok(Interfaces {
        imports: names(&resolve, world.imports.iter())?,
        exports: names(&resolve, world.exports.iter())?,
        size: component.len(),
    })
}

fn names<'w>(
    resolve: &Resolve,
    items: impl Iterator<Item = (&'w WorldKey, &'w WorldItem)>,
) -> Result<BTreeSet<String>> {
    items
        .map(|(key, item)| {
            let name = resolve.name_world_key(key);
            let ours = name.strip_prefix("quorate:policy/").and_then(|name| name.strip_suffix("@0.2.0"));
            match (item, ours) {
                (WorldItem::Interface { .. }, Some(name)) => Ok(name.to_owned()),
                _ => bail!("{name} is no interface of the contract"),
            }
        })
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
