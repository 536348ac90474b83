//! The shell's quoting and its operators, character by character.
//! Not what a command means for those after it: `Script` notes that.

use super::cursor::{Atom, Cursor};
use super::{Command, Part, Script, Word, is_name};
use crate::launch::env::Text;
use crate::value::Source;

pub(super) fn read(script: &Text) -> Option<Script<'_>> {
    Reader::at(Cursor::at_start_of(script)).script()
}

/// What is not simply a part of its word, outside of quotes.
fn is_special(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t'
            | b'\n'
            | b';'
            | b'#'
            | b'&'
            | b'|'
            | b'<'
            | b'>'
            | b'('
            | b')'
            | b'\\'
            | b'\''
            | b'"'
            | b'$'
            | b'`'
    )
}

struct Reader<'t> {
    cursor: Cursor<'t>,
    script: Script<'t>,
    current: Command<'t>,
    word: Word<'t>,
    depth: usize,
    parentheses: usize,
    /// The command in the making stands behind `&&` or `||`.
    conditional: bool,
    /// It assigns a variable.
    assigns: bool,
    /// The open `{`, and whether they stand behind `&&` or `||`.
    groups: Vec<bool>,
    /// In the head of a `case` or a `for`, which are no commands.
    head: Option<&'static str>,
    unreadable: bool,
}

impl<'t> Reader<'t> {
    fn at(cursor: Cursor<'t>) -> Self {
        Reader {
            cursor,
            script: Script::default(),
            current: Command::default(),
            word: Word::default(),
            depth: 0,
            parentheses: 0,
            conditional: false,
            assigns: false,
            groups: vec![],
            head: None,
            unreadable: false,
        }
    }

