//! Edits of the object under review. Collected here, and told to the host when the policy has returned.
//! The host applies them in order, and derives the patch.

use serde::Serialize;

use crate::host::{Host, HostRef};
use crate::not_judged::NotJudged;

/// The edits of one call, in order: each pointer is read after the edits before it. If the policy ends with
/// [`NotJudged`], none is made.
///
/// ```
/// use quorate_policy::{Edit, Edits};
///
/// let mut edits = Edits::default();
/// edits.set_text("/spec/priorityClassName", "batch");
/// edits.set("/spec/replicas", &3)?;
/// assert_eq!(edits.list()[1], Edit::Set { pointer: "/spec/replicas".to_owned(), json: "3".to_owned() });
/// # Ok::<(), quorate_policy::NotJudged>(())
/// ```
#[derive(Debug, Default)]
pub struct Edits(Vec<Edit>);

/// One edit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are what they are called")]
pub enum Edit {
    /// Replaces or adds; missing parents become objects.
    Set { pointer: String, json: String },
    /// The same with a string, not quoted.
    SetText { pointer: String, text: String },
    /// To the end of an array, which is made where there is none.
    Append { pointer: String, json: String },
    /// Takes away.
    Remove { pointer: String },
    /// JSON text of an RFC 6902 patch.
    Patch { rfc6902: String },
}

impl Edits {
    /// Replaces or adds a value; never inserts into an array. Missing parents become objects.
    ///
    /// # Errors
    /// When the value is no JSON: a map whose keys are no strings.
    pub fn set(&mut self, pointer: impl Into<String>, value: &impl Serialize) -> Result<(), NotJudged> {
        let pointer = pointer.into();
        let json = json(&pointer, value)?;
        self.0.push(Edit::Set { pointer, json });
        Ok(())
    }

    /// Replaces or adds a string.
    pub fn set_text(&mut self, pointer: impl Into<String>, text: impl Into<String>) {
        self.0.push(Edit::SetText { pointer: pointer.into(), text: text.into() });
    }

    /// To the end of an array, which is made where there is none.
    ///
    /// # Errors
    /// When the value is no JSON: a map whose keys are no strings.
    pub fn append(&mut self, pointer: impl Into<String>, value: &impl Serialize) -> Result<(), NotJudged> {
        let pointer = pointer.into();
        let json = json(&pointer, value)?;
        self.0.push(Edit::Append { pointer, json });
        Ok(())
    }

    /// Takes a value away.
    pub fn remove(&mut self, pointer: impl Into<String>) {
        self.0.push(Edit::Remove { pointer: pointer.into() });
    }

    /// An RFC 6902 patch, JSON text of the array of its operations.
    pub fn patch(&mut self, rfc6902: impl Into<String>) {
        self.0.push(Edit::Patch { rfc6902: rfc6902.into() });
    }

    /// The edits so far.
    pub fn list(&self) -> &[Edit] {
        &self.0
    }

    pub(crate) fn send(&self, host: HostRef<'_>) {
        for edit in &self.0 {
            match edit {
                Edit::Set { pointer, json } => host.edit_set(pointer, json),
                Edit::SetText { pointer, text } => host.edit_set_text(pointer, text),
                Edit::Append { pointer, json } => host.edit_append(pointer, json),
                Edit::Remove { pointer } => host.edit_remove(pointer),
                Edit::Patch { rfc6902 } => host.edit_patch(rfc6902),
            }
        }
    }
}

fn json(pointer: &str, value: &impl Serialize) -> Result<String, NotJudged> {
    serde_json::to_string(value).map_err(|error| NotJudged::new(format!("the value for {pointer} is no JSON: {error}")))
}
