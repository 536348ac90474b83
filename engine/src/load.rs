//! From bytes to a policy: compile, compare imports with grants, ask for the description, check the settings.
//! Does not fetch modules; compiled ones are stored by the runtime.

mod describe;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use thiserror::Error;
use wasmtime::StoreContextMut;
use wasmtime::component::{Component, HasSelf, Linker};

use crate::binding::{Binding, PolicyLimits};
use crate::description::Description;
use crate::failure::PolicyFailure;
use crate::guest_state::GuestState;
use crate::policy::Policy;
use crate::runtime::WasmRuntime;
use crate::wit;

pub use self::settings::SettingsProblem;

/// The package of `policies/wit`; a guest may import nothing else.
const PACKAGE: &str = "quorate:policy/";

/// The capability that needs no provider.
const LOG: &str = "log";

/// The version of the contract, in the names of its interfaces.
const VERSION: &str = "0.1.0";

/// Loading is rare and its first call pays for fresh pages, so it gets more time than a review.
const LOAD_CPU: Duration = Duration::from_secs(1);

/// Why a module is not loaded. The last good one stays in place.
#[derive(Debug, Error)]
pub enum LoadError {
    #[error("not a wasm component that this machine can run: {0}; build it with the policy SDK")]
    NotAComponent(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error(
        "the component imports `{import}`, which no policy is given; only `quorate:policy/{provided}` and `quorate:policy/log` exist"
    )]
    ForeignImport { import: String, provided: &'static str },
    #[error(
        "the component does not fit the world `quorate:policy/policy@0.1.0`: {0}; build it with the policy SDK of this version"
    )]
    WrongWorld(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error(
        "policy `{policy}` imports `{capability}` but does not declare it; add it to `capabilities` in its description"
    )]
    Undeclared { policy: String, capability: String },
    #[error("policy `{policy}` asks for the unknown capability `{capability}`; known are `{provided}` and `log`")]
    UnknownCapability { policy: String, capability: String, provided: &'static str },
    #[error(
        "policy `{policy}` asks for `{capability}`, which is not granted; add it to `policies.{policy}.capabilities` in the configuration"
    )]
    NotGranted { policy: String, capability: String },
    #[error("the description of policy `{policy}` is wrong: {what}")]
    BadDescription { policy: String, what: String },
    #[error("the settings of policy `{policy}` are wrong: {}", settings::listed(problems))]
    Settings { policy: String, problems: Vec<SettingsProblem> },
    #[error(
        "policy `{policy}` may use {asked_bytes} bytes of memory, the machine gives {runtime_bytes}; lower the policy's limit"
    )]
    MemoryAboveRuntime { policy: String, asked_bytes: usize, runtime_bytes: usize },
    #[error("`{call}` failed: {failure}")]
    Failed { call: &'static str, failure: PolicyFailure },
    #[error("two policies are named `{policy}`; remove one")]
    DuplicateName { policy: String },
}

impl WasmRuntime {
    /// What the module says of itself. Needs no configuration: whatever it imports only traps.
    ///
    /// # Errors
    /// When the bytes are no policy component, or the description is not valid.
    pub fn describe(&self, wasm: &[u8]) -> Result<Description, LoadError> {
        let component = self.component(wasm)?;
        self.describe_component(&component)
    }

    /// The full names of what a component imports.
    ///
    /// # Errors
    /// When the bytes are no component, or one of the imports is not the contract's.
    pub fn imports(&self, wasm: &[u8]) -> Result<Vec<String>, LoadError> {
        let component = self.component(wasm)?;
        Ok(component.component_type().imports(self.engine()).map(|(name, _)| name.to_owned()).collect())
    }

    /// Compiles a policy and binds it to its part of the configuration.
    ///
    /// Compiling takes some 100 ms of CPU and does not yield: not for a thread that serves requests.
    ///
    /// # Errors
    /// When the module, its imports, its description or its settings are not as they must be.
    pub fn load(&self, wasm: &[u8], binding: Binding) -> Result<Policy, LoadError> {
        let component = self.component(wasm)?;
        let description = self.describe_component(&component)?;
        self.bind(&component, description, binding)
    }

    fn bind(&self, component: &Component, description: Description, binding: Binding) -> Result<Policy, LoadError> {
        check_capabilities(&description, &self.capabilities(component)?, &binding, self.provider().interface())?;
        let runtime_bytes = self.limits().memory_bytes;
        if binding.limits.memory_bytes > runtime_bytes {
            let asked_bytes = binding.limits.memory_bytes;
            return Err(LoadError::MemoryAboveRuntime { policy: description.name, asked_bytes, runtime_bytes });
        }
        settings::check_schema(&description, &binding.settings)?;
        let policy = Policy {
            runtime: self.clone(),
            guest: self.link(component, &description.capabilities)?,
            name: Arc::from(description.name.as_str()),
            settings: binding.settings.to_string(),
            description,
            binding,
        };
        let problems = block_on(check_settings(&policy))?;
        if problems.is_empty() {
            Ok(policy)
        } else {
            Err(LoadError::Settings { policy: policy.description.name, problems })
        }
    }

    fn component(&self, wasm: &[u8]) -> Result<Component, LoadError> {
        let component = self.compile(wasm).map_err(|error| LoadError::NotAComponent(error.into()))?;
        self.capabilities(&component)?;
        Ok(component)
    }

