//! An ApplicationSet: the Applications that its generators make of its template, and what becomes of them.
//! Facts: `applicationset/controllers` (`getAppsToDelete`, `applicationsSync`, `preserveResourcesOnDeletion`), `applicationset/utils` (templates).

use quorate_facts::Propagation;
use serde_json::{Value, json};

use super::super::lead::{Lead, Surroundings};
use super::application::FINALIZER;
use super::{file_of, generators};
use crate::object::Object;
use crate::source::text_at;
use crate::way::{Link, Recreation, Removal, Tool};

pub(super) fn read<'s>(object: &Object, around: &Surroundings<'s>) -> Lead<'s> {
    let value = &object.value;
    let mut link = Link {
        id: object.id.clone(),
        tool: Tool::ArgoCd,
        file: file_of(object),
        destination: String::new(),
        identity: String::new(),
        chart: None,
        when_dropped: drops(value),
        when_gone: cascades(value),
        propagation: Propagation::Foreground,
        propagation_when_gone: Propagation::Foreground,
        recreation: Recreation::default(),
        options: Vec::new(),
        value: value.clone(),
        gaps: Vec::new(),
        fixed: Vec::new(),
    };
    match generators::applications(value, around) {
        Ok(made) => {
            let made = made.into_iter().map(|application| completed(application, object)).collect();
            Lead { link, sources: Vec::new(), made }
        }
        Err(gap) => {
            link.gaps.push(gap.clone());
            Lead { link, sources: vec![Err(gap)], made: Vec::new() }
        }
    }
}

/// What the controller adds to what the template says.
fn completed(mut application: Value, set: &Object) -> Value {
    let preserves = set.value.pointer("/spec/syncPolicy/preserveResourcesOnDeletion") == Some(&Value::Bool(true));
    let has_finalizers = application
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array)
        .is_some_and(|finalizers| !finalizers.is_empty());
    if let Some(metadata) = application.get_mut("metadata").and_then(Value::as_object_mut) {
        if !has_finalizers && !preserves {
            metadata.insert("finalizers".to_owned(), json!([FINALIZER]));
        }
        if let Some(namespace) = &set.id.namespace {
            metadata.insert("namespace".to_owned(), Value::from(namespace.clone()));
        }
    }
    application
}

fn policy(set: &Value) -> &str {
    text_at(set, "/spec/syncPolicy/applicationsSync").unwrap_or("sync")
}

fn drops(set: &Value) -> Removal {
    match policy(set) {
        policy @ ("create-only" | "create-update") => {
            Removal::Keeps(format!("deletes no Application (`applicationsSync: {policy}`)"))
        }
        _ => Removal::Deletes,
    }
}

/// Its Applications are owned by it, and go with it.
fn cascades(set: &Value) -> Removal {
    let finalizers = set.pointer("/metadata/finalizers").and_then(Value::as_array).into_iter().flatten();
    let takes_along = finalizers.filter_map(Value::as_str).any(|name| name.split('/').next() == Some(FINALIZER));
    match policy(set) {
        policy @ ("create-only" | "create-update") if !takes_along => Removal::Keeps(format!(
            "leaves its Applications (`applicationsSync: {policy}`); deleted in the foreground it takes them all the same"
        )),
        _ => Removal::Deletes,
    }
}
