//! What lies at a path, for every kind of volume and mount; the manifests are small, the launch is the official one.

use serde_json::json;

use super::*;
use crate::cluster::RqliteSet;
use kubernetes::manifest::StatefulSet;

#[track_caller]
fn set(container: serde_json::Value, volumes: serde_json::Value) -> (Node, PodSpec) {
    let mut container = container;
    container["name"] = json!("rqlite");
    container["image"] = json!("rqlite/rqlite:9.1.3");
    let set = json!({"spec": {"template": {"spec": {"containers": [container], "volumes": volumes}}}});
    let set: StatefulSet = serde_json::from_value(set).unwrap();
    let node = RqliteSet::detect(&set).unwrap().sole_node().unwrap().clone();
    (node, set.spec.template.spec)
}

#[track_caller]
fn at(path: &str, mounts: serde_json::Value, volumes: serde_json::Value) -> Mounted {
    let (node, pod) = set(json!({"volumeMounts": mounts}), volumes);
    mounted_at(&node, &pod, path)
}

fn secret(name: &str, key: &str) -> Mounted {
    Mounted::Secret { name: name.to_owned(), key: key.to_owned() }
}

fn config_map(name: &str, key: &str) -> Mounted {
    Mounted::ConfigMap { name: name.to_owned(), key: key.to_owned() }
}

fn left_out(volume: &str) -> Mounted {
    Mounted::LeftOut { volume: volume.to_owned() }
}

fn users() -> serde_json::Value {
    json!([{"name": "users", "secret": {"secretName": "rqlite-users"}}])
}

#[test]
fn every_file_flag_is_a_text_flag_of_rqlited() {
    for flag in FILE_FLAGS {
        let spec = crate::flag_table::lookup(flag.name).unwrap();
        assert_eq!(spec.flag_type, crate::flag_table::FlagType::Text, "{}", flag.name);
    }
}

