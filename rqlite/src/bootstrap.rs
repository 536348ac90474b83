//! `-bootstrap-expect`: its effective value, compared whatever its spelling.
//! Not whether that value fits the number of pods.

use crate::flag::{CommandLine, Flag, Origin, Place, Token, number};
use crate::launch::{Launch, NoInsertion};
use crate::value::{Source, Value};

const FLAG: &str = "bootstrap-expect";

/// The effective `-bootstrap-expect` of a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect {
    pub value: Value<i64>,
    /// As the manifest spells it: `-bootstrap-expect=3`.
    pub text: String,
    pub place: Option<Place>,
    /// The flag itself is given. False: arguments stand there that are references as a whole (`$(EXTRA)`), and any of them may hold it.
    pub certain: bool,
    /// What the flag itself gives, where it is given.
    pub own: Option<Value<i64>>,
    /// Where the arguments come from that may hold the flag and would then decide, in order.
    pub hidden: Vec<Source>,
}

impl Expect {
    /// None if rqlited is not given the flag. A script that cannot be read gives `Deferred(Source::Script)` when it names the flag.
    /// A flag of unknown name may be it, and behind it may override it: then both decide.
    pub fn of(launch: &Launch) -> Option<Self> {
        if launch.insertion == Err(NoInsertion::EmptyEntrypoint) {
            return None;
        }
        let Some(line) = &launch.line else {
            return Self::of_script(launch.script.as_deref()?);
        };
        let Some(flag) = line.effective(FLAG) else {
            return Self::hidden(line);
        };
        overridable(line, flag).or_else(|| {
            let value = line.integer(FLAG)?;
            let (text, place, own) = (line.spelling(flag), line.place_of(flag), Some(value.clone()));
            Some(Expect { value, text, place, certain: true, own, hidden: Vec::new() })
        })
    }

    fn of_script(script: &str) -> Option<Self> {
        let value = Value::Deferred(Source::Script(script.into()));
        let (text, own) = (format!("-{FLAG}"), Some(value.clone()));
        script.contains(FLAG).then(|| Expect { value, text, place: None, certain: true, own, hidden: Vec::new() })
    }

    /// In arguments that are references as a whole.
    fn hidden(line: &CommandLine) -> Option<Self> {
        let hidden = hidden_words(line);
        let last = hidden.last()?;
        let text = hidden.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        let sources: Vec<Source> = hidden.iter().filter_map(|word| into_source(word.value.clone())).collect();
        let source = match <[Source; 1]>::try_from(sources.clone()) {
            Ok([source]) => source,
            Err(parts) => Source::Composed { text: text.clone(), parts },
        };
        let place = match last.origin {
            Origin::Container(place) | Origin::Script(place) => Some(place),
            Origin::Entrypoint(_) => None,
        };
        Some(Expect { value: Value::Deferred(source), text, place, certain: false, own: None, hidden: sources })
    }

    /// The reference behind it, if it is one.
    pub fn source(&self) -> Option<&Source> {
        match &self.value {
            Value::Deferred(source) => Some(source),
            Value::Known(_) | Value::Malformed(_) => None,
        }
    }
}

/// rqlited does not start without the flag: a voter that finds the others by DNS (rqlite/rqlite `cmd/rqlited/flags.go`).
pub fn is_needed(line: &CommandLine) -> bool {
    let by_dns = matches!(line.text("disco-mode"), Some(Value::Known(mode)) if mode == "dns" || mode == "dns-srv");
    by_dns && line.boolean("raft-non-voter") != Some(Value::Known(true))
}

/// What rqlited does not take the flag beside, as the manifest spells it (the same source).
pub fn refused_beside(line: &CommandLine) -> Option<String> {
    let spelled = |name: &str| line.effective(name).map(|flag| line.spelling(flag));
    let elsewhere =
        matches!(line.text("disco-mode"), Some(Value::Known(mode)) if mode == "consul-kv" || mode == "etcd-kv");
    if elsewhere {
        return spelled("disco-mode");
    }
    spelled("raft-non-voter").filter(|_| line.boolean("raft-non-voter") == Some(Value::Known(true)))
}

/// The number that rqlited takes the flag's text for; None: it exits with code 2. A line end is part of the text.
pub fn number(text: &str) -> Option<i64> {
    number::integer(text)
}

/// What the text of such an argument gives as the flag's value: `3` of `-fk -bootstrap-expect=3`.
pub fn within(text: &str) -> Option<&str> {
    let mut words = text.split_whitespace();
    let mut last = None;
    while let Some(word) = words.find(|word| names_flag(word)) {
        last = word.split_once('=').map(|(_, value)| value).or_else(|| words.next()).or(last);
    }
    last
}

