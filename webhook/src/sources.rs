//! Whom a review asks for what stands around its request.

use std::sync::Arc;

use crate::facts::{FactSource, NoFacts};
use crate::objects::{NoObjects, ObjectSource};
use crate::reservations::Reservations;

/// Who finds objects, who finds facts, and what other admissions have taken away. Cheap to clone.
#[derive(Clone)]
pub struct Sources {
    pub objects: Arc<dyn ObjectSource>,
    pub facts: Arc<dyn FactSource>,
    pub reservations: Arc<Reservations>,
}

impl Default for Sources {
    /// There is no cluster: everything is unknown, and nobody else admits anything.
    fn default() -> Self {
        Self {
            objects: Arc::new(NoObjects),
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
