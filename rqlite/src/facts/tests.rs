//! The facts format: what it takes, and what it refuses by name.

use serde_json::json;

use super::*;

#[track_caller]
fn refuses(facts: serde_json::Value, part: &str) {
    let error = Facts::parse(&facts.to_string()).unwrap_err().to_string();
    assert!(error.contains(part), "{error}");
}

#[test]
fn a_version_alone_is_nothing_known() {
    assert_eq!(Facts::parse("{\"version\": 1}"), Ok(Facts::default()));
}

#[test]
fn reads_every_key() {
    let facts = Facts::parse(
        r#"{"version": 1, "membership": [{"id": "rqlite-0", "api_addr": "http://rqlite-0:4001", "addr": "rqlite-0:4002", "version": "10",
            "voter": true, "reachable": true, "leader": true, "time": 0.1, "time_s": "1s"}, {"id": "rqlite-3", "addr": "rqlite-3:4002", "voter": false,
            "reachable": false, "leader": false, "error": "refused"}],
            "leader": "rqlite-0", "lastVoters": ["rqlite-0"], "lastVotersAgeMilliseconds": 61000,
            "pods": [{"name": "rqlite-0", "ready": true, "terminating": false, "nodeId": "rqlite-0", "removeOnShutdown": true}, {"name": "rqlite-1"}],
            "pvcs": [{"name": "data-rqlite-0", "bound": true}], "owners": ["u"], "everReady": true, "now": "2026-11-22T10:00:00Z"}"#,
    )
    .unwrap();
    let view = facts.membership.unwrap();
    assert_eq!(view.leader.as_deref(), Some("rqlite-0"));
    assert_eq!(view.voters().count(), 1);
    assert_eq!(facts.last_voters.unwrap(), ["rqlite-0"]);
    assert_eq!(facts.last_voters_age_milliseconds, Some(61_000));
    let pods = facts.pods.unwrap();
    assert_eq!(
        (pods[0].ready, pods[0].remove_on_shutdown, pods[1].ready, pods[1].node_id.as_ref()),
        (Some(true), Some(true), None, None)
    );
    assert_eq!(facts.claims.unwrap(), [Claim { name: "data-rqlite-0".to_owned(), bound: true, access_modes: None }]);
    assert_eq!(
        (facts.owners.unwrap(), facts.ever_ready, facts.now.unwrap().as_str()),
        (vec![Owner { uid: "u".to_owned(), ..Owner::default() }], Some(true), "2026-11-22T10:00:00Z")
    );
}

#[test]
fn what_is_written_is_read_again() {
    let text = json!({
        "version": 1, "leader": null,
        "membership": [{ "id": "a", "addr": "a:4002", "version": "v10.2.7", "voter": true, "reachable": true, "leader": false }],
        "pods": [
            { "name": "rqlite-0", "uid": "u0", "ready": false, "running": true, "terminating": true, "nodeId": "a", "removeOnShutdown": false },
            { "name": "rqlite-1" },
        ],
        "pvcs": [{ "name": "data-rqlite-0", "bound": true, "accessModes": ["ReadWriteOnce"] }],
        "leaving": [{ "name": "rqlite-0", "uid": "u0" }, { "name": "rqlite-1" }],
        "services": [{ "name": "rqlite-svc", "headless": true, "publishNotReady": true, "selector": { "app": "rqlite" }, "ports": [{ "name": "raft", "port": 4002 }] }],
        "owners": ["u", { "kind": "Node", "name": "n", "uid": "v" }],
    });
    let facts = Facts::parse(&text.to_string()).unwrap();
    assert_eq!(facts.membership.as_ref().unwrap().members[0].version.as_deref(), Some("v10.2.7"));
    assert_eq!(Facts::parse(&facts.to_json().unwrap()), Ok(facts));
}

#[test]
fn another_uid_under_the_name_is_another_pod() {
    let pod = |uid: Option<&str>| Pod { name: "a-0".to_owned(), uid: uid.map(str::to_owned), ..Pod::default() };
    let leaving = |uid: Option<&str>| Leaving { name: "a-0".to_owned(), uid: uid.map(str::to_owned) };
    assert!(leaving(Some("u")).is(&pod(Some("u"))));
    assert!(!leaving(Some("u")).is(&pod(Some("v"))));
    assert!(leaving(Some("u")).is(&pod(None)) && leaving(None).is(&pod(Some("v"))));
    assert!(!leaving(None).is(&Pod { name: "a-1".to_owned(), ..Pod::default() }));
}

