//! Command lines for tests of the modules that read them.
//! Not for tests of the launch, which makes its own tokens.

use kubernetes::manifest::{List, Place};

use super::{CommandLine, Origin, Token};
use crate::value::{Source, Value};

/// Of these words, in `args`.
pub(crate) fn line(argv: &[&str]) -> CommandLine {
    CommandLine::parse(tokens(argv, |text| Value::Known(text.to_owned())), None)
}

/// The same, where a word with `$(` in it comes from a ConfigMap.
pub(crate) fn deferred(argv: &[&str]) -> CommandLine {
    CommandLine::parse(tokens(argv, value), None)
}

pub(crate) fn tokens(argv: &[&str], value: impl Fn(&str) -> Value<String>) -> Vec<Token> {
    let token = |(index, text): (usize, &&str)| {
        let origin = Origin::Container(Place { list: List::Args, index });
        Token::new((*text).to_owned(), value(text), origin)
    };
    argv.iter().enumerate().map(token).collect()
}

pub(crate) fn value(text: &str) -> Value<String> {
    if text.contains("$(") {
        Value::Deferred(Source::composed(text.to_owned(), vec![source()]))
    } else {
        Value::Known(text.to_owned())
    }
}

pub(crate) fn source() -> Source {
    Source::ConfigMapKey { name: "peers".to_owned(), key: "count".to_owned() }
}
