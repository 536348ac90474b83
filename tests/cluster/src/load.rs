//! Load on the API server of which every request goes through the webhook: dry runs of scaling one set, as fast as the answers come or with
//! a pause between them.
//! Counts what became of them; says nothing of how fast.

use std::time::Duration;

use hyper::Method;
use serde_json::json;

use crate::namespace::Namespace;
use crate::requests::{ApiRequest, RequestResult, Requests};

/// What became of the requests so far.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Scaling to one less than it has: admitted.
    pub admitted: usize,
    /// Scaling to one: refused by a policy.
    pub denied: usize,
    /// Scaling to one, and it passed.
    pub passed: usize,
    /// Neither: a call that failed, or any other error; what was said.
    pub failed: Vec<String>,
}

/// Load that runs until it is stopped.
#[derive(Debug)]
pub struct Load(Requests);

impl Load {
    /// That many requests at a time, on a set of three voters; every other one is to be denied.
    #[must_use]
    pub fn start(namespace: &Namespace<'_>, set: &str, concurrency: usize) -> Self {
        Self::paced(namespace, set, concurrency, Duration::ZERO)
    }

    /// The same, each with a pause behind every answer.
    #[must_use]
    pub fn paced(namespace: &Namespace<'_>, set: &str, concurrency: usize, pause: Duration) -> Self {
        let path = format!("/apis/apps/v1/namespaces/{}/statefulsets/{set}/scale?dryRun=All", namespace.name());
        let scale = move |turn| ApiRequest {
            method: Method::PATCH,
            path: path.clone(),
            body: json!({ "spec": { "replicas": replicas(turn) } }),
        };
        Self(Requests::start(namespace.plane(), concurrency, pause, scale))
    }

    /// So far.
    pub fn counts(&self) -> Counts {
        Counts::of(self.0.outcomes())
    }

    /// Waits until so many more requests were answered.
    #[track_caller]
    pub fn go_on_for(&self, requests: usize) {
        self.0.go_on_for(requests);
    }

    /// Ends it and gives the sum.
    #[must_use]
    pub fn stop(self) -> Counts {
        Counts::of(self.0.stop())
    }
}

/// What is asked for, in turn.
fn replicas(turn: usize) -> usize {
    2 - turn % 2
}

impl Counts {
    fn of(outcomes: Vec<RequestResult>) -> Self {
        let mut counts = Self::default();
        for (turn, outcome) in outcomes {
            match outcome {
                Ok(answer) if answer.status == 200 && replicas(turn) == 2 => counts.admitted += 1,
                Ok(answer) if answer.status == 200 => counts.passed += 1,
                Ok(answer) if replicas(turn) == 1 && answer.message().contains("quorum-guard/scale-below-quorum") => {
                    counts.denied += 1;
                }
                Ok(answer) => counts.failed.push(format!("{} {}", answer.status, answer.message())),
                Err(error) => counts.failed.push(error),
            }
        }
        counts
    }
}
