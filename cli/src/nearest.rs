//! The known name that a mistyped one most likely meant.
//! Knows no names of its own.

/// The closest of `known` to `typed`; none when nothing is close enough to be what was meant.
pub(crate) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Measured on the keys and rule ids here: above 0.75 lie typing errors and wrong suffixes, below it other words.
    const ALIKE: f64 = 0.75;
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(typed, name), name))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// The end of a complaint about an unknown name: the nearest known one where one is close, else all of them.
pub(crate) fn hint<'a>(typed: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(typed, known.clone()) {
        Some(name) => format!("the nearest known one is `{name}`"),
        None => format!("known: {}", list(known)),
    }
}

/// `a`, `b`, `c`.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{hint, nearest};

    #[test]
    fn finds_the_name_behind_a_typing_error() {
        let known = ["listen", "metricsListen", "policies"];
        assert_eq!(nearest("polices", known), Some("policies"));
        assert_eq!(nearest("lisen", known), Some("listen"));
        assert_eq!(nearest("zebra", known), None);
    }

    #[test]
    fn names_all_when_none_is_near() {
        assert_eq!(hint("zebra", ["listen", "policies"]), "known: `listen`, `policies`");
    }
}
