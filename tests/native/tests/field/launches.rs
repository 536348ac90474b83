//! Launches that really run rqlited, and what is known of each (docs/launch-shapes.md): a scale from 3 to 1 is denied where the set is
//! rqlite's. The image says nothing in any of them.

use quorate_native_tests::evaluation_input::EvaluationInput;
use serde_json::{Value, json};

use crate::field;
use crate::row::{Row, all_right, nothing_known, recorded};

const BELOW: &str = "quorum-guard/scale-below-quorum";
const NOT_RECOGNISED: &str = "quorum-guard/not-recognised";

const FLAGS: [&str; 4] =
    ["-bootstrap-expect=3", "-disco-mode=dns", r#"-disco-config={"name":"rqlite-internal"}"#, "/rqlite/file/data"];

fn set(container: &Value, replicas: i64) -> Value {
    let mut node =
        json!({ "name": "db", "image": "corp/db:1", "volumeMounts": [{ "name": "d", "mountPath": "/rqlite/file" }] });
    for (key, value) in container.as_object().unwrap() {
        node[key.as_str()] = value.clone();
    }
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "db", "namespace": "x" },
        "spec": {
            "serviceName": "db", "replicas": replicas, "selector": { "matchLabels": { "app": "db" } },
            "template": { "metadata": { "labels": { "app": "db" } }, "spec": { "containers": [node] } },
            "volumeClaimTemplates": [{ "metadata": { "name": "d" }, "spec": { "accessModes": ["ReadWriteOnce"] } }],
        },
    })
}

fn shrunk(container: &Value) -> EvaluationInput {
    EvaluationInput::update(&set(container, 3), &set(container, 1), &nothing_known())
}

/// `command` with the flags behind it.
fn before(words: &[&str]) -> Value {
    json!({ "command": ([words, &FLAGS].concat()) })
}

/// A shell's script; `@` stands for the flags, quoted.
fn script(shell: &[&str], text: &str) -> Value {
    let quoted: Vec<String> = FLAGS.iter().map(|flag| format!("'{flag}'")).collect();
    let text = text.replace('@', &quoted.join(" "));
    json!({ "command": ([shell, &[text.as_str()]].concat()) })
}

fn with_env(mut container: Value, env: &[(&str, &str)]) -> Value {
    container["env"] = env.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    container
}

const SH: [&str; 2] = ["sh", "-c"];

/// Those of which it is known that they run rqlited.
fn known() -> Vec<(&'static str, Value)> {
    vec![
        ("env", before(&["env", "rqlited"])),
        ("env-path", before(&["/usr/bin/env", "FOO=1", "rqlited"])),
        ("exec-a", script(&["bash", "-c"], "exec -a db rqlited @")),
        ("nice", before(&["nice", "-n", "5", "rqlited"])),
        ("timeout", before(&["timeout", "1d", "rqlited"])),
        ("su-exec", before(&["su-exec", "rqlite", "rqlited"])),
        ("gosu", before(&["gosu", "rqlite", "rqlited"])),
        ("busybox-sh", script(&["busybox", "sh", "-c"], "rqlited @")),
        ("var-name", with_env(before(&["$(PROGRAM)"]), &[("PROGRAM", "rqlited")])),
        ("var-name-split", with_env(before(&["$(A)$(B)"]), &[("A", "rql"), ("B", "ited")])),
        ("sh-env-cmd", with_env(script(&SH, "exec $CMD"), &[("CMD", "rqlited -bootstrap-expect=3 /data")])),
        ("sh-env-split", with_env(script(&SH, "exec ${P}ited -bootstrap-expect=3 /data"), &[("P", "rql")])),
        ("quotes", script(&SH, "exec rql''ited @")),
        ("backslash", script(&SH, "exec r\\qlited @")),
        ("function", script(&["bash", "-c"], "f(){ rqlited -bootstrap-expect=3 /data; }; f")),
        ("flock", before(&["flock", "/l", "rqlited"])),
        ("tail-version", before(&["/bin/rqlited-10.2.7"])),
        ("numactl", before(&["numactl", "--interleave=all", "rqlited"])),
        ("tini-option", before(&["tini", "-e", "143", "--", "rqlited"])),
        ("dumb-init-option", before(&["dumb-init", "-r", "15:3", "rqlited"])),
        ("tini-gosu", before(&["tini", "--", "gosu", "rqlite", "rqlited"])),
        ("launcher-in-a-script", script(&SH, "exec gosu rqlite rqlited @")),
        ("shell-behind-a-launcher", script(&["gosu", "rqlite", "sh", "-c"], "exec rqlited @")),
    ]
}

