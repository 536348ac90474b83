//! The documents of one review, and the slices of them that a policy asks for.
//! Does not interpret what it cuts.

use std::borrow::Cow;

use kubernetes::admission::Request;
use kubernetes::related::Related;
use quorate_document::{Document, Pointer};

use crate::description::Projections;
use crate::provider::Prepared;
use crate::wit::types::{Documents, ParentState};

/// The object, the object as it was, and what stands behind the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Objects<'r> {
    object: Option<&'r Document>,
    old_object: Option<&'r Document>,
    parent: Option<&'r Document>,
    parent_state: ParentState,
}

impl<'r> Objects<'r> {
    pub(crate) fn of(request: &'r Request, prepared: &'r Prepared) -> Self {
        Self {
            object: request.object.as_ref(),
            old_object: request.old_object.as_ref(),
            parent: prepared.related.found(),
            parent_state: match prepared.related {
                Related::Found(_) => ParentState::Found,
                Related::Absent => ParentState::Absent,
                Related::Unknown(_) => ParentState::Unknown,
            },
        }
    }

    /// The slices that these projections ask for.
    pub(crate) fn slices(&self, wanted: &Projections) -> Documents {
        Documents {
            object: cut(self.object, &wanted.object),
            old_object: cut(self.old_object, &wanted.old_object),
            parent: cut(self.parent, &wanted.parent),
            parent_state: self.parent_state,
        }
    }

    /// The string at `pointer` in the object, its parent, and the object as it was, where they have one.
    pub(crate) fn texts(&self, pointer: &Pointer<'_>) -> Vec<String> {
        let documents = [self.object, self.parent, self.old_object];
        documents.into_iter().flatten().filter_map(|document| document.text(pointer)).map(Cow::into_owned).collect()
    }
}

/// The text at each of `pointers`, in their order; `None` where the document has nothing there.
fn cut(document: Option<&Document>, pointers: &[String]) -> Vec<Option<String>> {
    // Descriptions are checked when they are loaded, so an unreadable pointer does not get here.
    let at = |pointer: &String| Some(document?.json(&Pointer::parse(pointer.as_str()).ok()?)?.into_owned());
    pointers.iter().map(at).collect()
}

#[cfg(test)]
mod tests {
    use kubernetes::object::indexed;

    use super::*;

    #[track_caller]
    fn cuts(document: &str, expected: &[(&str, Option<&str>)]) {
        let pointers: Vec<String> = expected.iter().map(|(pointer, _)| (*pointer).to_owned()).collect();
        let found = cut(Some(&indexed(document).unwrap()), &pointers);
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
    }

    #[test]
    fn a_document_that_is_no_object_has_no_members() {
        cuts("7", &[("", Some("7")), ("/a", None)]);
        cuts(
            r#"{"metadata":"text, managedFields"}"#,
            &[("/metadata", Some(r#""text, managedFields""#)), ("/metadata/name", None)],
        );
    }
}
