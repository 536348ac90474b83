//! The envelope of an AdmissionReview (admission.k8s.io/v1), read without building a tree of the objects inside.
//! Does not look into `object`, `oldObject` or `options`, except to refuse duplicate keys and extreme depth.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use quorate_document::{Document, DocumentError, DocumentFault, Limits};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::json::Text;

/// Longest path that a message shows, in bytes.
const MAX_PATH: usize = 160;

/// What the request does to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

/// Which of the two admission phases asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Mutate,
    Validate,
}

/// `apps`, `v1`, `StatefulSet`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct GroupVersionKind<'a> {
    #[serde(borrow, default)]
    pub group: Cow<'a, str>,
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
}

/// `apps`, `v1`, `statefulsets`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct GroupVersionResource<'a> {
    #[serde(borrow, default)]
    pub group: Cow<'a, str>,
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    #[serde(borrow)]
    pub resource: Cow<'a, str>,
}

/// One admission request, borrowed from the text it came in. Both doors judge this.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    pub uid: Cow<'a, str>,
    pub operation: Operation,
    pub kind: GroupVersionKind<'a>,
    pub resource: GroupVersionResource<'a>,
    /// `scale`, `eviction`.
    pub sub_resource: Option<Cow<'a, str>>,
    pub namespace: Option<Cow<'a, str>>,
    /// Absent where the server generates it, or where a collection is deleted.
    pub name: Option<Cow<'a, str>>,
    pub username: Cow<'a, str>,
    pub groups: Vec<Cow<'a, str>>,
    pub dry_run: bool,
    pub object: Option<&'a RawValue>,
    pub old_object: Option<&'a RawValue>,
    /// CreateOptions, UpdateOptions or DeleteOptions.
    pub options: Option<&'a RawValue>,
}

impl<'a> Request<'a> {
    /// A request of nobody about nothing, to be filled in.
    pub fn new(uid: impl Into<Cow<'a, str>>, operation: Operation) -> Self {
        Self {
            uid: uid.into(),
            operation,
            kind: GroupVersionKind::default(),
            resource: GroupVersionResource::default(),
            sub_resource: None,
            namespace: None,
            name: None,
            username: Cow::Borrowed(""),
            groups: Vec::new(),
            dry_run: false,
            object: None,
            old_object: None,
            options: None,
        }
    }

    /// Reads the JSON text of an AdmissionReview. The caller bounds its size.
    ///
    /// # Errors
    /// When the envelope cannot be read for certain: [`EnvelopeFault`] lists the ways.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, EnvelopeError> {
        let text = std::str::from_utf8(bytes).map_err(|error| EnvelopeError {
            uid: None,
            fault: EnvelopeFault::NotUtf8 { offset: error.valid_up_to() },
        })?;
        let read = unambiguous(text).and_then(|()| Self::from_json(text));
        read.map_err(|fault| EnvelopeError { uid: uid_alone(text), fault })
    }

    fn from_json(text: &'a str) -> Result<Self, EnvelopeFault> {
        let review: ReviewWire<'a> = serde_json::from_str(text).map_err(EnvelopeFault::shape)?;
        let (kind, version) = (review.kind.map(|text| text.0), review.api_version.map(|text| text.0));
        let found = match (kind.as_deref(), version.as_deref()) {
            (Some("AdmissionReview"), Some("admission.k8s.io/v1")) => None,
            (Some(kind), Some(version)) => Some(format!("kind `{kind}` of `{version}`")),
            (Some(kind), None) => Some(format!("kind `{kind}` without an apiVersion")),
            (None, _) => Some("an object without a kind".to_owned()),
        };
        if let Some(found) = found {
            return Err(EnvelopeFault::WrongKind { found });
        }
        review.request.ok_or(EnvelopeFault::Missing { path: "request" })?.try_into()
    }
}

/// Refuses what two readers could understand differently. The caller has bounded the text.
fn unambiguous(text: &str) -> Result<(), EnvelopeFault> {
    let limits = Limits { bytes: usize::MAX, ..Limits::DEFAULT };
    Document::parse(text, &limits).map(drop).map_err(EnvelopeFault::from)
}

/// An AdmissionReview that cannot be read for certain, with the uid that an answer needs where that was readable.
#[derive(Debug, Error)]
#[error("{fault}")]
pub struct EnvelopeError {
    uid: Option<String>,
    fault: EnvelopeFault,
}

impl EnvelopeError {
    /// `request.uid`, when the text is whole and has one.
    pub fn uid(&self) -> Option<&str> {
        self.uid.as_deref()
    }

