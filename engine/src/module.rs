//! A linked module: which of the contract's interfaces it exports, each loaded for itself, and calls to them.
//! Does not know what an answer means.

use wasmtime::component::{Component, InstancePre, Linker};

use crate::failure::PolicyFailure;
use crate::guest_state::GuestState;
use crate::host::{CallContext, Stage};
use crate::load::imports::name as exported;
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
