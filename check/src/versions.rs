//! Versions of charts and tags, and the ranges that leading objects ask for.

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

/// How the text of a tag is taken for a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionText {
    /// `v1` and `1.2` are versions too.
    Loose,
    /// Three numbers, with or without a `v` before them.
    Strict,
}

/// The highest of the versions in a range, all of them where several are equal. None for a range that cannot be read as its tools read it:
/// alternatives, hyphens, pre-releases, and bare versions that are not whole;
/// and where one of the highest has metadata of a build, whose rank tools do not agree on.
pub(crate) fn highest<'v>(versions: &'v [String], range: &str, text: VersionText) -> Vec<&'v str> {
    let Some(range) = range_of(range) else { return Vec::new() };
    let mut found: Vec<(semver::Version, &str)> = versions
        .iter()
        .filter_map(|version| Some((version_of(version, text)?, version.as_str())))
        .filter(|(version, _)| range.matches(version))
        .collect();
    let Some(top) = found.iter().map(|(version, _)| version.clone()).max_by(semver::Version::cmp_precedence) else {
        return Vec::new();
    };
    found.retain(|(version, _)| version.cmp_precedence(&top).is_eq());
    if found.iter().any(|(version, _)| !version.build.is_empty()) {
        return Vec::new();
    }
    found.into_iter().map(|(_, name)| name).collect()
}

fn version_of(tag: &str, text: VersionText) -> Option<semver::Version> {
    let whole = tag.strip_prefix('v').unwrap_or(tag);
    let (bare, build) =
        whole.split_once('+').map_or((whole, ""), |(bare, _)| (bare, whole.strip_prefix(bare).unwrap_or_default()));
    let missing = 2_usize.saturating_sub(bare.matches('.').count());
    let is_short = missing > 0 && bare.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let padding = if is_short && text == VersionText::Loose { ".0".repeat(missing) } else { String::new() };
    let version = semver::Version::parse(&format!("{bare}{padding}{build}")).ok()?;
    version.pre.is_empty().then_some(version)
}

fn range_of(range: &str) -> Option<semver::VersionReq> {
    let parts: Vec<&str> = range.split([' ', ',']).filter(|part| !part.is_empty()).collect();
    let is_bare = |part: &&str| part.starts_with(|c: char| c.is_ascii_digit() || c == 'v');
    let is_whole = |part: &str| semver::Version::parse(part.trim_start_matches('v')).is_ok();
    let is_wild = |part: &str| part.split('.').any(|part| matches!(part, "*" | "x" | "X"));
    if range.contains(['-', '|', '!'])
        || parts.iter().filter(|part| is_bare(part)).any(|part| !is_whole(part) && !is_wild(part))
    {
        return None;
    }
    // A bare version is that one alone.
    let exact = |part: &&str| {
        if is_bare(part) && is_whole(part) { format!("={}", part.trim_start_matches('v')) } else { (*part).to_owned() }
    };
    semver::VersionReq::parse(&parts.iter().map(exact).collect::<Vec<_>>().join(", ")).ok()
}

#[cfg(test)]
mod tests {
    use super::{VersionText, fits, highest};

    #[test]
    fn the_highest_tag_of_a_range_is_taken() {
        let tags: Vec<String> =
            ["v1.0.0", "v1.10.0", "v1.9.0", "v2.0.0-rc.1", "1.10.0", "v2", "main"].map(str::to_owned).to_vec();
        let strict = |range: &str| highest(&tags, range, VersionText::Strict);
        assert_eq!(strict("1.x"), ["v1.10.0", "1.10.0"]);
        assert_eq!(strict(">=1.0.0 <1.10.0"), ["v1.9.0"]);
        assert_eq!(strict("v1.0.0"), ["v1.0.0"]);
        assert_eq!(highest(&tags, "*", VersionText::Loose), ["v2"]);
        let built: Vec<String> = ["v1.0.0", "v1.2.0+build1", "v1.3+2"].map(str::to_owned).to_vec();
        assert_eq!(highest(&built, "1.x", VersionText::Strict), Vec::<&str>::new());
        assert_eq!(highest(&built, "1.3.x", VersionText::Loose), Vec::<&str>::new());
        assert_eq!(highest(&built, "<1.2.0", VersionText::Strict), ["v1.0.0"]);
        for not_read in ["1.2", "1.0.0 - 2.0.0", "^1 || ^2", ">=2.0.0-0", "3.x"] {
            assert_eq!(strict(not_read), Vec::<&str>::new(), "{not_read}");
        }
    }

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
