//! Warns of annotations under `quorate.dev/` that have no effect, by their name or by a value that is newly written.

use kubernetes::annotation::{self, ALLOW_DELETION, BREAK_GLASS, CONTAINER, INJECTED, PREFIX};
use kubernetes::manifest::Metadata;
use quorate_sdk::{Finding, Judges, Rule, Severity, pointer};
use strsim::jaro_winkler;

use crate::annotation_value::IneffectiveValue;
use crate::credential_kind::CREDENTIAL_KINDS;

/// ## What it says
/// An annotation that begins with `quorate.dev/` is none that Quorate knows; the nearest one is named.
///
/// A value that is newly written does nothing: `quorate.dev/allow-deletion` other than `"true"` and `"false"`, a
/// `quorate.dev/break-glass` that cannot be read, has ended, or ends more than 24 hours ahead.
///
/// ## Why
/// Kubernetes accepts any annotation. With a typo in its name, what was asked for (users, certificates, the permission to delete) is
/// missing without any message.
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
/// It is said of every StatefulSet, also of one in which no rqlite was recognised: there a mistyped `quorate.dev/container` may be
/// the reason. A value that the old object has already is not looked at: a rollback brings last week's. Where the time is not known,
/// the end of a break-glass is not checked.
pub const RULE: Rule = Rule::new(
    "unknown-annotation",
    "a `quorate.dev/` annotation that Quorate does not know, or a value of one that does nothing",
    Severity::Low,
    Judges::Object,
);

/// Those of the other policies and of the engine; the rest is [`TOPICS`].
const OTHERS: [&str; 4] = [CONTAINER, INJECTED, ALLOW_DELETION, BREAK_GLASS];

/// The engine shows no more findings of one policy, and counts the rest: what nobody reads needs no nearest name.
const SHOWN: usize = 64;

/// `old` is none at a creation; `now` is RFC 3339.
pub fn evaluate(old: Option<&Metadata>, new: &Metadata, now: Option<&str>) -> Vec<Finding> {
    let annotations = annotation::own(new).map(|(key, value)| (key.strip_prefix(PREFIX).unwrap_or(key), value));
    let had = |name: &str| old?.annotations.get(&format!("{PREFIX}{name}"));
    let mut unknown = 0;
    let found = annotations.filter_map(|(name, value)| {
        if !known().any(|known| known == name) {
            unknown += 1;
            return Some(warned(name, (unknown <= SHOWN).then(|| nearest(name)).flatten()));
        }
        let useless = IneffectiveValue::of(&format!("{PREFIX}{name}"), value, now)
            .filter(|_| had(name).is_none_or(|before| before != value))?;
        Some(without_effect(name, &useless))
    });
    found.collect()
}

fn known() -> impl Iterator<Item = &'static str> {
    let others = OTHERS.into_iter().filter_map(|key| key.strip_prefix(PREFIX));
    others.chain(CREDENTIAL_KINDS.iter().map(|topic| topic.key))
}

fn warned(name: &str, nearest: Option<&str>) -> Finding {
    let nearest = nearest.map_or_else(String::new, |known| format!(", the nearest is `{PREFIX}{known}`"));
    RULE.warn(format!("annotation `{PREFIX}{name}` is not known{nearest}"))
        .at(place(name))
        .remedy("correct its name, or remove it")
}

fn nearest(name: &str) -> Option<&'static str> {
    let nearness = known().map(|known| (jaro_winkler(known, name), known));
    nearness.max_by(|(left, _), (right, _)| left.total_cmp(right)).map(|(_, known)| known)
}

fn without_effect(name: &str, useless: &IneffectiveValue) -> Finding {
    RULE.warn(format!("annotation `{PREFIX}{name}` {useless}")).at(place(name)).remedy(useless.remedy())
}

fn place(name: &str) -> String {
    pointer(["metadata", "annotations", &[PREFIX, name].concat()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn said(name: &str) -> String {
        let mut metadata = Metadata::default();
        metadata.annotations.insert(format!("quorate.dev/{name}"), String::new());
        evaluate(None, &metadata, None).iter().map(|finding| finding.message().to_owned()).collect()
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
            assert_eq!(said(name), message);
        }
    }

    #[test]
    fn says_nothing_of_known_ones_and_of_others_annotations() {
        for name in known().filter(|name| !["allow-deletion", "break-glass"].contains(name)) {
            assert_eq!(said(name), "", "{name}");
        }
        let mut metadata = Metadata::default();
        metadata.annotations.insert("example.com/auth-secrets".to_owned(), String::new());
        assert_eq!(evaluate(None, &metadata, None), []);
    }
}
