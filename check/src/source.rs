//! From a file's text to the Kubernetes objects in it, each with its place in the file; Lists are taken apart.
//! Does not know which objects matter.

use serde_json::Value;

use super::place::Place;
use super::tree::File;
use crate::document::{self, DocumentError};

/// An object as it stands in a file.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub(crate) value: Value,
    /// Of the file's documents that are not empty, which one.
    pub(crate) document: usize,
    /// Its path within the document: `items[2]` in a List.
    pub(crate) root: String,
}

/// What a file turned out to be.
#[derive(Debug, Clone)]
pub(crate) enum Parsed {
    Objects(Vec<Raw>),
    Malformed {
        place: Option<Place>,
        message: String,
    },
    /// A template that nobody has rendered; the place is that of its first marker.
    Template(Place),
}

/// Text without this word cannot hold an object. Most files of a repository need not be parsed for that reason.
const TELL: &str = "apiVersion";

const MARKER: &str = "{{";

pub(crate) fn parse(file: &File) -> Parsed {
    if !file.named && !file.text.contains(TELL) {
        return Parsed::Objects(Vec::new());
    }
    match document::parse_yaml::<Value>(&file.text) {
        Ok(documents) => Parsed::Objects(documents.into_iter().enumerate().flat_map(flattened).collect()),
        Err(_) if file.text.contains(MARKER) => Parsed::Template(marker(&file.text)),
        Err(DocumentError::Yaml(malformed)) => {
            Parsed::Malformed { place: malformed.location.map(Place::of), message: malformed.message }
        }
        Err(error) => Parsed::Malformed { place: None, message: error.to_string() },
    }
}

/// Whether a text of the object, or a key, holds a template marker.
pub(crate) fn has_marker(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(MARKER) && text.contains("}}"),
        Value::Array(items) => items.iter().any(has_marker),
        Value::Object(members) => members.iter().any(|(key, value)| key.contains(MARKER) || has_marker(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Where the first marker of the text stands.
pub(crate) fn marker(text: &str) -> Place {
    let found = text.lines().enumerate().find_map(|(index, line)| Some((index, line.find(MARKER)?, line)));
    found.map_or(Place::START, |(index, byte, line)| Place {
        line: index.saturating_add(1),
        column: line.get(..byte).map_or(1, |before| before.chars().count().saturating_add(1)),
    })
}

fn flattened((document, mut value): (usize, Value)) -> Vec<Raw> {
    let is_list = text_at(&value, "/kind").is_some_and(|kind| kind.ends_with("List"));
    let items = if is_list { value.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take) } else { None };
    match items {
        Some(items) => {
            let item = |(index, value)| Raw { value, document, root: format!("items[{index}]") };
            items.into_iter().enumerate().map(item).collect()
        }
        None => vec![Raw { value, document, root: String::new() }],
    }
}

pub(crate) fn text_at<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::{Parsed, parse};
    use crate::place::Place;
    use crate::tree::File;

    fn parsed(text: &str, named: bool) -> Parsed {
        parse(&File { text: text.to_owned(), named, rendered_from: None })
    }

    #[track_caller]
    fn assert_roots(text: &str, expected: &[(usize, &str)]) {
        let Parsed::Objects(objects) = parsed(text, true) else { panic!("{text}") };
        let roots: Vec<(usize, &str)> = objects.iter().map(|raw| (raw.document, raw.root.as_str())).collect();
        assert_eq!(roots, expected);
    }

    #[test]
    fn takes_documents_and_lists_apart() {
        assert_roots("apiVersion: v1\n---\n\n---\n# nothing\n---\napiVersion: v2\n", &[(0, ""), (1, "")]);
        assert_roots("kind: List\nitems:\n- {a: 1}\n- {b: 2}\n", &[(0, "items[0]"), (0, "items[1]")]);
        assert_roots("{\"kind\": \"ConfigMapList\", \"items\": []}", &[]);
        assert_roots("", &[]);
    }

    #[test]
    fn says_where_a_text_is_malformed() {
        let Parsed::Malformed { place, message } = parsed("apiVersion: v1\nkind: [a, b\nx: y\n", false) else {
            panic!("parsed")
        };
        assert!(place.is_some_and(|place| place.line >= 2), "{place:?} {message}");
        assert!(matches!(parsed("apiVersion: v1\n\tkind: a\n", false), Parsed::Malformed { place: Some(_), .. }));
    }

    #[test]
    fn a_template_is_none_of_the_malformed() {
        let text = "apiVersion: v1\nname: {{ .Release.Name }}\n{{- if .x }}\n";
        let Parsed::Template(place) = parsed(text, false) else { panic!("{text}") };
        assert_eq!(place, Place { line: 2, column: 7 });
    }

    #[test]
    fn does_not_parse_what_cannot_hold_an_object() {
        assert!(matches!(parsed("a: [", false), Parsed::Objects(objects) if objects.is_empty()));
        assert!(matches!(parsed("a: [", true), Parsed::Malformed { .. }));
    }

    /// A billion laughs, in the way of YAML.
    #[test]
    fn bounds_aliases_that_explode() {
        let mut text = "apiVersion: v1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let row = vec![format!("*a{}", level - 1); 9].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{row}]\n"));
        }
        let start = std::time::Instant::now();
        assert!(matches!(parsed(&text, false), Parsed::Malformed { .. }));
        assert!(start.elapsed().as_secs() < 20);
    }
}
