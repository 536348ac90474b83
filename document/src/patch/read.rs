//! The text of a patch, read with the index: no second JSON reader.
//! Knows the shape of operations, not whether they apply.

use thiserror::Error;

use super::Operation;
use crate::document::Document;
use crate::error::DocumentError;
use crate::limits::Limits;
use crate::pointer::{Pointer, PointerError};
use crate::value::Value;

/// A text that is no patch, and at which of its operations.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{fault}", operation.map(|number| format!("operation {number}: ")).unwrap_or_default())]
pub struct PatchError {
    operation: Option<usize>,
    fault: PatchFault,
}

impl PatchError {
    /// From 1; `None` where the text as a whole is wrong.
    pub fn operation(&self) -> Option<usize> {
        self.operation
    }

    /// What is wrong.
    pub fn fault(&self) -> &PatchFault {
        &self.fault
    }
}

/// What is wrong with the text of a patch.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatchFault {
    /// The text is no document.
    #[error("{0}")]
    Text(#[from] DocumentError),
    /// The text is JSON of another kind: an object is one, the single operation without its array.
    #[error("not an array; a patch is an array of operations")]
    NotAnArray,
    /// More than [`Limits::edits`](crate::Limits::edits).
    #[error("{found} operations, allowed are {limit}")]
    TooMany {
        /// Operations in the text.
        found: u32,
        /// Operations that are taken.
        limit: u32,
    },
    /// An element of the array is of another kind.
    #[error("not an object; an operation is an object with `op` and `path`")]
    NotAnObject,
    /// An operation needs this member, a string: `op`, `path`, or `from` of `move` and `copy`.
    #[error("the text `{0}` is missing")]
    Missing(&'static str),
    /// An `add`, a `replace` or a `test` has none.
    #[error("the `value` is missing")]
    NoValue,
    /// None of the six names of RFC 6902. At most 40 bytes of it.
    #[error("`op` is `{0}`; expected add, remove, replace, move, copy or test")]
    UnknownOperation(String),
    /// `path` or `from` is a string, and no pointer.
    #[error("{0}")]
    Pointer(#[from] PointerError),
}

const OP: Pointer<'static> = Pointer::literal("/op");
const PATH: Pointer<'static> = Pointer::literal("/path");
const FROM: Pointer<'static> = Pointer::literal("/from");
const VALUE: Pointer<'static> = Pointer::literal("/value");

/// Longest name of an operation that a message shows, in bytes.
const MAX_NAME: usize = 40;

pub(super) fn operations(text: &str, limits: &Limits) -> Result<Vec<Operation>, PatchError> {
    let whole = |fault| PatchError { operation: None, fault };
    let document = Document::parse(text, limits).map_err(|error| whole(error.into()))?;
    let elements = document.elements().ok_or(whole(PatchFault::NotAnArray))?;
    let found = document.len(&Pointer::ROOT).unwrap_or_default();
    if found > limits.edits {
        return Err(whole(PatchFault::TooMany { found, limit: limits.edits }));
    }
    let numbered = elements.enumerate();
    let read = |(position, element): (usize, Document)| {
        operation(&element).map_err(|fault| PatchError { operation: Some(position + 1), fault })
    };
    numbered.map(read).collect()
}

fn operation(element: &Document) -> Result<Operation, PatchFault> {
    if !element.is_object() {
        return Err(PatchFault::NotAnObject);
    }
    let name = element.text(&OP).ok_or(PatchFault::Missing("op"))?;
    let path = pointer(element, &PATH, "path")?;
    let from = || pointer(element, &FROM, "from");
    let value = || element.part(&VALUE).ok_or(PatchFault::NoValue);
    Ok(match name.as_ref() {
        "add" => Operation::Add { path, value: value()? },
        "remove" => Operation::Remove { path },
        "replace" => Operation::Replace { path, value: value()? },
        "move" => Operation::Move { from: from()?, path },
        "copy" => Operation::Copy { from: from()?, path },
        "test" => Operation::Test { path, value: value()? },
        other => {
            let shown = other.get(..other.floor_char_boundary(MAX_NAME)).unwrap_or_default();
            return Err(PatchFault::UnknownOperation(shown.to_owned()));
        }
    })
}

fn pointer(element: &Document, at: &Pointer<'_>, name: &'static str) -> Result<Pointer<'static>, PatchFault> {
    match element.get(at) {
        Some(Value::Text(text)) => Ok(Pointer::parse(text.into_owned())?),
        Some(
            Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Number(_) | Value::Big(_) | Value::Json(_),
        )
        | None => Err(PatchFault::Missing(name)),
    }
}
