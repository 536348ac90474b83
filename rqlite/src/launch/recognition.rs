//! A container read: its command and args, its environment, and what its image's entrypoint makes of them.
//! Not what one more flag does to it: that is `insertion`.

use std::sync::Arc;

use super::env::Environment;
use super::insertion::{self, FoundInsertion, PROBE, Slot};
use super::reading::{self, LaunchReading, Reader};
use super::{Insertion, Launch, Program};
use crate::flag::{CommandLine, Origin, Token};
use crate::secret;
use crate::value::Value;
use crate::version::{ImageVersion, Version};
use kubernetes::manifest::Container;
use kubernetes::manifest::{List, Place};

/// Which program the container's command and args start.
pub fn program(container: &Container) -> Program {
    let environment = Environment::of(container);
    let words = Words::of(container, &environment);
    Reader::of(container, None, &environment).read(words).program
}

/// The words of an argv, or of the one command that its `sh -c` runs; None where they are more than plain words.
pub(crate) fn single_command(argv: &[String]) -> Option<Vec<String>> {
    reading::single_command(argv)
}

/// A container's variables, put into texts of its lists as the kubelet does.
pub struct Expansion<'a>(Environment<'a>);

impl<'a> Expansion<'a> {
    /// Those of `env` and `envFrom`; the image's own are not known.
    pub fn of(container: &'a Container) -> Self {
        Expansion(Environment::of(container))
    }

    /// The text with each `$(NAME)` in it replaced. `Deferred` where a value comes from elsewhere, or where all uses of the variables
    /// would take more than a program can be started with.
    pub fn expand(&self, text: &str) -> Value<String> {
        self.0.expand(text).into_value()
    }
}

impl Launch {
    /// Reads a container that is known to run rqlite.
    ///
    /// ```
    /// use kubernetes::manifest::List;
    /// use rqlite::launch::{Launch, Shape};
    /// use rqlite::value::Value;
    /// use rqlite::version::ImageVersion;
    ///
    /// let container = serde_json::from_str(r#"{"image": "rqlite/rqlite:10.2.7", "args": ["-node-id", "$(ID)", "-fk"],
    ///     "env": [{"name": "ID", "value": "db-0"}]}"#)?;
    /// let launch = Launch::of(&container, ImageVersion::Tagged("10.2.7".parse().unwrap()));
    /// let line = launch.line.as_ref().unwrap();
    /// assert_eq!((launch.shape, line.text("node-id")), (Shape::Flags, Some(Value::Known("db-0".to_owned()))));
    /// // The image's entrypoint adds what is not given.
    /// assert_eq!(line.text("http-addr"), Some(Value::Known("0.0.0.0:4001".to_owned())));
    /// assert_eq!(launch.data_dir(), Some(Value::Known("/rqlite/file/data".to_owned())));
    ///
    /// let (list, args) = launch.insert("-raft-cluster-remove-shutdown=true").unwrap();
    /// assert_eq!((list, args.len()), (List::Args, 4));
    /// assert_eq!(args[0], "-raft-cluster-remove-shutdown=true");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn of(container: &Container, version: ImageVersion) -> Self {
        let (words, reading) = read(container, version);
        Self::from_reading(container, version, words, reading)
    }

    /// Of a container of which it is not known: None unless its program and its command line are those of rqlite.
    pub(crate) fn of_any(
        container: &Container,
        version: ImageVersion,
        is_rqlite: impl FnOnce(Program, Option<&CommandLine>) -> bool,
    ) -> Option<Self> {
        let (words, reading) = read(container, version);
        let is_rqlite = is_rqlite(reading.program, reading.line.as_ref());
        is_rqlite.then(|| Self::from_reading(container, version, words, reading))
    }

    fn from_reading(container: &Container, version: ImageVersion, words: Words, reading: LaunchReading) -> Self {
        let LaunchReading { shape, line, through_entrypoint, script, sigterm_arrives, program, places } = reading;
        let release = version.release();
        let line = line.map(|line| line.validated(release));
        let slots = match (&places, &line) {
            (Ok(places), Some(line)) => slots(container, release, &words, places, line, script.is_some()),
            (Ok(_), None) | (Err(_), _) => Vec::new(),
        };
        let read = line.is_some();
        let container = Arc::new(container.clone());
        let mut launch = Launch {
            shape,
            line,
            through_entrypoint,
            script,
            sigterm_arrives,
            program,
            release,
            container,
            words: if read { Vec::new() } else { words.all() },
            closed: places.err(),
            slots,
            script_files: Vec::new(),
            placed: FoundInsertion::default(),
        };
        launch.script_files = secret::files_in_script(&launch);
        launch
    }
}

