//! What one more entry of a list costs: about what each one before it did, for every list that a manifest can have, every policy and every
//! operation; and what 5,000 of them cost: half of the CPU time that a policy has. Counted in instructions, so that no clock is asked.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up fails")]

mod calls;
mod counted;
mod lists;

use std::thread;

use counted::{Call, cost};
use lists::{LISTS, List};
use quorate_engine::PolicyLimits;

/// The most that a test asks of one list.
const ENTRIES: usize = 5_000;

/// Twice the entries cost at most this many tenths as much: what sorts them, and what moves as it grows, takes somewhat more than twice.
const MOST_TENTHS: u64 = 24;

/// Of a guest's instructions, on the engine of the product, which counts none (here the counting takes most of the time): 252 million of `args of
/// several references` are evaluated within the 25 ms that `quorate review` gives them with `limits: {cpuMilliseconds: 25}`.
const PER_MICROSECOND: u64 = 7_000;

/// Half of what a server stops the call after.
fn half_the_budget(call: &Call) -> u64 {
    let cpu = PolicyLimits::default().for_input(call.bytes()).cpu;
    u64::try_from(cpu.as_micros()).unwrap() / 2 * PER_MICROSECOND
}

/// All calls with that many entries in the list.
fn of(list: &List, entries: usize) -> Vec<(String, Call)> {
    calls::all(|replicas| {
        let mut set = lists::base(replicas);
        (list.fill)(&mut set, entries);
        set
    })
}

/// What is against the list: the calls that twice the entries make more than twice as long, and those that take too much of the budget.
fn against(list: &List) -> Vec<String> {
    let (half, whole) = (of(list, ENTRIES / 2), of(list, ENTRIES));
    let mut found = Vec::new();
    for policy in counted::policies() {
        for ((name, half), (_, whole)) in half.iter().zip(&whole) {
            let what = || format!("{}, {name}, {}", list.name, policy.name());
            match (cost(policy, half), cost(policy, whole)) {
                (Ok(less), Ok(more)) => {
                    if more * 10 > less * MOST_TENTHS {
                        found.push(format!("{}: {less} instructions become {more}", what()));
                    }
                    let half = half_the_budget(whole);
                    let most = if list.fits { half } else { 2 * half };
                    if more > most {
                        found.push(format!("{}: {more} instructions, half of the budget are {half}", what()));
                    }
                }
                (Err(error), _) | (_, Err(error)) => found.push(format!("{}: {error}", what())),
            }
        }
    }
    found
}

#[test]
fn twice_the_entries_cost_twice_and_all_fit_the_budget() {
    let found: Vec<String> = thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || LISTS.iter().skip(first).step_by(threads).flat_map(against).collect()))
            .collect();
        workers.into_iter().flat_map(|worker| -> Vec<String> { worker.join().unwrap() }).collect()
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}