    fn script(mut self) -> Option<Script<'t>> {
        loop {
            let run = self.cursor.take_until(is_special);
            self.word.push(run);
            match self.cursor.next() {
                Some(Atom::Reference { name, source }) => self.reference(name, source, false),
                Some(Atom::Char(c)) => self.plain(c)?,
                None => break,
            }
        }
        self.end_command(false);
        (!self.unreadable).then_some(self.script)
    }

    fn reference(&mut self, name: &'t str, source: &'t Source, quoted: bool) {
        self.word.parts.push(Part::Reference { name, source, quoted });
    }

    fn plain(&mut self, c: char) -> Option<()> {
        match c {
            // `\r` is none: the shell passes it on (`-bootstrap-expect=3\r`).
            ' ' | '\t' => self.end_word(),
            '\n' | ';' => self.end_command(false),
            '#' if self.word.is_empty() => self.skip_line(),
            '&' if self.cursor.take('&') => self.end_condition(),
            '&' if self.cursor.peek() == Some('>') => self.end_word(),
            '&' => self.end_command(true),
            '|' if self.cursor.take('|') => self.end_condition(),
            '|' => self.end_command(true),
            '<' | '>' => self.redirect(c)?,
            // `name()`: what it does is told from its calls only.
            '(' if !(self.word.is_empty() && self.current.words.is_empty()) => return None,
            '(' => {
                self.end_command(false);
                self.depth += 1;
                self.parentheses += 1;
            }
            ')' => self.close_parenthesis(),
            '\\' => match self.cursor.next()? {
                Atom::Char('\n') => {}
                Atom::Char(c) => {
                    self.word.quoted = true;
                    self.word.push_char(c);
                }
                Atom::Reference { .. } => return None,
            },
            '\'' => self.single_quoted()?,
            '"' => self.double_quoted()?,
            '$' => self.dollar(false)?,
            '`' => self.backquoted()?,
            c => self.word.push_char(c),
        }
        Some(())
    }

    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        if matches!(self.head, Some("case" | "for")) && word.literal() == Some("in") && !word.quoted {
            // The list of a `for` runs to the end of the command and is none itself.
            self.head = self.head.filter(|head| *head == "for").map(|_| "list");
            self.current = Command::default();
            return;
        }
        let at_start = self.current.words.is_empty() && self.head.is_none();
        match word.literal().filter(|_| at_start && !word.quoted) {
            Some("if" | "while" | "until") => self.depth += 1,
            Some("fi" | "done" | "esac") => self.depth = self.depth.saturating_sub(1),
            // It runs in place, and all of it where its first command would.
            Some("{") => self.groups.push(std::mem::take(&mut self.conditional)),
            Some("}") => drop(self.groups.pop()),
            Some("then" | "elif" | "else" | "do" | "!") => {}
            // Its body could not be told from the commands around it.
            Some("function") => self.unreadable = true,
            Some("case") => {
                self.depth += 1;
                self.head = Some("case");
            }
            Some("for") => {
                self.depth += 1;
                self.head = Some("for");
            }
            Some(_) | None => match word.assigns().filter(|_| at_start) {
                Some(name) => {
                    self.script.assigned.insert(name.to_owned());
                    self.assigns = true;
                }
                None => {
                    if let Some(name) = word.literal().filter(|_| self.head == Some("for")) {
                        self.script.assigned.insert(name.to_owned());
                    }
                    self.current.words.push(word);
                }
            },
        }
    }

    /// At `&&` and `||`.
    fn end_condition(&mut self) {
        self.end_command(false);
        self.conditional = true;
    }

    fn end_command(&mut self, detached: bool) {
        self.end_word();
        let head = self.head.take();
        let mut command = std::mem::take(&mut self.current);
        let assigns = std::mem::take(&mut self.assigns);
        if command.words.is_empty() || head.is_some() {
            // `a && A=1; b`: the condition was for the assignment. A line's end behind `&&` ends nothing.
            self.conditional &= !assigns;
            return;
        }
        command.apart = self.depth > 0;
        command.nested = command.apart || !self.groups.is_empty();
        command.detached = detached;
        command.conditional = std::mem::take(&mut self.conditional) || self.groups.contains(&true);
        self.script.note_effects(&command);
        self.script.commands.push(command);
    }

    /// `name)` without an opening parenthesis is a pattern of `case`, not a command.
    fn close_parenthesis(&mut self) {
        if self.parentheses == 0 {
            self.end_word();
            self.current = Command::default();
            return;
        }
        self.end_command(false);
        self.parentheses -= 1;
        self.depth = self.depth.saturating_sub(1);
    }

    fn skip_line(&mut self) {
        self.cursor.take_until(|byte| byte == b'\n');
        while self.cursor.peek().is_none() && self.cursor.next().is_some() {
            self.cursor.take_until(|byte| byte == b'\n');
        }
    }

    /// Skips the target; a here-document cannot be told from commands.
    fn redirect(&mut self, c: char) -> Option<()> {
        let descriptor = self.word.literal().is_some_and(|text| text.chars().all(|c| c.is_ascii_digit()));
        if descriptor {
            self.word = Word::default();
        }
        self.end_word();
        if c == '<' && self.cursor.peek() == Some('<') {
            return None;
        }
        self.cursor.take_until(|byte| !matches!(byte, b'>' | b'&' | b'|' | b' ' | b'\t'));
        let mut target = Reader::at(self.cursor);
        while target.cursor.peek().is_none_or(|c| !" \t\n;&|()<>".contains(c)) {
            match target.cursor.next() {
                Some(Atom::Char(c)) => target.plain(c)?,
                Some(Atom::Reference { .. }) => {}
                None => break,
            }
        }
        self.cursor = target.cursor;
        Some(())
    }

    fn single_quoted(&mut self) -> Option<()> {
        self.word.quoted = true;
        loop {
            let run = self.cursor.take_until(|byte| byte == b'\'');
            self.word.push(run);
            match self.cursor.next()? {
                Atom::Reference { name, source } => self.reference(name, source, true),
                Atom::Char(_) => return Some(()),
            }
        }
    }

    fn double_quoted(&mut self) -> Option<()> {
        self.word.quoted = true;
        loop {
            let run = self.cursor.take_until(|byte| matches!(byte, b'"' | b'$' | b'`' | b'\\'));
            self.word.push(run);
            match self.cursor.next()? {
                Atom::Char('"') => return Some(()),
                Atom::Char('$') => self.dollar(true)?,
                Atom::Char('`') => self.backquoted()?,
                Atom::Char('\\') => match self.cursor.next()? {
                    Atom::Char('\n') => {}
                    Atom::Char(c) => {
                        if !matches!(c, '$' | '`' | '"' | '\\') {
                            self.word.push_char('\\');
                        }
                        self.word.push_char(c);
                    }
                    Atom::Reference { .. } => return None,
                },
                Atom::Char(c) => self.word.push_char(c),
                Atom::Reference { name, source } => self.reference(name, source, true),
            }
        }
    }

    /// Behind a `$`.
    fn dollar(&mut self, quoted: bool) -> Option<()> {
        let part = match self.cursor.peek() {
            Some('(') => Part::Opaque(self.balanced('(', ')')?),
            Some('{') => {
                let text = self.balanced('{', '}')?;
                self.script.assigned.extend(assigned_in(&text));
                parameter(&text, quoted)
            }
            Some('@') => {
                self.cursor.next();
                Part::Arguments { quoted }
            }
            Some(digit @ '0'..='9') => {
                self.cursor.next();
                Part::Positional { position: usize::try_from(digit.to_digit(10)?).ok()?, quoted }
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name = self.cursor.take_until(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_'));
                Part::Variable { name: name.to_owned(), quoted, has_default: false }
            }
            Some(c @ ('*' | '#' | '?' | '!' | '$' | '-')) => {
                self.cursor.next();
                Part::Opaque(format!("${c}"))
            }
            Some(_) | None => {
                self.word.push_char('$');
                return Some(());
            }
        };
        self.word.parts.push(part);
        Some(())
    }

    /// The text of a bracketed expansion, with its brackets and the `$` before them.
    fn balanced(&mut self, open: char, close: char) -> Option<String> {
        let mut text = "$".to_owned();
        let mut depth = 0_usize;
        loop {
            match self.cursor.next()? {
                Atom::Char(c) => {
                    text.push(c);
                    if matches!(c, '\'' | '"') {
                        self.copy_quoted(c, &mut text)?;
                    }
                    depth = (depth + usize::from(c == open)).saturating_sub(usize::from(c == close));
                    if depth == 0 {
                        return Some(text);
                    }
                }
                reference @ Atom::Reference { .. } => reference.push_to(&mut text),
            }
        }
    }

    fn copy_quoted(&mut self, quote: char, text: &mut String) -> Option<()> {
        loop {
            self.cursor.next()?.push_to(text);
            if text.ends_with(quote) && !text.ends_with("\\\"") {
                return Some(());
            }
        }
    }

    fn backquoted(&mut self) -> Option<()> {
        let mut text = "`".to_owned();
        loop {
            match self.cursor.next()? {
                Atom::Char('`') => break,
                atom @ (Atom::Char(_) | Atom::Reference { .. }) => atom.push_to(&mut text),
            }
        }
        text.push('`');
        self.word.parts.push(Part::Opaque(text));
        Some(())
    }
}

/// `${NAME:=value}` sets the variable for all that follows.
fn assigned_in(text: &str) -> Option<String> {
    let (name, _) = text.strip_prefix("${")?.split_once('=')?;
    let name = name.strip_suffix(':').unwrap_or(name);
    is_name(name).then(|| name.to_owned())
}

/// `${NAME}`, `${NAME:-default}` and its kin, `${1}`, `${@}`; all other expansions are opaque.
fn parameter<'t>(text: &str, quoted: bool) -> Part<'t> {
    let inner = text.trim_start_matches("${").trim_end_matches('}');
    if inner == "@" {
        return Part::Arguments { quoted };
    }
    if let Ok(position) = inner.parse() {
        return Part::Positional { position, quoted };
    }
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, operator) = inner.split_at(end);
    let has_default = [":-", "-", ":=", "=", ":?", "?"].iter().any(|start| operator.starts_with(start));
    if is_name(name) && (operator.is_empty() || has_default) {
        Part::Variable { name: name.to_owned(), quoted, has_default }
    } else {
        Part::Opaque(text.to_owned())
    }
}
