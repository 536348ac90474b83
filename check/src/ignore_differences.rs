//! `quorate ignore-differences`: what the cluster will hold beyond the manifests, because Quorate injects it, as the `ignoreDifferences` of
//! an Argo CD Application. Flux needs none: it compares by a server-side dry run, which passes through the same webhook.
//! Knows JSON patches and jq paths, not what is injected or why.

use std::collections::BTreeMap;
use std::io::{self, Write};

use json_patch::{AddOperation, Patch, PatchOperation, ReplaceOperation};
use serde_json::Value;

use super::check_inputs::CheckInputs;
use super::object::ObjectId;
use super::options::{IgnoreDifferencesOptions, Options};
use super::run::check_result;
use super::tree::Side;
use crate::exit::Exit;

/// Prints the differences of all objects of the files. `complain` gets a line for each that is unreadable or not evaluated.
///
/// # Errors
/// As [`crate::run`].
pub fn ignore_differences(
    options: &IgnoreDifferencesOptions,
    given: CheckInputs<'_>,
    out: &mut dyn Write,
    complain: &mut dyn FnMut(String),
) -> anyhow::Result<Exit> {
    let IgnoreDifferencesOptions { paths, namespace, programs } = options.clone();
    let created =
        Options { paths, as_create: true, user: Some("argocd".to_owned()), namespace, programs, ..Options::default() };
    let result = check_result(&created, given)?;
    for input_error in &result.input_errors {
        complain(format!("{}: {}", input_error.path, input_error.message));
    }
    for missing in &result.not_evaluated {
        complain(format!("{}: not evaluated: {}", missing.path, missing.reason));
    }
    let mut ignored: BTreeMap<ObjectId, Vec<String>> = BTreeMap::new();
    for evaluated in &result.changes {
        let patch = serde_json::from_str(&evaluated.patch.to_string())?;
        let paths = self::paths(evaluated.object.clone(), &patch);
        if evaluated.location.side == Side::Head && !paths.is_empty() {
            let is_told = evaluated.names_namespace || options.namespace.is_some();
            let namespace = evaluated.id.namespace.clone().filter(|_| is_told);
            ignored.entry(ObjectId { namespace, ..evaluated.id.clone() }).or_default().extend(paths);
        }
    }
    print(&ignored, out)?;
    Ok(if result.input_errors.is_empty() { Exit::Allowed } else { Exit::Unusable })
}

fn print(ignored: &BTreeMap<ObjectId, Vec<String>>, out: &mut dyn Write) -> io::Result<()> {
    if ignored.is_empty() {
        return writeln!(out, "# nothing is injected into these manifests");
    }
    writeln!(out, "# Argo CD: below `spec` of the Application. Flux needs nothing of it.\nignoreDifferences:")?;
    for (id, paths) in ignored {
        let mut paths = paths.clone();
        paths.sort();
        paths.dedup();
        writeln!(out, "  - group: {}\n    kind: {}\n    name: {}", id.group, id.kind, quoted(&id.name))?;
        if let Some(namespace) = &id.namespace {
            writeln!(out, "    namespace: {}", quoted(namespace))?;
        }
        writeln!(out, "    jqPathExpressions:")?;
        paths.iter().try_for_each(|path| writeln!(out, "      - {}", yaml(path)))?;
    }
    out.flush()
}

/// The jq path of every place that the patch touches, in the object that comes out of it.
fn paths(mut object: Value, patch: &Patch) -> Vec<String> {
    let mut paths = Vec::new();
    for operation in &patch.0 {
        let one = Patch(vec![operation.clone()]);
        if json_patch::patch(&mut object, &one).is_err() {
            continue;
        }
        if let PatchOperation::Add(AddOperation { path, .. }) | PatchOperation::Replace(ReplaceOperation { path, .. }) =
            operation
        {
            let tokens = path.tokens().map(|token| token.decoded().into_owned()).collect();
            paths.extend(leaves(&object, tokens));
        }
    }
    paths
}

/// A whole that was not there before is named by its parts: others may add to it.
fn leaves(object: &Value, tokens: Vec<String>) -> Vec<String> {
    let mut parent = None;
    let mut found = Some(object);
    for token in &tokens {
        parent = found;
        found = found.and_then(|value| child(value, token));
    }
    let in_list = parent.is_some_and(Value::is_array);
    let parts: Vec<String> = match found {
        Some(Value::Object(members)) if !in_list => members.keys().cloned().collect(),
        Some(Value::Array(items)) => (0..items.len()).map(|index| index.to_string()).collect(),
        _ => return vec![jq(object, tokens.into_iter())],
    };
    parts.into_iter().flat_map(|part| leaves(object, [tokens.as_slice(), &[part]].concat())).collect()
}

/// Items of a list are named by what they are, since others may add items too.
fn jq(object: &Value, tokens: impl Iterator<Item = String>) -> String {
    let mut path = String::new();
    let mut here = Some(object);
    for token in tokens {
        let is_list = here.is_some_and(Value::is_array);
        here = here.and_then(|value| child(value, &token));
        match here {
            Some(item) if is_list => path.push_str(&selected(item, &token)),
            _ => path.push_str(&member(&token)),
        }
    }
    path
}

fn child<'v>(value: &'v Value, token: &str) -> Option<&'v Value> {
    match value.as_array() {
        Some(items) if token == "-" => items.last(),
        Some(items) => items.get(token.parse::<usize>().ok()?),
        None => value.get(token),
    }
}

fn selected(item: &Value, token: &str) -> String {
    let names = ["name", "mountPath"];
    let named = names.iter().find_map(|key| Some((key, item.get(key)?.as_str()?)));
    match (item.as_str(), named) {
        (Some(text), _) => format!("[] | select(. == {})", quoted(text)),
        (None, Some((key, name))) => format!("[] | select(.{key} == {}) | ", quoted(name)),
        (None, None) => format!("[{token}]"),
    }
}

fn member(key: &str) -> String {
    let is_plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain { format!(".{key}") } else { format!("[{}]", quoted(key)) }
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// A single-quoted YAML scalar; a selection that ends the path needs no pipe behind it.
fn yaml(path: &str) -> String {
    format!("'{}'", path.trim_end_matches(" | ").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_what_is_injected_by_what_it_is() {
        let object = json!({"metadata": {}, "spec": {"containers": [{"name": "rqlite", "args": ["-a"]}]}});
        let patch: Patch = serde_json::from_value(json!([
            {"op": "add", "path": "/metadata/annotations", "value": {}},
            {"op": "add", "path": "/metadata/annotations/quorate.dev~1injected", "value": "x"},
            {"op": "add", "path": "/spec/containers/0/args/1", "value": "-raft-x=true"},
            {"op": "add", "path": "/spec/volumes", "value": []},
            {"op": "add", "path": "/spec/volumes/-", "value": {"name": "users"}},
            {"op": "add", "path": "/spec/securityContext", "value": {"fsGroup": 1}},
        ]))
        .unwrap();
        let paths: Vec<String> = paths(object, &patch).iter().map(|path| yaml(path)).collect();
        assert_eq!(
            paths,
            [
                "'.metadata.annotations[\"quorate.dev/injected\"]'",
                "'.spec.containers[] | select(.name == \"rqlite\") | .args[] | select(. == \"-raft-x=true\")'",
                "'.spec.volumes[] | select(.name == \"users\")'",
                "'.spec.securityContext.fsGroup'",
            ]
        );
    }
}
