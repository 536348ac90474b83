//! What the tests that cross crates share: the built-in policies loaded, upstream's recordings found.
//! Holds no assertion about a verdict.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up fails")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

pub mod client;
pub mod guest;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use kubernetes::admission::Request;
use kubernetes::related::{Reason, Related};
use quorate_builtin::Module;
use quorate_engine::{
    Binding, BreakGlass, Policy, PolicyLimits, PolicySet, Prepared, Review, RuntimeLimits, WasmRuntime,
};
use quorate_facts::{PROVIDER, found, prepared_from_text};
use serde_json::{Value, json};

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).expect("tests/ stands in the workspace")
}

/// Real upstream input: `QUORATE_UPSTREAM`, else `shared/upstream` beside the workspace. Says loudly when there is none.
pub fn upstream() -> Option<PathBuf> {
    let named = std::env::var_os("QUORATE_UPSTREAM").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| workspace().join("../shared/upstream"));
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no upstream input at {}; set QUORATE_UPSTREAM to a folder that has it", folder.display());
    None
}

/// One runtime for a test binary: compiled components are shared.
pub fn runtime() -> &'static WasmRuntime {
    static RUNTIME: OnceLock<WasmRuntime> = OnceLock::new();
    RUNTIME.get_or_init(|| WasmRuntime::new(RuntimeLimits::default(), &PROVIDER).expect("the runtime starts"))
}

/// What a built-in policy gets by default: enforced, with everything that it asks for. With time to spare: what a limit does is shown in
/// `engine`, and the verdicts of all other tests must not depend on how busy the machine is.
pub fn binding(settings: Value) -> Binding {
    let limits = PolicyLimits { cpu: Duration::from_secs(1), ..PolicyLimits::default() };
    Binding { settings, grants: None, limits, ..Binding::default() }
}

/// The four built-in policies with their defaults.
pub fn builtin() -> &'static PolicySet {
    static SET: OnceLock<PolicySet> = OnceLock::new();
    SET.get_or_init(|| builtin_with(|_| binding(json!({})), BreakGlass::default()))
}

/// The built-in policies, each bound as the function says for its name. Compiled once.
pub fn builtin_with(bind: impl Fn(&str) -> Binding, break_glass: BreakGlass) -> PolicySet {
    static LOADED: OnceLock<Vec<Policy>> = OnceLock::new();
    let load =
        |module: &Module| runtime().load(module.name, module.wasm, binding(json!({}))).expect("a built-in loads");
    let loaded = LOADED.get_or_init(|| quorate_builtin::modules().iter().map(load).collect());
    let bound = |policy: &Policy| policy.with_binding(policy.name(), bind(policy.name())).expect("a binding that fits");
    PolicySet::new(loaded.iter().map(bound).collect(), break_glass).expect("built-in names are unique")
}

/// What both phases together say of an AdmissionReview.
pub fn evaluate(set: &PolicySet, review: &Value, related: &Related<Value>, facts: &str) -> Review {
    let bytes = review.to_string();
    let request = Request::decode(bytes.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let prepared = prepared_from_text(&request, &related.and_then(|object| found(&object.to_string())), facts);
    block_on(set.mutate_then_validate(&request, &prepared))
}

/// Nothing stands behind the request, and nothing else is known.
pub fn nothing_known() -> Prepared {
    Prepared::default()
}

/// The same with these facts.
pub fn knowing(request: &Request, facts: &str) -> Prepared {
    prepared_from_text(request, &Related::Unknown(Reason::NothingBehind), facts)
}

/// What stands behind a request that stands for itself.
pub const NOTHING_BEHIND: Related<Value> = Related::Unknown(Reason::NothingBehind);

/// Runs a future to its end on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future)
}

/// The StatefulSets of a manifest file with several documents.
pub fn stateful_sets(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).expect("a readable manifest");
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).expect("a YAML manifest");
    documents.into_iter().filter(|document| document["kind"] == "StatefulSet").collect()
}

/// Every StatefulSet of upstream's manifests and rendered charts, with its file's name; empty, and said so, without upstream.
pub fn upstream_sets() -> Vec<(String, Value)> {
    let Some(upstream) = upstream() else { return Vec::new() };
    let folders = ["manifests", "chart-2.0.0"].map(|folder| upstream.join(folder));
    let mut files: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("a readable folder"))
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    files.sort();
    let name = |file: &Path| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    files.iter().flat_map(|file| stateful_sets(file).into_iter().map(|set| (name(file), set))).collect()
}