/// The word is the flag, in any of its spellings.
pub fn names_flag(word: &str) -> bool {
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).unwrap_or_default();
    name.split('=').next() == Some(FLAG)
}

/// Something outside of the manifest holds all of the text, and that may be a flag: no pod's name, address or resource is one.
pub fn may_hold(value: &Value<String>) -> bool {
    let holds = |source: &Source| match source {
        Source::Field(path) => path.contains('['),
        Source::Resource(_) => false,
        Source::ConfigMapKey { .. } | Source::SecretKey { .. } | Source::Script(_) | Source::Composed { .. } => true,
    };
    match value {
        Value::Deferred(Source::Composed { text, parts }) => hides_name(text) && parts.first().is_none_or(holds),
        Value::Deferred(source) => holds(source),
        Value::Known(_) | Value::Malformed(_) => false,
    }
}

/// A reference stands where a flag's name does: `$(FLAGS)`, `-$(NAME)=3`.
fn hides_name(text: &str) -> bool {
    let name = text.split('=').next().unwrap_or_default();
    text.starts_with("$(") || (name.starts_with('-') && name.contains("$("))
}

/// The last word of a command line is its data directory; behind a shell script that gives no other word, a variable may be all of it.
fn hidden_words(line: &CommandLine) -> Vec<&Token> {
    let flags = line.flags.iter().filter(|flag| flag.name.is_empty());
    let mut words: Vec<&Token> = flags.filter_map(|flag| line.tokens.get(flag.token)).collect();
    let own = |token: &&Token| !matches!(token.origin, Origin::Entrypoint(_));
    if let [only] = line.tokens.iter().filter(own).collect::<Vec<_>>().as_slice()
        && matches!(only.origin, Origin::Script(_))
        && words.is_empty()
    {
        words.push(only);
    }
    words.retain(|word| may_hold(&word.value));
    words
}

/// What is known of the value, and the flags of unknown name that stand behind it: the last one wins.
fn overridable(line: &CommandLine, flag: &Flag) -> Option<Expect> {
    let unnamed = line.flags.iter().filter(|other| other.name.is_empty() && other.token > flag.token);
    let hidden: Vec<&Flag> = unnamed.filter(|flag| flag.value.as_ref().is_some_and(may_hold)).collect();
    let last = hidden.last()?;
    let mut parts = Vec::new();
    let own = line.integer(FLAG)?;
    let known = match own.clone() {
        Value::Known(number) => number.to_string(),
        Value::Malformed(text) => text,
        Value::Deferred(Source::Composed { text, parts: own }) => {
            parts.extend(own);
            text
        }
        Value::Deferred(source) => {
            parts.push(source);
            format!("$({FLAG})")
        }
    };
    let sources: Vec<Source> = hidden.iter().filter_map(|flag| flag.value.clone().and_then(into_source)).collect();
    parts.extend(sources.iter().cloned());
    let words = hidden.iter().map(|flag| line.spelling(flag));
    let text = std::iter::once(known).chain(words.clone()).collect::<Vec<_>>().join(" ");
    Some(Expect {
        value: Value::Deferred(Source::Composed { text, parts }),
        text: std::iter::once(line.spelling(flag)).chain(words).collect::<Vec<_>>().join(" "),
        place: line.place_of(last),
        certain: true,
        own: Some(own),
        hidden: sources,
    })
}

fn into_source(value: Value<String>) -> Option<Source> {
    match value {
        Value::Deferred(source) => Some(source),
        Value::Known(_) | Value::Malformed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flag::List;
    use crate::version::ImageVersion;

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
            let given = Expect { value, text: text.into(), place: args(0), certain: true, own, hidden: Vec::new() };
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
        assert!(matches!(
            given("${N:-3}", r#"{"fieldRef":{"fieldPath":"metadata.annotations['n']"}}"#),
            Source::Script(_)
        ));
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
        let whole =
            expect(&format!(r#"{{"command":["rqlited","$(F)","/d"],{}}}"#, env("-bootstrap-expect=$(B)"))).unwrap();
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
    fn a_text_of_several_flags_holds_the_last_of_its_values() {
        assert_eq!(within("-fk -bootstrap-expect=3"), Some("3"));
        assert_eq!(within("--bootstrap-expect 3 -bootstrap-expect=5"), Some("5"));
        assert_eq!(within("-bootstrap-expect-timeout=3s"), None);
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
}
