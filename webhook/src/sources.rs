//! The sources that a review asks for the parent of its request and for the facts.

use std::sync::Arc;

use crate::reservations::Reservations;
use quorate_cluster::{Cluster, NoPods, PodSource};

/// Who finds objects and facts, what is known of pods that go, and what other admissions have taken away. Cheap to clone.
#[derive(Clone)]
pub struct ReviewSources {
    pub known: quorate_facts::Sources,
    pub pods: Arc<dyn PodSource>,
    pub reservations: Arc<Reservations>,
}

impl ReviewSources {
    /// Out of a cluster, shared with its other replicas.
    pub fn of(cluster: &Cluster) -> Self {
        let reservations = Arc::new(Reservations::shared(cluster.reservations()));
        Self { known: cluster.sources(), pods: cluster.pods(), reservations }
    }
}

impl Default for ReviewSources {
    /// There is no cluster: everything is unknown, and nobody else admits anything.
    fn default() -> Self {
        Self {
            known: quorate_facts::Sources::default(),
            pods: Arc::new(NoPods),
            reservations: Arc::new(Reservations::of_one_replica()),
        }
    }
}

impl std::fmt::Debug for ReviewSources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}