    /// The capabilities that the component imports.
    fn capabilities(&self, component: &Component) -> Result<BTreeSet<String>, LoadError> {
        let (ty, provided) = (component.component_type(), self.provider().interface());
        let mut capabilities = BTreeSet::new();
        for (import, _) in ty.imports(self.engine()) {
            let interface = import.strip_prefix(PACKAGE).and_then(|rest| rest.split('@').next());
            match interface {
                Some("types") => {}
                Some(name) if is_capability(name, provided) => drop(capabilities.insert(name.to_owned())),
                _ => return Err(LoadError::ForeignImport { import: import.to_owned(), provided }),
            }
        }
        Ok(capabilities)
    }

    fn describe_component(&self, component: &Component) -> Result<Description, LoadError> {
        let mut linker = Linker::new(self.engine());
        linker.define_unknown_imports_as_traps(component).map_err(|error| LoadError::WrongWorld(error.into()))?;
        let guest = prepared(&linker, component)?;
        let failed = |failure| LoadError::Failed { call: "describe", failure };
        let limits =
            PolicyLimits { cpu: LOAD_CPU, memory_bytes: self.limits().memory_bytes, ..PolicyLimits::default() };
        let described = block_on(async {
            let state =
                GuestState::new(Arc::from("describe"), "", self.provider().nothing_known(), limits.memory_bytes);
            let mut run = self.start(&guest, state, &limits).await?;
            let called = run.meter.of(run.guest.call_describe(&mut run.store)).await;
            run.result(called)
        });
        describe::checked(described.map_err(failed)?)
    }

    /// Links what the policy declares; what it may declare was compared with the grants before.
    fn link(&self, component: &Component, capabilities: &[String]) -> Result<wit::PolicyPre<GuestState>, LoadError> {
        let wrong = |error: wasmtime::Error| LoadError::WrongWorld(error.into());
        let mut linker = Linker::new(self.engine());
        let provided = self.provider().interface();
        if capabilities.iter().any(|name| name == provided) {
            // By its name: the engine knows no provider, and so none of the types that are generated for one.
            let facts = |state: StoreContextMut<'_, GuestState>, ()| Ok((state.data().facts().to_owned(),));
            let mut interface = linker.instance(&format!("{PACKAGE}{provided}@{VERSION}")).map_err(wrong)?;
            interface.func_wrap("facts", facts).map_err(wrong)?;
        }
        if capabilities.iter().any(|name| name == LOG) {
            wit::quorate::policy::log::add_to_linker::<_, HasSelf<GuestState>>(&mut linker, |state| state)
                .map_err(wrong)?;
        }
        prepared(&linker, component)
    }
}

impl Policy {
    /// The same module under another part of the configuration, without compiling it again.
    ///
    /// # Errors
    /// As [`WasmRuntime::load`], for grants and settings.
    pub fn with_binding(&self, binding: Binding) -> Result<Self, LoadError> {
        self.runtime.bind(self.guest.instance_pre().component(), self.description.clone(), binding)
    }
}

/// Resolves imports and exports once, so that a call need not.
fn prepared(linker: &Linker<GuestState>, component: &Component) -> Result<wit::PolicyPre<GuestState>, LoadError> {
    linker.instantiate_pre(component).and_then(wit::PolicyPre::new).map_err(|error| LoadError::WrongWorld(error.into()))
}

fn is_capability(name: &str, provided: &str) -> bool {
    name == LOG || name == provided
}

/// Imported must be declared, declared must be known and granted.
fn check_capabilities(
    description: &Description,
    imported: &BTreeSet<String>,
    binding: &Binding,
    provided: &'static str,
) -> Result<(), LoadError> {
    let policy = || description.name.clone();
    if let Some(name) = imported.iter().find(|name| !description.capabilities.contains(name)) {
        return Err(LoadError::Undeclared { policy: policy(), capability: name.clone() });
    }
    for name in &description.capabilities {
        if !is_capability(name, provided) {
            return Err(LoadError::UnknownCapability { policy: policy(), capability: name.clone(), provided });
        }
        if !binding.capabilities.contains(name) {
            return Err(LoadError::NotGranted { policy: policy(), capability: name.clone() });
        }
    }
    Ok(())
}

async fn check_settings(policy: &Policy) -> Result<Vec<SettingsProblem>, LoadError> {
    let failed = |failure| LoadError::Failed { call: "check-settings", failure };
    let limits = PolicyLimits { cpu: LOAD_CPU, ..policy.binding.limits };
    let nothing_known = policy.runtime.provider().nothing_known();
    let state = GuestState::new(policy.name.clone(), "", nothing_known, limits.memory_bytes);
    let mut run = policy.runtime.start(&policy.guest, state, &limits).await.map_err(failed)?;
    let called = run.meter.of(run.guest.call_check_settings(&mut run.store, &policy.settings)).await;
    let problems = run.result(called).map_err(failed)?;
    Ok(problems.into_iter().map(SettingsProblem::from).collect())
}

/// Polls to the end without a runtime: a guest waits for nothing but its own next tick.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut task = TaskContext::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut task) {
            return done;
        }
        std::thread::yield_now();
    }
}
