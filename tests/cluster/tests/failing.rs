//! What breaks under and beside Quorate: what is blocked meanwhile, what the user reads, and how it comes back.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use quorate_cluster_tests::{ControlPlane, Load, Quorate, eventually, manifests};

const SHRINK: &str = "scale statefulset/rqlite --replicas=1 --dry-run=server";
const GROW: &str = "scale statefulset/rqlite --replicas=5 --dry-run=server";

#[test]
fn one_of_two_replicas_ends_under_load_and_no_change_fails() {
    let plane = ControlPlane::start("ends");
    let quorate = Quorate::install(&plane);
    let namespace = quorate.voters("one_of_two");
    let load = Load::start(&namespace, "rqlite", 8);
    load.go_on_for(30);
    quorate.roll();
    load.go_on_for(30);
    let counts = load.stop();
    assert_eq!((counts.failed.as_slice(), counts.passed), (&[][..], 0));
}

#[test]
fn a_killed_leader_is_succeeded_and_the_other_replica_answers() {
    let plane = ControlPlane::start("killed");
    let quorate = Quorate::install(&plane);
    let namespace = quorate.voters("a_killed_leader");
    let leads = |index: usize| quorate.replica(index).metric("quorate_cluster_leader") == Some(1.0);
    let leader = eventually("a leader", || (0..2).find(|index| leads(*index)).ok_or("nobody leads"));
    quorate.replica(leader).process().kill();
    quorate.route_to(1 - leader);
    namespace.await_guarded("rqlite");
    eventually("the other one to lead", || if leads(1 - leader) { Ok(()) } else { Err("it does not") });
    namespace.apply(&manifests::rqlite("store", 3)).ok();
    quorate.await_known(&namespace, "store");
}

#[test]
fn a_hung_replica_blocks_dangerous_changes_only_and_says_so() {
    let plane = ControlPlane::start("hung");
    let quorate = Quorate::install(&plane);
    let namespace = quorate.voters("a_hung_replica");
    for replica in quorate.replicas() {
        replica.process().pause();
    }
    let refusal = namespace.kubectl().line(SHRINK).refused();
    assert!(refusal.contains("failed calling webhook") && refusal.contains("quorate.dev"), "{refusal}");
    namespace.kubectl().line(GROW).ok();
    for replica in quorate.replicas() {
        replica.process().resume();
    }
    namespace.await_guarded("rqlite");
}

#[test]
fn a_slow_answer_counts_until_the_api_server_gives_up() {
    let plane = ControlPlane::start("slow");
    let quorate = Quorate::install(&plane);
    let namespace = quorate.voters("slow");
    plane.services().slow_down(Duration::from_millis(700));
    namespace.await_guarded("rqlite");
    // Longer than the 3 s that the API server waits.
    plane.services().slow_down(Duration::from_secs(5));
    let refusal = eventually("the API server to give up", || {
        let refusal = namespace.kubectl().line(SHRINK).refused();
        if refusal.contains("failed calling webhook") { Ok(refusal) } else { Err(refusal) }
    });
    assert!(refusal.contains("quorate.dev") && refusal.contains("deadline exceeded"), "{refusal}");
    namespace.kubectl().line(GROW).ok();
    plane.services().slow_down(Duration::ZERO);
    namespace.await_guarded("rqlite");
}

