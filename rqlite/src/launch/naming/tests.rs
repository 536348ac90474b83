//! Texts that start the server, and similar ones that only mention it.

use super::*;

#[track_caller]
fn names(text: &str, program: Program) {
    assert_eq!(named_in(text, &[]), program, "{text}");
}

#[test]
fn a_word_that_a_command_begins_with_is_the_server() {
    for text in [
        "rqlited /d",
        "f() { exec /bin/rqlited-10.2.7 -fk /d; }; f",
        "function f { A=1 rqlited /d; }; f",
        "if x; then exec rqlited /d; else sleep 1; fi",
        "case $1 in a|b) exec rqlited /d ;; esac",
        "case $1 in\n a) sleep 1 ;;\n b) rqlited /d\n ;;\nesac",
        "(cd /d && rqlited /d) & wait",
        "exec gosu rqlite env A=b tini -- rqlited /d",
        "exec chroot /root /bin/rqlited /d",
        "sh <<E\nexec rqlited /d\nE",
        "cat > /start <<'E'\nexec rqlited -fk /d\nE\nexec /start",
        "sh -c \"exec rqlited $FLAGS /d\"",
        "set -- rqlited -fk /d; exec \"$@\"",
        "[ $# -eq 0 ] && set -- rqlited /d\nexec gosu rqlite $@",
        "run() { exec \"$@\"; }; run rqlited /d",
        "CMD=\"exec rqlited $FLAGS\"; eval \"$CMD\"",
        "CMD=(rqlited /d); \"${CMD[@]}\"",
        "eval exec rqlited /d",
        "BIN=$(command -v rqlited); exec ${BIN} /d",
        "A=/bin/rqlited; B=$A; f() { exec $B /d; }; f",
        "exec ${BIN:-/bin/rqlited} /d",
        "exec $DIR/bin/rqlited /d",
        "echo start >&2\\\n; rqlited /d 2>&1",
        "# comment\nrqlited /d # it's it",
        "for b in rqlited other; do $b /d; done",
    ] {
        names(text, Program::Rqlited);
    }
    names("f() { docker-entrypoint.sh -fk; }; f", Program::Entrypoint);
    assert_eq!(named_in("f() { :; }; exec \"$@\"", &["x", "rqlited", "/d"]), Program::Rqlited);
    assert_eq!(named_in("trap '' TERM; exec \"$0\" \"$@\"", &["rqlited", "/d"]), Program::Rqlited);
}

#[test]
fn a_host_an_argument_and_a_comment_are_not() {
    for text in [
        "w() { until curl -sf http://rqlited:4001/readyz; do sleep 1; done; }; w; exec /app/server",
        "w() { until nc -z rqlited 4001; do sleep 1; done; }; w; exec /app/server",
        "f() { /app/server; } # rqlited; rqlited\nf",
        "f() { echo 'rqlited is up; rqlited'; exec /app --host rqlited; }; f",
        "f() { timeout 5 nc -z rqlited 4001; nice cat /bin/rqlited; env /app --host rqlited; }; f",
        "w() { until nc -z \"$1\" 4001; do sleep 1; done; }; run() { \"$@\"; }; w rqlited; run /app/server",
        "retry() { until \"$@\"; do sleep 1; done; }; retry nc -z rqlited 4001; exec /app/server",
        "HOST=rqlited; CMD=/app/server; nc $HOST; exec $CMD",
        "HOST=${HOST:-rqlited}; exec /app/server $HOST",
        "case $1 in rqlited) exec /app/server ;; esac",
        "case $1 in\n x | rqlited)\n exec /app/server ;;\nesac",
        "cat > /cfg <<E\nrqlited\nhost: rqlited\nE\nexec /app/server",
        "f() { if which rqlited; then pkill rqlited; fi; }; f",
        "set -- --host rqlited; exec /app/server \"$@\"",
        "set -- nc -z rqlited 4001; until \"$@\"; do sleep 1; done",
        "exec chroot /opt/rqlited sleep 9",
        "nohup strace rqlited",
        "HOSTS=(rqlited other); for h in ${HOSTS[@]}; do nc $h 4001; done",
        "curl -o rqlited http://x; exec /app > rqlited",
    ] {
        names(text, Program::Unreadable);
    }
    assert_eq!(named_in("f() { :; }; exec /app \"$@\"", &["x", "rqlited"]), Program::Unreadable);
}

#[test]
fn odd_texts_come_to_an_end() {
    let nested = "sh -c \"".repeat(2_000);
    for text in [
        "",
        "'",
        "\"",
        "`",
        "$(",
        "${",
        "<<",
        "<<E",
        "a=(",
        "f(",
        "case x in",
        "}",
        "))",
        ";;",
        "\\",
        "$",
        "eval eval eval",
        "A=$A; B=$A; A=$B; $A",
        &nested,
        &"(".repeat(10_000),
        &"gosu ".repeat(10_000),
        &"exec ".repeat(1_000),
    ] {
        names(text, Program::Unreadable);
    }
}
