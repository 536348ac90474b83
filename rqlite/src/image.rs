//! What an image reference says by its repository: rqlite's own, a build that is called rqlite, or neither; and its release.
//! Not what the container starts (`launch`), and nobody pulls it here.

#[cfg(feature = "recognition")]
use crate::version::ImageVersion;
use kubernetes::manifest::Container;

/// What the repository of an image says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repository {
    /// `…/rqlite/rqlite`, `…/kotsadm/rqlite`: the tag is rqlite's release.
    Official,
    /// `…/rqlite`: somebody's build, whose full tag is taken for the release.
    Named,
    Other,
}

/// The repository's path: without registry host, tag and digest.
///
/// ```
/// assert_eq!(rqlite::image::path("registry.corp:5000/mirror/rqlite/rqlite:10.2.7"), "mirror/rqlite/rqlite");
/// ```
pub fn path(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or_default();
    // A first segment with a dot, a port or a capital letter is a registry's host (distribution reference grammar).
    let is_host = |host: &str| {
        host == "localhost" || host.contains(['.', ':']) || host.contains(|c: char| c.is_ascii_uppercase())
    };
    let name = match name.split_once('/') {
        Some((host, rest)) if is_host(host) => rest,
        Some(_) | None => name,
    };
    // The colon of a tag stands behind the last slash.
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let end = name.get(last..).and_then(|segment| segment.find(':')).map_or(name.len(), |colon| last + colon);
    name.get(..end).unwrap_or(name)
}

pub(crate) fn repository(container: &Container) -> Repository {
    let mut segments = path(container.image.as_deref().unwrap_or_default()).rsplit('/');
    match (segments.next(), segments.next()) {
        (Some("rqlite"), Some("rqlite" | "kotsadm")) => Repository::Official,
        (Some("rqlite"), _) => Repository::Named,
        _ => Repository::Other,
    }
}

/// The release inside.
#[cfg(feature = "recognition")]
pub(crate) fn version_of(container: &Container) -> ImageVersion {
    match (repository(container), ImageVersion::of(container.image.as_deref().unwrap_or_default(), true)) {
        (Repository::Official, version) | (Repository::Named, version @ ImageVersion::Tagged(_)) => version,
        (Repository::Named | Repository::Other, _) => ImageVersion::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Version;

    fn container(image: &str) -> Container {
        Container { image: Some(image.to_owned()), ..Container::default() }
    }

    #[test]
    fn a_path_has_neither_host_nor_tag_nor_digest() {
        for (image, expected) in [
            ("rqlite", "rqlite"),
            ("rqlite:5000", "rqlite"),
            ("rqlite:5000/rqlite", "rqlite"),
            ("rqlite.io/exporter:1", "exporter"),
            ("localhost/a/b:c@sha256:d", "a/b"),
            ("Hub/rqlite/rqlite", "rqlite/rqlite"),
            ("docker.io/rqlite/rqlite@sha256:ab", "rqlite/rqlite"),
            ("corp/rqlite-exporter:1", "corp/rqlite-exporter"),
            ("", ""),
        ] {
            assert_eq!(path(image), expected, "{image}");
        }
    }

    #[test]
    fn the_last_two_segments_decide_from_any_registry_and_mirror_path() {
        for (image, expected) in [
            ("rqlite/rqlite", Repository::Official),
            ("localhost:5000/mirror/hub/rqlite/rqlite@sha256:ab", Repository::Official),
            ("registry.corp:443/kotsadm/rqlite:8.36.3-r0", Repository::Official),
            ("corp/rqlite:1", Repository::Named),
            ("rqlite:9.4.5", Repository::Named),
            ("docker.io/library/rqlite", Repository::Named),
            ("rqlite:5000/rqlite", Repository::Named),
            ("rqlite/exporter", Repository::Other),
            ("corp/rqlite-exporter", Repository::Other),
            ("rqlite/rqlite-exporter", Repository::Other),
            ("corp/rqlited", Repository::Other),
        ] {
            assert_eq!(repository(&container(image)), expected, "{image}");
        }
    }

    #[test]
    fn releases_come_from_images_that_are_known() {
        let version = |image: &str| version_of(&container(image));
        assert_eq!(version("rqlite/rqlite"), ImageVersion::Floating);
        assert_eq!(version("mirror.corp/rqlite:9.1.3"), ImageVersion::Tagged(Version::new(9, 1, 3)));
        assert_eq!(version("mirror.corp/rqlite:9.1.3-corp.7"), ImageVersion::Tagged(Version::new(9, 1, 3)));
        for none in [
            "mirror.corp/rqlite:latest",
            "corp/rqlite:2026.11.28",
            "corp/db:9.1.3",
            "corp/rqlited:9.1.3",
            "corp/rqlite",
        ] {
            assert_eq!(version(none), ImageVersion::Unknown, "{none}");
        }
    }
}
