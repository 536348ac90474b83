//! The sections of a component that tell what it is, read without compiling it.
//! Believes nothing of them.

use wasmparser::{Encoding, Parser, Payload};

/// The custom section of a component that holds its manifest.
pub(crate) const SECTION: &str = "quorate:manifest";

/// What the sections of one component say.
#[derive(Default)]
pub(crate) struct Sections<'w> {
    pub(crate) manifest: Option<&'w str>,
    pub(crate) imports: Vec<&'w str>,
    pub(crate) exports: Vec<&'w str>,
}

impl<'w> Sections<'w> {
    /// Those of the component itself, not of what is nested in it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "of some thirty kinds of sections five matter")]
    pub(crate) fn read(wasm: &'w [u8]) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut found = Self::default();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                    return Err("a core module, not a component".into());
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::CustomSection(section) if section.name() == SECTION => {
                    let text = std::str::from_utf8(section.data()).map_err(|_| "its manifest is not UTF-8")?;
                    if depth > 0 || found.manifest.replace(text).is_some() {
                        return Err("it has more than one section `quorate:manifest`".into());
                    }
                }
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        found.imports.push(import?.name.name);
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        found.exports.push(export?.name.name);
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }
}
