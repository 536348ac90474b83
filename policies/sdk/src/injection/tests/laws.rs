//! What holds for every manifest: the operations give the editor's tree, twice is once, git gives the live object again.

use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::json;

use super::*;
use crate::injection::entry::{self, InjectionEntry, InjectionMark};

/// A manifest as git may have it: launch shapes, some flags, some volumes and mounts, with and without annotations.
fn manifests() -> impl Strategy<Value = Value> {
    let flags = vec!["-disco-mode=dns", "-bootstrap-expect=3", "-fk=true", "-join-interval", "-raft-log-level=INFO"];
    let shapes =
        prop::sample::select(vec!["flags", "server", "command", "script", "keyword", "named", "entrypoint", "wrapper"]);
    let volumes = subsequence(vec!["a", "b", "c"], 0..=3);
    (shapes, subsequence(flags, 0..=5), volumes, any::<bool>(), prop::option::of(1_i64..60)).prop_map(
        |(shape, flags, volumes, annotated, grace)| {
            let mut object = git(launch_args(shape, &flags));
            let pod = &mut object["spec"]["template"]["spec"];
            pod["volumes"] = volumes.iter().map(|name| json!({ "name": name, "emptyDir": {} })).collect();
            pod["containers"][1]["volumeMounts"] =
                volumes.iter().map(|name| json!({ "name": name, "mountPath": format!("/{name}") })).collect();
            pod["containers"][1]["command"] = launch_command(shape);
            prune(pod, grace);
            if annotated {
                object["metadata"]["annotations"] = json!({ "team": "storage" });
            }
            object
        },
    )
}

fn launch_args(shape: &str, flags: &[&str]) -> Value {
    let values = flags.iter().flat_map(|flag| match *flag {
        "-join-interval" => vec![*flag, "1s"],
        flag => vec![flag],
    });
    let values: Vec<&str> = values.collect();
    match shape {
        "server" => json!([vec!["rqlited"], values, vec!["/data"]].concat()),
        "command" => json!([values, vec!["/data"]].concat()),
        "script" => json!([vec!["exec docker-entrypoint.sh \"$0\" \"$@\""], values].concat()),
        "keyword" => json!(["run"]),
        "named" => json!(["docker-entrypoint.sh", "run"]),
        "entrypoint" | "wrapper" => json!([]),
        _ => json!(values),
    }
}

fn launch_command(shape: &str) -> Value {
    match shape {
        "command" => json!(["rqlited"]),
        "script" => json!(["/bin/sh", "-c"]),
        "entrypoint" => json!(["docker-entrypoint.sh", "run"]),
        "wrapper" => json!(["tini", "--", "docker-entrypoint.sh", "run"]),
        _ => json!([]),
    }
}

/// The API server stores no empty list.
fn prune(pod: &mut Value, grace: Option<i64>) {
    match grace {
        Some(seconds) => pod["terminationGracePeriodSeconds"] = json!(seconds),
        None => drop(pod.as_object_mut().unwrap().remove("terminationGracePeriodSeconds")),
    }
    let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    pod.as_object_mut().unwrap().retain(|_, value| !empty(value));
    pod["containers"][1].as_object_mut().unwrap().retain(|_, value| !empty(value));
}

fn items() -> Vec<Item> {
    [shutdown_items(), secret_items(), vec![volume("others")]].concat()
}

/// One policy that makes everything, to put and take at will.
const ANY: Injector = Injector { policy: "any", makes: |_| true };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// `patched` compares the patched object with the editor.
    #[test]
    fn the_operations_give_the_drafts_tree(new in manifests(), steps in prop::collection::vec((any::<bool>(), 0_usize..8), 0..12)) {
        let mut editor = editor(ANY, None, &new);
        let items = items();
        for (puts, index) in steps {
            if puts {
                // Refusals leave the draft as it was; that is compared too.
                let _ = editor.put(&items[index]);
            } else {
                editor.take_out(&items[index]);
            }
        }
        patched(editor, &new);
    }

    #[test]
    fn taking_everything_out_leaves_the_manifest(new in manifests()) {
        let mut editor = editor(ANY, None, &new);
        let items = items();
        for item in &items[..7] {
            let _ = editor.put(item);
        }
        for item in &items {
            editor.take_out(item);
        }
        prop_assert_eq!(patched(editor, &new), new);
    }

    #[test]
    fn twice_is_once(old in manifests(), new in manifests(), injected in any::<bool>()) {
        let old = if injected { both(None, &old) } else { old };
        for before in [None, Some(&old)] {
            let once = both(before, &new);
            prop_assert_eq!(&both(before, &once), &once);
        }
    }

    #[test]
    fn git_gives_the_live_object_again(new in manifests()) {
        let live = both(None, &new);
        prop_assert_eq!(&both(Some(&live), &new), &live);
        prop_assert_eq!(&both(Some(&live), &live), &live);
    }

    /// Each policy, on the former's result, comes to the same answer.
    #[test]
    fn both_orders_reproduce_the_same(new in manifests()) {
        let live = both(None, &new);
        let (first, reconciled) = turn(SHUTDOWN, Some(&live), &new, &shutdown_items());
        prop_assert!(reconciled.started().next().is_none());
        let (second, reconciled) = turn(SECRETS, Some(&live), &first, &secret_items());
        prop_assert!(reconciled.started().next().is_none());
        prop_assert_eq!(second, live);
    }

    #[test]
    fn every_entry_reads_as_it_was_written(index in 0_usize..9, token in "-[a-z-]{1,9}=[ -~]{0,12}", seconds in 0_i64..9999) {
        let container = "rqlite".to_owned();
        let marks = [
            InjectionMark::Flag { container: container.clone(), list: kubernetes::manifest::List::Args, index, keyword: None, token: token.clone() },
            InjectionMark::Flag { container: container.clone(), list: kubernetes::manifest::List::Command, index, keyword: Some("run".into()), token },
            InjectionMark::Grace { seconds, was: (index > 4).then_some(seconds) },
            InjectionMark::Volume { name: "quorate-auth".into() },
            InjectionMark::Mount { container: container.clone(), volume: "quorate-auth".into(), path: "/etc/with blank".into() },
            InjectionMark::Probe { container, probe: ProbeKind::Startup, was: (index > 4).then(|| "HTTP".to_owned()) },
        ];
        for mark in marks {
            let entry = InjectionEntry { policy: "secret-mounts".to_owned(), mark };
            prop_assert_eq!(entry::parse(&entry.to_string()), vec![entry]);
        }
    }
}
