//! The request under review, as a policy reads it. Holds nothing but the way to the host.

use std::cell::OnceCell;

use crate::cluster::Cluster;
use crate::document::Document;
use crate::host::{Host, HostRef, Operation};
use crate::kubernetes::Kubernetes;
use crate::lookup::LookupError;

/// The request under review.
pub struct Request<'h> {
    host: HostRef<'h>,
    object: OnceCell<Option<Document<'h>>>,
    old_object: OnceCell<Option<Document<'h>>>,
}

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// For who writes the policy.
    Debug,
    /// For who runs it.
    Info,
    /// Something to look at.
    Warn,
    /// Something to mend.
    Error,
}

impl<'h> Request<'h> {
    /// The request that a host shows.
    pub fn new(host: HostRef<'h>) -> Self {
        Request { host, object: OnceCell::new(), old_object: OnceCell::new() }
    }

    /// What names it in all logs.
    pub fn uid(&self) -> String {
        self.host.uid()
    }

    /// What is done to the object.
    pub fn operation(&self) -> Operation {
        self.host.operation()
    }

    /// `admission`, `check` (a change in a repository), `scan` (an object that is there). Others may come.
    pub fn origin(&self) -> String {
        self.host.origin()
    }

    /// The API group of the resource: `apps`.
    pub fn group(&self) -> String {
        self.host.group()
    }

    /// The version of the resource: `v1`.
    pub fn version(&self) -> String {
        self.host.version()
    }

    /// The resource, in the plural: `statefulsets`.
    pub fn resource(&self) -> String {
        self.host.resource()
    }

    /// `scale`, `eviction`, `exec`, or none.
    pub fn sub_resource(&self) -> Option<String> {
        self.host.sub_resource()
    }

    /// Of the object: `autoscaling/v1` for a Scale.
    pub fn api_version(&self) -> String {
        self.host.api_version()
    }

    /// Of the object: `Scale`.
    pub fn kind(&self) -> String {
        self.host.kind()
    }

    /// None for what stands in no namespace.
    pub fn namespace(&self) -> Option<String> {
        self.host.namespace()
    }

    /// None where the server generates it, or where a collection is deleted.
    pub fn name(&self) -> Option<String> {
        self.host.name()
    }

    /// Who asks.
    pub fn user(&self) -> String {
        self.host.user()
    }

    /// Whether who asks is in this group.
    pub fn is_in_group(&self, group: &str) -> bool {
        self.host.in_group(group)
    }

    /// Whether nothing will be stored.
    pub fn is_dry_run(&self) -> bool {
        self.host.dry_run()
    }

    /// The object as it will be. None with DELETE. A mutator's own edits are not in it.
    pub fn object(&self) -> Option<Document<'h>> {
        *self.object.get_or_init(|| self.host.object().map(|id| Document::new(self.host, id)))
    }

    /// The object as it is. None with CREATE.
    pub fn old_object(&self) -> Option<Document<'h>> {
        *self.old_object.get_or_init(|| self.host.old_object().map(|id| Document::new(self.host, id)))
    }

    /// The pointer of the pod's spec in the object: `/spec/template/spec`. None for kinds that hold no pod or are not known.
    pub fn pod_spec(&self) -> Option<String> {
        self.host.pod_spec()
    }

    /// `AdmissionReview.request` without the objects.
    pub fn envelope(&self) -> Document<'h> {
        Document::new(self.host, self.host.envelope())
    }

    /// What the manifest asks for under this name. `None`: it does not exist.
    ///
    /// # Errors
    /// When it is not known whether it exists. `?` makes it "not judged".
    pub fn related(&self, name: &str) -> Result<Option<Vec<Document<'h>>>, LookupError> {
        let found = LookupError::separate(self.host.related(name), || ["related object `", name, "`"].concat())?;
        Ok(found.map(|ids| Document::list(self.host, ids)))
    }

    /// Capability `facts`: what the host's providers know. `None`: this object has no such fact.
    ///
    /// # Errors
    /// When it is not known. `?` makes it "not judged".
    pub fn facts(&self, name: &str) -> Result<Option<Vec<Document<'h>>>, LookupError> {
        let found = LookupError::separate(self.host.facts(name), || ["fact `", name, "`"].concat())?;
        Ok(found.map(|ids| Document::list(self.host, ids)))
    }

    /// Capability `time`: when the request arrived, in milliseconds since 1970.
    pub fn now(&self) -> u64 {
        self.host.now()
    }

    /// Capability `cluster`: other objects, as the manifest's `reads` declare them.
    pub fn cluster(&self) -> Cluster<'h> {
        Cluster::new(self.host)
    }

    /// Kubernetes' own rules on images, quantities and selectors, as the host knows them.
    pub fn kubernetes(&self) -> Kubernetes<'h> {
        Kubernetes::new(self.host)
    }

    /// A line in the host's log. It is no part of the verdict.
    pub fn log(&self, level: LogLevel, message: &str) {
        self.host.log(level, message);
    }
}
