//! Lists of objects as JSON text: made of texts, and read into them.
//! Does not read the items.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A StatefulSetList of these objects, each JSON text.
pub fn stateful_sets<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<&str> = items.into_iter().collect();
    format!(r#"{{"apiVersion":"apps/v1","kind":"StatefulSetList","items":[{}]}}"#, items.join(","))
}

/// The item of a list that has one.
pub fn only_item(list: &str) -> Option<&str> {
    #[derive(Deserialize)]
    struct List<'a> {
        #[serde(borrow)]
        items: Vec<&'a RawValue>,
    }
    let List { items } = serde_json::from_str(list).ok()?;
    match items.as_slice() {
        [only] => Some(only.get()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_one_is_its_item() {
        assert_eq!(only_item(&stateful_sets([r#"{"a":1}"#])), Some(r#"{"a":1}"#));
        assert_eq!(only_item(&stateful_sets(["{}", "{}"])), None);
        assert_eq!(only_item(&stateful_sets([])), None);
        assert_eq!(only_item("nonsense"), None);
    }
}
