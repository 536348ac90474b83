//! Kubernetes' own rules on images, quantities and selectors, which the host evaluates.

use std::cmp::Ordering;

use crate::document::Document;
use crate::host::{Host, HostRef};

/// The parts of an image reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `docker.io`, where none is written.
    pub registry: String,
    /// `library/nginx`.
    pub repository: String,
    /// None where none is written, which means `latest`.
    pub tag: Option<String>,
    /// `sha256:…`.
    pub digest: Option<String>,
}

/// Helpers of the host.
#[derive(Clone, Copy)]
pub struct Kubernetes<'h> {
    host: HostRef<'h>,
}

impl<'h> Kubernetes<'h> {
    pub(crate) fn new(host: HostRef<'h>) -> Self {
        Kubernetes { host }
    }

    /// The parts of an image reference.
    ///
    /// # Errors
    /// Why the text is no image reference.
    pub fn image(&self, reference: &str) -> Result<Image, String> {
        let (registry, repository, tag, digest) = self.host.image(reference)?;
        Ok(Image { registry, repository, tag, digest })
    }

    /// Compares two quantities: `1Gi` and `1024Mi` are equal.
    ///
    /// # Errors
    /// Why one of the texts is no quantity.
    pub fn compare_quantity(&self, a: &str, b: &str) -> Result<Ordering, String> {
        self.host.compare_quantity(a, b).map(|order| order.cmp(&0))
    }

    /// Whether the label selector at a pointer of one document selects the labels at a pointer of another.
    pub fn selects(&self, selector: &Document<'_>, at: &str, labels: &Document<'_>, labels_at: &str) -> bool {
        self.host.selects(selector.id(), at, labels.id(), labels_at)
    }
}
