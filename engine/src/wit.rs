//! The host's side of `policies/wit`, generated.
//! Knows types and calling conventions only; what a verdict means is decided elsewhere.

wasmtime::component::bindgen!({
    path: "../policies/wit",
    world: "policy",
    // Guests run on fibers, so that one that takes long yields its thread each tick.
    exports: { default: async },
    additional_derives: [PartialEq],
});

pub(crate) use quorate::policy::types;
