//! Compiled modules, kept in a folder of ours, so that one start pays for the compiler and not each.
//! The one place of the product with `unsafe`: kept machine code is believed because nobody else can have written it. Any doubt means
//! compiling again; nothing that goes wrong here keeps a policy from being loaded.

#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::process::geteuid;
use sha2::{Digest, Sha256};
use thiserror::Error;
use tracing::debug;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Files that stay in the folder: a few versions of a few dozen policies. The oldest go first.
const MOST_KEPT: usize = 64;

/// A file opens with the SHA-256 of the code behind it, so that a damaged one is told from a whole one.
const SUM_BYTES: usize = 32;

/// Others may write: bits of a mode.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// A folder of compiled modules that only this user writes.
#[derive(Debug, Clone)]
pub struct CompiledModules {
    folder: PathBuf,
}

/// The folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    #[error("{}: {source}", folder.display())]
    Unusable {
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{}: no folder", folder.display())]
    NoFolder { folder: PathBuf },
    #[error(
        "{}: others may write there (owner {owner}, mode {mode:03o}), and compiled policies are run as they are; give a folder of your own, mode 700",
        folder.display()
    )]
    Shared { folder: PathBuf, owner: u32, mode: u32 },
}

impl CompiledModules {
    /// Uses `folder`; makes it, mode 700, when it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or others than this user may write to it.
    pub fn at(folder: PathBuf) -> Result<Self, FolderError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        let looked = made.and_then(|()| fs::symlink_metadata(&folder));
        match looked {
            Err(source) => Err(FolderError::Unusable { folder, source }),
            Ok(found) if !found.is_dir() => Err(FolderError::NoFolder { folder }),
            Ok(found) if is_ours_alone(&found) => Ok(Self { folder }),
            Ok(found) => Err(FolderError::Shared { folder, owner: found.uid(), mode: found.mode() & 0o777 }),
        }
    }

    /// The module as it was compiled before by this wasmtime, with these settings, for this processor.
    pub(crate) fn find(&self, engine: &Engine, wasm: &[u8]) -> Option<Component> {
        let path = self.path(engine, wasm);
        let code = read(&path).map_err(|error| debug!(path = %path.display(), %error, "no compiled module")).ok()?;
        #[expect(unsafe_code, reason = "wasmtime runs what it is given; only this user can have written it, and whole")]
        // SAFETY: the bytes were written by `keep` from `Component::serialize`. The folder and the file are this user's and not writable by
        // others, and their sum is that of what was written. wasmtime itself refuses code of another version, configuration or processor.
        let component = unsafe { Component::deserialize(engine, code) };
        component.map_err(|error| debug!(path = %path.display(), %error, "a compiled module of another build")).ok()
    }

    /// Keeps what was compiled, for the next start. That it cannot be kept costs time and nothing else.
    pub(crate) fn keep(&self, engine: &Engine, wasm: &[u8], component: &Component) {
        let path = self.path(engine, wasm);
        let kept = component.serialize().map_err(io::Error::other).and_then(|code| write(&path, &code));
        match kept.and_then(|()| self.forget_the_oldest()) {
            Ok(()) => debug!(path = %path.display(), "compiled module kept"),
            Err(error) => debug!(path = %path.display(), %error, "compiled module not kept"),
        }
    }

    fn path(&self, engine: &Engine, wasm: &[u8]) -> PathBuf {
        let mut key = Key(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut key);
        key.write(wasm);
        let name: String = key.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name).with_extension("cwasm")
    }

    fn forget_the_oldest(&self) -> io::Result<()> {
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            kept.push((entry.metadata()?.modified().unwrap_or(SystemTime::UNIX_EPOCH), entry.path()));
        }
        kept.sort();
        let more = kept.len().saturating_sub(MOST_KEPT);
        kept.iter().take(more).try_for_each(|(_, path)| fs::remove_file(path))
    }
}

fn is_ours_alone(found: &Metadata) -> bool {
    found.uid() == geteuid().as_raw() && found.mode() & WRITABLE_BY_OTHERS == 0
}

/// The code, when it is ours and whole.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    if !is_ours_alone(&file.metadata()?) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "others may write it"));
    }
    let mut sum = [0; SUM_BYTES];
    let mut code = Vec::new();
    file.read_exact(&mut sum)?;
    file.read_to_end(&mut code)?;
    if Sha256::digest(&code).as_slice() == sum {
        Ok(code)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "its sum is wrong"))
    }
}

/// Whole or not at all, for whoever reads at the same time.
fn write(path: &Path, code: &[u8]) -> io::Result<()> {
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(&Sha256::digest(code))?;
    file.write_all(code)?;
    drop(file);
    fs::rename(&part, path)
}

/// What std hashes, as SHA-256.
struct Key(Sha256);

impl Hasher for Key {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Not asked for: the sum is taken as a whole.
    fn finish(&self) -> u64 {
        0
    }
}
