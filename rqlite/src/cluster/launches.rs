//! Which launches make a container rqlite's, and which similar ones do not: by its program alone, whatever the image; and in
//! rqlite's own image. Not what rqlited then gets: that is tested in `launch`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

/// What a container starts, without name and image.
#[derive(Deserialize)]
struct Launches {
    rqlited: Vec<Value>,
    unseen: Vec<Value>,
    others: Vec<Value>,
}

impl Launches {
    fn read() -> Self {
        serde_saphyr::from_str(include_str!("../../../tests/data/launches.yaml")).unwrap()
    }
}

fn counts(image: &str, launch: &Value) -> bool {
    let mut container = launch.clone();
    container["image"] = json!(image);
    let pod = json!({"containers": [container, {"image": "busybox"}]});
    RqliteSet::detect(&serde_json::from_value(json!({"spec": {"template": {"spec": pod}}})).unwrap()).is_some()
}

fn command(words: &[&str]) -> Value {
    json!({"command": words})
}

fn script(shell: &str, text: &str) -> Value {
    command(&[shell, "-c", text])
}

#[test]
fn a_launch_of_rqlited_counts_whatever_the_image_and_similar_ones_do_not() {
    let launches = Launches::read();
    for launch in launches.rqlited.iter().chain(&launches.unseen) {
        assert!(counts("corp/db:1", launch), "{launch}");
    }
    for launch in &launches.others {
        assert!(!counts("corp/db:1", launch), "{launch}");
    }
    assert!(!counts("nginx:1", &json!({"args": ["-bootstrap-expect=3"]})));
}

/// There any program may be a starter, but for clients and scripts of nothing but these and common tools.
#[test]
fn in_rqlites_own_image_all_but_clients_counts() {
    const IMAGE: &str = "registry.corp:5000/mirror/rqlite/rqlite:9.4.5";
    let clients = [
        command(&["curl", "http://db:4001/status"]),
        command(&["sleep", "infinity"]),
        command(&["timeout", "5", "curl", "http://db:4001/rqlited"]),
        command(&["timeout", "5", "pgrep", "rqlited"]),
        command(&["setpriv", "--reuid", "rqlite", "nc", "-z", "rqlited", "4001"]),
        command(&["tini", "--", "rqlite", "-H", "db"]),
        command(&["gosu", "rqlite", "rqlite", "-H", "db"]),
        command(&["busybox", "wget", "-qO-", "http://db:4001/status"]),
        json!({"args": ["rqlite", "-H", "db"]}),
        json!({"args": ["sh", "-c", "while true; do rqlite -H db .backup; sleep 9; done"]}),
        script(
            "sh",
            "set -e; command -v curl; while :; do curl -s http://db:4001/db/backup | gzip > /b/$(date +%s).gz; find /b -mtime +7; sleep 86400; done",
        ),
    ];
    let Launches { rqlited, unseen, others } = Launches::read();
    for launch in rqlited.iter().chain(&unseen).chain(&others).filter(|launch| !clients.contains(launch)) {
        assert!(counts(IMAGE, launch), "{launch}");
    }
    for launch in &clients {
        assert!(!counts(IMAGE, launch), "{launch}");
    }
    for launch in [
        json!({"args": ["/scripts/start"]}),
        json!({"args": ["backup"]}),
        command(&["/vault/vault-env", "docker-entrypoint.sh", "-fk"]),
        script("sh", "rqlite -H db .backup; /scripts/next"),
        command(&["gosu", "rqlite", "/start"]),
        command(&["setpriv", "--reuid", "rqlite", "--regid", "rqlite", "/start"]),
    ] {
        assert!(counts(IMAGE, &launch), "{launch}");
    }
}
