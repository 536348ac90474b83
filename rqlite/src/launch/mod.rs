//! How a container starts rqlited: command, args, environment and the image's entrypoint, down to the argv that rqlited parses.
//! Not what the flags mean, nor whether the container is rqlite's (`cluster`).

#[cfg(feature = "recognition")]
mod entrypoint;
#[cfg(feature = "recognition")]
mod env;
mod insertion;
#[cfg(feature = "recognition")]
mod naming;
#[cfg(feature = "recognition")]
mod programs;
#[cfg(feature = "recognition")]
mod reading;
#[cfg(feature = "recognition")]
mod recognition;
#[cfg(feature = "recognition")]
mod script;
#[cfg(test)]
mod tests;
#[cfg(feature = "recognition")]
mod words;

use std::sync::Arc;

pub(crate) use self::insertion::{FoundInsertion, Slot, element};
#[cfg(feature = "recognition")]
pub(crate) use self::recognition::single_command;
#[cfg(feature = "recognition")]
pub use self::recognition::{Expansion, program};
use crate::flag::{CommandLine, Token, UsageError};
use crate::image::{Repository, repository};
use crate::value::{Source, Value};
use crate::version::Version;
use kubernetes::manifest::Container;
use kubernetes::manifest::Place;

/// The launch shapes that are told apart (A to J; `docs/launch-shapes.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A: neither command nor args.
    Bare,
    /// B: no command, args start with a flag; the entrypoint adds its defaults and the data directory.
    Flags,
    /// C: no command, args are the image's keyword alone (`run`, or `rqlite` before 8.29.0).
    Keyword,
    /// D: no command, args start with rqlited.
    ArgsServer,
    /// E: command starts with rqlited.
    CommandServer,
    /// F: command starts with docker-entrypoint.sh.
    Entrypoint,
    /// G: a shell script that passes `"$0" "$@"` on.
    ScriptAllArguments,
    /// H: a shell script that passes `"$@"` on.
    ScriptArguments,
    /// I: a shell script that names its arguments itself.
    Script,
    /// J: a wrapper (tini, dumb-init) or a launcher (env, gosu) before one of D to I, and read as that one.
    Wrapper,
    /// None of these: nothing can be said.
    Unreadable,
}

/// Where a self-contained `-flag=value` may be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Insertion {
    /// Before the element that stands there now (`index` may be the list's length; the list may be absent).
    Before(Place),
    /// In place of the one element there (the keyword of shape C).
    Replace(Place),
}

/// Why no flag may be put into this launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoInsertion {
    /// Shape I: flags stand in the text of a script, which is never edited. Or none of the places in its arguments is sound.
    #[error("the shell script names rqlited's arguments itself")]
    ScriptText,
    /// A script that uses more of the shell's language than is read here.
    #[error("the shell script cannot be read")]
    UnreadScript,
    /// Shapes G and H without `exec`: a flag that acts at SIGTERM would never act.
    #[error("the shell script does not exec rqlited, so SIGTERM never reaches it")]
    NoExec,
    /// Its program is not known, or one of the words that decide comes from elsewhere.
    #[error("the launch cannot be read")]
    Unreadable,
    /// The keyword of shape C with more words behind it: a flag among them would do nothing, in its place they would begin to act
    /// (rqlite/rqlite `docker-entrypoint.sh`).
    #[error("the arguments after `run` are dropped by the image's entrypoint")]
    DroppedArguments,
    /// Shape F without arguments: beside a command the kubelet does not use the image's CMD.
    #[error("the image's entrypoint is called without arguments, so rqlited is never started")]
    EmptyEntrypoint,
    /// rqlited exits at its flag package or at a second positional: one flag more may be read as anything. Or it would exit at the new one.
    #[error("the command line is one that rqlited refuses already")]
    Refused,
    /// Shape A with an image of somebody else.
    #[error("the image is not rqlite's own, and a flag would take the place of the arguments that it brings (CMD)")]
    ForeignDefaults,
    /// Shape C, or a line that rqlite's own entrypoint would make a refused one of, with an image of somebody else.
    #[error("the image is not rqlite's own, and what its entrypoint makes of its arguments is not known")]
    ForeignEntrypoint,
}

