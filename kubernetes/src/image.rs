//! An image reference in its parts, as the container runtimes read it: registry, repository, tag and digest.
//! Does not pull, and does not know what a node's own configuration makes of short names.

use std::fmt;

use thiserror::Error;

use crate::text::one_line;

/// Where a reference without a registry is pulled from.
const DEFAULT_REGISTRY: &str = "docker.io";

/// An older name of the same registry, which the runtimes replace.
const OLD_DEFAULT_REGISTRY: &str = "index.docker.io";

/// Before the repository of one segment, on the default registry alone.
const OFFICIAL: &str = "library/";

/// Bytes of a repository, `library/` counted (distribution/reference, `RepositoryNameTotalLengthMax`).
const MAX_REPOSITORY: usize = 255;

/// Bytes of a tag (distribution/reference, `TagRegexp`).
const MAX_TAG: usize = 128;

/// Bytes of a registry: the longest DNS name (RFC 1035), brackets or not, and the colon and digits of a port. The runtimes have no bound.
const MAX_REGISTRY: usize = 253 + 6;

/// Each algorithm of a digest that the runtimes have, and its hexadecimal digits (opencontainers/go-digest).
const ALGORITHMS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// Longest reference, or part of one, that a message shows, in bytes.
const MAX_SHOWN: usize = 100;

/// An image reference, read and completed as the kubelet and containerd do (distribution/reference,
/// `ParseNormalizedNamed`). One thing is stricter: a registry must be a host, `under_score.io/a` is refused.
///
/// ```
/// use kubernetes::image::Image;
///
/// let image = Image::parse("nginx")?;
/// assert_eq!((image.registry.as_str(), image.repository.as_str(), image.tag), ("docker.io", "library/nginx", None));
///
/// let image = Image::parse("registry.corp:5000/mirror/rqlite:10.2.7")?;
/// assert_eq!((image.registry.as_str(), image.repository.as_str()), ("registry.corp:5000", "mirror/rqlite"));
/// assert_eq!(image.tag.as_deref(), Some("10.2.7"));
///
/// assert_eq!(
///     Image::parse("corp/Rqlite:1").unwrap_err().to_string(),
///     "`corp/Rqlite:1` is no image reference: the repository `corp/Rqlite` has capital letters; write small ones"
/// );
/// # Ok::<(), kubernetes::image::ImageError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Image {
    /// Host and, where it is said, port: `docker.io`, `localhost:5000`, `[::1]:5000`. In the spelling that was given.
    pub registry: String,
    /// The path on the registry: `library/nginx`.
    pub repository: String,
    /// Where it is said. Without tag and digest the runtimes take `latest`; where there is a digest they do not look at the tag.
    pub tag: Option<String>,
    /// With its algorithm: `sha256:…`.
    pub digest: Option<String>,
}

impl Image {
    /// Takes a reference apart.
    ///
    /// # Errors
    /// When no runtime takes it for a reference: [`ImageFault`] lists the ways.
    pub fn parse(reference: &str) -> Result<Self, ImageError> {
        read(reference).map_err(|fault| ImageError { reference: one_line(reference, MAX_SHOWN), fault })
    }
}

/// The whole reference: `docker.io/library/nginx:1.27`. A tag that was not said is not invented.
impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

/// A text that is no image reference, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{reference}` is no image reference: {fault}")]
pub struct ImageError {
    reference: String,
    fault: ImageFault,
}

impl ImageError {
    /// What is wrong.
    pub fn fault(&self) -> &ImageFault {
        &self.fault
    }
}

