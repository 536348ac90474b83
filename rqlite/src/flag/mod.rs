//! A command line as Go's `flag` package reads it: one or two dashes, `=` or the next token, booleans only with `=`,
//! stop at the first bare word, last one wins. Knows rqlited's flags from the table, not what they mean.

#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod number;
mod parse;
mod refusal;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod words;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use kubernetes::collect;
use kubernetes::manifest::Place;

use self::parse::{NamedFlag, WordKind};
use crate::flag_table::FlagSpec;
use crate::value::{Source, Value, clip_to};
use crate::version::Version;

/// Where a token of the final command line comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An element of `command` or `args`.
    Container(Place),
    /// A word of the shell script at that place.
    Script(Place),
    /// The image's entrypoint adds it, by default or from this environment variable.
    Entrypoint(&'static str),
}

/// A word, and what is known of it. Read once: a line with one word more shares all others.
#[derive(Debug, PartialEq, Eq)]
pub struct Word {
    /// As the manifest has it, `$(VAR)` unexpanded.
    pub text: String,
    /// After expansion.
    pub value: Value<String>,
    kind: WordKind,
}

/// One token of a command line: a [`Word`] in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub(crate) word: Arc<Word>,
    /// Where its author gave it.
    pub origin: Origin,
    /// A shell splits it at blanks, and its text is not known.
    pub splits: bool,
}

impl Deref for Token {
    type Target = Word;

    fn deref(&self) -> &Word {
        &self.word
    }
}

impl Token {
    /// One that no shell splits.
    pub fn new(text: String, value: Value<String>, origin: Origin) -> Self {
        let kind = WordKind::of(&value);
        Token { word: Arc::new(Word { text, value, kind }), origin, splits: false }
    }

    /// References that a shell splits, and nothing else: any number of words, none among them.
    pub(crate) fn may_be_no_word(&self) -> bool {
        let only_references = match &self.value {
            Value::Deferred(Source::Composed { text, parts }) => parts.is_empty() || is_only_references(text),
            Value::Deferred(_) => true,
            Value::Known(_) | Value::Malformed(_) => false,
        };
        self.splits && only_references
    }
}

/// `$(A)$(B)`
fn is_only_references(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, behind)) = rest.strip_prefix("$(").and_then(|inner| inner.split_once(')')) {
        rest = behind;
    }
    rest.is_empty()
}

/// One occurrence of a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    word: Arc<Word>,
    /// The next word, where it is the value.
    behind: Option<Arc<Word>>,
    /// Index of its token in [`CommandLine::tokens`].
    pub token: usize,
}

impl Flag {
    /// The one that begins at that token, its value the next one where `behind`. None where no flag does.
    pub(crate) fn at(tokens: &[Token], token: usize, behind: bool) -> Option<Self> {
        let word = Arc::clone(&tokens.get(token)?.word);
        let behind = if behind { Some(Arc::clone(&tokens.get(token + 1)?.word)) } else { None };
        matches!(word.kind, WordKind::Hidden(_) | WordKind::Flag(_)).then_some(Flag { word, behind, token })
    }

    /// Its value is the next token.
    #[cfg(feature = "recognition")]
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.is_some()
    }

    /// Without dashes; empty where it is not known.
    pub fn name(&self) -> &str {
        self.word.kind.named().map_or("", NamedFlag::name)
    }

    /// None: no release of rqlited has it.
    pub fn spec(&self) -> Option<&'static FlagSpec> {
        self.word.kind.named()?.spec()
    }

    /// None: a bare boolean. Of a flag of unknown name, the reference that may be any.
    pub fn value(&self) -> Option<&Value<String>> {
        match (&self.behind, &self.word.kind) {
            (Some(behind), _) => Some(&behind.value),
            (None, WordKind::Hidden(reference)) => Some(reference),
            (None, WordKind::Flag(named)) => named.value(&self.word.value),
            (None, WordKind::Positional | WordKind::Terminator | WordKind::BadSyntax) => None,
        }
    }

    /// The same flag with the same value.
    pub(crate) fn is_same(&self, other: &Flag) -> bool {
        // Of two lines of shared words, most are the very same.
        let shared = self.behind.is_none() && other.behind.is_none() && Arc::ptr_eq(&self.word, &other.word);
        shared || (self.name() == other.name() && self.value() == other.value())
    }

    /// Any flag may be meant (`$(EXTRA)`, `-$(NAME)=3`).
    pub fn is_hidden(&self) -> bool {
        matches!(self.word.kind, WordKind::Hidden(_))
    }
}

