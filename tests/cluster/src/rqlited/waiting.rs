//! Why a container does not start, in the kubelet's words.

use std::fmt::{self, Display, Formatter};

/// The reason and message of a container's `state.waiting`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Waiting {
    pub(super) fn no_image(message: String) -> Self {
        Self { reason: "ErrImagePull", message }
    }

    /// A reference of the environment leads nowhere.
    pub(super) fn configuration(message: String) -> Self {
        Self { reason: "CreateContainerConfigError", message }
    }

    /// A volume is not there, or not yet.
    pub(super) fn volume(message: String) -> Self {
        Self { reason: "ContainerCreating", message }
    }
}

impl Display for Waiting {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.reason, self.message)
    }
}
