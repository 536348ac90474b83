//! The official manifests, every rendered chart and every recorded review, read in place.
//! Skips loudly where they are not there; says nothing of what is allowed.

#![expect(clippy::unwrap_used, reason = "a broken input must fail the test that reads it")]

use std::path::{Path, PathBuf};

use kubernetes::manifest::StatefulSet;
use kubernetes::manifest::{List, Place};
use rqlite::cluster::RqliteSet;
use rqlite::discovery::Discovery;
use rqlite::launch::{Insertion, Shape};
use rqlite::role::Role;
use rqlite::storage::Storage;
use rqlite::value::{Source, Value};
use rqlite::version::{ImageVersion, Version};

const REMOVE: &str = "raft-cluster-remove-shutdown";

/// The folder of upstream's files: QUORATE_UPSTREAM, else `shared/upstream` beside the workspace.
#[expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test that skips must say so, and where to look is the environment's"
)]
fn upstream(folder: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/upstream");
    let path = std::env::var("QUORATE_UPSTREAM").map_or_else(|_| beside(), PathBuf::from).join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there; set QUORATE_UPSTREAM to the folder of upstream's files", path.display());
    None
}

fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

fn sets(yaml: &str) -> Vec<(StatefulSet, RqliteSet)> {
    let documents: Vec<serde_json::Value> = serde_saphyr::from_multiple(yaml).unwrap();
    documents
        .into_iter()
        .filter(|document| document["kind"] == "StatefulSet")
        .map(|document| {
            let set: StatefulSet = serde_json::from_value(document).unwrap();
            let read = RqliteSet::detect(&set).unwrap();
            (set, read)
        })
        .collect()
}

#[test]
fn the_official_manifests_are_read_completely() {
    let Some(folder) = upstream("manifests") else { return };
    let mut seen = 0;
    for (name, yaml) in files(&folder) {
        for (_, set) in sets(&yaml) {
            seen += 1;
            let node = set.sole_node().unwrap();
            assert_eq!(node.version, ImageVersion::Floating, "{name}");
            assert_eq!(node.launch.shape, Shape::Flags, "{name}");
            assert_eq!(node.launch.line.as_ref().unwrap().error, None, "{name}");
            assert_eq!(node.discovery, Discovery::Dns, "{name}");
            assert_eq!(node.expect.as_ref().unwrap().value, Value::Known(i64::from(set.replicas)), "{name}");
            assert_eq!(node.storage, Storage::ClaimTemplate("rqlite-file".into()), "{name}");
            assert_eq!(node.shutdown.grace_seconds, 10, "{name}");
            assert_eq!(
                (node.shutdown.pre_stop_seconds, set.role(), set.removes_itself()),
                (Some(0), Role::Voter, false)
            );
            assert_eq!(set.node_id("rqlite-1"), Value::Known("rqlite-1".into()));
            assert_eq!(node.launch.insertion(), Ok(Insertion::Before(Place { list: List::Args, index: 0 })), "{name}");
        }
    }
    assert_eq!(seen, 2);
}

#[test]
fn every_rendered_chart_is_read_completely() {
    let Some(folder) = upstream("chart-2.0.0") else { return };
    let mut seen = 0;
    for (name, yaml) in files(&folder) {
        for (manifest, set) in sets(&yaml) {
            seen += 1;
            let read_only = manifest.metadata.name.as_deref() == Some("db-rqlite-readonly");
            let node = set.sole_node().unwrap();
            assert_eq!(node.version, ImageVersion::Tagged(Version::new(9, 1, 3)), "{name}");
            assert_eq!(
                (node.launch.shape, node.launch.through_entrypoint),
                (Shape::ScriptAllArguments, true),
                "{name}"
            );
            assert_eq!(node.launch.line.as_ref().unwrap().error, None, "{name}");
            assert_eq!(node.launch.data_dir(), Some(Value::Known("/rqlite".into())), "{name}");
            assert_eq!(node.discovery, Discovery::DnsSrv, "{name}");
            assert_eq!(set.role(), if read_only { Role::ReadOnly } else { Role::Voter }, "{name}");
            assert_eq!(set.removes_itself(), read_only || name.contains("remove-on-shutdown"), "{name}");
            assert_eq!(node.shutdown.pre_stop_seconds, Some(2), "{name}");
            let storage = "storage".to_owned();
            let expected =
                if name.contains("ephemeral") { Storage::Ephemeral(storage) } else { Storage::ClaimTemplate(storage) };
            assert_eq!(node.storage, expected, "{name}");
            assert_eq!(set.node_id("db-rqlite-2"), Value::Known("db-rqlite-2".into()), "{name}");
            let count = Source::ConfigMapKey { name: "db-rqlite-peers".into(), key: "voter-replica-count".into() };
            let source = node.expect.as_ref().map(|expect| (expect.source().cloned(), expect.text.as_str()));
            let expected = Some((Some(count), "-bootstrap-expect=$(RQLITE_VOTER_REPLICA_COUNT)"));
            assert_eq!(source, expected.filter(|_| !read_only), "{name}");
            assert_eq!(node.launch.insertion(), Ok(Insertion::Before(Place { list: List::Args, index: 1 })), "{name}");
            let (_, args) = node.launch.insert("-auth=/x").unwrap();
            assert_eq!((args.len(), args[1].as_str()), (node.container.args.len() + 1, "-auth=/x"), "{name}");
        }
    }
    assert_eq!(seen, 12);
}

#[test]
fn the_charts_flags_are_seen_with_their_values() {
    let Some(folder) = upstream("chart-2.0.0") else { return };
    for (file, flag, value) in [
        ("voters-3-users.yaml", "auth", "/config/sensitive/users.json"),
        ("voters-3-users.yaml", "join-as", "_system_rqlite"),
        ("voters-3-backup.yaml", "auto-backup", "/config/sensitive/backup.json"),
        ("voters-3-tls-secrets.yaml", "node-verify-client", "true"),
        ("voters-3-tls-secrets.yaml", "http-key", "/config/client-tls/tls.key"),
        ("voters-3-remove-on-shutdown.yaml", REMOVE, "true"),
        ("voters-3.yaml", "raft-shutdown-stepdown", "true"),
    ] {
        let yaml = std::fs::read_to_string(folder.join(file)).unwrap();
        let (_, set) = sets(&yaml).remove(0);
        let line = set.nodes[0].launch.line.as_ref().unwrap();
        assert_eq!(line.text(flag), Some(Value::Known(value.into())), "{file} {flag}");
    }
}

#[test]
fn every_recorded_set_is_recognised_with_its_counts() {
    let Some(folder) = upstream("reviews") else { return };
    let mut seen = 0;
    for (name, text) in files(&folder) {
        let review: serde_json::Value = serde_json::from_str(&text).unwrap();
        let request = &review["request"];
        if request["kind"]["kind"] != "StatefulSet" {
            continue;
        }
        for object in [&request["object"], &request["oldObject"]].into_iter().filter(|object| !object.is_null()) {
            seen += 1;
            let set: StatefulSet = serde_json::from_value(object.clone()).expect(&name);
            let read = RqliteSet::detect(&set).expect(&name);
            assert_eq!(u64::from(read.replicas), object["spec"]["replicas"].as_u64().unwrap(), "{name}");
            let node = read.sole_node().expect(&name);
            assert_eq!(node.launch.line.as_ref().unwrap().error, None, "{name}");
            assert!(node.expect.is_some() && node.launch.insertion().is_ok() && node.storage.persistent(), "{name}");
        }
    }
    assert!(seen >= 30, "{seen}");
}
