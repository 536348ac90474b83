//! A script's text as commands of words, whatever else it holds: functions, here-documents, `case`, other shells' words.
//! Quotes, comments and redirections are taken away; nothing is expanded, and substitutions stay in their words.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// One command.
#[derive(Debug, Default)]
pub(super) struct Sentence {
    pub(super) words: Vec<String>,
    /// Its here-documents.
    pub(super) inputs: Vec<String>,
    /// The function that it stands in, or empty.
    pub(super) scope: String,
}

/// Words behind which a command begins.
const KEYWORDS: &[&str] = &["!", "do", "elif", "else", "if", "then", "time", "until", "while"];

enum Lexeme {
    Word(String),
    Input(String),
    /// `;`, `&`, `|`, a line's end, or a parenthesis.
    Break(char),
    /// `;;`
    Clause,
}

/// The commands, and the names of the functions among them.
pub(super) fn of(text: &str) -> (Vec<Sentence>, BTreeSet<String>) {
    let mut lexer = Lexer { rest: text.chars().peekable(), waiting: vec![], inputs: vec![] };
    let mut builder = Builder::default();
    while let Some(lexeme) = lexer.next() {
        builder.take(lexeme);
    }
    builder.end();
    (builder.sentences, builder.functions)
}

#[derive(Default)]
struct Builder {
    sentences: Vec<Sentence>,
    functions: BTreeSet<String>,
    current: Sentence,
    /// A function whose `{` is still to come.
    defined: Option<String>,
    /// Open braces, each with the function that it begins.
    braces: Vec<Option<String>>,
    cases: usize,
    /// Up to the `)` of a `case` stand patterns.
    pattern: bool,
    opened: bool,
}

impl Builder {
    fn take(&mut self, lexeme: Lexeme) {
        let opened = std::mem::take(&mut self.opened);
        match lexeme {
            Lexeme::Input(text) => match self.sentences.last_mut().filter(|_| self.current.words.is_empty()) {
                Some(last) => last.inputs.push(text),
                None => self.current.inputs.push(text),
            },
            Lexeme::Clause => {
                self.end();
                self.pattern = self.cases > 0;
            }
            Lexeme::Break(')') if self.pattern => self.pattern = false,
            Lexeme::Break(_) if self.pattern => {}
            // `name()`
            Lexeme::Break('(') if self.current.words.len() == 1 => self.opened = true,
            Lexeme::Break(')') if opened => {
                self.defined = std::mem::take(&mut self.current.words).pop();
                self.functions.extend(self.defined.clone());
            }
            Lexeme::Break(_) => self.end(),
            Lexeme::Word(word) => self.word(word),
        }
    }

    fn word(&mut self, word: String) {
        let first = self.current.words.is_empty();
        match word.as_str() {
            "esac" if first => {
                self.cases = self.cases.saturating_sub(1);
                self.pattern = false;
            }
            _ if self.pattern => {}
            "{" if first => self.braces.push(self.defined.take()),
            "}" if first => drop(self.braces.pop()),
            keyword if first && KEYWORDS.contains(&keyword) => {}
            "in" if self.current.words.first().is_some_and(|head| head == "case") => {
                self.current = Sentence::default();
                self.cases += 1;
                self.pattern = true;
            }
            "{" if self.current.words.first().is_some_and(|head| head == "function") => {
                let name = self.current.words.get(1).cloned();
                self.functions.extend(name.clone());
                self.braces.push(name);
                self.current = Sentence::default();
            }
            _ => self.current.words.push(word),
        }
    }

