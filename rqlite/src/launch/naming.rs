//! Which server the text of a script names as a command, where the script itself is not read: as a program, in a variable or in
//! arguments that a command begins with. A host, a word of an argument or a comment is no command.
//! Not its flags.

mod sentences;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::Program;
use super::programs::{self, ProgramKind};
use sentences::Sentence;

/// Scripts in scripts that are looked into; no sensible one has more.
const DEEPEST: usize = 8;
/// Commands whose output is what their arguments name.
const NAMERS: &[&str] = &["command", "echo", "printf", "readlink", "realpath", "type", "which"];

/// The server that the text starts, or Unreadable; `arguments` are those behind the script, `$0` first.
pub(super) fn named_in(text: &str, arguments: &[&str]) -> Program {
    let mut names = Names::default();
    let words: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let at = Position { scope: "", depth: 0, decides: true };
    if let Some((zero, rest)) = words.split_first() {
        let first = names.command(std::slice::from_ref(zero), &[], at.aside());
        names.values.insert("0".to_owned(), first);
        let others = names.operand(rest, at.aside());
        names.values.insert(arguments_of(""), others);
    }
    let named = names.script(text, at);
    names.resolve(named)
}

/// What a command may start.
#[derive(Debug, Default)]
struct NamedPrograms {
    server: bool,
    entrypoint: bool,
    /// Variables that the program comes from, and `@` with a function's name for its arguments.
    uses: BTreeSet<String>,
}

impl NamedPrograms {
    fn merge(&mut self, other: NamedPrograms) {
        self.server |= other.server;
        self.entrypoint |= other.entrypoint;
        self.uses.extend(other.uses);
    }
}

#[derive(Clone, Copy)]
struct Position<'a> {
    /// The function, or empty.
    scope: &'a str,
    depth: usize,
    /// What is found here is what the text starts: where that is the server, nothing behind it matters.
    decides: bool,
}

impl Position<'_> {
    /// Where what is found goes into a variable or into arguments.
    fn aside(self) -> Self {
        Position { decides: false, ..self }
    }
}

#[derive(Debug, Default)]
struct Names {
    values: BTreeMap<String, NamedPrograms>,
    functions: BTreeSet<String>,
}

impl Names {
    fn resolve(&self, named: NamedPrograms) -> Program {
        let mut open: Vec<&str> = named.uses.iter().map(String::as_str).collect();
        let mut seen: BTreeSet<&str> = open.iter().copied().collect();
        let (mut server, mut entrypoint) = (named.server, named.entrypoint);
        while let Some(value) = open.pop().map(|name| self.values.get(name)) {
            let Some(value) = value else { continue };
            server |= value.server;
            entrypoint |= value.entrypoint;
            open.extend(value.uses.iter().map(String::as_str).filter(|name| seen.insert(name)));
        }
        match (server, entrypoint) {
            (true, _) => Program::Rqlited,
            (false, true) => Program::Entrypoint,
            (false, false) => Program::Unreadable,
        }
    }

    fn script(&mut self, text: &str, at: Position) -> NamedPrograms {
        let mut named = NamedPrograms::default();
        if at.depth >= DEEPEST {
            return named;
        }
        let (sentences, functions) = sentences::of(text);
        self.functions.extend(functions);
        for Sentence { words, inputs, scope } in &sentences {
            let scope = if scope.is_empty() { at.scope } else { scope };
            let at = Position { scope, depth: at.depth + 1, ..at };
            let found = self.command(words, inputs, at);
            let decided = at.decides && self.is_server(&found);
            named.merge(found);
            if decided {
                break;
            }
        }
        named
    }

    /// Known without following variables to others.
    fn is_server(&self, named: &NamedPrograms) -> bool {
        let mut values = named.uses.iter().filter_map(|name| self.values.get(name));
        named.server || values.any(|value| value.server)
    }

    /// The words of one command, the program first.
    fn command(&mut self, words: &[String], inputs: &[String], at: Position) -> NamedPrograms {
        let mut words = words;
        while let Some((name, value)) = words.first().and_then(|word| assignment(word)) {
            self.assign(name, value, at);
            words = words.get(1..).unwrap_or_default();
        }
        let Some((head, rest)) = words.split_first().filter(|_| at.depth < DEEPEST) else {
            return NamedPrograms::default();
        };
        let at = Position { depth: at.depth + 1, ..at };
        match head.as_str() {
            "exec" | "command" | "builtin" => {
                if rest.first().is_some_and(|word| word == "-v" || word == "-V") {
                    return NamedPrograms::default();
                }
                let renamed = rest.first().is_some_and(|word| word == "-a");
                let skipped = rest.iter().skip(if renamed { 2 } else { 0 }).take_while(|word| word.starts_with('-'));
                let from = skipped.count() + if renamed { 2 } else { 0 };
                return self.command(rest.get(from..).unwrap_or_default(), inputs, at);
            }
            "export" | "local" | "readonly" | "declare" | "typeset" => {
                for (name, value) in rest.iter().filter_map(|word| assignment(word)) {
                    self.assign(name, value, at);
                }
                return NamedPrograms::default();
            }
            "eval" => return self.script(&rest.join(" "), at),
            "set" => {
                let given = self.operand(rest, at.aside());
                self.values.entry(arguments_of(at.scope)).or_default().merge(given);
                return NamedPrograms::default();
            }
            "for" => {
                if let Some((name, list)) = rest.split_first() {
                    let given = self.operand(list, at.aside());
                    self.values.entry(name.clone()).or_default().merge(given);
                }
                return NamedPrograms::default();
            }
            _ => {}
        }
        if self.functions.contains(head) {
            let given = self.operand(rest, at.aside());
            self.values.entry(arguments_of(head)).or_default().merge(given);
        }
        self.program(head, rest, inputs, at)
    }

