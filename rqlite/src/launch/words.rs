//! What a command of a script receives: its words with variables and arguments put in.
//! Not which program it is: that is `reading`.

use std::sync::Arc;

use super::env::{Environment, Piece, Text};
use super::script::{Command, Part, Script, Word};
use crate::flag::{Origin, Token};
use crate::value::{Source, Value};
use kubernetes::manifest::Place;

/// A script in its container.
pub(super) struct ScriptContext<'a> {
    pub(super) environment: &'a Environment<'a>,
    pub(super) script: &'a Script<'a>,
    /// As the manifest has it; the reference for what only the shell knows.
    pub(super) text: Arc<str>,
    pub(super) place: Place,
    /// What stands behind the script: `$0` first.
    pub(super) arguments: &'a [Token],
}

/// A word of a command.
#[derive(Debug)]
pub(super) enum ReceivedWord<'a> {
    /// The script's own, without any expansion. It becomes a token where the command is read further: a script may have thousands.
    Plain(&'a str),
    Token(Token),
}

impl ReceivedWord<'_> {
    pub(super) fn known(&self) -> Option<&str> {
        match self {
            ReceivedWord::Plain(text) => Some(text),
            ReceivedWord::Token(token) => token.value.known().map(String::as_str),
        }
    }

    /// One of the arguments that the container gives.
    pub(super) fn is_passed(&self) -> bool {
        matches!(self, ReceivedWord::Token(Token { origin: Origin::Container(_), .. }))
    }

    /// It comes out of the shell itself; what a ConfigMap holds is nobody's guess.
    pub(super) fn is_computed(&self) -> bool {
        matches!(self, ReceivedWord::Token(token) if matches!(&token.value, Value::Deferred(source) if by_script(source)))
    }
}

fn by_script(source: &Source) -> bool {
    match source {
        Source::Script(_) => true,
        Source::Composed { parts, .. } => parts.iter().any(by_script),
        Source::ConfigMapKey { .. }
        | Source::SecretKey { .. }
        | Source::FileKey { .. }
        | Source::Field(_)
        | Source::Resource(_) => false,
    }
}

/// A command's words, and which of the script's arguments are among them.
#[derive(Debug, Default)]
pub(super) struct ReceivedWords<'a> {
    pub(super) words: Vec<ReceivedWord<'a>>,
    pub(super) zero: bool,
    pub(super) all: bool,
    /// The script changed its arguments before, so that those among the words are not what is passed.
    pub(super) stale: bool,
}

