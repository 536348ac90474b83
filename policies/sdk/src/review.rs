//! One review as the rules see it: who asks for what, the objects decoded, the facts parsed.
//! Knows the shapes of the requests, not what any of them is worth.

use std::sync::Arc;

use kubernetes::annotation;
use kubernetes::manifest::{
    FromTree, HorizontalPodAutoscaler, Metadata, Mismatch, Scale, StatefulSet, StatefulSetSpec, StatefulSetStatus,
};
use kubernetes::related::{Reason, Related};
use kubernetes::request::{Dependency, RequestKind};
use rqlite::candidate::RqliteHint;
use rqlite::cluster::{Node, RqliteSet};
use rqlite::facts::Facts;
use rqlite::reading::Reading;
use serde_json::Value;

use quorate_policy::{Document, Operation, Request};

/// Membership, pods, claims and the rest of `docs/facts.md`.
pub const CURRENT: &str = "rqlite/current";

/// The StatefulSet under review as it is to be: what it was recognised as.
pub const OBJECT: &str = "rqlite/launch/object";

/// The same as it was.
pub const OLD_OBJECT: &str = "rqlite/launch/old-object";

/// The StatefulSet behind a request that does not carry it.
pub const PARENT: &str = "rqlite/launch/parent";

/// The rqlite sets that need what is deleted.
pub const DEPENDENTS: &str = "rqlite/dependents";

/// What is asked, without the objects.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    pub operation: Operation,
    pub kind: RequestKind,
    /// None for a cluster-scoped object. Of a Namespace its own name.
    pub namespace: Option<String>,
    /// None where the server generates it, or where a collection is deleted.
    pub name: Option<String>,
    pub username: String,
    /// JSON text of DeleteOptions.
    pub options: Option<String>,
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
    DependencyDeletion { dependency: Dependency, metadata: Metadata, sets: Related<Vec<SetDocument>> },
    /// Another kind of object, or a request without one.
    Other,
}

/// A StatefulSet, decoded, beside the text that it was decoded from.
#[derive(Debug)]
pub struct SetDocument {
    pub set: Arc<StatefulSet>,
    /// `/spec` as a tree, for editing and for comparing what the typed reading leaves out.
    pub spec: Value,
    /// What the host recognised.
    reading: Reading,
}

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
    /// Reads what the contract gives.
    ///
    /// # Errors
    /// When an object, or the facts, are of another shape.
    pub fn read(request: &Request<'_>) -> Result<Self, ShapeError> {
        let envelope = Envelope::read(request);
        let subject = Subject::read(&envelope, request)?;
        Ok(Review { envelope, subject, facts: facts(request)? })
    }
}

impl Envelope {
    fn read(request: &Request<'_>) -> Self {
        let (group, resource, sub_resource) = (request.group(), request.resource(), request.sub_resource());
        let operation = request.operation();
        // Making the envelope costs more than all else here.
        let deletes = operation == Operation::Delete;
        Envelope {
            operation,
            kind: RequestKind::of_resource(&group, &resource, sub_resource.as_deref()),
            namespace: request.namespace(),
            name: request.name(),
            username: request.user(),
            options: if deletes { request.envelope().json("/options") } else { None },
        }
    }
}

