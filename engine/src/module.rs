//! A linked module: which of the contract's interfaces it exports, each loaded for itself, and calls to them.
//! Does not know what an answer means.

use wasmtime::component::{Component, InstancePre, Linker};

use crate::failure::PolicyFailure;
use crate::guest_state::GuestState;
use crate::host::{CallContext, Stage};
use crate::runtime::RunningGuest;
use crate::wit::{guest, mutator, validator};
use kubernetes::admission::Phase;

/// Imports and exports, resolved once, so that a call need not.
#[derive(Clone)]
pub(crate) struct Module {
    pub(crate) instance: InstancePre<GuestState>,
    guest: guest::GuestIndices,
    validator: Option<validator::GuestIndices>,
    mutator: Option<mutator::GuestIndices>,
}

impl Module {
    /// # Errors
    /// When an import is not linked, or the module does not export `guest`.
    pub(crate) fn link(linker: &Linker<GuestState>, component: &Component) -> wasmtime::Result<Self> {
        let instance = linker.instantiate_pre(component)?;
        Ok(Self {
            guest: guest::GuestIndices::new(&instance)?,
            validator: validator::GuestIndices::new(&instance).ok(),
            mutator: mutator::GuestIndices::new(&instance).ok(),
            instance,
        })
    }

    /// In the order in which they run.
    pub(crate) fn phases(&self) -> Vec<Phase> {
        let mutates = self.mutator.as_ref().map(|_| Phase::Mutate);
        mutates.into_iter().chain(self.validator.as_ref().map(|_| Phase::Validate)).collect()
    }
}

impl RunningGuest<'_> {
    /// The manifest's text.
    pub(crate) async fn manifest(&mut self) -> Result<String, PolicyFailure> {
        let loaded = self.module.guest.load(&mut self.store, &self.instance);
        let guest = self.result(loaded)?;
        let called = self.meter.of(guest.call_manifest(&mut self.store)).await;
        self.result(called)
    }

    /// What is wrong with the settings.
    pub(crate) async fn configure(&mut self, settings: &str) -> Result<Vec<guest::SettingsError>, PolicyFailure> {
        self.store.data_mut().call.enter(Stage::Configure);
        let loaded = self.module.guest.load(&mut self.store, &self.instance);
        let guest = self.result(loaded)?;
        let called = self.meter.of(guest.call_configure(&mut self.store, settings)).await;
        self.result(called).map(|answer| answer.err().unwrap_or_default())
    }

    /// An error is the guest's own: it cannot judge.
    pub(crate) async fn mutate(&mut self) -> Result<Result<(), String>, PolicyFailure> {
        self.store.data_mut().call.enter(Stage::Mutate);
        let Some(indices) = &self.module.mutator else { return Err(no_export("mutator")) };
        let loaded = indices.load(&mut self.store, &self.instance);
        let guest = self.result(loaded)?;
        let called = self.meter.of(guest.call_mutate(&mut self.store)).await;
        self.result(called)
    }

    /// As [`RunningGuest::mutate`].
    pub(crate) async fn validate(&mut self) -> Result<Result<(), String>, PolicyFailure> {
        self.store.data_mut().call.enter(Stage::Validate);
        let Some(indices) = &self.module.validator else { return Err(no_export("validator")) };
        let loaded = indices.load(&mut self.store, &self.instance);
        let guest = self.result(loaded)?;
        let called = self.meter.of(guest.call_validate(&mut self.store)).await;
        self.result(called)
    }

    /// What was said in the calls so far.
    pub(crate) fn into_call(self) -> CallContext {
        self.store.into_data().call
    }
}

fn no_export(interface: &str) -> PolicyFailure {
    PolicyFailure::NotStarted { detail: format!("the module does not export `{interface}`") }
}
