//! The documents that a call has opened, and what is read of them.
//! Where a document comes from is said by the request and by what was prepared.

use std::borrow::Cow;
use std::ops::Range;

use kubernetes::related::{Reason, Related};
use quorate_contract::Related as Declared;
use quorate_document::{Document, Match, Pattern, Pointer, PointerError};

use super::{CallContext, MAX_SPOKEN, Misuse, Value};
use crate::related::RelatedQuery;

/// A document, for the time of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentId(pub u32);

/// Documents by their numbers, each source opened once.
#[derive(Debug, Default)]
pub(super) struct Opened {
    documents: Vec<Document>,
    sources: Vec<(Source, Range<u32>)>,
}

/// Where documents come from.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    Object,
    OldObject,
    Envelope,
    Related(String),
    Facts(String),
}

/// Why something is not there, as the contract tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// Looked for, and it does not exist.
    Absent,
    /// The manifest does not ask for it.
    NotDeclared,
    /// The operator, or the cluster's RBAC, does not give it.
    NotGranted,
    /// Not known yet, or not recently enough.
    NotReady,
    /// In a few words.
    Failed(String),
}

impl From<&Reason> for Missing {
    fn from(reason: &Reason) -> Self {
        match reason {
            Reason::NotReady | Reason::Late => Self::NotReady,
            Reason::NotRead => Self::NotGranted,
            Reason::NothingBehind | Reason::NotGiven | Reason::Replaced | Reason::Failed(_) => {
                Self::Failed(reason.to_string())
            }
        }
    }
}

/// Documents, or why there are none.
pub type Found = Result<Vec<DocumentId>, Missing>;

impl Opened {
    fn open(&mut self, source: Source, documents: impl FnOnce() -> Vec<Document>) -> Vec<DocumentId> {
        let range = match self.sources.iter().find(|(opened, _)| *opened == source) {
            Some((_, range)) => range.clone(),
            None => {
                let start = self.next();
                self.documents.extend(documents());
                let range = start..self.next();
                self.sources.push((source, range.clone()));
                range
            }
        };
        range.map(DocumentId).collect()
    }

    fn next(&self) -> u32 {
        u32::try_from(self.documents.len()).unwrap_or(u32::MAX)
    }
}

impl CallContext {
    /// `request.object`.
    ///
    /// # Errors
    /// In `manifest` and `configure`, as every function about the request.
    pub fn object(&mut self) -> Result<Option<DocumentId>, Misuse> {
        let object = self.request("request.object")?.object.clone();
        self.opened_one("request.object", Source::Object, object)
    }

    /// `request.old-object`.
    ///
    /// # Errors
    /// As [`CallContext::object`].
    pub fn old_object(&mut self) -> Result<Option<DocumentId>, Misuse> {
        let object = self.request("request.old-object")?.old_object.clone();
        self.opened_one("request.old-object", Source::OldObject, object)
    }

    /// `request.envelope`.
    ///
    /// # Errors
    /// As [`CallContext::object`].
    pub fn envelope(&mut self) -> Result<DocumentId, Misuse> {
        let function = "request.envelope";
        let request = self.inputs(function)?.request.clone();
        self.hand_handles(function, 1)?;
        let opened = self.opened.open(Source::Envelope, || vec![request.envelope()]);
        opened.first().copied().ok_or_else(|| Misuse::new(function, "no such document"))
    }

    /// `request.related`.
    ///
    /// # Errors
    /// As [`CallContext::object`].
    pub fn related(&mut self, name: &str) -> Result<Found, Misuse> {
        let inputs = self.inputs("request.related")?;
        let related = inputs.manifest.related.get(name).map(|source| lookup(source, inputs));
        self.opened_all("request.related", Source::Related(name.to_owned()), related)
    }

