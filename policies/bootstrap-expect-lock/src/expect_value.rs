//! What rqlited of one container is given as `-bootstrap-expect`, so that two of them can be compared whatever their spelling.
//! Knows when two are the same, not whether a change is allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kubernetes::manifest::{Container, EnvFrom, EnvVar, Metadata};
use rqlite::bootstrap::{self, Expect, Passed, Within, names_flag};
use rqlite::facts::Facts;
use rqlite::launch::{Launch, NoInsertion};
use rqlite::value::{Source, Value, clip};

/// The effective value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExpectValue {
    /// rqlited does not get the flag.
    Nothing,
    Number(i64),
    /// Something else decides when the container starts.
    Reference(Reference),
    /// rqlited's flag package refuses the text and exits with 2.
    Malformed(String),
}

/// A reference, with all of it that stands in the manifest itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reference {
    pub(crate) source: Source,
    /// The text behind it, where the pod template's own annotations or labels hold it.
    pub(crate) held: Option<String>,
    /// What a script reads beside its own text.
    reads: ScriptReads,
    /// The launch can be read, up to this value.
    pub(crate) readable: bool,
    /// The flag itself is given. False: arguments stand there that are references as a whole, and may hold it.
    pub(crate) certain: bool,
    /// What the flag itself gives, and the arguments that would decide if they held it.
    own: Option<Value<i64>>,
    hidden: Vec<Argument>,
    /// What becomes of the text behind it.
    passed: Passed,
}

/// An argument that is a reference as a whole.
#[derive(Debug, Clone, PartialEq)]
struct Argument {
    source: Source,
    /// As of a reference.
    held: Option<String>,
    passed: Passed,
}

/// What facts or the manifest itself know of a reference.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ReferencedValue {
    /// The flag's value, as it is written there.
    Value(String),
    /// No flag: rqlited does not get it from there.
    NoFlag,
}

/// The environment of a script, as far as the script's value may depend on it.
#[derive(Debug, Clone, Default, PartialEq)]
struct ScriptReads {
    /// The entries that the script names, and those that these name; in the container's order.
    entries: Vec<EnvVar>,
    /// Whole lists: nobody can say which of their keys a script names.
    lists: Vec<EnvFrom>,
}

impl ExpectValue {
    /// Of one container. A launch that cannot be read is a reference: a script as a whole, even where it does not name
    /// the flag (it may run a file that does); of another program's arguments the value that they name. An entrypoint that is called
    /// without arguments starts nothing.
    pub(crate) fn of(launch: &Launch, expect: Option<&Expect>, container: &Container, template: &Metadata) -> Self {
        if launch.closed() == Some(NoInsertion::EmptyEntrypoint) {
            return ExpectValue::Nothing;
        }
        let unread = || {
            if launch.line.is_some() {
                return None;
            }
            let script = launch.script.as_deref().map(|text| (Source::Script(text.into()), true));
            let (source, certain) = script.or_else(|| handed_on(launch))?;
            Some((Value::Deferred(source), certain))
        };
        let Some((value, certain)) = expect.map(|expect| (expect.value.clone(), expect.certain)).or_else(unread) else {
            return ExpectValue::Nothing;
        };
        let hidden = expect.into_iter().flat_map(|expect| expect.hidden.iter());
        let argument = |hidden: &bootstrap::Hidden| Argument {
            source: hidden.source.clone(),
            held: held(&hidden.source, template),
            passed: hidden.passed,
        };
        match value {
            Value::Known(number) => ExpectValue::Number(number),
            Value::Malformed(text) => ExpectValue::Malformed(text),
            Value::Deferred(source) => ExpectValue::Reference(Reference {
                held: held(&source, template),
                reads: script(&source).map(|text| ScriptReads::of(text, container)).unwrap_or_default(),
                readable: launch.line.is_some(),
                certain,
                own: expect.and_then(|expect| expect.own.clone()),
                hidden: hidden.map(argument).collect(),
                passed: expect.map_or(Passed::Unknown, |expect| expect.passed),
                source,
            }),
        }
    }

