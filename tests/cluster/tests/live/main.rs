//! Quorate installed, and real database nodes behind the Pods: verdicts by the membership as it is, and what they keep from being lost.
//! Each inner test runs in a network of its own.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests; a skipped test says so")]

mod asking;
mod authorized;
mod elections;
mod official_chart;
mod remedies;
mod secrets;
mod seed;
mod stopped;

use std::thread;

use quorate_cluster_tests::{Rqlited, Rqliteds, isolation, majors};

/// Runs an inner test, unless there is nothing to run it with.
fn with_rqlited(test: &str) {
    if Rqliteds::find_for(test).is_some() {
        isolation::run(test);
    }
}

/// The same on the newest of each major, beside each other.
fn on_each_major(show: impl Fn(&'static Rqlited) + Sync) {
    let show = &show;
    thread::scope(|scope| {
        for rqlited in majors() {
            scope.spawn(move || show(rqlited));
        }
    });
}
