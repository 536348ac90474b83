//! From a container's command and args to what rqlited parses: the launch shapes A to J.
//! Does not decide whether an insertion is sound: it proposes places, `insertion` tries them.

use std::cell::LazyCell;
use std::sync::Arc;

use super::entrypoint::Entrypoint;
use super::env::{Environment, Text};
use super::naming;
use super::programs::{self, Outcome, ProgramKind};
use super::recognition::Words;
use super::script::{self, Script};
use super::words::{ReceivedWord, ReceivedWords, ScriptContext};
use super::{Insertion, NoInsertion, Program, Shape};
use crate::flag::{CommandLine, Origin, Token, UsageError};
use crate::image::{self, Repository};
use crate::value::{Source, Value};
use crate::version::Version;
use kubernetes::manifest::Container;
use kubernetes::manifest::{List, Place};

/// One way of starting rqlited.
#[derive(Debug)]
pub(super) struct LaunchReading {
    pub(super) shape: Shape,
    /// Not validated: of most containers it is not asked.
    pub(super) line: Option<CommandLine>,
    pub(super) through_entrypoint: bool,
    pub(super) script: Option<String>,
    pub(super) sigterm_arrives: bool,
    pub(super) program: Program,
    /// Places for one more flag, best first; not yet tried.
    pub(super) places: Result<Vec<Insertion>, NoInsertion>,
}

/// Reads containers of one environment, release and image.
pub(super) struct Reader<'a> {
    release: Option<Version>,
    environment: &'a Environment<'a>,
    /// The image is called rqlite: what stands behind a `--` of a program that nobody here knows is read too.
    own_image: bool,
    /// How many programs have handed over to the next one.
    depth: usize,
}

/// More hand-overs than any manifest has; a list of a million wrappers must not exhaust the stack.
const DEEPEST: usize = 8;

/// Words that the commands of one script receive together. A thousand commands that each pass a thousand arguments on receive a million.
const MOST_WORDS: usize = 50_000;

impl<'a> Reader<'a> {
    /// `release` is that of the container's image.
    pub(super) fn of(container: &Container, release: Option<Version>, environment: &'a Environment<'a>) -> Self {
        Reader { release, environment, own_image: image::repository(container) != Repository::Other, depth: 0 }
    }

    pub(super) fn read(&self, words: Words) -> LaunchReading {
        if words.command.is_empty() { self.image(words.args) } else { self.argv(words.all()) }
    }

    fn deeper(&self) -> Self {
        Reader { depth: self.depth + 1, ..*self }
    }

    /// No command: the image's entrypoint gets the args, or the image's own keyword.
    fn image(&self, args: Vec<Token>) -> LaunchReading {
        if args.is_empty() {
            let first = Insertion::Before(Place { list: List::Args, index: 0 });
            return self.composed(Shape::Bare, vec![], Ok(vec![first]));
        }
        let mut reading = self.entrypoint(args);
        if reading.shape == Shape::CommandServer {
            reading.shape = Shape::ArgsServer;
        }
        if matches!(reading.shape, Shape::Flags | Shape::Keyword) {
            reading.program = Program::Image;
        }
        reading
    }

    /// What the image's entrypoint does with these arguments.
    fn entrypoint(&self, user: Vec<Token>) -> LaunchReading {
        let Some(first) = user.first() else {
            return starts_nothing();
        };
        let leading = match &first.value {
            Value::Known(text) | Value::Malformed(text) | Value::Deferred(Source::Composed { text, .. }) => {
                text.as_str()
            }
            Value::Deferred(_) => return unreadable(Program::Unreadable, NoInsertion::Unreadable),
        };
        if leading.starts_with('-') {
            let places = Ok(place_of(first).map(Insertion::Before).into_iter().collect());
            return self.composed(Shape::Flags, user, places);
        }
        if self.entrypoint_script().is_keyword(leading)
            && (user.len() == 1 || leading == "run" || self.release.is_some())
        {
            let places = match (user.len(), place_of(first)) {
                (1, Some(place)) => Ok(vec![Insertion::Replace(place)]),
                (1, None) => Err(NoInsertion::ScriptText),
                _ => Err(NoInsertion::DroppedArguments),
            };
            return self.composed(Shape::Keyword, vec![], places);
        }
        self.argv(user)
    }

