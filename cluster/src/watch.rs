//! A watch: a list, then every change of it, and whether what it told may still be relied on.
//! Knows nothing of what is watched. That a connection which says nothing is alive, `client` asks: over one that does not answer, an open
//! watch ends with an error within seconds.
//!
//! kube's own `watcher` opens a watch again by itself and tells nobody; here a watch is broken from its end until it is open again.

use std::convert::Infallible;
use std::fmt::Debug;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::runtime::watcher::Event;
use kube::{Api, Error, Resource, ResourceExt};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info, warn};

/// What was last heard longer ago is unknown: pods come and go within seconds.
pub const STALE_AFTER: Duration = Duration::from_secs(10);

/// Between two attempts. With the longest that a request takes (`client`) it is less than the 10 s in which all is well again after the API
/// server is.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How often an open watch that tells nothing is looked at: one that nobody looked at, as in a process that was halted, is not open.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Objects of one answer to a list. kube's own default is 500; an answer has to come within seconds.
const PAGE: u32 = 250;

/// Servers end a watch after 290 s, kube's default, and send a bookmark each minute.
const LONGEST_SILENCE: Duration = Duration::from_secs(300);

/// How a watch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WatchHealth {
    /// Never open yet.
    New,
    Open,
    /// Open, and nobody has looked what came over it for so long.
    Stale(Duration),
    /// Ended so long ago, and not open again.
    Broken(Duration),
}

/// The state of one watch, shared by who runs it and who reports it. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct WatchHandle {
    what: &'static str,
    state: Arc<Mutex<WatchState>>,
    failures: Counter,
    /// Objects of which something is cached.
    pub(crate) cached: Gauge,
}

#[derive(Debug, Default)]
struct WatchState {
    /// When what came over the open watch was last looked at; None: it is not open.
    looked: Option<Instant>,
    /// When something last came over it; None: that was before its connection failed, nobody knows how long.
    heard: Option<Instant>,
    /// Since when it has not been open, once it was.
    broken: Option<Instant>,
    was_open: bool,
}

