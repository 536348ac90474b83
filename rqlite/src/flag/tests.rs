//! The grammar and the start-up refusals, one by one.
//! Not the numbers' spellings: those are tested in `number`.

use kubernetes::manifest::List;

use super::fixture::{deferred, line, source, tokens};
use super::*;
use crate::value::Source;

fn at(argv: &[&str], version: Version) -> CommandLine {
    CommandLine::parse(tokens(argv, |text| Value::Known(text.to_owned())), Some(version))
}

#[track_caller]
fn error(argv: &[&str]) -> (u8, String) {
    error_at(argv, Version::NEWEST)
}

#[track_caller]
fn error_at(argv: &[&str], version: Version) -> (u8, String) {
    let error = at(argv, version).error.unwrap_or_else(|| panic!("{argv:?} starts"));
    (error.exit_code, error.message)
}

#[track_caller]
fn starts(argv: &[&str]) {
    assert_eq!(at(argv, Version::NEWEST).error, None, "{argv:?}");
}

fn known(text: &str) -> Option<Value<String>> {
    Some(Value::Known(text.to_owned()))
}

#[test]
fn one_or_two_dashes_and_both_value_forms_are_equal() {
    for argv in
        [["-node-id=a", "/d"].as_slice(), &["--node-id=a", "/d"], &["-node-id", "a", "/d"], &["--node-id", "a", "/d"]]
    {
        let line = line(argv);
        assert_eq!(line.text("node-id"), known("a"), "{argv:?}");
        assert_eq!(line.positionals, [argv.len() - 1], "{argv:?}");
        assert_eq!(line.error, None);
    }
}

#[test]
fn a_boolean_takes_no_separate_value() {
    let line = line(&["-raft-cluster-remove-shutdown", "false", "/data"]);
    assert_eq!(line.boolean("raft-cluster-remove-shutdown"), Some(Value::Known(true)));
    assert_eq!(line.positionals, [1, 2]);
    assert_eq!(
        error(&["-fk", "false", "/data"]),
        (1, "`/data` stands behind the data directory, where nothing may stand".into())
    );
}

#[test]
fn other_flags_swallow_the_next_token_whatever_it_is() {
    let line = line(&["-join-as", "-auth=x", "/d"]);
    assert_eq!(line.text("join-as"), known("-auth=x"));
    assert_eq!(line.text("auth"), None);
}

#[test]
fn parsing_stops_at_a_bare_word_a_lone_dash_or_two() {
    assert_eq!(line(&["-fk", "/d", "-auth=x"]).text("auth"), None);
    assert_eq!(line(&["-fk", "-", "-auth=x"]).positionals, [1, 2]);
    assert_eq!(line(&["-fk", "--", "-auth=x"]).positionals, [2]);
    assert_eq!(line(&["-fk", ""]).positionals, [1]);
}

#[test]
fn the_last_of_a_name_wins() {
    let line = line(&["-bootstrap-expect=3", "--bootstrap-expect", "0x5", "/d"]);
    assert_eq!(line.integer("bootstrap-expect"), Some(Value::Known(5)));
    assert_eq!(line.place("bootstrap-expect"), Some(Place { list: List::Args, index: 1 }));
    assert_eq!(line.spelling(line.effective("bootstrap-expect").unwrap()), "--bootstrap-expect 0x5");
    assert_eq!(line.spelling(&line.flags[0]), "-bootstrap-expect=3");
}

#[test]
fn values_are_read_by_type() {
    let line = line(&["-raft-non-voter=F", "-join-interval=1m30s", "-bootstrap-expect=three", "-raft-snap=1", "/d"]);
    assert_eq!(line.boolean("raft-non-voter"), Some(Value::Known(false)));
    assert_eq!(line.duration("join-interval"), Some(Value::Known(90_000_000_000)));
    assert_eq!(line.integer("bootstrap-expect"), Some(Value::Malformed("three".into())));
    assert_eq!(line.integer("join-attempts"), None);
    assert_eq!(line.argv().len(), 5);
}

