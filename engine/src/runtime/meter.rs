//! How much CPU time one call has used, by the clock of whichever thread runs it; by ticks, where a system has no such clock.
//! The clock of a thread also runs while a hypervisor holds its CPU back, for tens of milliseconds at once on a machine that is shared. So what
//! passes between two looks counts only as far as [`MOST_BETWEEN_LOOKS`].
//! Neither stops a call nor bounds how long it waits for a CPU: the runtime does the one, the request's deadline the other.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, DynamicClockId, clock_gettime_dynamic};

use super::TICK;

/// A guest that runs is looked at in each tick; later where the clock that ticks waits for a CPU itself.
const MOST_BETWEEN_LOOKS: Duration = TICK.saturating_mul(4);

/// The CPU time of one call, in all its polls. Clones are of the same call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    clocks: Arc<Clocks>,
}

/// Nanoseconds. One thread at a time polls a call, so that no stronger ordering is needed than the task's own.
#[derive(Debug, Default)]
struct Clocks {
    /// Up to the last poll's end.
    used: AtomicU64,
    /// Up to the last look.
    looked: AtomicU64,
    /// What the polling thread's clock would show if it had used up only what this call has: moved at each poll, since the next one may be
    /// another thread's.
    zero: AtomicU64,
}

impl Meter {
    /// Runs the call, and counts what each of its polls takes.
    pub(crate) async fn of<T>(&self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        poll_fn(|context| {
            self.start();
            let polled = call.as_mut().poll(context);
            self.stop();
            polled
        })
        .await
    }

    fn start(&self) {
        let used = self.clocks.used.load(Ordering::Relaxed);
        self.clocks.zero.store(now().unwrap_or(0).wrapping_sub(used), Ordering::Relaxed);
    }

    fn stop(&self) {
        self.clocks.used.store(self.nanoseconds(now()), Ordering::Relaxed);
    }

    /// At a tick, on the thread that runs the call: what it has used.
    pub(super) fn at_tick(&self) -> Duration {
        let now = now();
        if now.is_none() {
            // Without a clock the tick itself is what was used.
            self.clocks.zero.fetch_sub(nanoseconds(TICK), Ordering::Relaxed);
        }
        let (shown, before) = (self.nanoseconds(now), self.clocks.looked.load(Ordering::Relaxed));
        let used = shown.min(before.saturating_add(nanoseconds(MOST_BETWEEN_LOOKS)));
        self.clocks.zero.fetch_add(shown - used, Ordering::Relaxed);
        self.clocks.looked.store(used, Ordering::Relaxed);
        Duration::from_nanos(used)
    }

    fn nanoseconds(&self, now: Option<u64>) -> u64 {
        now.unwrap_or(0).wrapping_sub(self.clocks.zero.load(Ordering::Relaxed))
    }
}

/// CPU time of the calling thread, user and system.
fn now() -> Option<u64> {
    let time = clock_gettime_dynamic(DynamicClockId::Known(ClockId::ThreadCPUTime)).ok()?;
    Duration::try_from(time).ok().map(nanoseconds)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};
    use std::thread;

    use super::*;

    /// Keeps the calling thread busy until its clock has moved on by this.
    fn work(time: Duration) {
        let until = now().unwrap() + nanoseconds(time);
        while now().unwrap() < until {}
    }

    #[test]
    fn counts_what_each_thread_works_and_not_what_it_waits() {
        const EACH: Duration = Duration::from_millis(2);
        let meter = Meter::default();
        let seen = meter.clone();
        let mut polls = 0;
        let call = poll_fn(move |_| {
            polls += 1;
            work(EACH);
            let used = seen.at_tick();
            if polls == 2 { Poll::Ready(used) } else { Poll::Pending }
        });
        let mut call = Box::pin(async move { meter.of(call).await });
        // This thread has used other time before, and the second poll is another thread's.
        work(EACH);
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        work(EACH * 20);
        let used = thread::spawn(move || match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(used) => used,
            Poll::Pending => panic!("the second poll is the last"),
        });
        let used = used.join().unwrap();
        assert!(used >= EACH * 2 && used <= MOST_BETWEEN_LOOKS * 2, "{used:?}");
    }

    #[test]
    fn what_passes_between_two_looks_counts_so_far_and_no_further() {
        let meter = Meter::default();
        meter.start();
        work(MOST_BETWEEN_LOOKS * 3);
        assert_eq!(meter.at_tick(), MOST_BETWEEN_LOOKS);
        work(TICK);
        let used = meter.at_tick();
        assert!(used >= MOST_BETWEEN_LOOKS + TICK && used <= MOST_BETWEEN_LOOKS * 2, "{used:?}");
    }
}
