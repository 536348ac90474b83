//! Markdown, for the summary of a job or a comment on a pull request: a table of the findings, and what was not evaluated.
//! Text of manifests is escaped: it is others' words.

use std::io::{self, Write};

use kubernetes::verdict::{Level, Verdict};

use super::super::outcome::{Gap, Outcome, Spot, Trouble, verdict_name};

pub(super) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "### quorate check: {}\n", escaped(&outcome.summary()))?;
    let speaks = outcome.judged.iter().filter(|judged| !judged.said.is_empty() || judged.verdict != Verdict::Allowed);
    let mut rows = speaks.flat_map(|judged| judged.said.iter().map(move |said| (judged, said))).peekable();
    if rows.peek().is_some() {
        writeln!(out, "| verdict | object | finding | line |\n|---|---|---|---|")?;
    }
    for (judged, said) in rows {
        let level = match said.finding.level {
            Level::Deny => "**deny**",
            Level::Warn => "warn",
            Level::NotJudged => "not judged",
        };
        let remedy = if said.finding.remedy.is_empty() { String::new() } else { format!("; {}", said.finding.remedy) };
        let text = format!("{}{remedy}", said.finding.message);
        writeln!(
            out,
            "| {} | {} | {level} `{}`: {} | {} |",
            verdict_name(judged.verdict),
            escaped(&judged.subject()),
            said.finding.rule,
            escaped(&text),
            line(&said.spot)
        )?;
    }
    let unreadable =
        outcome.troubles.iter().map(|Trouble { path, message, .. }| format!("unreadable {path}: {message}"));
    let gaps = outcome.gaps.iter().map(|Gap { path, what, reason, .. }| {
        let what = what.as_deref().map(|what| format!("{what}: ")).unwrap_or_default();
        format!("not evaluated {path}: {what}{reason}")
    });
    let rest: Vec<String> = unreadable.chain(gaps).collect();
    if !rest.is_empty() {
        writeln!(out)?;
    }
    rest.iter().try_for_each(|line| writeln!(out, "- {}", escaped(line)))
}

fn line(spot: &Spot) -> String {
    let file = spot.rendered.as_deref().unwrap_or(&spot.file);
    format!("{}:{}", escaped(file), spot.place.line)
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