/// Why rqlited would not start with this command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UsageError {
    /// What is wrong, in our words and with the value that was found; one line.
    pub message: String,
    /// What rqlited says on its standard error, without its `fatal:`; empty where it says nothing of a fault.
    pub words: String,
    /// Index of the token at fault in [`CommandLine::tokens`], if one is.
    pub token: Option<usize>,
    /// rqlited's exit code: 2 for the flag package, 1 for its own validation.
    pub exit_code: u8,
}

impl UsageError {
    /// How rqlited ends, in its own words; where it says nothing of a fault, in ours.
    pub fn exit(&self) -> String {
        // rqlited's longest sentence has 94 characters; what its author wrote stands in some of them.
        const LONGEST: usize = 140;
        let said = if self.words.is_empty() { &self.message } else { &self.words };
        format!("rqlited exits with code {}: {}", self.exit_code, clip_to(said, LONGEST))
    }

    /// rqlited does not get past its flag package.
    pub fn is_of_parser(&self) -> bool {
        self.exit_code == parse::EXIT_CODE
    }

    /// rqlited's own validation: values that it refuses together.
    pub(crate) fn is_combination(&self) -> bool {
        self.exit_code == refusal::EXIT_CODE
    }
}

/// What Go sets a bare boolean to.
const BARE: &str = "true";

/// A parsed command line of rqlited, without `argv[0]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// All words, the entrypoint's included, in order.
    pub tokens: Vec<Token>,
    /// In order; the last of a name wins.
    pub flags: Vec<Flag>,
    /// Indices of positional tokens; the first is DATA_DIR, a second one is fatal.
    pub positionals: Vec<usize>,
    /// The first thing that stops rqlited; parsing goes on after it where it can.
    pub error: Option<UsageError>,
    /// Of each flag that some release has, the index of the last one in `flags`: a hundred are asked for, of a line that may have thousands.
    pub(crate) winning: BTreeMap<&'static str, usize>,
}

impl CommandLine {
    /// Parses; `version` decides which flags exist (None: those of any release).
    ///
    /// A token of which nothing is known (`$(EXTRA)` of a ConfigMap) is DATA_DIR where it is the last one, else a flag
    /// without a name: rqlited would not start if it were anything else.
    ///
    /// ```
    /// use kubernetes::manifest::{List, Place};
    /// use rqlite::flag::{CommandLine, Origin, Token};
    /// use rqlite::value::Value;
    ///
    /// let words = ["-fk", "-join-interval", "3s", "-raft-non-voter=yes", "/data"];
    /// let tokens = words.iter().enumerate().map(|(index, word)| {
    ///     let place = Place { list: List::Args, index };
    ///     Token::new((*word).to_owned(), Value::Known((*word).to_owned()), Origin::Container(place))
    /// });
    /// let line = CommandLine::parse(tokens.collect(), Some("10.2.7".parse().unwrap()));
    /// assert_eq!(line.boolean("fk"), Some(Value::Known(true)));
    /// assert_eq!(line.duration("join-interval"), Some(Value::Known(3_000_000_000)));
    /// assert_eq!((line.text("auth"), line.positionals.as_slice()), (None, [4].as_slice()));
    ///
    /// let error = line.error.unwrap();
    /// assert_eq!((error.token, error.exit_code), (Some(3), 2));
    /// assert_eq!(error.words, r#"invalid boolean value "yes" for -raft-non-voter: parse error"#);
    /// ```
    pub fn parse(tokens: Vec<Token>, version: Option<Version>) -> Self {
        Self::unvalidated(tokens, version).validated(version)
    }

    /// Up to where rqlited gets past its flag package; what it makes of the values is not asked.
    pub(crate) fn unvalidated(tokens: Vec<Token>, version: Option<Version>) -> Self {
        parse::parse(tokens, version)
    }

    /// With rqlited's own validation.
    pub(crate) fn validated(mut self, version: Option<Version>) -> Self {
        self.error = self.error.take().or_else(|| refusal::of(&self, version));
        self
    }

    /// With the flags that a parse found, the last of a name winning.
    pub(crate) fn of_flags(
        tokens: Vec<Token>,
        flags: Vec<Flag>,
        positionals: Vec<usize>,
        error: Option<UsageError>,
    ) -> Self {
        let winning = winning(&flags);
        CommandLine { tokens, flags, positionals, error, winning }
    }

