//! What a launch gives as `-bootstrap-expect`, in every spelling and through every reference.

use super::*;
use crate::version::ImageVersion;
use kubernetes::manifest::List;

fn expect(container: &str) -> Option<Expect> {
    Expect::of(&Launch::of(&serde_json::from_str(container).unwrap(), ImageVersion::Floating))
}

fn args(index: usize) -> Option<Place> {
    Some(Place { list: List::Args, index })
}

#[test]
fn spellings_of_one_value_are_one_value() {
    for (spelling, text) in [
        (r#""-bootstrap-expect=3""#, "-bootstrap-expect=3"),
        (r#""--bootstrap-expect","0x3""#, "--bootstrap-expect 0x3"),
        (r#""-bootstrap-expect=$(N)""#, "-bootstrap-expect=$(N)"),
    ] {
        let container = format!(r#"{{"args":[{spelling}],"env":[{{"name":"N","value":"3"}}]}}"#);
        let value = Value::Known(3);
        let own = Some(value.clone());
        let (text, passed, hidden) = (text.into(), Passed::Whole, Vec::new());
        let given = Expect { value, text, place: args(0), certain: true, own, passed, hidden };
        assert_eq!(expect(&container), Some(given), "{spelling}");
    }
}

#[test]
fn references_are_told_by_object_and_key() {
    let env = r#""env":[{"name":"N","valueFrom":{"configMapKeyRef":{"name":"peers","key":"count"}}}]"#;
    let source = Source::ConfigMapKey { name: "peers".into(), key: "count".into() };
    for launch in [
        r#""args":["-bootstrap-expect=$(N)"]"#,
        r#""args":["-bootstrap-expect","$(N)"]"#,
        r#""args":["-disco-mode=dns","$(N)"],"command":["rqlited","-bootstrap-expect=$(N)"]"#,
        r#""command":["sh","-c","exec rqlited -bootstrap-expect=${N} /d"]"#,
        r#""command":["sh","-c","exec rqlited -bootstrap-expect=\"$N\" /d"]"#,
        r#""command":["sh","-c","exec rqlited -bootstrap-expect=$(N) /d"]"#,
    ] {
        let expect = expect(&format!("{{{launch},{env}}}")).unwrap();
        assert_eq!(expect.source(), Some(&source), "{launch}");
    }
}

#[test]
fn a_shell_variable_or_command_is_a_reference_to_the_whole_script() {
    for value in ["$N", "$(cat /n)", "${N:-3}"] {
        let script = format!("N=3; exec rqlited -bootstrap-expect={value} /d");
        let container = format!(r#"{{"command":["sh","-c","{script}"]}}"#);
        assert_eq!(expect(&container).unwrap().value, Value::Deferred(Source::Script(script.into())), "{value}");
    }
}

#[test]
fn a_reference_with_a_default_is_one_to_the_whole_script() {
    let given = |value: &str, from: &str| {
        let script = format!("exec rqlited -bootstrap-expect={value} /d");
        let env = format!(r#""env":[{{"name":"N","valueFrom":{from}}}]"#);
        expect(&format!(r#"{{"command":["sh","-c","{script}"],{env}}}"#)).unwrap().source().unwrap().clone()
    };
    let key = r#"{"configMapKeyRef":{"name":"m","key":"k","optional":true}}"#;
    assert!(matches!(given("${N:-3}", key), Source::Script(_)));
    assert!(matches!(given("${N}", key), Source::ConfigMapKey { .. }));
    assert!(matches!(given("${N:-3}", r#"{"fieldRef":{"fieldPath":"metadata.annotations['n']"}}"#), Source::Script(_)));
    assert!(matches!(given("${N:-3}", r#"{"fieldRef":{"fieldPath":"metadata.name"}}"#), Source::Field(_)));
}

#[test]
fn an_unreadable_script_counts_when_it_or_its_arguments_name_the_flag() {
    let script =
        |text: &str, argument: &str| format!(r#"{{"command":["sh","-c","{text}","x"],"args":["{argument}"]}}"#);
    let branches = "if a; then exec rqlited -fk; else exec rqlited; fi";
    assert_eq!(expect(&script(branches, "/d")), None);
    let named = expect(&script(branches, "-bootstrap-expect=3")).unwrap();
    assert!(matches!(named.value, Value::Deferred(Source::Script(text)) if text.ends_with("-bootstrap-expect=3")));
}

#[test]
fn an_argument_that_is_a_reference_as_a_whole_may_hold_the_flag() {
    let env = r#""env":[{"name":"X","valueFrom":{"configMapKeyRef":{"name":"m","key":"x"}}}]"#;
    for (launch, place) in [
        (r#""args":["-disco-mode=dns","$(X)"]"#, args(1)),
        (r#""args":["-fk","$(X)"]"#, args(1)),
        (r#""command":["rqlited","$(X)","/d"]"#, Some(Place { list: List::Command, index: 1 })),
        (r#""command":["sh","-c","exec rqlited $X /d"]"#, Some(Place { list: List::Command, index: 2 })),
        (r#""command":["sh","-c","exec rqlited $X"]"#, Some(Place { list: List::Command, index: 2 })),
    ] {
        let hidden = expect(&format!("{{{launch},{env}}}")).unwrap();
        assert_eq!(hidden.source().unwrap().to_string(), "ConfigMap m, key x", "{launch}");
        assert_eq!((hidden.place, hidden.certain), (place, false), "{launch}");
    }
    let from = r#"{"command":["rqlited","$(X)","/d"],"envFrom":[{"configMapRef":{"name":"m"}}]}"#;
    assert_eq!(expect(from).unwrap().source().unwrap().to_string(), "ConfigMap m, key X");
}

#[test]
fn a_literal_variable_of_flags_is_split_by_the_shell_whatever_it_refers_to() {
    let env = |flags: &str| {
        format!(
            r#""env":[{{"name":"B","valueFrom":{{"configMapKeyRef":{{"name":"m","key":"b"}}}}}},{{"name":"F","value":"{flags}"}}]"#
        )
    };
    let script = |word: &str, flags: &str| {
        let script = format!(r#""command":["sh","-c","exec rqlited {word} /d"]"#);
        expect(&format!("{{{script},{}}}", env(flags)))
    };
    let map = || Some(Source::ConfigMapKey { name: "m".into(), key: "b".into() });
    for flags in
        ["-disco-mode=dns -bootstrap-expect=$(B)", "-bootstrap-expect $(B) -fk", " -fk  -bootstrap-expect=$(B) "]
    {
        for word in ["$F", "${F}", "-x=1 $F", "$(F)"] {
            let given = script(word, flags).unwrap();
            assert_eq!((given.source().cloned(), given.certain), (map(), true), "{word}, {flags}");
        }
    }
    let hidden = script("$F", "-fk $(B)").unwrap();
    assert_eq!((hidden.source().cloned(), hidden.certain, hidden.text.as_str()), (map(), false, "$(B)"));
    assert_eq!(script("$F", "-fk -node-id=$(B)"), None);
    // No shell, no words.
    let whole = expect(&format!(r#"{{"command":["rqlited","$(F)","/d"],{}}}"#, env("-bootstrap-expect=$(B)"))).unwrap();
    assert_eq!((whole.source().cloned(), whole.certain), (map(), true));
    let name = expect(&format!(r#"{{"command":["rqlited","-$(B)=3","/d"],{}}}"#, env(""))).unwrap();
    assert!(!name.certain);
}

#[test]
fn a_data_directory_or_a_pods_name_holds_no_flag() {
    let env = r#""env":[{"name":"X","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},
        {"name":"D","valueFrom":{"configMapKeyRef":{"name":"m","key":"d"}}}]"#;
    for launch in [
        r#""args":["-fk","$(X)"]"#,
        r#""command":["rqlited","-fk","$(D)"]"#,
        r#""command":["sh","-c","exec rqlited -fk \"$D\""]"#,
    ] {
        assert_eq!(expect(&format!("{{{launch},{env}}}")), None, "{launch}");
    }
}

#[test]
fn a_text_of_several_flags_is_split_by_a_shell_and_by_nothing_else() {
    let value = |text: &str| Within::Value(text.to_owned());
    for (text, whole, split) in [
        ("-bootstrap-expect=3", value("3"), value("3")),
        ("--bootstrap-expect=0x3", value("0x3"), value("0x3")),
        ("-fk -bootstrap-expect=3", value("-fk -bootstrap-expect=3"), value("3")),
        (" -bootstrap-expect=3", value(" -bootstrap-expect=3"), value("3")),
        ("-bootstrap-expect=3\n", value("3\n"), value("3")),
        ("-bootstrap-expect=3 -fk", value("3 -fk"), value("3")),
        ("--bootstrap-expect 3 -bootstrap-expect=5", value("--bootstrap-expect 3 -bootstrap-expect=5"), value("5")),
        ("-node-id -bootstrap-expect=3", value("-node-id -bootstrap-expect=3"), Within::NoFlag),
        ("/d -bootstrap-expect=3", value("/d -bootstrap-expect=3"), Within::NoFlag),
        ("-bootstrap-expect", Within::Unknown, Within::Unknown),
        ("-fk -bootstrap-expect", value("-fk -bootstrap-expect"), Within::Unknown),
        ("-bootstrap-expect-timeout=3s", Within::NoFlag, Within::NoFlag),
        ("", Within::NoFlag, Within::NoFlag),
    ] {
        assert_eq!(within(text, Passed::Whole), whole, "{text}");
        assert_eq!(within(text, Passed::Split), split, "{text}");
        let either = if whole == split { split } else { Within::Unknown };
        assert_eq!(within(text, Passed::Unknown), either, "{text}");
    }
    // Put into a script, a quote or a line end is the shell's.
    for (text, unquoted) in [
        ("-fk -bootstrap-expect=3", value("3")),
        ("-bootstrap-expect=3\n", Within::Unknown),
        ("-disco-config='{\"name\": \"x\"}' -bootstrap-expect=3", Within::Unknown),
        ("-http-addr=0.0.0.0:4001 -fk", Within::NoFlag),
    ] {
        assert_eq!(within(text, Passed::Script { quoted: false }), unquoted, "{text}");
    }
    assert_eq!(within("-bootstrap-expect=3", Passed::Script { quoted: true }), value("3"));
    for (text, split) in [("3\n", "3"), (" 3", "3"), ("3 -bootstrap-expect=5", "5"), ("3 -fk", "3"), ("", "")] {
        assert_eq!(value_in(text, Passed::Whole), value(text), "{text}");
        assert_eq!(value_in(text, Passed::Split), value(if text == " 3" { "" } else { split }), "{text}");
    }
}

#[test]
fn who_splits_a_reference_is_told_by_the_launch() {
    let env = r#""env":[{"name":"F","valueFrom":{"configMapKeyRef":{"name":"m","key":"f"}}}]"#;
    let given = |launch: &str| expect(&format!("{{{launch},{env}}}")).unwrap();
    for (launch, passed) in [
        (r#""args":["-fk","$(F)"]"#, Passed::Whole),
        (r#""command":["rqlited","$(F)","/d"]"#, Passed::Whole),
        (r#""command":["sh","-c","exec rqlited $F /d"]"#, Passed::Split),
        (r#""command":["sh","-c","exec rqlited \"$F\" /d"]"#, Passed::Whole),
        (r#""command":["sh","-c","exec rqlited $(F) /d"]"#, Passed::Script { quoted: false }),
        (r#""command":["sh","-c","exec rqlited '$(F)' /d"]"#, Passed::Script { quoted: true }),
        (r#""command":["sh","-c","exec rqlited \"$@\" /d","x"],"args":["$(F)"]"#, Passed::Whole),
        (r#""command":["sh","-c","exec rqlited $@ /d","x"],"args":["$(F)"]"#, Passed::Split),
        (r#""command":["sh","-c","exec rqlited \"$1\" /d","x"],"args":["$(F)"]"#, Passed::Whole),
        (r#""command":["sh","-c","exec rqlited $1 /d","x"],"args":["$(F)"]"#, Passed::Split),
    ] {
        let hidden = given(launch).hidden;
        assert_eq!(hidden.iter().map(|argument| argument.passed).collect::<Vec<_>>(), [passed], "{launch}");
    }
    for (launch, passed) in [
        (r#""args":["-bootstrap-expect=$(F)"]"#, Passed::Whole),
        (r#""args":["-bootstrap-expect","$(F)"]"#, Passed::Whole),
        (r#""command":["sh","-c","exec rqlited -bootstrap-expect=$F /d"]"#, Passed::Split),
        (r#""command":["sh","-c","exec rqlited -bootstrap-expect \"$F\" /d"]"#, Passed::Whole),
        (r#""command":["sh","-c","exec rqlited -bootstrap-expect $F /d"]"#, Passed::Split),
    ] {
        assert_eq!(given(launch).passed, passed, "{launch}");
    }
}

#[test]
fn the_flag_is_known_by_its_whole_name() {
    for word in ["-bootstrap-expect", "--bootstrap-expect=3", "-bootstrap-expect=$(N)"] {
        assert!(names_flag(word), "{word}");
    }
    for word in ["bootstrap-expect=3", "---bootstrap-expect", "-bootstrap-expect-timeout=3s", "-bootstrap", ""] {
        assert!(!names_flag(word), "{word}");
    }
}

#[test]
fn dns_needs_it_and_a_key_value_store_or_a_non_voter_refuses_it() {
    use crate::flag::fixture::line;
    assert!(is_needed(&line(&["-disco-mode=dns-srv", "/d"])));
    assert!(is_needed(&line(&["-disco-mode=dns", "-raft-non-voter=false", "/d"])));
    assert!(!is_needed(&line(&["-disco-mode=dns", "-raft-non-voter", "/d"])));
    assert!(!is_needed(&line(&["-disco-mode=etcd-kv", "/d"])));
    assert_eq!(refused_beside(&line(&["-disco-mode", "etcd-kv", "/d"])).as_deref(), Some("-disco-mode etcd-kv"));
    assert_eq!(refused_beside(&line(&["-raft-non-voter", "/d"])).as_deref(), Some("-raft-non-voter"));
    assert_eq!(refused_beside(&line(&["-disco-mode=dns", "/d"])), None);
}

#[test]
fn an_entrypoint_without_arguments_gets_none() {
    for script in ["exec docker-entrypoint.sh", "docker-entrypoint.sh # -bootstrap-expect=3"] {
        assert_eq!(expect(&format!(r#"{{"command":["sh","-c","{script}"]}}"#)), None, "{script}");
    }
}

#[test]
fn a_hidden_flag_behind_it_may_override_it() {
    let env = r#""env":[{"name":"X","valueFrom":{"configMapKeyRef":{"name":"m","key":"x"}}}]"#;
    let given = |args: &str| expect(&format!(r#"{{"args":[{args}],{env}}}"#)).unwrap();
    let behind = given(r#""-bootstrap-expect=0x3","$(X)""#);
    let map = Source::ConfigMapKey { name: "m".into(), key: "x".into() };
    let both = Source::Composed { text: "3 $(X)".into(), parts: vec![map] };
    assert_eq!((behind.own, behind.hidden.len()), (Some(Value::Known(3)), 1));
    assert_eq!((behind.value, behind.place), (Value::Deferred(both), args(1)));
    assert_eq!(behind.text, "-bootstrap-expect=0x3 $(X)");
    assert_eq!(given(r#""-fk","$(X)","-bootstrap-expect=3""#).value, Value::Known(3));
    // The last word of a command line is the data directory.
    let direct = expect(&format!(r#"{{"command":["rqlited","-bootstrap-expect=3","$(X)"],{env}}}"#));
    assert_eq!(direct.unwrap().value, Value::Known(3));
}

#[test]
fn rqlited_that_is_not_given_the_flag_has_none() {
    for container in
        [r#"{"args":["-fk"]}"#, r#"{"args":["run","-bootstrap-expect=3"]}"#, r#"{"command":["/start.sh"]}"#]
    {
        assert_eq!(expect(container), None, "{container}");
    }
    assert_eq!(expect(r#"{"args":["-bootstrap-expect=x"]}"#).unwrap().value, Value::Malformed("x".into()));
}
