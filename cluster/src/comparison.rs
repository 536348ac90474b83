//! Whether a live entry asks for what it should: by meaning, since the order of a list means nothing to the API server, and a platform
//! may leave out namespaces of its own.
//! Pure: reads JSON, changes nothing.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::registration::NAMESPACE_NAME;

const NAMESPACES: &str = "namespaceSelector";

/// The fields of an entry that this server knows. Another one, of a later API server, is not looked at.
const FIELDS: [&str; 12] = [
    "name",
    "clientConfig",
    "rules",
    "failurePolicy",
    "matchPolicy",
    NAMESPACES,
    "objectSelector",
    "sideEffects",
    "timeoutSeconds",
    "admissionReviewVersions",
    "matchConditions",
    "reinvocationPolicy",
];

/// The fields in which `found` does not ask for what `wanted` does, both with every default written out.
/// Nobody may leave out the namespaces of `guarded`.
pub(crate) fn disagreeing(
    wanted: &Value,
    found: &Value,
    guarded: &BTreeSet<String>,
) -> impl Iterator<Item = &'static str> {
    FIELDS.into_iter().filter(move |field| match *field {
        // Only one of the two kinds has it, with a default.
        "reinvocationPolicy" => wanted.get(field).is_some_and(|own| Some(own) != found.get(field)),
        NAMESPACES => !selects_as(wanted.get(field), found.get(field), guarded),
        field => !same(wanted.get(field).unwrap_or(&Value::Null), found.get(field).unwrap_or(&Value::Null)),
    })
}

/// What the live selector of namespaces has beyond the wanted one, and may keep.
pub(crate) fn additions<'f>(wanted: &Value, found: &'f Value, guarded: &BTreeSet<String>) -> Vec<&'f Value> {
    let own = expressions(wanted.get(NAMESPACES));
    let beyond = expressions(found.get(NAMESPACES)).iter().filter(|one| !has(own, one));
    beyond.filter(|one| only_leaves_out(one, guarded)).collect()
}

/// The entry with these expressions in its selector of namespaces.
pub(crate) fn with_additions(mut entry: Value, additions: &[&Value]) -> Value {
    if additions.is_empty() {
        return entry;
    }
    let all: Vec<&Value> = expressions(entry.get(NAMESPACES)).iter().chain(additions.iter().copied()).collect();
    let all = Value::from_iter(all.into_iter().cloned());
    if let Some(selector) = entry.get_mut(NAMESPACES).and_then(Value::as_object_mut) {
        selector.insert("matchExpressions".to_owned(), all);
    }
    entry
}

/// All of the wanted expressions, and no further one but those that leave out namespaces which nobody guards.
fn selects_as(wanted: Option<&Value>, found: Option<&Value>, guarded: &BTreeSet<String>) -> bool {
    let labels =
        |selector: Option<&Value>| selector.and_then(|all| all.get("matchLabels")).cloned().unwrap_or_default();
    let (own, live) = (expressions(wanted), expressions(found));
    labels(wanted) == labels(found)
        && own.iter().all(|one| has(live, one))
        && live.iter().all(|one| has(own, one) || only_leaves_out(one, guarded))
}

fn expressions(selector: Option<&Value>) -> &[Value] {
    let all = selector.and_then(|selector| selector.get("matchExpressions")).and_then(Value::as_array);
    all.map_or(&[], Vec::as_slice)
}

fn has(expressions: &[Value], one: &Value) -> bool {
    expressions.iter().any(|other| same(other, one))
}

/// `In` and `Exists` would ask of some namespaces alone.
fn only_leaves_out(expression: &Value, guarded: &BTreeSet<String>) -> bool {
    let text = |field: &str| expression.get(field).and_then(Value::as_str).unwrap_or_default();
    let mut values = expression.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    match text("operator") {
        "DoesNotExist" => text("key") != NAMESPACE_NAME,
        "NotIn" => text("key") != NAMESPACE_NAME || !values.any(|name| guarded.contains(name)),
        _ => false,
    }
}