#[test]
fn an_empty_list_is_knowledge() {
    let facts = Facts::parse(r#"{"version": 1, "pods": [], "pvcs": []}"#).unwrap();
    assert_eq!((facts.pods, facts.claims, facts.owners), (Some(Vec::new()), Some(Vec::new()), None));
}

#[test]
fn the_leader_key_wins_over_the_entries() {
    let entry = json!({ "id": "a", "addr": "a:1", "voter": true, "reachable": true, "leader": true });
    let leader = |facts: serde_json::Value| Facts::parse(&facts.to_string()).unwrap().membership.unwrap().leader;
    assert_eq!(leader(json!({ "version": 1, "membership": [entry] })), Some("a".to_owned()));
    assert_eq!(leader(json!({ "version": 1, "membership": [entry], "leader": null })), None);
    let mut other = entry.clone();
    other["id"] = json!("b");
    assert_eq!(leader(json!({ "version": 1, "membership": [entry, other] })), None);
}

#[test]
fn what_no_cluster_looks_like_is_no_view() {
    let member = |id: &str, voter: bool, leader: bool| json!({ "id": id, "addr": "a:1", "voter": voter, "reachable": true, "leader": leader });
    let view = |facts: serde_json::Value| Facts::parse(&facts.to_string()).unwrap().membership;
    assert_eq!(view(json!({ "version": 1, "membership": [] })), None);
    assert_eq!(view(json!({ "version": 1, "membership": [member("a", false, false)] })), None);
    let led_by_none = json!([member("a", true, false), member("b", false, true)]);
    assert_eq!(view(json!({ "version": 1, "membership": led_by_none })), None);
    assert_eq!(view(json!({ "version": 1, "membership": led_by_none, "leader": "b" })), None);
    assert!(view(json!({ "version": 1, "membership": led_by_none, "leader": "a" })).is_some());
}

#[test]
fn unknown_keys_and_versions_are_named() {
    refuses(json!({ "version": 1, "membrship": [] }), "membrship");
    refuses(json!({ "version": 1, "pods": [{ "name": "a", "redy": true }] }), "redy");
    refuses(json!({ "version": 1, "pvcs": [{ "name": "a", "phase": "Bound" }] }), "phase");
    refuses(json!({ "version": 1, "leaving": [{ "pod": "a" }] }), "pod");
    refuses(json!({ "version": 1, "owners": [{ "uid": "u", "apiVersion": "v1" }] }), "apiVersion");
    refuses(json!({ "version": 1, "owners": [1] }), "an owner with");
    refuses(json!({ "version": 1, "services": [{ "name": "s", "type": "ClusterIP" }] }), "type");
    refuses(json!({ "version": 2, "anything": 1 }), "version 2");
    refuses(json!({ "version": "1" }), "version \"1\"");
    refuses(json!({}), "`version` is missing");
    refuses(json!({ "version": 1, "membership": [{ "addr": "a:1" }] }), "no `id`");
    refuses(json!({ "version": 1, "membership": [{ "id": "a" }, { "id": "a" }] }), "`a` twice");
    refuses(json!({ "version": 1, "membership": [{ "id": "a" }], "leader": "b" }), "`b`");
    assert!(Facts::parse("nonsense").is_err());
}

#[test]
fn what_was_recorded_ages() {
    let seen = |age_milliseconds| Some(ViewOrigin { age_milliseconds, from: "rqlite-0".to_owned() });
    let recorded = Facts { seen: seen(400), last_voters_age_milliseconds: Some(u64::MAX), ..Facts::default() };
    let later = recorded.aged(60_000);
    assert_eq!((later.seen, later.last_voters_age_milliseconds), (seen(60_400), Some(u64::MAX)));
    assert_eq!(Facts::default().aged(1), Facts::default());
}

/// A tree reads as its text does, and is refused where that is.
#[test]
fn a_tree_of_facts_reads_as_their_text() {
    let example = include_str!("../../../docs/examples/facts.json");
    let whole: serde_json::Value = serde_json::from_str(example).unwrap();
    let mut trees = vec![
        whole.clone(),
        serde_json::json!({"version": 1}),
        serde_json::json!({"version": 2}),
        serde_json::json!({}),
    ];
    for key in whole.as_object().unwrap().keys() {
        for value in [
            serde_json::json!(null),
            serde_json::json!("x"),
            serde_json::json!([]),
            serde_json::json!([{}]),
            serde_json::json!(["a"]),
            serde_json::json!({"a": {"b": "c"}}),
            serde_json::json!([{"name": "a", "wrong": 1}]),
            serde_json::json!(true),
            serde_json::json!(7),
        ] {
            let mut tree = whole.clone();
            tree[key] = value;
            trees.push(tree);
        }
    }
    trees.push({
        let mut tree = whole;
        tree["unheard"] = serde_json::json!(1);
        tree
    });
    for tree in trees {
        assert_eq!(Facts::from_tree(&tree).ok(), Facts::parse(&tree.to_string()).ok(), "{tree}");
    }
}