#[test]
fn a_certificate_that_nobody_trusts_is_published_again() {
    let plane = ControlPlane::start("untrusted");
    let quorate = Quorate::install(&plane);
    let namespace = quorate.voters("untrusted");
    // Somebody else's authority: well-formed, and wrong.
    let wrong = plane.kubectl().in_namespace("default").get("configmap/kube-root-ca.crt")["data"]["ca.crt"]
        .as_str()
        .unwrap()
        .to_owned();
    let encoded = base64(&wrong);
    let object = plane.kubectl().get("validatingwebhookconfiguration/quorate");
    let count = object["webhooks"].as_array().unwrap().len();
    let operations: Vec<String> = (0..count)
        .map(|index| {
            format!(r#"{{"op":"replace","path":"/webhooks/{index}/clientConfig/caBundle","value":"{encoded}"}}"#)
        })
        .collect();
    let patch = format!("[{}]", operations.join(","));
    plane.kubectl().run(["patch", "validatingwebhookconfiguration/quorate", "--type=json", "-p", &patch]).ok();
    namespace.await_guarded("rqlite");
    eventually("the right caBundle everywhere", || {
        let text = plane.kubectl().get("validatingwebhookconfiguration/quorate").to_string();
        if text.contains(&encoded) { Err("the wrong one is still there") } else { Ok(()) }
    });
}

#[test]
fn a_lost_certificate_secret_costs_no_call() {
    let plane = ControlPlane::start("secret");
    let quorate = Quorate::install(&plane);
    let namespace = quorate.voters("a_lost_secret");
    let load = Load::start(&namespace, "rqlite", 4);
    load.go_on_for(20);
    quorate.kubectl().line("delete secret/quorate-certificate").ok();
    eventually("the Secret to be there again", || {
        let secret = quorate.kubectl().find("secret/quorate-certificate")?;
        if secret["data"]["tls.crt"].is_string() { Ok(()) } else { Err("it is empty".to_owned()) }
    });
    load.go_on_for(50);
    let counts = load.stop();
    assert_eq!((counts.failed.as_slice(), counts.passed), (&[][..], 0));
}

#[test]
fn the_api_server_restarts_and_etcd_hangs_and_all_comes_back() {
    let plane = ControlPlane::start("beneath");
    let quorate = Quorate::install(&plane);
    let namespace = quorate.voters("beneath");
    plane.restart_api_server(0);
    namespace.await_guarded("rqlite");
    plane.pause_etcd();
    namespace.kubectl().line("scale statefulset/rqlite --replicas=5 --request-timeout=3s").refused();
    plane.resume_etcd();
    namespace.await_guarded("rqlite");
    namespace.apply(&manifests::rqlite("store", 3)).ok();
    quorate.await_known(&namespace, "store");
    quorate.await_ready();
}

#[test]
fn five_hundred_requests_at_a_time_are_all_judged() {
    let plane = ControlPlane::start("many");
    let quorate = Quorate::install(&plane);
    let namespace = quorate.voters("five_hundred");
    for concurrency in [25, 500] {
        let load = Load::start(&namespace, "rqlite", concurrency);
        load.go_on_for(concurrency * 2);
        let counts = load.stop();
        assert_eq!(counts.passed, 0);
        // The API server may turn requests away by itself (429, by priority and fairness), and only it.
        let ours: Vec<&String> = counts.failed.iter().filter(|said| said.contains("webhook")).collect();
        // A machine that also runs another suite can hold one back for the 3 s that the API server waits. It is then refused, and few are.
        let (late, wrong): (Vec<&String>, Vec<&String>) =
            ours.into_iter().partition(|said| said.contains("context deadline exceeded"));
        assert_eq!(wrong, Vec::<&String>::new(), "at {concurrency}");
        assert!(late.len() <= concurrency / 50, "at {concurrency}: {late:?}");
    }
    namespace.await_guarded("rqlite");
}

/// The API server takes objects up to 3 MiB, of which etcd by default stores half: an update to the largest from one that is stored.
#[test]
fn an_update_of_two_large_objects_is_judged() {
    let plane = ControlPlane::start("large");
    let quorate = Quorate::install(&plane);
    let namespace = quorate.plane().namespace("large");
    let set = |variables: usize| {
        let value = "x".repeat(200);
        let variable = |index: usize| format!("        - name: V{index}\n          value: {value}\n");
        let environment: String = (0..variables).map(variable).collect();
        manifests::rqlite_set("rqlite", 3)
            .replace("        ports:\n", &format!("        env:\n{environment}        ports:\n"))
    };
    let (stored, largest) = (set(6_000), set(12_500).replace("replicas: 3", "replicas: 1"));
    assert!(stored.len() > 1_300_000 && largest.len() > 2_900_000, "{} {}", stored.len(), largest.len());
    let kubectl = namespace.kubectl();
    kubectl.run_with(&stored, ["create", "-f", "-"]).ok();
    eventually("a verdict", || {
        // Its controller may write the status meanwhile, which is a conflict.
        let refusal = kubectl.run_with(&largest, ["replace", "-f", "-"]).refused();
        if refusal.contains("leaves 1 of 3 voters") {
            Ok(())
        } else {
            Err(refusal.chars().take(500).collect::<String>())
        }
    });
}

fn base64(text: &str) -> String {
    let mut child = std::process::Command::new("base64")
        .arg("-w0")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}
