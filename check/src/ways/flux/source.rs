//! The sources that Kustomizations and HelmReleases name: a GitRepository of this repository, or a place that charts come from.
//! A source that is not in the tree is taken for this repository if the path is there; one that is there must name its URL.

use serde_json::Value;

use super::super::lead::Surroundings;
use super::ignore;
use crate::object::Object;
use crate::revisions::{AskedRevision, CHANGES_SOURCE};
use crate::source::text_at;
use crate::state::StateName;
use crate::tree::Content;

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

/// The source is a git repository, as far as one can see this one, in the state that it names.
///
/// # Errors
/// When it is another repository, or its revision cannot be had.
pub(super) fn own<'s>(
    reference: &Reference<'_>,
    by: &Object,
    around: &Surroundings<'s>,
) -> Result<Surroundings<'s>, String> {
    let Reference { kind, name, .. } = reference;
    if *kind != "GitRepository" {
        return Err(format!("its source is {kind} {name}, which is not this repository"));
    }
    let source = reference.found(by, around).map(|source| &source.value);
    if let Some(option) = source.and_then(unknown_option) {
        return Err(format!("its source GitRepository {name} has `{option}`, {CHANGES_SOURCE}"));
    }
    let there = match source {
        Some(source) => around.at(text_at(source, "/spec/url").unwrap_or_default(), revision(source))?,
        None => *around,
    };
    let ignores = ignore::texts(there.state.tree, source.and_then(|source| text_at(source, "/spec/ignore")))?;
    let leaves_links_out = there.state.tree.paths.values().any(|content| *content == Content::Link);
    if ignores.is_empty() && !leaves_links_out {
        return Ok(there);
    }
    there.in_state(StateName { ignores, leaves_links_out, ..there.state.name().clone() })
}

/// An option that may change what the repository holds for Flux.
fn unknown_option(source: &Value) -> Option<String> {
    const KNOWN: [&str; 13] = [
        "url",
        "ref",
        "ignore",
        "interval",
        "timeout",
        "secretRef",
        "provider",
        "suspend",
        "verify",
        "proxySecretRef",
        "serviceAccountName",
        "recurseSubmodules",
        "accessFrom",
    ];
    const KNOWN_OF_REF: [&str; 5] = ["branch", "tag", "semver", "name", "commit"];
    let members = |place: &str| source.pointer(place).and_then(Value::as_object).into_iter().flat_map(|all| all.keys());
    let own = members("/spec").filter(|key| !KNOWN.contains(&key.as_str())).map(|key| format!("spec.{key}"));
    let of_ref = members("/spec/ref").filter(|key| !KNOWN_OF_REF.contains(&key.as_str()));
    own.chain(of_ref.map(|key| format!("spec.ref.{key}"))).next()
}

/// What its `ref` says, in the order in which source-controller asks.
fn revision(source: &Value) -> AskedRevision<'_> {
    let of = |key: &str| text_at(source, &format!("/spec/ref/{key}")).filter(|text| !text.is_empty());
    let commit = of("commit").map(AskedRevision::Commit).or_else(|| of("name").map(AskedRevision::Reference));
    let tag = || of("semver").map(AskedRevision::Range).or_else(|| of("tag").map(AskedRevision::Tag));
    commit.or_else(tag).unwrap_or(AskedRevision::Any(""))
}
