//! What rqlited of one container is given as `-bootstrap-expect`, so that two of them can be compared whatever their spelling.
//! Knows when two are the same, not whether a change is allowed.

use std::fmt;

use rqlite::bootstrap::Expect;
use rqlite::launch::Launch;
use rqlite::manifest::{Container, EnvFrom, EnvVar, Metadata};
use rqlite::value::{Source, Value, clip};

/// The effective value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Given {
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
    reads: Reads,
    /// The launch can be read, up to this value.
    pub(crate) readable: bool,
}

/// The environment of a script, as far as the script's value may depend on it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Reads {
    /// The entries that the script names, and those that these name; in the container's order.
    entries: Vec<EnvVar>,
    /// Whole lists: nobody can say which of their keys a script names.
    lists: Vec<EnvFrom>,
}

impl Given {
    /// Of one container. A launch that cannot be read is a reference: a script as a whole, even where it does not name
    /// the flag (it may run a file that does); of another program's arguments the value that they name.
    pub(crate) fn of(launch: &Launch, expect: Option<&Expect>, container: &Container, template: &Metadata) -> Self {
        let unread = || {
            let source = launch.script.clone().map(Source::Script).or_else(|| handed_on(container))?;
            launch.line.is_none().then_some(Value::Deferred(source))
        };
        match expect.map(|expect| expect.value.clone()).or_else(unread) {
            None => Given::Nothing,
            Some(Value::Known(number)) => Given::Number(number),
            Some(Value::Malformed(text)) => Given::Malformed(text),
            Some(Value::Deferred(source)) => Given::Reference(Reference {
                held: held(&source, template),
                reads: script(&source).map(|text| Reads::of(text, container)).unwrap_or_default(),
                readable: launch.line.is_some(),
                source,
            }),
        }
    }

    /// rqlited does the same with both: 0 is the default, as if the flag were not given. A script that cannot be read
    /// and does not name the flag is taken not to give it, unless something else says that it was given.
    pub(crate) fn same(&self, other: &Given) -> bool {
        let off = |one: &Given, two: &Given| one.is_off() && (two.is_off() || two.is_silent());
        self == other || off(self, other) || off(other, self)
    }

    /// An unreadable script without a word of the flag.
    fn is_silent(&self) -> bool {
        let Given::Reference(reference) = self else { return false };
        let silent = matches!(&reference.source, Source::Script(text) if !text.contains("bootstrap-expect"));
        silent && !reference.readable
    }

    /// Not given, or given as 0.
    fn is_off(&self) -> bool {
        matches!(self, Given::Nothing | Given::Number(0))
    }

    /// What cannot be read is a script, or a program that runs one.
    pub(crate) fn is_script(&self) -> bool {
        matches!(self, Given::Reference(reference) if matches!(reference.source, Source::Script(_)))
    }

    /// Decided by a launch that cannot be read.
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self, Given::Reference(reference) if !reference.readable)
    }
}

impl Reference {
    /// Both are known, without asking the cluster, to give the same.
    pub(crate) fn holds_the_same(&self, other: &Reference) -> bool {
        self.held.is_some() && self.held == other.held
    }

    /// The number that the manifest itself holds, where it is a plain one.
    pub(crate) fn number(&self) -> Option<i64> {
        self.held.as_deref()?.parse().ok()
    }
}

impl fmt::Display for Given {
    /// `absent`, `3`, `ConfigMap db-rqlite-peers, key voter-replica-count`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Given::Nothing => f.write_str("absent"),
            Given::Number(number) => write!(f, "{number}"),
            Given::Reference(reference) => write!(f, "{}", reference.source),
            Given::Malformed(text) => write!(f, "`{}`", clip(text)),
        }
    }
}

