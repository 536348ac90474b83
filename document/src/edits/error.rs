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
    #[error("{0}")]
    NotAPointer(PointerError),
    #[error("the value is {0}")]
    NotJson(DocumentError),
    #[error("{0}")]
    NotAPatch(PatchError),
    #[error("more than {limit} edits and operations; make fewer")]
    TooMany { limit: u32 },
    #[error("all edits together have more than {limit} bytes; make them shorter")]
    TooLong { limit: usize },
    #[error("nothing is there")]
    NotThere,
    #[error("its parent is not there; `set` makes parents")]
    NoParent,
    #[error("its parent is {0}; only objects and arrays hold values")]
    Scalar(&'static str),
    #[error("`{0}` is no index of an array; an index is a number without leading zeros")]
    NotAnIndex(String),
    #[error("beyond the end of the array, whose length is {length}; `append` adds to its end")]
    BeyondEnd { length: usize },
    #[error("{0} is there, not an array")]
    NotAnArray(&'static str),
    #[error("the whole document cannot be removed")]
    Whole,
    #[error("a value cannot be moved into itself")]
    IntoItself,
    #[error("the value there is another one")]
    Different,
    #[error("nested deeper than {limit} levels")]
    TooDeep { limit: u8 },
    #[error("the edits take too much work; make fewer or smaller ones")]
    TooMuchWork,
    #[error("more than {limit} bytes came out")]
    ResultTooLong { limit: usize },
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