    /// rqlited does the same with both: 0 is the default, as if the flag were not given. A script that cannot be read
    /// and does not name the flag is taken not to give it, unless something else says that it was given.
    pub(crate) fn same(&self, other: &ExpectValue) -> bool {
        let off = |one: &ExpectValue, two: &ExpectValue| one.is_off() && (two.is_off() || two.is_silent());
        self == other || self.is_same_value(other) || off(self, other) || off(other, self)
    }

    /// The same reference gives the value, whoever splits its text at blanks: a number has none.
    fn is_same_value(&self, other: &ExpectValue) -> bool {
        let (ExpectValue::Reference(own), ExpectValue::Reference(other)) = (self, other) else { return false };
        own.certain && *own == Reference { passed: own.passed, ..other.clone() }
    }

    /// What both are known to give differs, one reference or not: a shell splits its text only in one of them.
    pub(crate) fn is_known_apart(&self, other: &ExpectValue, facts: &Facts) -> bool {
        let (ExpectValue::Reference(own), ExpectValue::Reference(other)) = (self, other) else { return false };
        own.known(facts).zip(other.known(facts)).is_some_and(|(own, other)| !own.same(&other))
    }

    /// An unreadable script without a word of the flag.
    fn is_silent(&self) -> bool {
        let ExpectValue::Reference(reference) = self else { return false };
        let silent = matches!(&reference.source, Source::Script(text) if !text.contains("bootstrap-expect"));
        silent && !reference.readable
    }

    /// Not given, or given as 0.
    pub(crate) fn is_off(&self) -> bool {
        matches!(self, ExpectValue::Nothing | ExpectValue::Number(0))
    }

    /// As rqlited reads it, where what a reference gives is known.
    pub(crate) fn resolved(&self, facts: &Facts) -> ExpectValue {
        let ExpectValue::Reference(reference) = self else { return self.clone() };
        match reference.known(facts) {
            Some(ReferencedValue::Value(text)) => {
                bootstrap::number(&text).map_or(ExpectValue::Malformed(text), ExpectValue::Number)
            }
            Some(ReferencedValue::NoFlag) => ExpectValue::Nothing,
            None => self.clone(),
        }
    }

    /// A reference that is known to hold no flag gives nothing.
    pub(crate) fn known_off(&self, facts: &Facts) -> bool {
        self.resolved(facts).is_off()
    }

    /// An argument that may hold the flag stands for it.
    pub(crate) fn is_uncertain(&self) -> bool {
        matches!(self, ExpectValue::Reference(reference) if !reference.certain)
    }

    /// What cannot be read is a script, or a program that runs one.
    pub(crate) fn is_script(&self) -> bool {
        matches!(self, ExpectValue::Reference(reference) if matches!(reference.source, Source::Script(_)))
    }

    /// Decided by a launch that cannot be read.
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self, ExpectValue::Reference(reference) if !reference.readable)
    }
}

impl Reference {
    /// What it gives, where the manifest itself or a fact tells.
    pub(crate) fn known(&self, facts: &Facts) -> Option<ReferencedValue> {
        self.decided(facts).map(|(held, _)| held)
    }

