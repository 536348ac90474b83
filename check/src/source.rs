//! From a file's text to the Kubernetes objects in it, each with its place in the file; Lists are taken apart.
//! Does not know which objects matter.

use serde_json::Value;

use super::position::TextPosition;
use super::tree::SourceFile;
use crate::input::{self, InputReadError};

/// An object as it stands in a file.
#[derive(Debug, Clone)]
pub(crate) struct RawObject {
    pub(crate) value: Value,
    /// Of the file's documents that are not empty, which one.
    pub(crate) document: usize,
    /// Its path within the document: `items[2]` in a List.
    pub(crate) root: String,
}

/// What a file turned out to be.
#[derive(Debug, Clone)]
pub(crate) enum ParsedFile {
    Objects(Vec<RawObject>),
    Malformed {
        position: Option<TextPosition>,
        message: String,
    },
    /// A template that nobody has rendered; the place is that of its first marker.
    Template(TextPosition),
}

/// Text without this word cannot hold an object. Most files of a repository need not be parsed for that reason.
const REQUIRED_KEY: &str = "apiVersion";

const TEMPLATE_MARKER: &str = "{{";

pub(crate) fn parse(file: &SourceFile) -> ParsedFile {
    if !file.named && !file.text.contains(REQUIRED_KEY) {
        return ParsedFile::Objects(Vec::new());
    }
    match input::parse_yaml::<Value>(&file.text) {
        Ok(documents) => ParsedFile::Objects(documents.into_iter().enumerate().flat_map(flattened).collect()),
        Err(_) if file.text.contains(TEMPLATE_MARKER) => ParsedFile::Template(marker(&file.text)),
        Err(InputReadError::Yaml(malformed)) => {
            ParsedFile::Malformed { position: malformed.location.map(TextPosition::of), message: malformed.message }
        }
        Err(error) => ParsedFile::Malformed { position: None, message: error.to_string() },
    }
}

/// Whether a text of the object, or a key, holds a template marker.
pub(crate) fn has_marker(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(TEMPLATE_MARKER) && text.contains("}}"),
        Value::Array(items) => items.iter().any(has_marker),
        Value::Object(members) => members.iter().any(|(key, value)| key.contains(TEMPLATE_MARKER) || has_marker(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Where the first marker of the text stands.
pub(crate) fn marker(text: &str) -> TextPosition {
    let found = text.lines().enumerate().find_map(|(index, line)| Some((index, line.find(TEMPLATE_MARKER)?, line)));
    found.map_or(TextPosition::START, |(index, byte, line)| TextPosition {
        line: index.saturating_add(1),
        column: line.get(..byte).map_or(1, |before| before.chars().count().saturating_add(1)),
    })
}

fn flattened((document, mut value): (usize, Value)) -> Vec<RawObject> {
    let is_list = text_at(&value, "/kind").is_some_and(|kind| kind.ends_with("List"));
    let items = if is_list { value.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take) } else { None };
    match items {
        Some(items) => {
            let item = |(index, value)| RawObject { value, document, root: format!("items[{index}]") };
            items.into_iter().enumerate().map(item).collect()
        }
        None => vec![RawObject { value, document, root: String::new() }],
    }
}

pub(crate) fn text_at<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::{ParsedFile, parse};
    use crate::position::TextPosition;
    use crate::tree::SourceFile;

    fn parsed(text: &str, named: bool) -> ParsedFile {
        parse(&SourceFile { text: text.to_owned(), named, rendered_from: None })
    }

    #[track_caller]
    fn assert_roots(text: &str, expected: &[(usize, &str)]) {
        let ParsedFile::Objects(objects) = parsed(text, true) else { panic!("{text}") };
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
        let ParsedFile::Malformed { position, message } = parsed("apiVersion: v1\nkind: [a, b\nx: y\n", false) else {
            panic!("parsed")
        };
        assert!(position.is_some_and(|position| position.line >= 2), "{position:?} {message}");
        assert!(matches!(
            parsed("apiVersion: v1\n\tkind: a\n", false),
            ParsedFile::Malformed { position: Some(_), .. }
        ));
    }

    #[test]
    fn a_template_is_none_of_the_malformed() {
        let text = "apiVersion: v1\nname: {{ .Release.Name }}\n{{- if .x }}\n";
        let ParsedFile::Template(position) = parsed(text, false) else { panic!("{text}") };
        assert_eq!(position, TextPosition { line: 2, column: 7 });
    }

    #[test]
    fn does_not_parse_what_cannot_hold_an_object() {
        assert!(matches!(parsed("a: [", false), ParsedFile::Objects(objects) if objects.is_empty()));
        assert!(matches!(parsed("a: [", true), ParsedFile::Malformed { .. }));
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
        assert!(matches!(parsed(&text, false), ParsedFile::Malformed { .. }));
        assert!(start.elapsed().as_secs() < 20);
    }
}
