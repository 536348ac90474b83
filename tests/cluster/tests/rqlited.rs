//! Real database nodes behind Pods: what every test that stands on them relies on. Without Quorate, so that what is lost without it
//! is seen. Each inner test runs in a network of its own.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::{Duration, Instant};

use quorate_cluster_tests::{
    ControlPlane, Exit, Level, Namespace, Rqlited, Rqliteds, basic, eventually, isolation, manifests, upstream,
};
use serde_json::json;

/// Runs an inner test, unless there is nothing to run it with.
fn with_rqlited(test: &str) {
    if Rqliteds::find_for(test).is_some() {
        isolation::run(test);
    }
}

#[test]
fn three_nodes_form_a_cluster_and_share_their_rows() {
    with_rqlited("a_cluster_of_each_major");
}

#[test]
fn a_scale_down_to_one_without_quorate_loses_the_quorum() {
    with_rqlited("the_quorum_is_lost");
}

#[test]
fn a_pod_comes_back_with_its_data_and_its_address() {
    with_rqlited("a_pod_comes_back");
}

#[test]
fn a_node_is_killed_held_and_frozen() {
    with_rqlited("a_node_suffers");
}

#[test]
fn users_come_from_a_mounted_secret() {
    with_rqlited("users_in_a_secret");
}

#[test]
fn a_probe_speaks_tls() {
    with_rqlited("certificates_in_a_secret");
}

#[test]
fn rqlited_is_started_without_the_images_entrypoint() {
    with_rqlited("other_shapes");
}

#[test]
fn a_node_that_is_told_to_removes_itself_as_it_ends() {
    with_rqlited("a_node_removes_itself");
}

#[test]
fn a_new_image_runs_the_new_version_on_the_old_data() {
    with_rqlited("an_upgrade");
}

#[test]
fn an_image_that_is_not_there_does_not_start() {
    with_rqlited("no_such_image");
}

#[test]
fn the_official_manifests_run() {
    with_rqlited("official_manifests");
}

#[test]
fn the_official_charts_run() {
    with_rqlited("official_charts");
}

/// A namespace whose database nodes are real.
fn namespace(test: &str) -> Namespace<'static> {
    let namespace = ControlPlane::shared().namespace(test);
    namespace.run_rqlited();
    namespace
}

/// The newest of each major that there is, down to 7.
fn of_each_major() -> Vec<&'static Rqlited> {
    let rqliteds = Rqliteds::find().unwrap();
    (7..=10).filter_map(|major| rqliteds.newest_of(major)).collect()
}

/// Three ready nodes of the version, with a row in a table.
fn cluster(namespace: &Namespace<'_>, tag: &str) {
    namespace.apply(&manifests::database("rqlite", 3, tag)).ok();
    namespace.await_ready("rqlite", 3);
    write_a_row(namespace, "rqlite-0");
}

fn write_a_row(namespace: &Namespace<'_>, pod: &str) {
    let rqlite = namespace.rqlite(pod);
    eventually("a table", || rqlite.execute("CREATE TABLE IF NOT EXISTS rows (name TEXT)"));
    eventually("a row", || rqlite.execute("INSERT INTO rows (name) VALUES ('kept')"));
}

/// Whether the node has the row by itself.
fn await_row(namespace: &Namespace<'_>, pod: &str) {
    eventually(&format!("the row on {pod}"), || {
        let rows = namespace.rqlite(pod).query("SELECT name FROM rows", Level::None)?;
        if rows.iter().flatten().any(|name| name == "kept") { Ok(()) } else { Err(format!("{rows:?}")) }
    });
}

fn await_gone(namespace: &Namespace<'_>, left: &[&str]) {
    eventually("Pods to go", || match namespace.pods() {
        pods if pods == left => Ok(()),
        pods => Err(format!("{pods:?}")),
    });
}

#[test]
#[ignore = "only in a network of its own, for three_nodes_form_a_cluster_and_share_their_rows"]
fn a_cluster_of_each_major() {
    for rqlited in of_each_major() {
        let namespace = namespace(&format!("cluster_of_{}", rqlited.version.0));
        let began = Instant::now();
        cluster(&namespace, &rqlited.version.to_string());
        for pod in ["rqlite-1", "rqlite-2"] {
            await_row(&namespace, pod);
        }
        let nodes = namespace.rqlite("rqlite-2").nodes().unwrap();
        let ids: Vec<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
        assert_eq!(ids, ["rqlite-0", "rqlite-1", "rqlite-2"]);
        assert!(nodes.iter().all(|node| node.voter != Some(false) && node.reachable), "{nodes:?}");
        assert_eq!(nodes.iter().filter(|node| node.leader).count(), 1, "{nodes:?}");
        eprintln!("rqlited {}: three nodes and a row on each after {:?}", rqlited.version, began.elapsed());
    }
}

