//! `-bootstrap-expect`: its effective value, compared whatever its spelling.
//! Not whether that value fits the number of pods.

#[cfg(test)]
mod tests;

use crate::flag::{CommandLine, Flag, Origin, Token, number};
use crate::launch::{Launch, NoInsertion};
use crate::value::{Source, Value};
use kubernetes::manifest::{List, Place};

const FLAG: &str = "bootstrap-expect";

/// The effective `-bootstrap-expect` of a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect {
    /// What rqlited takes it for: voters. `Malformed` where it exits with code 2, since the text is no number.
    pub value: Value<i64>,
    /// As the manifest spells it: `-bootstrap-expect=3`.
    pub text: String,
    /// Where the author gave it; None: no element of the container alone decides it.
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
    /// Where its text comes from.
    pub source: Source,
    /// What becomes of that text.
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
    Script {
        /// The reference stands between quotes: one argument, blanks included.
        quoted: bool,
    },
    /// In the one way or the other: what starts rqlited cannot be read.
    Unknown,
}

/// What a text gives as the flag's value, where rqlited gets it among its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Within {
    /// None of the words is the flag.
    NoFlag,
    /// As it is written there. A text that rqlited refuses although the flag stands in it is its own value: it is no number.
    Value(String),
    /// The next argument is the value, or it depends on what starts rqlited.
    Unknown,
}

impl Expect {
    /// None if rqlited is not given the flag. A script that cannot be read gives `Deferred(Source::Script)` when it names the flag.
    /// A flag of unknown name may be it, and behind it may override it: then both decide.
    ///
    /// ```
    /// use rqlite::bootstrap::Expect;
    /// use rqlite::launch::Launch;
    /// use rqlite::value::Value;
    /// use rqlite::version::ImageVersion;
    ///
    /// let container = serde_json::from_str(r#"{"args": ["-disco-mode=dns", "-bootstrap-expect", "0x3"]}"#)?;
    /// let expect = Expect::of(&Launch::of(&container, ImageVersion::Floating)).unwrap();
    /// assert_eq!((expect.value, expect.text.as_str()), (Value::Known(3), "-bootstrap-expect 0x3"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
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
    // Whether rqlited would take it all is not asked.
    let line = CommandLine::unvalidated(words.iter().enumerate().map(token).collect(), None);
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
