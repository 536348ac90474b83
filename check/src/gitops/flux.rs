//! Flux's Kustomizations and HelmReleases, as far as their source is the same repository.
//! A source that is not in the tree is taken for this repository if the path is there; one that is there must name its URL.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::object::Object;
use super::super::source::text_at;
use super::{FollowContext, LeadingTarget, folder_of, is_own};

pub(super) const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
pub(super) const HELM: &str = "helm.toolkit.fluxcd.io";
pub(super) const SOURCE: &str = "source.toolkit.fluxcd.io";

/// Where the object leads, or why that is not evaluated.
pub(super) fn targets<'o>(object: &'o Object, around: &FollowContext<'_>) -> Vec<Result<LeadingTarget<'o>, String>> {
    match object.id.kind.as_str() {
        "Kustomization" => vec![kustomization(object, around)],
        "HelmRelease" => vec![helm_release(object, around)],
        _ => Vec::new(),
    }
}

fn kustomization<'o>(object: &'o Object, around: &FollowContext<'_>) -> Result<LeadingTarget<'o>, String> {
    own_source(object, &object.value, "/spec/sourceRef", around)?;
    const OPTIONS: [&str; 6] = ["postBuild", "patches", "images", "components", "namePrefix", "nameSuffix"];
    let spec = object.value.get("spec");
    let is_set = |option: &&&str| spec.and_then(|spec| spec.get(**option)).is_some_and(|option| !option.is_null());
    if let Some(option) = OPTIONS.iter().find(is_set) {
        return Err(format!("`spec.{option}` changes what its path renders to, which is not done here"));
    }
    Ok(LeadingTarget {
        path: text_at(&object.value, "/spec/path").unwrap_or("./"),
        namespace: text_at(&object.value, "/spec/targetNamespace"),
        release: object.id.name.clone(),
        values: Vec::new(),
        inline: None,
    })
}

fn helm_release<'o>(object: &'o Object, around: &FollowContext<'_>) -> Result<LeadingTarget<'o>, String> {
    let value = &object.value;
    let Some(chart) = text_at(value, "/spec/chart/spec/chart") else {
        return Err("its chart is named by reference (`spec.chartRef`) and comes from elsewhere".to_owned());
    };
    own_source(object, value, "/spec/chart/spec/sourceRef", around)?;
    for option in ["valuesFrom", "postRenderers"] {
        if value.get("spec").and_then(|spec| spec.get(option)).is_some_and(|option| !option.is_null()) {
            return Err(format!("`spec.{option}` changes what its chart renders to, which is not done here"));
        }
    }
    let target = text_at(value, "/spec/targetNamespace");
    let name = &object.id.name;
    let release = match (text_at(value, "/spec/releaseName"), target) {
        (Some(release), _) => release.to_owned(),
        (None, Some(target)) => format!("{target}-{name}"),
        (None, None) => name.clone(),
    };
    let files = value.pointer("/spec/chart/spec/valuesFiles").and_then(Value::as_array).into_iter().flatten();
    // They are named from the root of the source; a lead's are within its folder.
    let up = "../".repeat(folder_of(chart).split('/').count());
    Ok(LeadingTarget {
        path: chart,
        namespace: target.or(object.id.namespace.as_deref()),
        release,
        values: files.filter_map(Value::as_str).map(|file| format!("{up}{file}")).collect(),
        inline: value.pointer("/spec/values").map(Value::to_string),
    })
}

/// The source is a git repository, and as far as one can see it is this one.
fn own_source(object: &Object, value: &Value, pointer: &str, around: &FollowContext<'_>) -> Result<(), String> {
    let reference = |key: &str| text_at(value, &format!("{pointer}/{key}"));
    let (kind, name) = (reference("kind").unwrap_or("GitRepository"), reference("name").unwrap_or_default());
    if kind != "GitRepository" {
        return Err(format!("its source is {kind} {name}, which is not this repository"));
    }
    let namespace = reference("namespace").or(object.id.namespace.as_deref());
    let is_it = |source: &&Object| {
        source.id.kind == kind && source.id.name == name && source.id.namespace.as_deref() == namespace
    };
    let url = around.leading.iter().find(is_it).and_then(|source| text_at(&source.value, "/spec/url"));
    match url {
        Some(url) if !is_own(url, around.url) => Err(format!("its source is {url}, which is not this repository")),
        _ => Ok(()),
    }
}

/// Folders that Flux applies without pruning.
pub(super) fn unpruned(leading: &[Object]) -> Option<BTreeSet<String>> {
    let keeps = leading.iter().filter(|object| object.id.group == KUSTOMIZE && object.id.kind == "Kustomization");
    let keeps = keeps.filter(|object| object.value.pointer("/spec/prune") == Some(&Value::Bool(false)));
    let folders: BTreeSet<String> =
        keeps.filter_map(|object| text_at(&object.value, "/spec/path")).map(folder_of).collect();
    (!folders.is_empty()).then_some(folders)
}