    /// `facts.get`.
    ///
    /// # Errors
    /// As [`CallContext::object`].
    pub fn facts(&mut self, name: &str) -> Result<Found, Misuse> {
        let inputs = self.inputs("facts.get")?;
        let declared = inputs.manifest.facts.iter().any(|declared| declared == name);
        let known = || inputs.prepared.facts.get(name).cloned().unwrap_or(Related::Unknown(Reason::NotGiven));
        let facts = declared.then(known);
        self.opened_all("facts.get", Source::Facts(name.to_owned()), facts)
    }

    fn opened_one(
        &mut self,
        function: &'static str,
        source: Source,
        document: Option<Document>,
    ) -> Result<Option<DocumentId>, Misuse> {
        let Some(document) = document else { return Ok(None) };
        self.hand_handles(function, 1)?;
        Ok(self.opened.open(source, || vec![document]).first().copied())
    }

    fn opened_all(
        &mut self,
        function: &'static str,
        source: Source,
        documents: Option<Related<Vec<Document>>>,
    ) -> Result<Found, Misuse> {
        Ok(match documents {
            None => Err(Missing::NotDeclared),
            Some(Related::Absent) => Err(Missing::Absent),
            Some(Related::Unknown(reason)) => Err(Missing::from(&reason)),
            Some(Related::Found(documents)) => {
                self.hand_handles(function, documents.len())?;
                Ok(self.opened.open(source, || documents))
            }
        })
    }

    /// `document.get`.
    ///
    /// # Errors
    /// When `pointer` is none, or the guest was given too much. So for every function of a document.
    pub fn get(&mut self, document: DocumentId, pointer: &str) -> Result<Option<Value>, Misuse> {
        let function = "document.get";
        let at = parsed(function, pointer)?;
        let found = self.document(function, document)?.get(&at).map(Value::from);
        self.hand(function, found.as_ref().map_or(0, Value::bytes))?;
        Ok(found)
    }

    /// `document.text`.
    ///
    /// # Errors
    /// As [`CallContext::get`].
    pub fn text(&mut self, document: DocumentId, pointer: &str) -> Result<Option<String>, Misuse> {
        let function = "document.text";
        let at = parsed(function, pointer)?;
        let text = self.document(function, document)?.text(&at).map(Cow::into_owned);
        self.hand(function, text.as_ref().map_or(0, String::len))?;
        Ok(text)
    }

    /// `document.integer`.
    ///
    /// # Errors
    /// As [`CallContext::get`].
    pub fn integer(&self, document: DocumentId, pointer: &str) -> Result<Option<i64>, Misuse> {
        let function = "document.integer";
        Ok(self.document(function, document)?.integer(&parsed(function, pointer)?))
    }

    /// `document.boolean`.
    ///
    /// # Errors
    /// As [`CallContext::get`].
    pub fn boolean(&self, document: DocumentId, pointer: &str) -> Result<Option<bool>, Misuse> {
        let function = "document.boolean";
        Ok(self.document(function, document)?.boolean(&parsed(function, pointer)?))
    }

    /// `document.len`.
    ///
    /// # Errors
    /// As [`CallContext::get`].
    pub fn len(&self, document: DocumentId, pointer: &str) -> Result<Option<u32>, Misuse> {
        let function = "document.len";
        Ok(self.document(function, document)?.len(&parsed(function, pointer)?))
    }

    /// `document.keys`.
    ///
    /// # Errors
    /// As [`CallContext::get`].
    pub fn keys(&mut self, document: DocumentId, pointer: &str) -> Result<Vec<String>, Misuse> {
        let function = "document.keys";
        let at = parsed(function, pointer)?;
        let found = self.document(function, document)?;
        let limit = found.limits().matches;
        if found.len(&at).is_some_and(|len| len > limit) {
            return Err(Misuse::new(
                function,
                format!("`{pointer}` has more than {limit} members; take its JSON text"),
            ));
        }
        let keys: Vec<String> = found.keys(&at).into_iter().map(Cow::into_owned).collect();
        self.hand(function, keys.iter().map(String::len).sum())?;
        Ok(keys)
    }

