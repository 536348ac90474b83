//! Objects that a watch has seen go, by uid, for some time: one that it does not know may else be one that it does not know *yet*.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// Longer than anybody reserves a pod.
const REMEMBERED: Duration = Duration::from_secs(120);

#[derive(Debug, Default)]
pub(crate) struct Gone(HashMap<String, Instant>);

impl Gone {
    pub(crate) fn note(&mut self, uid: &str) {
        self.0.retain(|_, since| since.elapsed() < REMEMBERED);
        self.0.insert(uid.to_owned(), Instant::now());
    }

    pub(crate) fn has(&self, uid: &str) -> bool {
        self.0.contains_key(uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn is_remembered_for_two_minutes() {
        let mut gone = Gone::default();
        gone.note("u1");
        tokio::time::advance(REMEMBERED).await;
        assert!(gone.has("u1") && !gone.has("u2"));
        gone.note("u2");
        assert!(!gone.has("u1") && gone.has("u2"));
    }
}
