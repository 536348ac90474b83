//! An object's JSON text, indexed for all who read it, without the bookkeeping of the API server.
//! Does not know what kind of object it is.

use quorate_document::{Document, DocumentError, Limits, Pattern, Pointer};

/// Its name.
pub static NAME: Pointer<'static> = Pointer::literal("/metadata/name");

/// What tells it from an earlier one of its name.
pub static UID: Pointer<'static> = Pointer::literal("/metadata/uid");

/// Often half of an object; no policy reads it. Of an object, and of the items of a list.
static MANAGED_FIELDS: [Pattern<'static>; 2] =
    [Pattern::literal("/metadata/managedFields"), Pattern::literal("/items/*/metadata/managedFields")];

/// The document of an object, or of a list of objects. The caller has bounded the text: of how many values it is does not matter, since
/// what stands behind a request must not be unknown because it is large.
///
/// ```
/// use kubernetes::object::{NAME, indexed};
///
/// let object = indexed(r#"{"metadata": {"name": "rqlite", "managedFields": [{"manager": "kubectl"}]}}"#)?;
/// assert_eq!(object.text(&NAME).as_deref(), Some("rqlite"));
/// assert_eq!(object.as_json(), r#"{"metadata": {"name": "rqlite"}}"#);
/// # Ok::<(), quorate_document::DocumentError>(())
/// ```
///
/// # Errors
/// When it is no JSON, a key stands twice, or it nests deeper than [`Limits::DEFAULT`] allows.
pub fn indexed(text: &str) -> Result<Document, DocumentError> {
    let limits = Limits { bytes: usize::MAX, nodes: u32::MAX, ..Limits::DEFAULT };
    Document::parse_without(text, &limits, &MANAGED_FIELDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_no_managed_fields() {
        let json = |text| indexed(text).unwrap().as_json().into_owned();
        let object = r#"{"metadata":{"name":"a","managedFields":[{"f":1}],"uid":"u"},"spec":{"managedFields":1}}"#;
        assert_eq!(json(object), r#"{"metadata":{"name":"a","uid":"u"},"spec":{"managedFields":1}}"#);
        let list = r#"{"items":[{"metadata":{"managed\u0046ields":[]}}]}"#;
        assert_eq!(json(list), r#"{"items":[{"metadata":{}}]}"#);
        assert_eq!(json(r#"{"metadata":"text, managedFields"}"#), r#"{"metadata":"text, managedFields"}"#);
    }

    #[test]
    fn what_is_no_json_is_none() {
        for text in ["{", "{} x", r#"{"a":1,"a":2}"#] {
            assert!(indexed(text).is_err(), "{text}");
        }
    }
}
