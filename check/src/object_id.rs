//! Who an object is, whatever file it lies in: group-kind, namespace and name.

use kubernetes::request::RequestKind;
use kubernetes::subject::named;

/// What makes two manifests the same object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ObjectId {
    pub(crate) group: String,
    pub(crate) kind: String,
    /// None for an object of the whole cluster.
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl ObjectId {
    /// Of a request for it.
    pub(crate) fn request_kind(&self) -> RequestKind {
        RequestKind::of_object(&self.group, &self.kind)
    }

    /// `StatefulSet db/rqlite`
    pub(crate) fn shown(&self) -> String {
        named(&self.kind, self.namespace.as_deref(), &self.name)
    }
}
