//! The entries that this server writes, as JSON: what `registration` says of the loaded policies and of the known sets.
//! Writes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use kubernetes::admission::Phase;
use serde::Serialize;
use serde_json::Value;
use tracing::error;

use crate::entries::ServerOwnedEntries;
use crate::registration::{KnownSets, Registered, Registration, is_server_owned};

/// What is registered with the API server. Cheap to clone.
#[derive(Clone)]
pub struct RegistrationContent {
    pub registration: Registration,
    pub policies: Arc<[Registered]>,
}

/// Both configurations' entries.
#[derive(Debug, Clone, Default)]
pub(crate) struct RenderedEntries {
    pub(crate) validating: Vec<Value>,
    pub(crate) mutating: Vec<Value>,
}

impl RegistrationContent {
    /// Reached as the live entries of that configuration are, and leaving the same namespaces alone.
    pub(crate) fn following(&self, phase: Phase, live: &[Value]) -> Self {
        let Self { registration, policies } = self.clone();
        Self { registration: registration.as_rendered(phase, live), policies }
    }

    pub(crate) fn server_owned_validating(&self, known: &KnownSets) -> ServerOwnedEntries {
        let mut guarded = known.clone();
        guarded.retain(|set, _| !self.registration.excluded_namespaces.contains(&set.namespace));
        let (naming, entries) = self.registration.server_owned_validating(&self.policies, &guarded);
        let guarded = guarded.into_keys().map(|set| set.namespace).collect();
        ServerOwnedEntries { entries: json(&entries), is_server_owned, naming: Some(naming), guarded }
    }

    pub(crate) fn server_owned_mutating(&self) -> ServerOwnedEntries {
        let entries = json(&self.registration.server_owned_mutating(&self.policies));
        ServerOwnedEntries { entries, is_server_owned, naming: None, guarded: BTreeSet::new() }
    }

    /// Whether any entry of the mutating configuration is the server's own.
    pub(crate) fn owns_mutating(&self) -> bool {
        !self.registration.server_owned_mutating(&self.policies).is_empty()
    }

    /// Those that charts and manifests render, the server's own apart.
    pub(crate) fn rendered(&self) -> RenderedEntries {
        let validating = self.registration.validating(&self.policies).webhooks.unwrap_or_default();
        let mutating = self.registration.mutating(&self.policies).webhooks.unwrap_or_default();
        let rendered = |mut entries: Vec<Value>| {
            entries.retain(|entry| !is_server_owned(entry.get("name").and_then(Value::as_str).unwrap_or_default()));
            entries
        };
        RenderedEntries { validating: rendered(json(&validating)), mutating: rendered(json(&mutating)) }
    }
}

/// These types always become JSON; were it not so, an entry less would be seen as one too many.
fn json<T: Serialize>(entries: &[T]) -> Vec<Value> {
    let texts = entries.iter().filter_map(|entry| {
        serde_json::to_value(entry).inspect_err(|problem| error!(%problem, "an entry cannot be written as JSON")).ok()
    });
    texts.collect()
}
