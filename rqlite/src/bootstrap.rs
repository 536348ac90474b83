//! `-bootstrap-expect`: its effective value, compared whatever its spelling.
//! Not whether that value fits the number of pods.

use crate::flag::{CommandLine, Flag, Place};
use crate::launch::Launch;
use crate::value::{Source, Value};

const FLAG: &str = "bootstrap-expect";

/// The effective `-bootstrap-expect` of a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect {
    pub value: Value<i64>,
    /// As the manifest spells it: `-bootstrap-expect=3`.
    pub text: String,
    pub place: Option<Place>,
}

impl Expect {
    /// None if rqlited is not given the flag. A script that cannot be read gives `Deferred(Source::Script)` when it names the flag.
    /// A flag of unknown name is taken for it where rqlited would not start without (a voter that finds the others by DNS), and
    /// one behind it may override it: then both decide.
    pub fn of(launch: &Launch) -> Option<Self> {
        let Some(line) = &launch.line else {
            return Self::of_script(launch.script.as_deref()?);
        };
        if let Some(overridden) = line.effective(FLAG).and_then(|flag| overridable(line, flag)) {
            return Some(overridden);
        }
        let flag = line.effective(FLAG).or_else(|| line.unreadable_flag().filter(|_| needs_expect(line)))?;
        let value = match line.integer(FLAG) {
            Some(value) => value,
            None => Value::Deferred(flag.value.clone().and_then(into_source)?),
        };
        Some(Expect { value, text: line.spelling(flag), place: line.place_of(flag) })
    }

    fn of_script(script: &str) -> Option<Self> {
        let value = Value::Deferred(Source::Script(script.to_owned()));
        script.contains(FLAG).then(|| Expect { value, text: format!("-{FLAG}"), place: None })
    }

    /// The reference behind it, if it is one.
    pub fn source(&self) -> Option<&Source> {
        match &self.value {
            Value::Deferred(source) => Some(source),
            Value::Known(_) | Value::Malformed(_) => None,
        }
    }
}

/// What is known of the value, and the flags of unknown name that stand behind it: the last one wins.
fn overridable(line: &CommandLine, flag: &Flag) -> Option<Expect> {
    let hidden: Vec<&Flag> =
        line.flags.iter().filter(|other| other.name.is_empty() && other.token > flag.token).collect();
    let last = hidden.last()?;
    let mut parts = Vec::new();
    let known = match line.integer(FLAG)? {
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
    parts.extend(hidden.iter().filter_map(|flag| flag.value.clone().and_then(into_source)));
    let words = hidden.iter().map(|flag| line.spelling(flag));
    let text = std::iter::once(known).chain(words.clone()).collect::<Vec<_>>().join(" ");
    Some(Expect {
        value: Value::Deferred(Source::Composed { text, parts }),
        text: std::iter::once(line.spelling(flag)).chain(words).collect::<Vec<_>>().join(" "),
        place: line.place_of(last),
    })
}

fn needs_expect(line: &CommandLine) -> bool {
    let by_dns = matches!(line.text("disco-mode"), Some(Value::Known(mode)) if mode.starts_with("dns"));
    by_dns && line.effective("raft-non-voter").is_none()
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
            assert_eq!(
                expect(&container),
                Some(Expect { value: Value::Known(3), text: text.into(), place: args(0) }),
                "{spelling}"
            );
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
            assert_eq!(expect(&container).unwrap().value, Value::Deferred(Source::Script(script)), "{value}");
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
    fn a_hidden_flag_is_taken_for_it_where_it_must_be_there() {
        let env = r#""env":[{"name":"X","valueFrom":{"configMapKeyRef":{"name":"m","key":"x"}}}]"#;
        let dns = expect(&format!(r#"{{"args":["-disco-mode=dns","$(X)"],{env}}}"#)).unwrap();
        assert_eq!((dns.source().unwrap().to_string(), dns.place), ("ConfigMap m, key x".into(), args(1)));
        assert_eq!(expect(&format!(r#"{{"args":["-fk","$(X)"],{env}}}"#)), None);
    }

    #[test]
    fn a_hidden_flag_behind_it_may_override_it() {
        let env = r#""env":[{"name":"X","valueFrom":{"configMapKeyRef":{"name":"m","key":"x"}}}]"#;
        let given = |args: &str| expect(&format!(r#"{{"args":[{args}],{env}}}"#)).unwrap();
        let behind = given(r#""-bootstrap-expect=0x3","$(X)""#);
        let map = Source::ConfigMapKey { name: "m".into(), key: "x".into() };
        let both = Source::Composed { text: "3 $(X)".into(), parts: vec![map] };
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