    fn composed(&self, shape: Shape, user: Vec<Token>, places: Result<Vec<Insertion>, NoInsertion>) -> LaunchReading {
        let line = CommandLine::unvalidated(self.entrypoint_script().compose(user), self.release);
        let program = if shape == Shape::Bare { Program::Image } else { Program::Entrypoint };
        LaunchReading {
            shape,
            line: Some(line),
            through_entrypoint: true,
            script: None,
            sigterm_arrives: true,
            program,
            places,
        }
    }

    fn entrypoint_script(&self) -> Entrypoint<'_> {
        Entrypoint { release: self.release, environment: self.environment }
    }

    /// A whole argv, its first token the program.
    fn argv(&self, mut argv: Vec<Token>) -> LaunchReading {
        if self.depth >= DEEPEST {
            return unreadable(Program::Unreadable, NoInsertion::Unreadable);
        }
        let words = known(&argv);
        match programs::outcome(&words, self.own_image) {
            Outcome::Server => self.server(&argv),
            Outcome::Entrypoint => {
                let reading = self.deeper().entrypoint(argv.split_off(1));
                let own = matches!(reading.shape, Shape::Flags | Shape::Keyword | Shape::CommandServer);
                LaunchReading { shape: if own { Shape::Entrypoint } else { reading.shape }, ..reading }
            }
            Outcome::Shell => self.shell(&argv),
            Outcome::ForeignShell => foreign_shell(&argv),
            Outcome::HandsOver(started) => self.hand_over(argv, started),
            Outcome::LockedScript(option) => self.locked_script(&argv, option),
            Outcome::SplitString(text, behind) => {
                let arguments = argv.get(behind..).unwrap_or_default();
                unread_script(named_in(&format!("env {text}"), &[]), text, arguments)
            }
            Outcome::Ends(program) => unreadable(program, NoInsertion::Unreadable),
        }
    }

    /// The program of an argv that comes to none that is read further; what it would be read as has no more in it.
    fn idle(&self, argv: &[Option<&str>]) -> Option<Program> {
        let mut argv = argv;
        for _ in self.depth..DEEPEST {
            match programs::outcome(argv, self.own_image) {
                Outcome::HandsOver(started) => argv = argv.get(started..).unwrap_or_default(),
                Outcome::Ends(program @ (Program::Other | Program::Unreadable)) => return Some(program),
                Outcome::Server
                | Outcome::Entrypoint
                | Outcome::Shell
                | Outcome::ForeignShell
                | Outcome::LockedScript(_)
                | Outcome::SplitString(..)
                | Outcome::Ends(_) => return None,
            }
        }
        Some(Program::Unreadable)
    }

    fn server(&self, argv: &[Token]) -> LaunchReading {
        let (program, arguments) = argv.split_at(argv.len().min(1));
        let behind = |place: Place| Insertion::Before(Place { index: place.index + 1, ..place });
        LaunchReading {
            shape: Shape::CommandServer,
            line: Some(CommandLine::unvalidated(arguments.to_vec(), self.release)),
            through_entrypoint: false,
            script: None,
            sigterm_arrives: true,
            program: Program::Rqlited,
            places: Ok(program.iter().filter_map(place_of).map(behind).collect()),
        }
    }

    /// What stands behind a wrapper or a launcher, as if it were the container's own program.
    fn hand_over(&self, mut argv: Vec<Token>, started: usize) -> LaunchReading {
        let passes = programs::pass_sigterm(&known(&argv), started);
        let behind = argv.split_off(started.min(argv.len()));
        // `timeout 1d env DATA_DIR=/data docker-entrypoint.sh`
        let env = known(&argv).iter().position(|word| word.is_some_and(|word| programs::basename(word) == "env"));
        let environment = env.map(|at| self.environment.behind_env(argv.get(at + 1..).unwrap_or_default()));
        let reader = Reader { environment: environment.as_ref().unwrap_or(self.environment), ..self.deeper() };
        let reading = reader.argv(behind);
        let shape = if reading.shape == Shape::Unreadable { Shape::Unreadable } else { Shape::Wrapper };
        LaunchReading { shape, sigterm_arrives: reading.sigterm_arrives && passes, ..reading }
    }

    /// `flock FILE -c SCRIPT`; at `option` stands the word before the `-c`.
    fn locked_script(&self, argv: &[Token], option: usize) -> LaunchReading {
        let mut words = argv.get(option..).unwrap_or_default().to_vec();
        if let Some(long) = words.get_mut(1) {
            *long = Token::new(long.text.clone(), Value::Known("-c".to_owned()), long.origin.clone());
        }
        let reading = self.deeper().shell(&words);
        LaunchReading { sigterm_arrives: false, ..reading }
    }

    fn shell(&self, argv: &[Token]) -> LaunchReading {
        let Some((at, token)) = inline_script(argv) else {
            return unreadable(Program::Unreadable, NoInsertion::Unreadable);
        };
        let arguments = argv.get(at + 1..).unwrap_or_default();
        let expanded = self.environment.expand(&token.text);
        let Some(script) = script::read(&expanded) else {
            return unread_script(named_in(&token.text, arguments), &token.text, arguments);
        };
        let own = place_of(token);
        let place = own.unwrap_or(Place { list: List::Command, index: 0 });
        let text = Arc::from(token.text.as_str());
        let around = ScriptContext { environment: self.environment, script: &script, text, place, arguments };
        let reading = self.script(&script, &around);
        // A script in a script is no element of the container: it tells the program, and no more.
        if own.is_some() { reading } else { unread_script(reading.program, &token.text, arguments) }
    }

    /// The one command of the script that starts rqlited, if it is one and the script always gets to it.
    fn script(&self, script: &Script, around: &ScriptContext) -> LaunchReading {
        let environment = environment_of(around);
        let reader = Reader { environment: &environment, ..*self }.deeper();
        // Of most scripts it is not asked.
        let named = LazyCell::new(|| named_in(&around.text, around.arguments));
        let mut words = 0;
        let mut found = None;
        let mut program = Program::Other;
        let mut count = 0;
        let mut diverted = false;
        for command in &script.commands {
            let received = around.receive(command);
            words += received.words.len();
            if words > MOST_WORDS {
                return unread_script(*named, &around.text, around.arguments);
            }
            let known: Vec<Option<&str>> = received.words.iter().map(ReceivedWord::known).collect();
            let (builtins, exec) = skip_builtins(&known);
            let (argv, own) =
                (known.get(builtins..).unwrap_or_default(), received.words.get(builtins..).unwrap_or_default());
            // `exec "$@"` behind `set -- …`: the program is not among the arguments that the container gives.
            let stale = received.stale && own.first().is_none_or(ReceivedWord::is_passed);
            if own.is_empty() && !stale {
                continue;
            }
            let computed = own.first().is_some_and(ReceivedWord::is_computed) && *named != Program::Unreadable;
            let idle = if stale { Some(Program::Unreadable) } else { reader.idle(argv) };
            let inner = match idle {
                Some(program) => unreadable(program, NoInsertion::Unreadable),
                None => reader.argv(around.tokens(own)),
            };
            if matches!(inner.program, Program::Rqlited | Program::Entrypoint | Program::Image) {
                count += 1;
                program = inner.program;
                let known = inner.line.is_some();
                let readable = known && !command.nested && !command.detached && !received.stale && !diverted;
                found = Some((inner, received, exec)).filter(|_| readable);
                if count > 1 && program == Program::Rqlited {
                    // Nothing more can be told, and a script may have thousands of commands.
                    break;
                }
                continue;
            }
            // `BIN=rqlited; exec $BIN …` starts it too.
            if computed || (stale && *named != Program::Unreadable) {
                count += 1;
                program = *named;
                found = None;
                continue;
            }
            diverted |= command.diverts() || (inner.program == Program::Unreadable && programs::passes_by(argv));
            if inner.program == Program::Unreadable && program == Program::Other {
                program = Program::Unreadable;
            }
        }
        // `set -- rqlited; exec gosu rqlite "$@"`: no command of its own is the server, and yet one starts it.
        if count == 0 && *named != Program::Unreadable {
            program = *named;
        }
        match found.filter(|_| count == 1) {
            Some((inner, received, exec)) => around_script(inner, &received, exec, around),
            None if program == Program::Other => unreadable(Program::Other, NoInsertion::Unreadable),
            None => unread_script(program, &around.text, around.arguments),
        }
    }
}

