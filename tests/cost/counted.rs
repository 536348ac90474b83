//! A runtime that counts what a guest executes: one for each wasm instruction, the same on every machine and in every run.
//! For these tests alone: the product counts CPU time, since counting instructions costs each call some tenths more.

use std::sync::OnceLock;
use std::time::Duration;

use kubernetes::admission::{Phase, Request};
use quorate_engine::{Binding, Policy, PolicyLimits, Prepared, RuntimeLimits, WasmRuntime};
use quorate_facts::PROVIDER;
use quorate_tests::{binding, block_on};
use serde_json::json;

/// One call of a guest.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) phase: Phase,
    pub(crate) request: Request,
    pub(crate) prepared: Prepared,
}

impl Call {
    /// What the engine counts as the input of a call.
    pub(crate) fn bytes(&self) -> usize {
        self.prepared.input_bytes(&self.request)
    }
}

/// The built-in policies.
pub(crate) fn policies() -> &'static [Policy] {
    static POLICIES: OnceLock<Vec<Policy>> = OnceLock::new();
    POLICIES.get_or_init(|| {
        let limits = RuntimeLimits { instances: 8, count_instructions: true, ..RuntimeLimits::default() };
        let runtime = WasmRuntime::new(limits, &PROVIDER).unwrap();
        let load = |module: &quorate_builtin::Module| {
            let limits = PolicyLimits { cpu: Duration::from_secs(60), ..PolicyLimits::default() };
            let binding = Binding { limits, ..binding(json!({})) };
            runtime.load(module.name, module.wasm, binding).unwrap()
        };
        quorate_builtin::modules().iter().map(load).collect()
    })
}

/// The instructions of one call in a fresh instance; none of a request that does not concern the policy; else why it came to no end.
pub(crate) fn cost(policy: &Policy, call: &Call) -> Result<u64, String> {
    if !policy.matches(call.phase, &call.request) {
        return Ok(0);
    }
    let said = block_on(policy.call(call.phase, &call.request, &call.prepared));
    said.map(|said| said.instructions.unwrap_or_default()).map_err(|error| format!("{error}"))
}
