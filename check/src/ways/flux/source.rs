//! The sources that Kustomizations and HelmReleases name: a GitRepository of this repository, or a place that charts come from.
//! A source that is not in the tree is taken for this repository if the path is there; one that is there must name its URL.

use serde_json::Value;

use super::super::lead::{Surroundings, fixed_revision};
use crate::object::Object;
use crate::source::text_at;

/// A source, as it is referred to.
pub(super) struct Reference<'r> {
    pub(super) kind: &'r str,
    pub(super) name: &'r str,
    namespace: Option<&'r str>,
}

impl<'r> Reference<'r> {
    pub(super) fn at(object: &'r Object, pointer: &str) -> Self {
        Self::of(object.value.pointer(pointer).unwrap_or(&Value::Null), object)
    }

    /// What is written there by this object.
    pub(super) fn of(written: &'r Value, object: &'r Object) -> Self {
        let text = |key: &str| text_at(written, &format!("/{key}"));
        Self {
            kind: text("kind").unwrap_or("GitRepository"),
            name: text("name").unwrap_or_default(),
            namespace: text("namespace").or(object.id.namespace.as_deref()),
        }
    }

    /// The object that it names, where the tree has it: of several clusters' the one that stands nearest to whoever names it.
    pub(super) fn found<'s>(&self, by: &Object, around: &Surroundings<'s>) -> Option<&'s Object> {
        let is_it = |source: &&Object| {
            source.id.kind == self.kind
                && source.id.name == self.name
                && source.id.namespace.as_deref() == self.namespace
        };
        around.sources.iter().filter(is_it).max_by_key(|source| nearness(source, by))
    }
}

/// How many folders two objects' files have in common.
pub(super) fn nearness(one: &Object, other: &Object) -> usize {
    let folders = |object: &Object| object.origin.path.split('/').map(str::to_owned).collect::<Vec<_>>();
    folders(one).iter().zip(&folders(other)).take_while(|(one, other)| one == other).count()
}

/// The source is a git repository, as far as one can see this one, in the state that is looked at.
pub(super) fn own(object: &Object, pointer: &str, around: &Surroundings<'_>) -> Result<(), String> {
    own_at(&Reference::at(object, pointer), object, around)
}

/// The same of a reference that was read.
pub(super) fn own_at(reference: &Reference<'_>, by: &Object, around: &Surroundings<'_>) -> Result<(), String> {
    let Reference { kind, name, .. } = reference;
    if *kind != "GitRepository" {
        return Err(format!("its source is {kind} {name}, which is not this repository"));
    }
    let Some(source) = reference.found(by, around) else { return Ok(()) };
    let url = text_at(&source.value, "/spec/url").unwrap_or_default();
    if !around.is_own(url) {
        return Err(format!("its source is {url}, which is not this repository"));
    }
    let revisions = ["tag", "commit", "semver", "name"]
        .into_iter()
        .filter_map(|key| text_at(&source.value, &format!("/spec/ref/{key}")))
        .find(|revision| !revision.starts_with("refs/heads/"));
    let another = |revision: &str| {
        fixed_revision(revision)
            .unwrap_or_else(|| format!("it reads the revision `{revision}`, which is not this state"))
    };
    let ignores = source.value.pointer("/spec/ignore").is_some_and(Value::is_string);
    match (revisions, ignores) {
        (Some(revision), _) => Err(another(revision)),
        (None, true) => Err("its source leaves out files by `spec.ignore`, which is not done here".to_owned()),
        (None, false) => Ok(()),
    }
}
