//! Objects that a watch has seen go, by uid, for some time: one that it does not know may else be one that it does not know *yet*.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// Longer than anybody reserves a pod.
const REMEMBERED_FOR: Duration = Duration::from_secs(120);

#[derive(Debug, Default)]
pub(crate) struct DeletedObjects(HashMap<String, Instant>);

impl DeletedObjects {
    pub(crate) fn note(&mut self, uid: &str) {
        self.0.retain(|_, since| since.elapsed() < REMEMBERED_FOR);
        self.0.insert(uid.to_owned(), Instant::now());
    }

    pub(crate) fn contains(&self, uid: &str) -> bool {
        self.0.contains_key(uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn is_remembered_for_two_minutes() {
        let mut gone = DeletedObjects::default();
        gone.note("u1");
        tokio::time::advance(REMEMBERED_FOR).await;
        assert!(gone.contains("u1") && !gone.contains("u2"));
        gone.note("u2");
        assert!(!gone.contains("u1") && gone.contains("u2"));
    }
}
