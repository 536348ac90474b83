//! Scripts in the small: words, nesting, and what is told as unreadable.
//! Whole launches by script are tested in `launch`.

use super::*;

/// Each command's words, `*` for what is not literal.
#[track_caller]
fn words(script: &str) -> Vec<Vec<String>> {
    let text = Text::literal(script);
    let script = read(&text).unwrap();
    let word = |word: &Word| word.literal().unwrap_or("*").to_owned();
    script.commands.iter().map(|command| command.words.iter().map(word).collect()).collect()
}

#[test]
fn commands_end_at_lines_and_operators() {
    assert_eq!(words("a b; c && d || e\nf"), [vec!["a", "b"], vec!["c"], vec!["d"], vec!["e"], vec!["f"]]);
    assert_eq!(words("a \\\n  b # c; d\n\n;;"), [["a", "b"]]);
}

#[test]
fn quotes_and_escapes_keep_a_word_together() {
    assert_eq!(words(r#"a 'b c' "d e"f g\ h '' "\$x\n""#), [["a", "b c", "d ef", "g h", "", "$x\\n"]]);
    assert_eq!(words("a#b {\"x\":1}"), [["a#b", "{x:1}"]]);
}

#[test]
fn expansions_are_told_from_text() {
    let text = Text::literal("$A \"${B:-c}\" $0 \"$@\" ${@} $(d \")\" e) `f` ${G#x} $? $1x $");
    let script = read(&text).unwrap();
    let parts: Vec<Vec<Part>> = script.commands[0].words.iter().map(|word| word.parts.to_vec()).collect();
    let variable = |name: &str, quoted, has_default| Part::Variable { name: name.into(), quoted, has_default };
    assert_eq!(
        parts,
        [
            vec![variable("A", false, false)],
            vec![variable("B", true, true)],
            vec![Part::Positional { position: 0, quoted: false }],
            vec![Part::Arguments { quoted: true }],
            vec![Part::Arguments { quoted: false }],
            vec![Part::Opaque("$(d \")\" e)".into())],
            vec![Part::Opaque("`f`".into())],
            vec![Part::Opaque("${G#x}".into())],
            vec![Part::Opaque("$?".into())],
            vec![Part::Positional { position: 1, quoted: false }, Part::Literal("x".into())],
            vec![Part::Literal("$".into())],
        ]
    );
}

#[test]
fn redirections_are_dropped() {
    assert_eq!(words("a >/dev/null 2>&1 b < \"in file\" &>x; c >> y"), [vec!["a", "b"], vec!["c"]]);
    assert!(read(&Text::literal("cat <<E\nE")).is_none());
}

#[test]
fn nesting_is_noted() {
    for nested in [
        "if a; then X; fi",
        "while a; do X; done",
        "for i in a b; do X; done",
        "(X)",
        "{ X; }",
        "case a in b|c) X;; esac",
    ] {
        let text = Text::literal(&format!("{nested}\nY"));
        let script = read(&text).unwrap();
        let nested_of = |name: &str| {
            let named = |command: &&Command| command.words[0].literal() == Some(name);
            script.commands.iter().find(named).unwrap().nested
        };
        assert!(nested_of("X"), "{nested}");
        assert!(!nested_of("Y"), "{nested}");
    }
}

#[test]
fn pipelines_and_background_are_detached() {
    let text = Text::literal("a | b & c");
    let script = read(&text).unwrap();
    assert_eq!(script.commands.iter().map(|command| command.detached).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn only_what_ends_or_changes_the_way_there_diverts() {
    let diverts = |text: &str| read(&Text::literal(text)).unwrap().commands.iter().any(Command::diverts);
    for text in [
        "exit",
        "exit 0; a",
        "[ -f /x ] && A=1; exit 0",
        "{ exit 0; }",
        "a || { b; }; exit 0",
        "return",
        "exec a",
        "if a; then exec b; fi",
        "a && exec b",
        "alias a=b",
        "trap '' TERM",
        "builtin exec a",
        "command a",
        "enable -n exec",
    ] {
        assert!(diverts(text), "{text}");
    }
    for text in [
        "a || { b; exit 1; }",
        "a &&\nexit 1",
        "if a; then { exit 1; }; fi",
        "a || exit 1",
        "if a; then exit; fi",
        "(exit 1)",
        "exit 1 | a",
        "exec >/log 2>&1",
        "command -v a",
    ] {
        assert!(!diverts(text), "{text}");
    }
}

#[test]
fn what_the_script_sets_is_noted() {
    let text = Text::literal("A=1 B=\"$x\"; export C=2 D; read E; for F in 1 2; do :; done; set -eu -o pipefail");
    let script = read(&text).unwrap();
    assert_eq!(script.assigned.iter().collect::<Vec<_>>(), ["A", "B", "C", "E", "F"]);
    assert!(!script.arguments_changed && !script.environment_changed);
    for changes in ["set -- a", "shift", "eval x", "set a"] {
        assert!(read(&Text::literal(changes)).unwrap().arguments_changed, "{changes}");
    }
    assert!(read(&Text::literal(". /env")).unwrap().environment_changed);
}

#[test]
fn builtins_and_expansions_that_set_a_variable_are_noted() {
    for text in ["printf -v N 5", "let N=5", ": ${N:=5}", ": \"${N=5}\"", "readarray N"] {
        assert!(read(&Text::literal(text)).unwrap().assigned.contains("N"), "{text}");
    }
    for text in ["printf %s N", "echo ${N:-5} ${N#a=b}"] {
        assert!(!read(&Text::literal(text)).unwrap().assigned.contains("N"), "{text}");
    }
}

#[test]
fn a_carriage_return_is_part_of_its_word() {
    assert_eq!(words("a b=3\r\nc"), [vec!["a", "b=3\r"], vec!["c"]]);
}

#[test]
fn what_stays_open_or_defines_a_function_is_unreadable() {
    for open in ["'a", "\"a", "$(a", "${a", "`a", "a\\", "function f { a; }", "f() { a; }", "f () { a; }"] {
        assert!(read(&Text::literal(open)).is_none(), "{open}");
    }
}
