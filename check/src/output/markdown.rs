//! Markdown, for the summary of a job or a comment on a pull request: a table of the findings, and what was not evaluated.
//! Text of manifests is escaped: it is others' words.

use std::io::{self, Write};

use kubernetes::verdict::{Level, Verdict};

use super::super::result::{CheckResult, InputError, NotEvaluated, SourceLocation, verdict_name};

pub(super) fn write(result: &CheckResult, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "### quorate check: {}\n", escaped(&result.summary()))?;
    let speaks = result
        .changes
        .iter()
        .filter(|evaluated| !evaluated.findings.is_empty() || evaluated.verdict != Verdict::Allowed);
    let mut rows =
        speaks.flat_map(|evaluated| evaluated.findings.iter().map(move |found| (evaluated, found))).peekable();
    if rows.peek().is_some() {
        writeln!(out, "| verdict | object | finding | line |\n|---|---|---|---|")?;
    }
    for (evaluated, found) in rows {
        let level = match found.finding.level {
            Level::Deny => "**deny**",
            Level::Warn => "warn",
            Level::NotJudged => "not judged",
        };
        let remedy =
            if found.finding.remedy.is_empty() { String::new() } else { format!("; {}", found.finding.remedy) };
        let text = format!("{}{remedy}", found.finding.message);
        writeln!(
            out,
            "| {} | {} | {level} `{}`: {} | {} |",
            verdict_name(evaluated.verdict),
            escaped(&evaluated.subject()),
            found.finding.rule,
            escaped(&text),
            line(&found.location)
        )?;
    }
    let unreadable =
        result.input_errors.iter().map(|InputError { path, message, .. }| format!("unreadable {path}: {message}"));
    let not_evaluated = result.not_evaluated.iter().map(|NotEvaluated { path, what, reason, .. }| {
        let what = what.as_deref().map(|what| format!("{what}: ")).unwrap_or_default();
        format!("not evaluated {path}: {what}{reason}")
    });
    let rest: Vec<String> = unreadable.chain(not_evaluated).collect();
    if !rest.is_empty() {
        writeln!(out)?;
    }
    rest.iter().try_for_each(|line| writeln!(out, "- {}", escaped(line)))
}

fn line(location: &SourceLocation) -> String {
    let file = location.rendered.as_deref().unwrap_or(&location.file);
    format!("{}:{}", escaped(file), location.position.line)
}

/// No markup, no mention, no second line; code in backticks stays code.
fn escaped(text: &str) -> String {
    let one = |c: char| match c {
        '|' | '*' | '_' | '<' | '[' | ']' | '#' | '\\' => format!("\\{c}"),
        '@' => "@\u{200b}".to_owned(),
        c if c.is_control() => " ".to_owned(),
        c => c.to_string(),
    };
    let part = |(index, part): (usize, &str)| {
        // Between backticks a backslash is shown as it is.
        if index % 2 == 1 {
            part.replace('|', "\\|").replace(char::is_control, " ")
        } else {
            part.chars().map(one).collect()
        }
    };
    text.split('`').enumerate().map(part).collect::<Vec<String>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn markup_of_others_is_shown_not_obeyed() {
        assert_eq!(escaped("a|b <img> @all `x_y|z` *c*"), "a\\|b \\<img> @\u{200b}all `x_y\\|z` \\*c\\*");
    }
}
