//! The grammar of Go's `flag` package (`flag.FlagSet.parseOne`), over tokens of which some are not known.
//! Not which combinations of values rqlited refuses: that is `refusal`.

use std::sync::{Arc, OnceLock};

use super::{CommandLine, Flag, Token, UsageError, Word, number};
use crate::flag_table::{FlagSpec, FlagType, lookup};
use crate::value::{Source, Value, clip};
use crate::version::Version;

/// Go's exit code for a command line that its flag package refuses (`flag.ExitOnError`).
pub(super) const EXIT_CODE: u8 = 2;

/// The first release of which the flags are known; an older one is taken to have those of any.
const OLDEST: Version = Version::new(5, 0, 0);

pub(super) fn parse(tokens: Vec<Token>, version: Option<Version>) -> CommandLine {
    let mut parser = Parser {
        version: version.filter(|release| *release >= OLDEST),
        next: 0,
        line: CommandLine { tokens, ..CommandLine::default() },
    };
    while parser.next < parser.line.tokens.len() && parser.flag() {}
    // A variable behind the data directory may be empty, and then is no word at all.
    let is_word = |index: &usize| parser.line.tokens.get(*index).is_some_and(|token| !token.may_be_no_word());
    parser.line.positionals = (parser.next..parser.line.tokens.len()).filter(is_word).collect();
    parser.line.winning = super::winning(&parser.line.flags);
    parser.version_asked();
    parser.line
}

struct Parser {
    version: Option<Version>,
    /// Index of the token to read next.
    next: usize,
    line: CommandLine,
}

/// What a word is where a flag may stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WordKind {
    Positional,
    /// `--`
    Terminator,
    /// `---x`, `-=x`
    BadSyntax,
    /// Its name is deferred; the reference.
    Hidden(Value<String>),
    Flag(NamedFlag),
}

#[derive(Debug)]
pub(super) struct NamedFlag {
    name: Name,
    /// Where in the word's text the value begins that stands behind an `=`.
    given: Option<usize>,
    /// That value: of most flags it is not asked.
    value: OnceLock<Value<String>>,
}

/// The value is that of the word.
impl PartialEq for NamedFlag {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.given == other.given
    }
}

impl Eq for NamedFlag {}

#[derive(Debug, PartialEq, Eq)]
enum Name {
    Known(&'static FlagSpec),
    /// No release has it.
    Unknown(String),
}

impl NamedFlag {
    pub(super) fn name(&self) -> &str {
        match &self.name {
            Name::Known(spec) => spec.name,
            Name::Unknown(name) => name,
        }
    }

    pub(super) fn spec(&self) -> Option<&'static FlagSpec> {
        match self.name {
            Name::Known(spec) => Some(spec),
            Name::Unknown(_) => None,
        }
    }

    /// Behind its `=`; `word` is the value of the word that it stands in.
    pub(super) fn value(&self, word: &Value<String>) -> Option<&Value<String>> {
        let at = self.given?;
        Some(self.value.get_or_init(|| word.behind(at)))
    }
}

impl Parser {
    /// Reads one flag; false at the end of the flags.
    fn flag(&mut self) -> bool {
        let index = self.next;
        let Some(token) = self.line.tokens.get(index) else {
            return false;
        };
        let is_last = index + 1 == self.line.tokens.len();
        let word = Arc::clone(&token.word);
        match &word.kind {
            WordKind::Positional => return false,
            WordKind::Hidden(_) if is_last && !token.may_be_no_word() => return false,
            WordKind::Terminator => {
                self.next += 1;
                return false;
            }
            WordKind::BadSyntax => {
                self.next += 1;
                self.refuse(index, EXIT_CODE, |text| {
                    let shown = clip(text);
                    let message = format!("`{shown}` is no flag, it has too many dashes or no name");
                    (message, format!("bad flag syntax: {shown}"))
                });
            }
            WordKind::Hidden(_) => {
                self.next += 1;
                self.line.flags.push(Flag { word, behind: None, token: index });
            }
            WordKind::Flag(named) => {
                self.next += 1;
                self.named(index, &word, named);
            }
        }
        true
    }

    fn named(&mut self, index: usize, word: &Arc<Word>, named: &NamedFlag) {
        let (name, spec) = (named.name(), named.spec());
        self.check_name(index, name, spec);
        let behind = match (named.given, spec.map(|spec| spec.flag_type)) {
            (Some(_), _) | (None, Some(FlagType::Bool)) => None,
            (None, Some(FlagType::Int | FlagType::Uint64 | FlagType::Duration | FlagType::Text)) => {
                let value = self.next_word();
                if value.is_none() {
                    self.refuse(index, EXIT_CODE, |_| {
                        let message = format!("`-{name}` needs a value and nothing follows it");
                        (message, format!("flag needs an argument: -{name}"))
                    });
                }
                value
            }
            // Of a flag that nobody knows, a bare word that is not the last one is more likely its value than DATA_DIR.
            (None, None) if self.bare_word_before_the_last() => self.next_word(),
            (None, None) => None,
        };
        let at = index + usize::from(behind.is_some());
        let flag = Flag { word: Arc::clone(word), behind, token: index };
        if let Some(spec) = spec.filter(|spec| spec.flag_type != FlagType::Text)
            && let Some(Value::Known(text)) = flag.value()
            && let Some(expected) = mismatch(spec.flag_type, text)
        {
            self.refuse(at, EXIT_CODE, |_| {
                let message = format!("`-{name}` is given `{}`, which is no {expected}", clip(text));
                (message, invalid_value(spec.flag_type, name, text))
            });
        }
        self.line.flags.push(flag);
    }

