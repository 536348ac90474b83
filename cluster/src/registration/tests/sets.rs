//! Changes to StatefulSets, one by one: sent where, and what passes when nobody answers.

use kubernetes::users::SYSTEM_DELETERS;
use rqlite::flag_table::{FLAGS, FlagSpec};
use serde_json::{Value, json};

use super::server::Request;
use super::{FAIL, IGNORE, NOT_RECOGNISED, NOT_SENT, validating};
use crate::registration::cel::DISTINCTIVE;

fn set() -> Value {
    json!({
        "metadata": {"name": "rqlite", "namespace": "db", "labels": {"app": "rqlite"}, "annotations": {"a": "b"}, "finalizers": ["orphan"]},
        "spec": {"replicas": 3, "template": {
            "metadata": {"annotations": {}},
            "spec": {
                "containers": [
                    {"name": "rqlite", "image": "rqlite/rqlite:10.2.7", "args": ["-bootstrap-expect=3"], "env": [{"name": "A", "value": "b"}]},
                    {"name": "exporter", "image": "exporter:1", "args": ["-v"]},
                ],
                "volumes": [{"name": "config", "configMap": {"name": "a"}}],
            },
        }},
        "status": {"replicas": 3},
    })
}

/// The set with one place of it set to something else.
fn with(pointer: &str, value: Value) -> Value {
    let mut set = set();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = set.pointer_mut(parent).unwrap();
    match key.parse::<usize>() {
        Ok(index) => parent[index] = value,
        Err(_) => parent[key] = value,
    }
    set
}

#[test]
fn each_change_of_a_set_goes_where_it_belongs() {
    let entries = validating(&[]);
    let container = |part: &str| format!("/spec/template/spec/containers/0/{part}");
    for (what, new, expected) in [
        ("shrinks", with("/spec/replicas", json!(2)), FAIL),
        ("to zero", with("/spec/replicas", json!(0)), FAIL),
        ("grows", with("/spec/replicas", json!(4)), IGNORE),
        ("ordinals shift", with("/spec/ordinals", json!({"start": 3})), FAIL),
        ("ordinals that start at zero anyway", with("/spec/ordinals", json!({"start": 0})), IGNORE),
        ("other args", with(&container("args"), json!(["-bootstrap-expect=5"])), FAIL),
        ("a command", with(&container("command"), json!(["sleep"])), FAIL),
        ("another variable", with(&container("env"), json!([])), FAIL),
        ("variables from elsewhere", with(&container("envFrom"), json!([{"secretRef": {"name": "a"}}])), FAIL),
        (
            "another mount",
            with(&container("volumeMounts"), json!([{"name": "config", "mountPath": "/rqlite/file"}])),
            FAIL,
        ),
        ("other volumes", with("/spec/template/spec/volumes", json!([])), FAIL),
        ("another release", with(&container("image"), json!("rqlite/rqlite:10.3.0")), IGNORE),
        ("another registry", with(&container("image"), json!("mirror.example:5000/rqlite/rqlite:10.2.7")), IGNORE),
        ("an image that is not rqlite's", with(&container("image"), json!("nginx:1")), FAIL),
        ("resources", with(&container("resources"), json!({"limits": {"cpu": "1"}})), IGNORE),
        ("a sidecar's args", with("/spec/template/spec/containers/1/args", json!(["-q"])), IGNORE),
        (
            "a restart",
            with("/spec/template/metadata/annotations", json!({"kubectl.kubernetes.io/restartedAt": "now"})),
            IGNORE,
        ),
        ("the update strategy", with("/spec/updateStrategy", json!({"rollingUpdate": {"maxUnavailable": 3}})), IGNORE),
        ("an owner", with("/metadata/ownerReferences", json!([{"uid": "a"}])), IGNORE),
        ("our annotation", with("/metadata/annotations", json!({"a": "b", "quorate.dev/join-as": "c"})), IGNORE),
        ("somebody's annotation", with("/metadata/annotations", json!({"a": "c"})), NOT_SENT),
        ("a label", with("/metadata/labels", json!({})), NOT_SENT),
        ("a finalizer taken away", with("/metadata/finalizers", json!([])), NOT_SENT),
        ("managed fields", with("/metadata/managedFields", json!([{"manager": "a"}])), NOT_SENT),
        ("status", with("/status/replicas", json!(2)), NOT_SENT),
        ("nothing", set(), NOT_SENT),
    ] {
        assert_eq!(Request::on_set(&set(), &new).entries(&entries), expected, "{what}");
    }
    assert_eq!(Request::on_set(&Value::Null, &set()).entries(&entries), FAIL, "creation");
    assert_eq!(Request::on_set(&set(), &Value::Null).entries(&entries), FAIL, "deletion");
}

