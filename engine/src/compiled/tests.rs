//! What is believed of a folder, and what is not.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::machine::{Machine, MachineLimits};

/// The smallest component.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

fn folder() -> (tempfile::TempDir, CompiledModules) {
    let folder = tempfile::tempdir().unwrap();
    let modules = CompiledModules::at(folder.path().join("policies")).unwrap();
    (folder, modules)
}

fn engine() -> Engine {
    Machine::new(MachineLimits { instances: 1, ..MachineLimits::default() }).unwrap().engine().clone()
}

fn kept(modules: &CompiledModules, engine: &Engine) -> PathBuf {
    modules.keep(engine, EMPTY, &Component::new(engine, EMPTY).unwrap());
    modules.path(engine, EMPTY)
}

#[test]
fn what_was_kept_is_found_by_the_same_engine_and_module() {
    let (_folder, modules) = folder();
    let engine = engine();
    assert!(modules.find(&engine, EMPTY).is_none());
    let path = kept(&modules, &engine);
    assert!(modules.find(&engine, EMPTY).is_some());
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
    let other = Engine::new(wasmtime::Config::new().epoch_interruption(false)).unwrap();
    assert_ne!(modules.path(&other, EMPTY), path);
    assert_ne!(modules.path(&engine, b"another module"), path);
}

#[test]
fn how_much_a_machine_may_use_does_not_matter() {
    let (_folder, modules) = folder();
    let path = kept(&modules, &engine());
    let large = Machine::new(MachineLimits { instances: 3, memory_bytes: 128 << 20 }).unwrap();
    assert_eq!(modules.path(large.engine(), EMPTY), path);
    assert!(modules.find(large.engine(), EMPTY).is_some());
}

#[test]
fn a_damaged_file_is_not_believed() {
    let (_folder, modules) = folder();
    let engine = engine();
    let path = kept(&modules, &engine);
    let whole = fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let half = whole[..whole.len() / 2].to_vec();
    for damaged in [flipped, half, whole[..10].to_vec(), Vec::new()] {
        fs::write(&path, damaged).unwrap();
        assert!(modules.find(&engine, EMPTY).is_none());
    }
    kept(&modules, &engine);
    assert!(modules.find(&engine, EMPTY).is_some());
}

#[test]
fn code_of_another_build_is_not_believed() {
    let (_folder, modules) = folder();
    let (engine, other) = (engine(), Engine::default());
    let path = modules.path(&engine, EMPTY);
    write(&path, &Component::new(&other, EMPTY).unwrap().serialize().unwrap()).unwrap();
    assert!(modules.find(&engine, EMPTY).is_none());
}

#[test]
fn a_file_that_others_may_write_is_not_believed() {
    let (_folder, modules) = folder();
    let engine = engine();
    let path = kept(&modules, &engine);
    fs::set_permissions(&path, Permissions::from_mode(0o620)).unwrap();
    assert!(modules.find(&engine, EMPTY).is_none());
}

#[test]
fn a_folder_that_others_may_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let error = CompiledModules::at(folder.path().to_owned()).unwrap_err().to_string();
    assert!(error.contains("others may write there") && error.contains("mode 777"), "{error}");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    assert!(matches!(CompiledModules::at(link), Err(FolderError::NoFolder { .. })));
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(CompiledModules::at(file).is_err());
}

#[test]
fn the_oldest_go_first() {
    let (_folder, modules) = folder();
    let engine = engine();
    let old = modules.folder.join("old.cwasm");
    fs::write(&old, "").unwrap();
    File::open(&old).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    for number in 1..MOST_KEPT {
        fs::write(modules.folder.join(format!("{number}.cwasm")), "").unwrap();
    }
    let path = kept(&modules, &engine);
    assert_eq!(fs::read_dir(&modules.folder).unwrap().count(), MOST_KEPT);
    assert!(!old.exists() && path.exists());
}
