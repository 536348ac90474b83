//! A failure as files that `quorate review` reads: `review.json`, `facts.json`, `parent.yaml`, `quorate.yaml`. Judges nothing.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::evaluation_input::EvaluationInput;

/// Writes one input into a folder of its own, emptied before.
pub fn write(folder: &Path, input: &EvaluationInput, note: &str) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).expect("a folder for the failure");
    let file = |name: &str, text: String| fs::write(folder.join(name), text).expect("a writable folder");
    file("review.json", pretty(&input.review));
    file("facts.json", pretty(&input.facts));
    if let Some(parent) = input.related.found() {
        // JSON is YAML.
        file("parent.yaml", pretty(&typed(parent)));
    }
    if !input.settings.is_empty() {
        let policies: serde_json::Map<String, Value> =
            input.settings.iter().map(|(name, text)| ((*name).to_owned(), json!({ "settings": text }))).collect();
        file("quorate.yaml", pretty(&json!({ "policies": policies })));
    }
    file("note.txt", note.to_owned());
}

fn typed(set: &Value) -> Value {
    let mut set = set.clone();
    set["kind"] = json!("StatefulSet");
    set["apiVersion"] = json!("apps/v1");
    set
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