/// The reading of the command that a script runs, seen from the container.
fn around_script(inner: LaunchReading, received: &ReceivedWords, exec: bool, around: &ScriptContext) -> LaunchReading {
    let shape = match (received.zero, received.all) {
        (true, true) => Shape::ScriptAllArguments,
        (false, true) => Shape::ScriptArguments,
        (_, false) => Shape::Script,
    };
    let places = match inner.places {
        Err(NoInsertion::Unreadable) | Ok(_) if shape == Shape::Script => Err(NoInsertion::ScriptText),
        Err(reason) => Err(reason),
        Ok(_) if !exec => Err(NoInsertion::NoExec),
        Ok(mut places) => {
            // In an argument's slot first, then where the passed arguments begin, then at their end.
            let first = usize::from(!received.zero);
            places.extend(
                slot(around, first).into_iter().chain(slot(around, around.arguments.len())).map(Insertion::Before),
            );
            Ok(places)
        }
    };
    let sigterm_arrives = inner.sigterm_arrives && exec;
    LaunchReading { shape, script: Some(around.text.to_string()), sigterm_arrives, places, ..inner }
}

fn named_in(text: &str, arguments: &[Token]) -> Program {
    let words: Vec<&str> = arguments.iter().map(|token| token.text.as_str()).collect();
    naming::named_in(text, &words)
}

