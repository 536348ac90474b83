//! Says that a set which looks like rqlite's is not guarded, and refuses an annotation that names no container.
//! Not which sets are recognised (`rqlite::cluster`), nor what speaks of rqlite (`rqlite::candidate`).

use kubernetes::annotation::{self, CONTAINER, NO_CONTAINER};
use kubernetes::manifest::{PodSpec, StatefulSet};
use quorate_sdk::{AtPath, Finding, Judges, Rule, SetDocument, Severity};

/// ## What it refuses
/// `quorate.dev/container` that is newly written and names no container of the pod that keeps running. (An init container counts
/// only as a native sidecar, with `restartPolicy: Always`.)
///
/// It warns of a set in which no rqlite is recognised although it looks like it: the path of an image's repository holds `rqlite`,
/// a flag is passed that only rqlited has, or the set bears a `quorate.dev/` annotation. Containers that are known to run something
/// else (`curl`, `sleep`, the `rqlite` shell) do not count.
///
/// ## Why
/// What is not recognised is not guarded: every scale, eviction and deletion of such a set passes without a word. An image under
/// another name (`acme/rqlited:9.4.5`), an unknown program that starts rqlited, or a typo in the annotation is enough.
///
/// ## Example
/// ```yaml
/// metadata:
///   annotations:
///     quorate.dev/container: rqlited               # the container is called rqlite
/// ```
///
/// ## Instead
/// Name the container that runs rqlited: `quorate.dev/container: rqlite`. If none does, `quorate.dev/container: none` silences the
/// warning; it hides no container that is recognised.
///
/// ## When the value is unknown
/// An annotation that the old object has already is not refused: it counts as absent. Where a set is created again over what an
/// earlier one left, it is a warning.
pub(crate) const RULE: Rule = Rule::new(
    "not-recognised",
    "a set that looks like rqlite's is not recognised, so nothing guards it",
    Severity::Low,
    Judges::Object,
);

/// Refuses an annotation that names no container, where it is newly written.
pub(crate) fn evaluate_annotation(old: Option<&StatefulSet>, new: &StatefulSet) -> Option<Finding> {
    let named = annotation(new).filter(|name| old.and_then(annotation) != Some(*name))?;
    let pod = &new.spec.template.spec;
    if named == NO_CONTAINER || pod.running_containers().any(|(_, container)| container.name == named) {
        return None;
    }
    let found = match pod.place_of(named) {
        Some(_) => "names an init container that ends".to_owned(),
        None => format!("names no container of the pod, which has {}", names(pod)),
    };
    let finding = RULE
        .deny(format!("`{CONTAINER}: {named}` {found}"))
        .field(format!("metadata.annotations[{CONTAINER}]"))
        .remedy(format!("name the container that runs rqlited, or write `{NO_CONTAINER}` if none does"));
    Some(finding.defect(format!("names {named}")))
}

/// Warns of a new object in which no rqlite is recognised, where what speaks of rqlite may be new.
pub(crate) fn evaluate(old: Option<&SetDocument>, new: &SetDocument) -> Option<Finding> {
    let sign = new.hint()?;
    if !old.is_none_or(|old| changes(old, new)) {
        return None;
    }
    let (found, remedy) = match sign.container() {
        Some(name) => (
            "looks like rqlite's",
            format!("if rqlited runs there, annotate the set with `{CONTAINER}: {name}`, if not with `{NO_CONTAINER}`"),
        ),
        None => (
            "speaks to Quorate",
            format!("name the container that runs rqlited in `{CONTAINER}`, or write `{NO_CONTAINER}` if none does"),
        ),
    };
    let warning =
        RULE.warn(format!("{sign} {found}, but no container is recognised as rqlite's, so nothing guards this set"));
    Some(warning.field(sign.path()).remedy(remedy))
}

fn changes(old: &SetDocument, new: &SetDocument) -> bool {
    !annotation::own(&old.set.metadata).eq(annotation::own(&new.set.metadata)) || !old.same_template(new)
}

fn annotation(set: &StatefulSet) -> Option<&str> {
    set.metadata.annotations.get(CONTAINER).map(String::as_str)
}

/// The first few: a message is one line.
fn names(pod: &PodSpec) -> String {
    const SHOWN: usize = 4;
    let all: Vec<&str> = pod.running_containers().map(|(_, container)| container.name.as_str()).collect();
    let shown = all.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match all.len() {
        0 => "none".to_owned(),
        count if count > SHOWN => format!("{shown} and {} more", count - SHOWN),
        _ => shown,
    }
}
