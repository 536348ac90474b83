//! What one more entry of a list costs: about what each one before it did, for every list that a manifest can have, every policy and every
//! operation; and that 5,000 of them are judged in half of the time that a call has. Counted in instructions, so that no clock is asked.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up fails")]

mod calls;
mod fuel;
mod lists;

use std::thread;

use fuel::Call;
use lists::{LISTS, List};
use quorate_engine::PolicyLimits;

/// The most that a test asks of one list.
const ENTRIES: usize = 5_000;

/// Twice the entries cost at most this many tenths as much: what sorts them, and what moves as it grows, takes somewhat more than twice.
const MOST_TENTHS: u64 = 24;

/// As in `engine::binding`: each begun share of the input has the configured CPU time.
const SHARE_BYTES: usize = 256 << 10;

/// What half a core of a small machine does at least.
const INSTRUCTIONS_PER_MILLISECOND: u64 = 1_000_000;

/// All calls with that many entries in the list.
fn of(list: &List, entries: usize) -> Vec<(String, Call)> {
    calls::all(|replicas| {
        let mut set = lists::base(replicas);
        (list.fill)(&mut set, entries);
        set
    })
}

/// What is against the list: by how much its calls cost more than they may.
fn against(list: &List) -> Vec<String> {
    let half_of_a_share =
        u64::try_from(PolicyLimits::default().cpu.as_millis()).unwrap() / 2 * INSTRUCTIONS_PER_MILLISECOND;
    let (half, whole) = (of(list, ENTRIES / 2), of(list, ENTRIES));
    let mut found = Vec::new();
    for policy in fuel::policies() {
        for ((name, half), (_, whole)) in half.iter().zip(&whole) {
            let what = || format!("{}, {name}, {}", list.name, policy.name);
            let (less, more) = match (policy.cost(half), policy.cost(whole)) {
                (Ok(less), Ok(more)) => (less, more),
                (Err(error), _) | (_, Err(error)) => {
                    found.push(format!("{}: {error}", what()));
                    continue;
                }
            };
            if more * 10 > less * MOST_TENTHS {
                found.push(format!("{}: {less} instructions become {more}", what()));
            }
            let shares = u64::try_from(whole.input_bytes() / SHARE_BYTES).unwrap() + 1;
            if more > half_of_a_share * shares {
                found.push(format!("{}: {more} instructions for {} bytes", what(), whole.input_bytes()));
            }
        }
    }
    found
}

#[test]
fn twice_the_entries_cost_twice_and_all_are_judged_in_half_of_the_time() {
    let found: Vec<String> = thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || LISTS.iter().skip(first).step_by(threads).flat_map(against).collect()))
            .collect();
        workers.into_iter().flat_map(|worker| -> Vec<String> { worker.join().unwrap() }).collect()
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}