impl ScriptContext<'_> {
    pub(super) fn receive<'c>(&self, command: &'c Command) -> ReceivedWords<'c> {
        let words = Vec::with_capacity(command.words.len());
        let mut received = ReceivedWords { words, ..ReceivedWords::default() };
        for word in &command.words {
            match &*word.parts {
                [Part::Arguments { quoted }] => {
                    received.all = true;
                    let arguments = self.arguments.iter().skip(1).cloned();
                    arguments.for_each(|argument| self.pass(argument, *quoted, &mut received.words));
                }
                [Part::Positional { position, quoted }] => {
                    received.zero |= *position == 0;
                    let argument = self.argument(*position);
                    argument.into_iter().for_each(|argument| self.pass(argument, *quoted, &mut received.words));
                }
                [Part::Literal(text)] if !text.is_empty() => received.words.push(ReceivedWord::Plain(text)),
                _ => received.words.extend(self.expand(word).into_iter().map(ReceivedWord::Token)),
            }
        }
        let of_arguments = |part: &Part| matches!(part, Part::Arguments { .. } | Part::Positional { .. });
        let uses_arguments = || command.words.iter().flat_map(|word| word.parts.iter()).any(of_arguments);
        received.stale = self.script.arguments_changed && uses_arguments();
        received
    }

    /// The words as tokens.
    pub(super) fn tokens(&self, words: &[ReceivedWord]) -> Vec<Token> {
        let token = |word: &ReceivedWord| match word {
            ReceivedWord::Plain(text) => self.token((*text).to_owned(), Text::literal(text)),
            ReceivedWord::Token(token) => token.clone(),
        };
        words.iter().map(token).collect()
    }

    fn argument(&self, position: usize) -> Option<Token> {
        match self.arguments.get(position) {
            Some(token) => Some(token.clone()),
            // Without arguments `$0` is the shell's own name.
            None if position == 0 => Some(self.token("sh".to_owned(), Text::literal("sh"))),
            None => None,
        }
    }

    fn pass(&self, argument: Token, quoted: bool, to: &mut Vec<ReceivedWord>) {
        if quoted {
            to.push(ReceivedWord::Token(argument));
        } else {
            to.extend(split(&argument, self.environment).into_iter().map(ReceivedWord::Token));
        }
    }

    /// One word, or several where an unquoted variable has blanks, or none where it is empty.
    fn expand(&self, word: &Word) -> Vec<Token> {
        let mut fields = vec![Field::default()];
        for part in word.parts.iter() {
            let (shown, text, splits) = self.part(part);
            if splits && text.has_blanks() {
                split_into(&mut fields, text);
            } else if let Some(field) = fields.last_mut() {
                field.shown.push_str(&shown);
                field.text.extend(text);
            }
        }
        let unquoted = |part: &Part| match part {
            Part::Reference { quoted, .. } | Part::Variable { quoted, .. } | Part::Positional { quoted, .. } => !quoted,
            Part::Literal(_) | Part::Arguments { .. } | Part::Opaque(_) => false,
        };
        let splits = word.parts.iter().any(unquoted);
        let kept = fields.into_iter().filter(|field| word.quoted || !field.is_empty());
        let token = |field: Field| {
            let token = self.token(field.shown, field.text);
            Token { splits: splits && token.value.known().is_none(), ..token }
        };
        kept.map(token).collect()
    }

    /// As written, its value, and whether the shell splits it at blanks.
    fn part(&self, part: &Part) -> (String, Text, bool) {
        match part {
            Part::Literal(text) => (text.to_string(), Text::literal(text), false),
            Part::Reference { name, source, quoted } => {
                (format!("$({name})"), Text::reference(name, (*source).clone()), !quoted)
            }
            Part::Variable { name, quoted, has_default } => {
                let shown = if *has_default { format!("${{{name}...}}") } else { format!("${name}") };
                (shown, self.variable(name, *has_default), !quoted)
            }
            Part::Positional { position, quoted } => {
                let shown = format!("${position}");
                let argument = self.argument(*position);
                let text = argument.map_or_else(|| self.unknown("script"), |token| text_of(&token, self.environment));
                (shown, text, !quoted)
            }
            Part::Arguments { .. } => ("$@".to_owned(), self.unknown("script"), false),
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
        Token::new(shown, text.into_value(), Origin::Script(self.place))
    }
}

/// The words that a shell makes of a token that it does not quote.
pub(super) fn split(token: &Token, environment: &Environment) -> Vec<Token> {
    let mut fields = vec![Field::default()];
    split_into(&mut fields, text_of(token, environment));
    if let [_] = fields.as_slice() {
        let is_word = token.value.known().is_none_or(|text| !text.is_empty());
        let splits = token.value.known().is_none();
        return if is_word { vec![Token { splits, ..token.clone() }] } else { vec![] };
    }
    let word = |field: Field| {
        let value = field.text.into_value();
        let splits = value.known().is_none();
        Token { splits, ..Token::new(field.shown, value, token.origin.clone()) }
    };
    fields.into_iter().filter(|field| !field.is_empty()).map(word).collect()
}

