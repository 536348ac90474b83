//! JUnit XML, as GitLab, Jenkins and others read it: a test case for every change, object that is kept, file that could not be read, and what was
//! not evaluated. A denial is a failure, unreadable input an error, what was not judged or evaluated is skipped; what is kept passes, with a warning.

use std::io::{self, Write};

use kubernetes::verdict::{Level, Verdict};

use super::super::result::{CheckResult, EvaluatedChange, InputError, KeptObject, LocatedFinding, NotEvaluated};

pub(super) fn write(result: &CheckResult, out: &mut dyn Write) -> io::Result<()> {
    let denied = result.count(Verdict::Denied);
    let errors = result.input_errors.len();
    let skipped = result.not_evaluated.len().saturating_add(result.count(Verdict::NotJudged));
    let others = errors.saturating_add(result.kept.len()).saturating_add(result.not_evaluated.len());
    let tests = result.changes.len().saturating_add(others);
    let counts = format!("tests=\"{tests}\" failures=\"{denied}\" errors=\"{errors}\" skipped=\"{skipped}\"");
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"quorate check\" {counts}>\n  <testsuite name=\"quorate check\" {counts}>")?;
    result.changes.iter().try_for_each(|evaluated| change(evaluated, out))?;
    for KeptObject { id, file, reason, .. } in &result.kept {
        let body = format!("<system-out>warn kept in the cluster: {}</system-out>", escaped(reason));
        case("kept", &id.shown(), file, None, &body, out)?;
    }
    for InputError { path, message, .. } in &result.input_errors {
        case("unreadable", path, path, None, &format!("<error message=\"{}\"/>", escaped(message)), out)?;
    }
    for NotEvaluated { path, what, reason, .. } in &result.not_evaluated {
        let name = what.as_deref().unwrap_or(path);
        case("not evaluated", name, path, None, &format!("<skipped message=\"{}\"/>", escaped(reason)), out)?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn change(evaluated: &EvaluatedChange, out: &mut dyn Write) -> io::Result<()> {
    let operation = evaluated.operation.map_or("shape", |operation| operation.name());
    let name = format!("{} {operation}", evaluated.subject());
    let body: Vec<String> = evaluated.findings.iter().map(|found| element(evaluated, found)).collect();
    case(
        "quorate check",
        &name,
        &evaluated.location.file,
        Some(evaluated.location.position.line),
        &body.join("\n      "),
        out,
    )
}

fn element(evaluated: &EvaluatedChange, LocatedFinding { finding, location }: &LocatedFinding) -> String {
    let place = format!(
        "{}:{}:{}",
        location.rendered.as_deref().unwrap_or(&location.file),
        location.position.line,
        location.position.column
    );
    let (rule, text) = (escaped(&finding.rule), escaped(&super::sentence(evaluated, finding)));
    match finding.level {
        Level::Deny => format!("<failure type=\"{rule}\" message=\"{text}\">{}</failure>", escaped(&place)),
        Level::NotJudged => format!("<skipped message=\"{rule}: {text}\"/>"),
        Level::Warn => format!("<system-out>warn {rule}: {text} ({})</system-out>", escaped(&place)),
    }
}

fn case(class: &str, name: &str, file: &str, line: Option<usize>, body: &str, out: &mut dyn Write) -> io::Result<()> {
    let line = line.map(|line| format!(" line=\"{line}\"")).unwrap_or_default();
    let (class, name, file) = (escaped(class), escaped(name), escaped(file));
    let opening = format!("    <testcase classname=\"{class}\" name=\"{name}\" file=\"{file}\"{line}");
    if body.is_empty() {
        writeln!(out, "{opening}/>")
    } else {
        writeln!(out, "{opening}>\n      {body}\n    </testcase>")
    }
}

/// Fit for a text and for an attribute; what XML 1.0 cannot hold becomes U+FFFD.
fn escaped(text: &str) -> String {
    let one = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&apos;".to_owned(),
        c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}'.to_string(),
        c => c.to_string(),
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_ends_an_attribute_early() {
        assert_eq!(escaped("a<\"b\u{1b}'&>"), "a&lt;&quot;b\u{fffd}&apos;&amp;&gt;");
    }
}
