//! Lists of objects: made of JSON texts, and taken apart.
//! Does not read the items.

use quorate_document::{Document, Pointer};

static ITEMS: Pointer<'static> = Pointer::literal("/items");
static FIRST: Pointer<'static> = Pointer::literal("/items/0");

/// A StatefulSetList of these objects, each JSON text.
pub fn stateful_sets<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<&str> = items.into_iter().collect();
    format!(r#"{{"apiVersion":"apps/v1","kind":"StatefulSetList","items":[{}]}}"#, items.join(","))
}

/// The items, in their order; of what is no list, none.
pub fn items(list: &Document) -> impl Iterator<Item = Document> {
    let at = |position| list.part(&Pointer::parse(format!("/items/{position}")).ok()?);
    (0..list.len(&ITEMS).unwrap_or_default()).filter_map(at)
}

/// The item of a list that has one.
pub fn only_item(list: &Document) -> Option<Document> {
    if list.len(&ITEMS) == Some(1) { list.part(&FIRST) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::indexed;

    #[test]
    fn a_list_has_its_items_in_their_order() {
        let items = |list: &str| {
            let list = indexed(list).unwrap();
            items(&list).map(|item| item.as_json().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(items(&stateful_sets([r#"{"a":1}"#, "7"])), [r#"{"a":1}"#, "7"]);
        assert!(items("7").is_empty() && items(r#"{"items":null}"#).is_empty());
    }

    #[test]
    fn a_list_of_one_is_its_item() {
        let only = |list: &str| only_item(&indexed(list).unwrap()).map(|item| item.as_json().into_owned());
        assert_eq!(only(&stateful_sets([r#"{"a":1}"#])).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(only(&stateful_sets(["{}", "{}"])), None);
        assert_eq!(only(&stateful_sets([])), None);
        assert_eq!(only("7"), None);
    }
}
