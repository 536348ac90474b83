//! Cuts the declared JSON pointers out of a document's text in one pass, as text; managedFields never come out.
//! Does not build a tree of the document, and does not interpret what it cuts.

use std::borrow::Cow;
use std::fmt;

use json_patch::jsonptr::Pointer;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use kubernetes::json::Text;

const METADATA: &str = "metadata";
const MANAGED_FIELDS: &str = "managedFields";

/// The text at each of `pointers`, in their order; `None` where the document has nothing there.
///
/// # Errors
/// When `document` is not JSON.
pub(crate) fn cut(document: &str, pointers: &[String]) -> serde_json::Result<Vec<Option<String>>> {
    let plan = Plan::of(pointers);
    let mut slices = vec![None; pointers.len()];
    let mut json = serde_json::Deserializer::from_str(document);
    Cut { plan: &plan, place: Place::Root, slices: &mut slices }.deserialize(&mut json)?;
    json.end()?;
    Ok(slices.into_iter().map(|slice| slice.map(Cow::into_owned)).collect())
}

/// Pointers as a tree, so that each member of the document is looked up once.
#[derive(Default)]
struct Plan {
    /// Positions in the answer that want this value.
    wanted: Vec<usize>,
    members: Vec<(String, Plan)>,
}

impl Plan {
    fn of(pointers: &[String]) -> Self {
        let mut root = Self::default();
        for (position, pointer) in pointers.iter().enumerate() {
            // Descriptions are checked when they are loaded, so an unreadable pointer does not get here.
            let Ok(pointer) = Pointer::parse(pointer) else { continue };
            let steps: Vec<String> = pointer.tokens().map(|token| token.decoded().into_owned()).collect();
            if steps.first().is_some_and(|step| step == METADATA)
                && steps.get(1).is_some_and(|step| step == MANAGED_FIELDS)
            {
                continue;
            }
            root.insert(&steps, position);
        }
        root
    }

    fn insert(&mut self, steps: &[String], position: usize) {
        let Some((step, rest)) = steps.split_first() else {
            self.wanted.push(position);
            return;
        };
        if let Some((_, member)) = self.members.iter_mut().find(|(name, _)| name == step) {
            member.insert(rest, position);
            return;
        }
        let mut member = Self::default();
        member.insert(rest, position);
        self.members.push((step.clone(), member));
    }

    fn member(&self, name: &str) -> Option<&Self> {
        self.members.iter().find_map(|(member, plan)| (member == name).then_some(plan))
    }
}

/// Where managedFields may be: below the root, or right here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Metadata,
    Elsewhere,
}

impl Place {
    fn below(self, member: &str) -> Self {
        if self == Self::Root && member == METADATA { Self::Metadata } else { Self::Elsewhere }
    }
}

struct Cut<'s, 'de> {
    plan: &'s Plan,
    place: Place,
    slices: &'s mut Vec<Option<Cow<'de, str>>>,
}

impl<'de> DeserializeSeed<'de> for Cut<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.plan.wanted.is_empty() {
            return deserializer.deserialize_any(self);
        }
        let whole = <&'de RawValue>::deserialize(deserializer)?.get();
        if !self.plan.members.is_empty() {
            // Both a value and parts of it are wanted: only this part of the text is read twice.
            let mut json = serde_json::Deserializer::from_str(whole);
            json.deserialize_any(Cut { plan: self.plan, place: self.place, slices: &mut *self.slices })
                .map_err(serde::de::Error::custom)?;
        }
        let text = without_managed_fields(whole, self.place).map_err(serde::de::Error::custom)?;
        for position in &self.plan.wanted {
            if let Some(slice) = self.slices.get_mut(*position) {
                *slice = Some(text.clone());
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Cut<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(Text(key)) = members.next_key()? {
            match self.plan.member(&key) {
                None => members.next_value::<IgnoredAny>().map(drop)?,
                Some(plan) => {
                    members.next_value_seed(Cut { plan, place: self.place.below(&key), slices: &mut *self.slices })?
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            let found = match self.plan.member(&index.to_string()) {
                None => items.next_element::<IgnoredAny>()?.map(drop),
                Some(plan) => {
                    items.next_element_seed(Cut { plan, place: Place::Elsewhere, slices: &mut *self.slices })?
                }
            };
            if found.is_none() {
                break;
            }
        }
        Ok(())
    }

    // A scalar has no members: what was asked for below it is not there.
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
}

/// A JSON object, one level deep, in the order of its text.
struct Members<'a>(Vec<(Cow<'a, str>, Cow<'a, RawValue>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(key), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push((key, Cow::Borrowed(value)));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value.as_ref())?;
        }
        map.end()
    }
}

