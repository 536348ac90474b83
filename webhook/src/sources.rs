//! Whom a review asks for what stands around its request.

use std::sync::Arc;

use crate::facts::{FactSource, NoFacts};
use crate::parent::{NoParents, ParentSource};

/// Who finds parents, and who finds facts. Cheap to clone.
#[derive(Clone)]
pub struct Sources {
    pub parents: Arc<dyn ParentSource>,
    pub facts: Arc<dyn FactSource>,
}

impl Default for Sources {
    /// There is no cluster: everything is unknown.
    fn default() -> Self {
        Self { parents: Arc::new(NoParents), facts: Arc::new(NoFacts) }
    }
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}
