//! Whether a watch holds: since when not, and how often it broke; and that as metrics, by kind.
//! Knows nothing of what is watched.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::runtime::watcher;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use tokio::time::Instant;
use tracing::{info, warn};

const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// The state of one watch, shared by who runs it and who reports it.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    what: &'static str,
    broken: Arc<Mutex<Option<Instant>>>,
    failures: Counter,
    /// Objects of which something is kept.
    pub(crate) kept: Gauge,
}

impl Watched {
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, broken: Arc::default(), failures: Counter::default(), kept: Gauge::default() }
    }

    pub(crate) fn holds(&self) {
        if let Some(since) = self.state().take() {
            info!(what = self.what, after = ?since.elapsed(), "watch holds again");
        }
    }

    pub(crate) fn broke(&self, error: &watcher::Error) {
        self.failures.inc();
        let mut broken = self.state();
        let since = *broken.get_or_insert_with(Instant::now);
        warn!(what = self.what, stale = ?since.elapsed(), %error, "watch broke; it is tried again");
    }

    /// How old what is known may be: nothing while the watch holds.
    pub(crate) fn stale(&self) -> Duration {
        self.state().map_or(Duration::ZERO, |since| since.elapsed())
    }

    #[cfg(test)]
    pub(crate) fn is_broken(&self) -> bool {
        self.state().is_some()
    }

    /// Before it is begun anew: ever longer while it stays broken.
    pub(crate) fn pause(&self) -> Duration {
        (self.stale() / 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How all watches stand, asked at each scrape.
#[derive(Debug)]
pub(crate) struct Watches(pub(crate) Vec<Watched>);

impl Collector for Watches {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let help = "Since when the watch of this kind is broken; zero while it holds";
        let mut ages = encoder.encode_descriptor("cluster_watch_stale_seconds", help, None, MetricType::Gauge)?;
        for watched in &self.0 {
            ConstGauge::new(watched.stale().as_secs_f64()).encode(ages.encode_family(&[("kind", watched.what)])?)?;
        }
        let help = "Objects of this kind of which something is kept";
        let mut kept = encoder.encode_descriptor("cluster_kept", help, None, MetricType::Gauge)?;
        for watched in &self.0 {
            ConstGauge::new(watched.kept.get()).encode(kept.encode_family(&[("kind", watched.what)])?)?;
        }
        let help = "How often the watch of this kind broke";
        let mut failures = encoder.encode_descriptor("cluster_watch_failures", help, None, MetricType::Counter)?;
        for watched in &self.0 {
            ConstCounter::new(watched.failures.get()).encode(failures.encode_family(&[("kind", watched.what)])?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn grows_stale_from_the_first_failure_until_it_holds_again() {
        let watched = Watched::new("StatefulSets");
        assert_eq!(watched.stale(), Duration::ZERO);
        watched.broke(&watcher::Error::NoResourceVersion);
        tokio::time::advance(Duration::from_secs(3)).await;
        watched.broke(&watcher::Error::NoResourceVersion);
        assert_eq!(watched.stale(), Duration::from_secs(3));
        assert_eq!(watched.failures.get(), 2);
        watched.holds();
        assert_eq!(watched.stale(), Duration::ZERO);
    }
}