/// One container's way of starting rqlited.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// By its own words: behind a wrapper or a launcher it is [`Shape::Wrapper`], whatever stands there.
    pub shape: Shape,
    /// What rqlited parses, the entrypoint's additions included; empty where the entrypoint gets no arguments and starts nothing.
    /// None where the launch cannot be read (for shape I: what the script's words give, when they can be read).
    pub line: Option<CommandLine>,
    /// The flags go through the image's entrypoint, which adds its defaults.
    pub through_entrypoint: bool,
    /// The shell script (shapes G, H, I), as written; where `line` is None, followed by its arguments, one a line.
    pub script: Option<String>,
    /// SIGTERM for the container comes to rqlited: no shell, pipeline or program stands between that would keep it.
    pub sigterm_arrives: bool,
    /// What its first word starts.
    pub program: Program,
    /// The release that it was read for.
    pub release: Option<Version>,
    /// The container that it was read from; another one may start the same way.
    pub container: Arc<Container>,
    /// Of a launch that cannot be read, its command and args with their variables put in.
    pub(crate) words: Vec<Token>,
    /// Why no flag may be put into it, where its shape alone says so.
    pub(crate) closed: Option<NoInsertion>,
    /// Where one more word becomes one more argument of rqlited, best first; whether a flag may stand there is not tried yet.
    pub(crate) slots: Vec<Slot>,
    /// Flags whose file the script itself names, so that it may write it.
    pub(crate) script_files: Vec<&'static str>,
    pub(crate) placed: FoundInsertion,
}

/// What the first token of a launch says about the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// rqlited itself, or a script or an entrypoint that runs it.
    Rqlited,
    /// `docker-entrypoint.sh`, of whichever image.
    Entrypoint,
    /// Decided by the image (no command; args are flags, a keyword, or nothing).
    Image,
    /// A client or a common tool (`curl`, `sleep`, the `rqlite` shell), or a script of nothing but these.
    Other,
    /// A program that is not known here, or a script that cannot be read.
    Unreadable,
}

/// How to start rqlited so that its flags are seen and take one more. Behind the image's own entrypoint the node keeps its id and its
/// addresses; DATA_DIR is read since 7.7.0.
pub fn plain_start(container: &Container) -> &'static str {
    if repository(container) == Repository::Official {
        "start rqlited by `command: [\"docker-entrypoint.sh\"]`, with its flags as args and its data directory as `DATA_DIR`"
    } else {
        "start rqlited by `command: [\"rqlited\"]`, with its whole command line as args: every flag, then the data directory"
    }
}

impl Launch {
    /// Another container that starts the same way: nothing else of one is read.
    #[cfg(feature = "recognition")]
    pub(crate) fn is_of(&self, other: &Container) -> bool {
        let own = &self.container;
        let (program, variables) = ((&own.image, &own.command, &own.args), (&own.env, &own.env_from));
        program == (&other.image, &other.command, &other.args) && variables == (&other.env, &other.env_from)
    }

    /// Why no flag may be put into it, where its shape alone says so.
    pub fn closed(&self) -> Option<NoInsertion> {
        self.closed
    }

    /// Where the arguments come from that are references as a whole (`$(FLAGS)`, a script's `$FLAGS`): any flag may be among them.
    /// In the order of the command line; of a launch that cannot be read, of all its words.
    pub fn hidden_arguments(&self) -> Vec<Source> {
        let source = |value: &'_ Value<String>| match value {
            Value::Deferred(source) => Some(source.clone()),
            Value::Known(_) | Value::Malformed(_) => None,
        };
        match &self.line {
            Some(line) => line.hidden_flags().filter_map(|flag| source(flag.value()?)).collect(),
            None => self.words.iter().filter_map(|token| source(&token.value)).collect(),
        }
    }

    /// Of a launch that cannot be read, command and args with their variables put in; else none.
    pub fn unread_words(&self) -> &[Token] {
        &self.words
    }

    /// The script itself names the file of that flag.
    pub fn script_names_file_of(&self, flag: &str) -> bool {
        self.script_files.contains(&flag)
    }

    /// The data directory that rqlited uses: the positional, or DATA_DIR of the entrypoint.
    pub fn data_dir(&self) -> Option<Value<String>> {
        let line = self.line.as_ref()?;
        let token = match line.positionals.first() {
            Some(index) => line.tokens.get(*index)?,
            // A variable at the end that may hold flags and the directory.
            None => line.tokens.last().filter(|token| token.may_be_no_word())?,
        };
        Some(token.value.clone())
    }

    /// Why rqlited does not start with this launch, where that is certain: what is wrong, the exit code, and rqlited's own words.
    /// Which combinations of flags it refuses (exit code 1) depends on the release. None also where the launch cannot be read.
    pub fn refusal(&self) -> Option<&UsageError> {
        let error = self.line.as_ref()?.error.as_ref()?;
        (self.release.is_some() || !error.is_combination()).then_some(error)
    }

    /// The same at another release: what that one makes of the very same arguments.
    pub fn refusal_at(&self, release: Version) -> Option<UsageError> {
        CommandLine::parse(self.line.as_ref()?.tokens.clone(), Some(release)).error
    }
}