    /// What it gives, and what holds that; no source: the flag's own words do.
    pub(crate) fn decided<'a>(&'a self, facts: &'a Facts) -> Option<(ReferencedValue, Option<&'a Source>)> {
        let value = |text: &str| ReferencedValue::Value(text.to_owned());
        if self.hidden.is_empty() {
            let text = self.held.as_deref().or_else(|| facts.held_by(&self.source))?;
            let read = if self.certain { bootstrap::value_in } else { bootstrap::within };
            return Some((ReferencedValue::of(read(text, self.passed))?, Some(&self.source)));
        }
        let given = |argument: &'a Argument| {
            let text = argument.held.as_deref().or_else(|| facts.held_by(&argument.source))?;
            Some((ReferencedValue::of(bootstrap::within(text, argument.passed))?, &argument.source))
        };
        // Each of them is to be known: the last that holds the flag decides.
        let all = self.hidden.iter().map(given).collect::<Option<Vec<_>>>()?;
        if let Some((held, source)) = all.into_iter().rev().find(|(held, _)| *held != ReferencedValue::NoFlag) {
            return Some((held, Some(source)));
        }
        Some(match &self.own {
            None => (ReferencedValue::NoFlag, None),
            Some(Value::Known(number)) => (ReferencedValue::Value(number.to_string()), None),
            Some(Value::Malformed(text)) => (value(text), None),
            Some(Value::Deferred(source)) => {
                (ReferencedValue::of(bootstrap::value_in(facts.held_by(source)?, self.passed))?, Some(source))
            }
        })
    }

    /// Another launch passes the text on otherwise.
    pub(crate) fn splits_otherwise(&self, other: &Reference) -> bool {
        let passed = |of: &Reference| of.hidden.iter().map(|argument| argument.passed).collect::<Vec<_>>();
        self.passed != other.passed || passed(self) != passed(other)
    }

    /// `which a shell splits at blanks from now on`
    pub(crate) fn splitting(&self) -> &'static str {
        match self.passed {
            Passed::Whole => "which no shell splits any more",
            Passed::Split => "which a shell splits at blanks from now on",
            Passed::Script { .. } => "which stands in the script's own text from now on",
            Passed::Unknown => "behind a launch that cannot be read",
        }
    }

    /// The source gives an argument that holds the flag, not its value alone.
    pub(crate) fn is_inside(&self, source: &Source) -> bool {
        !self.certain || self.hidden.iter().any(|argument| argument.source == *source)
    }

    /// The number that it is known to give.
    pub(crate) fn number(&self, facts: &Facts) -> Option<i64> {
        match self.known(facts)? {
            ReferencedValue::Value(text) => bootstrap::number(&text),
            ReferencedValue::NoFlag => None,
        }
    }
}

impl ReferencedValue {
    /// None: not known.
    fn of(within: Within) -> Option<Self> {
        match within {
            Within::NoFlag => Some(ReferencedValue::NoFlag),
            Within::Value(text) => Some(ReferencedValue::Value(text)),
            Within::Unknown => None,
        }
    }

    /// rqlited does the same with both.
    pub(crate) fn same(&self, other: &ReferencedValue) -> bool {
        let number = |held: &ReferencedValue| match held {
            ReferencedValue::Value(text) => bootstrap::number(text),
            ReferencedValue::NoFlag => Some(0),
        };
        self == other || number(self).is_some_and(|own| number(other) == Some(own))
    }
}

/// A text with its line ends and tabs to be seen (`3\n`), as rqlited refuses a number for them.
pub(crate) fn shown(text: &str) -> String {
    let seen = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    clip(&text.chars().map(seen).collect::<String>())
}

impl fmt::Display for ReferencedValue {
    /// `3`, `absent`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReferencedValue::Value(text) => f.write_str(&shown(text)),
            ReferencedValue::NoFlag => f.write_str("absent"),
        }
    }
}

impl fmt::Display for ExpectValue {
    /// `absent`, `3`, `ConfigMap db-rqlite-peers, key voter-replica-count`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExpectValue::Nothing => f.write_str("absent"),
            ExpectValue::Number(number) => write!(f, "{number}"),
            ExpectValue::Reference(reference) => write!(f, "{}", reference.source),
            ExpectValue::Malformed(text) => write!(f, "`{}`", shown(text)),
        }
    }
}

impl ScriptReads {
    fn of(script: &str, container: &Container) -> Self {
        let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for entry in &container.env {
            values.entry(&entry.name).or_default().extend(entry.value.as_deref());
        }
        let mut named: BTreeSet<&str> = BTreeSet::new();
        let mut texts = vec![script];
        while let Some(text) = texts.pop() {
            for (name, values) in words(text).filter_map(|word| values.get_key_value(word)) {
                if named.insert(name) {
                    texts.extend(values);
                }
            }
        }
        let entries = container.env.iter().filter(|entry| named.contains(entry.name.as_str()));
        let lists = if script.contains('$') { container.env_from.clone() } else { Vec::new() };
        ScriptReads { entries: entries.cloned().collect(), lists }
    }
}

/// What may be a variable's name, as a whole word: `$N`, `${N:-3}`, `printenv N`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c != '_' && !c.is_ascii_alphanumeric())
}