#[test]
fn an_annotation_of_ours_counts_when_it_goes_and_when_it_changes() {
    let entries = validating(&[]);
    let annotated = |value: &str| with("/metadata/annotations", json!({"quorate.dev/join-as": value, "b": value}));
    for (old, new) in [(annotated("a"), annotated("b")), (annotated("a"), set())] {
        assert_eq!(Request::on_set(&old, &new).entries(&entries), IGNORE);
    }
}

#[test]
fn a_set_that_is_no_longer_named_by_its_annotation_is_another_launch() {
    let entries = validating(&[]);
    let mut private = with("/spec/template/spec/containers/0/image", json!("registry.example/db:1"));
    assert_eq!(Request::on_set(&Value::Null, &private).entries(&entries), NOT_SENT);
    let unnamed = private.clone();
    private["metadata"]["annotations"] = json!({"quorate.dev/container": "rqlite"});
    assert_eq!(Request::on_set(&private, &unnamed).entries(&entries), FAIL);
}

#[test]
fn only_kubernetes_own_deleters_are_left_out() {
    let entries = validating(&[]);
    let deletion = Request::on_set(&set(), &Value::Null);
    for deleter in SYSTEM_DELETERS {
        assert_eq!(deletion.clone().by(deleter).entries(&entries), NOT_SENT, "{deleter}");
        assert_eq!(Request::on_set(&set(), &with("/spec/replicas", json!(1))).by(deleter).entries(&entries), FAIL);
    }
    for other in
        ["system:serviceaccount:db:namespace-controller", "system:serviceaccount:kube-system:statefulset-controller"]
    {
        assert_eq!(deletion.clone().by(other).entries(&entries), FAIL, "{other}");
    }
}

/// A set of one container, scaled down.
fn shrinks(container: &Value) -> Request {
    let mut old = with("/spec/template/spec/containers", json!([container]));
    old["metadata"]["annotations"] = json!({});
    let mut new = old.clone();
    new["spec"]["replicas"] = json!(1);
    Request::on_set(&old, &new)
}

#[test]
fn whatever_may_run_rqlite_is_rqlites() {
    let entries = validating(&[]);
    for container in [
        json!({"image": "rqlite"}),
        json!({"image": "rqlite/rqlite@sha256:0123"}),
        json!({"image": "localhost:5000/a/b/rqlite:1"}),
        json!({"image": "kotsadm/rqlite:1"}),
        json!({"image": "a", "command": ["/bin/rqlited", "/data"]}),
        json!({"image": "a", "command": ["tini", "--"], "args": ["rqlited", "/data"]}),
        json!({"image": "a", "command": ["sh", "-c", "sleep 1; exec rqlited /data"]}),
        json!({"image": "a", "command": ["$(PROGRAM)"], "env": [{"name": "PROGRAM", "value": "/usr/bin/rqlited"}]}),
        json!({"image": "a", "args": ["sh", "-c", "$(RUN)"], "env": [{"name": "RUN", "value": "cd /;exec 'rqlited'"}]}),
        json!({"image": "a", "command": ["gosu", "rqlite", "rqlited", "/data"]}),
        json!({"image": "a", "command": ["/usr/bin/env", "A=b", "/bin/rqlited-10.2.7", "/data"]}),
        json!({"image": "a", "command": ["nice", "-n", "5", "$(P)"], "env": [{"name": "P", "value": "rqlited-10.2.7"}]}),
        json!({"image": "a", "command": ["busybox", "sh", "-c", "exec rqlited /data"]}),
        json!({"image": "a", "command": ["docker-entrypoint.sh", "-raft-non-voter"]}),
        json!({"image": "a", "command": ["/docker-entrypoint.sh"], "args": ["$(A)"], "env": [{"name": "A", "value": "-disco-mode=dns"}]}),
    ] {
        assert_eq!(shrinks(&container).entries(&entries), FAIL, "{container}");
    }
}

