//! Reads the documents that people hand over: reviews as bytes, manifests and configuration as YAML (of which JSON is a part).
//! Every read is bounded; what a document means is not asked.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::de::{DeserializeOwned, IgnoredAny};

/// Largest manifest, configuration or facts file, in bytes: twice what the API server accepts as a request body (3 MiB).
pub const MANIFEST_BYTES: usize = 6 * 1024 * 1024;

/// A document that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum InputReadError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("larger than {0} bytes")]
    TooLarge(usize),
    #[error("not UTF-8 at byte {0}")]
    NotText(usize),
    #[error(transparent)]
    Yaml(MalformedYaml),
}

/// A YAML text that cannot be read, and where.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct MalformedYaml {
    /// One line; names the place too.
    pub message: String,
    pub location: Option<serde_saphyr::Location>,
}

/// A file, or standard input for `-`; at most `limit` bytes.
pub fn read(path: &Path, limit: usize) -> Result<Vec<u8>, InputReadError> {
    if is_stdin(path) { bounded(io::stdin().lock(), limit) } else { bounded(File::open(path)?, limit) }
}

pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A file of text.
pub fn read_text(path: &Path) -> Result<String, InputReadError> {
    text(read(path, MANIFEST_BYTES)?)
}

/// The bytes as text.
pub fn text(bytes: Vec<u8>) -> Result<String, InputReadError> {
    String::from_utf8(bytes).map_err(|error| InputReadError::NotText(error.utf8_error().valid_up_to()))
}

/// A document, and the place in its text from which its own places are counted.
#[derive(Debug, Clone)]
pub(crate) struct ParsedDocument<T> {
    pub(crate) value: T,
    pub(crate) lines_before: usize,
    pub(crate) columns_before: usize,
}

/// The documents of a manifest: a YAML stream, or JSON texts one behind the other, as `kubectl get -o json` of several calls writes them.
pub(crate) fn parse_documents<T: DeserializeOwned>(text: &str) -> Result<Vec<ParsedDocument<T>>, InputReadError> {
    let Some(texts) = json_texts(text) else {
        let whole = |value| ParsedDocument { value, lines_before: 0, columns_before: 0 };
        return Ok(parse_yaml(text)?.into_iter().map(whole).collect());
    };
    let mut documents = Vec::new();
    let (mut lines_before, mut columns_before) = (0_usize, 0_usize);
    for own in texts {
        let parsed = parse_yaml(own).or_else(|_| {
            // Once more in its place, for the place of the error.
            parse_yaml(&format!("{}{}{own}", "\n".repeat(lines_before), " ".repeat(columns_before)))
        })?;
        documents.extend(parsed.into_iter().map(|value| ParsedDocument { value, lines_before, columns_before }));
        let last_line = own.rsplit('\n').next().unwrap_or_default().chars().count();
        let lines = own.matches('\n').count();
        lines_before = lines_before.saturating_add(lines);
        columns_before = if lines == 0 { columns_before.saturating_add(last_line) } else { last_line };
    }
    Ok(documents)
}

/// The texts of what is JSON and more than one, each with the blanks before it. None for anything else.
fn json_texts(text: &str) -> Option<Vec<&str>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut texts = Vec::new();
    let mut start = 0;
    while let Some(read) = stream.next() {
        read.ok()?;
        texts.push(text.get(start..stream.byte_offset())?);
        start = stream.byte_offset();
    }
    (texts.len() > 1).then_some(texts)
}

/// The documents of a YAML stream, as kubectl reads them: `0440` is octal, a duplicate key is an error.
pub fn parse_yaml<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, InputReadError> {
    // Whoever hands the text over bounds its bytes. Each document takes some of them (`---` and a line's end), and so does each node.
    let bytes = text.len();
    let budget = serde_saphyr::budget! {
        max_documents: bytes,
        max_nodes: bytes.div_ceil(4).max(250_000),
        max_events: bytes.div_ceil(2).max(1_000_000),
    };
    let options = serde_saphyr::options! { legacy_octal_numbers: true, with_snippet: false, budget: budget };
    serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| InputReadError::Yaml(MalformedYaml { message: one_line(&error), location: error.location() }))
}

fn bounded(source: impl Read, limit: usize) -> Result<Vec<u8>, InputReadError> {
    let mut bytes = Vec::new();
    let beyond = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    source.take(beyond).read_to_end(&mut bytes)?;
    if bytes.len() > limit { Err(InputReadError::TooLarge(limit)) } else { Ok(bytes) }
}

fn one_line(error: &serde_saphyr::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{bounded, parse_documents, parse_yaml};

    #[track_caller]
    fn assert_yaml(text: &str, expected: Value) {
        assert_eq!(Value::Array(parse_yaml(text).unwrap()), expected);
    }

    #[test]
    fn reads_yaml_as_kubectl_does() {
        assert_yaml(
            "mode: 0440\non: yes\nname: \"yes\"\nimage: a:1.20",
            json!([{"mode": 288, "on": true, "name": "yes", "image": "a:1.20"}]),
        );
        assert_yaml("a: 1\n---\nb: 2\n", json!([{"a": 1}, {"b": 2}]));
    }

    #[test]
    fn reads_as_many_documents_as_a_bounded_text_holds() {
        let text = "a: {b: 1}\n---\n".repeat(20_000);
        assert_eq!(parse_yaml::<Value>(&text).unwrap().len(), 20_000);
        let one = "- {name: some-name, value: some-value}\n".repeat(60_000);
        assert_eq!(parse_yaml::<Value>(&one).unwrap()[0].as_array().unwrap().len(), 60_000);
    }

    #[test]
    fn reads_json_too_with_tabs() {
        assert_yaml("{\n\t\"spec\": {\n\t\t\"replicas\": 3\n\t}\n}\n", json!([{"spec": {"replicas": 3}}]));
    }

    #[test]
    fn reads_json_texts_one_behind_the_other() {
        let text = "{\"a\": 1} {\"b\": {}}\n{\n\t\"c\": []\n}\n";
        let read = parse_documents::<Value>(text).unwrap();
        let places: Vec<_> = read.iter().map(|one| (one.lines_before, one.columns_before)).collect();
        assert_eq!(places, [(0, 0), (0, 8), (0, 18)]);
        assert_eq!(
            read.into_iter().map(|one| one.value).collect::<Vec<_>>(),
            [json!({"a": 1}), json!({"b": {}}), json!({"c": []})]
        );
        let error = parse_documents::<Value>("{\"a\": 1}\n{\"b\": 1,\n\"b\": 2}").unwrap_err().to_string();
        assert!(error.contains("line 3"), "{error}");
        assert_eq!(parse_documents::<Value>("{a: 1}\n").unwrap().len(), 1);
        assert!(parse_documents::<Value>("{\"a\": 1}\nb: 2\n").is_err());
    }

    #[test]
    fn refuses_a_duplicate_key_in_one_line() {
        let error = parse_yaml::<Value>("a: 1\na: 2\n").unwrap_err().to_string();
        assert!(error.contains("duplicate") && error.contains('a') && !error.contains('\n'), "{error}");
    }

    #[test]
    fn refuses_what_is_larger_than_the_limit() {
        assert_eq!(bounded(&b"1234"[..], 3).unwrap_err().to_string(), "larger than 3 bytes");
        assert_eq!(bounded(&b"123"[..], 3).unwrap(), b"123");
    }
}
