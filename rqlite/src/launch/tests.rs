//! The ten launch shapes: what rqlited gets, and where one more flag goes.
//! The shell reader and the entrypoint by release are tested beside them.

use super::*;
use crate::flag::Origin;
use crate::value::Source;
use crate::version::ImageVersion;
use kubernetes::manifest::List;

const FLAG: &str = "-raft-cluster-remove-shutdown=true";
const CHART_SCRIPT: &str = "# we're first\nrm -f /rqlite/raft/peers.info\nif [ \"$STATIC\" = \"true\" ]; then\n  cp /a /b\nfi\nexec /bin/docker-entrypoint.sh \"$0\" \"$@\"\n";

fn container(command: &[&str], args: &[&str]) -> Container {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    Container { command: owned(command), args: owned(args), ..Container::default() }
}

fn with_env(mut container: Container, env: &str) -> Container {
    container.env = serde_json::from_str(env).unwrap();
    container
}

fn launch(container: &Container) -> Launch {
    Launch::of(container, ImageVersion::Floating)
}

fn tagged(major: u32, minor: u32, patch: u32) -> ImageVersion {
    ImageVersion::Tagged(Version::new(major, minor, patch))
}

fn before(list: List, index: usize) -> Result<Insertion, NoInsertion> {
    Ok(Insertion::Before(Place { list, index }))
}

/// The shape, the insertion, and the argv that rqlited gets without the entrypoint's additions.
#[track_caller]
fn check(container: &Container, shape: Shape, insertion: Result<Insertion, NoInsertion>, own: &[&str]) {
    let launch = launch(container);
    assert_eq!(launch.shape, shape);
    assert_eq!(launch.insertion(), insertion);
    let line = launch.line.as_ref().unwrap();
    let theirs = |token: &&crate::flag::Token| !matches!(token.origin, Origin::Entrypoint(_));
    let texts: Vec<&str> = line.tokens.iter().filter(theirs).map(|token| token.text.as_str()).collect();
    assert_eq!(texts, own);
}

/// The list after the insertion, which every launch that has a place must take.
#[track_caller]
fn inserted(container: &Container) -> (List, Vec<String>) {
    let (list, content) = launch(container).insert(FLAG).unwrap();
    let mut changed = container.clone();
    match list {
        List::Command => changed.command.clone_from(&content),
        List::Args => changed.args.clone_from(&content),
    }
    let line = launch(&changed).line.unwrap();
    assert_eq!(line.boolean("raft-cluster-remove-shutdown"), Some(Value::Known(true)));
    (list, content)
}

#[track_caller]
fn refuses(container: &Container, reason: NoInsertion) {
    let launch = launch(container);
    assert_eq!(launch.insertion(), Err(reason));
    assert_eq!(launch.insert(FLAG), Err(reason));
}

#[test]
fn a_bare_container_gets_the_flag_as_its_only_argument() {
    let bare = container(&[], &[]);
    check(&bare, Shape::Bare, before(List::Args, 0), &[]);
    assert_eq!(inserted(&bare), (List::Args, vec![FLAG.to_owned()]));
    assert!(launch(&bare).through_entrypoint);
    assert_eq!(launch(&bare).data_dir(), Some(Value::Known("/rqlite/file/data".into())));
}

#[test]
fn b_flags_take_it_in_front() {
    let flags = container(&[], &["-disco-mode=dns", "-bootstrap-expect", "3"]);
    check(&flags, Shape::Flags, before(List::Args, 0), &["-disco-mode=dns", "-bootstrap-expect", "3"]);
    assert_eq!(inserted(&flags).1[..2], [FLAG, "-disco-mode=dns"]);
}

#[test]
fn b_a_positional_or_a_repeated_data_directory_is_refused() {
    refuses(&container(&[], &["-fk", "/data"]), NoInsertion::Refused);
    refuses(&container(&[], &["-nope=1"]), NoInsertion::Refused);
    refuses(&container(&[], &["-version"]), NoInsertion::Refused);
}

