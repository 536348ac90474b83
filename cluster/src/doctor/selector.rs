//! Label selectors, as the API server evaluates them.

use std::collections::BTreeMap;

use serde_json::Value;

pub(super) type Labels = BTreeMap<String, String>;

/// An absent or empty selector matches everything; one that cannot be read, too: better a warning too many.
pub(super) fn matches(selector: Option<&Value>, labels: &Labels) -> bool {
    let Some(selector) = selector else { return true };
    let pairs = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let expressions = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    let mut all_pairs = pairs.map(|(key, value)| labels.get(key).map(String::as_str) == value.as_str());
    all_pairs.all(|holds| holds) && expressions.into_iter().all(|expression| holds(expression, labels))
}

fn holds(expression: &Value, labels: &Labels) -> bool {
    let text = |field: &str| expression.get(field).and_then(Value::as_str).unwrap_or_default();
    let value = labels.get(text("key"));
    let values = expression.get("values").and_then(Value::as_array).into_iter().flatten();
    let listed = || value.is_some_and(|value| values.filter_map(Value::as_str).any(|one| one == value));
    match text("operator") {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selects_as_the_api_server_does() {
        let labels: Labels = [("kubernetes.io/metadata.name".to_owned(), "db".to_owned())].into();
        let name = "kubernetes.io/metadata.name";
        let by = |operator: &str, values: &[&str]| {
            matches(
                Some(&json!({"matchExpressions": [{"key": name, "operator": operator, "values": values}]})),
                &labels,
            )
        };
        assert!(matches(None, &labels) && matches(Some(&json!({})), &labels));
        assert!(by("In", &["db"]) && !by("In", &["web"]) && by("NotIn", &["web"]) && !by("NotIn", &["db"]));
        assert!(by("Exists", &[]) && !by("DoesNotExist", &[]));
        assert!(matches(Some(&json!({"matchLabels": {name: "db"}})), &labels));
        assert!(!matches(Some(&json!({"matchLabels": {"team": "x"}})), &labels));
        let absent = json!({"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["x"]}]});
        assert!(matches(Some(&absent), &labels));
    }
}
