//! From bytes to a policy: compile, compare imports and the manifest with the grants, ask for the manifest, configure.
//! Does not fetch modules; compiled ones are stored by the runtime.

mod error;
pub(crate) mod grants;
pub(crate) mod imports;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use quorate_contract::{Manifest, Settings, SettingsProblem};
use wasmtime::component::{Component, HasSelf, Linker};

use crate::binding::{Binding, Grants, PolicyLimits};
use crate::failure::PolicyFailure;
use crate::guest_state::{GuestState, Log};
use crate::host::{CallContext, Stage};
use crate::module::Module;
use crate::policy::Policy;
use crate::runtime::{RunningGuest, WasmRuntime};
use crate::sections::Sections;
use crate::wit;
use kubernetes::text::one_line;

pub use self::error::LoadError;
pub use self::grants::Ungranted;

/// The version of the contract, in the names of its interfaces.
const VERSION: &str = "0.2.0";

/// Loading is rare and its first call pays for fresh pages, so it gets more time than a review.
const LOAD_CPU: Duration = Duration::from_secs(1);

/// Longest text of a guest about its settings, in bytes.
const MAX_TEXT: usize = 300;

/// What a module says of itself, and what it needs.
#[derive(Debug, Clone)]
pub struct Description {
    /// As the module gives it.
    pub manifest: Manifest,
    /// Interfaces of the contract that it imports.
    pub imports: BTreeSet<String>,
    /// What it must be granted.
    pub needs: Grants,
}

impl WasmRuntime {
    /// What the module says of itself. Needs no configuration: every import but `log` traps.
    ///
    /// # Errors
    /// When the bytes are no policy component, or the manifest is not valid.
    pub fn describe(&self, wasm: &[u8]) -> Result<Description, LoadError> {
        let (module, imports) = self.module(wasm)?;
        let manifest = self.manifest(&module, wasm)?;
        let needs = grants::needed(&manifest, &imports);
        Ok(Description { manifest, imports, needs })
    }

    /// Compiles a policy and binds it, under this name, to its part of the configuration.
    ///
    /// Compiling takes some 100 ms of CPU and does not yield: not for a thread that serves requests.
    ///
    /// # Errors
    /// When the module, its imports, its manifest or its settings are not as they must be.
    pub fn load(&self, name: &str, wasm: &[u8], binding: Binding) -> Result<Policy, LoadError> {
        let (module, imports) = self.module(wasm)?;
        let manifest = Arc::new(self.manifest(&module, wasm)?);
        self.bind(name, module, imports, manifest, binding)
    }

    fn bind(
        &self,
        name: &str,
        module: Module,
        imports: BTreeSet<String>,
        manifest: Arc<Manifest>,
        binding: Binding,
    ) -> Result<Policy, LoadError> {
        grants::check(name, &manifest, &imports, binding.grants.as_ref(), self.provider())?;
        let runtime_bytes = self.limits().memory_bytes;
        if binding.limits.memory_bytes > runtime_bytes {
            let asked_bytes = binding.limits.memory_bytes;
            return Err(LoadError::MemoryAboveRuntime { policy: name.to_owned(), asked_bytes, runtime_bytes });
        }
        let wrong = |problems| LoadError::Settings { policy: name.to_owned(), problems };
        let settings = Settings::new(&manifest.settings, &binding.settings).map_err(wrong)?;
        let problems = block_on(self.refused_settings(&module, &settings))?;
        if !problems.is_empty() {
            return Err(wrong(problems));
        }
        let phases = module.phases();
        Ok(Policy {
            runtime: self.clone(),
            module,
            name: Arc::from(name),
            manifest,
            phases,
            imports,
            binding,
            settings,
        })
    }

    /// Compiled, its imports known, linked with everything that a grant may give.
    fn module(&self, wasm: &[u8]) -> Result<(Module, BTreeSet<String>), LoadError> {
        let component = self.compile(wasm).map_err(|error| LoadError::NotAComponent(error.into()))?;
        let imports = imports_of(&component, self)?;
        let wrong = |error: wasmtime::Error| LoadError::WrongWorld(error.into());
        let linker = self.linker(&component, &imports).map_err(wrong)?;
        for (missing, is_needed) in exports(&component, self) {
            if is_needed {
                return Err(LoadError::NoExport { missing });
            }
        }
        let module = Module::link(&linker, &component).map_err(wrong)?;
        Ok((module, imports))
    }