/// Those of which nothing is known: other programs, files, words that no reader can tell.
fn unknown() -> Vec<(&'static str, Value)> {
    let map = json!([{ "name": "PROGRAM", "valueFrom": { "configMapKeyRef": { "name": "c", "key": "p" } } }]);
    let mut by_map = before(&["$(PROGRAM)"]);
    by_map["env"] = map;
    vec![
        ("ld.so", before(&["/lib64/ld-linux-x86-64.so.2", "/bin/rqlited"])),
        ("base64", script(&SH, r#"eval "$(echo cnFsaXRlZCAvZGF0YQ== | base64 -d)""#)),
        ("symlink", before(&["/opt/db/server"])),
        ("copied-name", before(&["/usr/local/bin/rqlite-server"])),
        ("var-name-configmap", by_map),
        ("mounted-script", json!({ "command": ["/scripts/start.sh"] })),
        ("mounted-script-sh", json!({ "command": ["sh", "/scripts/start"] })),
        ("mounted-script-source", script(&SH, ". /scripts/start")),
        (
            "python",
            json!({ "command": ["python3", "-c", "import os;os.execvp('rqlited',['rqlited','-bootstrap-expect=3','/data'])"] }),
        ),
        ("perl", json!({ "command": ["perl", "-e", "exec 'rqlited','-bootstrap-expect=3','/data'"] })),
        ("no-command", json!({})),
        ("supervisord", json!({ "command": ["supervisord", "-c", "/etc/supervisord.conf"] })),
        ("s6", json!({ "command": ["/init"] })),
        ("tini-script", json!({ "command": ["tini", "--", "/start"] })),
        ("flags-only-args", json!({ "args": FLAGS })),
        ("upper", script(&SH, "exec /BIN/RQLITED -bootstrap-expect=3 /data")),
        ("catchsegv-wrapper", before(&["dlv", "exec", "/bin/rqlited", "--"])),
        ("systemd-cat", before(&["systemd-cat", "rqlited"])),
        ("script", json!({ "command": ["script", "-c", "rqlited -bootstrap-expect=3 /data"] })),
        ("go-run", before(&["/app/rqlited.bin"])),
    ]
}

#[test]
fn a_launch_that_is_known_to_run_rqlited_is_guarded() {
    let Some(field) = field() else { return };
    let tricks = field.join("sre/launch-tricks");
    let review = |file: &str| recorded(&tricks, file, "none");
    let mut rows: Vec<Row> =
        known().iter().map(|(name, container)| Row::denied(*name, shrunk(container), BELOW)).collect();
    rows.push(Row::denied("annotation-right", review("annotation-right.json"), BELOW));
    rows.push(Row::denied("gosu-custom-image", review("gosu-custom-image.json"), BELOW));
    all_right(&rows);
}

#[test]
fn a_launch_of_which_nothing_is_known_is_not() {
    let Some(field) = field() else { return };
    let mut rows: Vec<Row> =
        unknown().iter().map(|(name, container)| Row::allowed(*name, shrunk(container)).without(BELOW)).collect();
    let old = recorded(&field.join("sre/launch-tricks"), "annotation-names-no-container.json", "none");
    let mut plain = old.clone();
    plain.review["request"]["oldObject"]["metadata"]["annotations"] = json!({});
    rows.push(Row::allowed("annotation-names-no-container", old));
    rows.push(Row::denied("annotation-names-no-container, new", plain, NOT_RECOGNISED));
    all_right(&rows);
}

#[test]
fn a_flag_that_only_rqlited_has_gets_a_hint_where_nothing_else_is_known() {
    let Some(_) = field() else { return };
    let created = |container: &Value| EvaluationInput::create(&set(container, 3), &nothing_known());
    let hinted = ["symlink", "copied-name", "flags-only-args", "go-run", "var-name-configmap"];
    let silent = ["mounted-script", "no-command", "supervisord", "s6", "tini-script"];
    let of = |name: &str| unknown().into_iter().find(|(known, _)| *known == name).unwrap().1;
    let hints = hinted.iter().map(|name| Row::allowed(*name, created(&of(name))).warns(NOT_RECOGNISED));
    let silence = silent.iter().map(|name| Row::allowed(*name, created(&of(name))).without(NOT_RECOGNISED));
    all_right(&hints.chain(silence).collect::<Vec<_>>());
}
