//! One pass over a JSON text that refuses what two readers could understand differently, and keeps no tree.
//! Does not know what an AdmissionReview is.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::EnvelopeFault;
use crate::json::Text;

/// Kubernetes objects nest less than 30 deep. The parser's own limit, one higher, would only say "recursion limit".
const MAX_DEPTH: usize = 126;

/// Longest path that a message shows, in bytes.
const MAX_PATH: usize = 160;

#[derive(Default)]
pub(super) struct Scan<'de> {
    path: Vec<Step<'de>>,
    fault: Option<EnvelopeFault>,
}

enum Step<'de> {
    Key(Cow<'de, str>),
    Index(usize),
}

impl<'de> Scan<'de> {
    pub(super) fn run(&mut self, text: &'de str) -> Result<(), EnvelopeFault> {
        let mut json = serde_json::Deserializer::from_str(text);
        let scanned = Value(self).deserialize(&mut json).and_then(|()| json.end());
        scanned.map_err(|error| self.fault.take().unwrap_or_else(|| EnvelopeFault::NotJson { what: error.to_string() }))
    }

    fn refuse<E: Error>(&mut self, fault: EnvelopeFault) -> E {
        self.fault = Some(fault);
        E::custom("refused")
    }

    /// One level down; refused where that is too deep.
    fn enter<E: Error>(&mut self) -> Result<(), E> {
        if self.path.len() < MAX_DEPTH {
            return Ok(());
        }
        let fault = EnvelopeFault::TooDeep { path: self.shown(), limit: MAX_DEPTH };
        Err(self.refuse(fault))
    }

    /// The path as Kubernetes writes it: `request.object.spec.containers[0].args`.
    fn shown(&self) -> String {
        let mut shown = String::new();
        for step in &self.path {
            match step {
                Step::Index(index) => shown.push_str(&format!("[{index}]")),
                Step::Key(key) if shown.is_empty() => shown.push_str(key),
                Step::Key(key) => {
                    shown.push('.');
                    shown.push_str(key);
                }
            }
        }
        crate::text::one_line(&shown, MAX_PATH)
    }
}

/// The value at the scan's path.
struct Value<'s, 'de>(&'s mut Scan<'de>);

impl<'de> DeserializeSeed<'de> for Value<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let scan = self.0;
        scan.enter()?;
        for index in 0.. {
            scan.path.push(Step::Index(index));
            let found = items.next_element_seed(Value(scan))?;
            scan.path.pop();
            if found.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let scan = self.0;
        scan.enter()?;
        let mut keys = Vec::new();
        while let Some(Text(key)) = members.next_key()? {
            scan.path.push(Step::Key(key));
            members.next_value_seed(Value(scan))?;
            if let Some(Step::Key(key)) = scan.path.pop() {
                keys.push(key);
            }
        }
        // Sorting beats hashing on the handful of keys of an object, and no chosen keys make it slow.
        keys.sort_unstable();
        let twice = keys.windows(2).find_map(|pair| match pair {
            [one, other] if one == other => Some(one.clone()),
            _ => None,
        });
        let Some(key) = twice else {
            return Ok(());
        };
        scan.path.push(Step::Key(key));
        let fault = EnvelopeFault::DuplicateKey { path: scan.shown() };
        Err(scan.refuse(fault))
    }
}
