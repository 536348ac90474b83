//! Calls of a running guest: its manifest, its settings, and the two that judge a request.
//! Does not know what an answer means.

use crate::failure::PolicyFailure;
use crate::host::{CallContext, Stage};
use crate::runtime::RunningGuest;
use crate::wit::guest;

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
