//! RFC 6902 patches: read, written, and made from two documents.
//! Does not apply them: `Edits` does, on a document.

mod array;
mod difference;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;

use self::difference::difference;
pub use self::read::{PatchError, PatchFault};
use crate::document::Document;
use crate::limits::Limits;
use crate::pointer::Pointer;
use crate::text::{push_quoted, quoted_length};

/// Operations in the order in which they are applied. Its text form is RFC 6902's.
///
/// ```
/// use quorate_document::{Document, Limits, Patch};
///
/// let document = |text: &str| Document::parse(text, &Limits::DEFAULT);
/// let patch = Patch::between(&document(r#"{"a":1,"b":[1,2]}"#)?, &document(r#"{"a":1,"b":[2],"c":null}"#)?);
/// assert_eq!(
///     patch.to_string(),
///     r#"[{"op":"remove","path":"/b/0"},{"op":"add","path":"/c","value":null}]"#
/// );
/// # Ok::<(), quorate_document::DocumentError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Patch {
    operations: Vec<Operation>,
}

/// One operation of RFC 6902.
#[derive(Debug, Clone)]
pub enum Operation {
    /// Adds a member, in place of one of the same key, or inserts an element (RFC 6902, 4.1).
    Add {
        /// Where to; `-` behind an array is its end.
        path: Pointer<'static>,
        /// What is added.
        value: Document,
    },
    /// Removes a value (4.2).
    Remove {
        /// What goes; it must be there.
        path: Pointer<'static>,
    },
    /// Puts another value in the place of one (4.3).
    Replace {
        /// What gives way; it must be there.
        path: Pointer<'static>,
        /// What comes.
        value: Document,
    },
    /// Removes a value, and adds it elsewhere (4.4).
    Move {
        /// What is taken; it must be there.
        from: Pointer<'static>,
        /// Where to; `-` behind an array is its end.
        path: Pointer<'static>,
    },
    /// Adds a value once more (4.5).
    Copy {
        /// What is taken; it must be there.
        from: Pointer<'static>,
        /// Where to; `-` behind an array is its end.
        path: Pointer<'static>,
    },
    /// Fails unless a value is the same as this one, numbers by their value (4.6).
    Test {
        /// What is compared; it must be there.
        path: Pointer<'static>,
        /// What it is compared with.
        value: Document,
    },
}

impl Patch {
    /// Reads the JSON text of a patch, of at most [`Limits::edits`] operations.
    ///
    /// ```
    /// use quorate_document::{Limits, Patch, PatchFault};
    ///
    /// let patch = Patch::parse(r#"[{"op": "remove", "path": "/spec/replicas"}]"#, &Limits::DEFAULT)?;
    /// assert_eq!(patch.operations()[0].path().as_str(), "/spec/replicas");
    ///
    /// let error = Patch::parse(r#"[{"op": "add", "path": "/a"}]"#, &Limits::DEFAULT).unwrap_err();
    /// assert_eq!((error.operation(), error.fault()), (Some(1), &PatchFault::NoValue));
    /// # Ok::<(), quorate_document::PatchError>(())
    /// ```
    ///
    /// # Errors
    /// When it is no array of RFC 6902's six operations, or a longer one: [`PatchError`] tells which operation is wrong.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, PatchError> {
        read::operations(text, limits).map(|operations| Self { operations })
    }

    /// The smallest patch that makes `after` of `before`, of `add`, `remove` and `replace` only; empty where both hold the
    /// same. Of an object or array that changed, either what is below it is patched or it is replaced, whichever is the
    /// shorter JSON text. Two things are never replaced by something of their kind: the whole document, which would touch
    /// what identifies an object, and an object of which something was left out, which would take that away.
    ///
    /// Numbers differ here when their texts do: `1` to `1.0` is an operation.
    /// Smallest is meant within [`Limits::work`] of `before`, and for long lists within what costs linear time: changed
    /// stretches of more than 4,096 pairs of elements are patched position by position, or replaced.
    pub fn between(before: &Document, after: &Document) -> Self {
        Self { operations: difference(before, after) }
    }

    /// In the order in which they are applied.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}

impl fmt::Display for Patch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[")?;
        for (position, operation) in self.operations.iter().enumerate() {
            formatter.write_str(if position == 0 { "" } else { "," })?;
            operation.fmt(formatter)?;
        }
        formatter.write_str("]")
    }
}

impl Operation {
    /// The name that RFC 6902 gives it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::Remove { .. } => "remove",
            Self::Replace { .. } => "replace",
            Self::Move { .. } => "move",
            Self::Copy { .. } => "copy",
            Self::Test { .. } => "test",
        }
    }

    /// Where it works.
    pub fn path(&self) -> &Pointer<'static> {
        match self {
            Self::Add { path, .. }
            | Self::Remove { path }
            | Self::Replace { path, .. }
            | Self::Move { path, .. }
            | Self::Copy { path, .. }
            | Self::Test { path, .. } => path,
        }
    }

    /// From where it takes what it adds.
    pub fn from(&self) -> Option<&Pointer<'static>> {
        match self {
            Self::Move { from, .. } | Self::Copy { from, .. } => Some(from),
            Self::Add { .. } | Self::Remove { .. } | Self::Replace { .. } | Self::Test { .. } => None,
        }
    }

    /// What it adds, puts in place or compares with.
    pub fn value(&self) -> Option<&Document> {
        match self {
            Self::Add { value, .. } | Self::Replace { value, .. } | Self::Test { value, .. } => Some(value),
            Self::Remove { .. } | Self::Move { .. } | Self::Copy { .. } => None,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!(r#"{{"op":"{}""#, self.name());
        if let Some(from) = self.from() {
            text.push_str(r#","from":"#);
            push_quoted(&mut text, from.as_str());
        }
        text.push_str(r#","path":"#);
        push_quoted(&mut text, self.path().as_str());
        if let Some(value) = self.value() {
            text.push_str(r#","value":"#);
            text.push_str(&value.as_json());
        }
        text.push('}');
        formatter.write_str(&text)
    }
}

/// Bytes of the text of an operation with this name, path, and bytes of value; the comma behind it counted.
fn operation_length(name: &str, path: &str, value: Option<usize>) -> usize {
    let value = value.map_or(0, |bytes| r#","value":"#.len() + bytes);
    r#"{"op":"","path":}"#.len() + name.len() + quoted_length(path) + value + 1
}
