//! A change that is only tried: which object, and what would be done to it.
//! Sends nothing.

use kubernetes::request::Resource;
use kubernetes::subject::named;
use serde_json::Value;

/// What is tried, on which object.
#[derive(Debug, Clone)]
pub struct DryRun<'t> {
    pub group: &'t str,
    pub version: &'t str,
    pub kind: &'t str,
    /// `statefulsets`
    pub resource: &'t str,
    pub namespace: Option<&'t str>,
    pub name: &'t str,
    pub action: DryRunAction<'t>,
}

/// The change. Objects are whole, as in a manifest.
#[derive(Debug, Clone)]
pub enum DryRunAction<'t> {
    Create(&'t Value),
    /// In the place of the one that is there, whatever its resourceVersion.
    Replace(&'t Value),
    Delete(Propagation),
    /// To so many replicas.
    Scale(u32),
}

/// `propagationPolicy` of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    Background,
    Foreground,
    Orphan,
}

impl<'t> DryRun<'t> {
    /// Of a StatefulSet.
    pub fn of_set(namespace: &'t str, name: &'t str, action: DryRunAction<'t>) -> Self {
        let Resource { group, version, plural, subject, .. } = Resource::STATEFUL_SETS;
        Self { group, version, kind: subject, resource: plural, namespace: Some(namespace), name, action }
    }

    /// As findings name it: `StatefulSet db/rqlite`.
    pub fn subject(&self) -> String {
        named(self.kind, self.namespace, self.name)
    }
}

impl Propagation {
    /// As DeleteOptions write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        }
    }
}
