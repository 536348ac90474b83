//! What runs goes before what the base says: recorded by `snapshot save`, or asked for by `--live`, of an API server played by a socket.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use serde_json::{Value, json};

use super::support::{States, first, set};
use crate::common::command;

/// The set as it runs: five voters, whatever git says, with more than the manifest has.
fn running() -> Value {
    let mut set: Value = serde_saphyr::from_str(&set(5)).unwrap();
    set["metadata"]["uid"] = json!("u-1");
    set["metadata"]["managedFields"] = json!([{"manager": "kubectl"}]);
    set["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": "{}"});
    set["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = json!("IfNotPresent");
    set["status"] = json!({"replicas": 5, "readyReplicas": 5});
    set
}

/// Answers what `snapshot save` asks; everything else is not found. Ends with the test's process.
fn api_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(thread::spawn(|| answer(stream)))));
    url
}

fn answer(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request).unwrap_or(0) == 0 {
            return;
        }
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap_or(0) > 2 {
            line.clear();
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        assert!(request.starts_with("GET ") || path.contains("dryRun=All"), "changes nothing: {request}");
        assert!(!path.contains("secrets"), "{path}");
        let list =
            |kind: &str, items: Vec<Value>| json!({"kind": kind, "apiVersion": "v1", "metadata": {}, "items": items});
        let (status, body) = match path.split('?').next().unwrap_or_default() {
            "/apis/apps/v1/statefulsets" => ("200 OK", list("StatefulSetList", vec![running()])),
            "/apis/apps/v1/namespaces/db/statefulsets/rqlite" => ("200 OK", running()),
            "/api/v1/namespaces/db/pods" => ("200 OK", list("PodList", vec![])),
            "/api/v1/namespaces/db/persistentvolumeclaims" => ("200 OK", list("PersistentVolumeClaimList", vec![])),
            _ => (
                "404 Not Found",
                json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "message": "no"}),
            ),
        };
        let body = body.to_string();
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).is_err() {
            return;
        }
    }
}

fn kubeconfig(states: &States) -> String {
    let url = api_server();
    states.put(
        "kubeconfig",
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: '{url}'}}}}]\n\
             users: [{{name: u, user: {{}}}}]\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n"
        ),
    );
    states.path("kubeconfig").display().to_string()
}

fn with_cluster(folder: &Path, kubeconfig: &str, args: &[&str]) -> crate::common::Run {
    let mut child = command(folder, args).env("KUBECONFIG", kubeconfig).spawn().unwrap();
    drop(child.stdin.take());
    child.wait_with_output().unwrap().into()
}

#[test]
fn what_runs_goes_before_what_the_base_says() {
    // By git nothing is lost: somebody scaled to five by hand. The cluster has none of their pods.
    let states = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &set(2))]);
    let kubeconfig = kubeconfig(&states);
    let saved = with_cluster(&states.path(""), &kubeconfig, &["snapshot", "save", "cluster.json"]);
    assert_eq!((saved.code, saved.stdout.as_str()), (Some(0), "cluster.json: rqlite sets: 1\n"), "{saved:?}");
    let text = std::fs::read_to_string(states.path("cluster.json")).unwrap();
    assert!(!text.contains("managedFields") && !text.contains("last-applied"), "{text}");
    let snapshot: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(snapshot["sets"]["db/rqlite"]["facts"]["version"], 1);
    let (code, json) = states.json(&["--snapshot", "cluster.json"]);
    assert_eq!(code, Some(1), "{json:#}");
    assert_eq!(first(&json), ("denied", "quorum-guard/scale-below-quorum", "db.yaml", 10, 3));
    let message = json["changes"][0]["findings"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("replicas 5 -> 2 leaves 0 of 5 voters"), "{message}");
    let args =
        ["check", "--base-dir", "base", "--head-dir", "head", "--policies", "quorum-guard", "--live", "-o", "json"];
    let live = with_cluster(&states.path(""), &kubeconfig, &args);
    assert_eq!(live.json()["changes"][0]["findings"][0]["message"], message);
}

