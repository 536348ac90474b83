//! One review as the rules see it: who asks for what, the objects decoded, the facts parsed.
//! Knows the shapes of the requests, not what any of them is worth.

use std::sync::{Arc, OnceLock};

use kubernetes::annotation;
use kubernetes::manifest::{HorizontalPodAutoscaler, Metadata, Scale, StatefulSet, StatefulSetSpec, StatefulSetStatus};
use kubernetes::related::{Reason, Related};
use kubernetes::request::{Dependency, RequestKind};
use rqlite::cluster::RqliteSet;
use rqlite::facts::Facts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::bindings::quorate::policy::types::{Documents, Envelope, Operation, ParentState};
use crate::json_path::path_at;

/// What every built-in policy asks of every document, in this order.
pub const PROJECTIONS: [&str; 3] = ["/metadata", "/spec", "/status"];

/// What every built-in policy asks of the parent of such a request: of a StatefulSet the same, of a list its items.
pub fn parent_projections(request: RequestKind) -> &'static [&'static str] {
    match request {
        RequestKind::Dependency(_) => &["/items"],
        RequestKind::StatefulSet
        | RequestKind::Scale
        | RequestKind::Eviction
        | RequestKind::Autoscaler
        | RequestKind::Other => &PROJECTIONS,
    }
}

/// A decoded review.
#[derive(Debug)]
pub struct Review {
    pub envelope: Envelope,
    pub subject: Subject,
    pub facts: Facts,
}

/// What the request is about.
#[expect(clippy::large_enum_variant, reason = "one per review, moved once")]
#[derive(Debug)]
pub enum Subject {
    /// A StatefulSet: without `old` it is created, without `new` deleted.
    Set { old: Option<SetDocument>, new: Option<SetDocument> },
    /// `statefulsets/scale`: counts from the Scale's old object and object, the template from the parent.
    Scale { from: i32, to: i32, parent: Related<Box<SetDocument>> },
    /// `pods/eviction`.
    Eviction { pod: String, parent: Related<Box<SetDocument>> },
    /// A HorizontalPodAutoscaler; the parent is its target.
    Autoscaler { old: Option<HorizontalPodAutoscaler>, new: HorizontalPodAutoscaler, parent: Related<Box<SetDocument>> },
    /// The deletion of an object that sets may need; the parent is the list of those that do.
    DependencyDeletion { dependency: Dependency, metadata: Metadata, sets: Related<Vec<StatefulSet>> },
    /// Another kind of object, or a request without one.
    Other,
}

/// A StatefulSet, decoded, beside the text that it was decoded from.
#[derive(Debug)]
pub struct SetDocument {
    pub set: Arc<StatefulSet>,
    /// JSON text of `/spec`; `{}` where there is none.
    pub spec: String,
    /// Whoever asks reads the same launches.
    rqlite: DetectedSet,
    /// The same of the set's other state in the request.
    beside: Option<DetectedSet>,
}

/// A set's reading as rqlite's nodes, once somebody asked for it.
type DetectedSet = Arc<OnceLock<Option<Arc<RqliteSet>>>>;

/// A document of a wrong shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeError {
    /// `object`, `old object` or `parent`.
    pub document: &'static str,
    /// Kubernetes path.
    pub field: String,
    pub problem: String,
}

impl std::fmt::Display for ShapeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = if self.field.is_empty() { String::new() } else { format!("`{}`: ", self.field) };
        write!(f, "the {} cannot be read: {at}{}", self.document, self.problem)
    }
}

impl std::error::Error for ShapeError {}

impl Review {
    /// Decodes what the contract passes; `facts` is the facts format, version 1.
    pub fn decode(envelope: Envelope, documents: Documents, facts: &str) -> Result<Self, ShapeError> {
        let facts = Facts::parse(facts).map_err(|error| ShapeError {
            document: "facts",
            field: String::new(),
            problem: error.0,
        })?;
        let subject = Subject::decode(&envelope, documents)?;
        Ok(Review { envelope, subject, facts })
    }
}

impl Review {
    /// An update that changes neither spec, ownerReferences nor `quorate.dev/` annotations: nothing to evaluate, nothing to patch.
    pub fn unchanged(&self) -> bool {
        match &self.subject {
            Subject::Set { old: Some(old), new: Some(new) } => old.unchanged(new),
            Subject::Set { .. }
            | Subject::Scale { .. }
            | Subject::Eviction { .. }
            | Subject::Autoscaler { .. }
            | Subject::DependencyDeletion { .. }
            | Subject::Other => false,
        }
    }
}

