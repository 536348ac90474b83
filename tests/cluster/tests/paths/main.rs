//! Every path to a change of an rqlite set, through the installed webhook, on a real API server: what is said, and what is stored.
//! What a verdict rests on in detail is tested in the policies' cases; here it is that no path goes around it.

mod break_glass;
mod deletion;
mod eviction;
mod mutation;
mod scaling;
mod updates;

use std::sync::OnceLock;

use quorate_cluster_tests::{ControlPlane, Namespace, Output, Quorate, manifests};

/// One installation for all tests here, denying, with a group that may use break-glass.
fn quorate() -> &'static Quorate<'static> {
    static QUORATE: OnceLock<Quorate<'static>> = OnceLock::new();
    QUORATE.get_or_init(|| {
        let installer = Quorate::installer(ControlPlane::shared()).set("config.breakGlass.groups={sre}");
        installer.install()
    })
}

/// Three voters, ready and known, in a namespace of their own.
#[track_caller]
fn voters(test: &str) -> Namespace<'static> {
    voters_of(test, 3)
}

#[track_caller]
fn voters_of(test: &str, count: u32) -> Namespace<'static> {
    let quorate = quorate();
    let namespace = quorate.plane().namespace(test);
    namespace.apply(&manifests::rqlite("rqlite", count)).ok();
    namespace.await_ready("rqlite", i64::from(count));
    quorate.await_known(&namespace, "rqlite");
    namespace
}

/// Refused by us, as 403, by this rule and in these words; never in words that make a tool delete the object.
#[track_caller]
fn denied(output: Output, rule: &str, words: &str) {
    let refusal = output.refused();
    assert!(refusal.contains("(Forbidden)") && refusal.contains("denied the request"), "{refusal}");
    assert!(refusal.contains(&format!("{rule}: ")) && refusal.contains(words), "{refusal}");
    assert!(!refusal.contains("immutable"), "{refusal}");
}

/// Passed, with a warning of this rule.
#[track_caller]
fn warned(output: Output, rule: &str) {
    let output = output.ok();
    assert!(output.stderr.contains(&format!("Warning: {rule}: ")), "{}", output.stderr);
}

/// Passed, and nothing was said.
#[track_caller]
fn passed(output: Output) {
    let output = output.ok();
    assert_eq!(output.stderr, "", "{}", output.command);
}