#[test]
fn a_count_that_git_leaves_open_is_known_by_the_snapshot() {
    let without = set(3).replace("  replicas: 3\n", "");
    let states = States::new(&[("db.yaml", &without)], &[("db.yaml", &without.replace("9.4.5", "9.4.6"))]);
    let snapshot = json!({"version": 1, "taken": "2026-11-22T10:00:00Z", "sets": {"db/rqlite": {"object": running(), "facts": {"version": 1}}}});
    states.put("cluster.json", snapshot.to_string());
    let (code, json) = states.json(&["--snapshot", "cluster.json"]);
    assert_eq!((code, json["changes"][0]["verdict"].as_str()), (Some(0), Some("allowed")), "{json:#}");
}

/// What was seen once is not taken for what is seen now.
#[test]
fn a_verdict_by_a_snapshot_says_how_old_it_is() {
    let member =
        |id: &str, leader: bool| json!({"id": id, "addr": id, "voter": true, "reachable": true, "leader": leader});
    let members = [0, 1, 2, 3, 4].map(|ordinal| member(&format!("rqlite-{ordinal}"), ordinal == 0));
    let seen = json!({"ageMilliseconds": 90, "from": "rqlite-0"});
    let facts = json!({"version": 1, "membership": members, "seen": seen});
    let states = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &set(2))]);
    let sets = json!({"db/rqlite": {"object": running(), "facts": facts}});
    states.put("cluster.json", json!({"version": 1, "taken": "2020-01-01T00:00:00Z", "sets": sets}).to_string());
    let (code, json) = states.json(&["--snapshot", "cluster.json"]);
    let message = json["changes"][0]["findings"][0]["message"].as_str().unwrap();
    assert_eq!(code, Some(1), "{json:#}");
    assert!(message.contains("; seen ") && message.ends_with(" d ago from rqlite-0 (leader)"), "{message}");
}

#[test]
fn a_snapshot_that_cannot_be_used_is_exit_2() {
    let states = States::new(&[], &[]);
    for (text, says) in [
        ("{}", "missing field `version`"),
        (r#"{"version": 1, "sets": {}}"#, "missing field `taken`"),
        (r#"{"version": 1, "taken": "2999-11-22T10:00:00Z", "sets": {}}"#, "which is still to come"),
        (
            r#"{"version": 2, "taken": "2026-11-22T10:00:00Z", "sets": {}}"#,
            "version 2 is not known, this build reads 1",
        ),
        (
            r#"{"version": 1, "taken": "2026-11-22T10:00:00Z", "sets": {"db/a": {"object": {}, "facts": {"version": 7}}}}"#,
            "version 7 is not known",
        ),
    ] {
        states.put("cluster.json", text);
        let run = states.check(&["--snapshot", "cluster.json"]);
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
}

#[test]
fn a_snapshot_is_of_one_cluster() {
    let files = |replicas: u32| {
        let server = |name: &str| format!("https://{name}.example.org");
        let led = |name: &str| {
            super::ways::application(name, "apps/db", "")
                .replace("{namespace: db}", &format!("{{server: {}, namespace: db}}", server(name)))
        };
        [("argo/eu.yaml", led("eu")), ("argo/us.yaml", led("us")), ("apps/db/set.yaml", set(replicas))]
    };
    let (base, head) = (files(5), files(4));
    let borrowed = |files: &'static [(&'static str, String)]| -> Vec<(&'static str, &'static str)> {
        files.iter().map(|(path, text)| (*path, text.as_str())).collect()
    };
    let (base, head) = (borrowed(Box::leak(Box::new(base))), borrowed(Box::leak(Box::new(head))));
    let states = States::new(&base, &head);
    let kubeconfig = kubeconfig(&states);
    let saved = with_cluster(&states.path(""), &kubeconfig, &["snapshot", "save", "cluster.json"]);
    assert!(states.path("cluster.json").exists(), "{saved:?}");
    let (_, json) = states.json(&["--snapshot", "cluster.json"]);
    let rules: Vec<&str> = json["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["findings"][0]["rule"].as_str().unwrap())
        .collect();
    assert_eq!(rules, ["check/way-not-known", "check/way-not-known"], "{json:#}");
    let (_, json) = states.json(&["--snapshot", "cluster.json", "--destination", "https://eu.example.org"]);
    let verdicts: Vec<&Value> = json["changes"].as_array().unwrap().iter().map(|change| &change["verdict"]).collect();
    // The pods of the one that is known are gone; the other one is judged by its manifests.
    assert_eq!(verdicts, ["denied", "allowed"], "{json:#}");
}
