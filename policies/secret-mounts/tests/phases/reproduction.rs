//! What the cases cannot say one by one: mutating twice is mutating once, and the manifest from git gives the live object again.
//! Every launch shape that takes a flag, every ask.

use crate::review::{manifest, mutated};
use serde_json::{Value, json};

/// One manifest for every shape that takes a flag: A to H, and a wrapper.
fn shapes() -> Vec<(&'static str, Value)> {
    let flags = json!(["-disco-mode=dns", "-bootstrap-expect", "3"]);
    let with = |first: &[&str]| -> Value {
        let first = first.iter().map(|token| json!(token));
        first.chain(flags.as_array().unwrap().iter().cloned()).collect::<Vec<_>>().into()
    };
    let script = |passed: &str| json!(["sh", "-c", format!("exec docker-entrypoint.sh {passed}")]);
    vec![
        ("bare", json!({})),
        ("flags", json!({"args": flags})),
        ("keyword", json!({"args": ["run"]})),
        ("args server", json!({"args": ["rqlited", "-disco-mode=dns", "-bootstrap-expect=3", "/rqlite/file/data"]})),
        ("command server", json!({"command": ["rqlited", "-bootstrap-expect=3"], "args": ["/rqlite/file/data"]})),
        ("entrypoint", json!({"command": ["docker-entrypoint.sh"], "args": flags})),
        ("script with all", json!({"command": script(r#""$0" "$@""#), "args": flags})),
        ("script", json!({"command": script(r#""$@""#), "args": with(&["rqlite"])})),
        ("wrapper", json!({"command": ["tini", "--", "docker-entrypoint.sh"], "args": flags})),
    ]
}

const ASKS: [(&str, &str); 9] = [
    ("auth-secret", "users"),
    ("join-as", "node"),
    ("http-tls-secret", "http-tls"),
    ("http-ca-secret", "ca"),
    ("node-tls-secret", "node-tls"),
    ("node-ca-secret", "ca"),
    ("node-verify-server-name", "rqlite.db.svc"),
    ("auto-backup-secret", "backup/to.json"),
    ("auto-restore-secret", "backup/from.json"),
];

/// All asks together, each alone (users with the one to join as, nodes' authority with their certificate), and none.
fn ask_sets() -> Vec<Vec<(&'static str, &'static str)>> {
    let mut sets = vec![Vec::new(), ASKS.to_vec()];
    sets.push(ASKS[..2].to_vec());
    sets.push(ASKS[4..6].to_vec());
    sets.extend(ASKS.iter().skip(1).filter(|(ask, _)| *ask != "node-ca-secret").map(|ask| vec![*ask]));
    sets
}

#[track_caller]
fn for_every_manifest(check: impl Fn(&str, &Value, &Value)) {
    for (shape, launch) in shapes() {
        for asks in ask_sets() {
            let git = manifest(&launch, &asks);
            let live = mutated(&Value::Null, &git);
            assert_eq!(git != live, !asks.is_empty(), "{shape}: {asks:?}");
            check(&format!("{shape}: {asks:?}"), &git, &live);
        }
    }
}

#[test]
fn mutating_twice_is_mutating_once() {
    for_every_manifest(|what, git, live| {
        assert_eq!(&mutated(&Value::Null, live), live, "{what}: created");
        let mut changed = git.clone();
        changed["spec"]["template"]["spec"]["containers"][0]["image"] = json!("rqlite/rqlite:9.2.0");
        let once = mutated(live, &changed);
        assert_eq!(mutated(live, &once), once, "{what}: updated");
    });
}

#[test]
fn the_manifest_from_git_gives_the_live_template() {
    for_every_manifest(|what, git, live| {
        let template = |object: &Value| object["spec"]["template"].to_string();
        let again = mutated(live, git);
        assert_eq!(template(&again), template(live), "{what}");
        // As `kubectl apply` of another count: only the count is another.
        let mut scaled = git.clone();
        scaled["spec"]["replicas"] = json!(5);
        let scaled = mutated(live, &scaled);
        assert_eq!((template(&scaled), &scaled["spec"]["replicas"]), (template(live), &json!(5)), "{what}: scaled");
        // What is listed is enough to do it again, and again.
        assert_eq!(mutated(&again, git), again, "{what}: once more");
    });
}

#[test]
fn what_is_no_longer_asked_for_leaves_with_another_image() {
    for_every_manifest(|what, git, live| {
        let node_tls = |key: &str| key.starts_with("quorate.dev/node-");
        let mut without = git.clone();
        without["spec"]["template"]["spec"]["containers"][0]["image"] = json!("rqlite/rqlite:9.2.0");
        let annotations = without["metadata"]["annotations"].as_object_mut().unwrap();
        let asked_node_tls = annotations.keys().any(|key| node_tls(key));
        annotations.retain(|key, _| !key.starts_with("quorate.dev/"));
        let result = mutated(live, &without);
        // Node TLS stays while three nodes run.
        assert_eq!(result != without, asked_node_tls, "{what}");
        let text = result["spec"]["template"].to_string();
        for flag in ["-auth=", "-join-as=", "-http-cert=", "-auto-backup=", "HTTPS"] {
            assert!(!text.contains(flag), "{what}: {flag}");
        }
    });
}
