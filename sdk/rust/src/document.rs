//! A JSON document that the host has read: typed reads by pointer. Parses nothing but for [`Document::decode`].

use serde::de::DeserializeOwned;

use crate::host::{DocumentId, Host, HostRef};
use crate::json_pointer::pointer_at;
use crate::not_judged::NotJudged;

/// A value of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number of at most 2^53 - 1 either way, however it is written.
    Integer(i64),
    /// Another number that a double holds and prints again.
    Number(f64),
    /// Every other number, as sent.
    Big(String),
    /// A string.
    Text(String),
    /// An array or an object, as JSON text.
    Json(String),
}

/// A document: the object, the old one, or another one that the host has given.
///
/// Pointers are RFC 6901; [`pointer`](crate::pointer()) makes them of keys. A text that is no pointer traps.
/// Typed reads give `None` where nothing is, `null`, or another type; where the difference decides, use [`get`](Self::get).
#[derive(Clone, Copy)]
pub struct Document<'h> {
    host: HostRef<'h>,
    id: DocumentId,
}

impl<'h> Document<'h> {
    pub(crate) fn new(host: HostRef<'h>, id: DocumentId) -> Self {
        Document { host, id }
    }

    pub(crate) fn list(host: HostRef<'h>, ids: Vec<DocumentId>) -> Vec<Self> {
        ids.into_iter().map(|id| Document { host, id }).collect()
    }

    /// By which the host knows it.
    pub fn id(&self) -> DocumentId {
        self.id
    }

    /// The value there, `null` too; `None` where nothing is.
    pub fn get(&self, pointer: &str) -> Option<Value> {
        self.host.get(self.id, pointer)
    }

    /// The string there.
    pub fn text(&self, pointer: &str) -> Option<String> {
        self.host.text(self.id, pointer)
    }

    /// The whole number there, at most 2^53 - 1 either way.
    pub fn integer(&self, pointer: &str) -> Option<i64> {
        self.host.integer(self.id, pointer)
    }

    /// The truth value there.
    pub fn boolean(&self, pointer: &str) -> Option<bool> {
        self.host.boolean(self.id, pointer)
    }

    /// How many elements or members are there; `None` where there is neither array nor object.
    pub fn len(&self, pointer: &str) -> Option<u32> {
        self.host.len(self.id, pointer)
    }

    /// The keys of the object there, in the document's order.
    pub fn keys(&self, pointer: &str) -> Vec<String> {
        self.host.keys(self.id, pointer)
    }

    /// All values that a pattern matches, each with its pointer. A token `*` is any element or member:
    /// `/spec/template/spec/containers/*/image`.
    pub fn find(&self, pattern: &str) -> Vec<(String, Value)> {
        self.host.find(self.id, pattern)
    }

    /// The JSON text there, as it was sent.
    pub fn json(&self, pointer: &str) -> Option<String> {
        self.host.json(self.id, pointer)
    }

    /// What is there, decoded; `None` where nothing is. Costs less than fifty single reads, and more than ten.
    ///
    /// # Errors
    /// When the value is not of that type. The reason names the pointer of what does not fit.
    pub fn decode<T: DeserializeOwned>(&self, pointer: &str) -> Result<Option<T>, NotJudged> {
        let Some(json) = self.json(pointer) else { return Ok(None) };
        serde_json::from_str(&json).map(Some).map_err(|error| {
            let below = pointer_at(&json, error.line(), error.column());
            NotJudged::new(format!("{pointer}{below}: {error}"))
        })
    }

    /// Whether both documents hold the same there; the order of members does not count. True where both have nothing.
    pub fn same(&self, pointer: &str, other: &Document<'_>) -> bool {
        self.host.same(self.id, pointer, other.id)
    }
}

impl std::fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Document").field(&self.id.0).finish()
    }
}
