//! Argo CD's Applications: their sources that lie in the same repository.
//! ApplicationSets make Applications in the cluster, so they are not followed.

use serde_json::Value;

use super::super::object::Object;
use super::super::source::text_at;
use super::{FollowContext, LeadingTarget, is_own};

pub(super) const GROUP: &str = "argoproj.io";

/// Where the object leads, or why that is not evaluated.
pub(super) fn targets<'o>(object: &'o Object, around: &FollowContext<'_>) -> Vec<Result<LeadingTarget<'o>, String>> {
    match object.id.kind.as_str() {
        "Application" => sources(&object.value).map(|source| target(object, source, around)).collect(),
        "ApplicationSet" => vec![Err("its Applications are made in the cluster".to_owned())],
        _ => Vec::new(),
    }
}

fn sources(application: &Value) -> impl Iterator<Item = &Value> {
    let one = application.pointer("/spec/source");
    let several = application.pointer("/spec/sources").and_then(Value::as_array);
    one.into_iter().chain(several.into_iter().flatten())
}

fn target<'o>(object: &'o Object, source: &'o Value, around: &FollowContext<'_>) -> Result<LeadingTarget<'o>, String> {
    let url = text_at(source, "/repoURL").unwrap_or_default();
    if let Some(chart) = text_at(source, "/chart") {
        return Err(format!("its chart `{chart}` comes from {url}"));
    }
    if !is_own(url, around.url) {
        return Err(format!("its source is {url}, which is not this repository"));
    }
    if let Some(unknown) = unsupported_option(source) {
        return Err(format!("`{unknown}` changes what its source renders to, which is not done here"));
    }
    let path = text_at(source, "/path").ok_or("has a source without a path")?;
    let texts = |pointer| source.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let values: Vec<String> = texts("/helm/valueFiles").filter_map(Value::as_str).map(str::to_owned).collect();
    if let Some(foreign) = values.iter().find(|file| file.starts_with('$') || file.contains("://")) {
        return Err(format!("its values file `{foreign}` comes from elsewhere"));
    }
    let inline = match source.pointer("/helm/valuesObject") {
        Some(values) => Some(values.to_string()),
        None => text_at(source, "/helm/values").map(str::to_owned),
    };
    Ok(LeadingTarget {
        path,
        namespace: text_at(&object.value, "/spec/destination/namespace"),
        release: text_at(source, "/helm/releaseName").unwrap_or(&object.id.name).to_owned(),
        values,
        inline,
    })
}

/// What of the source's own options is not reproduced.
fn unsupported_option(source: &Value) -> Option<&'static str> {
    const OPTIONS: [(&str, &str); 5] = [
        ("/plugin", "spec.source.plugin"),
        ("/kustomize", "spec.source.kustomize"),
        ("/helm/parameters", "spec.source.helm.parameters"),
        ("/helm/fileParameters", "spec.source.helm.fileParameters"),
        ("/directory/jsonnet", "spec.source.directory.jsonnet"),
    ];
    let is_set = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        // Only tells which version of kustomize to take.
        Value::Object(members) => members.keys().any(|key| key != "version"),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    };
    OPTIONS.iter().find_map(|(pointer, name)| source.pointer(pointer).is_some_and(is_set).then_some(*name))
}