#[test]
fn b_values_that_contradict_each_other_do_not_hinder() {
    let contradiction = container(&[], &["-http-cert=c"]);
    assert_eq!(launch(&contradiction).line.unwrap().error.unwrap().exit_code, 1);
    assert_eq!(inserted(&contradiction).0, List::Args);
}

#[test]
fn c_the_keyword_is_replaced() {
    let keyword = container(&[], &["run"]);
    check(&keyword, Shape::Keyword, Ok(Insertion::Replace(Place { list: List::Args, index: 0 })), &[]);
    assert_eq!(inserted(&keyword), (List::Args, vec![FLAG.to_owned()]));
    refuses(&container(&[], &["run", "-fk"]), NoInsertion::DroppedArguments);
    assert_eq!(launch(&container(&[], &["run", "-fk"])).line.unwrap().text("fk"), None);
}

#[test]
fn c_the_old_keyword_belongs_to_old_releases() {
    let old = container(&[], &["rqlite"]);
    assert_eq!(Launch::of(&old, tagged(8, 28, 0)).shape, Shape::Keyword);
    assert_eq!(Launch::of(&old, tagged(8, 29, 0)).program, Program::Other);
    assert_eq!(Launch::of(&old, ImageVersion::Unknown).shape, Shape::Keyword);
    assert_eq!(Launch::of(&container(&[], &["rqlite", "-H", "x"]), ImageVersion::Unknown).program, Program::Other);
}

#[test]
fn d_and_e_rqlited_itself_takes_it_as_first_flag() {
    let args = container(&[], &["/bin/rqlited", "-fk", "/d"]);
    check(&args, Shape::ArgsServer, before(List::Args, 1), &["-fk", "/d"]);
    let command = container(&["rqlited"], &["-fk", "/d"]);
    check(&command, Shape::CommandServer, before(List::Command, 1), &["-fk", "/d"]);
    assert_eq!(inserted(&command), (List::Command, vec!["rqlited".to_owned(), FLAG.to_owned()]));
    assert!(!launch(&command).through_entrypoint);
    assert_eq!(launch(&command).data_dir(), Some(Value::Known("/d".into())));
    assert_eq!(inserted(&container(&["rqlited", "/d"], &[])).1, ["rqlited", FLAG, "/d"]);
}

#[test]
fn f_the_entrypoint_as_command_reduces_to_its_arguments() {
    let flags = container(&["/bin/docker-entrypoint.sh"], &["-fk"]);
    check(&flags, Shape::Entrypoint, before(List::Args, 0), &["-fk"]);
    let keyword = container(&["docker-entrypoint.sh", "run"], &[]);
    check(&keyword, Shape::Entrypoint, Ok(Insertion::Replace(Place { list: List::Command, index: 1 })), &[]);
    let server = container(&["docker-entrypoint.sh"], &["rqlited", "-fk", "/d"]);
    check(&server, Shape::Entrypoint, before(List::Args, 1), &["-fk", "/d"]);
    refuses(&container(&["docker-entrypoint.sh"], &[]), NoInsertion::EmptyEntrypoint);
}

#[test]
fn g_the_charts_script_takes_it_right_behind_itself() {
    let chart = container(&["/bin/sh", "-c"], &[CHART_SCRIPT, "-disco-mode=dns-srv", "-fk=true"]);
    check(&chart, Shape::ScriptAllArguments, before(List::Args, 1), &["-disco-mode=dns-srv", "-fk=true"]);
    assert_eq!(inserted(&chart).1[1..3], [FLAG, "-disco-mode=dns-srv"]);
    assert!(launch(&chart).through_entrypoint);
    let in_command = container(&["bash", "-ec", CHART_SCRIPT], &["-fk"]);
    check(&in_command, Shape::ScriptAllArguments, before(List::Args, 0), &["-fk"]);
    let all_command = container(&["bash", "-c", CHART_SCRIPT, "-fk"], &[]);
    check(&all_command, Shape::ScriptAllArguments, before(List::Command, 3), &["-fk"]);
}