#[test]
#[ignore = "only in a network of its own, for a_scale_down_to_one_without_quorate_loses_the_quorum"]
fn the_quorum_is_lost() {
    for rqlited in of_each_major() {
        let namespace = namespace(&format!("quorum_of_{}", rqlited.version.0));
        cluster(&namespace, &rqlited.version.to_string());
        namespace.kubectl().line("scale statefulset/rqlite --replicas=1").ok();
        await_gone(&namespace, &["rqlite-0"]);
        for pod in ["rqlite-1", "rqlite-2"] {
            // Asked to, not killed. With 0, unless it was still busy joining: then with 1, and 7.x by SIGTERM itself.
            let exits = namespace.rqlite_node(pod).exits();
            assert!(exits.len() == 1 && exits.iter().all(|exit| exit.signal != Some(9)), "{pod}: {exits:?}");
        }
        let rqlite = namespace.rqlite("rqlite-0");
        // Its lease ends within a second; then it has no leader, for good.
        eventually("the quorum to be lost", || match rqlite.query("SELECT name FROM rows", Level::Strong) {
            Ok(rows) => Err(format!("{rows:?}")),
            Err(_) => Ok(()),
        });
        rqlite.execute("INSERT INTO rows (name) VALUES ('lost')").unwrap_err();
        rqlite.query("SELECT name FROM rows", Level::Strong).unwrap_err();
        rqlite.remove("rqlite-2").unwrap_err();
        await_row(&namespace, "rqlite-0");
        eventually("the survivor to be unready", || {
            let ready = namespace.kubectl().get("statefulset/rqlite").pointer("/status/readyReplicas").cloned();
            if ready.is_none_or(|ready| ready == 0) { Ok(()) } else { Err("it is ready") }
        });

        namespace.kubectl().line("scale statefulset/rqlite --replicas=3").ok();
        namespace.await_ready("rqlite", 3);
        eventually("the quorum to be back", || rqlite.query("SELECT name FROM rows", Level::Strong));
        eprintln!("rqlited {}: lost at 3 -> 1, back with its claims", rqlited.version);
    }
}

#[test]
#[ignore = "only in a network of its own, for a_pod_comes_back_with_its_data_and_its_address"]
fn a_pod_comes_back() {
    let namespace = namespace("a_pod_comes_back");
    cluster(&namespace, "latest");
    await_row(&namespace, "rqlite-1");
    let kubectl = namespace.kubectl();
    let seen = |pod: &str| {
        let pod = kubectl.get(&format!("pod/{pod}"));
        ["/metadata/uid", "/status/podIP"].map(|part| pod.pointer(part).cloned().unwrap_or_default())
    };
    let [uid, address] = seen("rqlite-1");
    kubectl.line("delete pod/rqlite-1 --timeout=30s").ok();
    let node = namespace.rqlite_node("rqlite-1");
    eventually("the second start", || if node.starts() == 2 { Ok(()) } else { Err(format!("{node:?}")) });
    assert_eq!(node.exits(), [Exit { code: Some(0), signal: None }]);
    namespace.await_ready("rqlite", 3);
    let [new, same] = seen("rqlite-1");
    assert!(uid != new && address == same && address == json!(node.address()), "{address} {same} {}", node.address());
    await_row(&namespace, "rqlite-1");

    kubectl.line("delete pod/rqlite-1 --grace-period=0 --force").ok();
    eventually("the third start", || if node.starts() == 3 { Ok(()) } else { Err(format!("{node:?}")) });
    assert_eq!(node.exits().last(), Some(&Exit { code: None, signal: Some(9) }));
    namespace.await_ready("rqlite", 3);
    await_row(&namespace, "rqlite-1");

    // All gone, claims and all: nothing is left of the row.
    kubectl.line("delete statefulset/rqlite --timeout=60s").ok();
    await_gone(&namespace, &[]);
    kubectl.line("delete persistentvolumeclaims --all --timeout=60s").ok();
    namespace.apply(&manifests::database("rqlite", 3, "latest")).ok();
    namespace.await_ready("rqlite", 3);
    let rows = namespace.rqlite("rqlite-0").query("SELECT name FROM rows", Level::None);
    assert!(rows.as_ref().is_err_and(|error| error.contains("no such table")), "{rows:?}");
}

