//! Of HorizontalPodAutoscalers: which StatefulSet they point at, and whether they ever move its count.

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kubernetes::defaults::MIN_REPLICAS;
use kubernetes::request::{RequestKind, group_of};

use crate::watch_cache::Cacheable;

/// What is cached of an autoscaler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CachedAutoscaler {
    /// Name of the StatefulSet.
    pub(crate) target: String,
}

impl Cacheable for HorizontalPodAutoscaler {
    type Cached = CachedAutoscaler;

    const KIND: &'static str = "HorizontalPodAutoscalers";

    /// One whose bounds are equal holds a count and changes none.
    fn cached(self) -> Option<CachedAutoscaler> {
        let spec = self.spec;
        let moves = spec.min_replicas.unwrap_or(MIN_REPLICAS) != spec.max_replicas;
        let target = spec.scale_target_ref;
        let group = group_of(target.api_version.as_deref().unwrap_or_default());
        let is_set = RequestKind::of_reference(group, &target.kind) == RequestKind::StatefulSet;
        (moves && is_set).then_some(CachedAutoscaler { target: target.name })
    }
}