#[test]
fn g_a_program_in_the_first_slot_keeps_it() {
    let server = container(&["sh", "-c", "exec \"$0\" \"$@\""], &["rqlited", "-fk", "/d"]);
    check(&server, Shape::ScriptAllArguments, before(List::Args, 1), &["-fk", "/d"]);
    let own_flags = container(&["sh", "-c", "exec rqlited -fk \"$0\" \"$@\""], &["-auth=x", "/d"]);
    check(&own_flags, Shape::ScriptAllArguments, before(List::Args, 0), &["-fk", "-auth=x", "/d"]);
}

#[test]
fn h_arguments_begin_behind_the_scripts_name() {
    let script = container(&["sh", "-c"], &["exec rqlited -node-id=\"$HOSTNAME\" \"$@\"", "rqlite", "-fk", "/d"]);
    check(&script, Shape::ScriptArguments, before(List::Args, 2), &["-node-id=$HOSTNAME", "-fk", "/d"]);
    let pod_name = Source::Field("metadata.name".into());
    assert_eq!(launch(&script).line.unwrap().text("node-id"), Some(Value::Deferred(pod_name)));
    let entrypoint = container(&["sh", "-c", "exec docker-entrypoint.sh \"$@\"", "--"], &["-fk"]);
    check(&entrypoint, Shape::ScriptArguments, before(List::Args, 0), &["-fk"]);
}

#[test]
fn h_without_a_slot_for_the_name_there_is_no_place() {
    refuses(&container(&["sh", "-c", "exec rqlited -fk \"$@\""], &[]), NoInsertion::ScriptText);
    // Behind DATA_DIR.
    refuses(&container(&["sh", "-c", "exec rqlited /d \"$@\"", "x"], &[]), NoInsertion::ScriptText);
}

#[test]
fn h_a_place_between_a_name_and_its_value_is_passed_over() {
    let server = container(&["sh", "-c", "exec rqlited -join-as \"$@\" /d", "x"], &["u"]);
    assert_eq!(launch(&server).insertion(), before(List::Args, 1));
    let at_the_end = container(&["sh", "-c", "exec docker-entrypoint.sh -fk -join-as \"$@\"", "x"], &["u"]);
    assert_eq!(launch(&at_the_end).insertion(), before(List::Args, 1));
}

#[test]
fn what_a_script_guards_or_redirects_before_it_is_read_through() {
    for text in [
        "[ -d /d ] || exit 1; exec rqlited /d",
        "if [ ! -d /d ]; then exit 1; fi\nexec rqlited /d",
        "exec 2>&1; exec rqlited /d",
        "command -v rqlited &&\nexec rqlited /d",
    ] {
        assert!(launch(&container(&["sh", "-c", text], &[])).line.is_some(), "{text}");
    }
}

#[test]
fn a_script_without_exec_keeps_sigterm_from_rqlited() {
    refuses(&container(&["sh", "-c", "docker-entrypoint.sh \"$0\" \"$@\""], &["-fk"]), NoInsertion::NoExec);
    refuses(&container(&["sh", "-c", "rqlited \"$@\"", "x"], &["/d"]), NoInsertion::NoExec);
}

