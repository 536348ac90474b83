//! From a file's text to the Kubernetes objects in it, each with its place in the file; Lists are taken apart.
//! Does not know which objects matter.

use serde_json::Value;

use super::placeholder::BRACES;
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
    /// SOPS encrypted it with all keys and values, so that it is not known which object it is.
    Encrypted,
}

/// Text without this word cannot hold an object. Most files of a repository need not be parsed for that reason.
pub(crate) const REQUIRED_KEY: &str = "apiVersion";

/// How a value begins that SOPS encrypted.
const SOPS_VALUE: &str = "ENC[";

/// `must_be_read`: the other side has objects in it, so that it matters whether it can be read.
pub(crate) fn parse(file: &SourceFile, must_be_read: &dyn Fn() -> bool) -> ParsedFile {
    let may_be_escaped = || file.text.contains("\\x") || file.text.contains("\\u");
    if !file.named && !file.text.contains(REQUIRED_KEY) && !may_be_escaped() && !must_be_read() {
        return ParsedFile::Objects(Vec::new());
    }
    match input::parse_documents::<Value>(&file.text) {
        Ok(documents) if documents.iter().any(|document| is_encrypted(&document.value)) => ParsedFile::Encrypted,
        Ok(documents) => {
            let values = documents.into_iter().map(|mut document| {
                make_whole(&mut document.value);
                document.value
            });
            ParsedFile::Objects(values.enumerate().flat_map(flattened).collect())
        }
        Err(_) if file.text.contains(BRACES) => ParsedFile::Template(first_braces(&file.text)),
        Err(InputReadError::Yaml(malformed)) => {
            ParsedFile::Malformed { position: malformed.location.map(TextPosition::of), message: malformed.message }
        }
        Err(error) => ParsedFile::Malformed { position: None, message: error.to_string() },
    }
}

/// Which object it was cannot be told.
fn is_encrypted(document: &Value) -> bool {
    let is_whole = document.get("sops").is_some_and(Value::is_object) && kind_of(document).is_none();
    is_whole || has_encrypted_kind(document)
}

fn has_encrypted_kind(document: &Value) -> bool {
    kind_of(document)
        .is_some_and(|(group, version, kind)| [group, version, kind].iter().any(|word| word.starts_with(SOPS_VALUE)))
}

/// Where the first braces of the text stand.
fn first_braces(text: &str) -> TextPosition {
    let found = text.lines().enumerate().find_map(|(index, line)| Some((index, line.find(BRACES)?, line)));
    found.map_or(TextPosition::START, |(index, byte, line)| TextPosition {
        line: index.saturating_add(1),
        column: line.get(..byte).map_or(1, |before| before.chars().count().saturating_add(1)),
    })
}

/// `3.0` is 3, as it is for kubectl: Go writes a whole float64 without a point.
fn make_whole(value: &mut Value) {
    /// Above it not every whole number is one.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => {
            let whole = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= EXACT);
            if let Some(integer) = whole.and_then(|float| format!("{float:.0}").parse::<i64>().ok()) {
                *value = Value::from(integer);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(make_whole),
        Value::Object(members) => members.values_mut().for_each(make_whole),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The items of a list, each with the kind of the list where it has none of its own, as the API machinery writes and reads typed lists
/// (apimachinery, `meta.EachListItem`); else the document itself.
fn flattened((document, mut value): (usize, Value)) -> Vec<RawObject> {
    let of_items = text_at(&value, "/kind").and_then(|kind| kind.strip_suffix("List")).map(str::to_owned);
    let api_version = text_at(&value, "/apiVersion").map(str::to_owned);
    // Whatever its kind: clients take every object with `items` for a list.
    let items = value.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take);
    let Some(items) = items else { return vec![RawObject { value, document, root: String::new() }] };
    let typed = [("kind", of_items.filter(|kind| !kind.is_empty())), ("apiVersion", api_version)];
    let is_typed = typed.iter().all(|(_, text)| text.is_some());
    let item = |(index, mut value): (usize, Value)| {
        if let Some(members) = value.as_object_mut().filter(|_| is_typed) {
            for (key, text) in &typed {
                members.entry(*key).or_insert_with(|| Value::from(text.clone()));
            }
        }
        RawObject { value, document, root: format!("items[{index}]") }
    };
    items.into_iter().enumerate().map(item).collect()
}

/// Group, version and kind of what looks like an object.
pub(crate) fn kind_of(value: &Value) -> Option<(&str, &str, &str)> {
    let (api_version, kind) = (text_at(value, "/apiVersion")?, text_at(value, "/kind")?);
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    Some((group, version, kind))
}

pub(crate) fn text_at<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::{ParsedFile, kind_of, parse};
    use crate::position::TextPosition;
    use crate::tree::SourceFile;

    fn parsed(text: &str, named: bool) -> ParsedFile {
        parse(
            &SourceFile { text: text.into(), named, rendered_from: None, is_fixed: false, values: Vec::new() },
            &|| false,
        )
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
    fn whole_floats_are_integers() {
        let ParsedFile::Objects(objects) = parsed("{a: 3.0, b: [-0.0, 1.5, 1e3, 1e300], c: '3.0'}", true) else {
            panic!("parsed")
        };
        let expected = serde_json::json!({"a": 3, "b": [0, 1.5, 1000, 1e300], "c": "3.0"});
        assert_eq!(objects[0].value, expected);
    }

    #[test]
    fn the_items_of_a_typed_list_have_its_kind() {
        let text = "kind: StatefulSetList\napiVersion: apps/v1\nitems:\n- {metadata: {name: a}}\n- {kind: X, apiVersion: y/v1}\n";
        let ParsedFile::Objects(objects) = parsed(text, false) else { panic!("{text}") };
        let kinds: Vec<_> = objects.iter().map(|raw| kind_of(&raw.value)).collect();
        assert_eq!(kinds, [Some(("apps", "v1", "StatefulSet")), Some(("y", "v1", "X"))]);
        // `List` names no kind of its items.
        let ParsedFile::Objects(objects) = parsed("kind: List\napiVersion: v1\nitems: [{a: 1}]\n", false) else {
            panic!("parsed")
        };
        assert_eq!(kind_of(&objects[0].value), None);
    }

    #[test]
    fn what_is_encrypted_with_its_kind_is_no_object() {
        let whole = "apiVersion: ENC[AES256_GCM,data:x]\nkind: ENC[AES256_GCM,data:y]\nsops: {version: 3.9.0}\n";
        assert!(matches!(parsed(whole, false), ParsedFile::Encrypted));
        let values = "apiVersion: v1\nkind: Secret\ndata: {a: 'ENC[AES256_GCM,data:x]'}\nsops: {version: 3.9.0}\n";
        assert!(matches!(parsed(values, false), ParsedFile::Objects(_)));
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