/// The environment that the script's commands get.
fn environment_of<'a>(around: &ScriptContext<'a>) -> Environment<'a> {
    let mut environment = around.environment.within_script(&around.script.assigned, &around.text);
    if around.script.environment_changed {
        // Of what a sourced file may set, the data directory matters most.
        environment.set_by_script("DATA_DIR", &around.text);
    }
    environment
}

/// The place of the script's argument `index`, or where it would stand; None where an element before it is missing.
fn slot(around: &ScriptContext, index: usize) -> Option<Place> {
    match around.arguments.get(index) {
        Some(token) => place_of(token),
        None if index > around.arguments.len() => None,
        None => {
            let last = around.arguments.last().and_then(place_of).unwrap_or(around.place);
            let next = if last.list == List::Args { last.index + 1 } else { 0 };
            Some(Place { list: List::Args, index: next })
        }
    }
}

/// A script whose command line stays unknown. Its arguments decide too, so they belong to the reference.
fn unread_script(program: Program, text: &str, arguments: &[Token]) -> LaunchReading {
    let whole = std::iter::once(text).chain(arguments.iter().map(|token| token.text.as_str()));
    LaunchReading {
        shape: Shape::Script,
        script: Some(whole.collect::<Vec<_>>().join("\n")),
        ..unreadable(program, NoInsertion::UnreadScript)
    }
}