#[test]
fn a_name_with_a_deferred_value_is_read() {
    let flags = deferred(&["-bootstrap-expect=$(N)", "-node-id=a-$(N)", "-join-attempts", "$(N)", "/d"]);
    assert_eq!(flags.integer("bootstrap-expect"), Some(Value::Deferred(source())));
    assert_eq!(flags.integer("join-attempts"), Some(Value::Deferred(source())));
    let composed = Source::Composed { text: "a-$(N)".into(), parts: vec![source()] };
    assert_eq!(flags.text("node-id"), Some(Value::Deferred(composed)));
    assert_eq!(flags.positionals, [4]);
    assert_eq!(flags.error, None);
}

#[test]
fn a_token_of_which_nothing_is_known_is_the_data_directory_only_at_the_end() {
    let end = deferred(&["-fk", "$(D)"]);
    assert_eq!((end.positionals, end.flags.len()), (vec![1], 1));
    for hidden in ["$(X)", "$(X)$(X)", "-$(X)=3", "--$(X)"] {
        let middle = deferred(&[hidden, "-fk", "/d"]);
        assert_eq!(middle.positionals, [2], "{hidden}");
        assert!(middle.unreadable_flag().is_some(), "{hidden}");
        assert_eq!(middle.boolean("fk"), Some(Value::Known(true)), "{hidden}");
    }
}

#[test]
fn usage_errors_are_told_and_exit_with_two() {
    let unknown = |flag: &str| format!("`{flag}` is no flag of rqlited {}", Version::NEWEST);
    for (argv, message) in [
        (["---x", "/d"].as_slice(), "`---x` is no flag, it has too many dashes or no name"),
        (&["-=x", "/d"], "`-=x` is no flag, it has too many dashes or no name"),
        (&["/d", "-nope"], "`-nope` stands behind the data directory, where nothing may stand"),
        (&["-fk", "-join-as"], "`-join-as` needs a value and nothing follows it"),
        (&["-nope=3", "/d"], &unknown("-nope")),
        (&["-on-disk", "/d"], &unknown("-on-disk")),
        (&["-join-interval=3", "/d"], "`-join-interval` is given `3`, which is no duration, such as `3s`"),
        (&["-bootstrap-expect", "$(N)", "/d"], "`-bootstrap-expect` is given `$(N)`, which is no integer"),
        (&["-fk=yes", "/d"], "`-fk` is given `yes`, which is no boolean"),
        (&["-raft-snap=-1", "/d"], "`-raft-snap` is given `-1`, which is no count from 0"),
    ] {
        let expected = if argv[0] == "/d" { 1 } else { 2 };
        assert_eq!(error(argv), (expected, message.to_owned()), "{argv:?}");
    }
}

#[test]
fn the_first_fault_is_told_and_parsing_goes_on() {
    let line = at(&["-nope", "x", "-bootstrap-expect=q", "-node-id=a", "/d"], Version::NEWEST);
    assert_eq!(line.error.as_ref().map(|error| error.token), Some(Some(0)));
    assert_eq!(line.text("node-id"), known("a"));
    assert_eq!(line.positionals, [4]);
    assert!(!line.parses());
}

#[test]
fn help_and_version_exit_without_a_server() {
    assert_eq!(error(&["-h", "/d"]).0, 0);
    assert_eq!(error(&["--help=1", "/d"]).0, 0);
    assert_eq!(error(&["-version", "/d"]), (0, "`-version` prints the version and exits".into()));
    assert_eq!(error(&["-version", "-nope", "/d"]).0, 2);
    starts(&["-version=false", "/d"]);
}

#[test]
fn flags_are_judged_by_release() {
    let remove = &["-raft-cluster-remove-shutdown=true", "/d"];
    assert_eq!(at(remove, Version::new(7, 16, 0)).error.unwrap().exit_code, 2);
    assert_eq!(at(remove, Version::new(7, 17, 0)).error, None);
    assert_eq!(at(&["-raft-timeout=1s", "/d"], Version::new(9, 4, 5)).error, None);
    assert_eq!(at(&["-raft-timeout=1s", "/d"], Version::new(10, 0, 0)).error.unwrap().exit_code, 2);
    // Of any release, where none is known; and of a release newer than this build's table, any flag.
    assert_eq!(line(&["-on-disk", "-otlp-insecure=false", "/d"]).error, None);
    assert_eq!(line(&["-nope", "/d"]).error.unwrap().message, "`-nope` is no flag of any rqlited release");
    assert_eq!(at(&["-nope", "/d"], Version::new(11, 0, 0)).error, None);
}