/// What keeps a text from being an image reference. Texts in it are one line of at most 100 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImageFault {
    /// There is no text.
    #[error("it is empty; name a repository")]
    Empty,
    /// 64 hexadecimal digits alone name an image by its id, which nobody can pull.
    #[error("it is an image's id; name a repository")]
    Id,
    /// What stands before the first slash is none of host, `host:port` and `[IPv6]`, or is longer than 259 bytes.
    #[error("`{registry}` is no registry; write host or host:port before the first slash")]
    Registry {
        /// What stands there.
        registry: String,
    },
    /// A capital letter in the repository. One in the first segment makes that a registry.
    #[error("the repository `{repository}` has capital letters; write small ones")]
    Capitals {
        /// Without its registry.
        repository: String,
    },
    /// A segment of the repository that is empty, or holds anything but small letters and digits with `.`, `_`, `__` or
    /// dashes between them.
    #[error(
        "`{segment}` in the repository is not taken; write small letters and digits, with `.`, `_`, `__` or `-` between them"
    )]
    Repository {
        /// Between two slashes.
        segment: String,
    },
    /// Longer than a repository may be.
    #[error("its repository has {bytes} bytes, allowed are {MAX_REPOSITORY}; shorten it")]
    RepositoryTooLong {
        /// `library/` counted.
        bytes: usize,
    },
    /// No tag: other characters than letters, digits, `_`, `.`, `-`, one of the last two as the first, none, or more than
    /// 128.
    #[error("`{tag}` is no tag; write at most {MAX_TAG} letters, digits, `_`, `.` or `-`, the last two not first")]
    Tag {
        /// What stands behind the colon.
        tag: String,
    },
    /// No digest: another algorithm than sha256, sha384 and sha512, or not its number of hexadecimal digits, in small
    /// letters.
    #[error(
        "`{digest}` is no digest; write sha256: and 64 hexadecimal digits in small letters, or sha384 with 96, or sha512 with 128"
    )]
    Digest {
        /// What stands behind the `@`.
        digest: String,
    },
}

fn read(reference: &str) -> Result<Image, ImageFault> {
    if reference.is_empty() {
        return Err(ImageFault::Empty);
    }
    if reference.len() == 64 && reference.bytes().all(is_small_hexadecimal) {
        return Err(ImageFault::Id);
    }
    let (registry, rest) = registry_of(reference);
    let (name, digest) = split_once(rest, '@');
    let (path, tag) = split_once(name, ':');
    // Another registry's single segment is its whole repository.
    let official = if registry == DEFAULT_REGISTRY && !path.contains('/') { OFFICIAL } else { "" };
    check_registry(registry)?;
    check_repository(path, official.len() + path.len())?;
    Ok(Image {
        registry: registry.to_owned(),
        repository: format!("{official}{path}"),
        tag: tag.map(checked_tag).transpose()?,
        digest: digest.map(checked_digest).transpose()?,
    })
}

/// The registry, and what follows it.
fn registry_of(reference: &str) -> (&str, &str) {
    match reference.split_once('/') {
        Some((OLD_DEFAULT_REGISTRY, rest)) => (DEFAULT_REGISTRY, rest),
        Some((first, rest)) if is_registry(first) => (first, rest),
        Some(_) | None => (DEFAULT_REGISTRY, reference),
    }
}

/// Whether the segment before the first slash is meant as one. Capital letters: a repository has none.
fn is_registry(segment: &str) -> bool {
    segment == "localhost" || segment.contains(['.', ':']) || segment.contains(char::is_uppercase)
}

fn check_registry(registry: &str) -> Result<(), ImageFault> {
    let (host, port) = match registry.rsplit_once(':') {
        // The colons inside of the brackets are the address's.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        Some(_) | None => (registry, None),
    };
    let is_host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => !address.is_empty() && address.bytes().all(|byte| byte == b':' || byte.is_ascii_hexdigit()),
        None => host.split('.').all(is_host_label),
    };
    let is_port = port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    if is_host && is_port && registry.len() <= MAX_REGISTRY {
        return Ok(());
    }
    Err(ImageFault::Registry { registry: one_line(registry, MAX_SHOWN) })
}

fn is_host_label(label: &str) -> bool {
    let inside = label.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric());
    inside && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
}

fn check_repository(path: &str, bytes: usize) -> Result<(), ImageFault> {
    if path.contains(char::is_uppercase) {
        return Err(ImageFault::Capitals { repository: one_line(path, MAX_SHOWN) });
    }
    if let Some(segment) = path.split('/').find(|segment| !is_repository_segment(segment)) {
        return Err(ImageFault::Repository { segment: one_line(segment, MAX_SHOWN) });
    }
    if bytes > MAX_REPOSITORY {
        return Err(ImageFault::RepositoryTooLong { bytes });
    }
    Ok(())
}

