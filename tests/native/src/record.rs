//! A failure as files that `quorate review` reads: `review.json`, `facts.json`, `parent.yaml`, `quorate.yaml`. Judges nothing.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::world::World;

/// Writes one world into a folder of its own, emptied before.
pub fn write(folder: &Path, world: &World, note: &str) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).expect("a folder for the failure");
    let file = |name: &str, text: String| fs::write(folder.join(name), text).expect("a writable folder");
    file("review.json", pretty(&world.review));
    file("facts.json", pretty(&world.facts));
    if let Some(parent) = world.related.found() {
        // JSON is YAML.
        file("parent.yaml", pretty(&typed(parent)));
    }
    if !world.settings.is_empty() {
        let policies: serde_json::Map<String, Value> =
            world.settings.iter().map(|(name, text)| ((*name).to_owned(), json!({ "settings": text }))).collect();
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