#[test]
fn every_start_up_refusal_exits_with_one() {
    for (argv, message) in [
        (["-fk"].as_slice(), "no data directory is given"),
        (&["-fk", " "], "no data directory is given"),
        (&["/d", "/e"], "`/e` stands behind the data directory, where nothing may stand"),
        (&["-http-cert=c", "/d"], "`-http-cert` is given without `-http-key`"),
        (&["-node-key=k", "/d"], "`-node-key` is given without `-node-cert`"),
        (&["-http-verify-common-name=n", "/d"], "`-http-verify-common-name` is given without `-http-verify-client`"),
        (&["-node-verify-common-name=n", "/d"], "`-node-verify-common-name` is given without `-node-verify-client`"),
        (&["-http-addr=a:1", "-raft-addr=a:1", "/d"], "HTTP and Raft have one address, `a:1`"),
        (&["-http-adv-addr=a:1", "-raft-adv-addr=a:1", "/d"], "HTTP and Raft advertise one address, `a:1`"),
        (&["-http-addr=http://a:1", "/d"], "`-http-addr` is `http://a:1`, it must not start with a protocol"),
        (&["-http-addr=a", "/d"], "`-http-addr` is `a`, which is no host:port"),
        (&["-raft-addr=a:b", "/d"], "`-raft-addr` is `a:b`, which is no host:port"),
        (&["-raft-addr=a:1:2", "/d"], "`-raft-addr` is `a:1:2`, which is no host:port"),
        (
            &["-raft-addr=0.0.0.0:4002", "/d"],
            "the advertised address `0.0.0.0:4002` cannot be dialled, `-raft-adv-addr` must name one",
        ),
        (
            &["-http-addr=[::]:4001", "/d"],
            "the advertised address `[::]:4001` cannot be dialled, `-http-adv-addr` must name one",
        ),
        (
            &["-bootstrap-expect=3", "-raft-non-voter", "/d"],
            "`-bootstrap-expect` is 3 on a node with `-raft-non-voter`",
        ),
        (
            &["-join=a:1,localhost:4002", "/d"],
            "`-join` names the node's own address `localhost:4002` without `-bootstrap-expect`",
        ),
        (&["-join=a:1,b", "/d"], "`-join` names `b`, which is no host:port"),
        (&["-join=a:1", "-auto-restore=r", "/d"], "`-auto-restore` and `-join` are given without `-bootstrap-expect`"),
        (&["-join=a:1", "-disco-mode=dns", "/d"], "`-join` and `-disco-mode=dns` are both given"),
        (&["-disco-mode=mdns", "/d"], "`-disco-mode` is `mdns`, not consul-kv, etcd-kv, dns or dns-srv"),
        (&["-disco-mode=dns", "/d"], "a voter with `-disco-mode=dns` needs `-bootstrap-expect`"),
        (
            &["-disco-mode=dns-srv", "-bootstrap-expect=0", "/d"],
            "a voter with `-disco-mode=dns-srv` needs `-bootstrap-expect`",
        ),
        (
            &["-disco-mode=etcd-kv", "-bootstrap-expect=3", "/d"],
            "`-bootstrap-expect` is 3 with `-disco-mode=etcd-kv`, which takes none",
        ),
        (
            &["-disco-mode=consul-kv", "-bootstrap-expect=3", "/d"],
            "`-bootstrap-expect` is 3 with `-disco-mode=consul-kv`, which takes none",
        ),
        (&["-cdc-config=c", "-raft-non-voter", "/d"], "`-cdc-config` is given on a node with `-raft-non-voter`"),
        (
            &["-raft-reap-node-timeout=0s", "/d"],
            "`-raft-reap-node-timeout` is `0s`, it must be above 0 where it is given",
        ),
        (
            &["-raft-reap-read-only-node-timeout=-1h", "/d"],
            "`-raft-reap-read-only-node-timeout` is `-1h`, it must be above 0 where it is given",
        ),
    ] {
        assert_eq!(error(argv), (1, message.to_owned()), "{argv:?}");
    }
}