impl Subject {
    fn decode(envelope: &Envelope, documents: Documents) -> Result<Self, ShapeError> {
        match kind_of(envelope) {
            RequestKind::StatefulSet => {
                let mut old =
                    DocumentSlices::of("old object", documents.old_object).map(DocumentSlices::set).transpose()?;
                let mut new = DocumentSlices::of("object", documents.object).map(DocumentSlices::set).transpose()?;
                if let (Some(old), Some(new)) = (&mut old, &mut new) {
                    SetDocument::side_by_side(old, new);
                }
                if old.is_none() && new.is_none() { Err(missing("old object")) } else { Ok(Subject::Set { old, new }) }
            }
            RequestKind::Scale => Ok(Subject::Scale {
                from: scale("old object", documents.old_object)?,
                to: scale("object", documents.object)?,
                parent: parent(documents.parent_state, documents.parent)?,
            }),
            RequestKind::Eviction => Ok(Subject::Eviction {
                pod: evicted(envelope, DocumentSlices::of("object", documents.object))?,
                parent: parent(documents.parent_state, documents.parent)?,
            }),
            RequestKind::Autoscaler => match DocumentSlices::of("object", documents.object) {
                Some(new) => Ok(Subject::Autoscaler {
                    old: DocumentSlices::of("old object", documents.old_object).map(|p| p.autoscaler()).transpose()?,
                    new: new.autoscaler()?,
                    parent: parent(documents.parent_state, documents.parent)?,
                }),
                None => Ok(Subject::Other),
            },
            RequestKind::Dependency(dependency) => Subject::dependency_deletion(dependency, envelope, documents),
            RequestKind::Other => Ok(Subject::Other),
        }
    }

    /// Where a collection is deleted, the envelope has no name.
    fn dependency_deletion(
        dependency: Dependency,
        envelope: &Envelope,
        documents: Documents,
    ) -> Result<Self, ShapeError> {
        if envelope.operation != Operation::Delete {
            return Ok(Subject::Other);
        }
        let old = DocumentSlices::of("old object", documents.old_object);
        let mut metadata = old.map(|old| old.metadata()).transpose()?.unwrap_or_default();
        metadata.name = metadata.name.or_else(|| envelope.name.clone());
        if metadata.name.is_none() {
            return Err(missing("old object"));
        }
        Ok(Subject::DependencyDeletion {
            dependency,
            metadata,
            sets: dependents(documents.parent_state, documents.parent)?,
        })
    }
}

/// Which request it is.
pub fn kind_of(envelope: &Envelope) -> RequestKind {
    let Envelope { group, kind, resource, sub_resource, .. } = envelope;
    RequestKind::of_object_sent(group, kind, resource, sub_resource.as_deref())
}

/// The StatefulSet behind a request that does not carry it.
fn parent(state: ParentState, pieces: Vec<Option<String>>) -> Result<Related<Box<SetDocument>>, ShapeError> {
    related(state, || DocumentSlices::of("parent", pieces).map(|pieces| Ok(Box::new(pieces.set()?))).transpose())
}

/// The list of those that need what is deleted.
fn dependents(state: ParentState, pieces: Vec<Option<String>>) -> Result<Related<Vec<StatefulSet>>, ShapeError> {
    let items = pieces.into_iter().next().flatten();
    related(state, || items.map(|items| decode("parent", Some(&items), "items")).transpose())
}

/// One that was found and is not there after all is unknown. The contract does not say why.
fn related<T>(
    state: ParentState,
    found: impl FnOnce() -> Result<Option<T>, ShapeError>,
) -> Result<Related<T>, ShapeError> {
    match state {
        ParentState::Absent => Ok(Related::Absent),
        ParentState::Unknown => Ok(Related::Unknown(Reason::NotGiven)),
        ParentState::Found => Ok(found()?.map_or(Related::Unknown(Reason::NotGiven), Related::Found)),
    }
}

impl SetDocument {
    /// `spec` is the text that the set's own was decoded from.
    pub fn new(set: StatefulSet, spec: String) -> Self {
        SetDocument { set: Arc::new(set), spec, rqlite: DetectedSet::default(), beside: None }
    }

    /// Two states of one set share the launches that do not change.
    fn side_by_side(old: &mut Self, new: &mut Self) {
        old.beside = Some(Arc::clone(&new.rqlite));
        new.beside = Some(Arc::clone(&old.rqlite));
    }

    /// Its reading as a set of rqlite's nodes; None where it is none.
    pub fn rqlite(&self) -> Option<&Arc<RqliteSet>> {
        let other = self.beside.as_ref().and_then(|other| other.get()?.as_deref());
        self.rqlite.get_or_init(|| RqliteSet::detect_beside(&self.set, other).map(Arc::new)).as_ref()
    }

    fn unchanged(&self, new: &SetDocument) -> bool {
        self.set.metadata.owner_references == new.set.metadata.owner_references
            && annotation::own(&self.set.metadata).eq(annotation::own(&new.set.metadata))
            && self.same_spec(new)
    }