#[test]
#[ignore = "only in a network of its own, for a_node_is_killed_held_and_frozen"]
fn a_node_suffers() {
    let namespace = namespace("a_node_suffers");
    cluster(&namespace, "latest");
    let kubectl = namespace.kubectl();
    let container = |pod: &str| {
        kubectl.get(&format!("pod/{pod}")).pointer("/status/containerStatuses/0").cloned().unwrap_or_default()
    };
    let ready = |pod: &str, ready: bool| {
        eventually(&format!("{pod} to be ready: {ready}"), || match container(pod) {
            seen if seen["ready"] == ready => Ok(()),
            seen => Err(seen.to_string()),
        });
    };

    let node = namespace.rqlite_node("rqlite-2");
    node.kill();
    eventually("a restart", || match container("rqlite-2") {
        seen if seen["restartCount"] == 1 && seen["ready"] == true => Ok(()),
        seen => Err(seen.to_string()),
    });
    assert_eq!(container("rqlite-2").pointer("/lastState/terminated/exitCode"), Some(&json!(137)));
    await_row(&namespace, "rqlite-2");

    node.hold();
    ready("rqlite-2", false);
    assert!(!node.is_running());
    let seen = || namespace.rqlite("rqlite-0").nodes();
    eventually("the others to miss it", || match seen()? {
        nodes if nodes.iter().any(|node| node.id == "rqlite-2" && !node.reachable) => Ok(()),
        nodes => Err(format!("{nodes:?}")),
    });
    node.release();
    ready("rqlite-2", true);

    node.freeze();
    ready("rqlite-2", false);
    assert!(node.is_running());
    node.thaw();
    ready("rqlite-2", true);

    // A paused agent hears nothing: the node runs on although its Pod is to end.
    namespace.plane().agent().pause(namespace.name());
    kubectl.line("delete pod/rqlite-2 --wait=false").ok();
    std::thread::sleep(Duration::from_secs(1));
    assert!(node.is_running() && node.starts() == 3, "{node:?}");
    namespace.plane().agent().resume(namespace.name());
    eventually("the fourth start", || if node.starts() == 4 { Ok(()) } else { Err(format!("{node:?}")) });
    ready("rqlite-2", true);

    // Not even that its Pod was deleted by force.
    namespace.plane().agent().pause(namespace.name());
    kubectl.line("delete pod/rqlite-2 --grace-period=0 --force").ok();
    std::thread::sleep(Duration::from_secs(1));
    assert!(node.is_running() && node.starts() == 4, "{node:?}");
    namespace.plane().agent().resume(namespace.name());
    eventually("the fifth start", || if node.starts() == 5 { Ok(()) } else { Err(format!("{node:?}")) });
    assert_eq!(node.exits().last(), Some(&Exit { code: None, signal: Some(9) }));
    namespace.await_ready("rqlite", 3);
}

#[test]
#[ignore = "only in a network of its own, for users_come_from_a_mounted_secret"]
fn users_in_a_secret() {
    let namespace = namespace("users_in_a_secret");
    let users = json!([
        { "username": "nodes", "password": "between", "perms": ["join", "remove"] },
        { "username": "probe", "password": "asks", "perms": ["ready"] },
        { "username": "alice", "password": "secret", "perms": ["all"] },
    ]);
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "users" }, "stringData": { "list": users.to_string() },
    });
    namespace.apply(&secret.to_string()).ok();
    let arguments = "        - -auth=/config/auth/users.json\n        - -join-as=nodes\n        ports:\n";
    let mount = "        volumeMounts:
        - name: users
          mountPath: /config/auth/users.json
          subPath: users.json
";
    let volume = "      volumes:
      - name: users
        secret:
          secretName: users
          items:
          - key: list
            path: users.json
      containers:
";
    let header = format!(
        "            httpHeaders:\n            - name: Authorization\n              value: {}\n            port: rqlite\n",
        basic("probe", "asks")
    );
    let set = manifests::rqlite("rqlite", 3).replace("        ports:\n", arguments);
    let probe = "        readinessProbe:\n          httpGet:\n            path: /readyz\n            port: rqlite\n        volumeMounts:\n";
    let set = set.replace("        volumeMounts:\n", probe).replace("            port: rqlite\n", &header);
    let set = set.replace("        volumeMounts:\n", mount).replace("      containers:\n", volume);
    namespace.apply(&set.replace("rqlite/rqlite:10.2.0", "rqlite/rqlite")).ok();
    namespace.await_ready("rqlite", 3);

    let rqlite = namespace.rqlite("rqlite-0");
    let refusal = rqlite.execute("CREATE TABLE rows (name TEXT)").unwrap_err();
    assert!(refusal.starts_with("401"), "{refusal}");
    let alice = rqlite.as_user("alice", "secret");
    eventually("a table", || alice.execute("CREATE TABLE rows (name TEXT)"));
    assert_eq!(alice.nodes().unwrap().len(), 3);
}