    /// The occurrence that wins, if the flag is given at all.
    pub fn effective(&self, name: &str) -> Option<&Flag> {
        self.flags.get(*self.winning.get(name)?)
    }

    /// Where the winning occurrence stands, if in the container or a script of it.
    pub fn place(&self, name: &str) -> Option<Place> {
        self.place_of(self.effective(name)?)
    }

    /// Where that occurrence stands, if in the container or a script of it.
    pub fn place_of(&self, flag: &Flag) -> Option<Place> {
        self.place_at(flag.token)
    }

    /// Where that token stands, if in the container or a script of it.
    pub fn place_at(&self, token: usize) -> Option<Place> {
        match self.tokens.get(token)?.origin {
            Origin::Container(place) | Origin::Script(place) => Some(place),
            Origin::Entrypoint(_) => None,
        }
    }

    /// The text given, None if the flag is not given.
    pub fn text(&self, name: &str) -> Option<Value<String>> {
        let bare = || Value::Known(BARE.to_owned());
        self.effective(name).map(|flag| flag.value().cloned().unwrap_or_else(bare))
    }

    /// The boolean given (bare is true), None if not given.
    pub fn boolean(&self, name: &str) -> Option<Value<bool>> {
        self.read(name, number::boolean)
    }

    /// The integer given, in any of Go's bases, None if not given.
    pub fn integer(&self, name: &str) -> Option<Value<i64>> {
        self.read(name, number::integer)
    }

    /// The duration given, in nanoseconds, None if not given.
    pub fn duration(&self, name: &str) -> Option<Value<i64>> {
        self.read(name, number::duration)
    }

    /// The first flag whose very name is deferred (`$(EXTRA)`, `-$(NAME)=3`): any flag may be meant.
    pub fn unreadable_flag(&self) -> Option<&Flag> {
        self.hidden_flags().next()
    }

    /// All of these. Where one comes from is its value, a reference.
    pub fn hidden_flags(&self) -> impl Iterator<Item = &Flag> {
        self.flags.iter().filter(|flag| flag.is_hidden())
    }

    /// A flag of unknown name stands where it would decide instead: behind the winning occurrence, or anywhere where there is none.
    pub(crate) fn may_be_overridden(&self, name: &str) -> bool {
        let given = self.effective(name).map(|flag| flag.token);
        self.hidden_flags().any(|hidden| given.is_none_or(|given| hidden.token > given))
    }

    /// rqlited gets past its flag package: what is left to refuse are values that contradict each other.
    /// Where it does not, one flag more may be read as anything.
    pub fn parses(&self) -> bool {
        self.positionals.len() <= 1 && self.error.as_ref().is_none_or(|error| error.exit_code == refusal::EXIT_CODE)
    }

    /// An occurrence as the manifest spells it: `-x=3`, or `-x 3` where its value is the next token.
    pub fn spelling(&self, flag: &Flag) -> String {
        match (self.tokens.get(flag.token), self.value_behind(flag)) {
            (None, _) => String::new(),
            (Some(token), None) => token.text.clone(),
            (Some(token), Some(next)) => format!("{} {}", token.text, next.text),
        }
    }

    /// The token that gives an occurrence its value: its own, or the next one.
    pub(crate) fn value_token(&self, flag: &Flag) -> Option<&Token> {
        self.value_behind(flag).or_else(|| self.tokens.get(flag.token))
    }

    fn value_behind(&self, flag: &Flag) -> Option<&Token> {
        self.tokens.get(flag.token + 1).filter(|_| flag.behind.is_some())
    }

    /// The argv again: the texts of all tokens, in order.
    pub fn argv(&self) -> Vec<&str> {
        self.tokens.iter().map(|token| token.text.as_str()).collect()
    }

    fn read<T>(&self, name: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Value<T>> {
        let known = |text: &str| read(text).map_or_else(|| Value::Malformed(text.to_owned()), Value::Known);
        Some(match self.effective(name)?.value() {
            None => known(BARE),
            Some(Value::Known(text)) => known(text),
            Some(Value::Deferred(source)) => Value::Deferred(source.clone()),
            Some(Value::Malformed(text)) => Value::Malformed(text.clone()),
        })
    }
}

/// See [`CommandLine::winning`].
fn winning(flags: &[Flag]) -> BTreeMap<&'static str, usize> {
    collect::map(flags.iter().enumerate().filter_map(|(at, flag)| Some((flag.spec()?.name, at))))
}