    /// Whether both specs are the same, whatever the order of their keys.
    pub fn same_spec(&self, other: &SetDocument) -> bool {
        // What is read of them tells most differences; a tree of a large spec takes as long as all else.
        self.set.spec == other.set.spec && same_json(&self.spec, &other.spec)
    }

    /// The same of their pod templates.
    pub fn same_template(&self, other: &SetDocument) -> bool {
        self.set.spec.template == other.set.spec.template
            && same_json(self.template().unwrap_or_default(), other.template().unwrap_or_default())
    }

    /// JSON text of `/spec/template`.
    fn template(&self) -> Option<&str> {
        #[derive(Deserialize)]
        struct Spec<'a> {
            #[serde(borrow)]
            template: Option<&'a RawValue>,
        }
        serde_json::from_str::<Spec>(&self.spec).ok()?.template.map(RawValue::get)
    }

    /// `/spec` as a tree, for editing and for comparing what the typed reading leaves out.
    pub fn spec_tree(&self) -> Value {
        serde_json::from_str(&self.spec).unwrap_or(Value::Null)
    }
}

/// Equal texts are equal; else the trees decide.
fn same_json(left: &str, right: &str) -> bool {
    left == right
        || match (serde_json::from_str::<Value>(left), serde_json::from_str::<Value>(right)) {
            (Ok(left), Ok(right)) => left == right,
            _ => false,
        }
}

/// The projections of one document.
struct DocumentSlices {
    document: &'static str,
    metadata: Option<String>,
    spec: Option<String>,
    status: Option<String>,
}

impl DocumentSlices {
    /// None where the request has no such document.
    fn of(document: &'static str, pieces: Vec<Option<String>>) -> Option<Self> {
        let mut pieces = pieces.into_iter();
        let metadata = pieces.next().flatten();
        let spec = pieces.next().flatten();
        let status = pieces.next().flatten();
        if metadata.is_none() && spec.is_none() {
            return None;
        }
        Some(DocumentSlices { document, metadata, spec, status })
    }

    fn decode<T: DeserializeOwned + Default>(&self, text: Option<&str>, root: &str) -> Result<T, ShapeError> {
        decode(self.document, text, root)
    }

    fn metadata(&self) -> Result<Metadata, ShapeError> {
        self.decode(self.metadata.as_deref(), "metadata")
    }

    fn set(self) -> Result<SetDocument, ShapeError> {
        let metadata = self.metadata()?;
        let spec: StatefulSetSpec = self.decode(self.spec.as_deref(), "spec")?;
        let status: StatefulSetStatus = self.decode(self.status.as_deref(), "status")?;
        let text = self.spec.unwrap_or_else(|| "{}".to_owned());
        Ok(SetDocument::new(StatefulSet { metadata, spec, status }, text))
    }

    fn autoscaler(&self) -> Result<HorizontalPodAutoscaler, ShapeError> {
        Ok(HorizontalPodAutoscaler { metadata: self.metadata()?, spec: self.decode(self.spec.as_deref(), "spec")? })
    }
}

/// What is not there is the default; `root` is where the text stands in its document.
fn decode<T: DeserializeOwned + Default>(
    document: &'static str,
    text: Option<&str>,
    root: &str,
) -> Result<T, ShapeError> {
    let Some(text) = text else { return Ok(T::default()) };
    serde_json::from_str::<Option<T>>(text)
        .map(Option::unwrap_or_default)
        .map_err(|error| shape_error(document, text, root, &error))
}

fn shape_error(document: &'static str, text: &str, root: &str, error: &serde_json::Error) -> ShapeError {
    let path = path_at(text, error.line(), error.column());
    let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    let problem = error.to_string().split(" at line ").next().unwrap_or_default().to_owned();
    ShapeError { document, field: format!("{root}{dot}{path}"), problem }
}

fn scale(document: &'static str, pieces: Vec<Option<String>>) -> Result<i32, ShapeError> {
    let pieces = DocumentSlices::of(document, pieces).ok_or_else(|| missing(document))?;
    let scale = Scale { metadata: pieces.metadata()?, spec: pieces.decode(pieces.spec.as_deref(), "spec")? };
    Ok(scale.spec.replicas)
}

fn missing(document: &'static str) -> ShapeError {
    ShapeError { document, field: String::new(), problem: "it is missing".to_owned() }
}

/// An Eviction's object has nothing but the pod's name; the envelope has it too.
fn evicted(envelope: &Envelope, pieces: Option<DocumentSlices>) -> Result<String, ShapeError> {
    let named = match pieces {
        Some(pieces) => pieces.metadata()?.name,
        None => None,
    };
    Ok(named.or_else(|| envelope.name.clone()).unwrap_or_default())
}
