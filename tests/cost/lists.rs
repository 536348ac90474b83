//! The lists that a manifest can have, each with as many entries as a test asks for: long ones, and those that are looked up in one another.
//! Asserts nothing about what they cost.

use serde_json::{Map, Value, json};

/// A list and how it gets its entries.
pub(crate) struct List {
    pub(crate) name: &'static str,
    pub(crate) fill: fn(&mut Value, usize),
    /// 5,000 entries take no more than half of the budget. All others take no more than the whole.
    pub(crate) fits: bool,
}

const fn list(name: &'static str, fill: fn(&mut Value, usize)) -> List {
    List { name, fill, fits: true }
}

/// 5,000 of these take 1.08 times half of the budget (189 M instructions); of annotations each is a finding, told to the host by itself.
const fn heavy(name: &'static str, fill: fn(&mut Value, usize)) -> List {
    List { name, fill, fits: false }
}

/// Alone or together with the one that it is looked up in.
pub(crate) const LISTS: &[List] = &[
    list("env", |set, n| push(set, "env", n, |i| json!({"name": format!("E{i}"), "value": "v"}))),
    list("env that names the one before", |set, n| {
        push(set, "env", n, |i| json!({"name": format!("E{i}"), "value": format!("$(E{})", i.saturating_sub(1))}));
    }),
    list("env of Secrets", |set, n| {
        push(
            set,
            "env",
            n,
            |i| json!({"name": format!("E{i}"), "valueFrom": {"secretKeyRef": {"name": "s", "key": format!("k{i}")}}}),
        );
    }),
    list("env of one name", |set, n| push(set, "env", n, |i| json!({"name": "E", "value": format!("$(E){i}")}))),
    list("envFrom", |set, n| push(set, "envFrom", n, |i| json!({"configMapRef": {"name": format!("m{i}")}}))),
    list("envFrom and args that it may give", |set, n| {
        push(set, "envFrom", n / 2, |i| json!({"configMapRef": {"name": format!("m{i}")}}));
        push(set, "args", n / 2, |i| json!(format!("-x{i}=$(A{i})")));
    }),
    list("args that are one flag", |set, n| push(set, "args", n, |_| json!("-fk=true"))),
    list("args that no release knows", |set, n| push(set, "args", n, |i| json!(format!("-x{i}=1")))),
    list("args that join", |set, n| push(set, "args", n, |i| json!(format!("-join=rqlite-{i}:4002")))),
    list("args of env", |set, n| {
        push(set, "env", n / 2, |i| json!({"name": format!("E{i}"), "value": "v"}));
        push(set, "args", n / 2, |i| json!(format!("-join=$(E{i})")));
    }),
    list("args of Secrets", |set, n| {
        push(
            set,
            "env",
            n / 2,
            |i| json!({"name": format!("E{i}"), "valueFrom": {"secretKeyRef": {"name": "s", "key": format!("k{i}")}}}),
        );
        push(set, "args", n / 2, |i| json!(format!("$(E{i})")));
    }),
    list("args of several references", |set, n| {
        push(set, "env", 1, |_| json!({"name": "E", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}));
        push(set, "args", n, |_| json!("-join=$(E)a$(E)"));
    }),
    list("words behind the data directory", |set, n| push(set, "args", n, |i| json!(format!("w{i}")))),
    list("a script's commands", |set, n| script(set, &"x=1; ".repeat(n), &[])),
    heavy("a script's commands behind env", |set, n| {
        let commands: String = (0..n).map(|i| format!("env A={i} true; ")).collect();
        script(set, &commands, &[]);
    }),
    list("a script's assignments", |set, n| {
        let assignments: String = (0..n).map(|i| format!("A{i}=$E{i}; ")).collect();
        script(set, &assignments, &[]);
        push(set, "env", n, |i| json!({"name": format!("E{i}"), "value": "v"}));
    }),
    list("a script's arguments", |set, n| script(set, "", &vec!["-fk=true".to_owned(); n])),
    list("a script's commands and arguments", |set, n| {
        script(set, &"true \"$@\"; ".repeat(n / 2), &vec!["-fk=true".to_owned(); n / 2]);
    }),
    list("a script that is not read", |set, n| script(set, &format!("cat <<E\n{}E\n", "rqlited $A\n".repeat(n)), &[])),
    list("a script's functions", |set, n| {
        let functions: String = (0..n).map(|i| format!("f{i}() {{ A{i}=rqlited; $A{i}; }}; f{i} a; ")).collect();
        script(set, &functions, &[]);
    }),
    list("wrappers", |set, n| {
        let argv: Vec<String> = std::iter::repeat_n("env".to_owned(), n).chain(["rqlited".to_owned()]).collect();
        set["spec"]["template"]["spec"]["containers"][0]["command"] = json!(argv);
    }),
    list("volumes", |set, n| volumes(set, n, |i| json!({"secret": {"secretName": format!("s{i}")}}))),
    list("volumes with items", |set, n| {
        let items: Vec<Value> = (0..n).map(|i| json!({"key": format!("k{i}"), "path": format!("p{i}")})).collect();
        volumes(set, 1, move |_| json!({"secret": {"secretName": "s", "items": items}}));
    }),
    list("projected volumes", |set, n| {
        let sources: Vec<Value> = (0..n).map(|i| json!({"secret": {"name": format!("s{i}")}})).collect();
        volumes(set, 1, move |_| json!({"projected": {"sources": sources}}));
    }),
    list("mounts of one volume", |set, n| {
        push(set, "volumeMounts", n, |i| json!({"name": "file", "mountPath": format!("/m/{i}")}));
    }),
    list("mounts above the data directory", |set, n| {
        push(set, "volumeMounts", n, |i| json!({"name": "file", "mountPath": "/rqlite", "subPath": format!("{i}")}));
    }),
    list("volumes and mounts", |set, n| {
        volumes(set, n / 2, |i| json!({"configMap": {"name": format!("s{i}")}}));
        push(set, "volumeMounts", n / 2, |i| json!({"name": format!("v{i}"), "mountPath": format!("/m/{i}")}));
    }),
    list("containers", |set, n| {
        containers(set, "containers", n, |i| json!({"name": format!("c{i}"), "image": "nginx"}))
    }),
    list("containers of unknown programs", |set, n| {
        containers(set, "containers", n, |i| json!({"name": format!("c{i}"), "image": "a/rqlite", "command": ["x"]}));
    }),
    list("containers that run rqlite", |set, n| {
        containers(set, "containers", n, |i| json!({"name": format!("c{i}"), "image": "rqlite/rqlite:10.2.7"}));
    }),
    list("init containers", |set, n| {
        containers(set, "initContainers", n, |i| json!({"name": format!("c{i}"), "image": "busybox"}));
    }),
    list("native sidecars", |set, n| {
        let sidecar = |i| json!({"name": format!("c{i}"), "image": "busybox", "restartPolicy": "Always"});
        containers(set, "initContainers", n, sidecar);
    }),
    list("annotations", |set, n| annotations(set, (0..n).map(|i| (format!("a.example/{i}"), "v".to_owned())))),
    heavy("annotations to Quorate", |set, n| {
        annotations(set, (0..n).map(|i| (format!("quorate.dev/a{i}"), "v".to_owned())));
    }),
    list("the list of what was injected", |set, n| {
        volumes(set, n / 2, |i| json!({"secret": {"secretName": format!("s{i}"), "defaultMode": 288}}));
        let lines = (0..n / 2).map(|i| format!("secret-mounts volume v{i}")).collect::<Vec<_>>().join("\n");
        annotations(set, [("quorate.dev/injected".to_owned(), lines)]);
    }),
    list("tokens in the list of what was injected", |set, n| {
        push(set, "args", n / 2, |_| json!("-fk=true"));
        let line = |i| format!("remove-on-shutdown flag rqlite args[{}] -fk=true", i + 4);
        let lines = (0..n / 2).map(line).collect::<Vec<_>>().join("\n");
        annotations(set, [("quorate.dev/injected".to_owned(), lines)]);
    }),
    list("labels", |set, n| {
        let labels: Map<String, Value> = (0..n).map(|i| (format!("l{i}"), json!("v"))).collect();
        set["metadata"]["labels"] = json!(labels);
        set["spec"]["template"]["metadata"]["labels"] = json!(labels);
    }),
    list("owners", |set, n| {
        let owner =
            |i| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": format!("o{i}"), "uid": format!("u{i}")});
        set["metadata"]["ownerReferences"] = (0..n).map(owner).collect();
    }),
    list("claims", |set, n| {
        let claim = |i| json!({"metadata": {"name": format!("d{i}")}, "spec": {}});
        let claims = set["spec"]["volumeClaimTemplates"].as_array_mut().unwrap();
        claims.splice(0..0, (0..n).map(claim));
    }),
    list("claims and mounts", |set, n| {
        let claim = |i| json!({"metadata": {"name": format!("d{i}")}, "spec": {}});
        let claims = set["spec"]["volumeClaimTemplates"].as_array_mut().unwrap();
        claims.splice(0..0, (0..n / 2).map(claim));
        push(set, "volumeMounts", n / 2, |i| json!({"name": format!("d{i}"), "mountPath": format!("/m/{i}")}));
    }),
    list("headers of a probe", |set, n| {
        let headers: Vec<Value> = (0..n).map(|i| json!({"name": format!("X-{i}"), "value": "v"})).collect();
        set["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] =
            json!({"httpGet": {"path": "/readyz", "port": 4001, "httpHeaders": headers}});
    }),
    list("a file of discovery", |set, n| {
        let names: Vec<String> = (0..n).map(|i| format!("rqlite-{i}:4002")).collect();
        push(set, "args", 1, |_| json!(format!("-join={}", names.join(","))));
    }),
    list("each of them", |set, n| {
        for name in ["env", "args that join", "volumes and mounts", "containers", "annotations", "owners", "claims"] {
            let other = LISTS.iter().find(|list| list.name == name).unwrap();
            (other.fill)(set, n);
        }
    }),
];

/// A StatefulSet as the official chart writes it, with files that flags name.
pub(crate) fn base(replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "rqlite", "namespace": "db", "uid": "u", "generation": 1, "annotations": {
            "quorate.dev/auth-secret": "rqlite-auth",
        }},
        "spec": {
            "replicas": replicas, "serviceName": "rqlite", "selector": {"matchLabels": {"app": "rqlite"}},
            "template": {
                "metadata": {"labels": {"app": "rqlite"}},
                "spec": {
                    "volumes": [{"name": "users", "configMap": {"name": "users"}}],
                    "containers": [{
                        "name": "rqlite", "image": "rqlite/rqlite:10.2.7", "env": [], "envFrom": [],
                        "args": ["-disco-mode=dns", "-disco-config={\"name\":\"rqlite\"}", "-bootstrap-expect=3", "-auth=/users/users.json"],
                        "volumeMounts": [{"name": "file", "mountPath": "/rqlite/file"}, {"name": "users", "mountPath": "/users"}],
                    }],
                    "initContainers": [],
                },
            },
            "volumeClaimTemplates": [{"metadata": {"name": "file"}, "spec": {}}],
        },
        "status": {"replicas": 3, "observedGeneration": 1},
    })
}

