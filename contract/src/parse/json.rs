//! JSON text to a tree, without keys that stand twice.
//! Does not know what a manifest is.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Number, Value};

use crate::problem::ManifestError;
use crate::text;

/// The tree; nests at most 128 deep, which is serde_json's own bound.
pub(super) fn read(text: &str) -> Result<Value, ManifestError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = Place::Root.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    read.map_err(|error| {
        let what = text::message(&error.to_string());
        match error.classify() {
            Category::Data => ManifestError::DuplicateKey { what },
            Category::Io | Category::Syntax | Category::Eof => ManifestError::NotJson { what },
        }
    })
}

/// Where a value stands. A pointer is made of it only for a message: long keys around many values would cost too much.
#[derive(Clone, Copy)]
enum Place<'a> {
    Root,
    Key(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
}

impl Place<'_> {
    fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(parent, key) => format!("{}/{}", parent.pointer(), text::token(key)),
            Self::Index(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = elements.next_element_seed(Place::Index(&self, list.len()))? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let place = Place::Key(&self, &key);
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("`{}`", text::shown(&place.pointer()))));
            }
            let value = members.next_value_seed(place)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_serde_json_reads() {
        let text = r#"{"a": [1, -2, 1.5, 18446744073709551615, "x\n", true, null], "b": {}}"#;
        assert_eq!(read(text), Ok(serde_json::from_str(text).unwrap()));
    }

    #[test]
    fn refuses_a_key_that_stands_twice_and_says_where() {
        let error = read(r#"{"a": [{"x/y": 1, "x\/y": 2}]}"#).unwrap_err();
        assert_eq!(error.to_string(), "the manifest has a key twice: `/a/0/x~1y` at line 1 column 24");
    }

    #[test]
    fn refuses_what_is_not_json() {
        let told = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(told(""), "the manifest is not JSON: EOF while parsing a value at line 1 column 0");
        assert_eq!(told("{} x"), "the manifest is not JSON: trailing characters at line 1 column 4");
        assert_eq!(told("[1e400]"), "the manifest is not JSON: number out of range at line 1 column 6");
    }

    #[test]
    fn refuses_deep_nesting_without_a_stack_overflow() {
        let error = read(&"[".repeat(100_000)).unwrap_err();
        assert_eq!(error.to_string(), "the manifest is not JSON: recursion limit exceeded at line 1 column 128");
    }
}
