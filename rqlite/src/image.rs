//! What an image reference says by its repository. Nobody pulls it here.

/// The repository's path: without registry host, tag and digest.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
