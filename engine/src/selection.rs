//! Which of the requests that a policy matches its binding takes. It only narrows.
//! Where labels are not known it takes the request, since a policy that is left out guards nothing.

use std::collections::BTreeSet;

use kubernetes::admission::{Operation, Request};
use kubernetes::related::Related;
use kubernetes::selector::selects;
use quorate_document::{Document, Pointer};

use crate::provider::Prepared;
use crate::related::RelatedQuery;

static ROOT: Pointer<'static> = Pointer::literal("");
static LABELS: Pointer<'static> = Pointer::literal("/metadata/labels");

/// What a configuration narrows a policy to. Empty: everything that its manifest matches.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// A label selector of Namespaces. A cluster-scoped object has none, and is taken.
    pub namespace_selector: Option<Document>,
    /// A label selector of objects; a sub-resource is selected by the labels of its parent.
    pub object_selector: Option<Document>,
    /// Namespaces that are left out.
    pub exclude_namespaces: BTreeSet<String>,
    /// None: all.
    pub operations: Option<BTreeSet<Operation>>,
}

/// Whether a request is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Selected {
    No,
    /// It is taken, since labels that decide it are not known.
    Unknown,
    Yes,
}

impl Selection {
    /// What has to be known to tell.
    pub(crate) fn queries(&self, request: &Request) -> impl Iterator<Item = RelatedQuery> {
        let namespace = self.namespace_selector.as_ref().filter(|_| request.namespace.is_some());
        let parent = self.object_selector.as_ref().filter(|_| request.sub_resource.is_some());
        let namespace = namespace.map(|_| RelatedQuery::Namespace);
        namespace.into_iter().chain(parent.map(|_| RelatedQuery::Parent))
    }

    /// What the envelope tells by itself.
    pub(crate) fn fits(&self, request: &Request) -> bool {
        let excluded = request.namespace.as_ref().is_some_and(|name| self.exclude_namespaces.contains(name));
        !excluded && self.operations.as_ref().is_none_or(|operations| operations.contains(&request.operation))
    }

    /// What the labels tell.
    pub(crate) fn selected(&self, request: &Request, prepared: &Prepared) -> Selected {
        self.by_namespace(request, prepared).min(self.by_object(request, prepared))
    }

    fn by_namespace(&self, request: &Request, prepared: &Prepared) -> Selected {
        let Some(selector) = &self.namespace_selector else { return Selected::Yes };
        if request.namespace.is_none() {
            return Selected::Yes;
        }
        match prepared.related.get(&RelatedQuery::Namespace) {
            Some(Related::Found(namespaces)) => by_any(selector, namespaces.iter()),
            Some(Related::Absent | Related::Unknown(_)) | None => Selected::Unknown,
        }
    }

    /// By the object or the old one, as the API server does.
    fn by_object(&self, request: &Request, prepared: &Prepared) -> Selected {
        let Some(selector) = &self.object_selector else { return Selected::Yes };
        if request.sub_resource.is_some() {
            let parents = prepared.related.get(&RelatedQuery::Parent).and_then(Related::found);
            return parents.map_or(Selected::Unknown, |parents| by_any(selector, parents.iter()));
        }
        let objects: Vec<&Document> = [&request.object, &request.old_object].into_iter().flatten().collect();
        if objects.is_empty() { Selected::Unknown } else { by_any(selector, objects.into_iter()) }
    }
}

fn by_any<'d>(selector: &Document, mut objects: impl Iterator<Item = &'d Document>) -> Selected {
    let is_selected = objects.any(|object| selects(selector, &ROOT, object, &LABELS));
    if is_selected { Selected::Yes } else { Selected::No }
}

#[cfg(test)]
mod tests {
    use kubernetes::object::indexed;
    use kubernetes::related::Reason;

    use super::*;

    fn labelled(team: &str) -> Document {
        indexed(&format!(r#"{{"metadata": {{"labels": {{"team": "{team}"}}}}}}"#)).unwrap()
    }

    fn selector() -> Option<Document> {
        indexed(r#"{"matchLabels": {"team": "db"}}"#).ok()
    }

    fn request(object: &str, old: &str) -> Request {
        Request {
            namespace: Some("prod".to_owned()),
            object: Some(labelled(object)),
            old_object: Some(labelled(old)),
            ..Request::new("u", Operation::Update)
        }
    }

    fn knowing(query: RelatedQuery, answer: Related<Vec<Document>>) -> Prepared {
        Prepared { related: [(query, answer)].into(), ..Prepared::default() }
    }

    #[test]
    fn the_object_or_the_old_one_is_selected() {
        let selection = Selection { object_selector: selector(), ..Selection::default() };
        let selected = |object, old| selection.selected(&request(object, old), &Prepared::default());
        assert_eq!(selected("db", "web"), Selected::Yes);
        assert_eq!(selected("web", "db"), Selected::Yes, "a label that is taken away does not lead past a policy");
        assert_eq!(selected("web", "web"), Selected::No);
    }

    #[test]
    fn a_sub_resource_is_selected_by_its_parent() {
        let selection = Selection { object_selector: selector(), ..Selection::default() };
        let scale = Request { sub_resource: Some("scale".to_owned()), ..request("web", "web") };
        let by = |answer| selection.selected(&scale, &knowing(RelatedQuery::Parent, answer));
        assert_eq!(by(Related::Found(vec![labelled("db")])), Selected::Yes);
        assert_eq!(by(Related::Found(vec![labelled("web")])), Selected::No);
        assert_eq!(by(Related::Unknown(Reason::NotGiven)), Selected::Unknown);
        assert_eq!(selection.selected(&scale, &Prepared::default()), Selected::Unknown);
    }

    #[test]
    fn a_namespace_whose_labels_are_not_known_is_taken() {
        let selection = Selection { namespace_selector: selector(), ..Selection::default() };
        let by = |answer| selection.selected(&request("x", "x"), &knowing(RelatedQuery::Namespace, answer));
        assert_eq!(by(Related::Found(vec![labelled("db")])), Selected::Yes);
        assert_eq!(by(Related::Found(vec![labelled("web")])), Selected::No);
        assert_eq!(by(Related::Unknown(Reason::NotReady)), Selected::Unknown);
        let cluster_scoped = Request { namespace: None, ..request("x", "x") };
        assert_eq!(selection.selected(&cluster_scoped, &Prepared::default()), Selected::Yes);
    }

    #[test]
    fn the_envelope_alone_leaves_out_namespaces_and_operations() {
        let fits = |selection: Selection| selection.fits(&request("x", "x"));
        assert!(fits(Selection::default()));
        assert!(!fits(Selection { exclude_namespaces: ["prod".to_owned()].into(), ..Selection::default() }));
        assert!(fits(Selection { exclude_namespaces: ["dev".to_owned()].into(), ..Selection::default() }));
        assert!(!fits(Selection { operations: Some([Operation::Delete].into()), ..Selection::default() }));
        assert!(fits(Selection { operations: Some([Operation::Update].into()), ..Selection::default() }));
    }
}