#[test]
#[ignore = "only in a network of its own, for a_probe_speaks_tls"]
fn certificates_in_a_secret() {
    let namespace = namespace("certificates_in_a_secret");
    let issued = rcgen::generate_simple_self_signed(["rqlite".to_owned()]).unwrap();
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": { "name": "http" },
        "stringData": { "tls.crt": issued.cert.pem(), "tls.key": issued.signing_key.serialize_pem() },
    });
    namespace.apply(&secret.to_string()).ok();
    let flags = "        - -http-cert=/tls/tls.crt\n        - -http-key=/tls/tls.key\n        readinessProbe:\n";
    let set = manifests::database("rqlite", 3, "latest")
        .replace("        readinessProbe:\n", flags)
        .replace("            path: /readyz\n", "            path: /readyz\n            scheme: HTTPS\n")
        .replace("        volumeMounts:\n", "        volumeMounts:\n        - name: tls\n          mountPath: /tls\n")
        .replace(
            "      containers:\n",
            "      volumes:\n      - name: tls\n        secret:\n          secretName: http\n      containers:\n",
        );
    namespace.apply(&set).ok();
    namespace.await_ready("rqlite", 3);
    let rqlite = namespace.rqlite("rqlite-0").over_tls();
    eventually("a table", || rqlite.execute("CREATE TABLE rows (name TEXT)"));
    namespace.rqlite("rqlite-0").nodes().unwrap_err();
}