#[test]
fn names_the_files_of_the_flags_that_are_given_and_not_empty() {
    let args = json!(["-http-key=/tls/tls.key", "-auth", "/auth/users.json", "-node-key=", "-auto-backup=$(WHERE)"]);
    let env = json!([{"name": "WHERE", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]);
    let (node, _) = set(json!({"args": args, "env": env}), json!([]));
    let found: Vec<(&str, bool)> =
        named_files(&node).iter().map(|file| (file.flag.name, file.path.known().is_some())).collect();
    assert_eq!(found, [("auth", true), ("http-key", true), ("auto-backup", false)]);
}

#[test]
fn names_the_last_of_a_repeated_flag_and_its_place() {
    let (node, _) = set(json!({"args": ["-auth=/a", "-auth=/b"]}), json!([]));
    let files = named_files(&node);
    assert_eq!(files[0].path, Value::Known("/b".to_owned()));
    assert_eq!(files[0].place, Some(Place { list: kubernetes::manifest::List::Args, index: 1 }));
}

#[test]
fn names_no_file_of_a_launch_that_cannot_be_read() {
    let (node, _) = set(json!({"command": ["sh", "-c", "trap '' TERM; exec rqlited -auth=/a /d"]}), json!([]));
    assert_eq!((&node.launch.line, named_files(&node)), (&None, Vec::new()));
}

#[test]
fn finds_a_key_of_a_secret_by_its_file_name() {
    let mounts = json!([{"name": "users", "mountPath": "/auth/"}]);
    assert_eq!(at("/auth/users.json", mounts.clone(), users()), secret("rqlite-users", "users.json"));
    assert_eq!(at("//auth/./x/../users.json", mounts.clone(), users()), secret("rqlite-users", "users.json"));
    assert_eq!(at("/auth/..data/users.json", mounts, users()), secret("rqlite-users", "users.json"));
}

#[test]
fn finds_a_key_of_a_config_map() {
    let volumes = json!([{"name": "users", "configMap": {"name": "plain"}}]);
    let mounts = json!([{"name": "users", "mountPath": "/auth"}]);
    assert_eq!(at("/auth/users.json", mounts, volumes), config_map("plain", "users.json"));
}

#[test]
fn finds_nothing_beside_a_mount_whose_name_only_begins_alike() {
    let mounts = json!([{"name": "users", "mountPath": "/auth"}]);
    assert_eq!(at("/authority/users.json", mounts.clone(), users()), Mounted::Nothing);
    assert_eq!(at("/users.json", mounts, users()), Mounted::Nothing);
}

#[test]
fn a_directory_or_a_deeper_file_is_no_key() {
    let mounts = json!([{"name": "users", "mountPath": "/auth"}]);
    assert_eq!(at("/auth", mounts.clone(), users()), left_out("users"));
    assert_eq!(at("/auth/sub/users.json", mounts, users()), left_out("users"));
}

#[test]
fn items_rename_keys_and_leave_the_others_out() {
    let items = json!([{"key": "config.json", "path": "rqlite/users.json"}]);
    let volumes = json!([{"name": "users", "secret": {"secretName": "s", "items": items}}]);
    let mounts = json!([{"name": "users", "mountPath": "/auth"}]);
    assert_eq!(at("/auth/rqlite/users.json", mounts.clone(), volumes.clone()), secret("s", "config.json"));
    assert_eq!(at("/auth/config.json", mounts, volumes), left_out("users"));
}

#[test]
fn a_sub_path_mounts_one_file() {
    let mounts = json!([{"name": "users", "mountPath": "/auth/config.json", "subPath": "users.json"}]);
    assert_eq!(at("/auth/config.json", mounts.clone(), users()), secret("rqlite-users", "users.json"));
    assert_eq!(at("/auth/users.json", mounts, users()), Mounted::Nothing);
}

#[test]
fn a_sub_path_expression_still_tells_the_object() {
    let mounts = json!([{"name": "users", "mountPath": "/auth/u", "subPathExpr": "$(POD_NAME).json"}]);
    let volumes = json!([{"name": "users", "configMap": {"name": "plain", "items": [{"key": "a", "path": "a"}]}}]);
    assert_eq!(at("/auth/u", mounts, volumes), config_map("plain", "$(POD_NAME).json"));
}

#[test]
fn the_deepest_mount_wins_in_any_order() {
    let volumes = json!([
        {"name": "data", "emptyDir": {}},
        {"name": "users", "secret": {"secretName": "rqlite-users"}},
    ]);
    let mounts = json!([{"name": "users", "mountPath": "/etc/auth"}, {"name": "data", "mountPath": "/etc"}]);
    assert_eq!(at("/etc/auth/users.json", mounts.clone(), volumes.clone()), secret("rqlite-users", "users.json"));
    assert_eq!(at("/etc/other", mounts, volumes), Mounted::Other("data".to_owned()));
}

#[test]
fn a_mount_of_a_claim_template_is_another_volume() {
    let mounts = json!([{"name": "storage", "mountPath": "/"}]);
    assert_eq!(at("/auth/users.json", mounts, json!([])), Mounted::Other("storage".to_owned()));
}

#[test]
fn a_relative_path_starts_at_the_working_directory() {
    let mounts = json!([{"name": "users", "mountPath": "/auth"}]);
    let (node, pod) = set(json!({"volumeMounts": mounts, "workingDir": "/auth"}), users());
    assert_eq!(mounted_at(&node, &pod, "users.json"), secret("rqlite-users", "users.json"));
    assert_eq!(at("auth/users.json", mounts, users()), secret("rqlite-users", "users.json"));
}

fn projected(sources: serde_json::Value) -> Mounted {
    let volumes = json!([{"name": "all", "projected": {"sources": sources}}]);
    at("/auth/users.json", json!([{"name": "all", "mountPath": "/auth"}]), volumes)
}

#[test]
fn a_projection_takes_items_first_then_whole_secrets_then_whole_config_maps() {
    let item = json!([{"key": "k", "path": "users.json"}]);
    assert_eq!(
        projected(json!([{"secret": {"name": "s"}}, {"configMap": {"name": "c", "items": item}}])),
        config_map("c", "k")
    );
    assert_eq!(projected(json!([{"secret": {"name": "s", "items": item}}])), secret("s", "k"));
    assert_eq!(projected(json!([{"configMap": {"name": "c"}}, {"secret": {"name": "s"}}])), secret("s", "users.json"));
    assert_eq!(projected(json!([{"configMap": {"name": "c"}}])), config_map("c", "users.json"));
}

#[test]
fn a_projection_without_the_file_leaves_it_out_unless_another_source_may_have_it() {
    let other = json!([{"key": "k", "path": "other.json"}]);
    assert_eq!(projected(json!([{"secret": {"name": "s", "items": other}}])), left_out("all"));
    assert_eq!(projected(json!([{"serviceAccountToken": {"path": "token"}}])), Mounted::Other("all".to_owned()));
}
