//! An engine that counts what a guest executes: wasmtime's fuel, one for each wasm instruction, the same on every machine and in every run.
//! For these tests alone: the product counts CPU time, since fuel costs each call some tenths more.

use std::sync::OnceLock;

use quorate_builtin::Module;
use quorate_engine::PolicyLimits;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine, OptLevel, Store, StoreLimits, StoreLimitsBuilder};

wasmtime::component::bindgen!({ path: "../policies/wit", world: "policy" });

pub(crate) use quorate::policy::types::{Operation, ParentState, Phase};

/// What a guest is given beside its arguments: facts, and as much memory as a server gives it.
struct GuestState {
    facts: &'static str,
    limits: StoreLimits,
}

impl quorate::policy::rqlite::Host for GuestState {
    fn facts(&mut self) -> String {
        self.facts.to_owned()
    }
}

/// A policy, compiled to count.
pub(crate) struct Counted {
    pub(crate) name: &'static str,
    guest: PolicyPre<GuestState>,
}

/// One call of a guest.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) envelope: Envelope,
    pub(crate) documents: Documents,
    pub(crate) facts: &'static str,
}

impl Call {
    /// What the engine counts as the input of a call.
    pub(crate) fn bytes(&self) -> usize {
        let Documents { object, old_object, parent, .. } = &self.documents;
        let texts = object.iter().chain(old_object).chain(parent).flatten();
        texts.map(String::len).sum::<usize>() + self.facts.len()
    }
}

/// The built-in policies.
pub(crate) fn policies() -> &'static [Counted] {
    static POLICIES: OnceLock<Vec<Counted>> = OnceLock::new();
    POLICIES.get_or_init(|| {
        let mut config = Config::new();
        config.consume_fuel(true).cranelift_opt_level(OptLevel::Speed);
        let engine = Engine::new(&config).unwrap();
        quorate_builtin::modules().iter().map(|module| Counted::of(&engine, module)).collect()
    })
}

impl Counted {
    fn of(engine: &Engine, module: &Module) -> Self {
        let component = Component::new(engine, module.wasm).unwrap();
        let mut linker = Linker::new(engine);
        quorate::policy::rqlite::add_to_linker::<_, HasSelf<GuestState>>(&mut linker, |state| state).unwrap();
        let guest = PolicyPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
        Counted { name: module.name, guest }
    }

    /// The instructions of one call in a fresh instance; else why it came to no end.
    pub(crate) fn cost(&self, call: &Call) -> Result<u64, String> {
        let memory = PolicyLimits::default().memory_bytes;
        let limits = StoreLimitsBuilder::new().memory_size(memory).trap_on_grow_failure(true).build();
        let mut store = Store::new(self.guest.engine(), GuestState { facts: call.facts, limits });
        store.limiter(|state| &mut state.limits);
        store.set_fuel(u64::MAX).unwrap();
        let guest = self.guest.instantiate(&mut store).unwrap();
        let called = guest.call_review(&mut store, &call.envelope, &call.documents, "{}");
        called.map_err(|error| format!("{error:#}"))?;
        Ok(u64::MAX - store.get_fuel().unwrap())
    }
}
