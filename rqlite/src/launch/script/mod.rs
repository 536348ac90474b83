//! A small reader of shell scripts: their simple commands, as words with what is quoted and what is replaced.
//! Does not run anything: substitutions, here-documents and functions are told as unreadable, not followed.

mod cursor;
mod reader;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Deref;

use super::env::Text;
use crate::value::Source;

/// A script's commands in order.
#[derive(Debug, Default)]
pub(super) struct Script<'t> {
    pub(super) commands: Vec<Command<'t>>,
    /// Variables that the script sets, so that the container's environment does not tell them.
    pub(super) assigned: BTreeSet<String>,
    /// `shift`, `set -- …`, `eval`: the arguments are not those of the container any more.
    pub(super) arguments_changed: bool,
    /// `. file`, `eval`: any variable may have been set.
    pub(super) environment_changed: bool,
}

impl Script<'_> {
    fn note_effects(&mut self, command: &Command) {
        let Some((head, rest)) = command.words.split_first() else {
            return;
        };
        match head.literal() {
            Some("export" | "readonly" | "local" | "declare" | "typeset") => {
                self.assigned.extend(rest.iter().filter_map(Word::assigns).map(str::to_owned));
            }
            Some("read" | "unset" | "getopts" | "mapfile" | "readarray") => {
                self.assigned.extend(rest.iter().filter_map(Word::literal).map(str::to_owned));
            }
            Some("let") => self.assigned.extend(rest.iter().filter_map(Word::assigns).map(str::to_owned)),
            Some("printf") => {
                let variable = rest.first().filter(|option| option.literal() == Some("-v")).and_then(|_| rest.get(1));
                self.assigned.extend(variable.and_then(Word::literal).map(str::to_owned));
            }
            Some("." | "source") => self.environment_changed = true,
            Some("eval") => {
                self.environment_changed = true;
                self.arguments_changed = true;
            }
            Some("shift") => self.arguments_changed = true,
            // `set -e` changes options; anything else replaces the arguments.
            Some("set") => {
                let options = rest.iter().all(|word| word.literal().is_some_and(is_option));
                self.arguments_changed |= !options;
            }
            Some(_) | None => {}
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Command<'t> {
    pub(super) words: Vec<Word<'t>>,
    /// Inside of `if`, a loop, a subshell, a group.
    pub(super) nested: bool,
    /// Inside of one of these that is no group: an `exit` there need not end the script.
    pub(super) apart: bool,
    /// Part of a pipeline or sent to the background.
    pub(super) detached: bool,
    /// Behind `&&` or `||`.
    pub(super) conditional: bool,
}

impl Command<'_> {
    /// The shell may not come to what stands after it, or comes to it with other words or signals than they are read with here.
    /// A guard (`test -d /data || exit 1`) is no diversion: where the shell goes on, it goes on unchanged.
    pub(super) fn diverts(&self) -> bool {
        let Some((head, rest)) = self.words.split_first() else { return false };
        match head.literal() {
            Some("exit" | "return") => !(self.apart || self.detached || self.conditional),
            // Without a program it only redirects.
            Some("exec") => !rest.is_empty(),
            Some("alias" | "enable" | "trap") => true,
            // `command -v` asks; else the word behind it is run, and that may be any of these.
            Some("builtin" | "command") => {
                !rest.first().is_some_and(|word| matches!(word.literal(), Some("-v" | "-V")))
            }
            Some(_) | None => false,
        }
    }
}

#[derive(Debug, Default, Clone)]
pub(super) struct Word<'t> {
    pub(super) parts: Parts<'t>,
    /// Any of it is quoted: it stays one word, even an empty one.
    pub(super) quoted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// Borrowed where the text has it in one run.
    Literal(Cow<'t, str>),
    /// Put in by the kubelet.
    Reference {
        name: &'t str,
        source: &'t Source,
        quoted: bool,
    },
    Variable {
        name: String,
        quoted: bool,
        has_default: bool,
    },
    /// `$0`, `$1`, …
    Positional {
        position: usize,
        quoted: bool,
    },
    /// `$@`
    Arguments {
        quoted: bool,
    },
    /// A command substitution or an expansion that is not read; as written.
    Opaque(String),
}

/// Those of a word. Most have one, which takes no allocation of its own: a script may have thousands of words.
#[derive(Debug, Clone)]
pub(super) enum Parts<'t> {
    One(Part<'t>),
    Several(Vec<Part<'t>>),
}

impl Default for Parts<'_> {
    fn default() -> Self {
        Parts::Several(Vec::new())
    }
}

impl<'t> Deref for Parts<'t> {
    type Target = [Part<'t>];

    fn deref(&self) -> &[Part<'t>] {
        match self {
            Parts::One(part) => std::slice::from_ref(part),
            Parts::Several(parts) => parts,
        }
    }
}

impl<'t> Parts<'t> {
    fn last_mut(&mut self) -> Option<&mut Part<'t>> {
        match self {
            Parts::One(part) => Some(part),
            Parts::Several(parts) => parts.last_mut(),
        }
    }

    fn push(&mut self, part: Part<'t>) {
        *self = match std::mem::take(self) {
            Parts::One(first) => Parts::Several(vec![first, part]),
            Parts::Several(parts) if parts.is_empty() => Parts::One(part),
            Parts::Several(mut parts) => {
                parts.push(part);
                Parts::Several(parts)
            }
        };
    }
}

impl<'t> Word<'t> {
    /// The text of a word without any expansion.
    pub(super) fn literal(&self) -> Option<&str> {
        match &*self.parts {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    fn push(&mut self, run: &'t str) {
        match self.parts.last_mut() {
            _ if run.is_empty() => {}
            Some(Part::Literal(text)) => text.to_mut().push_str(run),
            Some(_) | None => self.parts.push(Part::Literal(Cow::Borrowed(run))),
        }
    }

    fn push_char(&mut self, c: char) {
        match self.parts.last_mut() {
            Some(Part::Literal(text)) => text.to_mut().push(c),
            Some(_) | None => self.parts.push(Part::Literal(Cow::Owned(c.to_string()))),
        }
    }

    fn is_empty(&self) -> bool {
        self.parts.is_empty() && !self.quoted
    }

    /// The name before `=`, if the word is an assignment.
    fn assigns(&self) -> Option<&str> {
        match self.parts.first() {
            Some(Part::Literal(text)) => text.split_once('=').map(|(name, _)| name).filter(|name| is_name(name)),
            Some(_) | None => None,
        }
    }
}

/// Reads a script; None for what is not understood as a whole (here-documents, open quotes, `function`).
pub(super) fn read(script: &Text) -> Option<Script<'_>> {
    reader::read(script)
}

fn is_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `-e`, `+x`, and `pipefail` behind `-o`.
fn is_option(word: &str) -> bool {
    word != "--" && word != "-" && (word.starts_with(['-', '+']) || word == "pipefail")
}
