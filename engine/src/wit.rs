//! The host's side of `contract/policy.wit`, generated.
//! Knows types and calling conventions only; what a call means is decided in `host`.

wasmtime::component::bindgen!({
    path: "../contract/policy.wit",
    // A module is loaded by what it exports, so no world of the contract fits all: this one has every interface.
    inline: "
        package quorate:engine;
        world host {
            include quorate:policy/both@0.2.0;
            import quorate:policy/facts@0.2.0;
            import quorate:policy/time@0.2.0;
        }
    ",
    world: "quorate:engine/host",
    // A wrong call traps, and its error says what the author did wrong.
    imports: { default: trappable },
    // Guests run on fibers, so that one that takes long yields its thread each tick.
    exports: { default: async },
    with: {
        "quorate:policy/types.document": crate::host::DocumentHandle,
        "quorate:policy/verdicts.finding": crate::host::FindingHandle,
    },
});

pub(crate) use exports::quorate::policy::{guest, mutator, validator};
pub(crate) use quorate::policy::{edits, facts, kubernetes, log, request, time, types, verdicts};
