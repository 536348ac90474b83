//! The StatefulSets of a request, each decoded and recognised once, for all who ask natively.
//! Does not say what becomes of them.

use std::sync::Arc;

use kubernetes::admission::Request;
use kubernetes::list::only_item;
use kubernetes::manifest::StatefulSet;
use kubernetes::related::Related;
use kubernetes::request::{Dependency, RequestKind};
use quorate_document::{DecodeError, Document};
use rqlite::cluster::RqliteSet;

/// A StatefulSet that was read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct DecodedSet {
    pub document: Document,
    pub set: Arc<StatefulSet>,
    /// None: it does not run rqlite.
    pub rqlite: Option<Arc<RqliteSet>>,
}

impl DecodedSet {
    /// # Errors
    /// When it is of another shape than a StatefulSet.
    pub fn of(document: Document) -> Result<Self, DecodeError> {
        Self::beside(document, None)
    }

    /// The same beside another state of the set: a launch that both have is read once.
    fn beside(document: Document, other: Option<&Self>) -> Result<Self, DecodeError> {
        let set: StatefulSet = document.decode()?;
        let other = other.and_then(|other| other.rqlite.as_deref());
        let rqlite = RqliteSet::detect_beside(&set, other).map(Arc::new);
        Ok(Self { document, set: Arc::new(set), rqlite })
    }
}

/// The sets that a request is about; one that cannot be read is none.
#[derive(Debug, Clone, Default)]
pub struct RequestSets {
    /// A StatefulSet under review as it was.
    pub old: Option<DecodedSet>,
    /// As it is to be.
    pub new: Option<DecodedSet>,
    /// The one behind a Scale, an Eviction, an autoscaler or a claim.
    pub parent: Option<DecodedSet>,
}

impl RequestSets {
    pub fn of(request: &Request, related: &Related<Document>) -> Self {
        let read = |document: &Option<Document>| document.clone().and_then(|document| DecodedSet::of(document).ok());
        let parent = |document: Option<Document>| Self { parent: read(&document), ..Self::default() };
        match RequestKind::of(request) {
            RequestKind::StatefulSet => {
                let old = read(&request.old_object);
                let new = request.object.clone().and_then(|new| DecodedSet::beside(new, old.as_ref()).ok());
                Self { old, new, parent: None }
            }
            RequestKind::Scale | RequestKind::Eviction | RequestKind::Autoscaler => parent(related.found().cloned()),
            RequestKind::Dependency(Dependency::Claim) => parent(related.found().and_then(only_item)),
            // Several may stand behind it, or none does.
            RequestKind::Dependency(Dependency::Service | Dependency::Namespace) | RequestKind::Other => {
                Self::default()
            }
        }
    }

    /// As it is, then as it is to be.
    pub(crate) fn states(&self) -> [Option<&DecodedSet>; 2] {
        [self.old.as_ref().or(self.parent.as_ref()), self.new.as_ref()]
    }
}

#[cfg(test)]
mod tests {
    use kubernetes::admission::{GroupVersionResource, Operation};
    use kubernetes::list::stateful_sets;
    use kubernetes::object::indexed;
    use kubernetes::request::Resource;

    use super::*;

    const RQLITE: &str =
        r#"{"spec":{"template":{"spec":{"containers":[{"name":"a","image":"rqlite/rqlite:9.1.3"}]}}}}"#;

    fn request(resource: Resource) -> Request {
        Request {
            resource: GroupVersionResource {
                group: resource.group.to_owned(),
                version: resource.version.to_owned(),
                resource: resource.plural.to_owned(),
            },
            sub_resource: resource.sub_resource.map(str::to_owned),
            object: indexed(RQLITE).ok(),
            old_object: indexed(r#"{"spec":{"replicas":"many"}}"#).ok(),
            ..Request::new("u", Operation::Update)
        }
    }

    fn found(json: &str) -> Related<Document> {
        Related::Found(indexed(json).unwrap())
    }

    #[test]
    fn a_set_under_review_is_read_as_it_was_and_as_it_is_to_be() {
        let sets = RequestSets::of(&request(Resource::STATEFUL_SETS), &Related::Absent);
        assert!(sets.new.is_some_and(|set| set.rqlite.is_some()));
        assert!(sets.old.is_none() && sets.parent.is_none());
    }

    #[test]
    fn the_one_behind_a_request_is_read() {
        for resource in [Resource::SCALES, Resource::EVICTIONS, Resource::AUTOSCALERS] {
            let sets = RequestSets::of(&request(resource), &found(RQLITE));
            assert!(sets.parent.is_some_and(|set| set.rqlite.is_some()) && sets.new.is_none(), "{resource:?}");
        }
        let of_claim = |items: &[&str]| {
            let list = stateful_sets(items.iter().copied());
            RequestSets::of(&request(Resource::CLAIMS), &found(&list)).parent.is_some()
        };
        assert!(of_claim(&[RQLITE]));
        assert!(!of_claim(&[RQLITE, RQLITE]));
        assert!(RequestSets::of(&request(Resource::SERVICES), &found(&stateful_sets([RQLITE]))).parent.is_none());
    }
}
