//! Versions of charts, and the ranges that leading objects ask for.

/// Whether a version is one that is asked for: itself, or one of a range. A range that cannot be read takes any.
pub(crate) fn fits(version: &str, asked: &str) -> bool {
    let bare = |text: &str| text.trim().trim_start_matches('v').to_owned();
    if asked.is_empty() || bare(version) == bare(asked) {
        return true;
    }
    let Ok(version) = semver::Version::parse(&bare(version)) else { return false };
    if semver::Version::parse(&bare(asked)).is_ok() {
        return false;
    }
    let range = asked.split_whitespace().collect::<Vec<_>>().join(", ");
    semver::VersionReq::parse(&range).map_or(true, |range| range.matches(&version))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_chart_fits_its_version_or_a_range() {
        for (asked, fits_it) in [
            ("2.0.0", true),
            ("v2.0.0", true),
            ("", true),
            ("2.x", true),
            (">=1.0.0 <3.0.0", true),
            ("2.0.1", false),
            ("1.x", false),
        ] {
            assert_eq!(fits("2.0.0", asked), fits_it, "{asked}");
        }
    }
}
