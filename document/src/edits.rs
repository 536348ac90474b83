//! Edits of a document: kept until they are applied, then all of them or none.
//! What they do to the document is in the files below; this one is the list.

mod apply;
mod error;
mod overlay;
mod render;
#[cfg(test)]
mod tests;
mod work;

use self::apply::applied;
pub use self::error::{EditError, EditFault};
use crate::document::Document;
use crate::limits::Limits;
use crate::patch::Patch;
use crate::pointer::Pointer;
use crate::text::push_quoted;

/// A list of edits, applied in order: each pointer is read after the edits before it. A member that was left out of the
/// document is not there for them either; one that is set in its place replaces it in the object that was sent.
///
/// ```
/// use quorate_document::{Document, Edits, Limits};
///
/// let before = Document::parse(r#"{"spec": {"replicas": 3}}"#, &Limits::DEFAULT)?;
/// let mut edits = Edits::new(&Limits::DEFAULT);
/// edits.set("/spec/replicas", "5").unwrap();
/// edits.set_text("/metadata/labels/app", "rqlite").unwrap();
/// edits.append("/spec/args", r#""-v""#).unwrap();
/// let edited = edits.apply(&before).unwrap().expect("something changed");
/// assert_eq!(
///     edited.document.as_json(),
///     r#"{"spec": {"replicas": 5,"args":["-v"]},"metadata":{"labels":{"app":"rqlite"}}}"#
/// );
/// // Two operations below `/spec` would be longer.
/// let paths: Vec<&str> = edited.patch.operations().iter().map(|operation| operation.path().as_str()).collect();
/// assert_eq!(paths, ["/spec", "/metadata"]);
/// # Ok::<(), quorate_document::DocumentError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Edits {
    limits: Limits,
    edits: Vec<Edit>,
    /// Operations so far: one for each edit, those of a patch each for itself.
    operations: usize,
    /// Of all pointers and values together.
    bytes: usize,
}

#[derive(Debug, Clone)]
enum Edit {
    Set { pointer: Pointer<'static>, value: Document },
    Append { pointer: Pointer<'static>, value: Document },
    Remove { pointer: Pointer<'static> },
    Patch(Patch),
}

/// What edits made of a document.
#[derive(Debug, Clone)]
pub struct Edited {
    /// The document after the edits. Members keep their order, new ones stand at the end of their object, and what was not
    /// touched is there byte for byte.
    pub document: Document,
    /// From the document before to this one. Never empty.
    pub patch: Patch,
}

impl Edits {
    /// No edits so far. `limits` bound their number and bytes, each value, and the document that comes out.
    pub fn new(limits: &Limits) -> Self {
        Self { limits: *limits, edits: Vec::new(), operations: 0, bytes: 0 }
    }

    /// Replaces or adds the value there; an element is replaced, never inserted. Parents that are missing or null become
    /// objects.
    ///
    /// # Errors
    /// When `pointer` is none, `json` is no document, or there are too many edits. Whether it applies is seen in
    /// [`Edits::apply`].
    pub fn set(&mut self, pointer: &str, json: &str) -> Result<(), EditError> {
        let edit = self.read(pointer, json, |pointer, value| Edit::Set { pointer, value })?;
        self.push(edit, 1, pointer.len() + json.len());
        Ok(())
    }

    /// As [`Edits::set`], a string.
    ///
    /// # Errors
    /// As [`Edits::set`].
    pub fn set_text(&mut self, pointer: &str, text: &str) -> Result<(), EditError> {
        let mut json = String::with_capacity(text.len() + 2);
        push_quoted(&mut json, text);
        self.set(pointer, &json)
    }

    /// Adds a value to the end of the array there, which is made where nothing or null is. Parents as in [`Edits::set`].
    ///
    /// # Errors
    /// As [`Edits::set`].
    pub fn append(&mut self, pointer: &str, json: &str) -> Result<(), EditError> {
        let edit = self.read(pointer, json, |pointer, value| Edit::Append { pointer, value })?;
        self.push(edit, 1, pointer.len() + json.len());
        Ok(())
    }

    /// Removes the value there, which must be there. Not the whole document.
    ///
    /// # Errors
    /// As [`Edits::set`].
    pub fn remove(&mut self, pointer: &str) -> Result<(), EditError> {
        self.room(pointer, 1, pointer.len())?;
        let edit = Edit::Remove { pointer: self.pointer(pointer)? };
        self.push(edit, 1, pointer.len());
        Ok(())
    }

    /// Applies an RFC 6902 patch, of which `test` too must hold. Its parents must be there: it is stricter than
    /// [`Edits::set`], and it inserts into arrays. It cannot remove the whole document.
    ///
    /// # Errors
    /// When `rfc6902` is no patch, or there are too many edits.
    pub fn patch(&mut self, rfc6902: &str) -> Result<(), EditError> {
        self.room("", 0, rfc6902.len())?;
        let patch =
            Patch::parse(rfc6902, &self.limits).map_err(|error| self.refused("", EditFault::NotAPatch(error)))?;
        let operations = patch.operations().len();
        self.room("", operations, 0)?;
        self.push(Edit::Patch(patch), operations, rfc6902.len());
        Ok(())
    }

    /// Whether there is no edit.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The document after all edits, and the smallest patch to it. `None` where they change nothing: the document stays
    /// as it is.
    ///
    /// # Errors
    /// When an edit does not apply: [`EditError`] names it, the pointer and why. Or when what comes out of all of them is
    /// too long or too deep. Then nothing is changed.
    pub fn apply(&self, before: &Document) -> Result<Option<Edited>, EditError> {
        if self.is_empty() {
            return Ok(None);
        }
        let document = applied(&self.edits, before, &self.limits)?;
        let patch = Patch::between(before, &document);
        Ok((!patch.is_empty()).then_some(Edited { document, patch }))
    }

    fn read(
        &self,
        pointer: &str,
        json: &str,
        edit: impl FnOnce(Pointer<'static>, Document) -> Edit,
    ) -> Result<Edit, EditError> {
        self.room(pointer, 1, pointer.len() + json.len())?;
        let at = self.pointer(pointer)?;
        let value =
            Document::parse(json, &self.limits).map_err(|error| self.refused(pointer, EditFault::NotJson(error)))?;
        Ok(edit(at, value))
    }

    fn pointer(&self, pointer: &str) -> Result<Pointer<'static>, EditError> {
        Pointer::parse(pointer.to_owned()).map_err(|error| self.refused(pointer, EditFault::NotAPointer(error)))
    }

    fn room(&self, pointer: &str, operations: usize, bytes: usize) -> Result<(), EditError> {
        let limits = &self.limits;
        if self.operations + operations > limits.edits as usize {
            return Err(self.refused(pointer, EditFault::TooMany { limit: limits.edits }));
        }
        if self.bytes + bytes > limits.bytes {
            return Err(self.refused(pointer, EditFault::TooLong { limit: limits.bytes }));
        }
        Ok(())
    }

    fn push(&mut self, edit: Edit, operations: usize, bytes: usize) {
        self.bytes += bytes;
        self.operations += operations;
        self.edits.push(edit);
    }

    fn refused(&self, pointer: &str, fault: EditFault) -> EditError {
        EditError::edit(self.edits.len() + 1, None, pointer, fault)
    }
}