/// Equal, the order of lists apart.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().all(|item| has(other, item))
                && other.iter().all(|item| has(one, item))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(expressions: &Value) -> Value {
        json!({
            "name": "a", "namespaceSelector": { "matchExpressions": expressions },
            "rules": [{ "operations": ["CREATE", "UPDATE"] }], "matchConditions": [{ "name": "x" }, { "name": "y" }],
        })
    }

    fn own() -> Value {
        json!({ "key": NAMESPACE_NAME, "operator": "NotIn", "values": ["kube-system", "quorate-system"] })
    }

    #[track_caller]
    fn assert_disagreeing(found: &Value, expected: &[&str]) {
        let guarded = ["db".to_owned()].into();
        let fields: Vec<_> = disagreeing(&entry(&json!([own()])), found, &guarded).collect();
        assert_eq!(fields, expected, "{found}");
    }

    #[test]
    fn the_order_of_lists_means_nothing() {
        let reversed =
            json!({ "key": NAMESPACE_NAME, "operator": "NotIn", "values": ["quorate-system", "kube-system"] });
        let mut found = entry(&json!([reversed]));
        assert_disagreeing(&found, &[]);
        found["rules"] = json!([{ "operations": ["UPDATE", "CREATE"] }]);
        found["matchConditions"] = json!([{ "name": "y" }, { "name": "x" }]);
        assert_disagreeing(&found, &[]);
        found["matchConditions"] = json!([{ "name": "y" }, { "name": "x" }, { "name": "z" }]);
        assert_disagreeing(&found, &["matchConditions"]);
        found["rules"] = json!([{ "operations": ["UPDATE"] }]);
        assert_disagreeing(&found, &["rules", "matchConditions"]);
    }

    #[test]
    fn somebody_else_may_leave_out_namespaces_that_nobody_guards() {
        let by = |expression: Value| entry(&json!([expression, own()]));
        let expression =
            |key: &str, operator: &str, values: &[&str]| json!({ "key": key, "operator": operator, "values": values });
        assert_disagreeing(&by(json!({ "key": "control-plane", "operator": "DoesNotExist" })), &[]);
        assert_disagreeing(&by(expression("managed-by", "NotIn", &["aks"])), &[]);
        assert_disagreeing(&by(expression(NAMESPACE_NAME, "NotIn", &["gke-system"])), &[]);
        assert_disagreeing(&by(expression(NAMESPACE_NAME, "NotIn", &["db"])), &[NAMESPACES]);
        assert_disagreeing(&by(json!({ "key": NAMESPACE_NAME, "operator": "DoesNotExist" })), &[NAMESPACES]);
        assert_disagreeing(&by(expression("team", "In", &["web"])), &[NAMESPACES]);
        assert_disagreeing(&by(json!({ "key": "guarded", "operator": "Exists" })), &[NAMESPACES]);
    }

    #[test]
    fn what_was_wanted_must_be_there() {
        assert_disagreeing(&entry(&json!([])), &[NAMESPACES]);
        let mut found = entry(&json!([own()]));
        found["namespaceSelector"]["matchLabels"] = json!({ "never": "true" });
        assert_disagreeing(&found, &[NAMESPACES]);
        found["objectSelector"] = json!({ "matchExpressions": [{ "key": "skip", "operator": "DoesNotExist" }] });
        assert_disagreeing(&found, &[NAMESPACES, "objectSelector"]);
    }

    #[test]
    fn what_was_added_is_found_and_kept() {
        let added = json!({ "key": "control-plane", "operator": "DoesNotExist" });
        let narrowed = json!({ "key": "guarded", "operator": "Exists" });
        let (wanted, found) = (entry(&json!([own()])), entry(&json!([added, own(), narrowed])));
        let additions_found = additions(&wanted, &found, &BTreeSet::new());
        assert_eq!(additions_found, [&added]);
        assert_eq!(with_additions(wanted, &additions_found), entry(&json!([own(), added])));
    }
}
