//! The generators of an ApplicationSet that need nothing but this repository: list, git (directories, files), matrix and merge of these;
//! and the template that they fill. Facts: `applicationset/generators`, `applicationset/utils/utils.go`.
//! Others ask the cluster, a forge or a plugin, and are not evaluated.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::glob::{Stars, matches};
use super::super::lead::Surroundings;
use crate::input;
use crate::paths::folder_of;
use crate::revisions::AskedRevision;
use crate::source::text_at;

/// The parameters of one Application: flat names, as the old templates write them and the new ones with a dot before them.
type Parameters = BTreeMap<String, String>;

/// At most so many Applications of one set are evaluated.
const MOST: usize = 2_000;

/// And so many bytes of their templates.
const MOST_BYTES: usize = 64 << 20;

/// Generators within generators.
const DEEPEST: usize = 4;

/// The Applications of the set.
///
/// # Errors
/// When a generator, or the template, needs what is not in the repository.
pub(super) fn applications(set: &Value, around: &Surroundings<'_>) -> Result<Vec<Value>, String> {
    if set.pointer("/spec/templatePatch").is_some_and(|patch| !patch.is_null()) {
        return Err("`spec.templatePatch` changes its Applications, which is not done here".to_owned());
    }
    let template = set.pointer("/spec/template").ok_or("has no template")?;
    let goes = set.pointer("/spec/goTemplate") == Some(&Value::Bool(true));
    let generators = set.pointer("/spec/generators").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut made = Vec::new();
    let size = template.to_string().len().max(1);
    for generator in generators {
        let all = generated(generator, &Parameters::new(), around, 0)?;
        if made.len().saturating_add(all.len()) > MOST || all.len().saturating_mul(size) > MOST_BYTES {
            return Err(format!("makes more than {MOST} Applications, or very large ones"));
        }
        for parameters in all {
            let mut application = filled(template, &parameters, goes)?;
            if let Some(members) = application.as_object_mut() {
                members.insert("apiVersion".to_owned(), Value::from("argoproj.io/v1alpha1"));
                members.insert("kind".to_owned(), Value::from("Application"));
            }
            made.push(application);
        }
    }
    Ok(made)
}

fn generated(
    generator: &Value,
    outer: &Parameters,
    around: &Surroundings<'_>,
    depth: usize,
) -> Result<Vec<Parameters>, String> {
    if depth > DEEPEST {
        return Err("has generators within generators, too deep".to_owned());
    }
    if generator.get("selector").is_some_and(|selector| !selector.is_null()) {
        return Err("has a generator with a `selector`, which is not evaluated here".to_owned());
    }
    let has_template =
        |of: &Value| of.get("template").is_some_and(|own| own.as_object().is_some_and(|own| !own.is_empty()));
    if generator.as_object().is_some_and(|members| members.values().any(has_template)) {
        return Err("has a generator with a `template` of its own, which is not evaluated here".to_owned());
    }
    if let Some(list) = generator.get("list") {
        return list_parameters(list);
    }
    if let Some(git) = generator.get("git") {
        return git_parameters(git, around);
    }
    if let Some(matrix) = generator.get("matrix") {
        return matrix_parameters(matrix, outer, around, depth);
    }
    if let Some(merge) = generator.get("merge") {
        return merge_parameters(merge, outer, around, depth);
    }
    let known = ["clusters", "scmProvider", "pullRequest", "plugin", "clusterDecisionResource"];
    let name = known.into_iter().find(|name| generator.get(name).is_some()).unwrap_or("unknown");
    Err(format!("its generator `{name}` asks what is not in this repository"))
}

fn list_parameters(list: &Value) -> Result<Vec<Parameters>, String> {
    if list.get("elementsYaml").is_some_and(|text| text.as_str().is_some_and(|text| !text.is_empty())) {
        return Err("its list generator has `elementsYaml`, which is not evaluated here".to_owned());
    }
    let elements = list.get("elements").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if elements.len() > MOST {
        return Err(format!("has a list of more than {MOST} elements"));
    }
    Ok(elements.iter().map(flattened).collect())
}

