//! The wasm engine with its slots for instances and its clock of 1 ms ticks, and one call into a fresh instance.
//! Does not know what a policy is about, nor what its answer means.

mod memory;
mod meter;

use std::sync::Arc;
use std::thread::{self, Thread};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::component::{Component, Instance};
use wasmtime::{Engine, EngineWeak, Store, UpdateDeadline};

use crate::binding::PolicyLimits;
use crate::compiled::CompiledModules;
use crate::failure::PolicyFailure;
use crate::guest_state::{GuestState, OutOfTime};
use crate::host::Misuse;
use crate::module::Module;
use crate::provider::Provider;

pub use self::memory::Allocation;
use self::meter::Meter;

/// How often the clock ticks: the longest that a guest holds its thread, and how often its CPU time is looked at.
const TICK: Duration = Duration::from_millis(1);

/// How long the clock rests while no guest runs, unless one starts: an idle server need not wake up 1000 times a second.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// What one answer may take of the host's memory while it is lifted: a patch of 1 MiB and 64 findings fit three times.
/// Without a bound, a list whose items all point to the same 60 MiB would.
const MAX_LIFTED_BYTES: usize = 8 << 20;

/// How much of the process the runtime may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuntimeLimits {
    /// Guests that run at the same time; more wait. Each costs 4.2 GB of address space and no memory.
    pub instances: u32,
    /// The largest linear memory of a guest.
    pub memory_bytes: usize,
    /// Whether instructions of guests are counted, for tests and benches: it costs each call some tenths more.
    pub count_instructions: bool,
}

impl Default for RuntimeLimits {
    fn default() -> Self {
        Self { instances: 200, memory_bytes: 64 << 20, count_instructions: false }
    }
}

/// The wasm engine. Cheap to clone; one per process is enough.
#[derive(Clone)]
pub struct WasmRuntime {
    inner: Arc<RuntimeInner>,
}

struct RuntimeInner {
    engine: Engine,
    /// INVARIANT (slots): as many permits as the pool has instances, since the pool refuses instead of waiting.
    slots: Arc<Semaphore>,
    clock: Thread,
    allocation: Allocation,
    limits: RuntimeLimits,
    provider: &'static dyn Provider,
    compiled: Option<CompiledModules>,
}

/// The runtime could not be built.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the text of each variant says what it is, and names its fields")]
pub enum RuntimeError {
    #[error("the wasm engine cannot start on this system: {0}")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("no thread for the wasm engine's clock: {0}")]
    Clock(#[source] std::io::Error),
}

impl WasmRuntime {
    /// A runtime that compiles each module that it loads. Its guests may be granted the facts of this provider.
    ///
    /// # Errors
    /// As [`WasmRuntime::with_compiled`].
    pub fn new(limits: RuntimeLimits, provider: &'static dyn Provider) -> Result<Self, RuntimeError> {
        Self::with_compiled(limits, provider, None)
    }

    /// Reserves the instances' address space, if the system gives it, and starts the clock. What is found in `compiled` is not compiled again.
    ///
    /// # Errors
    /// When wasmtime cannot run on this system, or it gives no thread.
    pub fn with_compiled(
        limits: RuntimeLimits,
        provider: &'static dyn Provider,
        compiled: Option<CompiledModules>,
    ) -> Result<Self, RuntimeError> {
        let (engine, allocation) = memory::engine(limits)?;
        let slots = Arc::new(Semaphore::new(usize::try_from(limits.instances).unwrap_or(Semaphore::MAX_PERMITS)));
        let clock = start_clock(engine.weak(), slots.clone()).map_err(RuntimeError::Clock)?;
        Ok(Self { inner: Arc::new(RuntimeInner { engine, slots, clock, allocation, limits, provider, compiled }) })
    }

    /// How instances get their memory.
    pub fn allocation(&self) -> Allocation {
        self.inner.allocation
    }

    pub(crate) fn provider(&self) -> &'static dyn Provider {
        self.inner.provider
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn limits(&self) -> RuntimeLimits {
        self.inner.limits
    }

    pub(crate) fn compile(&self, wasm: &[u8]) -> wasmtime::Result<Component> {
        let RuntimeInner { engine, compiled, .. } = self.inner.as_ref();
        let Some(compiled) = compiled else { return Component::new(engine, wasm) };
        if let Some(component) = compiled.find(engine, wasm) {
            return Ok(component);
        }
        let component = Component::new(engine, wasm)?;
        compiled.store(engine, wasm, &component);
        Ok(component)
    }

