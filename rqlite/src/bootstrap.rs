//! `-bootstrap-expect`: its effective value, compared whatever its spelling.
//! Not whether that value fits the number of pods.

use crate::flag::{CommandLine, Flag, Origin, Token, number};
use crate::launch::{Launch, NoInsertion};
use crate::value::{Source, Value};
use kubernetes::manifest::{List, Place};

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
    /// What becomes of a text that it refers to.
    pub passed: Passed,
    /// Where the arguments come from that may hold the flag and would then decide, in order.
    pub hidden: Vec<Hidden>,
}

/// An argument that is a reference as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    pub source: Source,
    pub passed: Passed,
}

/// How the text behind a reference comes to rqlited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// As one argument, with its blanks and line ends: the kubelet splits nothing.
    Whole,
    /// A shell splits it at blanks.
    Split,
    /// The kubelet puts it into a shell script (`$(NAME)`), where a quote or a line end in it means what it means there.
    Script { quoted: bool },
    /// In the one way or the other: what starts rqlited cannot be read.
    Unknown,
}

/// What a text gives as the flag's value, where rqlited gets it among its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Within {
    NoFlag,
    /// As it is written there. A text that rqlited refuses although the flag stands in it is its own value: it is no number.
    Value(String),
    /// The next argument is the value, or it depends on what starts rqlited.
    Unknown,
}

