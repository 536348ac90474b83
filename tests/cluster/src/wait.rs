//! Waiting for what a cluster does in its own time: poll, with a limit and the last thing seen.
//! Sleeps the thread; a test that uses tokio waits in `spawn_blocking` or simply blocks.

use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes, on the slowest machine.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// Asks until the answer is `Ok`; panics with the last reason when [`TIMEOUT`] ends.
#[track_caller]
pub fn eventually<T, E: Display>(what: &str, ask: impl FnMut() -> Result<T, E>) -> T {
    within(TIMEOUT, what, ask)
}

/// `eventually` with a limit of its own.
#[track_caller]
pub fn within<T, E: Display>(limit: Duration, what: &str, mut ask: impl FnMut() -> Result<T, E>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(reason) if Instant::now() > deadline => panic!("{limit:?} were not enough for {what}: {reason}"),
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// Runs a future to its end on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future)
}