    /// `document.find`.
    ///
    /// # Errors
    /// As [`CallContext::get`], and when there are too many matches.
    pub fn find(&mut self, document: DocumentId, pattern: &str) -> Result<Vec<(String, Value)>, Misuse> {
        let function = "document.find";
        bounded(function, pattern)?;
        let pattern = Pattern::parse(pattern).map_err(|error| no_pointer(function, error))?;
        let found = self.document(function, document)?.find(&pattern).map_err(|error| Misuse::new(function, error))?;
        let pair = |Match { pointer, value }: Match<'_>| (pointer.as_str().to_owned(), Value::from(value));
        let found: Vec<(String, Value)> = found.into_iter().map(pair).collect();
        self.hand(function, found.iter().map(|(pointer, value)| pointer.len() + value.bytes()).sum())?;
        Ok(found)
    }

    /// `document.json`.
    ///
    /// # Errors
    /// As [`CallContext::get`].
    pub fn json(&mut self, document: DocumentId, pointer: &str) -> Result<Option<String>, Misuse> {
        let function = "document.json";
        let at = parsed(function, pointer)?;
        let json = self.document(function, document)?.json(&at).map(Cow::into_owned);
        self.hand(function, json.as_ref().map_or(0, String::len))?;
        Ok(json)
    }

    /// `document.same`.
    ///
    /// # Errors
    /// As [`CallContext::get`].
    pub fn same(&mut self, document: DocumentId, pointer: &str, other: DocumentId) -> Result<bool, Misuse> {
        let function = "document.same";
        let at = parsed(function, pointer)?;
        let (one, other) = (self.document(function, document)?.clone(), self.document(function, other)?.clone());
        let same = one.same_within(&at, &other, &mut self.work);
        same.ok_or_else(|| Misuse::new(function, "one call compares no more than that; compare smaller parts"))
    }

    /// `kubernetes.selects`.
    ///
    /// # Errors
    /// As [`CallContext::get`].
    pub fn selects(&self, selector: DocumentId, at: &str, labels: DocumentId, labels_at: &str) -> Result<bool, Misuse> {
        let function = "kubernetes.selects";
        let (at, labels_at) = (parsed(function, at)?, parsed(function, labels_at)?);
        let (selector, labels) = (self.document(function, selector)?, self.document(function, labels)?);
        Ok(kubernetes::selector::selects(selector, &at, labels, &labels_at))
    }

    fn document(&self, function: &'static str, DocumentId(number): DocumentId) -> Result<&Document, Misuse> {
        let known = usize::try_from(number).ok().and_then(|number| self.opened.documents.get(number));
        known.ok_or_else(|| Misuse::new(function, "no such document"))
    }
}

/// What was gathered under that name.
fn lookup(source: &Declared, inputs: &super::CallInputs) -> Related<Vec<Document>> {
    match RelatedQuery::of(source, &inputs.request) {
        None => Related::Absent,
        Some(query) => inputs.prepared.related.get(&query).cloned().unwrap_or(Related::Unknown(Reason::NotGiven)),
    }
}

pub(super) fn parsed<'p>(function: &'static str, pointer: &'p str) -> Result<Pointer<'p>, Misuse> {
    bounded(function, pointer)?;
    Pointer::parse(pointer).map_err(|error| no_pointer(function, error))
}

/// A text of the guest that is looked at, and not handed over.
pub(super) fn bounded(function: &'static str, text: &str) -> Result<(), Misuse> {
    if text.len() <= MAX_SPOKEN {
        Ok(())
    } else {
        Err(Misuse::new(function, format!("a pointer has at most {MAX_SPOKEN} bytes")))
    }
}

fn no_pointer(function: &'static str, error: PointerError) -> Misuse {
    Misuse::new(function, format!("{error}; pointers are RFC 6901"))
}
