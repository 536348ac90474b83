//! The envelope of an AdmissionReview (admission.k8s.io/v1), and the documents in it: the text is read once, for all who judge.
//! Does not look into `object`, `oldObject` or `options`, except to refuse duplicate keys and extreme depth.

#[cfg(test)]
mod tests;

use quorate_document::{DecodeError, Document, DocumentError, DocumentFault, Limits, Pattern, Pointer};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest path that a message shows, in bytes.
const MAX_PATH: usize = 160;

/// Where they stand in a review.
static MANAGED_FIELDS: [Pattern<'static>; 2] = [
    Pattern::literal("/request/object/metadata/managedFields"),
    Pattern::literal("/request/oldObject/metadata/managedFields"),
];

static REQUEST: Pointer<'static> = Pointer::literal("/request");
static OBJECT: Pointer<'static> = Pointer::literal("/request/object");
static OLD_OBJECT: Pointer<'static> = Pointer::literal("/request/oldObject");
static OPTIONS: Pointer<'static> = Pointer::literal("/request/options");

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
pub struct GroupVersionKind {
    #[serde(default)]
    pub group: String,
    pub version: String,
    pub kind: String,
}

/// `apps`, `v1`, `statefulsets`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct GroupVersionResource {
    #[serde(default)]
    pub group: String,
    pub version: String,
    pub resource: String,
}

/// One admission request. Both doors judge this. A copy shares the documents.
#[derive(Debug, Clone)]
pub struct Request {
    pub uid: String,
    pub operation: Operation,
    pub kind: GroupVersionKind,
    pub resource: GroupVersionResource,
    /// `scale`, `eviction`.
    pub sub_resource: Option<String>,
    pub namespace: Option<String>,
    /// Absent where the server generates it, or where a collection is deleted.
    pub name: Option<String>,
    pub username: String,
    pub groups: Vec<String>,
    pub dry_run: bool,
    /// Without managedFields, as the object before it.
    pub object: Option<Document>,
    pub old_object: Option<Document>,
    /// CreateOptions, UpdateOptions or DeleteOptions.
    pub options: Option<Document>,
}

impl Request {
    /// A request of nobody about nothing, to be filled in.
    pub fn new(uid: impl Into<String>, operation: Operation) -> Self {
        Self {
            uid: uid.into(),
            operation,
            kind: GroupVersionKind::default(),
            resource: GroupVersionResource::default(),
            sub_resource: None,
            namespace: None,
            name: None,
            username: String::new(),
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
    pub fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let text = std::str::from_utf8(bytes).map_err(|error| EnvelopeError {
            uid: None,
            fault: EnvelopeFault::NotUtf8 { offset: error.valid_up_to() },
        })?;
        let limits = Limits { bytes: usize::MAX, ..Limits::DEFAULT };
        let review = Document::parse_without(text, &limits, &MANAGED_FIELDS).map_err(EnvelopeFault::from);
        review.and_then(|review| Self::of(&review)).map_err(|fault| EnvelopeError { uid: uid_alone(text), fault })
    }

    fn of(review: &Document) -> Result<Self, EnvelopeFault> {
        let request = review.part(&REQUEST).filter(|request| !request.is_null());
        if !review.is_object() || request.is_some_and(|request| !request.is_object()) {
            let what = "the review and its request are JSON objects".to_owned();
            return Err(EnvelopeFault::Shape { what });
        }
        let wire: ReviewWire = review.decode().map_err(|error| EnvelopeFault::shape(&error))?;
        let found = match (wire.kind.as_deref(), wire.api_version.as_deref()) {
            (Some("AdmissionReview"), Some("admission.k8s.io/v1")) => None,
            (Some(kind), Some(version)) => Some(format!("kind `{kind}` of `{version}`")),
            (Some(kind), None) => Some(format!("kind `{kind}` without an apiVersion")),
            (None, _) => Some("an object without a kind".to_owned()),
        };
        if let Some(found) = found {
            return Err(EnvelopeFault::WrongKind { found });
        }
        wire.request.ok_or(EnvelopeFault::Missing { path: "request" })?.within(review)
    }
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
    fn shape(error: &DecodeError) -> Self {
        Self::Shape { what: crate::text::one_line(&error.to_string(), 200) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReviewWire {
    kind: Option<String>,
    api_version: Option<String>,
    request: Option<RequestWire>,
}

/// Without its documents.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestWire {
    uid: Option<String>,
    operation: Option<Operation>,
    kind: Option<GroupVersionKind>,
    resource: Option<GroupVersionResource>,
    sub_resource: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    user_info: Option<UserWire>,
    dry_run: Option<bool>,
}

#[derive(Deserialize, Default)]
struct UserWire {
    username: Option<String>,
    groups: Option<Vec<String>>,
}

impl RequestWire {
    /// The request with its documents; `null` is none.
    fn within(self, review: &Document) -> Result<Request, EnvelopeFault> {
        let document = |at| review.part(at).filter(|document| !document.is_null());
        let missing = |path| EnvelopeFault::Missing { path };
        // The API server writes an absent name or sub-resource as no key, older ones as "".
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let operation = self.operation.ok_or(missing("request.operation"))?;
        let object = document(&OBJECT);
        if matches!(operation, Operation::Create | Operation::Update) && object.is_none() {
            return Err(missing("request.object"));
        }
        let user = self.user_info.unwrap_or_default();
        Ok(Request {
            uid: some(self.uid).ok_or(missing("request.uid"))?,
            operation,
            kind: self.kind.ok_or(missing("request.kind"))?,
            resource: self.resource.ok_or(missing("request.resource"))?,
            sub_resource: some(self.sub_resource),
            namespace: some(self.namespace),
            name: some(self.name),
            username: user.username.unwrap_or_default(),
            groups: user.groups.unwrap_or_default(),
            dry_run: self.dry_run.unwrap_or_default(),
            object,
            old_object: document(&OLD_OBJECT),
            options: document(&OPTIONS),
        })
    }
}
