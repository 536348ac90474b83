//! How long a review may take, from the `?timeout=` that the API server sends with each request.
//! Does not stop anything; who waits asks it.

use std::time::Duration;

use tokio::time::Instant;

/// kube-apiserver's default `timeoutSeconds`, for clients that do not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest `timeoutSeconds` that Kubernetes accepts.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);
/// A tenth is kept for the way back: an answer that comes too late is a failed call.
const MARGIN: u32 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    /// From the arrival of the request to `at`.
    pub(crate) budget: Duration,
}

impl Deadline {
    pub(crate) fn of(query: Option<&str>, arrived: Instant) -> Self {
        let timeout = query
            .into_iter()
            .flat_map(|query| query.split('&'))
            .filter_map(|pair| pair.strip_prefix("timeout="))
            .find_map(parse)
            .unwrap_or(DEFAULT_TIMEOUT)
            .min(LONGEST_TIMEOUT);
        let budget = timeout - timeout / MARGIN;
        Self { at: arrived + budget, budget }
    }
}

/// Whole seconds or milliseconds, as Go writes them: `5s`, `500ms`.
fn parse(text: &str) -> Option<Duration> {
    let number = |text: &str| text.parse::<u32>().ok().map(u64::from);
    text.strip_suffix("ms")
        .and_then(number)
        .map(Duration::from_millis)
        .or_else(|| text.strip_suffix('s').and_then(number).map(Duration::from_secs))
        .filter(|timeout| !timeout.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn budget(query: Option<&str>, milliseconds: u64) {
        let arrived = Instant::now();
        let deadline = Deadline::of(query, arrived);
        assert_eq!(deadline.budget, Duration::from_millis(milliseconds));
        assert_eq!(deadline.at, arrived + deadline.budget);
    }

    #[test]
    fn keeps_a_tenth_of_what_the_api_server_grants() {
        budget(Some("timeout=5s"), 4_500);
        budget(Some("a=b&timeout=500ms"), 450);
    }

    #[test]
    fn takes_the_default_where_none_is_given_or_it_cannot_be_read() {
        for query in [None, Some(""), Some("timeout="), Some("timeout=-1s"), Some("timeout=1h"), Some("timeout=0s")] {
            budget(query, 9_000);
        }
    }

    #[test]
    fn never_exceeds_what_kubernetes_allows() {
        budget(Some("timeout=4000000000s"), 27_000);
        budget(Some("timeout=99999999999999999999s"), 9_000);
    }
}
