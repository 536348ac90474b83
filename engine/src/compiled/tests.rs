//! What is believed of a folder, and what is not.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::folder::MAX_FILES;
use super::*;
use crate::provider::fixture::Weather;
use crate::runtime::{RuntimeLimits, WasmRuntime};

/// The smallest component.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

/// A folder, and where it is.
fn folder() -> (tempfile::TempDir, PathBuf, CompiledModules) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policies");
    let modules = CompiledModules::at(path.clone()).unwrap();
    (folder, path, modules)
}

fn engine() -> Engine {
    WasmRuntime::new(RuntimeLimits { instances: 1, ..RuntimeLimits::default() }, &Weather).unwrap().engine().clone()
}

fn store(modules: &CompiledModules, engine: &Engine) -> String {
    modules.store(engine, EMPTY, &Component::new(engine, EMPTY).unwrap());
    name(engine, EMPTY)
}

fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_was_kept_is_found_by_the_same_engine_and_module() {
    let (_folder, path, modules) = folder();
    let engine = engine();
    assert!(modules.find(&engine, EMPTY).is_none());
    let stored = store(&modules, &engine);
    assert!(modules.find(&engine, EMPTY).is_some());
    assert_eq!(path.join(&stored).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let other = Engine::new(wasmtime::Config::new().epoch_interruption(false)).unwrap();
    assert_ne!(name(&other, EMPTY), stored);
    assert_ne!(name(&engine, b"another module"), stored);
}

#[test]
fn how_much_a_machine_may_use_does_not_matter() {
    let (_folder, _, modules) = folder();
    store(&modules, &engine());
    let large =
        WasmRuntime::new(RuntimeLimits { instances: 3, memory_bytes: 128 << 20, ..RuntimeLimits::default() }, &Weather)
            .unwrap();
    assert!(modules.find(large.engine(), EMPTY).is_some());
}

#[test]
fn a_damaged_file_is_not_believed_and_made_anew() {
    let (_folder, path, modules) = folder();
    let engine = engine();
    let stored = path.join(store(&modules, &engine));
    let sound = fs::read(&stored).unwrap();
    let mut flipped = sound.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let half = sound[..sound.len() / 2].to_vec();
    for damaged in [flipped, half, sound[..10].to_vec(), Vec::new()] {
        fs::write(&stored, damaged).unwrap();
        assert!(modules.find(&engine, EMPTY).is_none());
    }
    store(&modules, &engine);
    assert!(modules.find(&engine, EMPTY).is_some());
}

#[test]
fn code_of_another_build_is_not_believed() {
    let (_folder, _, modules) = folder();
    let (engine, other) = (engine(), Engine::default());
    let code = Component::new(&other, EMPTY).unwrap().serialize().unwrap();
    modules.folder.write(&name(&engine, EMPTY), &[Sha256::digest(&code).as_slice(), &code]).unwrap();
    assert!(modules.find(&engine, EMPTY).is_none());
}

#[test]
fn a_file_that_others_may_have_made_is_not_believed() {
    let (outside, path, modules) = folder();
    let engine = engine();
    let stored = path.join(store(&modules, &engine));
    // As a checkout has it, and worse.
    for mode in [0o644, 0o620] {
        fs::set_permissions(&stored, Permissions::from_mode(mode)).unwrap();
        assert!(modules.find(&engine, EMPTY).is_none());
    }
    fs::set_permissions(&stored, Permissions::from_mode(0o600)).unwrap();
    let elsewhere = outside.path().join("elsewhere");
    fs::hard_link(&stored, &elsewhere).unwrap();
    assert!(modules.find(&engine, EMPTY).is_none());
    fs::remove_file(&stored).unwrap();
    symlink(&elsewhere, &stored).unwrap();
    assert!(modules.find(&engine, EMPTY).is_none());
}

#[test]
fn what_stands_at_the_path_later_does_not_matter() {
    let (outside, path, modules) = folder();
    let engine = engine();
    let stored = store(&modules, &engine);
    fs::rename(&path, outside.path().join("moved")).unwrap();
    fs::create_dir(&path).unwrap();
    fs::write(path.join(stored), "swapped").unwrap();
    assert!(modules.find(&engine, EMPTY).is_some());
}

#[test]
fn a_folder_that_is_open_to_others_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let error = CompiledModules::at(folder.path().to_owned()).unwrap_err().to_string();
    assert!(error.contains("it is open to others") && error.contains("mode 777"), "{error}");
    let link = folder.path().join("link");
    symlink(folder.path(), &link).unwrap();
    assert!(matches!(CompiledModules::at(link), Err(FolderError::Unusable { .. })));
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(CompiledModules::at(file), Err(FolderError::Unusable { .. })));
    assert!(matches!(CompiledModules::at("policies".into()), Err(FolderError::Relative { .. })));
}

/// As `sudo` with the caller's HOME would have it: nothing is made there, and no link of theirs is followed.
#[test]
fn a_folder_within_somebody_elses_is_refused() {
    let (theirs, ours) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (cache, link) = (theirs.path().join("cache"), theirs.path().join("link"));
    symlink(ours.path(), &link).unwrap();
    if std::os::unix::fs::chown(theirs.path(), Some(65_532), None).is_err() {
        // Only root can give a folder away.
        return;
    }
    for path in [cache.join("policies"), link.join("policies")] {
        assert!(matches!(CompiledModules::at(path), Err(FolderError::Within { owner: 65_532, .. })));
    }
    assert!(!cache.exists() && names(ours.path()).is_empty());
}

#[test]
fn the_oldest_of_ours_go_and_nothing_else() {
    let (_folder, path, modules) = folder();
    let engine = engine();
    let old = |index: usize| format!("{index:064x}.cwasm");
    for name in (0..MAX_FILES).map(old).chain([format!("{:064x}.cwasm.7.part", 0), "my.wasm".to_owned()]) {
        fs::write(path.join(&name), "").unwrap();
        File::open(path.join(&name)).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
    File::open(path.join(old(9))).unwrap().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
    fs::create_dir(path.join("folder")).unwrap();
    let stored = store(&modules, &engine);
    let left = names(&path);
    assert_eq!(left.len(), MAX_FILES + 2);
    for stays in [stored, old(9), "my.wasm".to_owned(), "folder".to_owned()] {
        assert!(left.contains(&stays), "{stays}");
    }
}

#[test]
fn what_cannot_be_written_leaves_nothing_behind() {
    let (_folder, path, modules) = folder();
    let engine = engine();
    fs::create_dir(path.join(name(&engine, EMPTY))).unwrap();
    assert_eq!(modules.unkept(), None);
    let stored = store(&modules, &engine);
    assert_eq!(names(&path), [stored]);
    assert!(modules.find(&engine, EMPTY).is_none());
    let told = modules.unkept().unwrap();
    assert!(told.starts_with(&format!("{}: compiled policies cannot be kept (", path.display())), "{told}");
}
