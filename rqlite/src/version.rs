//! The release that an image reference names, and how sure that is.
//! Not which flags a release has: that is `flag_table`.

use std::fmt;
use std::str::FromStr;

/// A release of rqlite, `MAJOR.MINOR.PATCH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// 10 of 10.2.7.
    pub major: u32,
    /// 2 of 10.2.7.
    pub minor: u32,
    /// 7 of 10.2.7.
    pub patch: u32,
}

/// What an image reference says of the release inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageVersion {
    /// A full tag: `9.1.3`, `v10.2.7`.
    Tagged(Version),
    /// Untagged or `latest`, of the official image: counts as [`Version::NEWEST`], and may be another tomorrow.
    Floating,
    /// A partial tag (`9`), one of no release that could be out (`2026.11.28`), a digest alone, an image that is not known.
    Unknown,
}

impl Version {
    /// The newest release that this build knows (rqlite's CHANGELOG, 2026-07-05).
    pub const NEWEST: Version = Version::new(10, 2, 7);

    /// Of a release that is written down in this crate.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Version { major, minor, patch }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = ();

    /// `9.1.3` or `v9.1.3`; a pre-release or build suffix (`-rc1`, `+x`) is ignored.
    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let core = text.split(['-', '+']).next().unwrap_or_default();
        let mut numbers = core.split('.').map(decimal);
        match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
            (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => Ok(Version { major, minor, patch }),
            _ => Err(()),
        }
    }
}

/// `str::parse` would also take `+9`.
fn decimal(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

impl ImageVersion {
    /// Of an image reference; `official` when its repository is rqlite's (see `cluster`).
    /// With a tag and a digest the tag counts.
    ///
    /// ```
    /// use rqlite::version::{ImageVersion, Version};
    ///
    /// assert_eq!(ImageVersion::of("rqlite/rqlite:v10.2.7", true), ImageVersion::Tagged(Version::new(10, 2, 7)));
    /// assert_eq!(ImageVersion::of("rqlite/rqlite", true).release(), Some(Version::NEWEST));
    /// assert_eq!(ImageVersion::of("rqlite/rqlite:9", true).release(), None);
    /// ```
    pub fn of(image: &str, official: bool) -> Self {
        if !official {
            return ImageVersion::Unknown;
        }
        let (name, digest) = match image.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (image, None),
        };
        match (tag(name), digest) {
            (None, Some(_)) => ImageVersion::Unknown,
            (None | Some("latest"), _) => ImageVersion::Floating,
            (Some(tag), _) => match tag.parse::<Version>() {
                // The next major may be out before this build knows it; more than that is a calendar's or somebody's own number.
                Ok(version) if version.major <= Version::NEWEST.major + 1 => ImageVersion::Tagged(version),
                Ok(_) | Err(()) => ImageVersion::Unknown,
            },
        }
    }

    /// The release to reckon with: the tag's, the newest for a floating one, none when unknown.
    pub fn release(self) -> Option<Version> {
        match self {
            ImageVersion::Tagged(version) => Some(version),
            ImageVersion::Floating => Some(Version::NEWEST),
            ImageVersion::Unknown => None,
        }
    }
}

/// The colon of a tag stands behind the last slash; one before it is a registry's port.
fn tag(name: &str) -> Option<&str> {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split_once(':').map(|(_, tag)| tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn official(image: &str) -> ImageVersion {
        ImageVersion::of(image, true)
    }

    #[test]
    fn reads_full_tags_with_and_without_v_and_suffix() {
        for (tag, version) in [
            ("9.1.3", Version::new(9, 1, 3)),
            ("v10.2.7", Version::new(10, 2, 7)),
            ("8.30.3-r0", Version::new(8, 30, 3)),
            ("7.3.0-rc1+build.5", Version::new(7, 3, 0)),
        ] {
            assert_eq!(tag.parse(), Ok(version), "{tag}");
        }
    }

    #[test]
    fn refuses_what_is_no_full_release() {
        for tag in ["9", "9.4", "9.4.5.1", "", "latest", "9.x.1", "+9.1.2", "9..1", "v", "99999999999.0.0"] {
            assert_eq!(tag.parse::<Version>(), Err(()), "{tag}");
        }
    }

    #[test]
    fn releases_are_ordered_by_number_not_by_text() {
        assert!(Version::new(10, 0, 0) > Version::new(9, 4, 5));
        assert!(Version::new(8, 9, 0) < Version::new(8, 10, 0));
        assert_eq!(Version::new(10, 2, 7).to_string(), "10.2.7");
    }

    #[test]
    fn an_untagged_or_latest_official_image_floats() {
        for image in [
            "rqlite/rqlite",
            "docker.io/rqlite/rqlite:latest",
            "localhost:5000/rqlite/rqlite",
            "rqlite/rqlite:latest@sha256:ab",
        ] {
            assert_eq!(official(image), ImageVersion::Floating, "{image}");
        }
        assert_eq!(ImageVersion::Floating.release(), Some(Version::NEWEST));
    }

    #[test]
    fn a_tag_beside_a_digest_counts_and_a_digest_alone_says_nothing() {
        let tagged = ImageVersion::Tagged(Version::new(9, 1, 3));
        assert_eq!(official("rqlite/rqlite:9.1.3@sha256:ab"), tagged);
        assert_eq!(official("registry:5000/rqlite/rqlite:9.1.3"), tagged);
        assert_eq!(official("rqlite/rqlite@sha256:ab"), ImageVersion::Unknown);
    }

    #[test]
    fn a_tag_far_above_the_newest_major_is_no_release() {
        assert_eq!(official("rqlite/rqlite:11.0.0"), ImageVersion::Tagged(Version::new(11, 0, 0)));
        for tag in ["12.0.0", "2026.11.28", "20261128.0.1", "2026.11.28@sha256:ab"] {
            assert_eq!(official(&format!("rqlite/rqlite:{tag}")), ImageVersion::Unknown, "{tag}");
        }
    }

    #[test]
    fn a_partial_tag_and_an_unknown_image_have_no_release() {
        for image in ["rqlite/rqlite:9", "rqlite/rqlite:9.4", "rqlite/rqlite:nightly", "rqlite/rqlite:"] {
            assert_eq!(official(image), ImageVersion::Unknown, "{image}");
        }
        assert_eq!(ImageVersion::of("nginx:1.2.3", false).release(), None);
    }
}
