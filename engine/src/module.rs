//! A linked module: which of the contract's interfaces it exports, each loaded for itself.
//! Calls nothing.

use wasmtime::component::{Component, InstancePre, Linker};

use crate::guest_state::GuestState;
use crate::load::imports::name as exported;
use crate::wit::{guest, mutator, validator};
use kubernetes::admission::Phase;

/// Imports and exports, resolved once, so that a call need not.
#[derive(Clone)]
pub(crate) struct Module {
    pub(crate) instance: InstancePre<GuestState>,
    pub(crate) guest: guest::GuestIndices,
    pub(crate) validator: Option<validator::GuestIndices>,
    pub(crate) mutator: Option<mutator::GuestIndices>,
}

impl Module {
    /// # Errors
    /// When an import is not linked, the module does not export `guest`, or an interface that it exports does not fit.
    pub(crate) fn link(linker: &Linker<GuestState>, component: &Component) -> wasmtime::Result<Self> {
        let instance = linker.instantiate_pre(component)?;
        let exports: Vec<String> =
            component.component_type().exports(instance.engine()).map(|(name, _)| name.to_owned()).collect();
        // One that is exported and does not fit is an error, never none: its policy would be asked less than it says.
        let has = |interface: &str| exports.iter().any(|name| exported(name) == Some(interface));
        Ok(Self {
            guest: guest::GuestIndices::new(&instance)?,
            validator: has("validator").then(|| validator::GuestIndices::new(&instance)).transpose()?,
            mutator: has("mutator").then(|| mutator::GuestIndices::new(&instance)).transpose()?,
            instance,
        })
    }

    /// In the order in which they run.
    pub(crate) fn phases(&self) -> Vec<Phase> {
        let mutates = self.mutator.as_ref().map(|_| Phase::Mutate);
        mutates.into_iter().chain(self.validator.as_ref().map(|_| Phase::Validate)).collect()
    }
}
