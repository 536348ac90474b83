//! An ArtifactGenerator's copy: which folder of the repository a folder of the artifact is.
//! Facts: source-watcher, `api/v1beta1` (`spec.sources`, `spec.artifacts[].copy`). Only copies of whole folders (`/**`) are followed, and only
//! where they keep what lies beside each other as it lies in the repository: else a kustomization's relative paths mean something else.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::lead::Surroundings;
use super::source::{Reference, own};
use crate::object::Object;
use crate::paths::{folder_of, is_below, joined};
use crate::source::text_at;

/// The folder of the repository that `path` is in the artifact that `reference` names.
///
/// # Errors
/// When the artifact is not made here, or not of this repository, or by a copy that is not followed.
pub(super) fn folder<'s>(
    reference: &Reference<'_>,
    by: &Object,
    path: &str,
    around: &Surroundings<'s>,
) -> Result<(String, Surroundings<'s>), String> {
    let name = reference.name;
    let elsewhere = || format!("its source is ExternalArtifact {name}, which nothing in this repository makes");
    let (generator, artifact) = made_by(name, by, around).ok_or_else(elsewhere)?;
    let mut copies = Vec::new();
    let mut copied_from = *around;
    for copy in artifact.get("copy").and_then(Value::as_array).into_iter().flatten() {
        let (from, to, there) = copied(copy, generator, around)?;
        if !copies.is_empty() && there.state.name() != copied_from.state.name() {
            return Err(format!("its source is ExternalArtifact {name}, whose copies are of several states"));
        }
        copied_from = there;
        copies.push((from, to));
    }
    let offsets: BTreeSet<Option<String>> = copies.iter().map(|(from, to)| offset(from, to)).collect();
    let offset = match offsets.into_iter().collect::<Vec<_>>().as_slice() {
        [Some(offset)] => offset.clone(),
        _ => {
            return Err(format!(
                "its source is ExternalArtifact {name}, whose copies rearrange folders, which is not followed"
            ));
        }
    };
    let folder = joined(&offset, &folder_of(path));
    let is_copied = copies.iter().any(|(from, _)| is_below(&folder, from));
    if is_copied {
        Ok((folder, copied_from))
    } else {
        Err(format!("leads to `{path}` of ExternalArtifact {name}, which holds no such folder"))
    }
}

fn made_by<'s>(name: &str, by: &Object, around: &Surroundings<'s>) -> Option<(&'s Object, &'s Value)> {
    let generators = around.sources.iter().filter(|source| source.id.kind == "ArtifactGenerator");
    let made = generators.filter_map(|generator| {
        let artifacts = generator.value.pointer("/spec/artifacts").and_then(Value::as_array)?;
        Some((generator, artifacts.iter().find(|artifact| text_at(artifact, "/name") == Some(name))?))
    });
    made.max_by_key(|(generator, _)| super::source::nearness(generator, by))
}

/// From where to where a copy goes, and in which state.
fn copied<'s>(
    copy: &Value,
    generator: &Object,
    around: &Surroundings<'s>,
) -> Result<(String, String, Surroundings<'s>), String> {
    let text = |key: &str| text_at(copy, &format!("/{key}")).unwrap_or_default();
    let not_followed = || format!("its artifact copies `{}`, which is not followed", text("from"));
    let has = |key: &str| copy.get(key).and_then(Value::as_array).is_some_and(|items| !items.is_empty());
    if has("exclude") {
        return Err(not_followed());
    }
    let (alias, from) =
        text("from").strip_prefix('@').and_then(|from| from.split_once('/')).ok_or_else(not_followed)?;
    let from = if from == "**" { "" } else { from.strip_suffix("/**").ok_or_else(not_followed)? };
    let to = text("to").strip_prefix("@artifact").ok_or_else(not_followed)?;
    let sources = generator.value.pointer("/spec/sources").and_then(Value::as_array).into_iter().flatten();
    let source =
        sources.into_iter().find(|source| text_at(source, "/alias") == Some(alias)).ok_or_else(not_followed)?;
    let there = own(&Reference::of(source, generator), generator, around)?;
    Ok((folder_of(from), folder_of(to.trim_start_matches('/')), there))
}

/// What stands before a path of the artifact in the repository; None where the copy renames.
fn offset(from: &str, to: &str) -> Option<String> {
    if to.is_empty() {
        return Some(from.to_owned());
    }
    let before = from.strip_suffix(to)?;
    (before.is_empty() || before.ends_with('/')).then(|| before.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::offset;

    #[test]
    fn a_copy_keeps_folders_beside_each_other_or_renames_them() {
        assert_eq!(offset("apps/base", "base").as_deref(), Some("apps"));
        assert_eq!(offset("infrastructure", "").as_deref(), Some("infrastructure"));
        assert_eq!(offset("apps/base", "other"), None);
        assert_eq!(offset("apps/mybase", "base"), None);
    }
}
