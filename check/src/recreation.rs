//! What a tool does with a changed object: updates it, deletes and creates it, or leaves it alone.
//! Facts of the tools are in `ways`; of the API server: `pkg/apis/apps/validation` (ValidateStatefulSetUpdate).

use kubernetes::request::RequestKind;
use serde_json::Value;

use super::object::Object;
use super::way::{Recreation, Tool};
use super::ways::{Forcing, forces_replacement, is_left_alone};

/// What is done with a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Application {
    Update,
    /// The API server refuses it: what is changed.
    Refused(String),
    /// Deleted and created, and why.
    Replaced(String),
    /// Deleted, since the update is refused, and why.
    Uninstalled(String),
    /// Not applied, and why.
    LeftAlone(String),
}

/// What of a StatefulSet's spec an update may change.
const MUTABLE: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

/// `unknown` are the tools that may apply it where nobody is known, the likeliest first. `before` and `after` have their defaults.
pub(crate) fn application(old: &Object, new: &Object, before: &Value, after: &Value, unknown: &[Tool]) -> Application {
    let link = new.way.links.last();
    let tools = link.map_or_else(|| unknown.to_vec(), |link| vec![link.tool]);
    let tool = tools.first().copied().unwrap_or(Tool::Kubectl);
    let recreation = link.map(|link| link.recreation).unwrap_or_default();
    if let Some(word) = is_left_alone(tool, &old.value, &new.value) {
        return Application::LeftAlone(format!("{} does not apply it: `{word}`", tool.name()));
    }
    if let Some(link) = link.filter(|_| tool == Tool::ArgoCd)
        && ignores(&link.value, &link.options, new, before, after)
    {
        return Application::LeftAlone(format!(
            "{} does not apply it: `RespectIgnoreDifferences=true`, and `ignoreDifferences` names what changes",
            link.shown()
        ));
    }
    let refused = refused(new, before, after);
    let Recreation { replaces, server_side, forces, uninstalls_when_refused, .. } = recreation;
    let values = [&old.value, &new.value];
    let by_word = tools
        .iter()
        .flat_map(|tool| values.map(|object| (*tool, forces_replacement(*tool, object, replaces, server_side))))
        .filter_map(|(tool, forced)| Some((tool, forced?)))
        .find(|(_, (forcing, _))| *forcing == Forcing::Always || refused.is_some());
    match (by_word, refused) {
        (Some((tool, (_, word))), _) => {
            Application::Replaced(format!("{} deletes and creates it to change it: `{word}`", tool.name()))
        }
        (None, Some(field)) if forces => Application::Replaced(format!(
            "{} deletes and creates it, since `{field}` cannot be updated: `spec.force`",
            tool.name()
        )),
        (None, Some(field)) if uninstalls_when_refused => Application::Uninstalled(format!(
            "the upgrade is refused, since `{field}` cannot be updated, and then the release is uninstalled: `upgrade.remediation.strategy: uninstall`"
        )),
        (None, Some(field)) => Application::Refused(field),
        (None, None) => Application::Update,
    }
}

/// The field by which the API server refuses the update.
fn refused(object: &Object, before: &Value, after: &Value) -> Option<String> {
    if object.id.request_kind() != RequestKind::StatefulSet {
        return None;
    }
    let spec = |value: &Value| value.get("spec").and_then(Value::as_object).cloned().unwrap_or_default();
    let (old, new) = (spec(before), spec(after));
    if new.get("replicas").and_then(Value::as_i64).is_some_and(|count| count < 0) {
        return Some("spec.replicas".to_owned());
    }
    let keys = old.keys().chain(new.keys());
    let changed = keys.filter(|key| !MUTABLE.contains(&key.as_str())).find(|key| {
        let set = |spec: &serde_json::Map<String, Value>| spec.get(*key).filter(|value| !value.is_null()).cloned();
        set(&old) != set(&new)
    });
    changed.map(|key| format!("spec.{key}"))
}

/// Whether all that changes is what the Application ignores.
fn ignores(application: &Value, options: &[String], object: &Object, before: &Value, after: &Value) -> bool {
    if !options.iter().any(|option| option == "RespectIgnoreDifferences=true") {
        return false;
    }
    let rules = application.pointer("/spec/ignoreDifferences").and_then(Value::as_array).into_iter().flatten();
    let text = |rule: &Value, key: &str| rule.get(key).and_then(Value::as_str).map(str::to_owned);
    let fits = |rule: &&Value| {
        let named =
            |key: &str, is: &str| text(rule, key).is_none_or(|said| said.is_empty() || said == "*" || said == is);
        text(rule, "group").unwrap_or_default() == object.id.group
            && named("kind", &object.id.kind)
            && named("name", &object.id.name)
            && named("namespace", object.id.namespace.as_deref().unwrap_or_default())
    };
    let texts = |rule: &Value, key: &str| -> Vec<String> {
        let items = rule.get(key).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let pointers: Vec<String> = rules
        .filter(fits)
        .flat_map(|rule| {
            // A jq path without a filter is a pointer with points.
            let paths = texts(rule, "jqPathExpressions").into_iter();
            let plain = paths.filter(|path| path.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'));
            texts(rule, "jsonPointers").into_iter().chain(plain.map(|path| path.replace('.', "/")))
        })
        .collect();
    let without = |value: &Value| {
        let mut value = value.clone();
        pointers.iter().for_each(|pointer| remove(&mut value, pointer));
        value
    };
    !pointers.is_empty() && before != after && without(before) == without(after)
}

fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    if let Some(members) = value.pointer_mut(parent).and_then(Value::as_object_mut) {
        members.remove(key);
    }
}