/// Why a watch has to be begun anew, with a list.
#[derive(Debug, thiserror::Error)]
enum WatchError {
    #[error(transparent)]
    Request(#[from] Error),
    #[error("nothing came for {} s", LONGEST_SILENCE.as_secs())]
    Silent,
}

impl WatchHandle {
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, state: Arc::default(), failures: Counter::default(), cached: Gauge::default() }
    }

    /// Whether what it told is known: it is open, or ended a moment ago and all had been heard by then.
    pub(crate) fn is_reliable(&self) -> bool {
        let state = self.state();
        state.looked.or(state.heard).is_some_and(|at| at.elapsed() <= STALE_AFTER)
    }

    /// Whether it ever was open, which comes after a whole list.
    pub(crate) fn was_open(&self) -> bool {
        self.state().was_open
    }

    pub(crate) fn health(&self) -> WatchHealth {
        let state = self.state();
        match (state.looked, state.broken) {
            (Some(looked), _) if looked.elapsed() <= STALE_AFTER => WatchHealth::Open,
            (Some(looked), _) => WatchHealth::Stale(looked.elapsed()),
            (None, Some(since)) => WatchHealth::Broken(since.elapsed()),
            (None, None) => WatchHealth::New,
        }
    }

    /// How old what is known may be: nothing while the watch is open.
    pub(crate) fn age(&self) -> Duration {
        match self.health() {
            WatchHealth::New | WatchHealth::Open => Duration::ZERO,
            WatchHealth::Stale(since) | WatchHealth::Broken(since) => since,
        }
    }

    /// For `/readyz`: what is not known, and why; nothing while all is.
    pub(crate) fn note(&self) -> Option<String> {
        let what = self.what;
        match self.health() {
            WatchHealth::New | WatchHealth::Open => None,
            WatchHealth::Stale(since) => Some(format!("{what}: the watch is stale for {} s", since.as_secs())),
            WatchHealth::Broken(since) => Some(format!("{what}: the watch is broken for {} s", since.as_secs())),
        }
    }

    /// Lists and watches, for ever. `fields` is a field selector. Whoever listens gets a list as a whole between `Init` and `InitDone`, again
    /// whenever the watch could not go on where it ended.
    pub(crate) async fn follow<K>(
        &self,
        api: Api<K>,
        fields: Option<String>,
        mut listen: impl FnMut(Event<K>),
    ) -> Infallible
    where
        K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
    {
        loop {
            let Err(error) = self.list_and_watch(&api, fields.clone(), &mut listen).await;
            self.broke(&error);
            sleep(self.pause()).await;
        }
    }

    async fn list_and_watch<K>(
        &self,
        api: &Api<K>,
        fields: Option<String>,
        listen: &mut impl FnMut(Event<K>),
    ) -> Result<Infallible, WatchError>
    where
        K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
    {
        let mut version = list(api, fields.clone(), listen).await?;
        let params = WatchParams { field_selector: fields, ..WatchParams::default() };
        loop {
            let mut events = pin!(api.watch(&params, &version).await?);
            let opened = Instant::now();
            self.opened();
            while let Some(event) = self.next(&mut events).await? {
                let (at, event) = match event? {
                    WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                        (object.resource_version(), Some(Event::Apply(object)))
                    }
                    WatchEvent::Deleted(object) => (object.resource_version(), Some(Event::Delete(object))),
                    WatchEvent::Bookmark(bookmark) => (Some(bookmark.metadata.resource_version), None),
                    WatchEvent::Error(status) => return Err(Error::Api(status).into()),
                };
                version = at.unwrap_or(version);
                if let Some(event) = event {
                    listen(event);
                }
            }
            self.ended();
            // A server that ends each watch at once is not asked in a loop.
            sleep_until(opened + SHORTEST_PAUSE).await;
        }
    }

    /// None: it has ended, as it does every few minutes.
    async fn next<T>(&self, events: &mut (impl Stream<Item = T> + Unpin)) -> Result<Option<T>, WatchError> {
        let from = Instant::now();
        while from.elapsed() < LONGEST_SILENCE {
            if let Ok(event) = timeout(CHECK_INTERVAL, events.next()).await {
                if event.is_some() {
                    self.heard();
                }
                return Ok(event);
            }
            self.looked();
        }
        Err(WatchError::Silent)
    }

    /// It is open: all up to now is known, or will be told.
    fn opened(&self) {
        let now = Instant::now();
        let mut state = self.state();
        (state.looked, state.heard, state.was_open) = (Some(now), Some(now), true);
        if let Some(since) = state.broken.take() {
            let after = since.elapsed();
            if after < CHECK_INTERVAL {
                debug!(what = self.what, "watch goes on");
            } else {
                info!(what = self.what, ?after, "watch holds again");
            }
        }
    }

    fn heard(&self) {
        let now = Instant::now();
        let mut state = self.state();
        (state.looked, state.heard) = (Some(now), Some(now));
    }

    fn looked(&self) {
        let mut state = self.state();
        if let Some(looked) = state.looked.replace(Instant::now()).filter(|looked| looked.elapsed() > STALE_AFTER) {
            warn!(what = self.what, stale = ?looked.elapsed(), "watch was not looked at for some time");
        }
    }

    /// By the server, in its time: it goes on where it ended.
    fn ended(&self) {
        let mut state = self.state();
        state.looked = None;
        state.broken.get_or_insert_with(Instant::now);
    }

    fn broke(&self, error: &WatchError) {
        self.failures.inc();
        let mut state = self.state();
        (state.looked, state.heard) = (None, None);
        let since = *state.broken.get_or_insert_with(Instant::now);
        warn!(what = self.what, broken = ?since.elapsed(), %error, "watch broke; it is tried again");
    }

    /// Before it is begun anew: ever longer while it stays broken.
    fn pause(&self) -> Duration {
        (self.age() / 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
    }

    fn state(&self) -> MutexGuard<'_, WatchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All objects, page by page; gives the version from which a watch goes on.
async fn list<K>(api: &Api<K>, fields: Option<String>, listen: &mut impl FnMut(Event<K>)) -> Result<String, Error>
where
    K: Clone + Debug + DeserializeOwned,
{
    let mut params = ListParams { field_selector: fields, limit: Some(PAGE), ..ListParams::default() };
    listen(Event::Init);
    loop {
        let page = api.list(&params).await?;
        page.items.into_iter().map(Event::InitApply).for_each(&mut *listen);
        params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
        if params.continue_token.is_none() {
            listen(Event::InitDone);
            return Ok(page.metadata.resource_version.unwrap_or_default());
        }
    }
}

/// How all watches stand, asked at each scrape.
#[derive(Debug)]
pub(crate) struct WatchCollector(pub(crate) Vec<WatchHandle>);

impl Collector for WatchCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let help = "Since when the watch of this kind is stale or broken; zero while it is open";
        let mut ages = encoder.encode_descriptor("cluster_watch_stale_seconds", help, None, MetricType::Gauge)?;
        for watched in &self.0 {
            ConstGauge::new(watched.age().as_secs_f64()).encode(ages.encode_family(&[("kind", watched.what)])?)?;
        }
        let help = "Objects of this kind of which something is kept";
        let mut cached = encoder.encode_descriptor("cluster_kept", help, None, MetricType::Gauge)?;
        for watched in &self.0 {
            ConstGauge::new(watched.cached.get()).encode(cached.encode_family(&[("kind", watched.what)])?)?;
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
pub(crate) mod tests {
    use tokio::time::advance;

    use super::*;

    impl WatchHandle {
        /// As after a list and the opening of its watch.
        pub(crate) fn open_for_a_test(&self) {
            self.opened();
        }

        pub(crate) fn break_for_a_test(&self) {
            self.broke(&WatchError::Silent);
        }
    }

    fn open() -> WatchHandle {
        let watched = WatchHandle::new("StatefulSets");
        assert!(!watched.is_reliable() && !watched.was_open());
        watched.opened();
        assert!(watched.is_reliable() && watched.was_open());
        watched
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_fails_tells_nothing_until_it_is_open_again() {
        let watched = open();
        watched.broke(&WatchError::Silent);
        advance(Duration::from_secs(3)).await;
        watched.broke(&WatchError::Silent);
        assert!(!watched.is_reliable());
        assert_eq!((watched.health(), watched.failures.get()), (WatchHealth::Broken(Duration::from_secs(3)), 2));
        assert_eq!(watched.note().as_deref(), Some("StatefulSets: the watch is broken for 3 s"));
        watched.opened();
        assert!(watched.is_reliable());
        assert_eq!((watched.health(), watched.age(), watched.note()), (WatchHealth::Open, Duration::ZERO, None));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_ends_in_its_time_tells_for_ten_seconds_from_what_came_last() {
        let watched = open();
        advance(Duration::from_secs(4)).await;
        watched.ended();
        assert_eq!(watched.health(), WatchHealth::Broken(Duration::ZERO));
        advance(STALE_AFTER - Duration::from_secs(4)).await;
        assert!(watched.is_reliable());
        advance(Duration::from_millis(1)).await;
        assert!(!watched.is_reliable());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_nobody_looks_at_is_stale() {
        let watched = open();
        advance(STALE_AFTER + Duration::from_secs(1)).await;
        assert!(!watched.is_reliable());
        assert_eq!(watched.note().as_deref(), Some("StatefulSets: the watch is stale for 11 s"));
        watched.looked();
        assert_eq!(watched.health(), WatchHealth::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_looked_at_while_nothing_comes_but_not_for_ever() {
        let watched = open();
        let mut nothing = futures_util::stream::pending::<()>();
        let silent = async { watched.next(&mut nothing).await };
        let mut silent = pin!(silent);
        assert!(timeout(STALE_AFTER * 3, silent.as_mut()).await.is_err());
        assert!(watched.is_reliable());
        assert!(matches!(silent.await, Err(WatchError::Silent)));
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_come_at_most_two_seconds_apart() {
        let watched = open();
        watched.broke(&WatchError::Silent);
        assert_eq!(watched.pause(), SHORTEST_PAUSE);
        advance(Duration::from_secs(3600)).await;
        assert_eq!(watched.pause(), LONGEST_PAUSE);
    }
}
