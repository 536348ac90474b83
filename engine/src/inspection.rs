//! What a module says of itself without being run: its imports and exports, and the manifest in its custom section.
//! Believes nothing of it; loading compares the section with what the module itself says.

use std::collections::BTreeSet;

use quorate_contract::Manifest;
use thiserror::Error;
use wasm_encoder::{ComponentSection, CustomSection};

use crate::binding::Grants;
use crate::load::{LoadError, grants, imports};
use crate::sections::{SECTION, Sections};

/// A module, read but not run.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// None: the module has no such section.
    pub manifest: Option<Manifest>,
    /// Interfaces of the contract that it imports.
    pub imports: BTreeSet<String>,
    /// Interfaces of the contract that it exports.
    pub exports: BTreeSet<String>,
    /// What it must be granted, as far as that is known without its manifest.
    pub needs: Grants,
}

/// A component that cannot get a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SectionError {
    /// No component at all.
    #[error("not a wasm component: {0}")]
    NotAComponent(String),
    /// There is one already, of another text.
    #[error("the component has another manifest already; build it anew")]
    Another,
}

impl Inspection {
    /// Reads the sections of a component. Nothing of it is compiled or run.
    ///
    /// # Errors
    /// When it is no component, imports what no policy is given, or its manifest is wrong.
    pub fn of(wasm: &[u8]) -> Result<Self, LoadError> {
        let sections = Sections::read(wasm).map_err(LoadError::NotAComponent)?;
        let manifest = sections.manifest.map(Manifest::parse).transpose().map_err(LoadError::Manifest)?;
        let imports = imports::interfaces(sections.imports)?;
        let needs = match &manifest {
            Some(manifest) => grants::needed(manifest, &imports),
            None => Grants { imports: grants::capabilities(&imports), ..Grants::default() },
        };
        let exports = sections.exports.into_iter().filter_map(imports::name).map(str::to_owned).collect();
        Ok(Self { manifest, imports, exports, needs })
    }
}

/// The component with its manifest in a custom section, for [`Inspection::of`] and for registries.
///
/// # Errors
/// When it is none, or has another one already.
pub fn with_manifest(wasm: &[u8], manifest: &str) -> Result<Vec<u8>, SectionError> {
    let sections = Sections::read(wasm).map_err(|error| SectionError::NotAComponent(error.to_string()))?;
    let mut component = wasm.to_vec();
    match sections.manifest {
        Some(known) if known == manifest => {}
        Some(_) => return Err(SectionError::Another),
        None => {
            let section = CustomSection { name: SECTION.into(), data: manifest.as_bytes().into() };
            section.append_to_component(&mut component);
        }
    }
    Ok(component)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest component.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    const MANIFEST: &str = r#"{"manifest": 1, "name": "labels", "version": "1", "summary": "s",
        "rules": [{"id": "missing", "summary": "s", "severity": "low", "judges": "object"}],
        "matches": [{"groups": [""], "versions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}]}"#;

    #[test]
    fn a_manifest_is_read_from_its_section() {
        assert!(Inspection::of(EMPTY).unwrap().manifest.is_none());
        let component = with_manifest(EMPTY, MANIFEST).unwrap();
        assert_eq!(Inspection::of(&component).unwrap().manifest.unwrap().name, "labels");
        assert_eq!(with_manifest(&component, MANIFEST).unwrap(), component, "twice is once");
        assert_eq!(with_manifest(&component, "{}"), Err(SectionError::Another));
    }

    #[test]
    fn what_is_no_component_has_no_sections() {
        assert!(matches!(Inspection::of(b"\0asm\x01\0\0\0"), Err(LoadError::NotAComponent(_))));
        assert!(matches!(Inspection::of(b"no wasm"), Err(LoadError::NotAComponent(_))));
        assert!(matches!(with_manifest(b"", MANIFEST), Err(SectionError::NotAComponent(_))));
        let wrong = with_manifest(EMPTY, "{}").unwrap();
        assert!(matches!(Inspection::of(&wrong), Err(LoadError::Manifest(_))));
    }
}
