//! Flux: Kustomizations and HelmReleases.
//! Facts: kustomize-controller and helm-controller (their API types and controllers), `pkg/kustomize` (generator, variables), `pkg/ssa`.

mod artifact;
mod helm_release;
pub(super) mod ignore;
mod kustomization;
mod source;

use serde_json::Value;

use super::lead::{Lead, Surroundings};
use crate::object::Object;
use crate::source::text_at;

/// Reads a Kustomization or a HelmRelease.
pub(super) fn read<'s>(object: &Object, around: &Surroundings<'s>) -> Lead<'s> {
    match object.id.kind.as_str() {
        "HelmRelease" => helm_release::read(object, around),
        _ => kustomization::read(object, around),
    }
}

fn is_suspended(object: &Value) -> bool {
    object.pointer("/spec/suspend") == Some(&Value::Bool(true))
}

/// The cluster that a kubeConfig names: its Secret or ConfigMap.
fn destination(object: &Value) -> String {
    let reference = object.pointer("/spec/kubeConfig").filter(|config| !config.is_null());
    let named = |kind: &str| text_at(reference?, &format!("/{kind}/name")).map(|name| format!("kubeConfig {name}"));
    named("secretRef").or_else(|| named("configMapRef")).unwrap_or_default()
}
