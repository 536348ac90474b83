//! Whom a review asks for what stands around its request.

use std::sync::Arc;

use crate::facts::{FactSource, NoFacts};
use crate::parent::{NoParents, ParentSource};
use crate::reservations::Reservations;

/// Who finds parents, who finds facts, and what other admissions have taken away. Cheap to clone.
#[derive(Clone)]
pub struct Sources {
    pub parents: Arc<dyn ParentSource>,
    pub facts: Arc<dyn FactSource>,
    pub reservations: Arc<Reservations>,
}

impl Default for Sources {
    /// There is no cluster: everything is unknown, and nobody else admits anything.
    fn default() -> Self {
        Self {
            parents: Arc::new(NoParents),
            facts: Arc::new(NoFacts),
            reservations: Arc::new(Reservations::of_one_replica()),
        }
    }
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}
