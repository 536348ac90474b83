//! Why edits do not apply: which one, where, and what is in the way.
//! One error for all edits: nothing of them is applied.

use thiserror::Error;

use crate::error::{DocumentError, shown};
use crate::patch::PatchError;
use crate::pointer::PointerError;

/// An edit that cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{fault}", said(*edit, *operation, pointer))]
pub struct EditError {
    edit: Option<usize>,
    operation: Option<usize>,
    pointer: String,
    fault: EditFault,
}

impl EditError {
    pub(super) fn edit(edit: usize, operation: Option<usize>, pointer: &str, fault: EditFault) -> Self {
        Self { edit: Some(edit), operation, pointer: pointer.to_owned(), fault }
    }

    pub(super) fn result(fault: EditFault) -> Self {
        Self { edit: None, operation: None, pointer: String::new(), fault }
    }

    /// Which edit, from 1; `None` where all applied and what came out is too large.
    pub fn number(&self) -> Option<usize> {
        self.edit
    }

    /// Which operation of the edit, from 1, where it is a patch.
    pub fn operation(&self) -> Option<usize> {
        self.operation
    }

    /// Where, as the edit gave it.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// What is in the way.
    pub fn fault(&self) -> &EditFault {
        &self.fault
    }
}

/// What is in the way of an edit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditFault {
    /// The text that was given for a pointer is none.
    #[error("{0}")]
    NotAPointer(PointerError),
    /// The text that was given for a value is no document.
    #[error("the value is {0}")]
    NotJson(DocumentError),
    /// The text that was given to [`Edits::patch`](crate::Edits::patch) is no patch.
    #[error("{0}")]
    NotAPatch(PatchError),
    /// More than [`Limits::edits`](crate::Limits::edits).
    #[error("more than {limit} edits and operations; make fewer")]
    TooMany {
        /// Edits that are taken, each operation of a patch counted.
        limit: u32,
    },
    /// More than [`Limits::bytes`](crate::Limits::bytes), all pointers and values together.
    #[error("all edits together have more than {limit} bytes; make them shorter")]
    TooLong {
        /// Bytes that are taken.
        limit: usize,
    },
    /// A removal, or an operation of a patch, needs a value that does not exist.
    #[error("nothing is there")]
    NotThere,
    /// The object or array that is to hold the value does not exist. Removals and patches make none.
    #[error("its parent is not there; `set` makes parents")]
    NoParent,
    /// What is to hold the value is neither object nor array. What it is instead: `a string`.
    #[error("its parent is {0}; only objects and arrays hold values")]
    Scalar(&'static str),
    /// A token behind an array is no number from 0. At most 40 bytes of it.
    #[error("`{0}` is no index of an array; an index is a number without leading zeros")]
    NotAnIndex(String),
    /// The array is shorter than the index.
    #[error("beyond the end of the array, whose length is {length}; `append` adds to its end")]
    BeyondEnd {
        /// Elements of the array.
        length: usize,
    },
    /// A value is to be appended to what is no array. What it is instead: `an object`.
    #[error("{0} is there, not an array")]
    NotAnArray(&'static str),
    /// The removal of the empty pointer.
    #[error("the whole document cannot be removed")]
    Whole,
    /// A `move` of a patch whose `path` lies below its `from`.
    #[error("a value cannot be moved into itself")]
    IntoItself,
    /// A `test` of a patch fails.
    #[error("the value there is another one")]
    Different,
    /// More than [`Limits::depth`](crate::Limits::depth), found before the value is put in.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// Levels that are taken.
        limit: u8,
    },
    /// More than [`Limits::work`](crate::Limits::work).
    #[error("the edits take too much work; make fewer or smaller ones")]
    TooMuchWork,
    /// The document after the edits, or the part of it that a `test` reads, is longer than
    /// [`Limits::bytes`](crate::Limits::bytes).
    #[error("more than {limit} bytes came out")]
    ResultTooLong {
        /// Bytes that are taken.
        limit: usize,
    },
    /// The document after the edits, or the part of it that a `test` reads, is beyond another limit.
    #[error("{0}")]
    Result(DocumentError),
}

fn said(edit: Option<usize>, operation: Option<usize>, pointer: &str) -> String {
    let place = if pointer.is_empty() { String::new() } else { format!(" at `{}`", shown(pointer)) };
    match (edit, operation) {
        (Some(edit), Some(operation)) => format!("edit {edit}, operation {operation}{place}: "),
        (Some(edit), None) => format!("edit {edit}{place}: "),
        (None, _) => "the document after all edits: ".to_owned(),
    }
}
