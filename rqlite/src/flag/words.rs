//! What rqlited itself says when it refuses a command line, by release: as the sources of each tag have it, and as 10.2.7 said it
//! when it was run with these words. Not our own words for it: those are tested in `tests`.

use super::fixture::tokens;
use super::*;

#[track_caller]
fn said(release: &str, argv: &str) -> Option<(u8, String)> {
    let words: Vec<&str> = if argv.is_empty() { vec![] } else { argv.split(' ').collect() };
    let tokens = tokens(&words, |text| Value::Known(text.to_owned()));
    let error = CommandLine::parse(tokens, Some(release.parse().unwrap())).error?;
    Some((error.exit_code, error.words))
}

/// Seen on rqlited 10.2.7, with its exit codes.
const NEWEST: [(&str, u8, &str); 29] = [
    ("", 1, "missing required argument: DataPath"),
    ("-fk", 1, "data directory path is required"),
    ("-data-dir /d", 2, "flag provided but not defined: -data-dir"),
    ("-on-disk=true -fk /d", 2, "flag provided but not defined: -on-disk"),
    ("-write-queue-size=1 /d", 2, "flag provided but not defined: -write-queue-size"),
    ("-fk true /d", 1, "arguments after data directory (true) are not accepted ([/d])"),
    ("-fk a b c", 1, "arguments after data directory (a) are not accepted ([b c])"),
    ("-fk=yes /d", 2, r#"invalid boolean value "yes" for -fk: parse error"#),
    ("-join-interval=3 /d", 2, r#"invalid value "3" for flag -join-interval: parse error"#),
    ("-raft-snap=-1 /d", 2, r#"invalid value "-1" for flag -raft-snap: parse error"#),
    ("-bootstrap-expect=x /d", 2, r#"invalid value "x" for flag -bootstrap-expect: parse error"#),
    (
        "-bootstrap-expect=99999999999999999999 /d",
        2,
        r#"invalid value "99999999999999999999" for flag -bootstrap-expect: value out of range"#,
    ),
    ("---x /d", 2, "bad flag syntax: ---x"),
    ("-join-as", 2, "flag needs an argument: -join-as"),
    ("-raft-reap-node-timeout=0s /d", 1, "-raft-reap-node-timeout must be greater than 0"),
    ("-http-cert=c /d", 1, "either both -http-cert and -http-key must be set, or neither"),
    ("-node-verify-common-name=n /d", 1, "-node-verify-common-name requires -node-verify-client"),
    ("-http-addr=a:1 -raft-addr=a:1 /d", 1, "HTTP and Raft addresses must differ"),
    ("-http-addr=http://a:1 /d", 1, "HTTP options should not include protocol (http:// or https://)"),
    ("-http-adv-addr=a /d", 1, "HTTP advertised HTTP address not valid"),
    ("-raft-addr=a:b /d", 1, "raft bind port not valid"),
    (
        "-raft-addr=0.0.0.0:4002 /d",
        1,
        "advertised Raft address is not routable (0.0.0.0), specify it via -raft-addr or -raft-adv-addr",
    ),
    ("-bootstrap-expect=3 -raft-non-voter /d", 1, "bootstrapping only applicable to voting nodes"),
    ("-join=b /d", 1, "b is an invalid join address"),
    ("-join=localhost:4002 /d", 1, "node cannot join with itself unless bootstrapping"),
    (
        "-join=a:1 -disco-mode=dns -bootstrap-expect=3 /d",
        1,
        "disco mode cannot be used when also explicitly joining a cluster",
    ),
    ("-disco-mode=mdns /d", 1, "disco mode must be one of consul-kv, etcd-kv, dns, or dns-srv"),
    ("-disco-mode=dns /d", 1, "bootstrap-expect value required when using dns with a voting node"),
    ("-node-ca-cert=c /d", 1, "failed to create certificate monitor: open : no such file or directory"),
];

#[test]
fn the_newest_says_it_in_these_words() {
    for (argv, exit_code, words) in NEWEST {
        assert_eq!(said("10.2.7", argv), Some((exit_code, words.to_owned())), "{argv}");
    }
}

/// The last release that starts (or says it otherwise), and the first that refuses in these words.
#[test]
fn each_check_is_there_from_its_first_release_on() {
    for (before, first, argv, words) in [
        ("7.10.1", "7.11.0", "-raft-reap-node-timeout=0s /d", "-raft-reap-node-timeout must be greater than 0"),
        ("7.13.2", "7.14.0", "-http-key=k /d", "either both -x509-cert and -x509-key must be set, or neither"),
        ("7.14.0", "7.14.1", "-http-key=k /d", "either both -http-cert and -http-key must be set, or neither"),
        ("7.19.0", "7.20.0", "-http-addr=a:1 -raft-addr=a:1 /d", "HTTP and Raft addresses must differ"),
        (
            "7.19.0",
            "7.20.0",
            "-http-adv-addr=a:1 -raft-adv-addr=a:1 /d",
            "advertised HTTP and Raft addresses must differ",
        ),
        ("6.10.2", "7.0.0", "-http-addr=a /d", "HTTP bind address not valid"),
        ("7.6.0", "7.6.1", "-http-adv-addr=a /d", "HTTP advertised HTTP address not valid"),
        (
            "7.6.0",
            "7.6.1",
            "-http-addr=0.0.0.0:1 /d",
            "advertised HTTP address is not routable (0.0.0.0), specify it via -http-addr or -http-adv-addr",
        ),
        ("7.0.1", "7.1.0", "-raft-addr=a /d", "raft bind address not valid"),
        ("7.21.4", "8.0.0", "-raft-adv-addr=a:b /d", "raft advertised port is not valid"),
        (
            "7.0.1",
            "7.1.0",
            "-disco-mode=consul-kv -bootstrap-expect=3 /d",
            "bootstrapping not applicable when using consul-kv",
        ),
        ("7.21.4", "8.0.0", "-join=b /d", "b is an invalid join adddress"),
        ("8.22.1", "8.22.2", "-join=b /d", "b is an invalid join address"),
        ("7.15.1", "7.16.0", "-join=a:1 -auto-restore=r /d", "auto-restoring cannot be used when joining a cluster"),
        ("7.1.0", "7.2.0", "-join=http://localhost:4001 /d", "node cannot join with itself unless bootstrapping"),
        ("7.21.4", "8.0.0", "-join=localhost:4002 /d", "node cannot join with itself unless bootstrapping"),
        (
            "8.13.4",
            "8.13.5",
            "-join=a:1 -disco-mode=dns -bootstrap-expect=3 /d",
            "disco mode cannot be used when also explicitly joining a cluster",
        ),
        ("7.0.1", "7.1.0", "-bootstrap-expect=3 -raft-non-voter /d", "bootstrapping only applicable to voting nodes"),
        ("7.1.0", "7.2.0", "-disco-mode=dns /d", "bootstrap-expect value required when using dns"),
        ("8.13.5", "8.14.0", "-disco-mode=dns /d", "bootstrap-expect value required when using dns with a voting node"),
        (
            "8.36.8",
            "8.37.0",
            "-node-ca-cert=c /d",
            "failed to create certificate monitor: open : no such file or directory",
        ),
        ("7.14.2", "7.14.3", "-join-source-ip=x /d", "invalid join source IP address: x"),
        ("8.43.3", "8.43.4", "-cdc-config=c -raft-non-voter /d", "CDC cannot be enabled on non-voting nodes"),
        ("10.1.0", "10.2.0", "-node-verify-common-name=n /d", "-node-verify-common-name requires -node-verify-client"),
        ("6.4.2", "6.4.3", "-on-disk-path=p /d", "on-disk-path is set, but on-disk is not"),
        ("7.1.0", "7.2.0", "-on-disk-path=p /d", "-on-disk-path is set, but -on-disk is not"),
        ("7.21.4", "8.0.0", "/d /e", "arguments after data directory (/d) are not accepted ([/e])"),
        ("9.4.5", "10.0.0", "-fk", "data directory path is required"),
    ] {
        assert_eq!(said(first, argv), Some((1, words.to_owned())), "{first}: {argv}");
        assert!(said(before, argv).is_none_or(|(_, other)| other != words), "{before}: {argv}");
    }
}

#[test]
fn a_check_ends_with_its_last_release() {
    for (last, after, argv) in [
        ("7.21.4", "8.0.0", "-on-disk-path=p /d"),
        // Read-only nodes were refused too.
        ("8.13.5", "8.14.0", "-disco-mode=dns -raft-non-voter /d"),
        // Without a directory it took its working directory.
        ("8.36.1", "8.36.2", "-fk"),
    ] {
        assert!(said(last, argv).is_some(), "{last}: {argv}");
        assert_eq!(said(after, argv), None, "{after}: {argv}");
    }
}

#[test]
fn what_is_said_without_a_directory_depends_on_the_release() {
    for (release, argv, words) in [
        ("9.4.5", "-fk", None),
        ("9.4.5", "", Some("missing required argument: DataPath")),
        ("8.36.1", "-fk", Some("no data directory set")),
        ("10.0.0", "-fk", Some("data directory path is required")),
        // Before the first release whose flags are known, any flag may be one.
        ("4.6.0", "-disco-mode=dns -bootstrap-expect=3 /d", None),
    ] {
        assert_eq!(said(release, argv).map(|(_, words)| words).as_deref(), words, "{release}: {argv}");
    }
}

/// All but the first seen on 10.2.7, where the words end with what Go's JSON reader says of the rest.
#[test]
fn a_configuration_that_is_no_json_object_is_refused_at_the_start() {
    let said = |release: &str, config: &str| {
        let argv = ["-disco-mode=dns", "-bootstrap-expect=3", &format!("-disco-config={config}"), "/d"];
        let tokens = tokens(&argv, |text| Value::Known(text.to_owned()));
        CommandLine::parse(tokens, Some(release.parse().unwrap())).error.map(|error| error.words)
    };
    let quoted = r"error reading DNS configuration: invalid character '\'' looking for beginning of value";
    let other = "error reading DNS configuration";
    for (release, config, words) in [
        ("7.2.0", r#"'{"name":"x"}'"#, Some(quoted)),
        ("10.2.7", r#"'{"name":"x"}'"#, Some(quoted)),
        ("10.2.7", r#"{name:"x"}"#, Some(other)),
        ("10.2.7", r#"{"name":"x""#, Some(other)),
        ("10.2.7", r#"{"name":"x",}"#, Some(other)),
        ("10.2.7", "{'name':'x'}", Some(other)),
        ("10.2.7", r#"{"name":"x"} y"#, Some(other)),
        // A file, a value that the environment completes, and the nearest right one.
        ("10.2.7", "/disco.json", None),
        ("10.2.7", r#"{"name":"x","port":$PORT}"#, None),
        ("10.2.7", r#"{"name":"x"}"#, None),
        ("10.2.7", "", None),
    ] {
        assert_eq!(said(release, config).as_deref(), words, "{release}: {config}");
    }
}