    /// A fresh instance under `limits`, waiting for a free slot.
    pub(crate) async fn start<'m>(
        &'m self,
        module: &'m Module,
        state: GuestState,
        limits: &PolicyLimits,
    ) -> Result<RunningGuest<'m>, PolicyFailure> {
        let RuntimeInner { engine, slots, clock, .. } = self.inner.as_ref();
        let taken = slots.acquire().await;
        let slot = taken.map_err(|error| PolicyFailure::NotStarted { detail: error.to_string() })?;
        // INVARIANT (clock): woken after the slot is taken, so that it cannot look, see none, and rest.
        clock.unpark();
        let mut store = Store::new(engine, state);
        store.limiter(|state| state);
        store.set_hostcall_fuel(MAX_LIFTED_BYTES);
        if self.inner.limits.count_instructions {
            store.set_fuel(u64::MAX).map_err(not_started)?;
        }
        store.set_epoch_deadline(1);
        let meter = Meter::default();
        let (seen, most) = (meter.clone(), limits.cpu);
        store.epoch_deadline_callback(move |_| {
            if seen.at_tick() > most { Err(OutOfTime.into()) } else { Ok(UpdateDeadline::Yield(1)) }
        });
        match meter.of(module.instance.instantiate_async(&mut store)).await {
            Ok(instance) => Ok(RunningGuest { module, instance, store, meter, limits: *limits, _slot: slot }),
            Err(error) => Err(failure(&error, store.data(), limits).unwrap_or_else(|| not_started(error))),
        }
    }
}

/// One instance, for the calls of one review.
pub(crate) struct RunningGuest<'m> {
    pub(crate) module: &'m Module,
    pub(crate) instance: Instance,
    pub(crate) store: Store<GuestState>,
    /// Every call of the guest goes through it.
    pub(crate) meter: Meter,
    limits: PolicyLimits,
    _slot: SemaphorePermit<'m>,
}

impl RunningGuest<'_> {
    /// Instructions of wasm so far, where they are counted: the same on every machine.
    pub(crate) fn instructions(&self) -> Option<u64> {
        self.store.get_fuel().ok().map(|left| u64::MAX - left)
    }

    /// Names the way in which a call failed.
    pub(crate) fn result<R>(&self, called: wasmtime::Result<R>) -> Result<R, PolicyFailure> {
        called.map_err(|error| {
            failure(&error, self.store.data(), &self.limits).unwrap_or_else(|| {
                tracing::debug!(detail = %format!("{error:#}"), "a policy's answer cannot be lifted");
                PolicyFailure::bad_output("it does not follow the calling convention")
            })
        })
    }
}

fn not_started(error: wasmtime::Error) -> PolicyFailure {
    PolicyFailure::NotStarted { detail: format!("{error:#}") }
}

/// The failure that this error stands for, unless the guest ran to its end.
fn failure(error: &wasmtime::Error, state: &GuestState, limits: &PolicyLimits) -> Option<PolicyFailure> {
    if error.is::<OutOfTime>() {
        Some(PolicyFailure::OutOfTime { limit: limits.cpu })
    } else if let Some(misuse) = error.downcast_ref::<Misuse>() {
        Some(PolicyFailure::Misuse { what: misuse.to_string() })
    } else if state.was_refused_memory() {
        // A guest whose allocator got no memory usually traps by itself a moment later.
        Some(PolicyFailure::OutOfMemory { limit_bytes: limits.memory_bytes })
    } else if error.is::<wasmtime::Trap>() {
        Some(PolicyFailure::Trap { detail: format!("{error:#}") })
    } else {
        None
    }
}

/// Ticks while any slot is taken. Ends by itself when the last clone of the engine is gone.
fn start_clock(engine: EngineWeak, slots: Arc<Semaphore>) -> std::io::Result<Thread> {
    let all = slots.available_permits();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            // INVARIANT (clock): whoever starts after this look has left a wake-up, and parking returns at once.
            if slots.available_permits() == all {
                thread::park_timeout(IDLE_INTERVAL);
            } else {
                thread::sleep(TICK);
            }
        }
    };
    let clock = thread::Builder::new().name("policy-clock".to_owned()).spawn(tick)?;
    Ok(clock.thread().clone())
}