// Of rqlite's main branch after 10.2.7.
#[test]
fn otlp_flags_must_fit_together() {
    for (argv, message) in [
        (["-otlp-insecure", "/d"].as_slice(), "`-otlp-insecure` is given without `-otlp-endpoint`"),
        (&["-otlp-endpoint=http://a", "/d"], "`-otlp-endpoint` is `http://a`, which is no host:port"),
        (&["-otlp-endpoint=a:1", "-otlp-interval=0s", "/d"], "`-otlp-interval` must be above 0"),
        (
            &["-otlp-endpoint=a:1", "-otlp-insecure", "-otlp-ca-cert=c", "/d"],
            "`-otlp-ca-cert` and `-otlp-insecure` are both given",
        ),
    ] {
        assert_eq!(error_at(argv, Version::new(10, 3, 0)), (1, message.to_owned()), "{argv:?}");
    }
    let fitting = ["-otlp-endpoint=a:1", "-otlp-insecure", "/d"];
    assert_eq!(at(&fitting, Version::new(10, 3, 0)).error, None);
}

#[test]
fn the_nearest_twins_of_the_refusals_start() {
    for argv in [
        ["-http-cert=c", "-http-key=k", "/d"].as_slice(),
        &["-http-verify-common-name=n", "-http-verify-client", "/d"],
        &["-raft-addr=0.0.0.0:4002", "-raft-adv-addr=a:4002", "/d"],
        &["-http-addr=[::1]:4001", "/d"],
        &["-raft-non-voter", "-disco-mode=dns", "/d"],
        &["-join=a:1,localhost:4002", "-bootstrap-expect=3", "/d"],
        &["-join=a:1", "-auto-restore=r", "-bootstrap-expect=3", "/d"],
        &["-disco-mode=consul-kv", "/d"],
        &["-disco-mode=dns", "-bootstrap-expect=3", "/d"],
        &["-raft-reap-node-timeout=72h", "/d"],
        &["/d"],
    ] {
        starts(argv);
    }
}

#[test]
fn what_is_not_known_refuses_nothing() {
    for argv in [
        ["-disco-mode=dns", "-bootstrap-expect=$(N)", "/d"].as_slice(),
        &["-disco-mode=dns", "$(EXTRA)", "/d"],
        &["-http-cert=$(C)", "/d"],
        &["-raft-addr=$(A)", "/d"],
        &["-disco-mode=$(M)", "-join=a:1", "/d"],
        &["-fk", "$(DIR)"],
    ] {
        assert_eq!(deferred(argv).error, None, "{argv:?}");
    }
}

#[test]
fn an_older_release_refuses_less() {
    let both = ["-join=a:1", "-disco-mode=dns", "-bootstrap-expect=3", "/d"];
    assert_eq!(at(&both, Version::new(8, 13, 4)).error, None);
    assert_eq!(at(&both, Version::new(8, 13, 5)).error.unwrap().exit_code, 1);
    assert_eq!(at(&["-node-cert=c", "/d"], Version::new(7, 13, 0)).error, None);
}

/// Up to 8.13.5 a read-only node needs the count for DNS, and may not have it: `-join` or a newer release.
#[test]
fn a_read_only_node_by_dns_starts_since_8_14_0() {
    let by_dns = ["-raft-non-voter", "-disco-mode=dns", "/d"];
    for release in [Version::new(7, 2, 0), Version::new(8, 13, 5)] {
        let error = at(&by_dns, release).error.unwrap();
        assert_eq!((error.exit_code, error.words.as_str()), (1, "bootstrap-expect value required when using dns"));
        assert!(error.message.ends_with("name two or more voters in `-join` instead"), "{}", error.message);
        assert_eq!(at(&["-raft-non-voter", "-join=a:1,b:1", "/d"], release).error, None);
    }
    assert_eq!(at(&by_dns, Version::new(8, 14, 0)).error, None);
    let voter = at(&["-disco-mode=dns", "/d"], Version::new(8, 13, 5)).error.unwrap();
    assert_eq!(voter.message, "a voter with `-disco-mode=dns` needs `-bootstrap-expect`");
}

#[test]
fn long_user_text_is_cut_in_messages() {
    let (_, message) = error(&[&format!("-{}", "x".repeat(500)), "/d"]);
    assert!(message.len() < 200, "{message}");
}
