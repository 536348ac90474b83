//! Edits of launches: what is kept of the old one, flags put in and taken out. Knows no remedy.

use quorate_native_tests::evaluation_input::EvaluationInput;
use serde_json::{Value, json};

use crate::edit::{containers, object, old};

const LAUNCH: [&str; 4] = ["command", "args", "env", "envFrom"];

/// Containers of one name get these keys of the old object's back; where no name fits, those at the same place.
fn restored(input: &EvaluationInput, keys: &[&str]) -> EvaluationInput {
    let mut input = input.clone();
    let mut before = old(&input).clone();
    let before: Vec<Value> = containers(&mut before).into_iter().map(|container| container.clone()).collect();
    for (index, container) in containers(object(&mut input)).into_iter().enumerate() {
        let same = before.iter().find(|known| known["name"] == container["name"]).or_else(|| before.get(index));
        for (key, known) in keys.iter().filter_map(|key| Some((*key, same?))) {
            match known.get(key) {
                Some(value) => container[key] = value.clone(),
                None => drop(container.as_object_mut().and_then(|fields| fields.remove(key))),
            }
        }
    }
    input
}

/// The launch as it was.
pub(crate) fn kept(input: &EvaluationInput) -> EvaluationInput {
    restored(input, &LAUNCH)
}

/// The launch as it was, of the image that it was.
pub(crate) fn kept_with_image(input: &EvaluationInput) -> EvaluationInput {
    let mut input = restored(input, &[&LAUNCH[..], &["image", "restartPolicy"]].concat());
    let annotations = old(&input)["metadata"]["annotations"].clone();
    object(&mut input)["metadata"]["annotations"] = annotations;
    input
}

/// The whole pod template as it was.
pub(crate) fn template_kept(input: &EvaluationInput) -> EvaluationInput {
    let mut input = input.clone();
    let template = old(&input)["spec"]["template"].clone();
    object(&mut input)["spec"]["template"] = template;
    input
}

/// The container that is started as one was before gets that one's name; where none is, the template stays.
pub(crate) fn names_kept(input: &EvaluationInput) -> EvaluationInput {
    let mut after = input.clone();
    let mut before = old(input).clone();
    let before: Vec<Value> = containers(&mut before).into_iter().map(|container| container.clone()).collect();
    let alike = |one: &Value, other: &Value| {
        LAUNCH.iter().all(|key| one[*key] == other[*key]) && one["image"] == other["image"]
    };
    let mut renamed = false;
    for container in containers(object(&mut after)) {
        if let Some(same) = before.iter().find(|known| alike(known, container) && known["name"] != container["name"]) {
            (container["name"], renamed) = (same["name"].clone(), true);
        }
    }
    if renamed { after } else { template_kept(input) }
}

fn is_flag(word: &str, name: &str) -> bool {
    let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
    bare.is_some_and(|bare| bare == name || bare.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
}

/// The literal entries of the environment lose these words; one that holds nothing any more is passed no more.
pub(crate) fn out_of_variables(container: &mut Value, is: &dyn Fn(&str) -> bool) {
    let mut empty = Vec::new();
    for entry in container["env"].as_array_mut().into_iter().flatten() {
        let Some(text) = entry["value"].as_str().filter(|text| !text.is_empty()) else { continue };
        let kept = text.split(' ').filter(|word| !is(word)).collect::<Vec<_>>().join(" ");
        if kept.is_empty() {
            empty.push(format!("$({})", entry["name"].as_str().unwrap_or_default()));
        }
        entry["value"] = json!(kept);
    }
    for list in ["command", "args"] {
        if let Some(words) = container[list].as_array_mut() {
            words.retain(|word| !empty.iter().any(|gone| word == gone));
        }
    }
}

/// Without that flag, however it is spelled; a script or a literal variable loses its word.
pub(crate) fn without_flag(input: &EvaluationInput, name: &str) -> EvaluationInput {
    let mut input = input.clone();
    for container in containers(object(&mut input)) {
        for list in ["command", "args"] {
            let Some(words) = container[list].as_array_mut() else { continue };
            let mut kept = Vec::new();
            let mut skips = false;
            for word in words.iter() {
                let text = word.as_str().unwrap_or_default();
                if std::mem::take(&mut skips) {
                    continue;
                }
                if is_flag(text, name) {
                    skips = !text.contains('=') && !matches!(name, "raft-non-voter" | "raft-cluster-remove-shutdown");
                } else if text.contains(' ') && text.contains(name) {
                    let words: Vec<&str> =
                        text.split(' ').filter(|word| !is_flag(word.trim_matches(['\'', '"']), name)).collect();
                    kept.push(json!(words.join(" ")));
                } else {
                    kept.push(word.clone());
                }
            }
            *words = kept;
        }
        out_of_variables(container, &|word| is_flag(word, name));
    }
    input
}

/// With that flag at this value, where one of its name stands; else in front of the flags.
pub(crate) fn with_flag(input: &EvaluationInput, name: &str, value: &str) -> EvaluationInput {
    let mut input = input.clone();
    let token = format!("-{name}={value}");
    let mut put = false;
    for container in containers(object(&mut input)) {
        for list in ["command", "args"] {
            let Some(words) = container[list].as_array_mut() else { continue };
            let Some(place) = words.iter().rposition(|word| word.as_str().is_some_and(|text| is_flag(text, name)))
            else {
                continue;
            };
            if !words[place].as_str().is_some_and(|text| text.contains('=')) {
                words.remove(place + 1);
            }
            (words[place], put) = (json!(token), true);
        }
    }
    if !put {
        for container in containers(object(&mut input)) {
            let Some(words) = container["args"].as_array_mut() else { continue };
            if words.first().and_then(Value::as_str).is_none_or(|word| word.starts_with('-')) {
                words.insert(0, json!(token));
            }
        }
    }
    input
}