/// The text that decides a value when the container starts, alone or with others.
fn script(source: &Source) -> Option<&str> {
    match source {
        Source::Script(text) => Some(text.as_ref()),
        Source::Composed { text, parts } if parts.is_empty() => Some(text),
        Source::Composed { parts, .. } => parts.iter().find_map(script),
        Source::ConfigMapKey { .. }
        | Source::SecretKey { .. }
        | Source::FileKey { .. }
        | Source::Field(_)
        | Source::Resource(_) => None,
    }
}

/// What a downward-API reference to the pod template's own annotations or labels gives.
fn held(source: &Source, template: &Metadata) -> Option<String> {
    let Source::Field(path) = source else { return None };
    let (map, key) = match path.strip_prefix("metadata.annotations['") {
        Some(key) => (&template.annotations, key),
        None => (&template.labels, path.strip_prefix("metadata.labels['")?),
    };
    map.get(key.strip_suffix("']")?).cloned()
}

/// The value in the arguments of a program that is not known, which may hand it on to rqlited (`-bootstrap-expect 3`), and the
/// references behind it that may hold another. False: only these are there.
fn handed_on(launch: &Launch) -> Option<(Source, bool)> {
    let words = launch.unread_words();
    let mut given: Option<(usize, (&str, Value<String>))> = None;
    for (at, word) in words.iter().enumerate() {
        let text = word.text.as_str();
        let inline = || {
            let (name, value) = text.split_once('=')?;
            Some((at + 1, (value, word.value.behind(name.len() + 1))))
        };
        let next = || words.get(at + 1).map(|next| (at + 2, (next.text.as_str(), next.value.clone())));
        let named = match names_flag(text) {
            true => inline().or_else(next),
            // The environment itself gives it: all of the argument stands for it.
            false => gives(&word.value).then(|| (at + 1, (text, word.value.clone()))),
        };
        given = named.or(given);
    }
    let from = given.as_ref().map_or(0, |(at, _)| *at);
    let behind = words.iter().skip(from).map(|word| (word.text.as_str(), word.value.clone()));
    let hidden: Vec<(&str, Value<String>)> = behind.filter(|(_, value)| bootstrap::may_hold(value)).collect();
    let named = given.map(|(_, (text, value))| (text, only_value(value)));
    let certain = named.is_some();
    let all: Vec<(&str, Value<String>)> = named.into_iter().chain(hidden).collect();
    let source = match all.as_slice() {
        [] => return None,
        [(_, Value::Deferred(source))] => source.clone(),
        // Without references: the text itself.
        [(_, Value::Known(text) | Value::Malformed(text))] => {
            Source::Composed { text: text.clone(), parts: Vec::new() }
        }
        several => composed(several),
    };
    Some((source, certain))
}

/// The text gives the flag, alone or among others: `-fk -bootstrap-expect=$(N)`.
fn gives(value: &Value<String>) -> bool {
    match value {
        Value::Known(text) | Value::Malformed(text) | Value::Deferred(Source::Composed { text, .. }) => {
            matches!(bootstrap::within(text, Passed::Split), Within::Value(_))
        }
        Value::Deferred(_) => false,
    }
}

/// Of a text with several flags the value alone, where it is known or the text's only reference.
fn only_value(value: Value<String>) -> Value<String> {
    let text = match &value {
        Value::Known(text) | Value::Deferred(Source::Composed { text, .. }) => text,
        Value::Deferred(_) | Value::Malformed(_) => return value,
    };
    match (bootstrap::within(text, Passed::Split), &value) {
        (Within::Value(text), Value::Known(_)) => Value::Known(text),
        (Within::Value(text), Value::Deferred(Source::Composed { parts, .. }))
            if text.starts_with("$(") && text.ends_with(')') =>
        {
            match parts.as_slice() {
                [only] => Value::Deferred(only.clone()),
                _ => value,
            }
        }
        _ => value,
    }
}

/// Several words in one.
fn composed(words: &[(&str, Value<String>)]) -> Source {
    let text = |(word, value): &(&str, Value<String>)| match value {
        Value::Known(text) | Value::Malformed(text) => text.clone(),
        Value::Deferred(_) => (*word).to_owned(),
    };
    let part = |(_, value): &(&str, Value<String>)| match value {
        Value::Deferred(source) => Some(source.clone()),
        Value::Known(_) | Value::Malformed(_) => None,
    };
    Source::Composed {
        text: words.iter().map(text).collect::<Vec<_>>().join(" "),
        parts: words.iter().filter_map(part).collect(),
    }
}

