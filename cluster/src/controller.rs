//! Who controls an object, by its ownerReferences.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kubernetes::request::{RequestKind, group_of};

/// Its one controller; None where it has none.
pub(crate) fn controller(owners: &[OwnerReference]) -> Option<&OwnerReference> {
    owners.iter().find(|owner| owner.controller == Some(true))
}

/// Whether that is a StatefulSet of Kubernetes' own.
pub(crate) fn is_stateful_set(owner: &OwnerReference) -> bool {
    RequestKind::of_object(group_of(&owner.api_version), &owner.kind) == RequestKind::StatefulSet
}
