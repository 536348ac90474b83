//! What one more entry of a list costs: about what each one before it did, for every list that a manifest can have, every policy and every
//! operation. Counted in instructions, so that no clock is asked.
//! Says nothing of how much one entry costs.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up fails")]

mod calls;
mod fuel;
mod lists;

use std::thread;

use fuel::Call;
use lists::{LISTS, List};

/// The most that a test asks of one list.
const ENTRIES: usize = 2_000;

/// Twice the entries cost at most this many tenths as much: what sorts them, and what moves as it grows, takes somewhat more than twice.
const MOST_TENTHS: u64 = 24;

/// All calls with that many entries in the list.
fn of(list: &List, entries: usize) -> Vec<(String, Call)> {
    calls::all(|replicas| {
        let mut set = lists::base(replicas);
        (list.fill)(&mut set, entries);
        set
    })
}

/// What is against the list: the calls that twice the entries make more than twice as long.
fn against(list: &List) -> Vec<String> {
    let (half, whole) = (of(list, ENTRIES / 2), of(list, ENTRIES));
    let mut found = Vec::new();
    for policy in fuel::policies() {
        for ((name, half), (_, whole)) in half.iter().zip(&whole) {
            let what = || format!("{}, {name}, {}", list.name, policy.name);
            match (policy.cost(half), policy.cost(whole)) {
                (Ok(less), Ok(more)) if more * 10 <= less * MOST_TENTHS => {}
                (Ok(less), Ok(more)) => found.push(format!("{}: {less} instructions become {more}", what())),
                (Err(error), _) | (_, Err(error)) => found.push(format!("{}: {error}", what())),
            }
        }
    }
    found
}

#[test]
fn twice_the_entries_cost_twice() {
    let found: Vec<String> = thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || LISTS.iter().skip(first).step_by(threads).flat_map(against).collect()))
            .collect();
        workers.into_iter().flat_map(|worker| -> Vec<String> { worker.join().unwrap() }).collect()
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}