    fn check_name(&mut self, index: usize, name: &str, spec: Option<&FlagSpec>) {
        if matches!(name, "h" | "help") {
            return self.refuse(index, 0, |_| (format!("`-{name}` prints the usage and exits"), String::new()));
        }
        let exists = match (spec, self.version) {
            (Some(spec), Some(version)) => spec.exists_in(version),
            // A release that this build does not know may have any flag.
            (None, Some(version)) => version > Version::NEWEST,
            (spec, None) => spec.is_some(),
        };
        if exists {
            return;
        }
        let version = self.version;
        self.refuse(index, EXIT_CODE, |_| {
            let shown = clip(name);
            let message = match version {
                Some(version) => format!("`-{shown}` is no flag of rqlited {version}"),
                None => format!("`-{shown}` is no flag of any rqlited release"),
            };
            (message, format!("flag provided but not defined: -{shown}"))
        });
    }

    fn next_word(&mut self) -> Option<Arc<Word>> {
        let word = Arc::clone(&self.line.tokens.get(self.next)?.word);
        self.next += 1;
        Some(word)
    }

    fn bare_word_before_the_last(&self) -> bool {
        let word = self.line.tokens.get(self.next).is_some_and(|token| token.kind == WordKind::Positional);
        word && self.next + 1 < self.line.tokens.len()
    }

    /// rqlited looks at `-version` when all flags are read.
    fn version_asked(&mut self) {
        let asked = self.line.boolean("version") == Some(Value::Known(true));
        if let Some(token) = self.line.effective("version").filter(|_| asked).map(|flag| flag.token) {
            self.refuse(token, 0, |_| ("`-version` prints the version and exits".to_owned(), String::new()));
        }
    }

    /// The first fault is the one that stops rqlited: of all others nothing is put into words. `says` is given the token's text, and
    /// gives our words and rqlited's.
    fn refuse(&mut self, token: usize, exit_code: u8, says: impl FnOnce(&str) -> (String, String)) {
        if self.line.error.is_none() {
            let text = self.line.tokens.get(token).map_or("", |token| token.text.as_str());
            let (message, words) = says(text);
            self.line.error = Some(UsageError { message, words, token: Some(token), exit_code });
        }
    }
}

impl WordKind {
    pub(super) fn of(value: &Value<String>) -> Self {
        let (text, parts) = match value {
            Value::Known(text) | Value::Malformed(text) => (text.as_str(), None),
            Value::Deferred(Source::Composed { text, parts }) => (text.as_str(), Some(parts)),
            Value::Deferred(_) => return WordKind::Hidden(value.clone()),
        };
        if text.starts_with("$(") && parts.is_some() {
            return WordKind::Hidden(value.clone());
        }
        let Some(rest) = text.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
            return WordKind::Positional;
        };
        let name = rest.strip_prefix('-').unwrap_or(rest);
        if text == "--" {
            return WordKind::Terminator;
        }
        if name.is_empty() || name.starts_with(['-', '=']) {
            return WordKind::BadSyntax;
        }
        let (name, given) = match name.split_once('=') {
            Some((name, given)) => (name, Some(text.len() - given.len())),
            None => (name, None),
        };
        if name.contains("$(") && parts.is_some() {
            return WordKind::Hidden(value.clone());
        }
        let name = lookup(name).map_or_else(|| Name::Unknown(name.to_owned()), Name::Known);
        WordKind::Flag(NamedFlag { name, given, value: OnceLock::new() })
    }

    pub(super) fn named(&self) -> Option<&NamedFlag> {
        match self {
            WordKind::Flag(named) => Some(named),
            WordKind::Positional | WordKind::Terminator | WordKind::BadSyntax | WordKind::Hidden(_) => None,
        }
    }
}

/// As Go's flag package puts it.
fn invalid_value(flag_type: FlagType, name: &str, text: &str) -> String {
    let shown = clip(text);
    let reason = match flag_type {
        // A number that is none but for its size.
        FlagType::Int | FlagType::Uint64 if number::is_too_large(text) => "value out of range",
        FlagType::Bool | FlagType::Int | FlagType::Uint64 | FlagType::Duration | FlagType::Text => "parse error",
    };
    match flag_type {
        FlagType::Bool => format!("invalid boolean value {shown:?} for -{name}: {reason}"),
        FlagType::Int | FlagType::Uint64 | FlagType::Duration | FlagType::Text => {
            format!("invalid value {shown:?} for flag -{name}: {reason}")
        }
    }
}

/// What a flag of that kind expects, if the text is not it.
fn mismatch(flag_type: FlagType, text: &str) -> Option<&'static str> {
    let (fits, expected) = match flag_type {
        FlagType::Bool => (number::boolean(text).is_some(), "boolean"),
        FlagType::Int => (number::integer(text).is_some(), "integer"),
        FlagType::Uint64 => (number::unsigned(text).is_some(), "count from 0"),
        FlagType::Duration => (number::duration(text).is_some(), "duration, such as `3s`"),
        FlagType::Text => (true, ""),
    };
    (!fits).then_some(expected)
}
