//! Argo CD: Applications, and the ApplicationSets that make them.
//! Facts: Argo CD 3.6, `pkg/apis/application/v1alpha1/types.go`, `util/argo`, `reposerver/repository`, `controller/appcontroller.go`.

mod application;
mod application_set;
mod generators;

use super::lead::{Lead, Surroundings};
use crate::object::Object;

/// Reads an Application or an ApplicationSet.
pub(super) fn read<'s>(object: &Object, around: &Surroundings<'s>) -> Lead<'s> {
    match object.id.kind.as_str() {
        "ApplicationSet" => application_set::read(object, around),
        _ => application::read(object, around),
    }
}

fn file_of(object: &Object) -> String {
    object.origin.path.clone()
}
