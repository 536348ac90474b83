//! Percentiles of measured durations.
//! Measures nothing.

use std::time::Duration;

/// Microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Latency {
    /// Zero for no durations at all.
    pub(crate) fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        let at = |percent: usize| {
            let index = durations.len().saturating_sub(1) * percent / 100;
            durations.get(index).map_or(0.0, |duration| duration.as_secs_f64() * 1e6)
        };
        Self { p50: at(50), p99: at(99) }
    }
}