/// A token's text with its references in their places, where the environment gives back what it holds.
fn text_of(token: &Token, environment: &Environment) -> Text {
    let source = match &token.value {
        Value::Known(text) | Value::Malformed(text) => return Text::literal(text),
        Value::Deferred(source) => source,
    };
    let expanded = environment.expand(&token.text);
    if expanded.clone().into_value() == token.value {
        return expanded;
    }
    Text::reference(&token.text, source.clone())
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

#[cfg(test)]
mod tests {
    use crate::launch::Launch;
    use crate::version::{ImageVersion, Version};
    use kubernetes::manifest::Container;

    fn container(script: &str, args: &[&str]) -> Container {
        let command = ["sh", "-c", script, "x"];
        let env = r#"[{"name":"N","valueFrom":{"configMapKeyRef":{"name":"m","key":"n"}}}]"#;
        Container {
            command: command.iter().map(|&word| word.to_owned()).collect(),
            args: args.iter().map(|&word| word.to_owned()).collect(),
            env: serde_json::from_str(env).unwrap(),
            ..Container::default()
        }
    }

    /// What rqlited gets, and which of it may be split further.
    fn received(script: &str, args: &[&str]) -> Vec<(String, bool)> {
        let launch = Launch::of(&container(script, args), ImageVersion::Floating);
        launch.line.unwrap().tokens.iter().map(|token| (token.text.clone(), token.splits)).collect()
    }

    #[test]
    fn a_shell_splits_an_argument_that_it_does_not_quote() {
        let words = |list: &[&str]| list.iter().map(|&text| (text.to_owned(), false)).collect::<Vec<_>>();
        let two = ["-fk -bootstrap-expect=3", "-node-id=a b"];
        assert_eq!(received("exec rqlited \"$@\"", &two), words(&two));
        assert_eq!(received("exec rqlited $@", &two), words(&["-fk", "-bootstrap-expect=3", "-node-id=a", "b"]));
        assert_eq!(received("exec rqlited \"$1\" /d", &two), words(&[two[0], "/d"]));
        assert_eq!(received("exec rqlited $1 /d", &two), words(&["-fk", "-bootstrap-expect=3", "/d"]));
        assert_eq!(received("exec rqlited -x=$1 /d", &["3\n"]), words(&["-x=3", "/d"]));
        // Nothing is left of blanks alone; in quotes an empty word is one.
        assert_eq!(received("exec rqlited $1 /d", &[" "]), words(&["/d"]));
        assert_eq!(received("exec rqlited \"$1\" /d", &[""]), words(&["", "/d"]));
    }

    #[test]
    fn what_an_argument_refers_to_is_split_with_it() {
        let is = |list: &[(&str, bool)]| list.iter().map(|(text, splits)| ((*text).to_owned(), *splits)).collect();
        let expected: Vec<(String, bool)> = is(&[("-fk", false), ("-bootstrap-expect=$(N)", true), ("/d", false)]);
        assert_eq!(received("exec rqlited $1 /d", &["-fk -bootstrap-expect=$(N)"]), expected);
        let whole: Vec<(String, bool)> = is(&[("-fk -bootstrap-expect=$(N)", false), ("/d", false)]);
        assert_eq!(received("exec rqlited \"$1\" /d", &["-fk -bootstrap-expect=$(N)"]), whole);
    }

    #[test]
    fn what_env_gets_depends_on_the_quotes() {
        let texts = |script: &str| -> Vec<String> {
            received(script, &["A=b rqlited -fk"]).into_iter().map(|(text, _)| text).collect()
        };
        assert_eq!(texts("exec env $1 -bootstrap-expect=3 /d"), ["-fk", "-bootstrap-expect=3", "/d"]);
        assert_eq!(texts("exec env \"$1\" rqlited -bootstrap-expect=3 /d"), ["-bootstrap-expect=3", "/d"]);
    }

    #[test]
    fn the_image_quotes_nothing_before_8_29() {
        let splits = |release: Version| -> Vec<(String, bool)> {
            let args = Container { command: Vec::new(), ..container("", &["-fk -bootstrap-expect=$(N)"]) };
            let line = Launch::of(&args, ImageVersion::Tagged(release)).line.unwrap();
            let own = line.tokens.into_iter().filter(|token| matches!(token.origin, crate::flag::Origin::Container(_)));
            own.map(|token| (token.text.clone(), token.splits)).collect()
        };
        let one = |text: &str, splits| (text.to_owned(), splits);
        assert_eq!(splits(Version::new(8, 28, 4)), [one("-fk", false), one("-bootstrap-expect=$(N)", true)]);
        assert_eq!(splits(Version::new(8, 29, 0)), [one("-fk -bootstrap-expect=$(N)", false)]);
    }
}
