//! Where a finding stands, by the Kubernetes path that the domain speaks of; the contract takes a pointer.

use kubernetes::field_path::field_pointer;
use quorate_policy::Finding;

/// A finding at a Kubernetes path: `spec.template.spec.containers[0].args[2]`.
pub trait AtPath {
    /// The object as a whole where the path is empty, or none.
    #[must_use]
    fn field(self, path: impl AsRef<str>) -> Self;
}

impl AtPath for Finding {
    fn field(self, path: impl AsRef<str>) -> Self {
        match field_pointer(path.as_ref()) {
            Ok(pointer) if !pointer.as_str().is_empty() => self.at(pointer.as_str()),
            Ok(_) | Err(_) => self,
        }
    }
}