#[test]
fn what_is_not_rqlites_is_not_sent() {
    let entries = validating(&[]);
    for container in [
        json!({"image": "nginx"}),
        json!({}),
        json!({"image": "rqlite-exporter:1", "args": ["-host=rqlite.db:4001"]}),
        json!({"image": "rqlite.example/nginx:1"}),
        json!({"image": "postgres:17", "command": ["docker-entrypoint.sh", "postgres"]}),
        json!({"image": "consul:1", "args": ["agent", "-bootstrap-expect=3"]}),
        json!({"image": "app:1", "env": [{"name": "URL", "value": "http://rqlited.db:4001"}, {"name": "B", "valueFrom": {}}]}),
        json!({"image": "app:1", "env": [{"name": "URL", "value": "http://rqlited-0.rqlited-internal:4001/status"}]}),
        json!({"image": "app:1", "env": [{"name": "HOSTS", "value": "rqlited-0.rqlited,rqlited-1.rqlited"}]}),
        json!({"image": "app:1", "env": [{"name": "HOSTS", "value": "rqlited:4001,rqlited-1:4001"}]}),
    ] {
        assert_eq!(shrinks(&container).entries(&entries), NOT_SENT, "{container}");
    }
}

#[test]
fn every_flag_that_only_rqlited_has_is_covered() {
    for flag in FLAGS.iter().filter(|flag| flag.distinctive) {
        assert!(DISTINCTIVE.iter().any(|start| flag.name.starts_with(start)), "{}", flag.name);
    }
    for start in DISTINCTIVE {
        let begins = |flag: &FlagSpec| flag.distinctive && flag.name.starts_with(start);
        assert!(FLAGS.iter().any(begins), "{start}: no such flag any more");
    }
}

/// A set of an app, with that init container.
fn with_init(init: &Value) -> Value {
    let mut set = with("/spec/template/spec/containers", json!([{"name": "app", "image": "app:1"}]));
    set["spec"]["template"]["spec"]["initContainers"] = json!([{"name": "setup", "image": "setup:1"}, init]);
    set
}

#[test]
fn a_native_sidecar_counts_as_a_container() {
    let entries = validating(&[]);
    let sidecar = |launch: Value| {
        let mut sidecar = json!({"name": "db", "restartPolicy": "Always", "image": "app:2"});
        sidecar.as_object_mut().unwrap().extend(launch.as_object().unwrap().clone());
        with_init(&sidecar)
    };
    let changed = |old: &Value, pointer: &str, value: Value| {
        let mut new = old.clone();
        *new.pointer_mut(pointer).unwrap() = value;
        Request::on_set(old, &new).entries(&entries)
    };
    let init = "/spec/template/spec/initContainers/1";
    for launch in [
        json!({"image": "rqlite/rqlite:10.2.7", "args": ["-fk"]}),
        json!({"command": ["gosu", "a", "rqlited"], "args": ["-fk"]}),
    ] {
        let set = sidecar(launch);
        assert_eq!(Request::on_set(&Value::Null, &set).entries(&entries), FAIL);
        assert_eq!(Request::on_set(&set, &Value::Null).entries(&entries), FAIL);
        assert_eq!(changed(&set, "/spec/replicas", json!(1)), FAIL);
        assert_eq!(changed(&set, &format!("{init}/args"), json!(["-fk=false"])), FAIL);
        assert_eq!(changed(&set, &format!("{init}/restartPolicy"), json!("Never")), FAIL, "it ends");
        assert_eq!(changed(&set, "/spec/template/spec/initContainers/0/image", json!("setup:2")), IGNORE);
        assert_eq!(changed(&set, "/spec/replicas", json!(4)), IGNORE);
    }
    let ends = with_init(&json!({"name": "db", "image": "rqlite/rqlite:10.2.7"}));
    assert_eq!(changed(&ends, "/spec/replicas", json!(1)), NOT_SENT);
    let mut named = sidecar(json!({"command": ["/start"]}));
    assert_eq!(changed(&named, "/spec/replicas", json!(1)), NOT_SENT);
    named["metadata"]["annotations"] = json!({"quorate.dev/container": "db"});
    assert_eq!(changed(&named, "/spec/replicas", json!(1)), FAIL);
    let mut moved = named.clone();
    moved["spec"]["template"]["spec"]["containers"] = json!([named["spec"]["template"]["spec"]["initContainers"][1]]);
    moved["spec"]["template"]["spec"]["initContainers"] = json!([]);
    assert_eq!(Request::on_set(&named, &moved).entries(&entries), IGNORE, "moved as it is");
}