    /// What may be linked was compared with the grants, or is so before the module is used. A module that needs the cluster is refused
    /// later, by name.
    fn linker(&self, component: &Component, imports: &BTreeSet<String>) -> wasmtime::Result<Linker<GuestState>> {
        let mut linker = Linker::new(self.engine());
        wit::Host_::add_to_linker::<_, HasSelf<GuestState>>(&mut linker, |state| state)?;
        if imports.contains("cluster") {
            linker.define_unknown_imports_as_traps(component)?;
        }
        Ok(linker)
    }

    /// What the module says; a section that says something else would mislead whoever only reads it.
    fn manifest(&self, module: &Module, wasm: &[u8]) -> Result<Manifest, LoadError> {
        let text = self.manifest_text(module)?;
        match Sections::read(wasm).map_err(LoadError::NotAComponent)?.manifest {
            Some(section) if section != text => Err(LoadError::OtherManifest),
            Some(_) | None => Manifest::parse(&text).map_err(LoadError::Manifest),
        }
    }

    /// The manifest of a module, as it gives it.
    ///
    /// # Errors
    /// When the bytes are no policy component, or it fails.
    pub fn manifest_of(&self, wasm: &[u8]) -> Result<String, LoadError> {
        let (module, _) = self.module(wasm)?;
        self.manifest_text(&module)
    }

    fn manifest_text(&self, module: &Module) -> Result<String, LoadError> {
        let failed = |failure| LoadError::Failed { call: "manifest", failure };
        let text = block_on(async {
            let mut run = self.start_at_load(module, Stage::Manifest).await?;
            run.manifest().await
        });
        text.map_err(failed)
    }

    /// What the guest says of the settings: of those at the top, then of each namespace's what is new there.
    async fn refused_settings(&self, module: &Module, settings: &Settings) -> Result<Vec<SettingsProblem>, LoadError> {
        let failed = |failure| LoadError::Failed { call: "configure", failure };
        let mut problems: Vec<SettingsProblem> = Vec::new();
        let mut at_the_top: Vec<SettingsProblem> = Vec::new();
        for (namespace, text) in settings.all() {
            let mut run = self.start_at_load(module, Stage::Configure).await.map_err(failed)?;
            let refused = run.configure(text).await.map_err(failed)?;
            let refused = refused.into_iter().map(|error| SettingsProblem {
                pointer: one_line(&error.pointer, MAX_TEXT),
                message: one_line(&error.message, MAX_TEXT),
            });
            let new: Vec<SettingsProblem> = refused.filter(|problem| !at_the_top.contains(problem)).collect();
            let Some(namespace) = namespace else {
                at_the_top = new;
                continue;
            };
            let at = format!("/namespaces/{}", namespace.replace('~', "~0").replace('/', "~1"));
            problems.extend(new.into_iter().map(|problem| SettingsProblem {
                pointer: format!("{at}{}", problem.pointer),
                message: problem.message,
            }));
        }
        Ok(at_the_top.into_iter().chain(problems).collect())
    }

    async fn start_at_load<'m>(&'m self, module: &'m Module, stage: Stage) -> Result<RunningGuest<'m>, PolicyFailure> {
        let memory_bytes = self.limits().memory_bytes;
        let limits = PolicyLimits { cpu: LOAD_CPU, memory_bytes, ..PolicyLimits::default() };
        let call = CallContext::without_request(stage, limits);
        let state = GuestState::new(Arc::from("load"), "", call, memory_bytes, Log::Kept);
        self.start(module, state, &limits).await
    }
}

impl Policy {
    /// The same module under another part of the configuration, without compiling it again.
    ///
    /// # Errors
    /// As [`WasmRuntime::load`], for grants and settings.
    pub fn with_binding(&self, name: &str, binding: Binding) -> Result<Self, LoadError> {
        self.runtime.bind(name, self.module.clone(), self.imports.clone(), self.manifest.clone(), binding)
    }
}

fn imports_of(component: &Component, runtime: &WasmRuntime) -> Result<BTreeSet<String>, LoadError> {
    let ty = component.component_type();
    let imports: Vec<String> = ty.imports(runtime.engine()).map(|(name, _)| name.to_owned()).collect();
    imports::interfaces(imports.iter().map(String::as_str))
}

/// The interfaces that a module must export, and whether this one lacks them.
fn exports(component: &Component, runtime: &WasmRuntime) -> [(&'static str, bool); 2] {
    let ty = component.component_type();
    let exports: Vec<String> = ty.exports(runtime.engine()).map(|(name, _)| name.to_owned()).collect();
    let has = |interface: &str| exports.iter().any(|name| name.starts_with(&format!("quorate:policy/{interface}@")));
    [("guest", !has("guest")), ("validator", !has("validator") && !has("mutator"))]
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
