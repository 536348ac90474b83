//! How numbers are said in messages. Decides nothing.

/// `1 pod`, `3 pods`, of a noun whose plural is written with an `s`.
pub(crate) fn number_of(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", form(count, "", "s"))
}

/// The form for that many: `is`, `are`.
pub(crate) fn form<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}
