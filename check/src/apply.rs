//! What applying a manifest makes of an object: a three-way merge, as `kubectl apply` does it.
//! Does not know where the three come from.

use serde_json::Value;

/// Keys by which the API server tells the items of a list apart.
const KEYS: [&str; 4] = ["name", "mountPath", "containerPort", "ip"];

/// Three-way, as `kubectl apply` merges.
pub(super) fn applied(base: &Value, head: &Value, live: Value) -> Value {
    match (head, live) {
        (Value::Object(head), Value::Object(mut live)) => {
            let nothing = Value::Null;
            let gone = base.as_object().into_iter().flatten().map(|(key, _)| key);
            gone.filter(|key| !head.contains_key(*key)).for_each(|key| drop(live.remove(key)));
            for (key, value) in head {
                let before = base.get(key).unwrap_or(&nothing);
                let running = live.remove(key).unwrap_or_default();
                live.insert(key.clone(), applied(before, value, running));
            }
            Value::Object(live)
        }
        (Value::Array(head), Value::Array(live)) => match key_of(head, &live) {
            Some(key) => Value::Array(merged(key, base, head, live)),
            None => Value::Array(head.clone()),
        },
        (head, _) => head.clone(),
    }
}

/// The manifest's items in their order, then those that others added.
fn merged(key: &str, base: &Value, head: &[Value], mut live: Vec<Value>) -> Vec<Value> {
    let nothing = Value::Null;
    let find = |items: &[Value], item: &Value| items.iter().position(|other| other.get(key) == item.get(key));
    let before = base.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut items = Vec::new();
    for item in head {
        let running = find(&live, item).map(|index| live.remove(index)).unwrap_or_default();
        let earlier = find(before, item).and_then(|index| before.get(index)).unwrap_or(&nothing);
        items.push(applied(earlier, item, running));
    }
    live.retain(|item| find(before, item).is_none());
    items.into_iter().chain(live).collect()
}

fn key_of(head: &[Value], live: &[Value]) -> Option<&'static str> {
    let has = |key: &str| head.iter().chain(live).all(|item| item.get(key).is_some());
    KEYS.into_iter().find(|key| has(key) && !(head.is_empty() && live.is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_others_put_there_stays_and_what_the_manifest_drops_goes() {
        let base = json!({"replicas": 3, "template": {"containers": [{"name": "a", "args": ["x"], "tty": true}, {"name": "b"}]}});
        let head = json!({"template": {"containers": [{"name": "a", "args": ["y"]}]}});
        let live = json!({"replicas": 5, "policy": "Retain", "template": {"containers": [
            {"name": "a", "args": ["x", "injected"], "tty": true, "image": "i"}, {"name": "b"}, {"name": "mesh"}]}});
        let after = json!({"policy": "Retain", "template": {"containers": [
            {"name": "a", "args": ["y"], "image": "i"}, {"name": "mesh"}]}});
        assert_eq!(applied(&base, &head, live), after);
    }
}