#[cfg(test)]
mod tests {
    use kubernetes::manifest::{EnvSource, KeyRef};

    use rqlite::version::ImageVersion;

    use super::*;

    fn entry(name: &str, value: &str) -> EnvVar {
        EnvVar { name: name.to_owned(), value: Some(value.to_owned()), value_from: None }
    }

    fn from_map(name: &str) -> EnvVar {
        let key = KeyRef { name: "m".to_owned(), key: "x".to_owned(), optional: None };
        let source = EnvSource { config_map_key_ref: Some(key), ..EnvSource::default() };
        EnvVar { name: name.to_owned(), value: None, value_from: Some(source) }
    }

    /// Of a program that is not known.
    fn launch(args: &[&str], env: &[EnvVar]) -> Launch {
        Launch::of(&Container { command: vec!["/start".to_owned()], ..container(args, env) }, ImageVersion::Unknown)
    }

    fn container(args: &[&str], env: &[EnvVar]) -> Container {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        Container { args, env: env.to_vec(), ..Container::default() }
    }

    #[test]
    fn zero_and_absence_are_the_same() {
        assert!(ExpectValue::Nothing.same(&ExpectValue::Number(0)));
        assert!(!ExpectValue::Nothing.same(&ExpectValue::Number(3)));
        assert!(!ExpectValue::Number(0).same(&ExpectValue::Number(-1)));
    }

    #[test]
    fn the_value_that_an_unknown_program_hands_on_is_read_from_its_arguments() {
        let env = [entry("N", "3"), from_map("X")];
        let handed =
            |args: &[&str]| handed_on(&launch(args, &env)).map(|(source, certain)| (source.to_string(), certain));
        let is = |text: &str, certain: bool| Some((text.to_owned(), certain));
        assert_eq!(handed(&["-x", "-bootstrap-expect=3", "-y"]), is("3", true));
        assert_eq!(handed(&["--bootstrap-expect", "$(N)"]), is("3", true));
        assert_eq!(handed(&["--bootstrap-expect", "3", "-bootstrap-expect=5"]), is("5", true));
        assert_eq!(handed(&["$(X)", "-bootstrap-expect=5"]), is("5", true));
        assert_eq!(handed(&["-bootstrap-expect=5", "$(X)"]), is("ConfigMap m, key x", true));
        assert_eq!(handed(&["$(X)"]), is("ConfigMap m, key x", false));
        assert_eq!(handed(&["-y", "-node-id=$(X)"]), None);
        assert_eq!(handed(&["-$(X)=3"]), is("ConfigMap m, key x", false));
    }

    #[test]
    fn an_unknown_program_gets_the_flag_by_the_environment_too() {
        let env = [
            entry("N", "3"),
            from_map("X"),
            entry("F", "-fk -bootstrap-expect=$(N)"),
            entry("G", "-fk -bootstrap-expect=$(X)"),
        ];
        let handed =
            |args: &[&str]| handed_on(&launch(args, &env)).map(|(source, certain)| (source.to_string(), certain));
        let is = |text: &str, certain: bool| Some((text.to_owned(), certain));
        assert_eq!(handed(&["$(F)"]), is("3", true));
        assert_eq!(handed(&["$(G)"]), is("ConfigMap m, key x", true));
        assert_eq!(handed(&["-bootstrap-expect=5", "$(F)"]), is("3", true));
        assert_eq!(handed(&["$(F)", "-bootstrap-expect=5"]), is("5", true));
    }

    fn reference(source: Source, certain: bool) -> Reference {
        Reference {
            source,
            held: None,
            reads: ScriptReads::default(),
            readable: true,
            certain,
            own: None,
            hidden: Vec::new(),
            passed: Passed::Split,
        }
    }