impl Reads {
    fn of(script: &str, container: &Container) -> Self {
        let mut texts = vec![script];
        let mut named: Vec<&str> = Vec::new();
        while let Some(text) = texts.pop() {
            let new = |entry: &&EnvVar| !named.contains(&entry.name.as_str()) && names(text, &entry.name);
            let found: Vec<&EnvVar> = container.env.iter().filter(new).collect();
            named.extend(found.iter().map(|entry| entry.name.as_str()));
            texts.extend(found.iter().filter_map(|entry| entry.value.as_deref()));
        }
        let entries = container.env.iter().filter(|entry| named.contains(&entry.name.as_str()));
        let lists = if script.contains('$') { container.env_from.clone() } else { Vec::new() };
        Reads { entries: entries.cloned().collect(), lists }
    }
}

/// The text has the name as a whole word: `$N`, `${N:-3}`, `printenv N`.
fn names(text: &str, name: &str) -> bool {
    text.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).any(|word| word == name)
}

/// The text that decides a value when the container starts, alone or with others.
fn script(source: &Source) -> Option<&str> {
    match source {
        Source::Script(text) => Some(text),
        Source::Composed { text, parts } if parts.is_empty() => Some(text),
        Source::Composed { parts, .. } => parts.iter().find_map(script),
        Source::ConfigMapKey { .. } | Source::SecretKey { .. } | Source::Field(_) | Source::Resource(_) => None,
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

/// The value in the arguments of a program that is not known, which may hand it on to rqlited: `-bootstrap-expect 3`.
fn handed_on(container: &Container) -> Option<Source> {
    let mut words = container.command.iter().chain(&container.args);
    let mut last = None;
    while let Some(flag) = words.find(|word| is_flag(word)) {
        let value = flag.split_once('=').map(|(_, value)| value);
        last = value.or_else(|| words.next().map(String::as_str)).or(last);
    }
    // Without references: the text itself, which `$(VAR)` may stand in.
    last.map(|text| Source::Composed { text: text.to_owned(), parts: Vec::new() })
}

/// The word is the flag, in any of its spellings.
pub(crate) fn is_flag(word: &str) -> bool {
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).unwrap_or_default();
    name.split('=').next() == Some("bootstrap-expect")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, value: &str) -> EnvVar {
        EnvVar { name: name.to_owned(), value: Some(value.to_owned()), value_from: None }
    }

    fn container(args: &[&str], env: &[EnvVar]) -> Container {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        Container { args, env: env.to_vec(), ..Container::default() }
    }

    #[test]
    fn zero_and_absence_are_the_same() {
        assert!(Given::Nothing.same(&Given::Number(0)));
        assert!(!Given::Nothing.same(&Given::Number(3)));
        assert!(!Given::Number(0).same(&Given::Number(-1)));
    }

    #[test]
    fn a_flag_is_known_by_its_whole_name() {
        for word in ["-bootstrap-expect", "--bootstrap-expect=3", "-bootstrap-expect=$(N)"] {
            assert!(is_flag(word), "{word}");
        }
        for word in ["bootstrap-expect=3", "---bootstrap-expect", "-bootstrap-expect-timeout=3s", "-bootstrap", ""] {
            assert!(!is_flag(word), "{word}");
        }
    }

    #[test]
    fn the_value_that_an_unknown_program_hands_on_is_read_from_its_arguments() {
        let handed = |args: &[&str]| handed_on(&container(args, &[])).map(|source| source.to_string());
        assert_eq!(handed(&["-x", "-bootstrap-expect=3", "-y"]).as_deref(), Some("3"));
        assert_eq!(handed(&["--bootstrap-expect", "3", "-bootstrap-expect=5"]).as_deref(), Some("5"));
        assert_eq!(handed(&["-y"]), None);
    }

    #[test]
    fn a_script_reads_the_entries_that_it_names_and_those_behind_them() {
        let env = [entry("BASE", "3"), entry("VOTERS", "$(BASE)"), entry("VOTERS_MAX", "9"), entry("TEAM", "x")];
        let reads = Reads::of("exec rqlited -bootstrap-expect=${VOTERS:-1}", &container(&[], &env));
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