/// What is not known is no reason not to judge: each rule says what it makes of that.
fn facts(request: &Request<'_>) -> Result<Facts, ShapeError> {
    let Ok(Some(documents)) = request.facts(CURRENT) else { return Ok(Facts::default()) };
    let Some(text) = documents.first().and_then(|facts| facts.json("")) else { return Ok(Facts::default()) };
    let facts = tree(&text).map(|facts| Facts::from_tree(&facts)).unwrap_or_else(|| Ok(Facts::default()));
    facts.map_err(|error| ShapeError { document: "facts", field: String::new(), problem: error.0 })
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
    fn read(envelope: &Envelope, request: &Request<'_>) -> Result<Self, ShapeError> {
        let (old, new) = (DocumentParts::old(request), DocumentParts::new(request));
        match envelope.kind {
            RequestKind::StatefulSet => {
                let mut old = old.map(DocumentParts::set).transpose()?;
                let mut new = new.map(DocumentParts::set).transpose()?;
                match (&mut old, &mut new) {
                    (None, None) => return Err(missing("old object")),
                    // Nobody asks what it is.
                    (Some(old), Some(new)) if old.unchanged(new) => {}
                    (old, new) => {
                        old.as_mut().map(|old| old.recognise(request, OLD_OBJECT, "old object")).transpose()?;
                        new.as_mut().map(|new| new.recognise(request, OBJECT, "object")).transpose()?;
                    }
                }
                Ok(Subject::Set { old, new })
            }
            RequestKind::Scale => Ok(Subject::Scale {
                from: scale("old object", old)?,
                to: scale("object", new)?,
                parent: parent(request)?,
            }),
            RequestKind::Eviction => Ok(Subject::Eviction { pod: evicted(envelope, new)?, parent: parent(request)? }),
            RequestKind::Autoscaler => match new {
                Some(new) => Ok(Subject::Autoscaler {
                    old: old.map(|old| old.autoscaler()).transpose()?,
                    new: new.autoscaler()?,
                    parent: parent(request)?,
                }),
                None => Ok(Subject::Other),
            },
            RequestKind::Dependency(dependency) if envelope.operation == Operation::Delete => {
                Subject::dependency_deletion(dependency, envelope, old, request)
            }
            RequestKind::Dependency(_) | RequestKind::Other => Ok(Subject::Other),
        }
    }

    /// Where a collection is deleted, the envelope has no name.
    fn dependency_deletion(
        dependency: Dependency,
        envelope: &Envelope,
        old: Option<DocumentParts>,
        request: &Request<'_>,
    ) -> Result<Self, ShapeError> {
        let mut metadata = old.map(|old| old.metadata()).transpose()?.unwrap_or_default();
        metadata.name = metadata.name.or_else(|| envelope.name.clone());
        if metadata.name.is_none() {
            return Err(missing("old object"));
        }
        Ok(Subject::DependencyDeletion { dependency, metadata, sets: dependents(request)? })
    }
}

/// The StatefulSet behind a request that does not carry it.
fn parent(request: &Request<'_>) -> Result<Related<Box<SetDocument>>, ShapeError> {
    let set = |facts: Vec<Document<'_>>| facts.first().and_then(|fact| behind(fact).transpose()).transpose();
    related(request, PARENT, |facts| Ok(set(facts)?.map(Box::new)))
}

/// The sets that need a deleted object.
fn dependents(request: &Request<'_>) -> Result<Related<Vec<SetDocument>>, ShapeError> {
    let sets = |facts: Vec<Document<'_>>| {
        let set = |(index, fact): (usize, &Document<'_>)| {
            let at = |error: ShapeError| ShapeError { field: format!("items[{index}].{}", error.field), ..error };
            behind(fact).map_err(at).transpose()
        };
        facts.iter().enumerate().filter_map(set).collect::<Result<_, _>>().map(Some)
    };
    related(request, DEPENDENTS, sets)
}

/// The set that a fact has, with what it was recognised as.
fn behind(fact: &Document<'_>) -> Result<Option<SetDocument>, ShapeError> {
    let Some(parts) = DocumentParts::of("parent", fact, OBJECT_MEMBER) else { return Ok(None) };
    let mut set = parts.set()?;
    set.reading = reading(fact, &set.set).ok_or_else(|| unrecognised("parent"))?;
    Ok(Some(set))
}

/// None: it is not there, or not of this set.
fn reading(fact: &Document<'_>, set: &StatefulSet) -> Option<Reading> {
    Reading::parse(&fact.json("")?, set).ok()
}

/// What is not known to run rqlite is never taken to run none.
fn unrecognised(document: &'static str) -> ShapeError {
    let problem = "the host does not tell what it recognised in it (a fact `rqlite/launch` of version 1)".to_owned();
    ShapeError { document, field: String::new(), problem }
}