    #[test]
    fn what_a_reference_holds_is_known_from_facts() {
        let source = Source::ConfigMapKey { name: "m".to_owned(), key: "x".to_owned() };
        let facts = |text: &str| {
            let map = [("x".to_owned(), text.to_owned())].into();
            Facts { config_maps: [("m".to_owned(), map)].into(), ..Facts::default() }
        };
        let known = |text: &str, certain| reference(source.clone(), certain).known(&facts(text));
        assert_eq!(known("3", true), Some(ReferencedValue::Value("3".to_owned())));
        assert_eq!(known("-fk -bootstrap-expect=3", false), Some(ReferencedValue::Value("3".to_owned())));
        assert_eq!(known("-fk", false), Some(ReferencedValue::NoFlag));
        assert_eq!(reference(source.clone(), true).known(&Facts::default()), None);
        assert_eq!(reference(source.clone(), true).number(&facts("0x3")), Some(3));
        assert_eq!(reference(source.clone(), true).number(&facts("3\n")), Some(3));
        let whole = |certain| Reference { passed: Passed::Whole, ..reference(source.clone(), certain) };
        let malformed = |text: &str| Some(ReferencedValue::Value(text.to_owned()));
        assert_eq!(whole(true).known(&facts("3\n")), malformed("3\n"));
        assert_eq!(whole(false).known(&facts("-fk -bootstrap-expect=3")), malformed("-fk -bootstrap-expect=3"));
        assert_eq!(whole(false).known(&facts("-bootstrap-expect=3")), malformed("3"));
        let unknown = Reference { passed: Passed::Unknown, ..reference(source.clone(), false) };
        assert_eq!(unknown.known(&facts("-fk -bootstrap-expect=3")), None);
        assert!(ReferencedValue::Value("3".to_owned()).same(&ReferencedValue::Value("0x3".to_owned())));
        assert!(!ReferencedValue::Value("3".to_owned()).same(&ReferencedValue::Value("3\n".to_owned())));
        assert_eq!(ReferencedValue::Value("3\r\n".to_owned()).to_string(), "3\\r\\n");
        assert!(ReferencedValue::NoFlag.same(&ReferencedValue::Value("0".to_owned())));
        assert!(!ReferencedValue::NoFlag.same(&ReferencedValue::Value("3".to_owned())));
    }

    #[test]
    fn a_flag_before_arguments_that_may_hold_it_is_known_where_all_of_them_are() {
        let map = |key: &str| Source::ConfigMapKey { name: "m".to_owned(), key: key.to_owned() };
        let argument = |key: &str| Argument { source: map(key), held: None, passed: Passed::Whole };
        let given = Reference {
            own: Some(Value::Known(3)),
            hidden: vec![argument("x"), argument("y")],
            ..reference(Source::Composed { text: "3 $(X) $(Y)".to_owned(), parts: vec![map("x"), map("y")] }, true)
        };
        let facts = |texts: &[(&str, &str)]| {
            let keys = texts.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
            Facts { config_maps: [("m".to_owned(), keys)].into(), ..Facts::default() }
        };
        assert_eq!(given.number(&facts(&[("x", "-fk"), ("y", "-http-addr=a:1")])), Some(3));
        assert_eq!(given.number(&facts(&[("x", "-bootstrap-expect=5"), ("y", "-fk")])), Some(5));
        assert_eq!(given.known(&facts(&[("x", "-bootstrap-expect=5")])), None);
    }

    #[test]
    fn a_script_reads_the_entries_that_it_names_and_those_behind_them() {
        let env = [entry("BASE", "3"), entry("VOTERS", "$(BASE)"), entry("VOTERS_MAX", "9"), entry("TEAM", "x")];
        let reads = ScriptReads::of("exec rqlited -bootstrap-expect=${VOTERS:-1}", &container(&[], &env));
        let names: Vec<&str> = reads.entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["BASE", "VOTERS"]);
    }

    #[test]
    fn a_field_of_the_pod_template_itself_is_held() {
        let map = |key: &str, value: &str| [(key.to_owned(), value.to_owned())].into();
        let template = Metadata { annotations: map("a/b", "3"), labels: map("size", "5"), ..Metadata::default() };
        let held_by = |path: &str| held(&Source::Field(path.to_owned()), &template);
        assert_eq!(held_by("metadata.annotations['a/b']").as_deref(), Some("3"));
        assert_eq!(held_by("metadata.labels['size']").as_deref(), Some("5"));
        assert_eq!(held_by("metadata.labels['a/b']"), None);
        assert_eq!(held_by("metadata.name"), None);
    }
}