/// `text` without `managedFields`; borrowed where there is nothing to remove.
fn without_managed_fields(text: &str, place: Place) -> serde_json::Result<Cow<'_, str>> {
    // An escaped spelling (`managed\u0046ields`) would pass this first look, so a backslash counts too.
    let may_hold_it =
        place != Place::Elsewhere && text.starts_with('{') && (text.contains(MANAGED_FIELDS) || text.contains("\\u"));
    if !may_hold_it {
        return Ok(Cow::Borrowed(text));
    }
    let mut members: Members<'_> = serde_json::from_str(text)?;
    match place {
        Place::Metadata => members.0.retain(|(key, _)| key != MANAGED_FIELDS),
        Place::Root | Place::Elsewhere => {
            for (_, value) in members.0.iter_mut().filter(|(key, _)| key == METADATA) {
                let stripped = without_managed_fields(value.get(), Place::Metadata)?.into_owned();
                *value = Cow::Owned(RawValue::from_string(stripped)?);
            }
        }
    }
    serde_json::to_string(&members).map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn cuts(document: &str, expected: &[(&str, Option<&str>)]) {
        let pointers: Vec<String> = expected.iter().map(|(pointer, _)| (*pointer).to_owned()).collect();
        let found = cut(document, &pointers).unwrap();
        let expected: Vec<Option<&str>> = expected.iter().map(|(_, text)| *text).collect();
        assert_eq!(found.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn cuts_raw_slices_in_the_asked_order() {
        cuts(
            r#"{"kind":"X", "spec": {"replicas": 1.0, "list": [ {"a": 1}, {"a": 2} ]}, "n": null}"#,
            &[
                ("/spec/list/1/a", Some("2")),
                ("/spec/replicas", Some("1.0")),
                ("/n", Some("null")),
                ("/spec/list/7", None),
                ("/kind/deeper", None),
                ("/absent", None),
            ],
        );
    }

    #[test]
    fn cuts_a_value_and_its_parts() {
        let document = r#"{"spec":{"a":{"b":[1,2]}}}"#;
        cuts(
            document,
            &[
                ("", Some(document)),
                ("/spec", Some(r#"{"a":{"b":[1,2]}}"#)),
                ("/spec/a/b/0", Some("1")),
                ("/spec", Some(r#"{"a":{"b":[1,2]}}"#)),
            ],
        );
    }

    #[test]
    fn reads_escaped_pointers_and_keys() {
        cuts(
            r#"{"metadata":{"annotations":{"quorate.dev\/container":"x","a~b":"y"}}}"#,
            &[
                ("/metadata/annotations/quorate.dev~1container", Some(r#""x""#)),
                ("/metadata/annotations/a~0b", Some(r#""y""#)),
            ],
        );
    }

    #[test]
    fn never_shows_managed_fields() {
        let document = r#"{"metadata":{"name":"a","managedFields":[{"f":1}],"uid":"u"},"spec":{"managedFields":1}}"#;
        cuts(
            document,
            &[
                ("", Some(r#"{"metadata":{"name":"a","uid":"u"},"spec":{"managedFields":1}}"#)),
                ("/metadata", Some(r#"{"name":"a","uid":"u"}"#)),
                ("/metadata/managedFields", None),
                ("/metadata/managedFields/0/f", None),
                ("/metadata/name", Some(r#""a""#)),
                ("/spec/managedFields", Some("1")),
            ],
        );
        cuts(r#"{"metadata":{"managed\u0046ields":[]}}"#, &[("", Some(r#"{"metadata":{}}"#))]);
    }

    #[test]
    fn a_document_that_is_no_object_has_no_members() {
        cuts("7", &[("", Some("7")), ("/a", None)]);
        cuts(
            r#"{"metadata":"text, managedFields"}"#,
            &[("/metadata", Some(r#""text, managedFields""#)), ("/metadata/name", None)],
        );
        assert!(cut("{", &[String::new()]).is_err());
        assert!(cut("{} x", &["/a".to_owned()]).is_err());
    }
}