fn push(set: &mut Value, key: &str, n: usize, entry: impl Fn(usize) -> Value) {
    let list = set["spec"]["template"]["spec"]["containers"][0][key].as_array_mut().unwrap();
    list.extend((0..n).map(entry));
}

fn volumes(set: &mut Value, n: usize, source: impl Fn(usize) -> Value) {
    let named = |i| {
        let mut volume = source(i);
        volume["name"] = json!(format!("v{i}"));
        volume
    };
    set["spec"]["template"]["spec"]["volumes"].as_array_mut().unwrap().extend((0..n).map(named));
}

fn containers(set: &mut Value, list: &str, n: usize, container: impl Fn(usize) -> Value) {
    set["spec"]["template"]["spec"][list].as_array_mut().unwrap().extend((0..n).map(container));
}

fn annotations(set: &mut Value, added: impl IntoIterator<Item = (String, String)>) {
    let annotations = set["metadata"]["annotations"].as_object_mut().unwrap();
    annotations.extend(added.into_iter().map(|(key, value)| (key, json!(value))));
}

/// Behind `before` the server, with the container's own args and these.
fn script(set: &mut Value, before: &str, arguments: &[String]) {
    let container = &mut set["spec"]["template"]["spec"]["containers"][0];
    container["command"] = json!(["sh", "-c", format!("{before}exec rqlited \"$@\" /rqlite/file"), "rqlited"]);
    container["args"].as_array_mut().unwrap().extend(arguments.iter().map(|argument| json!(argument)));
}
