//! Evictions that were admitted a moment ago: their pods count as terminating, though nothing that is watched says so yet.
//! Two drains at once would else each be told that all other voters are there.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quorate_engine::{Operation, Request};
use tokio::time::Instant;

/// Within this time the pod's deletion is stored and known to whoever watches.
const REMEMBERED: Duration = Duration::from_secs(10);
/// More evictions within that time are no drain; the oldest are forgotten.
const MOST: usize = 1024;

#[derive(Debug, Default)]
pub(crate) struct Evictions {
    admitted: Mutex<VecDeque<Admitted>>,
}

#[derive(Debug)]
struct Admitted {
    at: Instant,
    namespace: String,
    pod: String,
}

impl Evictions {
    /// From now on the pod of this request counts as terminating, if the request evicts one for real.
    pub(crate) fn admit(&self, request: &Request<'_>) {
        let Some((namespace, pod)) = evicted(request).filter(|_| !request.dry_run) else { return };
        let mut admitted = self.recent();
        if admitted.len() == MOST {
            admitted.pop_front();
        }
        admitted.push_back(Admitted { at: Instant::now(), namespace: namespace.to_owned(), pod: pod.to_owned() });
    }

    /// The pods in the namespace of this eviction that were evicted a moment ago; none for any other request.
    pub(crate) fn terminating(&self, request: &Request<'_>) -> Vec<String> {
        let Some((namespace, _)) = evicted(request) else { return Vec::new() };
        let admitted = self.recent();
        let here = admitted.iter().filter(|eviction| eviction.namespace == namespace);
        here.map(|eviction| eviction.pod.clone()).collect()
    }

    fn recent(&self) -> MutexGuard<'_, VecDeque<Admitted>> {
        let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
        while admitted.front().is_some_and(|eviction| eviction.at.elapsed() >= REMEMBERED) {
            admitted.pop_front();
        }
        admitted
    }
}

/// `pods/eviction`, as `kubectl drain` asks for it.
pub(crate) fn is_eviction(request: &Request<'_>) -> bool {
    request.operation == Operation::Create
        && request.resource.group.is_empty()
        && request.resource.resource == "pods"
        && request.sub_resource.as_deref() == Some("eviction")
}

/// Namespace and pod of an eviction.
fn evicted<'r>(request: &'r Request<'_>) -> Option<(&'r str, &'r str)> {
    let (namespace, name) = (request.namespace.as_deref()?, request.name.as_deref()?);
    is_eviction(request).then_some((namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eviction(pod: &str, dry_run: bool) -> String {
        format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"u-1",
            "kind":{{"group":"policy","version":"v1","kind":"Eviction"}},
            "resource":{{"group":"","version":"v1","resource":"pods"}},"subResource":"eviction","dryRun":{dry_run},
            "name":"{pod}","namespace":"db","operation":"CREATE","userInfo":{{}},"object":{{}}}}}}"#
        )
    }

    fn request(text: &str) -> Request<'_> {
        Request::decode(text.as_bytes()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_admitted_eviction_counts_for_ten_seconds() {
        let evictions = Evictions::default();
        let (first, second) = (eviction("rqlite-0", false), eviction("rqlite-1", false));
        evictions.admit(&request(&first));
        assert_eq!(evictions.terminating(&request(&second)), ["rqlite-0"]);
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(evictions.terminating(&request(&second)), ["rqlite-0"]);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(evictions.terminating(&request(&second)), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_dry_run_and_another_namespace_count_for_nothing() {
        let evictions = Evictions::default();
        evictions.admit(&request(&eviction("rqlite-0", true)));
        let elsewhere = eviction("rqlite-0", false).replace(r#""namespace":"db""#, r#""namespace":"other""#);
        evictions.admit(&request(&elsewhere));
        assert_eq!(evictions.terminating(&request(&eviction("rqlite-1", false))), Vec::<String>::new());
    }
}