/// Without the entrypoint's defaults; peers by their host names; one set keeps its data in a volume, one nowhere.
#[test]
#[ignore = "only in a network of its own, for rqlited_is_started_without_the_images_entrypoint"]
fn other_shapes() {
    let namespace = namespace("other_shapes");
    let official = manifests::database("rqlite", 3, "latest");
    let arguments =
        official.split_once("        args:\n").unwrap().1.split_once("        readinessProbe:\n").unwrap().0;
    let direct = r#"        - -node-id=$(POD)
        - -http-addr=0.0.0.0:4001
        - -http-adv-addr=$(POD).rqlite-internal:4001
        - -raft-addr=$(ADDRESS):4002
        - -raft-adv-addr=$(POD).rqlite-internal.$(SPACE).svc.cluster.local:4002
        - -bootstrap-expect=3
        - -join=rqlite-0.rqlite-internal:4002,rqlite-1.rqlite-internal:4002,rqlite-2.rqlite-internal:4002
        - /rqlite/file/here
        command: [rqlited]
        env:
        - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: SPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
        - {name: ADDRESS, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
"#;
    namespace.apply(&official.replace(arguments, direct)).ok();
    namespace.await_ready("rqlite", 3);
    write_a_row(&namespace, "rqlite-0");

    let script = r#"        - |
          # Written for a shell.
          mkdir -p /data/raft
          exec rqlited -node-id="$(hostname)" -http-addr=0.0.0.0:4001 -raft-addr="$(hostname -i):4002" "$@" /data
        - name-of-the-script
        - -raft-log-level=INFO
        command: [/bin/sh, -ec]
        env:
        - {name: DATA_DIR, value: /data}
"#;
    let alone = manifests::database("alone", 1, "latest");
    let arguments = alone.split_once("        args:\n").unwrap().1.split_once("        readinessProbe:\n").unwrap().0;
    namespace.apply(&alone.replace(arguments, script)).ok();
    namespace.await_ready("alone", 1);
    write_a_row(&namespace, "alone-0");
    let node = namespace.rqlite_node("alone-0");
    node.kill();
    await_row(&namespace, "alone-0");
    namespace.kubectl().line("delete pod/alone-0 --timeout=30s").ok();
    eventually("a database without rows", || {
        match namespace.rqlite("alone-0").query("SELECT * FROM rows", Level::None) {
            Err(error) if error.contains("no such table") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

#[test]
#[ignore = "only in a network of its own, for a_node_that_is_told_to_removes_itself_as_it_ends"]
fn a_node_removes_itself() {
    let namespace = namespace("a_node_removes_itself");
    let flag = "        - -raft-cluster-remove-shutdown=true\n        readinessProbe:\n";
    let set = manifests::database("rqlite", 3, "latest").replace("        readinessProbe:\n", flag);
    namespace.apply(&set).ok();
    namespace.await_ready("rqlite", 3);
    namespace.kubectl().line("scale statefulset/rqlite --replicas=2").ok();
    await_gone(&namespace, &["rqlite-0", "rqlite-1"]);
    assert_eq!(namespace.rqlite_node("rqlite-2").exits(), [Exit { code: Some(0), signal: None }]);
    eventually("two members", || match namespace.rqlite("rqlite-0").nodes()? {
        nodes if nodes.len() == 2 => Ok(()),
        nodes => Err(format!("{nodes:?}")),
    });
}

#[test]
#[ignore = "only in a network of its own, for a_new_image_runs_the_new_version_on_the_old_data"]
fn an_upgrade() {
    let rqliteds = Rqliteds::find().unwrap();
    let (Some(old), Some(new)) = (rqliteds.newest_of(9), rqliteds.newest_of(10)) else {
        eprintln!("SKIPPED an_upgrade: needs rqlited 9 and 10");
        return;
    };
    let namespace = namespace("an_upgrade");
    cluster(&namespace, &old.version.to_string());
    let image = format!("rqlite=rqlite/rqlite:{}", new.version);
    namespace.kubectl().run(["set", "image", "statefulset/rqlite", &image]).ok();
    namespace.kubectl().line("rollout status statefulset/rqlite --timeout=60s").ok();
    for pod in ["rqlite-0", "rqlite-1", "rqlite-2"] {
        let log = namespace.rqlite_node(pod).log();
        assert!(log.contains(&format!("version v{}", new.version)), "{log}");
        await_row(&namespace, pod);
    }
}

#[test]
#[ignore = "only in a network of its own, for an_image_that_is_not_there_does_not_start"]
fn no_such_image() {
    let namespace = namespace("no_such_image");
    namespace.apply(&manifests::database("rqlite", 1, "3.0.0")).ok();
    eventually("a container that waits", || {
        let pod = namespace.kubectl().find("pod/rqlite-0")?;
        let waiting = pod.pointer("/status/containerStatuses/0/state/waiting").cloned().unwrap_or_default();
        if waiting["reason"] == "ErrImagePull" { Ok(()) } else { Err(pod["status"].to_string()) }
    });
    // A Pod that never ran ends like any other, and other Pods of the namespace are only said to run.
    namespace.kubectl().line("delete statefulset/rqlite --timeout=30s").ok();
    await_gone(&namespace, &[]);
    namespace.apply(&manifests::other_set("web", 1)).ok();
    namespace.await_ready("web", 1);
}

#[test]
#[ignore = "only in a network of its own, for the_official_manifests_run"]
fn official_manifests() {
    let files = ["manifests/service.yaml", "manifests/statefulset-3-node.yaml"].map(upstream);
    let [Some(services), Some(set)] = files else { return };
    let namespace = namespace("official_manifests");
    namespace.apply(&services).ok();
    namespace.apply(&set).ok();
    namespace.await_ready("rqlite", 3);
    write_a_row(&namespace, "rqlite-1");
    await_row(&namespace, "rqlite-2");
}

#[test]
#[ignore = "only in a network of its own, for the_official_charts_run"]
fn official_charts() {
    let has_nine = Rqliteds::find().is_some_and(|rqliteds| rqliteds.newest_of(9).is_some());
    // With users, as its own Secrets are rendered; with read-only nodes, which find the voters under the same name.
    for (name, sets) in [("voters-3", 1), ("voters-3-users", 1), ("voters-3-readonly-4", 2)] {
        let Some(chart) = upstream(&format!("chart-2.0.0/{name}.yaml")) else { return };
        let chart = if has_nine { chart } else { chart.replace("rqlite/rqlite:9.1.3", "rqlite/rqlite") };
        let namespace = namespace(&format!("chart_{name}"));
        namespace.apply(&chart).ok();
        namespace.await_ready("db-rqlite", 3);
        let rqlite = namespace.rqlite("db-rqlite-0");
        if sets == 2 {
            namespace.await_ready("db-rqlite-readonly", 4);
            let nodes = rqlite.nodes().unwrap();
            let voters = nodes.iter().filter(|node| node.voter == Some(true)).count();
            assert_eq!((nodes.len(), voters), (7, 3), "{nodes:?}");
        }
        if name == "voters-3" {
            write_a_row(&namespace, "db-rqlite-0");
            let began = Instant::now();
            namespace.kubectl().line("delete pod/db-rqlite-2 --timeout=30s").ok();
            assert!(began.elapsed() >= Duration::from_secs(2), "preStop sleeps for two seconds");
            namespace.await_ready("db-rqlite", 3);
            await_row(&namespace, "db-rqlite-2");
        }
    }
}