impl Expect {
    /// None if rqlited is not given the flag. A script that cannot be read gives `Deferred(Source::Script)` when it names the flag.
    /// A flag of unknown name may be it, and behind it may override it: then both decide.
    pub fn of(launch: &Launch) -> Option<Self> {
        if launch.closed() == Some(NoInsertion::EmptyEntrypoint) {
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
            Some(Expect { value, text, place, certain: true, own, passed: passed(line, flag), hidden: Vec::new() })
        })
    }

    fn of_script(script: &str) -> Option<Self> {
        let value = Value::Deferred(Source::Script(script.into()));
        let (text, own) = (format!("-{FLAG}"), Some(value.clone()));
        script.contains(FLAG).then(|| Expect {
            value,
            text,
            place: None,
            certain: true,
            own,
            passed: Passed::Unknown,
            hidden: Vec::new(),
        })
    }

    /// In arguments that are references as a whole.
    fn hidden(line: &CommandLine) -> Option<Self> {
        let hidden = hidden_words(line);
        let last = hidden.last()?;
        let text = hidden.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        let arguments: Vec<Hidden> = hidden.iter().filter_map(|word| Hidden::of(word)).collect();
        let source = match arguments.as_slice() {
            [only] => only.source.clone(),
            several => Source::Composed { text: text.clone(), parts: sources(several) },
        };
        let place = match last.origin {
            Origin::Container(place) | Origin::Script(place) => Some(place),
            Origin::Entrypoint(_) => None,
        };
        Some(Expect {
            value: Value::Deferred(source),
            text,
            place,
            certain: false,
            own: None,
            passed: Passed::of(last),
            hidden: arguments,
        })
    }

    /// The number that it comes to where the text behind its only reference is known.
    pub fn number_by(&self, text: &str) -> Option<i64> {
        let given = if self.certain { value_in(text, self.passed) } else { within(text, self.passed) };
        match given {
            Within::Value(text) => number(&text),
            Within::NoFlag | Within::Unknown => None,
        }
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

/// What a text gives that is one of rqlited's arguments, or several of them.
pub fn within(text: &str, passed: Passed) -> Within {
    match passed {
        Passed::Whole => whole(text),
        Passed::Split => last_of(&text.split_whitespace().collect::<Vec<_>>()),
        Passed::Script { quoted } => in_script(text, quoted, within),
        Passed::Unknown => agreed(text, within),
    }
}

/// What a text gives that stands where the value does, alone.
pub fn value_in(text: &str, passed: Passed) -> Within {
    match passed {
        Passed::Whole => Within::Value(text.to_owned()),
        Passed::Split => within(&format!("-{FLAG}={text}"), passed),
        Passed::Script { quoted } => in_script(text, quoted, value_in),
        Passed::Unknown => agreed(text, value_in),
    }
}

/// What a script does with signs of its own in the middle of it is not followed.
fn in_script(text: &str, quoted: bool, read: fn(&str, Passed) -> Within) -> Within {
    let is_sign = |c: char| !(c.is_alphanumeric() || c == ' ' || "-_=.,:/@%+".contains(c));
    match text.contains(is_sign) {
        true => Within::Unknown,
        false => read(text, if quoted { Passed::Whole } else { Passed::Split }),
    }
}

/// What both ways of passing it come to.
fn agreed(text: &str, read: fn(&str, Passed) -> Within) -> Within {
    let split = read(text, Passed::Split);
    if read(text, Passed::Whole) == split { split } else { Within::Unknown }
}

/// One argument: `-fk -bootstrap-expect=3` is a flag of no release.
fn whole(text: &str) -> Within {
    match last_of(&[text]) {
        Within::NoFlag if text.split_whitespace().any(names_flag) => Within::Value(text.to_owned()),
        found @ (Within::NoFlag | Within::Value(_) | Within::Unknown) => found,
    }
}

/// What the last of the flags among these words is given.
fn last_of(words: &[&str]) -> Within {
    let token = |(index, word): (usize, &&str)| {
        let origin = Origin::Container(Place { list: List::Args, index });
        Token::new((*word).to_owned(), Value::Known((*word).to_owned()), origin)
    };
    let line = CommandLine::parse(words.iter().enumerate().map(token).collect(), None);
    match line.effective(FLAG).map(|flag| flag.value().and_then(Value::known)) {
        None => Within::NoFlag,
        Some(Some(value)) => Within::Value(value.clone()),
        Some(None) => Within::Unknown,
    }
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
        Source::ConfigMapKey { .. }
        | Source::SecretKey { .. }
        | Source::FileKey { .. }
        | Source::Script(_)
        | Source::Composed { .. } => true,
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
    let flags = line.hidden_flags();
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
    let unnamed = line.hidden_flags().filter(|other| other.token > flag.token);
    let hidden: Vec<&Flag> = unnamed.filter(|flag| flag.value().is_some_and(may_hold)).collect();
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
    let arguments: Vec<Hidden> = hidden.iter().filter_map(|flag| Hidden::of(line.tokens.get(flag.token)?)).collect();
    parts.extend(sources(&arguments));
    let words = hidden.iter().map(|flag| line.spelling(flag));
    let text = std::iter::once(known).chain(words.clone()).collect::<Vec<_>>().join(" ");
    Some(Expect {
        value: Value::Deferred(Source::Composed { text, parts }),
        text: std::iter::once(line.spelling(flag)).chain(words).collect::<Vec<_>>().join(" "),
        place: line.place_of(last),
        certain: true,
        own: Some(own),
        passed: passed(line, flag),
        hidden: arguments,
    })
}

/// What becomes of the text behind an occurrence's value.
fn passed(line: &CommandLine, flag: &Flag) -> Passed {
    line.value_token(flag).map_or(Passed::Whole, Passed::of)
}

fn sources(arguments: &[Hidden]) -> Vec<Source> {
    arguments.iter().map(|argument| argument.source.clone()).collect()
}

impl Hidden {
    fn of(token: &Token) -> Option<Self> {
        match &token.value {
            Value::Deferred(source) => Some(Hidden { source: source.clone(), passed: Passed::of(token) }),
            Value::Known(_) | Value::Malformed(_) => None,
        }
    }
}

impl Passed {
    fn of(token: &Token) -> Self {
        let in_script = matches!(token.origin, Origin::Script(_)) && token.text.contains("$(");
        match (in_script, token.splits) {
            (true, splits) => Passed::Script { quoted: !splits },
            (false, true) => Passed::Split,
            (false, false) => Passed::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
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
}
