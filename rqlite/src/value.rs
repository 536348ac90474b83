//! A manifest's value as far as the manifest tells it: known, deferred to another object, or malformed.
//! Absence is `Option`, never a variant here.

use std::fmt;
use std::sync::Arc;

/// A value written in a manifest.
///
/// ```
/// use rqlite::value::{Source, Value};
///
/// let read = |text: &String| text.parse::<u32>().ok();
/// assert_eq!(Value::Known("3".to_owned()).parse(read), Value::Known(3));
/// assert_eq!(Value::Known("three".to_owned()).parse(read), Value::Malformed("three".to_owned()));
/// let field = Source::Field("metadata.name".to_owned());
/// assert_eq!(Value::Deferred(field.clone()).parse(read), Value::Deferred(field));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<T> {
    /// The manifest alone decides it.
    Known(T),
    /// Something outside of the manifest decides it when the container starts.
    Deferred(Source),
    /// It is there, and rqlited would refuse it; the text as it stands after expansion.
    Malformed(String),
}

/// Where a deferred value comes from. Two equal sources are taken to give the same value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// `configMapKeyRef`, or a key of an `envFrom` ConfigMap.
    ConfigMapKey {
        /// The ConfigMap's name.
        name: String,
        /// In its `data`.
        key: String,
    },
    /// `secretKeyRef`, or a key of an `envFrom` Secret.
    SecretKey {
        /// The Secret's name.
        name: String,
        /// In its `data`.
        key: String,
    },
    /// `fileKeyRef`: a variable in a file that an init container writes (Kubernetes 1.34). `file`: `PATH of volume NAME`.
    FileKey {
        /// Where the file lies.
        file: String,
        /// The variable's name in the file.
        key: String,
    },
    /// `fieldRef`, such as `metadata.name`.
    Field(String),
    /// `resourceFieldRef`, such as `limits.cpu`.
    Resource(String),
    /// Decided by a shell script: the whole script is the reference. Shared, since each of a thousand variables may refer to it.
    Script(Arc<str>),
    /// Text with more than one reference, or with text around one: the template text and its references in order.
    Composed {
        /// With `$(NAME)` where a reference stands.
        text: String,
        /// In the order of the text; empty where even they are not known.
        parts: Vec<Source>,
    },
}

impl<T> Value<T> {
    /// The value, where the manifest alone decides it.
    pub fn known(&self) -> Option<&T> {
        match self {
            Value::Known(value) => Some(value),
            Value::Deferred(_) | Value::Malformed(_) => None,
        }
    }

    /// Applies `read` to a known value; `None` from it means malformed, with `text` of the value.
    pub fn parse<U>(self, read: impl FnOnce(&T) -> Option<U>) -> Value<U>
    where
        T: fmt::Display,
    {
        match self {
            Value::Known(value) => read(&value).map_or_else(|| Value::Malformed(value.to_string()), Value::Known),
            Value::Deferred(source) => Value::Deferred(source),
            Value::Malformed(text) => Value::Malformed(text),
        }
    }
}

impl Value<String> {
    /// What stands in the text from there on.
    #[must_use]
    pub fn behind(&self, at: usize) -> Self {
        let rest = |text: &str| text.get(at..).unwrap_or_default().to_owned();
        match self {
            Value::Known(text) | Value::Malformed(text) => Value::Known(rest(text)),
            Value::Deferred(Source::Composed { text, parts }) => {
                Value::Deferred(Source::composed(rest(text), parts.clone()))
            }
            Value::Deferred(_) => self.clone(),
        }
    }
}

impl Source {
    /// A reference for text with these references in it, `$(…)` where they stand: the reference itself where the text is nothing else.
    pub(crate) fn composed(text: String, mut parts: Vec<Source>) -> Self {
        let alone = text.starts_with("$(") && text.find(')') == Some(text.len() - 1);
        match parts.pop() {
            Some(only) if alone && parts.is_empty() => only,
            last => {
                parts.extend(last);
                Source::Composed { text, parts }
            }
        }
    }

