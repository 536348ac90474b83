//! A Kustomization: the folder that it applies, what it lays over it, what it prunes, and what goes with it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::lead::{Lead, Reader, Source, Surroundings};
use super::source::{Reference, own};
use super::{artifact, destination, is_suspended};
use crate::input;
use crate::object::Object;
use crate::paths::{KUSTOMIZATIONS, folder_of, joined};
use crate::render::HelmOptions;
use crate::source::text_at;
use crate::way::{Link, Recreation, Removal, Tool};

pub(super) fn read<'s>(object: &Object, around: &Surroundings<'s>) -> Lead<'s> {
    let value = &object.value;
    let link = Link {
        id: object.id.clone(),
        tool: Tool::Flux,
        file: object.origin.path.clone(),
        destination: destination(value),
        identity: String::new(),
        chart: None,
        when_dropped: prunes(value),
        when_gone: cascades(value),
        propagation: Tool::Flux.propagation(),
        propagation_when_gone: Tool::Flux.propagation(),
        recreation: Recreation {
            forces: value.pointer("/spec/force") == Some(&Value::Bool(true)),
            ..Recreation::default()
        },
        options: Vec::new(),
        value: value.clone(),
        gaps: Vec::new(),
        fixed: Vec::new(),
    };
    Lead { link, sources: vec![source(object, around)], made: Vec::new() }
}

fn prunes(kustomization: &Value) -> Removal {
    if kustomization.pointer("/spec/prune") == Some(&Value::Bool(true)) {
        Removal::Deletes
    } else {
        Removal::Keeps("does not prune (`prune: false`)".to_owned())
    }
}

fn cascades(kustomization: &Value) -> Removal {
    if is_suspended(kustomization) {
        return Removal::Keeps("is suspended, so its removal deletes nothing".to_owned());
    }
    match text_at(kustomization, "/spec/deletionPolicy").unwrap_or("MirrorPrune") {
        "Delete" | "WaitForTermination" => Removal::Deletes,
        "Orphan" => Removal::Keeps("leaves what it applied (`deletionPolicy: Orphan`)".to_owned()),
        _ => prunes(kustomization),
    }
}

fn source<'s>(object: &Object, around: &Surroundings<'s>) -> Result<Source<'s>, String> {
    let value = &object.value;
    let path = text_at(value, "/spec/path").unwrap_or_default().trim_start_matches('/');
    let reference = Reference::at(object, "/spec/sourceRef");
    let (folder, around) = if reference.kind == "ExternalArtifact" {
        artifact::folder(&reference, object, path, around)?
    } else {
        (folder_of(path), own(&reference, object, around)?)
    };
    let target = text_at(value, "/spec/targetNamespace");
    let (substitutions, overlay) = (substitutions(value)?, overlay(value, &folder, &around)?);
    let of = |key: &'static str| {
        let found = value.pointer(&format!("/spec/commonMetadata/{key}")).and_then(Value::as_object);
        found.filter(|members| !members.is_empty()).map(|members| (key, members.clone()))
    };
    Ok(Source {
        state: around.state,
        helm: HelmOptions::default(),
        namespace: target.map(str::to_owned),
        reader: Reader::Flux,
        overlay,
        substitutions,
        metadata: ["labels", "annotations"].into_iter().filter_map(of).collect(),
        folder,
    })
}

/// `postBuild.substitute`. Flux fills variables in only where there are any.
fn substitutions(kustomization: &Value) -> Result<Option<BTreeMap<String, String>>, String> {
    let from = kustomization.pointer("/spec/postBuild/substituteFrom").and_then(Value::as_array);
    if from.is_some_and(|from| !from.is_empty()) {
        return Err("`spec.postBuild.substituteFrom` takes values out of the cluster".to_owned());
    }
    let substitute = kustomization.pointer("/spec/postBuild/substitute").and_then(Value::as_object);
    Ok(substitute.filter(|members| !members.is_empty()).map(|members| {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        members.iter().map(|(key, value)| (key.clone(), text(value))).collect()
    }))
}

/// Patches as Flux knows them: a text and a target, never a file.
fn patches(written: &Value) -> Value {
    let items = written.as_array().into_iter().flatten();
    let known = items.map(|patch| json!({"patch": patch.get("patch"), "target": patch.get("target")}));
    known.collect()
}

/// What Flux writes into the folder's kustomization before it builds.
fn overlay(kustomization: &Value, folder: &str, around: &Surroundings<'_>) -> Result<Map<String, Value>, String> {
    let mut overlay = Map::new();
    for old in ["patchesStrategicMerge", "patchesJson6902"] {
        let patches = kustomization.pointer(&format!("/spec/{old}")).and_then(Value::as_array);
        if patches.is_some_and(|patches| !patches.is_empty()) {
            return Err(format!("`spec.{old}` changes what its path renders to, which is not done here"));
        }
    }
    let own = KUSTOMIZATIONS.iter().find_map(|name| around.state.tree.files.get(&joined(folder, name)));
    let own: Value = own.and_then(|file| input::parse_yaml(&file.text).ok()?.into_iter().next()).unwrap_or_default();
    for key in ["namePrefix", "nameSuffix"] {
        // Flux writes its own over it, where laying over would add to it.
        if kustomization.pointer(&format!("/spec/{key}")).is_some() && own.get(key).is_some() {
            return Err(format!("`spec.{key}` replaces that of its folder's kustomization, which is not done here"));
        }
    }
    for key in ["namePrefix", "nameSuffix", "images", "patches"] {
        let set = kustomization.pointer(&format!("/spec/{key}"));
        let set = set.filter(|value| match value {
            Value::Array(items) => !items.is_empty(),
            Value::String(text) => !text.is_empty(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        });
        if let Some(set) = set {
            let value = if key == "patches" { patches(set) } else { set.clone() };
            overlay.insert(key.to_owned(), value);
        }
    }
    if let Some(target) = text_at(kustomization, "/spec/targetNamespace") {
        overlay.insert("namespace".to_owned(), json!(target));
    }
    let components = kustomization.pointer("/spec/components").and_then(Value::as_array);
    if let Some(components) = components.filter(|components| !components.is_empty()) {
        let inside = components.iter().filter_map(Value::as_str).map(|item| {
            let path = joined(folder, item);
            let there = around.state.closures.is_kustomization(&path);
            if there { Ok(Value::from(path)) } else { Err(format!("its component `{item}` is not in this repository")) }
        });
        overlay.insert("components".to_owned(), Value::from(inside.collect::<Result<Vec<_>, String>>()?));
    }
    Ok(overlay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_with_a_kustomization() {
        let spec = |spec: Value| json!({"spec": spec});
        assert_eq!(cascades(&spec(json!({"prune": true}))), Removal::Deletes);
        assert_eq!(cascades(&spec(json!({"prune": false, "deletionPolicy": "Delete"}))), Removal::Deletes);
        let keeping = [
            json!({"prune": false}),
            json!({"prune": true, "deletionPolicy": "Orphan"}),
            json!({"prune": true, "suspend": true}),
        ];
        for spec_of in keeping {
            assert!(matches!(cascades(&spec(spec_of)), Removal::Keeps(_)));
        }
    }
}
