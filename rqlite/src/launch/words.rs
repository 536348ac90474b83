//! What a command of a script receives: its words with variables and arguments put in.
//! Not which program it is: that is `reading`.

use std::sync::Arc;

use super::env::{Environment, Piece, Text};
use super::script::{Command, Part, Script, Word};
use crate::flag::{Origin, Place, Token};
use crate::value::{Source, Value};

/// A script in its container.
pub(super) struct Surroundings<'a> {
    pub(super) environment: &'a Environment<'a>,
    pub(super) script: &'a Script,
    /// As the manifest has it; the reference for what only the shell knows.
    pub(super) text: Arc<str>,
    pub(super) place: Place,
    /// What stands behind the script: `$0` first.
    pub(super) arguments: &'a [Token],
}

/// A command's words, and which of the script's arguments are among them.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) tokens: Vec<Token>,
    pub(super) zero: bool,
    pub(super) all: bool,
    /// The script changed its arguments before, so that those among the words are not what is passed.
    pub(super) stale: bool,
}

impl Surroundings<'_> {
    pub(super) fn receive(&self, command: &Command) -> Received {
        let mut received = Received::default();
        for word in &command.words {
            match word.parts.as_slice() {
                [Part::Arguments] => {
                    received.all = true;
                    received.tokens.extend(self.arguments.iter().skip(1).cloned());
                }
                [Part::Positional(position)] => {
                    received.zero |= *position == 0;
                    received.tokens.extend(self.argument(*position));
                }
                _ => received.tokens.extend(self.expand(word)),
            }
        }
        let of_arguments = |part: &Part| matches!(part, Part::Arguments | Part::Positional(_));
        let uses_arguments = command.words.iter().flat_map(|word| &word.parts).any(of_arguments);
        received.stale = uses_arguments && self.script.arguments_changed;
        received
    }

    fn argument(&self, position: usize) -> Option<Token> {
        match self.arguments.get(position) {
            Some(token) => Some(token.clone()),
            // Without arguments `$0` is the shell's own name.
            None if position == 0 => Some(self.token("sh".to_owned(), Text::literal("sh"))),
            None => None,
        }
    }

    /// One word, or several where an unquoted variable has blanks, or none where it is empty.
    fn expand(&self, word: &Word) -> Vec<Token> {
        let mut fields = vec![Field::default()];
        for part in &word.parts {
            let (shown, text, splits) = self.part(part);
            if splits && text.has_blanks() {
                split_into(&mut fields, text);
            } else if let Some(field) = fields.last_mut() {
                field.shown.push_str(&shown);
                field.text.extend(text);
            }
        }
        let alone = matches!(word.parts.as_slice(), [Part::Variable { quoted: false, .. }]);
        let kept = fields.into_iter().filter(|field| word.quoted || !field.is_empty());
        let token = |field: Field| {
            let token = self.token(field.shown, field.text);
            Token { splits: alone && token.value.known().is_none(), ..token }
        };
        kept.map(token).collect()
    }

    /// As written, its value, and whether the shell splits it at blanks.
    fn part(&self, part: &Part) -> (String, Text, bool) {
        match part {
            Part::Literal(text) => (text.clone(), Text::literal(text), false),
            Part::Reference { name, source } => (format!("$({name})"), Text::reference(name, source.clone()), false),
            Part::Variable { name, quoted, has_default } => {
                let shown = if *has_default { format!("${{{name}...}}") } else { format!("${name}") };
                (shown, self.variable(name, *has_default), !quoted)
            }
            Part::Positional(position) => {
                let shown = format!("${position}");
                let unknown = || self.unknown("script");
                let text =
                    self.argument(*position).map(|token| self.environment.expand(&token.text)).unwrap_or_else(unknown);
                (shown, text, false)
            }
            Part::Arguments => ("$@".to_owned(), self.unknown("script"), false),
            Part::Opaque(text) => (text.clone(), self.unknown("script"), false),
        }
    }

    fn variable(&self, name: &str, has_default: bool) -> Text {
        if self.script.environment_changed || self.script.assigned.contains(name) {
            return self.unknown(name);
        }
        match self.environment.lookup(name) {
            Some(text) if has_default && may_be_empty(&text.clone().into_value()) => self.unknown(name),
            Some(text) => text,
            // The container runtime sets it to the pod's name.
            None if name == "HOSTNAME" => Text::reference(name, Source::Field("metadata.name".to_owned())),
            // The image may set it, or a Service.
            None => self.unknown(name),
        }
    }

    fn unknown(&self, name: &str) -> Text {
        Text::reference(name, Source::Script(Arc::clone(&self.text)))
    }

    fn token(&self, shown: String, text: Text) -> Token {
        Token { text: shown, value: text.into_value(), origin: Origin::Script(self.place), splits: false }
    }
}

/// Where the script has a default, that may be what counts: a key of a ConfigMap may be missing or empty.
fn may_be_empty(value: &Value<String>) -> bool {
    match value {
        Value::Known(text) => text.is_empty(),
        Value::Deferred(Source::Field(path)) => path.contains('['),
        Value::Deferred(Source::Resource(_)) => false,
        Value::Deferred(_) | Value::Malformed(_) => true,
    }
}

/// A word in the making.
#[derive(Default)]
struct Field {
    shown: String,
    text: Text,
}

impl Field {
    fn is_empty(&self) -> bool {
        self.text.0.is_empty() || self.text.clone().into_value().known().is_some_and(String::is_empty)
    }
}

/// The shell splits at the blanks that are known; what a reference holds is taken for a part of the word that it stands in.
fn split_into(fields: &mut Vec<Field>, text: Text) {
    for piece in text.0 {
        match piece {
            Piece::Literal(literal) => split_literal(fields, &literal),
            Piece::Reference { name, source } => {
                if let Some(field) = fields.last_mut() {
                    field.shown.push_str(&format!("$({name})"));
                    field.text.extend(Text::reference(&name, source));
                }
            }
        }
    }
}

fn split_literal(fields: &mut Vec<Field>, known: &str) {
    if known.starts_with(char::is_whitespace) {
        fields.push(Field::default());
    }
    for (position, word) in known.split_whitespace().enumerate() {
        if position > 0 {
            fields.push(Field::default());
        }
        if let Some(field) = fields.last_mut() {
            field.shown.push_str(word);
            field.text.push(word);
        }
    }
    if known.ends_with(char::is_whitespace) {
        fields.push(Field::default());
    }
}
