//! Whether a condition is CEL: it is parsed, never evaluated.
//! Does not know whether it compiles; the API server has the types.

use std::thread;

use cel::parser::Parser;

use crate::text::message;

/// Deepest brackets. The parser calls itself for each one; the deepest of our own conditions has seven.
const MAX_DEPTH: usize = 32;
/// The longest chains (`a+a+…`, 4096 bytes) take between 1 and 2 MiB of stack with the least optimised parser that we
/// build; what is not used costs nothing.
const STACK_BYTES: usize = 8 << 20;

/// Why the expression is refused, after its place. Its length is bounded before.
pub(super) fn check(expression: &str) -> Result<(), String> {
    if depth(expression) > MAX_DEPTH {
        return Err(format!("nests more than {MAX_DEPTH} brackets; split it into several conditions"));
    }
    // A thread of its own: its stack is as large as the parser needs, and a panic of the parser ends there.
    let parsed = thread::scope(|scope| {
        let thread = thread::Builder::new().name("cel".to_owned()).stack_size(STACK_BYTES);
        let started = thread.spawn_scoped(scope, || parse(expression));
        started.map_err(|error| format!("was not checked: {error}"))?.join().map_err(|_| {
            // The text of the panic is of no use to the author.
            "is no CEL expression: the parser gave up; write it more simply".to_owned()
        })?
    });
    parsed.map_err(|fault| message(&fault))
}

fn parse(expression: &str) -> Result<(), String> {
    // Optionals (`object.?spec`) are on in the API server since 1.29.
    let Err(errors) = Parser::new().enable_optional_syntax(true).parse(expression) else { return Ok(()) };
    let Some(first) = errors.errors.first() else { return Err("is no CEL expression".to_owned()) };
    let (line, column) = first.pos;
    if first.msg.contains("Recursion limit") {
        return Err(format!("nests too deeply at line {line}, column {column}; split it into several conditions"));
    }
    // What could stand there instead is every token of the language.
    let what = first.msg.split(" expecting {").next().unwrap_or_default().trim_start_matches("Syntax error: ");
    Err(format!("is no CEL expression, line {line}, column {column}: {what}"))
}

/// How deep the brackets outside of strings and comments nest.
fn depth(expression: &str) -> usize {
    let bytes = expression.as_bytes();
    let (mut at, mut depth, mut deepest) = (0, 0_usize, 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'(' | b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'\'' | b'"' => at += string_bytes(bytes.split_at(at).1, is_raw(bytes.split_at(at).0)) - 1,
            b'/' if bytes.get(at + 1) == Some(&b'/') => at += comment_bytes(bytes.split_at(at).1),
            _ => {}
        }
        at += 1;
    }
    deepest
}

/// Whether a backslash stands for itself: `r"…"`, `br"…"`.
fn is_raw(before: &[u8]) -> bool {
    let prefix = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_');
    let mut length = 0;
    let has_r = prefix.inspect(|_| length += 1).filter(|byte| byte.eq_ignore_ascii_case(&b'r')).count() > 0;
    has_r && length <= 2
}

/// The string that begins here, with its quotes; up to the end where it is not closed. Never 0.
fn string_bytes(rest: &[u8], is_raw: bool) -> usize {
    let quote = rest.first().copied().unwrap_or_default();
    let triple = [quote; 3];
    let end: &[u8] = if rest.starts_with(&triple) { &triple } else { triple.split_at(1).0 };
    let mut at = end.len();
    while at < rest.len() {
        let here = rest.split_at(at).1;
        if here.starts_with(end) {
            return at + end.len();
        }
        at += if !is_raw && here.first() == Some(&b'\\') { 2 } else { 1 };
    }
    rest.len().max(1)
}

fn comment_bytes(rest: &[u8]) -> usize {
    rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(expression: &str, why: &str) {
        assert_eq!(check(expression).unwrap_err(), why);
    }

    #[test]
    fn takes_what_a_match_condition_is() {
        for expression in [
            "true",
            "object.spec.replicas < oldObject.spec.replicas",
            "object.?spec.?replicas.orValue(1) > 0",
            "has(object.metadata.labels) && object.metadata.labels.all(key, key.startsWith('app'))",
            "!('system:masters' in request.userInfo.groups)",
            "// why\n request.name == \"a(b\"",
        ] {
            assert_eq!(check(expression), Ok(()), "{expression}");
        }
    }

    #[test]
    fn refuses_what_does_not_parse_and_says_where() {
        refused("object.spec ==", "is no CEL expression, line 1, column 15: mismatched input '<EOF>'");
    }

    #[test]
    fn refuses_deep_brackets_before_the_parser_sees_them() {
        let why = "nests more than 32 brackets; split it into several conditions";
        refused(&"(".repeat(100_000), why);
        refused(&format!("{}1{}", "[".repeat(33), "]".repeat(33)), why);
        refused(&format!("{}1{}", "{1: ".repeat(33), "}".repeat(33)), why);
        // A closing bracket in a string closes nothing.
        refused(&format!("{}1", "(')' == ".repeat(33)), why);
        assert_eq!(check(&format!("{}1{}", "(".repeat(32), ")".repeat(32))), Ok(()));
    }

    #[test]
    fn counts_no_brackets_in_strings_and_comments() {
        let open = "(".repeat(40);
        for expression in [
            format!("'{open}' == a"),
            format!(r#""\"{open}" == a"#),
            format!(r#"r"\" == a || "{open}" == b"#),
            format!("'''{open} ' {open}''' == a"),
            format!("a // {open}\n == b"),
        ] {
            assert_eq!(depth(&expression), 0, "{expression}");
            assert_eq!(check(&expression), Ok(()), "{expression}");
        }
    }

    /// Each nests or chains without brackets, as far as 4096 bytes go.
    #[test]
    fn survives_the_longest_chains() {
        for (first, repeated) in
            [("a", "+a"), ("a", "<a"), ("a", ".a"), ("a", "[0]"), ("a", "&&a"), ("", "!"), ("", "-")]
        {
            let expression = format!("{first}{}", repeated.repeat((4096 - 1) / repeated.len()));
            // The chains parse; the signs lack what they stand before.
            assert_eq!(check(&expression).is_ok(), !first.is_empty(), "{repeated}");
        }
        let ternaries = format!("{}b", "a?b:".repeat(1000));
        refused(&ternaries, "nests too deeply at line 1, column 385; split it into several conditions");
    }
}
