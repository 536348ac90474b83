//! Why a text is no document: what, where in the text, and where in the document.
//! Says it in words that Kubernetes users meet elsewhere in Quorate.

use std::borrow::Cow;

use thiserror::Error;

/// Longest pointer that a message shows, in bytes. The whole one is in [`DocumentError::pointer`].
const MAX_SHOWN: usize = 160;

/// A text that is no document, and where.
///
/// ```
/// use quorate_document::{Document, DocumentFault, Limits};
///
/// let error = Document::parse(r#"{"spec":{"replicas":5,"replicas":2}}"#, &Limits::DEFAULT).unwrap_err();
/// assert!(matches!(error.fault(), DocumentFault::DuplicateKey));
/// assert_eq!((error.pointer(), error.path()), ("/spec/replicas", "spec.replicas"));
/// assert_eq!(
///     error.to_string(),
///     "the key `/spec/replicas` stands twice, so that readers may disagree on its value; keep one (line 1, column 23)"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{} (line {}, column {})", said(&.0.fault, &.0.pointer), .0.line, .0.column)]
pub struct DocumentError(Box<ErrorDetail>);

/// Behind a box, so that a result is not much wider than its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorDetail {
    pub(crate) fault: DocumentFault,
    pub(crate) pointer: String,
    pub(crate) path: String,
    pub(crate) byte: usize,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl From<ErrorDetail> for DocumentError {
    fn from(detail: ErrorDetail) -> Self {
        Self(Box::new(detail))
    }
}

impl DocumentError {
    /// What is wrong.
    pub fn fault(&self) -> &DocumentFault {
        &self.0.fault
    }

    /// RFC 6901 pointer to the value or key that is wrong, or to what holds it where none has begun.
    pub fn pointer(&self) -> &str {
        &self.0.pointer
    }

    /// The same place as Kubernetes writes it: `spec.containers[0].args`.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Bytes before the place.
    pub fn byte(&self) -> usize {
        self.0.byte
    }

    /// Line of the place, from 1.
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// Character in that line, from 1.
    pub fn column(&self) -> usize {
        self.0.column
    }
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentFault {
    /// Not JSON as RFC 8259 has it. The text completes "not JSON:".
    Syntax(&'static str),
    /// A key of an object stands twice, however each is spelt.
    DuplicateKey,
    /// More levels than [`Limits::depth`](crate::Limits::depth).
    TooDeep {
        /// Levels that are taken.
        limit: u8,
    },
    /// More bytes than [`Limits::bytes`](crate::Limits::bytes).
    TooLong {
        /// Bytes of the text.
        bytes: usize,
        /// Bytes that are taken.
        limit: usize,
    },
    /// More values than [`Limits::nodes`](crate::Limits::nodes).
    TooManyNodes {
        /// Values that are taken.
        limit: u32,
    },
}

fn said(fault: &DocumentFault, pointer: &str) -> String {
    let pointer = shown(pointer);
    match fault {
        DocumentFault::Syntax(what) if pointer.is_empty() => format!("not JSON: {what}"),
        DocumentFault::Syntax(what) => format!("not JSON: {what} at `{pointer}`"),
        DocumentFault::DuplicateKey => {
            format!("the key `{pointer}` stands twice, so that readers may disagree on its value; keep one")
        }
        DocumentFault::TooDeep { limit } => {
            format!("`{pointer}` is nested deeper than {limit} levels; send an object as the API server stores it")
        }
        DocumentFault::TooLong { bytes, limit } => format!("{bytes} bytes, allowed are {limit}; send a shorter text"),
        DocumentFault::TooManyNodes { limit } => {
            format!("more than {limit} values, the first one too many is `{pointer}`; send a smaller object")
        }
    }
}

/// A pointer as messages show it: bounded, and without characters that break a line.
pub(crate) fn shown(pointer: &str) -> Cow<'_, str> {
    let short = pointer.get(..pointer.floor_char_boundary(MAX_SHOWN)).unwrap_or_default();
    if short.len() == pointer.len() && !pointer.contains(char::is_control) {
        return Cow::Borrowed(pointer);
    }
    let plain: String = short.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    Cow::Owned(if short.len() == pointer.len() { plain } else { format!("{plain}...") })
}

/// Line and column, both from 1, of the character at `byte`.
pub(crate) fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..text.floor_char_boundary(byte)).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count();
    (before.bytes().filter(|byte| *byte == b'\n').count() + 1, column + 1)
}
