//! Calls into the policies, without HTTP: one after the other, each in a fresh instance.
//! The time of one call is wall-clock time on one thread, which is close to its CPU time.

use std::hint::black_box;
use std::time::{Duration, Instant};

use kubernetes::admission::{Phase, Request};
use kubernetes::manifest::StatefulSet;
use quorate_engine::{BreakGlass, PolicySet};
use quorate_tests::{binding, nothing_known, runtime};
use rqlite::cluster::RqliteSet;
use serde_json::json;

use crate::BenchResult;
use crate::stats::Latency;

const WARM_UP: usize = 500;
const CALLS: usize = 5_000;

pub(crate) async fn report(review: &str) -> BenchResult<()> {
    println!("| In the process | calls/s | p50 | p99 |");
    println!("| --- | --- | --- | --- |");
    let decode = async || {
        let _ = black_box(Request::decode(black_box(review.as_bytes())));
    };
    row("envelope only", decode).await;
    for (title, only) in [("envelope and 1 policy", Some("quorum-guard")), ("envelope and 4 policies", None)] {
        let policies = builtin(only)?;
        let evaluate = async || {
            let Ok(request) = Request::decode(review.as_bytes()) else { return };
            black_box(policies.review(Phase::Validate, &request, &nothing_known()).await);
        };
        row(title, evaluate).await;
    }
    natively(review).await
}

/// What a guest does with one of the two objects, compiled for this machine: the floor of its part.
async fn natively(review: &str) -> BenchResult<()> {
    let request = Request::decode(review.as_bytes()).map_err(|error| error.to_string())?;
    let object = request.object.ok_or("a review without an object")?;
    let set: StatefulSet = object.decode()?;
    let decode = async || {
        let _ = black_box(black_box(&object).decode::<StatefulSet>());
    };
    row("one object decoded, natively", decode).await;
    let detect = async || {
        black_box(RqliteSet::detect(black_box(&set)));
    };
    row("one object recognised, natively", detect).await;
    Ok(())
}

/// The built-in policies, or one of them, with their defaults.
pub(crate) fn builtin(only: Option<&str>) -> BenchResult<PolicySet> {
    let modules = quorate_builtin::modules().iter().filter(|module| only.is_none_or(|only| module.name == only));
    let policies =
        modules.map(|module| runtime().load(module.name, module.wasm, binding(json!({})))).collect::<Result<_, _>>()?;
    Ok(PolicySet::new(policies, BreakGlass::default())?)
}

async fn row(title: &str, call: impl AsyncFn()) {
    for _ in 0..WARM_UP {
        call().await;
    }
    let mut durations = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let started = Instant::now();
        call().await;
        durations.push(started.elapsed());
    }
    let total: Duration = durations.iter().sum();
    let per_second = CALLS as f64 / total.as_secs_f64();
    let latency = Latency::of(durations);
    println!("| {title} | {per_second:.0} | {:.0} us | {:.0} us |", latency.p50, latency.p99);
}
