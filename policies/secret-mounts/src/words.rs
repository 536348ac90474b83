//! Texts of users, fit for a message, and how numbers are said in one.

use rqlite::value::clip;

/// User text for a message that names up to five such texts and stays below 300 characters.
pub fn short(text: &str) -> String {
    const LONGEST: usize = 36;
    let clipped = clip(text);
    if clipped.chars().count() <= LONGEST {
        return clipped;
    }
    clipped.chars().take(LONGEST - 3).chain("...".chars()).collect()
}

/// `1 pod`, `3 pods`, of a noun whose plural is written with an `s`.
pub fn number_of(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", form(count, "", "s"))
}

/// The form for that many: `is`, `are`.
pub fn form<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_and_a_short_one_is_not() {
        assert_eq!(short("rqlite-users"), "rqlite-users");
        assert_eq!(short(&"a".repeat(36)), "a".repeat(36));
        assert_eq!(short(&"a".repeat(300)), format!("{}...", "a".repeat(33)));
        assert_eq!(short("two\nlines"), "two lines");
    }
}
