//! A JSON text and its index, and what can be read of them.
//! Reads only; `Edits` says what changes.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::error::DocumentError;
use crate::limits::Limits;
use crate::node::{Index, Key, NO_TABLE, Node, NodeId, NodeKind};
use crate::pointer::{Pattern, Pointer};
use crate::same::{Comparison, Numbers};
use crate::scan::scan;
use crate::value::Value;

/// A JSON text, read once. A copy shares the text and the index.
///
/// ```
/// use quorate_document::{Document, Limits, Pointer};
///
/// let document = Document::parse(r#"{"spec": {"replicas": 3}}"#, &Limits::DEFAULT)?;
/// assert_eq!(document.integer(&Pointer::parse("/spec/replicas").unwrap()), Some(3));
/// # Ok::<(), quorate_document::DocumentError>(())
/// ```
#[derive(Clone)]
pub struct Document {
    index: Arc<Index>,
    root: NodeId,
}

impl Document {
    /// Reads a JSON text (RFC 8259). More strictly than most readers: no key stands twice in an object, however it is
    /// spelt, an exponent has at most 17 digits, and [`Limits`] bound length, depth and number of values.
    /// More widely than some: a number may be of any size.
    ///
    /// # Errors
    /// When `text` is not such a text: [`DocumentError`] says what, where in the text, and at which pointer.
    pub fn parse(text: impl Into<Arc<str>>, limits: &Limits) -> Result<Self, DocumentError> {
        Self::parse_without(text, limits, &[])
    }

    /// As [`Document::parse`]; members that one of the patterns matches are not in the document. They are read as strictly
    /// as the rest, then no method shows them, and [`Document::json`] is the text as it was sent except for them. Elements
    /// of arrays and the whole document are never left out.
    ///
    /// ```
    /// use quorate_document::{Document, Limits, Pattern};
    ///
    /// let managed_fields = [Pattern::parse("/metadata/managedFields").unwrap()];
    /// let text = r#"{"metadata": {"name": "a", "managed\u0046ields": [1]}}"#;
    /// let document = Document::parse_without(text, &Limits::DEFAULT, &managed_fields)?;
    /// assert_eq!(document.as_json(), r#"{"metadata": {"name": "a"}}"#);
    /// # Ok::<(), quorate_document::DocumentError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse_without(
        text: impl Into<Arc<str>>,
        limits: &Limits,
        without: &[Pattern<'_>],
    ) -> Result<Self, DocumentError> {
        Ok(Self { index: Arc::new(scan(text.into(), limits, without)?), root: 0 })
    }

    /// The document of the value there, which shares the text and the index of this one: `/request/object` of a review.
    ///
    /// ```
    /// use quorate_document::{Document, Limits, Pointer};
    ///
    /// static REPLICAS: Pointer<'static> = Pointer::literal("/spec/replicas");
    ///
    /// let review = Document::parse(r#"{"request": {"object": {"spec": {"replicas": 3}}}}"#, &Limits::DEFAULT)?;
    /// let object = review.part(&Pointer::literal("/request/object")).unwrap();
    /// assert_eq!(object.integer(&REPLICAS), Some(3));
    /// assert_eq!(object.as_json(), r#"{"spec": {"replicas": 3}}"#);
    /// # Ok::<(), quorate_document::DocumentError>(())
    /// ```
    pub fn part(&self, pointer: &Pointer<'_>) -> Option<Self> {
        Some(self.at(self.node(pointer)?))
    }