/// `{"a": {"b": 1}}` as `a.b: 1`.
fn flattened(value: &Value) -> Parameters {
    let mut parameters = Parameters::new();
    let mut open = vec![(String::new(), value)];
    while let Some((path, value)) = open.pop() {
        let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        match value {
            Value::Object(members) => open.extend(members.iter().map(|(key, value)| (below(key), value))),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                open.extend(items.map(|(index, item)| (below(&index.to_string()), item)));
            }
            Value::String(text) => drop(parameters.insert(path, text.clone())),
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) => drop(parameters.insert(path, value.to_string())),
        }
    }
    parameters
}

fn git_parameters(git: &Value, around: &Surroundings<'_>) -> Result<Vec<Parameters>, String> {
    let url = text_at(git, "/repoURL").unwrap_or_default();
    let revision = AskedRevision::Any(text_at(git, "/revision").unwrap_or_default());
    let around = &around.at(url, revision).map_err(|why| format!("has a git generator: {why}"))?;
    if git.get("pathParamPrefix").is_some_and(|prefix| prefix.as_str().is_some_and(|text| !text.is_empty())) {
        return Err("its git generator has `pathParamPrefix`, which is not evaluated here".to_owned());
    }
    let items = |key: &str| git.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let values = git.get("values").map(flattened).unwrap_or_default();
    let mut made = match (items("directories"), items("files")) {
        ([], files) => of_files(files, around)?,
        (directories, _) => of_directories(directories, around),
    };
    for parameters in &mut made {
        for (name, value) in &values {
            parameters.insert(format!("values.{name}"), value.clone());
        }
    }
    Ok(made)
}

/// Every folder of the tree, its own and those of its files, that a pattern takes and none excludes.
fn of_directories(patterns: &[Value], around: &Surroundings<'_>) -> Vec<Parameters> {
    let mut folders = std::collections::BTreeSet::new();
    for path in around.state.tree.paths.keys() {
        let mut rest = path.as_str();
        while let Some((folder, _)) = rest.rsplit_once('/') {
            folders.insert(folder);
            rest = folder;
        }
    }
    let takes = |folder: &str, excludes: bool| {
        patterns.iter().any(|pattern| {
            let is_exclusion = pattern.get("exclude") == Some(&Value::Bool(true));
            let path = text_at(pattern, "/path").unwrap_or_default();
            is_exclusion == excludes && matches(&folder_of(path), folder, Stars::StayInFolder)
        })
    };
    let hidden = |folder: &str| folder.split('/').any(|part| part.starts_with('.'));
    let taken = folders.into_iter().filter(|folder| !hidden(folder) && takes(folder, false) && !takes(folder, true));
    taken.map(of_path).collect()
}

/// `path`, `path.basename` and the like.
fn of_path(path: &str) -> Parameters {
    let base = path.rsplit('/').next().unwrap_or(path);
    let normalised: String =
        base.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let mut parameters = Parameters::from([
        ("path".to_owned(), path.to_owned()),
        ("path.path".to_owned(), path.to_owned()),
        ("path.basename".to_owned(), base.to_owned()),
        ("path.basenameNormalized".to_owned(), normalised),
    ]);
    for (index, segment) in path.split('/').enumerate() {
        parameters.insert(format!("path[{index}]"), segment.to_owned());
        parameters.insert(format!("path.segments.{index}"), segment.to_owned());
    }
    parameters
}

/// A set of parameters of each file, or of each item of its list.
fn of_files(patterns: &[Value], around: &Surroundings<'_>) -> Result<Vec<Parameters>, String> {
    let mut made = Vec::new();
    for path in around.state.tree.paths.keys() {
        let takes = |excludes: bool| {
            patterns.iter().any(|pattern| {
                (pattern.get("exclude") == Some(&Value::Bool(true))) == excludes
                    && matches(&folder_of(text_at(pattern, "/path").unwrap_or_default()), path, Stars::StayInFolder)
            })
        };
        if !takes(false) || takes(true) {
            continue;
        }
        let Some(file) = around.state.tree.files.get(path) else {
            return Err(format!("its generator reads `{path}`, which is no YAML or JSON"));
        };
        let documents = input::parse_yaml::<Value>(&file.text)
            .map_err(|error| format!("its generator cannot read `{path}`: {error}"))?;
        let elements = documents.into_iter().flat_map(|document| match document.as_array() {
            Some(items) => items.clone(),
            None => vec![document],
        });
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        for element in elements {
            let mut parameters = of_path(folder);
            parameters.insert("path.filename".to_owned(), name.to_owned());
            parameters.extend(flattened(&element));
            made.push(parameters);
        }
    }
    Ok(made)
}

