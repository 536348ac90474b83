//! The envelope of an AdmissionReview (admission.k8s.io/v1), and the documents in it: the text is read once, for all who judge.
//! Does not look into `object`, `oldObject` or `options`, except to refuse duplicate keys and extreme depth.

mod envelope;
#[cfg(test)]
mod tests;

use quorate_document::{DecodeError, Document, DocumentError, DocumentFault, Limits, Pattern, Pointer};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::pod_spec::pod_spec_pointer;

/// Longest path that a message shows, in bytes.
const MAX_PATH: usize = 160;

/// Where they stand in a review.
static MANAGED_FIELDS: [Pattern<'static>; 2] = [
    Pattern::literal("/request/object/metadata/managedFields"),
    Pattern::literal("/request/oldObject/metadata/managedFields"),
];

static REQUEST: Pointer<'static> = Pointer::literal("/request");

// Within the request.
static OBJECT: Pointer<'static> = Pointer::literal("/object");
static OLD_OBJECT: Pointer<'static> = Pointer::literal("/oldObject");
static OPTIONS: Pointer<'static> = Pointer::literal("/options");

/// What the request does to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// `CREATE`.
    Create,
    /// `UPDATE`, of a sub-resource too: a scale is one.
    Update,
    /// `DELETE`; the object is in [`Request::old_object`].
    Delete,
    /// `CONNECT`: `pods/exec` and its like.
    Connect,
}

impl Operation {
    /// As the API server writes it: `UPDATE`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// What brought the request about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// `admission`: an API server asks.
    #[default]
    Admission,
    /// `check`: a change in a repository.
    Check,
    /// `scan`: an object that is there.
    Scan,
}

impl Origin {
    /// As policies are told it: `admission`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admission => "admission",
            Self::Check => "check",
            Self::Scan => "scan",
        }
    }
}

/// Which of the two admission phases asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The first one: its answer may hold a patch.
    Mutate,
    /// The second one, of the object that is to be stored. It may only refuse.
    Validate,
}

/// `apps`, `v1`, `StatefulSet`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct GroupVersionKind {
    /// Empty for the core group.
    #[serde(default)]
    pub group: String,
    /// Without its group: `v1`.
    pub version: String,
    /// In the singular: `StatefulSet`.
    pub kind: String,
}

impl GroupVersionKind {
    /// As objects write it: `apps/v1`, `v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// `apps`, `v1`, `statefulsets`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct GroupVersionResource {
    /// Empty for the core group.
    #[serde(default)]
    pub group: String,
    /// Without its group: `v1`.
    pub version: String,
    /// In the plural, without its sub-resource: `statefulsets`.
    pub resource: String,
}

/// One admission request. The server and the command line judge this. A copy shares the documents.
#[derive(Debug, Clone)]
pub struct Request {
    /// Of this request, not of an object. The answer repeats it. Never empty where it was decoded.
    pub uid: String,
    /// What brought it about; a review does not say.
    pub origin: Origin,
    /// Of a sub-resource, what is done to that.
    pub operation: Operation,
    /// Of the object that is sent: of a scale, Scale of `autoscaling`.
    pub kind: GroupVersionKind,
    /// What is asked for: of a scale, `statefulsets` of `apps`.
    pub resource: GroupVersionResource,
    /// `scale`, `eviction`.
    pub sub_resource: Option<String>,
    /// None for a cluster-scoped object. Of a Namespace its own name.
    pub namespace: Option<String>,
    /// Absent where the server generates it, or where a collection is deleted.
    pub name: Option<String>,
    /// Who asks; empty where it was not sent.
    pub username: String,
    /// The groups of that user.
    pub groups: Vec<String>,
    /// Nothing is stored whatever the answer is.
    pub dry_run: bool,
    /// Without managedFields, as the object before it.
    pub object: Option<Document>,
    /// As it is stored before the request; none of a creation.
    pub old_object: Option<Document>,
    /// CreateOptions, UpdateOptions or DeleteOptions.
    pub options: Option<Document>,
    /// The request as it was sent, objects included: `request` of a review. None of one made by hand. For
    /// [`Request::envelope`] alone; the fields count, which may have been changed since.
    pub source: Option<Document>,
}

