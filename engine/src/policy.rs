//! One loaded policy: its component, its description, its part of the configuration, and a bare call to it.
//! Does not interpret the guest's answer; `evaluation` does.

use std::sync::Arc;

use crate::binding::{Binding, Mode, OnError};
use crate::description::{Description, MatchRule};
use crate::failure::PolicyFailure;
use crate::guest_state::GuestState;
use crate::projection::Objects;
use crate::provider::Prepared;
use crate::runtime::WasmRuntime;
use crate::wit;
use kubernetes::admission::{Operation, Phase, Request};

/// What a guest answers, before anything is checked.
pub type RawVerdict = wit::types::Verdict;

/// The level of a guest's finding, in its own words.
pub type RawLevel = wit::types::Level;

/// A policy that was compiled, described and configured without an error.
pub struct Policy {
    pub(crate) runtime: WasmRuntime,
    pub(crate) guest: wit::PolicyPre<GuestState>,
    pub(crate) name: Arc<str>,
    pub(crate) description: Description,
    pub(crate) binding: Binding,
    /// `binding.settings` as JSON text.
    pub(crate) settings: String,
}

impl Policy {
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn description(&self) -> &Description {
        &self.description
    }

    pub fn binding(&self) -> &Binding {
        &self.binding
    }

    /// The configured one, else deny for a policy that validates and warn for one that only mutates.
    pub fn on_error(&self) -> OnError {
        let default = if self.description.phases.contains(&Phase::Validate) { OnError::Deny } else { OnError::Warn };
        self.binding.on_error.unwrap_or(default)
    }

    /// The match that fits, if the policy takes part in this phase.
    pub fn matching(&self, phase: Phase, request: &Request) -> Option<&MatchRule> {
        self.description.phases.contains(&phase).then(|| self.description.matching(request)).flatten()
    }

    pub(crate) fn enforces(&self) -> bool {
        self.binding.mode == Mode::Enforce
    }

    /// The guest's own words on one request, for tests that compare a component with its source.
    ///
    /// # Errors
    /// When the guest fails, or nothing of the policy matches the request.
    pub async fn call(
        &self,
        phase: Phase,
        request: &Request,
        prepared: &Prepared,
    ) -> Result<RawVerdict, PolicyFailure> {
        let rule = self.matching(phase, request).ok_or_else(|| PolicyFailure::NotStarted {
            detail: format!("no match of `{}` fits the request", self.name),
        })?;
        let documents = Objects::of(request, prepared).slices(&rule.projections);
        self.review(phase, request, prepared, &documents).await
    }

    /// One call of `review` in a fresh instance.
    pub(crate) async fn review(
        &self,
        phase: Phase,
        request: &Request,
        prepared: &Prepared,
        documents: &wit::types::Documents,
    ) -> Result<RawVerdict, PolicyFailure> {
        let limits = self.binding.limits.for_input(bytes(documents) + prepared.facts.len());
        let state = GuestState::new(self.name.clone(), &request.uid, &prepared.facts, limits.memory_bytes);
        let envelope = envelope(phase, request);
        let mut run = self.runtime.start(&self.guest, state, &limits).await?;
        let call = run.guest.call_review(&mut run.store, &envelope, documents, &self.settings);
        let called = run.meter.of(call).await;
        run.result(called)
    }
}

fn bytes(documents: &wit::types::Documents) -> usize {
    let all = [&documents.object, &documents.old_object, &documents.parent];
    all.into_iter().flatten().flatten().map(String::len).sum()
}

fn envelope(phase: Phase, request: &Request) -> wit::types::Envelope {
    wit::types::Envelope {
        uid: request.uid.clone(),
        phase: match phase {
            Phase::Mutate => wit::types::Phase::Mutate,
            Phase::Validate => wit::types::Phase::Validate,
        },
        operation: match request.operation {
            Operation::Create => wit::types::Operation::Create,
            Operation::Update => wit::types::Operation::Update,
            Operation::Delete => wit::types::Operation::Delete,
            Operation::Connect => wit::types::Operation::Connect,
        },
        group: request.kind.group.clone(),
        version: request.kind.version.clone(),
        kind: request.kind.kind.clone(),
        resource: request.resource.resource.clone(),
        sub_resource: request.sub_resource.clone(),
        namespace: request.namespace.clone(),
        name: request.name.clone(),
        username: request.username.clone(),
        groups: request.groups.clone(),
        dry_run: request.dry_run,
        options: request.options.as_ref().map(|options| options.as_json().into_owned()),
    }
}
