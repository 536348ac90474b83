//! One loaded policy: its module, its manifest, its part of the configuration, and a bare call to it.
//! Does not interpret what the guest says; `evaluation` does.

use std::collections::BTreeSet;
use std::sync::Arc;

use quorate_contract::{Manifest, Match, Operation as MatchOperation, Settings};
use quorate_document::Edits;

use crate::binding::{Binding, Grants, Mode, OnError};
use crate::failure::PolicyFailure;
use crate::guest_state::{GuestState, Log};
use crate::host::{CallContext, CallInputs, GuestAnswer};
use crate::load::grants;
use crate::module::Module;
use crate::provider::{Prepared, Provider};
use crate::related::RelatedQuery;
use crate::runtime::WasmRuntime;
use kubernetes::admission::{GroupVersionResource, Operation, Phase, Request};

/// A policy that was compiled, asked for its manifest and configured without an error.
pub struct Policy {
    pub(crate) runtime: WasmRuntime,
    pub(crate) module: Module,
    pub(crate) name: Arc<str>,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) phases: Vec<Phase>,
    /// Interfaces of the contract that it imports.
    pub(crate) imports: BTreeSet<String>,
    pub(crate) binding: Binding,
    pub(crate) settings: Settings,
}

/// What a guest said of one request, before anything is checked that needs more than the call.
#[derive(Debug)]
pub struct GuestVerdict {
    /// Its findings and annotations.
    pub answer: GuestAnswer,
    /// Its edits of the object, not applied yet; none outside of `mutate`.
    pub edits: Edits,
    /// Instructions of wasm, where the runtime counts them.
    pub instructions: Option<u64>,
}

impl Policy {
    /// The name under which it is configured; the prefix of its rules' ids.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the module says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The phases that the module has an export for.
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// What it must be granted.
    pub fn needs(&self) -> Grants {
        grants::needed(&self.manifest, &self.imports)
    }

    /// Its part of the configuration.
    pub fn binding(&self) -> &Binding {
        &self.binding
    }

    /// The configured one, else deny for a policy that validates and warn for one that only mutates.
    pub fn on_error(&self) -> OnError {
        let default = if self.phases.contains(&Phase::Validate) { OnError::Deny } else { OnError::Warn };
        self.binding.on_error.unwrap_or(default)
    }

    /// Whether the policy takes part in this phase of this request. Looks at the envelope only.
    pub fn matches(&self, phase: Phase, request: &Request) -> bool {
        self.knows(phase, request) && self.binding.selection.fits(request)
    }

    /// The same by the module alone, whatever its binding narrows it to.
    pub(crate) fn knows(&self, phase: Phase, request: &Request) -> bool {
        self.phases.contains(&phase) && self.manifest.matches.iter().any(|one| fits(one, request))
    }

    /// What has to be looked up beside a request that it matches.
    pub(crate) fn queries(&self, request: &Request) -> impl Iterator<Item = RelatedQuery> {
        let asked = self.manifest.related.values().filter_map(|source| RelatedQuery::of(source, request));
        asked.chain(self.binding.selection.queries(request))
    }

    /// Whose facts it may ask for.
    pub(crate) fn provider(&self) -> &'static dyn Provider {
        self.runtime.provider()
    }

    /// Built in, as Quorate itself is trusted: it is granted whatever it asks for.
    pub(crate) fn is_trusted(&self) -> bool {
        self.binding.grants.is_none()
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
    ) -> Result<GuestVerdict, PolicyFailure> {
        if !self.matches(phase, request) {
            let detail = format!("no match of `{}` fits the request", self.name);
            return Err(PolicyFailure::NotStarted { detail });
        }
        let inputs = self.inputs(&Arc::new(request.clone()), &Arc::new(prepared.clone()));
        self.review(phase, inputs, prepared.input_bytes(request), Log::Kept).await
    }

    pub(crate) fn inputs(&self, request: &Arc<Request>, prepared: &Arc<Prepared>) -> CallInputs {
        CallInputs { request: request.clone(), prepared: prepared.clone(), manifest: self.manifest.clone() }
    }

    /// `configure`, then `mutate` or `validate`, in a fresh instance.
    pub(crate) async fn review(
        &self,
        phase: Phase,
        inputs: CallInputs,
        input_bytes: usize,
        log: Log,
    ) -> Result<GuestVerdict, PolicyFailure> {
        let limits = self.binding.limits.for_input(input_bytes);
        let settings = self.settings.in_namespace(inputs.request.namespace.as_deref());
        let uid = inputs.request.uid.clone();
        let state = GuestState::new(self.name.clone(), &uid, CallContext::of(inputs, limits), limits.memory_bytes, log);
        let mut run = self.runtime.start(&self.module, state, &limits).await?;
        let refused = run.configure(settings).await?;
        if let Some(problem) = refused.first() {
            let what = format!("it refuses its settings, which it took when it was loaded: {}", problem.message);
            return Err(PolicyFailure::bad_output(what));
        }
        let cannot_judge = match phase {
            Phase::Mutate => run.mutate().await?,
            Phase::Validate => run.validate().await?,
        };
        let instructions = run.instructions();
        let mut call = run.into_call();
        if let Err(why) = cannot_judge {
            call.cannot_judge(&why);
        }
        let (answer, edits) = call.into_answer();
        Ok(GuestVerdict { answer, edits, instructions })
    }
}

fn fits(one: &Match, request: &Request) -> bool {
    let operation = match request.operation {
        Operation::Create => MatchOperation::Create,
        Operation::Update => MatchOperation::Update,
        Operation::Delete => MatchOperation::Delete,
        Operation::Connect => MatchOperation::Connect,
    };
    let GroupVersionResource { group, version, resource } = &request.resource;
    one.fits(group, version, resource, request.sub_resource.as_deref(), operation)
}
