//! JUnit XML, as GitLab, Jenkins and others read it: a test case for every change, file that could not be read, and gap.
//! A denial is a failure, unreadable input an error, what was not judged or evaluated is skipped.

use std::io::{self, Write};

use kubernetes::verdict::{Level, Verdict};

use super::super::outcome::{Gap, Judged, Outcome, Said, Trouble};

pub(super) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let denied = outcome.count(Verdict::Denied);
    let errors = outcome.troubles.len();
    let skipped = outcome.gaps.len().saturating_add(outcome.count(Verdict::NotJudged));
    let tests = outcome.judged.len().saturating_add(errors).saturating_add(outcome.gaps.len());
    let counts = format!("tests=\"{tests}\" failures=\"{denied}\" errors=\"{errors}\" skipped=\"{skipped}\"");
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"quorate check\" {counts}>\n  <testsuite name=\"quorate check\" {counts}>")?;
    outcome.judged.iter().try_for_each(|judged| change(judged, out))?;
    for Trouble { path, message, .. } in &outcome.troubles {
        case("unreadable", path, path, None, &format!("<error message=\"{}\"/>", escaped(message)), out)?;
    }
    for Gap { path, what, reason, .. } in &outcome.gaps {
        let name = what.as_deref().unwrap_or(path);
        case("not evaluated", name, path, None, &format!("<skipped message=\"{}\"/>", escaped(reason)), out)?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn change(judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
    let operation = judged.operation.map_or("shape", |operation| operation.name());
    let name = format!("{} {operation}", judged.subject());
    let body: Vec<String> = judged.said.iter().map(|said| element(judged, said)).collect();
    case("quorate check", &name, &judged.spot.file, Some(judged.spot.place.line), &body.join("\n      "), out)
}

fn element(judged: &Judged, Said { finding, spot }: &Said) -> String {
    let place = format!("{}:{}:{}", spot.rendered.as_deref().unwrap_or(&spot.file), spot.place.line, spot.place.column);
    let (rule, text) = (escaped(&finding.rule), escaped(&super::sentence(judged, finding)));
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