/// What a fact tells, read; nothing there that can be read is not known.
fn related<T>(
    request: &Request<'_>,
    fact: &str,
    read: impl FnOnce(Vec<Document<'_>>) -> Result<Option<T>, ShapeError>,
) -> Result<Related<T>, ShapeError> {
    Ok(match request.facts(fact) {
        Ok(Some(facts)) => read(facts)?.map_or(Related::Unknown(Reason::NotGiven), Related::Found),
        Ok(None) => Related::Absent,
        Err(_) => Related::Unknown(Reason::NotGiven),
    })
}

impl SetDocument {
    /// `spec` is the tree that the set's own was read from.
    pub fn new(set: StatefulSet, spec: Value, reading: Reading) -> Self {
        SetDocument { set: Arc::new(set), spec, reading }
    }

    fn recognise(&mut self, request: &Request<'_>, fact: &str, document: &'static str) -> Result<(), ShapeError> {
        let facts = request.facts(fact).ok().flatten().unwrap_or_default();
        let known = facts.first().and_then(|fact| reading(fact, &self.set));
        self.reading = known.ok_or_else(|| unrecognised(document))?;
        Ok(())
    }

    /// Its reading as a set of rqlite's nodes; None where it is none.
    pub fn rqlite(&self) -> Option<&Arc<RqliteSet>> {
        self.reading.set.as_ref()
    }

    /// A container that does not count as rqlite's here and does in the request's new object, read as if it did.
    pub fn other(&self, name: &str) -> Option<&Node> {
        self.reading.others.iter().find(|node| node.container.name == name)
    }

    /// What suggests rqlite where none is recognised.
    pub fn hint(&self) -> Option<&RqliteHint> {
        self.reading.hint.as_ref()
    }

    fn unchanged(&self, new: &SetDocument) -> bool {
        self.set.metadata.owner_references == new.set.metadata.owner_references
            && annotation::own(&self.set.metadata).eq(annotation::own(&new.set.metadata))
            && self.same_spec(new)
    }

    /// Whether both specs are the same, whatever the order of their keys.
    pub fn same_spec(&self, other: &SetDocument) -> bool {
        self.spec == other.spec
    }

    /// The same of their pod templates.
    pub fn same_template(&self, other: &SetDocument) -> bool {
        self.spec.get("template") == other.spec.get("template")
    }
}

/// Where a fact about a set has the set itself.
const OBJECT_MEMBER: &str = "/object";

/// The parts of one document.
struct DocumentParts {
    document: &'static str,
    metadata: Value,
    spec: Value,
    status: Value,
}

impl DocumentParts {
    fn old(request: &Request<'_>) -> Option<Self> {
        Self::of("old object", &request.old_object()?, "")
    }

    fn new(request: &Request<'_>) -> Option<Self> {
        Self::of("object", &request.object()?, "")
    }

    /// None where there is nothing of an object at `root`.
    fn of(name: &'static str, document: &Document<'_>, root: &str) -> Option<Self> {
        let part = |part: &str| tree(&document.json(&[root, part].concat())?);
        let (metadata, spec) = (part("/metadata"), part("/spec"));
        if metadata.is_none() && spec.is_none() {
            return None;
        }
        let status = part("/status").unwrap_or_default();
        Some(DocumentParts {
            document: name,
            metadata: metadata.unwrap_or_default(),
            spec: spec.unwrap_or_default(),
            status,
        })
    }

    /// What is not there is the default; `root` is where the part stands in its document.
    fn read<T: FromTree + Default>(&self, part: &Value, root: &str) -> Result<T, ShapeError> {
        if part.is_null() {
            return Ok(T::default());
        }
        T::from_tree(part).map_err(|Mismatch { path, problem }| {
            let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
            ShapeError { document: self.document, field: format!("{root}{dot}{path}"), problem }
        })
    }

    fn metadata(&self) -> Result<Metadata, ShapeError> {
        self.read(&self.metadata, "metadata")
    }

    fn set(self) -> Result<SetDocument, ShapeError> {
        let metadata = self.metadata()?;
        let spec: StatefulSetSpec = self.read(&self.spec, "spec")?;
        let status: StatefulSetStatus = self.read(&self.status, "status")?;
        Ok(SetDocument::new(StatefulSet { metadata, spec, status }, self.spec, Reading::default()))
    }

    fn autoscaler(&self) -> Result<HorizontalPodAutoscaler, ShapeError> {
        Ok(HorizontalPodAutoscaler { metadata: self.metadata()?, spec: self.read(&self.spec, "spec")? })
    }
}

/// The host gives no text that is no JSON.
fn tree(json: &str) -> Option<Value> {
    serde_json::from_str(json).ok()
}

fn scale(document: &'static str, parts: Option<DocumentParts>) -> Result<i32, ShapeError> {
    let parts = parts.ok_or_else(|| missing(document))?;
    let scale = Scale { metadata: parts.metadata()?, spec: parts.read(&parts.spec, "spec")? };
    Ok(scale.spec.replicas)
}

fn missing(document: &'static str) -> ShapeError {
    ShapeError { document, field: String::new(), problem: "it is missing".to_owned() }
}

/// An Eviction's object has nothing but the pod's name; the envelope has it too.
fn evicted(envelope: &Envelope, parts: Option<DocumentParts>) -> Result<String, ShapeError> {
    let named = match parts {
        Some(parts) => parts.metadata()?.name,
        None => None,
    };
    Ok(named.or_else(|| envelope.name.clone()).unwrap_or_default())
}