#[test]
fn claims_that_go_with_their_pods_are_a_danger_and_their_return_is_a_cure() {
    let entries = validating(&[]);
    let policy = |value: Value| with("/spec/persistentVolumeClaimRetentionPolicy", value);
    let (deletes, retains) = (policy(json!({"whenScaled": "Delete"})), policy(json!({"whenScaled": "Retain"})));
    for before in [&retains, &set(), &policy(json!({"whenDeleted": "Retain"}))] {
        assert_eq!(Request::on_set(before, &deletes).entries(&entries), FAIL);
        assert_eq!(Request::on_set(&deletes, before).entries(&entries), IGNORE);
    }
    assert_eq!(
        Request::on_set(&deletes, &policy(json!({"whenScaled": "Delete", "whenDeleted": "Delete"}))).entries(&entries),
        IGNORE
    );
}

#[test]
fn what_only_speaks_of_rqlite_is_asked_about_and_never_refused() {
    let entries = validating(&[]);
    let of = |container: Value, annotations: Value| {
        let mut set = with("/spec/template/spec/containers", json!([container]));
        set["metadata"]["annotations"] = annotations;
        set
    };
    let candidates = [
        of(json!({"name": "db", "image": "acme/rqlited:9.4.5"}), json!({})),
        of(json!({"name": "db", "image": "corp/db:1", "command": ["/start", "-disco-mode=dns"]}), json!({})),
        of(json!({"name": "db", "image": "corp/db:1", "command": ["sh", "-c", "exec db -raft-non-voter"]}), json!({})),
        of(json!({"name": "db", "image": "corp/db:1"}), json!({"quorate.dev/auth-secret": "a"})),
        of(json!({"name": "db", "image": "corp/db:1"}), json!({"quorate.dev/container": "typo"})),
        with_init(&json!({"name": "db", "image": "acme/rqlited:9.4.5", "restartPolicy": "Always"})),
    ];
    for set in candidates {
        assert_eq!(Request::on_set(&Value::Null, &set).entries(&entries), NOT_RECOGNISED, "{set}");
        let mut scaled = set.clone();
        scaled["spec"]["replicas"] = json!(1);
        assert_eq!(Request::on_set(&set, &scaled).entries(&entries), NOT_SENT, "nothing of it is new: {set}");
        let mut restarted = set.clone();
        restarted["spec"]["template"]["metadata"]["annotations"] = json!({"restartedAt": "now"});
        assert_eq!(Request::on_set(&set, &restarted).entries(&entries), NOT_RECOGNISED, "{set}");
        let mut annotated = set.clone();
        annotated["metadata"]["annotations"] = json!({"quorate.dev/container": "other"});
        assert_eq!(Request::on_set(&set, &annotated).entries(&entries), NOT_RECOGNISED, "{set}");
        assert_eq!(Request::on_set(&set, &Value::Null).entries(&entries), NOT_SENT, "{set}");
    }
    for other in [
        of(json!({"name": "app", "image": "nginx"}), json!({"a": "b"})),
        of(json!({"name": "app", "image": "consul:1", "args": ["agent", "-bootstrap-expect=3"]}), json!({})),
        of(json!({"name": "app"}), json!({})),
    ] {
        assert_eq!(Request::on_set(&Value::Null, &other).entries(&entries), NOT_SENT, "{other}");
    }
}