fn read(container: &Container, version: ImageVersion) -> (Words, LaunchReading) {
    let environment = Environment::of(container);
    let words = Words::of(container, &environment);
    let reading = Reader::of(container, version.release(), &environment).read(words.clone());
    (words, reading)
}

/// Those of the places where one more word is one more argument, and nothing else changes. Without a script a word that stands for
/// itself shows it; a script may use its arguments as it likes, so it is read again with one more. The first that takes a flag is enough.
fn slots(
    container: &Container,
    release: Option<Version>,
    words: &Words,
    places: &[Insertion],
    line: &CommandLine,
    script: bool,
) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::new();
    let environment = Environment::with_left(container, words.left);
    let reader = Reader::of(container, release, &environment);
    for place in places {
        if slots.iter().any(|slot| slot.insertion == *place) {
            continue;
        }
        let own = if script { None } else { insertion::token_at(line, place) };
        let read = || {
            let after = reader.read(words.with(place, PROBE, &environment)).line?;
            added_at(line, &after)
        };
        let Some(token) = own.or_else(read) else { continue };
        slots.push(Slot { insertion: place.clone(), token });
        if insertion::is_sound(line, place, token, release) {
            break;
        }
    }
    slots
}

/// Where the probe stands among the words that were there before.
fn added_at(before: &CommandLine, after: &CommandLine) -> Option<usize> {
    let same = |(old, new): (&Token, &Token)| old.value == new.value && old.splits == new.splits;
    let at = after.tokens.iter().position(|token| token.text == PROBE && token.value.known().is_some())?;
    let (first, rest) = after.tokens.split_at(at);
    let rest = rest.get(1..).unwrap_or_default();
    let is_one = before.tokens.len() + 1 == after.tokens.len();
    (is_one && before.tokens.iter().zip(first.iter().chain(rest)).all(same)).then_some(at)
}

/// Command and args, as the kubelet puts them together. A copy shares the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) command: Vec<Token>,
    pub(super) args: Vec<Token>,
    /// What they left of what all uses of the variables may take.
    left: usize,
}

impl Words {
    pub(super) fn of(container: &Container, environment: &Environment) -> Self {
        let tokens = |list: &[String], which: List| -> Vec<Token> {
            let texts = list.iter().enumerate();
            texts.map(|(index, text)| token(text, Place { list: which, index }, environment)).collect()
        };
        let (command, args) = (tokens(&container.command, List::Command), tokens(&container.args, List::Args));
        Words { command, args, left: environment.left() }
    }

    pub(super) fn all(self) -> Vec<Token> {
        [self.command, self.args].concat()
    }

    /// With one more, or with another one in the place of the keyword.
    fn with(&self, insertion: &Insertion, text: &str, environment: &Environment) -> Self {
        let mut words = self.clone();
        let (Insertion::Before(place) | Insertion::Replace(place)) = insertion;
        let list = match place.list {
            List::Command => &mut words.command,
            List::Args => &mut words.args,
        };
        insertion::put(list, insertion, token(text, *place, environment));
        for (index, token) in list.iter_mut().enumerate().skip(place.index) {
            token.origin = Origin::Container(Place { index, ..*place });
        }
        words
    }
}

fn token(text: &str, place: Place, environment: &Environment) -> Token {
    Token::new(text.to_owned(), environment.expand(text).into_value(), Origin::Container(place))
}