fn children(of: &Value) -> &[Value] {
    of.get("generators").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn matrix_parameters(
    matrix: &Value,
    outer: &Parameters,
    around: &Surroundings<'_>,
    depth: usize,
) -> Result<Vec<Parameters>, String> {
    let mut all = vec![outer.clone()];
    for child in children(matrix) {
        let mut next = Vec::new();
        for known in &all {
            let child = filled(child, known, true).or_else(|_| filled(child, known, false))?;
            for parameters in generated(&child, known, around, depth.saturating_add(1))? {
                let mut together = known.clone();
                together.extend(parameters);
                next.push(together);
            }
            if next.len() > MOST {
                return Err(format!("makes more than {MOST} Applications"));
            }
        }
        all = next;
    }
    Ok(all)
}

fn merge_parameters(
    merge: &Value,
    outer: &Parameters,
    around: &Surroundings<'_>,
    depth: usize,
) -> Result<Vec<Parameters>, String> {
    let keys: Vec<&str> =
        merge.get("mergeKeys").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut children = children(merge).iter();
    let Some(first) = children.next() else { return Ok(Vec::new()) };
    let mut all = generated(first, outer, around, depth.saturating_add(1))?;
    for child in children {
        for over in generated(child, outer, around, depth.saturating_add(1))? {
            let is_it = |base: &&mut Parameters| keys.iter().all(|key| base.get(*key) == over.get(*key));
            if let Some(base) = all.iter_mut().find(is_it) {
                base.extend(over);
            }
        }
    }
    Ok(all)
}

/// The template with its parameters in the place of `{{ }}`.
fn filled(template: &Value, parameters: &Parameters, goes: bool) -> Result<Value, String> {
    Ok(match template {
        Value::String(text) => Value::from(filled_text(text, parameters, goes)?),
        Value::Array(items) => {
            Value::from(items.iter().map(|item| filled(item, parameters, goes)).collect::<Result<Vec<_>, _>>()?)
        }
        Value::Object(members) => {
            let filled = members
                .iter()
                .map(|(key, value)| Ok((filled_text(key, parameters, goes)?, filled(value, parameters, goes)?)));
            Value::Object(filled.collect::<Result<_, String>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => template.clone(),
    })
}

fn filled_text(text: &str, parameters: &Parameters, goes: bool) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((expression, behind)) = after.split_once("}}") else { break };
        let name = expression.trim().trim_matches('-').trim();
        let value = if goes { of_go(name, parameters) } else { parameters.get(name).cloned() };
        // An old template leaves what it does not know.
        let value = match value {
            Some(value) => value,
            None => return Err(format!("its template has `{{{{{expression}}}}}`, which is not evaluated here")),
        };
        filled.push_str(before);
        filled.push_str(&value);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// `.path.basename`, `index .path.segments 1`, `.name | quote` without the functions.
fn of_go(name: &str, parameters: &Parameters) -> Option<String> {
    if let Some(rest) = name.strip_prefix("index ") {
        let (list, index) = rest.trim().rsplit_once(' ')?;
        return parameters
            .get(&format!("{}.{}", list.trim().trim_start_matches('.'), index.trim_matches('"')))
            .cloned();
    }
    parameters.get(name.strip_prefix('.')?).cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn templates_are_filled() {
        let parameters = of_path("apps/My_Db");
        let old = json!({"name": "{{path.basenameNormalized}}", "path": "{{path}}", "first": "{{path[0]}}"});
        let filled_old = json!({"name": "my-db", "path": "apps/My_Db", "first": "apps"});
        assert_eq!(filled(&old, &parameters, false).unwrap(), filled_old);
        let new = json!({"path": "{{ .path.path }}", "first": "{{index .path.segments 0}}"});
        assert_eq!(filled(&new, &parameters, true).unwrap(), json!({"path": "apps/My_Db", "first": "apps"}));
        assert!(filled(&json!("{{ .other | lower }}"), &parameters, true).is_err());
    }

    #[test]
    fn nested_values_get_flat_names() {
        let flat = flattened(&json!({"cluster": {"name": "eu", "size": 3}, "on": true}));
        let text = |name: &str| flat.get(name).map(String::as_str);
        assert_eq!((text("cluster.name"), text("cluster.size"), text("on")), (Some("eu"), Some("3"), Some("true")));
    }
}