fn unreadable(program: Program, reason: NoInsertion) -> LaunchReading {
    LaunchReading {
        shape: Shape::Unreadable,
        line: None,
        through_entrypoint: false,
        script: None,
        sigterm_arrives: false,
        program,
        places: Err(reason),
    }
}

/// The entrypoint without arguments comes to its end, and rqlited gets no flag.
fn starts_nothing() -> LaunchReading {
    let error = UsageError {
        message: NoInsertion::EmptyEntrypoint.to_string(),
        words: String::new(),
        token: None,
        exit_code: 0,
    };
    let line = CommandLine { error: Some(error), ..CommandLine::default() };
    LaunchReading {
        shape: Shape::Entrypoint,
        line: Some(line),
        through_entrypoint: true,
        ..unreadable(Program::Entrypoint, NoInsertion::EmptyEntrypoint)
    }
}

/// Its language is not read here, only which program stands in it.
fn foreign_shell(argv: &[Token]) -> LaunchReading {
    let Some((at, token)) = inline_script(argv) else {
        return unreadable(Program::Unreadable, NoInsertion::Unreadable);
    };
    let arguments = argv.get(at + 1..).unwrap_or_default();
    unread_script(named_in(&token.text, arguments), &token.text, arguments)
}

/// The script of `sh -c`, with its index. A script in a file is none.
fn inline_script(argv: &[Token]) -> Option<(usize, &Token)> {
    let mut inline = false;
    let mut skip_next = false;
    for (index, token) in argv.iter().enumerate().skip(1) {
        let option = token.value.known().filter(|text| text.len() > 1 && text.starts_with(['-', '+']));
        match option {
            _ if skip_next => skip_next = false,
            // `--login`, `--`
            Some(long) if long.starts_with("--") => {}
            Some(option) => {
                inline |= option.starts_with('-') && option.contains('c');
                // `-o pipefail`
                skip_next = option.ends_with('o');
            }
            None => return inline.then_some((index, token)),
        }
    }
    None
}

/// See [`super::single_command`].
pub(super) fn single_command(argv: &[String]) -> Option<Vec<String>> {
    let container = Container { command: argv.to_vec(), ..Container::default() };
    let tokens = Words::of(&container, &Environment::of(&container)).command;
    if programs::kind_of(&known(&tokens)) != Some(ProgramKind::Shell) {
        return Some(argv.to_vec());
    }
    let (_, script) = inline_script(&tokens)?;
    let text = Text::literal(&script.text);
    let script = script::read(&text)?;
    match script.commands.as_slice() {
        [command] => command.words.iter().map(|word| word.literal().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// How many words are what a shell does itself before it starts a program (`exec`, `command`, `time`); true if `exec` was among them.
fn skip_builtins(words: &[Option<&str>]) -> (usize, bool) {
    let word = |index: usize| words.get(index).copied().flatten();
    let (mut at, mut exec) = (0, false);
    loop {
        let options: &[&str] = match word(at) {
            Some("exec") => &["-a", "-c", "-l"],
            // `command -v rqlited` asks.
            Some("command") if !matches!(word(at + 1), Some("-v" | "-V")) => &["-p"],
            Some("time") => &["-p"],
            Some(_) | None => break,
        };
        exec |= word(at) == Some("exec");
        at += 1;
        // `exec -a NAME rqlited`: another argv[0], the same program.
        while let Some(option) = word(at).filter(|option| options.contains(option)) {
            at += if option == "-a" { 2 } else { 1 };
        }
    }
    (at.min(words.len()), exec)
}

/// The words as far as the manifest tells them.
fn known(argv: &[Token]) -> Vec<Option<&str>> {
    argv.iter().map(|token| token.value.known().map(String::as_str)).collect()
}

fn place_of(token: &Token) -> Option<Place> {
    match token.origin {
        Origin::Container(place) => Some(place),
        Origin::Script(_) | Origin::Entrypoint(_) => None,
    }
}
