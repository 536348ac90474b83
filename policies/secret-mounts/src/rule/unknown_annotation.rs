//! Warns of annotations that speak to Quorate and mean nothing. Their values are not looked at.

use quorate_sdk::review::{ANNOTATION_PREFIX, own_annotations};
use quorate_sdk::{Finding, Rule};
use rqlite::manifest::Metadata;
use strsim::jaro_winkler;

use crate::topic::TOPICS;

/// ## What it says
/// An annotation that begins with `quorate.dev/` is none that Quorate knows; the nearest one is named.
///
/// ## Why
/// Kubernetes takes any annotation. A letter too many, and what was asked for (users, certificates, the permission to delete) is
/// silently not there.
///
/// ## Example
/// ```yaml
/// metadata:
///   annotations:
///     quorate.dev/auth-secrets: rqlite-users
/// ```
///
/// ## Instead
/// ```yaml
/// metadata:
///   annotations:
///     quorate.dev/auth-secret: rqlite-users
/// ```
///
/// ## When the value is unknown
/// Only the name counts. It is said of every StatefulSet, also of one in which no rqlite was recognised: there a mistyped
/// `quorate.dev/container` may be the reason.
pub const RULE: Rule =
    Rule { id: "unknown-annotation", summary: "a `quorate.dev/` annotation that Quorate does not know" };

/// Those of the other policies and of the engine; the rest is [`TOPICS`].
const OTHERS: [&str; 4] = ["container", "injected", "allow-deletion", "break-glass"];

pub fn judge(metadata: &Metadata) -> Vec<Finding> {
    let names = own_annotations(metadata).map(|(key, _)| key.strip_prefix(ANNOTATION_PREFIX).unwrap_or(key));
    names.filter(|name| !known().any(|known| known == *name)).map(warned).collect()
}

fn known() -> impl Iterator<Item = &'static str> {
    OTHERS.into_iter().chain(TOPICS.iter().map(|topic| topic.key))
}

fn warned(name: &str) -> Finding {
    let nearness = |known: &&str| jaro_winkler(known, name);
    let nearest = known().max_by(|left, right| nearness(left).total_cmp(&nearness(right))).unwrap_or_default();
    RULE.warn(format!(
        "annotation `{ANNOTATION_PREFIX}{name}` is not known, the nearest is `{ANNOTATION_PREFIX}{nearest}`"
    ))
    .field(format!("metadata.annotations[{ANNOTATION_PREFIX}{name}]"))
    .remedy("correct its name, or remove it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn nearest(name: &str) -> String {
        let mut metadata = Metadata::default();
        metadata.annotations.insert(format!("quorate.dev/{name}"), String::new());
        judge(&metadata).iter().map(|finding| finding.message().to_owned()).collect()
    }

    #[test]
    fn names_the_nearest_by_letters() {
        for (name, known) in [
            ("auth-secrets", "auth-secret"),
            ("contianer", "container"),
            ("http-tls", "http-tls-secret"),
            ("breakglass", "break-glass"),
            ("allow-delete", "allow-deletion"),
        ] {
            let message = format!("annotation `quorate.dev/{name}` is not known, the nearest is `quorate.dev/{known}`");
            assert_eq!(nearest(name), message);
        }
    }

    #[test]
    fn says_nothing_of_known_ones_and_of_others_annotations() {
        for name in known() {
            assert_eq!(nearest(name), "", "{name}");
        }
        let mut metadata = Metadata::default();
        metadata.annotations.insert("example.com/auth-secrets".to_owned(), String::new());
        assert_eq!(judge(&metadata), []);
    }
}