    /// The value there.
    pub fn get(&self, pointer: &Pointer<'_>) -> Option<Value<'_>> {
        Some(self.index.value(self.node(pointer)?))
    }

    /// The decoded string there; `None` where nothing is, or another type.
    pub fn text(&self, pointer: &Pointer<'_>) -> Option<Cow<'_, str>> {
        self.index.string(self.node(pointer)?)
    }

    /// The integer there, as [`Value::Integer`] has it; `None` where nothing is, another type, or another number.
    pub fn integer(&self, pointer: &Pointer<'_>) -> Option<i64> {
        self.index.integer(self.node(pointer)?)
    }

    /// The boolean there; `None` where nothing is, or another type.
    pub fn boolean(&self, pointer: &Pointer<'_>) -> Option<bool> {
        match self.get(pointer)? {
            Value::Boolean(boolean) => Some(boolean),
            Value::Null | Value::Integer(_) | Value::Number(_) | Value::Big(_) | Value::Text(_) | Value::Json(_) => {
                None
            }
        }
    }

    /// Whether the whole document is `null`.
    pub fn is_null(&self) -> bool {
        self.index.node(self.root).kind == NodeKind::Null
    }

    /// Whether the whole document is an object.
    pub fn is_object(&self) -> bool {
        self.index.node(self.root).kind == NodeKind::Object
    }

    /// Elements or members; `None` where there is neither array nor object.
    pub fn len(&self, pointer: &Pointer<'_>) -> Option<u32> {
        let node = self.index.node(self.node(pointer)?);
        node.kind.container().map(|_| node.children)
    }

    /// The keys of the object there, decoded, in the order of the document; empty where there is none.
    pub fn keys(&self, pointer: &Pointer<'_>) -> Vec<Cow<'_, str>> {
        let index = &self.index;
        let object = self.node(pointer).filter(|id| index.node(*id).kind == NodeKind::Object);
        let members = object.into_iter().flat_map(|id| index.children(id));
        members.map(|member| index.key_text(&index.node(member).key)).collect()
    }

    /// The JSON text of the value there, as it was sent, without what was left out.
    pub fn json(&self, pointer: &Pointer<'_>) -> Option<Cow<'_, str>> {
        Some(self.index.json(self.node(pointer)?))
    }

    /// [`Document::json`] of the whole document, without white space around it.
    pub fn as_json(&self) -> Cow<'_, str> {
        self.index.json(self.root)
    }

    /// Whether both documents hold the same there. The order of members and the spelling of strings do not count; numbers
    /// are the same when their values are, exactly, whatever their size: `1`, `1.0` and `1e0`, but not 2^53 and 2^53 + 1.
    /// True where both have nothing.
    ///
    /// ```
    /// use quorate_document::{Document, Limits, Pointer};
    ///
    /// let document = |text: &str| Document::parse(text, &Limits::DEFAULT);
    /// let one = document(r#"{"a": {"b": 1, "c": "x"}}"#)?;
    /// let other = document(r#"{"a": {"c": "\u0078", "b": 1.0}, "d": 2}"#)?;
    /// assert!(one.same(&Pointer::literal("/a"), &other));
    /// assert!(!one.same(&Pointer::ROOT, &other));
    /// # Ok::<(), quorate_document::DocumentError>(())
    /// ```
    pub fn same(&self, pointer: &Pointer<'_>, other: &Self) -> bool {
        match (self.node(pointer), other.node(pointer)) {
            (None, None) => true,
            (Some(one), Some(another)) => self.at(one).equals(&other.at(another)),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    /// The same within a bound, of which it takes what it costs: some nanoseconds a step. None: the work came to its end first.
    pub fn same_within(&self, pointer: &Pointer<'_>, other: &Self, work: &mut u64) -> Option<bool> {
        match (self.node(pointer), other.node(pointer)) {
            (None, None) => Some(true),
            (Some(one), Some(another)) => {
                let mut comparison = Comparison { numbers: Numbers::ByValue, work };
                comparison.same((&self.index, one), (&other.index, another))
            }
            (None, Some(_)) | (Some(_), None) => Some(false),
        }
    }

    pub(crate) fn equals(&self, other: &Self) -> bool {
        // Without a bound: each pair of values is looked at once.
        let mut work = u64::MAX;
        let mut comparison = Comparison { numbers: Numbers::ByValue, work: &mut work };
        comparison.same((&self.index, self.root), (&other.index, other.root)).unwrap_or_default()
    }

    /// The bounds that the document was read under.
    pub fn limits(&self) -> &Limits {
        &self.index.limits
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    pub(crate) fn root(&self) -> NodeId {
        self.root
    }

    /// The document of another value of the same index.
    pub(crate) fn at(&self, root: NodeId) -> Self {
        Self { index: Arc::clone(&self.index), root }
    }

    /// The document of a child.
    pub(crate) fn child(&self, token: &str) -> Option<Self> {
        Some(self.at(self.index.child(self.root, token)?))
    }

    /// The documents of the elements; `None` where it is no array.
    pub(crate) fn elements(&self) -> Option<impl Iterator<Item = Self>> {
        let is_array = self.index.node(self.root).kind == NodeKind::Array;
        is_array.then(|| self.index.children(self.root).map(|id| self.at(id)))
    }

    /// `{}`.
    pub fn empty_object() -> Self {
        Self::empty("{}", NodeKind::Object)
    }

    /// `[]`.
    pub(crate) fn empty_array() -> Self {
        Self::empty("[]", NodeKind::Array)
    }

    fn empty(text: &str, kind: NodeKind) -> Self {
        let node = Node { start: 0, end: 2, key: Key::NONE, children: 0, next: 1, table: NO_TABLE, kind };
        let (tables, cuts, limits) = (Vec::new(), Vec::new(), Limits::DEFAULT);
        Self { index: Arc::new(Index { text: text.into(), nodes: vec![node], tables, cuts, limits }), root: 0 }
    }

    fn node(&self, pointer: &Pointer<'_>) -> Option<NodeId> {
        pointer.tokens().try_fold(self.root, |id, token| self.index.child(id, &token))
    }
}

/// As [`Document::same`] has it, for the whole documents.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.equals(other)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Document({})", self.as_json())
    }
}

#[cfg(test)]
mod tests;
