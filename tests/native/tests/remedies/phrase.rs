//! The words of a remedy: numbers, names and what stands between backticks. Knows no remedy.

/// The first number.
pub(crate) fn number(text: &str) -> Option<i64> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    text[start..].split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// What stands in the `n`th pair of backticks.
pub(crate) fn quoted(text: &str, n: usize) -> Option<&str> {
    text.split('`').nth(2 * n + 1)
}

/// Names in `a, b and c` between the two texts; empty where they are not all named.
pub(crate) fn names(text: &str, from: &str, to: &str) -> Vec<String> {
    let Some((_, rest)) = text.split_once(from) else { return Vec::new() };
    let list = if to.is_empty() { rest } else { rest.split_once(to).map_or(rest, |(list, _)| list) };
    let words =
        list.split([',', ' ']).filter(|word| !word.is_empty() && *word != "and" && *word != "dead" && *word != "the");
    words.map(str::to_owned).collect()
}

/// The alternatives of a remedy: what stands between `;`, and around `, or `.
pub(crate) fn alternatives(remedy: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for part in remedy.split("; ") {
        parts.extend(part.split(", or ").map(|part| part.trim().trim_start_matches("else ").to_owned()));
    }
    parts
}
