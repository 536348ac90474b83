//! Which launches make a container rqlite's, and which of their neighbours do not: by its program alone, whatever the image; and in
//! rqlite's own image. Not what rqlited then gets: that is tested in `launch`.

use super::*;

fn counts(image: &str, launch: &str) -> bool {
    let json = format!(
        r#"{{"spec":{{"template":{{"spec":{{"containers":[{{"image":"{image}",{launch}}},{{"image":"busybox"}}]}}}}}}}}"#
    );
    RqliteSet::recognise(&serde_json::from_str(&json).unwrap()).is_some()
}

fn command(words: &[&str]) -> String {
    format!(r#""command":{}"#, serde_json::to_string(words).unwrap())
}

fn script(shell: &str, text: &str) -> String {
    command(&[shell, "-c", text])
}

fn env(entries: &str, command: &str) -> String {
    format!(r#"{command},"env":[{entries}]"#)
}

/// Ways to launch rqlited from an image that nobody knows.
fn rqlited() -> Vec<String> {
    let d = ["-bootstrap-expect=3", "-disco-mode=dns", "/d"];
    let with = |words: &[&str]| command(&[words, &d].concat());
    vec![
        with(&["rqlited"]),
        with(&["/bin/rqlited-10.2.7"]),
        with(&["/opt/rqlited-v9.4.5-linux-amd64"]),
        with(&["env", "rqlited"]),
        with(&["/usr/bin/env", "FOO=1", "rqlited"]),
        with(&["nice", "-n", "5", "rqlited"]),
        with(&["timeout", "1d", "rqlited"]),
        with(&["su-exec", "rqlite", "rqlited"]),
        with(&["gosu", "rqlite", "/bin/rqlited-9.4.5"]),
        with(&["flock", "/l", "rqlited"]),
        with(&["tini", "-e", "143", "rqlited"]),
        with(&["dumb-init", "-r", "15:3", "--", "rqlited"]),
        env(r#"{"name":"PROGRAM","value":"rqlited"}"#, &with(&["$(PROGRAM)"])),
        env(r#"{"name":"A","value":"rql"},{"name":"B","value":"ited"}"#, &with(&["$(A)$(B)"])),
        script("bash", "exec -a db rqlited -bootstrap-expect=3 /d"),
        command(&["busybox", "sh", "-c", "rqlited -bootstrap-expect=3 /d"]),
        script("sh", "$(which rqlited) -bootstrap-expect=3 /d"),
        script("sh", "exec rql''ited -bootstrap-expect=3 /d"),
        script("sh", r"exec r\qlited -bootstrap-expect=3 /d"),
        script("sh", "sh <<E\nexec rqlited -bootstrap-expect=3 /d\nE"),
        script("bash", "f(){ rqlited -bootstrap-expect=3 /d; }; f"),
        script("sh", "gosu rqlite sh -c 'exec rqlited /d'"),
        env(r#"{"name":"CMD","value":"rqlited -bootstrap-expect=3 /d"}"#, &script("sh", "exec $CMD")),
        env(r#"{"name":"P","value":"rql"}"#, &script("sh", "exec ${P}ited -bootstrap-expect=3 /d")),
        script("sh", "set -- rqlited -bootstrap-expect=3 /d; exec \"$@\""),
        script("sh", "set -- rqlited -bootstrap-expect=3 /d; \"$@\""),
        script("sh", "[ $# -eq 0 ] && set -- rqlited /d; exec $@"),
        script("sh", "set -- rqlited /d; exec gosu rqlite \"$@\""),
        command(&["sh", "-c", "set -- rqlited \"$@\" /d; exec \"$@\"", "x", "-bootstrap-expect=3"]),
        script("sh", "eval \"exec rqlited $FLAGS /d\""),
        script("sh", "eval exec rqlited /d"),
        script("sh", "CMD=\"exec rqlited $FLAGS\"; eval \"$CMD\""),
        command(&["env", "-S", "A=1 rqlited -bootstrap-expect=3 /d"]),
        command(&["env", "--split-string=/bin/rqlited -bootstrap-expect=3 /d"]),
        command(&["flock", "/l", "--command", "rqlited -bootstrap-expect=3 /d"]),
        command(&["chroot", "/root", "/bin/rqlited", "/d"]),
        with(&["setpriv", "--reuid", "rqlite", "--regid", "rqlite", "--clear-groups", "rqlited"]),
        with(&["chroot", "--userspec", "rqlite:rqlite", "/", "rqlited"]),
        with(&["env", "--argv0", "rqlite", "rqlited"]),
        command(&["timeout", "1d", "docker-entrypoint.sh", "-disco-mode=dns"]),
        script("sh", "exec nice docker-entrypoint.sh -disco-mode=dns"),
    ]
}

/// Their neighbours: other programs behind the same launchers, and programs of which nobody knows what they start.
fn others() -> Vec<String> {
    let f = ["-bootstrap-expect=3", "-disco-mode=dns", "/d"];
    let with = |words: &[&str]| command(&[words, &f].concat());
    vec![
        with(&["rqlite-exporter"]),
        with(&["rqlited-exporter"]),
        with(&["/app/rqlited.bin"]),
        with(&["/opt/rqlited/server"]),
        with(&["RQLITED"]),
        with(&["/opt/db/server"]),
        with(&["/usr/local/bin/rqlite-server"]),
        with(&["/lib64/ld-linux-x86-64.so.2", "/bin/rqlited"]),
        with(&["systemd-cat", "rqlited"]),
        with(&["dlv", "exec", "/bin/rqlited", "--"]),
        with(&["strace", "-f", "rqlited"]),
        command(&["script", "-c", "rqlited -bootstrap-expect=3 /d"]),
        command(&["python3", "-c", "import os;os.execvp('rqlited',['rqlited','/d'])"]),
        command(&["timeout", "5", "curl", "http://db:4001/rqlited"]),
        command(&["timeout", "5", "pgrep", "rqlited"]),
        script("sh", "until timeout 5 nc -z rqlited 4001; do sleep 1; done; exec /app/server"),
        script("sh", "nice cat /bin/rqlited; timeout 5 ls /opt/rqlited; exec /app/server"),
        script("sh", "w() { until curl -sf http://rqlited:4001/readyz; do sleep 1; done; }; w; exec /app/server"),
        script("sh", "w() { until nc -z rqlited 4001; do sleep 1; done; }; w # rqlited\nexec /app/server"),
        script("zsh", "until nc -z rqlited 4001; do sleep 1; done; exec /app/server"),
        script("sh", "cat > /cfg <<E\nrqlited\nE\nexec /app/server"),
        script("sh", "set -- /app/server --host rqlited; exec \"$@\""),
        script("sh", "eval /app/server --host rqlited"),
        command(&["env", "A=b", "/app", "--host", "rqlited"]),
        command(&["env", "-S", "A=b /app --host rqlited"]),
        command(&["env", "PROGRAM=/bin/rqlited", "/start"]),
        command(&["flock", "/l", "backup.sh"]),
        command(&["setpriv", "--reuid", "rqlite", "nc", "-z", "rqlited", "4001"]),
        command(&["chroot", "--userspec", "rqlite", "/", "/app/server", "--host", "rqlited"]),
        command(&["gosu", "postgres", "docker-entrypoint.sh", "-c", "max_connections=1"]),
        command(&["tini", "--", "/start"]),
        command(&["sh", "/scripts/start"]),
        command(&["supervisord", "-c", "/etc/supervisord.conf"]),
        script("sh", ". /scripts/start"),
        script("sh", "exec /bin/rqlit* -bootstrap-expect=3 /d"),
        script("sh", "exec /BIN/RQLITED -bootstrap-expect=3 /d"),
        script("sh", "echo -bootstrap-expect=3 /d | xargs rqlited"),
        script("sh", r#"eval "$(echo cnFsaXRlZCAvZAo= | base64 -d)""#),
        env(r#"{"name":"PROGRAM","valueFrom":{"configMapKeyRef":{"name":"c","key":"p"}}}"#, &with(&["$(PROGRAM)"])),
        r#""args":["-bootstrap-expect=3","-disco-mode=dns"]"#.to_owned(),
    ]
}

#[test]
fn a_launch_of_rqlited_counts_whatever_the_image_and_its_neighbours_do_not() {
    for launch in rqlited() {
        assert!(counts("corp/db:1", &launch), "{launch}");
    }
    for launch in others() {
        assert!(!counts("corp/db:1", &launch), "{launch}");
    }
    assert!(!counts("nginx:1", r#""args":["-bootstrap-expect=3"]"#));
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
        r#""args":["rqlite","-H","db"]"#.to_owned(),
        r#""args":["sh","-c","while true; do rqlite -H db .backup; sleep 9; done"]"#.to_owned(),
        script(
            "sh",
            "set -e; command -v curl; while :; do curl -s http://db:4001/db/backup | gzip > /b/$(date +%s).gz; find /b -mtime +7; sleep 86400; done",
        ),
    ];
    for launch in rqlited().into_iter().chain(others()).filter(|launch| !clients.contains(launch)) {
        assert!(counts(IMAGE, &launch), "{launch}");
    }
    for launch in &clients {
        assert!(!counts(IMAGE, launch), "{launch}");
    }
    for launch in [
        r#""args":["/scripts/start"]"#.to_owned(),
        r#""args":["backup"]"#.to_owned(),
        command(&["/vault/vault-env", "docker-entrypoint.sh", "-fk"]),
        script("sh", "rqlite -H db .backup; /scripts/next"),
        command(&["gosu", "rqlite", "/start"]),
        command(&["setpriv", "--reuid", "rqlite", "--regid", "rqlite", "/start"]),
    ] {
        assert!(counts(IMAGE, &launch), "{launch}");
    }
}