impl Request {
    /// A request of nobody about nothing, to be filled in.
    pub fn new(uid: impl Into<String>, operation: Operation) -> Self {
        Self {
            uid: uid.into(),
            origin: Origin::default(),
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
            source: None,
        }
    }

    /// Where the pod's spec stands in the object; None for a kind that holds no pod, or is not known.
    pub fn pod_spec(&self) -> Option<&'static str> {
        pod_spec_pointer(&self.kind.group, &self.kind.kind)
    }

    /// Reads the JSON text of an AdmissionReview. The caller bounds its size.
    ///
    /// ```
    /// use kubernetes::admission::{EnvelopeFault, Operation, Request};
    ///
    /// let review = |operation: &str| {
    ///     format!(
    ///         r#"{{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {{"uid": "3f0c",
    ///             "kind": {{"version": "v1", "kind": "Pod"}}, "resource": {{"version": "v1", "resource": "pods"}},
    ///             "operation": "{operation}", "namespace": "db", "name": "rqlite-0"}}}}"#
    ///     )
    /// };
    /// let request = Request::decode(review("DELETE").as_bytes())?;
    /// assert_eq!((request.operation, request.name.as_deref()), (Operation::Delete, Some("rqlite-0")));
    ///
    /// // An error has the uid that the answer needs.
    /// let error = Request::decode(review("UPDATE").as_bytes()).unwrap_err();
    /// assert_eq!(error.uid(), Some("3f0c"));
    /// assert_eq!(error.fault(), &EnvelopeFault::Missing { path: "request.object" });
    /// # Ok::<(), kubernetes::admission::EnvelopeError>(())
    /// ```
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
        if !review.is_object() || request.as_ref().is_some_and(|request| !request.is_object()) {
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
        match (wire.request, request) {
            (Some(wire), Some(request)) => wire.within(request),
            (None, _) | (_, None) => Err(EnvelopeFault::Missing { path: "request" }),
        }
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
    /// A byte of the body is none of UTF-8.
    #[error("byte {offset} is not UTF-8; send JSON text in UTF-8")]
    NotUtf8 {
        /// Bytes before it.
        offset: usize,
    },
    /// No JSON as RFC 8259 has it.
    #[error("{what}; send one whole AdmissionReview")]
    NotJson {
        /// What is wrong, and where.
        what: String,
    },
    /// Longer than a text may be, or of more values than [`Limits::DEFAULT`] has.
    #[error("{what}")]
    TooLarge {
        /// How large, and what is taken.
        what: String,
    },
    /// Arrays and objects inside of each other.
    #[error("`{path}` is nested deeper than {limit} levels; send an object as the API server stores it")]
    TooDeep {
        /// Kubernetes path, at most 160 bytes of it.
        path: String,
        /// Levels that are taken, counted from the review on.
        limit: usize,
    },
    /// An object has the key twice, however each is spelt.
    #[error("the key `{path}` stands twice, so that readers may disagree on its value; keep one")]
    DuplicateKey {
        /// Kubernetes path, at most 160 bytes of it.
        path: String,
    },
    /// JSON that is no AdmissionReview of `admission.k8s.io/v1`.
    #[error("found {found}, not AdmissionReview of admission.k8s.io/v1; wrap the object in a review")]
    WrongKind {
        /// Kind and version, or what they lack.
        found: String,
    },
    /// What no request is without. `request.object` only of a creation or an update.
    #[error("`{path}` is missing; send the review as the API server writes it")]
    Missing {
        /// Kubernetes path.
        path: &'static str,
    },
    /// Valid JSON in which a value has the wrong type, or the operation is unknown.
    #[error("not an AdmissionReview: {what}; send the review as the API server writes it")]
    Shape {
        /// Where, what is there, and what was expected.
        what: String,
    },
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
    fn within(self, source: Document) -> Result<Request, EnvelopeFault> {
        let document = |at| source.part(at).filter(|document| !document.is_null());
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
            origin: Origin::default(),
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
            source: Some(source),
        })
    }
}