    /// What is wrong.
    pub fn fault(&self) -> &EnvelopeFault {
        &self.fault
    }
}

/// The uid of a review that is otherwise not fit to be read, so that it can be answered.
fn uid_alone(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Review {
        request: Request,
    }
    #[derive(Deserialize)]
    struct Request {
        uid: String,
    }
    serde_json::from_str::<Review>(text).ok().map(|review| review.request.uid).filter(|uid| !uid.is_empty())
}

/// What is wrong with an envelope, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnvelopeFault {
    #[error("byte {offset} is not UTF-8; send JSON text in UTF-8")]
    NotUtf8 { offset: usize },
    #[error("{what}; send one whole AdmissionReview")]
    NotJson { what: String },
    #[error("{what}")]
    TooLarge { what: String },
    #[error("`{path}` is nested deeper than {limit} levels; send an object as the API server stores it")]
    TooDeep { path: String, limit: usize },
    #[error("the key `{path}` stands twice, so that readers may disagree on its value; keep one")]
    DuplicateKey { path: String },
    #[error("found {found}, not AdmissionReview of admission.k8s.io/v1; wrap the object in a review")]
    WrongKind { found: String },
    #[error("`{path}` is missing; send the review as the API server writes it")]
    Missing { path: &'static str },
    /// Valid JSON in which a value has the wrong type, or the operation is unknown.
    #[error("not an AdmissionReview: {what}; send the review as the API server writes it")]
    Shape { what: String },
}

impl From<DocumentError> for EnvelopeFault {
    fn from(error: DocumentError) -> Self {
        let path = || crate::text::one_line(error.path(), MAX_PATH);
        match error.fault() {
            DocumentFault::Syntax(_) => Self::NotJson { what: error.to_string() },
            DocumentFault::DuplicateKey => Self::DuplicateKey { path: path() },
            DocumentFault::TooDeep { limit } => Self::TooDeep { path: path(), limit: (*limit).into() },
            DocumentFault::TooLong { .. } | DocumentFault::TooManyNodes { .. } => {
                Self::TooLarge { what: error.to_string() }
            }
        }
    }
}

impl EnvelopeFault {
    fn shape(error: serde_json::Error) -> Self {
        Self::Shape { what: crate::text::one_line(&error.to_string(), 200) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReviewWire<'a> {
    #[serde(borrow)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    api_version: Option<Text<'a>>,
    #[serde(borrow)]
    request: Option<RequestWire<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestWire<'a> {
    #[serde(borrow)]
    uid: Option<Text<'a>>,
    operation: Option<Operation>,
    #[serde(borrow)]
    kind: Option<GroupVersionKind<'a>>,
    #[serde(borrow)]
    resource: Option<GroupVersionResource<'a>>,
    #[serde(borrow)]
    sub_resource: Option<Text<'a>>,
    #[serde(borrow)]
    namespace: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    user_info: Option<UserWire<'a>>,
    dry_run: Option<bool>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    old_object: Option<&'a RawValue>,
    #[serde(borrow)]
    options: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct UserWire<'a> {
    #[serde(borrow)]
    username: Option<Text<'a>>,
    #[serde(borrow)]
    groups: Option<Vec<Text<'a>>>,
}

impl<'a> TryFrom<RequestWire<'a>> for Request<'a> {
    type Error = EnvelopeFault;

    fn try_from(wire: RequestWire<'a>) -> Result<Self, EnvelopeFault> {
        let missing = |path| EnvelopeFault::Missing { path };
        // The API server writes an absent name or sub-resource as no key, older ones as "".
        let some = |text: Option<Text<'a>>| text.map(|text| text.0).filter(|text| !text.is_empty());
        let operation = wire.operation.ok_or(missing("request.operation"))?;
        if matches!(operation, Operation::Create | Operation::Update) && wire.object.is_none() {
            return Err(missing("request.object"));
        }
        let (username, groups) = wire.user_info.map_or((None, None), |user| (user.username, user.groups));
        Ok(Self {
            uid: some(wire.uid).ok_or(missing("request.uid"))?,
            operation,
            kind: wire.kind.ok_or(missing("request.kind"))?,
            resource: wire.resource.ok_or(missing("request.resource"))?,
            sub_resource: some(wire.sub_resource),
            namespace: some(wire.namespace),
            name: some(wire.name),
            username: some(username).unwrap_or_default(),
            groups: groups.unwrap_or_default().into_iter().map(|group| group.0).collect(),
            dry_run: wire.dry_run.unwrap_or_default(),
            object: wire.object,
            old_object: wire.old_object,
            options: wire.options,
        })
    }
}
