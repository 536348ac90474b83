//! Compiled modules, stored in a folder of ours, so that one start pays for the compiler and not each.
//! The one place of the product with `unsafe`: stored machine code is believed because nobody else can have written it. Any doubt means
//! compiling again; nothing that goes wrong here keeps a policy from being loaded.

mod folder;
#[cfg(test)]
mod tests;

use std::hash::{Hash, Hasher};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};
use tracing::{debug, warn};
use wasmtime::Engine;
use wasmtime::component::Component;

use self::folder::Folder;
pub use self::folder::FolderError;

/// A file opens with the SHA-256 of the code behind it, so that a damaged one is told from a whole one.
const SUM_BYTES: usize = 32;

/// What our files are called, behind the 64 hexadecimal digits of their key.
const EXTENSION: &str = ".cwasm";

/// A folder of compiled modules that only this user writes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CompiledModules {
    path: Arc<PathBuf>,
    folder: Arc<Folder>,
    /// Why the first one that was not stored was not.
    store_failure: Arc<OnceLock<String>>,
}

impl CompiledModules {
    /// Uses the folder at an absolute path; makes it, mode 700, when it is not there.
    ///
    /// # Errors
    /// When it cannot be made, is open to others, or lies in a folder of somebody else.
    pub fn at(path: PathBuf) -> Result<Self, FolderError> {
        let folder = Arc::new(Folder::open(path.clone())?);
        Ok(Self { path: Arc::new(path), folder, store_failure: Arc::default() })
    }

    /// Why a module could not be stored, if one could not: on a full disk, each start pays for the compiler.
    pub fn unkept(&self) -> Option<String> {
        let why = self.store_failure.get()?;
        Some(format!(
            "{}: compiled policies cannot be kept ({why}), each start compiles them; make room there",
            self.path.display()
        ))
    }

    /// The module as it was compiled before by this wasmtime, with these settings, for this processor.
    pub(crate) fn find(&self, engine: &Engine, wasm: &[u8]) -> Option<Component> {
        let name = name(engine, wasm);
        let code = self.folder.read(&name).and_then(verified_content);
        let code = code.map_err(|error| debug!(name, %error, "no compiled module")).ok()?;
        #[expect(unsafe_code, reason = "wasmtime runs what it is given; only this user can have written it, and whole")]
        // SAFETY: the bytes were written by `store` from `Component::serialize`. The folder and the file are this user's
        // alone, and their sum is that of what was written. wasmtime itself refuses code of another version, configuration or processor.
        let component = unsafe { Component::deserialize(engine, code) };
        component.map_err(|error| debug!(name, %error, "a compiled module of another build")).ok()
    }

    /// Stores what was compiled, for the next start. That it cannot be stored costs time and nothing else.
    pub(crate) fn store(&self, engine: &Engine, wasm: &[u8], component: &Component) {
        let name = name(engine, wasm);
        let code = component.serialize().map_err(io::Error::other);
        match code.and_then(|code| self.folder.write(&name, &[Sha256::digest(&code).as_slice(), &code])) {
            Ok(()) => debug!(name, "compiled module kept"),
            Err(error) => {
                warn!(folder = %self.path.display(), name, %error, "compiled module not kept; each start compiles it");
                self.store_failure.get_or_init(|| error.to_string());
            }
        }
        self.folder.remove_oldest(&name);
    }
}

/// The code behind its sum.
fn verified_content(mut file: Vec<u8>) -> io::Result<Vec<u8>> {
    let code = file.split_off(SUM_BYTES.min(file.len()));
    if Sha256::digest(&code).as_slice() == file {
        Ok(code)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "its sum is wrong"))
    }
}

fn name(engine: &Engine, wasm: &[u8]) -> String {
    let mut key = CompatibilityHasher(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut key);
    key.write(wasm);
    let digits: String = key.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    digits + EXTENSION
}

/// What std hashes, as SHA-256.
struct CompatibilityHasher(Sha256);

impl Hasher for CompatibilityHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Not asked for: the sum is taken as a whole.
    fn finish(&self) -> u64 {
        0
    }
}