    fn program(&mut self, head: &str, rest: &[String], inputs: &[String], at: Position) -> NamedPrograms {
        match programs::kind(programs::basename(head)) {
            ProgramKind::Server => NamedPrograms { server: true, ..NamedPrograms::default() },
            ProgramKind::Entrypoint => NamedPrograms { entrypoint: true, ..NamedPrograms::default() },
            ProgramKind::Shell | ProgramKind::ForeignShell => self.shell(rest, inputs, at),
            ProgramKind::Busybox => self.command(rest, inputs, at),
            ProgramKind::Wrapper => {
                let options = |word: &&String| word.starts_with(|c: char| c == '-' || c.is_ascii_digit());
                let from = rest.iter().take_while(options).count();
                self.command(rest.get(from..).unwrap_or_default(), inputs, at)
            }
            ProgramKind::Launcher => self.launched(head, rest, at),
            // `cat > /start <<E`: it may be run later; a name with no flag behind it is a word of a configuration.
            ProgramKind::Tool if matches!(head, "cat" | "tee") => self.written(inputs, at),
            ProgramKind::Tool => NamedPrograms::default(),
            ProgramKind::Unknown if head.starts_with(['$', '`']) => self.computed(head, at),
            ProgramKind::Unknown => NamedPrograms::default(),
        }
    }

    fn shell(&mut self, rest: &[String], inputs: &[String], at: Position) -> NamedPrograms {
        let mut named = NamedPrograms::default();
        let inline =
            rest.iter().position(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('c'));
        let script = inline.and_then(|option| rest.iter().skip(option + 1).find(|word| !word.starts_with('-')));
        for text in script.into_iter().chain(inputs) {
            named.merge(self.script(text, at));
        }
        named
    }

    fn written(&mut self, inputs: &[String], at: Position) -> NamedPrograms {
        let mut named = NamedPrograms::default();
        for text in inputs {
            let flagged = |line: &&str| line.contains(" -") || line.contains(" \"$") || line.contains(" $");
            let lines: Vec<&str> = text.lines().filter(flagged).collect();
            named.merge(self.script(&lines.join("\n"), at));
        }
        named
    }

    /// Arguments of which some begin a command, the ones before it unknown.
    fn operand(&mut self, words: &[String], at: Position) -> NamedPrograms {
        // As behind a launcher that takes nothing for itself.
        self.launched("nice", words, at)
    }

    /// What a launcher starts with these words behind it.
    fn launched(&mut self, launcher: &str, words: &[String], at: Position) -> NamedPrograms {
        let shown = std::iter::once(launcher).chain(words.iter().map(String::as_str));
        let known: Vec<Option<&str>> = shown.map(|word| (!word.starts_with(['$', '`'])).then_some(word)).collect();
        let search = programs::search(&known);
        let computed = words.iter().take(search.end.saturating_sub(1)).filter(|word| word.starts_with(['$', '`']));
        let mut named = NamedPrograms::default();
        for word in computed {
            named.merge(self.computed(word, at));
        }
        let started = search.started.and_then(|index| words.get(index.checked_sub(1)?..));
        if let Some(words) = started.filter(|_| at.depth < DEEPEST) {
            named.merge(self.command(words, &[], Position { depth: at.depth + 1, ..at }));
        }
        named
    }

    fn assign(&mut self, name: &str, value: &str, at: Position) {
        let value = value.strip_prefix('(').and_then(|list| list.strip_suffix(')')).unwrap_or(value);
        let named = self.script(value, at.aside());
        self.values.entry(name.to_owned()).or_default().merge(named);
    }

    /// `$BIN`, `${BIN:-rqlited}`, `$@`, `$(which rqlited)`.
    fn computed(&mut self, word: &str, at: Position) -> NamedPrograms {
        if let Some(inner) = word.strip_prefix("$(").or_else(|| word.strip_prefix('`')) {
            let text = inner.trim_end_matches([')', '`']);
            let (sentences, _) = sentences::of(text);
            let words = sentences.into_iter().next().map(|sentence| sentence.words).unwrap_or_default();
            return match words.split_first() {
                Some((head, rest)) if NAMERS.contains(&head.as_str()) => self.operand(rest, at),
                Some(_) | None => NamedPrograms::default(),
            };
        }
        let inner = word.trim_start_matches(['$', '{', '!']);
        let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inner.len());
        let (name, rest) = inner.split_at(end);
        let key = match name {
            "0" => "0".to_owned(),
            "" => arguments_of(at.scope),
            number if number.starts_with(|c: char| c.is_ascii_digit()) => arguments_of(at.scope),
            name => name.to_owned(),
        };
        let default = rest.split(|c: char| c.is_whitespace() || "\"'{}:=".contains(c));
        let kinds: Vec<ProgramKind> =
            default.map(|piece| programs::kind(programs::basename(piece.trim_start_matches(['-', '+'])))).collect();
        NamedPrograms {
            server: kinds.contains(&ProgramKind::Server),
            entrypoint: kinds.contains(&ProgramKind::Entrypoint),
            uses: BTreeSet::from([key]),
        }
    }
}

fn arguments_of(scope: &str) -> String {
    format!("@{scope}")
}

/// `NAME=VALUE`, `NAME+=VALUE`
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some((name, value))
}