    /// Name and key of the ConfigMap that it refers to.
    pub fn config_map_key(&self) -> Option<(&str, &str)> {
        match self {
            Self::ConfigMapKey { name, key } => Some((name, key)),
            Self::SecretKey { .. }
            | Self::FileKey { .. }
            | Self::Field(_)
            | Self::Resource(_)
            | Self::Script(_)
            | Self::Composed { .. } => None,
        }
    }
}

/// User text for a message, cut where it would make the message long.
pub fn clip(text: &str) -> String {
    // A message stays below 200 characters with two such texts.
    clip_to(text, 60)
}

/// The same, cut at that many characters.
pub(crate) fn clip_to(text: &str, longest: usize) -> String {
    let line = || text.chars().map(|c| if c.is_control() { ' ' } else { c });
    match line().nth(longest) {
        Some(_) => line().take(longest.saturating_sub(3)).chain("...".chars()).collect(),
        None => line().collect(),
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::ConfigMapKey { name, key } => write!(f, "ConfigMap {name}, key {key}"),
            Source::SecretKey { name, key } => write!(f, "Secret {name}, key {key}"),
            Source::FileKey { file, key } => write!(f, "file {file}, key {key}"),
            Source::Field(path) => write!(f, "the field {path}"),
            Source::Resource(path) => write!(f, "the resource {path}"),
            Source::Script(_) => f.write_str("a shell script"),
            Source::Composed { text, parts } if parts.is_empty() => f.write_str(text),
            Source::Composed { parts, .. } => {
                for (position, part) in parts.iter().enumerate() {
                    let separator = if position == 0 { "" } else { " and " };
                    write!(f, "{separator}{part}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(path: &str) -> Source {
        Source::Field(path.to_owned())
    }

    #[test]
    fn a_reference_alone_is_itself_and_one_with_text_is_composed() {
        assert_eq!(Source::composed("$(A)".into(), vec![field("a")]), field("a"));
        for (text, parts) in [("x$(A)", 1), ("$(A)x", 1), ("$(A)$(B)", 2), ("$(A)x)", 1)] {
            let sources = vec![field("a"); parts];
            assert_eq!(
                Source::composed(text.into(), sources.clone()),
                Source::Composed { text: text.into(), parts: sources }
            );
        }
    }

    #[test]
    fn sources_are_named_for_people() {
        let key = |name: &str| Source::ConfigMapKey { name: name.into(), key: "n".into() };
        let composed = Source::Composed { text: "$(A)-$(B)".into(), parts: vec![key("a"), field("metadata.name")] };
        assert_eq!(composed.to_string(), "ConfigMap a, key n and the field metadata.name");
        assert_eq!(Source::Composed { text: "$(U)".into(), parts: vec![] }.to_string(), "$(U)");
        assert_eq!(Source::SecretKey { name: "s".into(), key: "k".into() }.to_string(), "Secret s, key k");
        let file = Source::FileKey { file: "a/b.env of volume v".into(), key: "k".into() };
        assert_eq!(file.to_string(), "file a/b.env of volume v, key k");
        assert_eq!(Source::Resource("limits.cpu".into()).to_string(), "the resource limits.cpu");
        assert_eq!(Source::Script("x".into()).to_string(), "a shell script");
    }

    #[test]
    fn parsing_keeps_what_is_not_known() {
        let number = |value: Value<String>| value.parse(|text| text.parse::<i64>().ok());
        assert_eq!(number(Value::Known("3".into())), Value::Known(3));
        assert_eq!(number(Value::Known("x".into())), Value::Malformed("x".into()));
        assert_eq!(number(Value::Deferred(field("a"))), Value::Deferred(field("a")));
        assert_eq!(number(Value::Malformed("y".into())).known(), None);
    }

    #[test]
    fn long_or_odd_text_is_clipped_to_one_short_line() {
        assert_eq!(clip("a\nb"), "a b");
        assert_eq!(clip(&"x".repeat(60)).len(), 60);
        assert_eq!(clip(&"x".repeat(61)), format!("{}...", "x".repeat(57)));
    }
}