#[test]
fn i_a_script_with_its_own_arguments_is_read_but_not_changed() {
    let script = container(&["sh", "-c", "sleep 1 && exec rqlited -bootstrap-expect=$N -node-id $(hostname) /d"], &[]);
    let script = with_env(script, r#"[{"name":"N","value":"3"}]"#);
    check(
        &script,
        Shape::Script,
        Err(NoInsertion::ScriptText),
        &["-bootstrap-expect=$N", "-node-id", "$(hostname)", "/d"],
    );
    let line = launch(&script).line.unwrap();
    assert_eq!(line.integer("bootstrap-expect"), Some(Value::Known(3)));
    assert!(matches!(line.text("node-id"), Some(Value::Deferred(Source::Script(_)))));
    assert_eq!(line.place("bootstrap-expect"), Some(Place { list: List::Command, index: 2 }));
}

#[test]
fn i_scripts_that_decide_for_themselves_have_no_line() {
    for text in [
        "if true; then exec rqlited -a; else exec rqlited -b; fi",
        "case $HOSTNAME in *-0) exec rqlited -fk /d;; esac",
        "start() { exec rqlited \"$@\"; }; start",
        "shift; exec rqlited \"$@\"",
        "cat <<EOF\nexec rqlited /d\nEOF",
        "exec rqlited '/d",
        "function f { exec rqlited /d; }",
        "rqlited /d | tee log",
        "rqlited /d & wait",
        "exit 0; exec rqlited /d",
        "exec sleep infinity; exec rqlited /d",
        "[ -e /x ] && exec /tmp/x; exec rqlited /d",
        "alias rqlited=/tmp/x; exec rqlited /d",
        "trap '' TERM; exec rqlited /d",
        "builtin exec /tmp/x; exec rqlited /d",
        "env A=1 rqlited /d; exec rqlited /d",
    ] {
        let script = container(&["sh", "-c", text], &["-bootstrap-expect=3", "/d"]);
        let launch = launch(&script);
        assert_eq!((launch.shape, &launch.line), (Shape::Script, &None), "{text}");
        assert_eq!(launch.insertion(), Err(NoInsertion::UnreadScript), "{text}");
        assert_eq!(launch.script.unwrap(), format!("{text}\n-bootstrap-expect=3\n/d"));
    }
}

#[test]
fn j_a_wrapper_hands_over_behind_its_options() {
    for wrapped in [["tini", "-g", "--"].as_slice(), &["/usr/bin/dumb-init", "--"], &["tini"]] {
        let wrapper = container(wrapped, &["rqlited", "-fk", "/d"]);
        check(&wrapper, Shape::Wrapper, before(List::Args, 1), &["-fk", "/d"]);
        let entrypoint = container(wrapped, &["docker-entrypoint.sh", "-fk"]);
        check(&entrypoint, Shape::Wrapper, before(List::Args, 1), &["-fk"]);
        inserted(&entrypoint);
    }
    refuses(&container(&["tini", "--"], &["sleep", "1"]), NoInsertion::Unreadable);
    refuses(&container(&["tini", "-g"], &[]), NoInsertion::Unreadable);
}

#[test]
fn programs_are_told_apart() {
    for (command, args, expected) in [
        (["rqlited"].as_slice(), ["/d"].as_slice(), Program::Rqlited),
        (&[], &["-fk"], Program::Image),
        (&[], &["run"], Program::Image),
        (&[], &[], Program::Image),
        (&["docker-entrypoint.sh"], &["-fk"], Program::Entrypoint),
        (&["docker-entrypoint.sh"], &["rqlited", "/d"], Program::Rqlited),
        (&["docker-entrypoint.sh"], &["curl"], Program::Other),
        (&["sh", "-c", CHART_SCRIPT], &["-fk"], Program::Entrypoint),
        (&["sh", "-c", "if a; then rqlited /d; fi"], &[], Program::Rqlited),
        (&["sh", "-c", "while true; do sleep 9; rqlite -H x .backup; done"], &[], Program::Other),
        (&["sh", "-c", "shift; exec rqlited \"$@\""], &["a"], Program::Rqlited),
        (&["sh", "-c", "shift; exec \"$@\"", "x"], &["a", "rqlited"], Program::Rqlited),
        (&["sh", "-c", "shift; exec \"$@\"", "x"], &["a", "nc", "rqlited"], Program::Unreadable),
        (&["sh", "-c", "echo rqlited"], &[], Program::Other),
        (&["sh", "-c", "cat <<E\nE\nexec /bin/rqlited /d"], &[], Program::Rqlited),
        (&["sh", "-c", "cat <<E\nE\nexec docker-entrypoint.sh -fk"], &[], Program::Entrypoint),
        (&["sh", "-c", "exec /scripts/start.sh"], &[], Program::Unreadable),
        (&["sh", "/start.sh"], &[], Program::Unreadable),
        (&["/start.sh"], &[], Program::Unreadable),
        (&["gosu", "rqlite"], &["rqlited"], Program::Rqlited),
        (&["taskset", "-c", "0"], &["rqlited"], Program::Rqlited),
        (&["gosu", "rqlite"], &["rqlite", "-H", "x"], Program::Other),
        (&["timeout", "5"], &["curl", "http://a/rqlited"], Program::Other),
        (&["timeout", "5"], &["pgrep", "rqlited"], Program::Other),
        (&["gosu", "rqlite"], &["/start"], Program::Unreadable),
        (&["nohup", "rqlited"], &["/d"], Program::Unreadable),
        (&["/vault/vault-env"], &["docker-entrypoint.sh", "-fk"], Program::Unreadable),
        (&["/scripts/start-rqlite"], &["-disco-mode=dns"], Program::Unreadable),
        (&["python3", "/start.py"], &["-bootstrap-expect=3", "-disco-mode", "dns"], Program::Unreadable),
        (&["python3", "/exporter.py"], &["-node-id=a"], Program::Unreadable),
        (&["zsh", "-c"], &["exec rqlited \"$@\""], Program::Rqlited),
        (&["pgrep", "rqlited"], &[], Program::Other),
        (&["curl"], &["x"], Program::Other),
        (&[], &["sleep", "9"], Program::Other),
        (&["tini", "--"], &["rqlited", "/d"], Program::Rqlited),
    ] {
        assert_eq!(program(&container(command, args)), expected, "{command:?} {args:?}");
    }
}

/// Whatever the image: a script runs the server, by itself or through launchers, whose words are read like rqlited's.
#[test]
fn a_script_hands_over_to_the_server_through_launchers() {
    for text in [
        "exec su-exec rqlite rqlited -fk /d",
        "exec gosu rqlite /bin/rqlited-10.2.7 -fk \"$@\"",
        "env X=1 rqlited -fk /d",
        "command rqlited -fk /d",
        "time -p rqlited -fk /d",
        "exec timeout -s TERM 1d env A=1 nice -n 5 rqlited -fk /d",
        "exec busybox env rqlited -fk /d",
    ] {
        let script = container(&["sh", "-c", text, "x", "/d"], &[]);
        assert_eq!(program(&script), Program::Rqlited, "{text}");
        let line = launch(&script).line.unwrap_or_else(|| panic!("{text} cannot be read"));
        assert_eq!(line.boolean("fk"), Some(Value::Known(true)), "{text}");
        assert_eq!(launch(&script).sigterm_arrives, text.starts_with("exec"), "{text}");
    }
    let entrypoint = container(&["sh", "-c", "exec su-exec rqlite docker-entrypoint.sh -fk"], &[]);
    assert_eq!((program(&entrypoint), launch(&entrypoint).through_entrypoint), (Program::Entrypoint, true));
}

#[test]
fn where_the_flags_cannot_be_told_it_is_rqlited_and_unreadable() {
    for text in [
        "exec /bin/sh -c 'exec rqlited -bootstrap-expect=3 /d'",
        "exec gosu rqlite sh -c 'exec rqlited /d'",
        "BIN=/bin/rqlited; exec $BIN -bootstrap-expect=3 /d",
        "exec ${BIN:-rqlited} -bootstrap-expect=3 /d",
        "$(which rqlited) -bootstrap-expect=3 /d",
        "f() { rqlited /d; }; f",
        "sh <<E\nexec rqlited /d\nE",
    ] {
        let script = container(&["sh", "-c", text], &[]);
        assert_eq!(program(&script), Program::Rqlited, "{text}");
        assert_eq!((launch(&script).shape, launch(&script).line), (Shape::Script, None), "{text}");
        assert!(!launch(&script).sigterm_arrives, "{text}");
    }
    for text in
        ["exec strace -f rqlited /d", "sudo rqlited /d", "nohup rqlited /d & wait", "echo -fk /d | xargs rqlited"]
    {
        assert_eq!(program(&container(&["sh", "-c", text], &[])), Program::Unreadable, "{text}");
    }
}

/// All options of the two wrappers, and every launcher of docs/launch-shapes.md by a usual line of each.
#[test]
fn options_and_their_values_are_skipped() {
    for before in [
        "tini",
        "tini -g",
        "tini -vvv -s --",
        "tini -e 143",
        "tini -e143 -p SIGTERM --",
        "tini -ge 143 -l",
        "/sbin/tini-static -w",
        "dumb-init",
        "dumb-init -c -v",
        "dumb-init -r 15:2",
        "dumb-init --rewrite 15:2 --",
        "dumb-init --rewrite=15:2 --single-child",
        "env",
        "/usr/bin/env FOO=1 BAR=http://x/y",
        "env -i -u HOME PATH=/bin",
        "nice",
        "nice -n 5",
        "ionice -c 2 -n 0",
        "ionice -c2 -n0",
        "timeout 1d",
        "timeout --foreground -k 5 -s TERM 30m",
        "gosu rqlite",
        "gosu 1000:1000",
        "su-exec rqlite:rqlite",
        "setpriv --reuid 1000 --regid=1000 --clear-groups",
        "chroot --userspec=1000 /root",
        "numactl --interleave=all --",
        "taskset -c 0-3",
        "taskset 0xff",
        "chrt -r 10",
        "stdbuf -oL -eL",
        "setarch x86_64 -R",
        "flock /var/lock/rqlite",
        "flock -n -E 1 /l",
        "catatonit -g --",
        "busybox nice",
        "env A=1 nice -n 5 gosu rqlite tini --",
    ] {
        let words: Vec<&str> = before.split(' ').collect();
        let direct = container(&words, &["rqlited", "-fk", "/d"]);
        check(&direct, Shape::Wrapper, before_args(1), &["-fk", "/d"]);
        assert_eq!(inserted(&direct).1, ["rqlited", FLAG, "-fk", "/d"], "{before}");
        let entrypoint = container(&words, &["docker-entrypoint.sh", "-fk"]);
        check(&entrypoint, Shape::Wrapper, before_args(1), &["-fk"]);
        let shell = container(&words, &["sh", "-c", "exec rqlited -fk /d"]);
        check(&shell, Shape::Wrapper, Err(NoInsertion::ScriptText), &["-fk", "/d"]);
        assert_eq!(
            launch(&shell).sigterm_arrives,
            !before.starts_with("flock") && !before.contains("15:2"),
            "{before}"
        );
    }
    let locked = container(&["flock", "/l", "-c", "exec rqlited -fk /d"], &[]);
    assert_eq!(launch(&locked).line.unwrap().boolean("fk"), Some(Value::Known(true)));
    let busybox = container(&["busybox", "sh", "-c", "exec rqlited -fk /d"], &[]);
    check(&busybox, Shape::Wrapper, Err(NoInsertion::ScriptText), &["-fk", "/d"]);
}

fn before_args(index: usize) -> Result<Insertion, NoInsertion> {
    before(List::Args, index)
}

#[test]
fn env_sets_what_the_entrypoint_reads() {
    let read = |words: &[&str]| {
        let env = r#"[{"name":"DATA_DIR","value":"/a"},{"name":"NODE_ID","value":"n"}]"#;
        let launch = launch(&with_env(container(words, &["docker-entrypoint.sh", "-fk"]), env));
        (launch.data_dir().unwrap().known().cloned(), launch.line.unwrap().text("node-id").unwrap().known().cloned())
    };
    let known = |dir: &str, id: Option<&str>| (Some(dir.to_owned()), id.map(str::to_owned));
    assert_eq!(read(&["env"]), known("/a", Some("n")));
    assert_eq!(read(&["env", "DATA_DIR=/b"]), known("/b", Some("n")));
    assert_eq!(read(&["timeout", "1d", "env", "DATA_DIR=/b"]), known("/b", Some("n")));
    assert_eq!(read(&["env", "-u", "NODE_ID"]), known("/a", None));
    assert_eq!(read(&["env", "-i", "NODE_ID=m"]), known("/rqlite/file/data", Some("m")));
}

#[test]
fn in_an_image_called_rqlite_what_follows_dashes_is_read() {
    let run = |image: &str, words: &[&str]| {
        launch(&Container { image: Some(image.to_owned()), ..container(words, &["rqlited", "-fk", "/d"]) })
    };
    for words in
        [["/vault/vault-env", "--"].as_slice(), &["op", "run", "--env-file=x", "--"], &["a", "--", "b", "--", "tini"]]
    {
        let own = run("rqlite/rqlite:10.2.7", words);
        assert_eq!((own.program, own.sigterm_arrives), (Program::Rqlited, false), "{words:?}");
        assert_eq!(own.line.unwrap().boolean("fk"), Some(Value::Known(true)), "{words:?}");
        assert_eq!(run("corp/db:1", words).program, Program::Unreadable, "{words:?}");
    }
    assert_eq!(run("rqlite/rqlite:10.2.7", &["/vault/vault-env"]).program, Program::Unreadable);
    assert_eq!(run("rqlite/rqlite:10.2.7", &["curl", "--"]).program, Program::Other);
}

#[test]
fn an_entrypoint_without_arguments_gives_rqlited_no_flag() {
    for command in [
        ["docker-entrypoint.sh"].as_slice(),
        &["sh", "-c", "exec docker-entrypoint.sh"],
        &["tini", "--", "docker-entrypoint.sh"],
    ] {
        let launch = launch(&container(command, &[]));
        assert_eq!(launch.program, Program::Entrypoint, "{command:?}");
        assert_eq!(launch.insertion(), Err(NoInsertion::EmptyEntrypoint), "{command:?}");
        assert_eq!(launch.refusal().map(|refusal| refusal.exit_code), Some(0), "{command:?}");
        assert!(launch.line.is_some_and(|line| line.tokens.is_empty()), "{command:?}");
    }
}

#[test]
fn arguments_that_are_references_as_a_whole_keep_their_source() {
    let env = r#"[{"name":"F","valueFrom":{"configMapKeyRef":{"name":"a","key":"flags"}}}]"#;
    let map = |name: &str, key: &str| Source::ConfigMapKey { name: name.into(), key: key.into() };
    let hidden = |command: &[&str], args: &[&str]| launch(&with_env(container(command, args), env)).hidden_arguments();
    for (command, args) in [
        (["sh", "-c", "exec rqlited $F /d"].as_slice(), [].as_slice()),
        (&["sh", "-c", "exec rqlited $F"], &[]),
        (&["sh", "-c", "exec rqlited -fk ${F}"], &[]),
        (&["rqlited"], &["$(F)", "/d"]),
        (&[], &["-fk", "$(F)"]),
        (&[], &["$(F)"]),
    ] {
        assert_eq!(hidden(command, args), [map("a", "flags")], "{command:?} {args:?}");
    }
    // The entrypoint itself may be told anything: then the script is the reference.
    let script = with_env(container(&["sh", "-c", "exec docker-entrypoint.sh $F"], &[]), env);
    assert_eq!((launch(&script).line, launch(&script).script.as_deref()), (None, Some("exec docker-entrypoint.sh $F")));
    let behind = launch(&with_env(container(&["sh", "-c", "exec rqlited -fk /d $F"], &[]), env));
    assert_eq!((behind.refusal(), behind.hidden_arguments()), (None, vec![]));
    // One word alone, at the place of the data directory, and a flag's value.
    assert_eq!(hidden(&["rqlited", "-fk", "$(F)"], &[]), []);
    assert_eq!(hidden(&["sh", "-c", "exec rqlited -fk \"$F\""], &[]), []);
    assert_eq!(hidden(&["rqlited", "-node-id", "$(F)", "/d"], &[]), []);
    let whole = Container {
        env_from: serde_json::from_str(r#"[{"configMapRef":{"name":"m"}}]"#).unwrap(),
        ..container(&["sh", "-c", "exec rqlited $FLAGS /d"], &[])
    };
    assert_eq!(launch(&whole).hidden_arguments(), [map("m", "FLAGS")]);
    let literal =
        with_env(container(&["sh", "-c", "exec rqlited $F"], &[]), r#"[{"name":"F","value":"-fk -node-id=a /d"}]"#);
    check(&literal, Shape::Script, Err(NoInsertion::ScriptText), &["-fk", "-node-id=a", "/d"]);
}

#[test]
fn a_script_that_only_speaks_of_the_server_is_another_program() {
    for text in [
        "while pgrep rqlited; do sleep 5; done",
        "command -v rqlited",
        "kill $(pidof rqlited)",
        "sh -c 'pkill rqlited'",
        "export BIN=/bin/rqlited; sleep 9",
        "echo 'exec rqlited /d'",
    ] {
        let program = program(&container(&["sh", "-c", text], &[]));
        assert!(!matches!(program, Program::Rqlited | Program::Entrypoint), "{text}: {program:?}");
    }
    for text in ["stat /bin/rqlited; exec rqlited -fk /d", "exec -a node rqlited -fk /d"] {
        assert!(launch(&container(&["sh", "-c", text], &[])).line.is_some(), "{text}");
    }
}

#[test]
fn wrappers_without_end_are_not_followed() {
    for program in ["tini", "docker-entrypoint.sh"] {
        let mut endless = container(&[program; 100_000], &["rqlited", "/d"]);
        assert_eq!(launch(&endless).shape, Shape::Unreadable, "{program}");
        endless.command.truncate(3);
        assert_eq!(launch(&endless).program, Program::Rqlited, "{program}");
    }
}

#[test]
fn references_in_the_arguments_stay_references() {
    let env =
        r#"[{"name":"N","valueFrom":{"configMapKeyRef":{"name":"peers","key":"count"}}},{"name":"LIT","value":"dns"}]"#;
    let chart = with_env(container(&[], &["-disco-mode=$(LIT)", "-bootstrap-expect=$(N)", "-node-id=$$(N)"]), env);
    let line = launch(&chart).line.unwrap();
    assert_eq!(line.text("disco-mode"), Some(Value::Known("dns".into())));
    let count = Source::ConfigMapKey { name: "peers".into(), key: "count".into() };
    assert_eq!(line.integer("bootstrap-expect"), Some(Value::Deferred(count)));
    assert_eq!(line.text("node-id"), Some(Value::Known("$(N)".into())));
    let hidden = with_env(container(&[], &["$(N)", "-fk"]), env);
    assert_eq!((launch(&hidden).shape, launch(&hidden).insertion()), (Shape::Unreadable, Err(NoInsertion::Unreadable)));
}

#[test]
fn a_token_that_would_change_more_is_refused() {
    let flags = container(&[], &["-fk"]);
    let insert = |token: &str, version| Launch::of(&flags, version).insert(token);
    for token in ["-auth", "/data", "--", "-nope=1", "-bootstrap-expect=x", "-node-id=a", "$(X)"] {
        assert_eq!(insert(token, ImageVersion::Floating), Err(NoInsertion::Refused), "{token}");
    }
    // Before 8.29.0 the image splits arguments at blanks.
    assert_eq!(insert("-auth=a b", tagged(8, 28, 4)), Err(NoInsertion::Refused));
    assert!(insert("-auth=a b", tagged(8, 29, 0)).is_ok());
    assert_eq!(insert(FLAG, tagged(7, 16, 0)), Err(NoInsertion::Refused));
}

#[test]
fn a_data_directory_that_the_script_sets_is_the_scripts() {
    for text in [
        "export DATA_DIR=/x; exec docker-entrypoint.sh \"$0\" \"$@\"",
        ". /env; exec docker-entrypoint.sh \"$0\" \"$@\"",
    ] {
        let script = with_env(container(&["sh", "-c", text], &["-fk"]), r#"[{"name":"DATA_DIR","value":"/data"}]"#);
        assert_eq!(launch(&script).data_dir(), Some(Value::Deferred(Source::Script(text.into()))), "{text}");
    }
}
