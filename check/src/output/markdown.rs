//! Markdown, for the summary of a job or a comment on a pull request: a table of the findings, what is kept, and every gap that counts.
//! Text of manifests is escaped: it is others' words.

use std::io::{self, Write};

use kubernetes::verdict::{Level, Verdict};

use super::super::result::{CheckResult, InputError, KeptObject, NotEvaluated, SourceLocation, verdict_name};

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
        let cause = evaluated.cause.as_ref().map(|cause| format!(" (because {cause})")).unwrap_or_default();
        let text = format!("{}{cause}{remedy}", found.finding.message);
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
    let kept = result.kept.iter().map(|KeptObject { id, reason, .. }| format!("kept {}: {reason}", id.shown()));
    let notices = result.notices.iter().cloned();
    let not_evaluated = result.counting().map(|NotEvaluated { path, what, reason, .. }| {
        let what = what.as_deref().map(|what| format!("{what}: ")).unwrap_or_default();
        format!("not evaluated {path}: {what}{reason}")
    });
    let rest: Vec<String> = unreadable.chain(kept).chain(not_evaluated).chain(notices).collect();
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
    if text.matches('`').count() % 2 == 1 {
        // One that is not closed would turn all that follows around.
        return text.replace('`', "'").chars().map(one).collect();
    }
    text.split('`').enumerate().map(part).collect::<Vec<String>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn markup_of_others_is_shown_not_obeyed() {
        assert_eq!(escaped("rq`<img> @all"), "rq'\\<img> @\u{200b}all");
        assert_eq!(escaped("a|b <img> @all `x_y|z` *c*"), "a\\|b \\<img> @\u{200b}all `x_y\\|z` \\*c\\*");
    }
}
