//! What a manifest asks for beside a request, named so that a provider can look it up.
//! Looks nothing up.

use kubernetes::admission::Request;
use quorate_contract::{Related as Declared, Relation};
use quorate_document::Pointer;

/// One thing to look up for a request. Policies that ask for the same share the answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RelatedQuery {
    /// The object at the request's path without its sub-resource: what is scaled, evicted, or connected to.
    Parent,
    /// The metadata of the request's Namespace.
    Namespace,
    /// The metadata of the object's owners.
    Owners,
    /// An object of the request's namespace that the object names.
    Reference {
        /// `v1`, `apps/v1`.
        api_version: String,
        /// `ServiceAccount`.
        kind: String,
        /// What stands in the object.
        name: String,
    },
}

impl RelatedQuery {
    /// None: the object names nothing there, so that there is nothing to look up.
    pub fn of(source: &Declared, request: &Request) -> Option<Self> {
        match source {
            Declared::Of { of: Relation::Parent } => Some(Self::Parent),
            Declared::Of { of: Relation::Namespace } => Some(Self::Namespace),
            Declared::Of { of: Relation::Owners } => Some(Self::Owners),
            Declared::Reference { reference, api_version, kind } => {
                let object = request.object.as_ref().or(request.old_object.as_ref())?;
                let name = object.text(&Pointer::parse(reference.as_str()).ok()?).filter(|name| !name.is_empty())?;
                let (api_version, kind) = (api_version.clone(), kind.clone());
                Some(Self::Reference { api_version, kind, name: name.into_owned() })
            }
        }
    }
}