/// Small letters and digits, with separators between them: `.`, `_`, `__`, or any number of dashes.
fn is_repository_segment(segment: &str) -> bool {
    let is_plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let mut separators = segment.split(is_plain).filter(|separator| !separator.is_empty());
    let is_separator =
        |separator: &str| matches!(separator, "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-');
    segment.starts_with(is_plain) && segment.ends_with(is_plain) && separators.all(is_separator)
}

fn checked_tag(tag: &str) -> Result<String, ImageFault> {
    let inside = tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    if inside && !tag.is_empty() && tag.len() <= MAX_TAG && !tag.starts_with(['.', '-']) {
        return Ok(tag.to_owned());
    }
    Err(ImageFault::Tag { tag: one_line(tag, MAX_SHOWN) })
}

fn checked_digest(digest: &str) -> Result<String, ImageFault> {
    let is_digest = digest.split_once(':').is_some_and(|(algorithm, digits)| {
        ALGORITHMS.contains(&(algorithm, digits.len())) && digits.bytes().all(is_small_hexadecimal)
    });
    if is_digest { Ok(digest.to_owned()) } else { Err(ImageFault::Digest { digest: one_line(digest, MAX_SHOWN) }) }
}

fn is_small_hexadecimal(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn split_once(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA256: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[track_caller]
    fn reads(reference: &str, registry: &str, repository: &str, tag: Option<&str>) {
        let expected = Image {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: None,
        };
        assert_eq!(Image::parse(reference), Ok(expected.clone()), "{reference}");
        let pinned = Image { digest: Some(SHA256.to_owned()), ..expected };
        assert_eq!(Image::parse(&format!("{reference}@{SHA256}")), Ok(pinned.clone()), "{reference}");
        assert_eq!(Image::parse(&pinned.to_string()), Ok(pinned));
    }

    #[track_caller]
    fn refuses(reference: &str, fault: &ImageFault) {
        assert_eq!(Image::parse(reference).unwrap_err().fault(), fault, "{reference}");
    }

    #[test]
    fn completes_what_is_on_the_default_registry() {
        reads("nginx", "docker.io", "library/nginx", None);
        reads("nginx:1.27", "docker.io", "library/nginx", Some("1.27"));
        reads("rqlite/rqlite:10.2.7", "docker.io", "rqlite/rqlite", Some("10.2.7"));
        reads("docker.io/nginx", "docker.io", "library/nginx", None);
        reads("index.docker.io/nginx:1", "docker.io", "library/nginx", Some("1"));
        reads("index.docker.io/a/b", "docker.io", "a/b", None);
        reads("docker.io/library/nginx", "docker.io", "library/nginx", None);
        // Without a slash no name is a registry, and what looks like a port is a tag.
        reads("localhost", "docker.io", "library/localhost", None);
        reads("localhost:5000", "docker.io", "library/localhost", Some("5000"));
        reads("docker.io", "docker.io", "library/docker.io", None);
    }

    #[test]
    fn keeps_another_registry_as_it_is_written() {
        reads("localhost/x", "localhost", "x", None);
        reads("host:5000/x", "host:5000", "x", None);
        reads("localhost:5000/a/b:c", "localhost:5000", "a/b", Some("c"));
        reads("ghcr.io/a/b/c/d:latest", "ghcr.io", "a/b/c/d", Some("latest"));
        reads("registry-1.docker.io/nginx", "registry-1.docker.io", "nginx", None);
        reads("HUB/rqlite:1", "HUB", "rqlite", Some("1"));
        reads("Docker.io/nginx", "Docker.io", "nginx", None);
        reads("127.0.0.1:80/x", "127.0.0.1:80", "x", None);
        reads("[2001:db8::1]/x", "[2001:db8::1]", "x", None);
        reads("[::1]:5000/x:y", "[::1]:5000", "x", Some("y"));
    }

    #[test]
    fn takes_every_separator_and_tag() {
        reads("x/a.b_c__d---e/f0/0", "docker.io", "x/a.b_c__d---e/f0/0", None);
        reads("host.corp/a.b_c__d---e", "host.corp", "a.b_c__d---e", None);
        reads("a:_.-Z", "docker.io", "library/a", Some("_.-Z"));
        let (path, tag) = ("a".repeat(255 - OFFICIAL.len()), "t".repeat(128));
        reads(&format!("{path}:{tag}"), "docker.io", &format!("library/{path}"), Some(&tag));
    }

    #[test]
    fn refuses_what_names_nothing() {
        refuses("", &ImageFault::Empty);
        refuses(&"0a".repeat(32), &ImageFault::Id);
        reads(&"0a".repeat(31), "docker.io", &format!("library/{}", "0a".repeat(31)), None);
    }

    #[test]
    fn refuses_what_is_no_registry() {
        let long = format!("{}.io", "a".repeat(MAX_REGISTRY));
        for registry in
            ["host:", "host:x", ":5000", "-a.io", "a-.io", "a..io", ".io", "a_b.io", "[]:1", "[g:]", "[::1", &long]
        {
            let shown = one_line(registry, MAX_SHOWN);
            refuses(&format!("{registry}/x"), &ImageFault::Registry { registry: shown });
        }
        refuses("https://quay.io/a/b", &ImageFault::Registry { registry: "https:".to_owned() });
        refuses(&format!("a@{SHA256}/b"), &ImageFault::Registry { registry: format!("a@{SHA256}") });
    }

    #[test]
    fn refuses_what_is_no_repository() {
        let capitals = |repository: &str| ImageFault::Capitals { repository: repository.to_owned() };
        refuses("Nginx", &capitals("Nginx"));
        refuses("corp/Nginx:1", &capitals("corp/Nginx"));
        refuses("Hub/A", &capitals("A"));
        let segment = |segment: &str| ImageFault::Repository { segment: segment.to_owned() };
        refuses("$(IMAGE)", &capitals("$(IMAGE)"));
        for wrong in ["a..b", "a___b", "a._b", "a-_b", "-a", "a-", "a b", "$(image)", "ä"] {
            refuses(wrong, &segment(wrong));
        }
        for empty in ["/x", "x/", "a//b", "a.io//b", ":1", &format!("@{SHA256}"), "a.io/:1"] {
            refuses(empty, &segment(""));
        }
        let bytes = MAX_REPOSITORY + 1;
        refuses(&"a".repeat(bytes - OFFICIAL.len()), &ImageFault::RepositoryTooLong { bytes });
        refuses(&format!("a.io/{}", "a".repeat(bytes)), &ImageFault::RepositoryTooLong { bytes });
    }

    #[test]
    fn refuses_what_is_no_tag() {
        for tag in ["", ".a", "-a", "a b", "a:b", "ä", "a+b", "1/2"] {
            refuses(&format!("corp/x:{tag}"), &ImageFault::Tag { tag: tag.to_owned() });
        }
        let tag = "t".repeat(MAX_TAG + 1);
        refuses(&format!("a:{tag}"), &ImageFault::Tag { tag: one_line(&tag, MAX_SHOWN) });
    }

    #[test]
    fn refuses_what_is_no_digest() {
        let digits = |count: usize| "0".repeat(count);
        for (algorithm, count) in ALGORITHMS {
            assert!(Image::parse(&format!("a@{algorithm}:{}", digits(count))).is_ok(), "{algorithm}");
        }
        for digest in [
            String::new(),
            "sha256".to_owned(),
            digits(64),
            format!("sha256:{}", digits(63)),
            format!("sha256:{}", digits(65)),
            format!("sha256:{}", "A".repeat(64)),
            format!("sha256:{}", "g".repeat(64)),
            format!("SHA256:{}", digits(64)),
            format!("md5:{}", digits(32)),
            format!("sha512:{}", digits(64)),
            format!("{SHA256}@{SHA256}"),
            format!("{SHA256}:tag"),
        ] {
            refuses(&format!("a/b@{digest}"), &ImageFault::Digest { digest: one_line(&digest, MAX_SHOWN) });
        }
    }

    #[test]
    fn a_message_is_one_bounded_line() {
        let says = |reference: &str| Image::parse(reference).unwrap_err().to_string();
        assert_eq!(says(""), "`` is no image reference: it is empty; name a repository");
        let long = says(&format!("a\n:{}", "b".repeat(1 << 20)));
        assert!(long.len() < 400 && !long.contains('\n'), "{long}");
    }
}