    fn end(&mut self) {
        let mut sentence = std::mem::take(&mut self.current);
        if sentence.words.is_empty() && sentence.inputs.is_empty() {
            return;
        }
        sentence.scope = self.braces.iter().rev().flatten().next().cloned().unwrap_or_default();
        self.sentences.push(sentence);
    }
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    /// Here-documents that begin behind this line: their last lines, and whether tabs before these are dropped.
    waiting: Vec<(String, bool)>,
    inputs: Vec<String>,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<Lexeme> {
        if let Some(input) = self.inputs.pop() {
            return Some(Lexeme::Input(input));
        }
        loop {
            match *self.rest.peek()? {
                '\n' => {
                    self.rest.next();
                    self.read_inputs();
                    return Some(Lexeme::Break('\n'));
                }
                c if c.is_whitespace() => drop(self.rest.next()),
                '#' => while self.rest.next_if(|c| *c != '\n').is_some() {},
                '<' | '>' => {
                    if let Some(input) = self.redirection() {
                        return Some(Lexeme::Input(input));
                    }
                }
                ';' => {
                    self.rest.next();
                    let clause = self.rest.next_if(|c| *c == ';').is_some();
                    return Some(if clause { Lexeme::Clause } else { Lexeme::Break(';') });
                }
                c @ ('&' | '|' | '(' | ')') => {
                    self.rest.next();
                    // `&>log`
                    if c != '&' || self.rest.peek() != Some(&'>') {
                        return Some(Lexeme::Break(c));
                    }
                }
                _ => return Some(Lexeme::Word(self.word())),
            }
        }
    }

    fn blanks(&mut self) {
        while self.rest.next_if(|c| *c == ' ' || *c == '\t').is_some() {}
    }

    /// Its target is dropped; the text of a here-string is given back.
    fn redirection(&mut self) -> Option<String> {
        let mut operator = String::new();
        while let Some(c) = self.rest.next_if(|c| matches!(c, '<' | '>' | '&' | '|' | '-')) {
            operator.push(c);
        }
        self.blanks();
        let target = self.word();
        match operator.as_str() {
            "<<<" => return Some(target),
            "<<" | "<<-" => self.waiting.push((target, operator.ends_with('-'))),
            _ => {}
        }
        None
    }

    fn read_inputs(&mut self) {
        for (last, tabs) in std::mem::take(&mut self.waiting) {
            let mut text = String::new();
            while self.rest.peek().is_some() {
                let mut line = String::new();
                while let Some(c) = self.rest.next_if(|c| *c != '\n') {
                    line.push(c);
                }
                self.rest.next();
                if (if tabs { line.trim_start_matches('\t') } else { &line }) == last {
                    break;
                }
                text.push_str(&line);
                text.push('\n');
            }
            self.inputs.insert(0, text);
        }
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(&c) = self.rest.peek() {
            match c {
                '(' if word.ends_with('=') => self.enclosed('(', ')', &mut word),
                c if c.is_whitespace() || ";&|()<>".contains(c) => break,
                '\\' => {
                    self.rest.next();
                    word.extend(self.rest.next().filter(|c| *c != '\n'));
                }
                '\'' => {
                    self.rest.next();
                    while let Some(c) = self.rest.next().filter(|c| *c != '\'') {
                        word.push(c);
                    }
                }
                '"' => self.quoted(&mut word),
                '$' | '`' => self.expansion(&mut word),
                c => {
                    self.rest.next();
                    word.push(c);
                }
            }
        }
        word
    }

    fn quoted(&mut self, word: &mut String) {
        self.rest.next();
        while let Some(&c) = self.rest.peek() {
            match c {
                '$' | '`' => self.expansion(word),
                c => {
                    self.rest.next();
                    match c {
                        '"' => return,
                        '\\' => word.extend(self.rest.next().filter(|c| *c != '\n')),
                        c => word.push(c),
                    }
                }
            }
        }
    }

    fn expansion(&mut self, word: &mut String) {
        let Some(first) = self.rest.next() else { return };
        word.push(first);
        match (first, self.rest.peek()) {
            ('`', _) => {
                for c in self.rest.by_ref() {
                    word.push(c);
                    if c == '`' {
                        return;
                    }
                }
            }
            (_, Some('(')) => self.enclosed('(', ')', word),
            (_, Some('{')) => self.enclosed('{', '}', word),
            _ => {}
        }
    }

    /// As written, up to the one that closes it.
    fn enclosed(&mut self, open: char, close: char, word: &mut String) {
        let mut depth = 0_usize;
        for c in self.rest.by_ref() {
            word.push(c);
            if c == open {
                depth += 1;
            } else if c == close {
                depth = depth.saturating_sub(1);
            }
            if depth == 0 {
                return;
            }
        }
    }
}
