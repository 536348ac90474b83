//! Workflow commands of GitHub Actions: an annotation at the line, for every finding and everything that was not evaluated.
//! https://docs.github.com/actions/reference/workflow-commands-for-github-actions

use std::io::{self, Write};

use kubernetes::verdict::Level;

use super::super::outcome::{Gap, Judged, Outcome, Said, Trouble};
use super::super::place::Place;

pub(super) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    for judged in &outcome.judged {
        judged.said.iter().try_for_each(|said| finding(judged, said, out))?;
    }
    for Trouble { path, place, message, .. } in &outcome.troubles {
        command("error", path, place.unwrap_or(Place::START), "unreadable", message, out)?;
    }
    for Gap { path, place, what, reason, .. } in &outcome.gaps {
        let what = what.as_deref().map(|what| format!("{what}: ")).unwrap_or_default();
        command("notice", path, place.unwrap_or(Place::START), "not evaluated", &format!("{what}{reason}"), out)?;
    }
    writeln!(out, "::notice title=quorate check::{}", data(&outcome.summary()))
}

fn finding(judged: &Judged, Said { finding, spot }: &Said, out: &mut dyn Write) -> io::Result<()> {
    let level = match finding.level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::NotJudged => "notice",
    };
    let rendered = super::rendered_line(spot).map(|line| format!(" ({line})")).unwrap_or_default();
    let text = format!("{}{rendered}", super::sentence(judged, finding));
    command(level, &spot.file, super::source_place(spot), &finding.rule, &text, out)
}

fn command(level: &str, file: &str, place: Place, title: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    let (file, title) = (property(file), property(title));
    let Place { line, column } = place;
    writeln!(out, "::{level} file={file},line={line},col={column},title={title}::{}", data(text))
}

/// What the runner would read as the end of the text.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(data("100 %\n::error::x"), "100 %25%0A::error::x");
        assert_eq!(property("a,b:c.yaml"), "a%2Cb%3Ac.yaml");
    }
}
