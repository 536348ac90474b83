//! The pod of an eviction as the API server has it now, set against what the watch has told of it.
//! Asks nobody.

use rqlite::facts::Pod;

/// Of its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EvictedPod {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) terminating: bool,
}

impl EvictedPod {
    /// Of another pod under that name nothing else is known; of the same one only that it may be terminating by now.
    pub(crate) fn correct(self, pods: &mut Option<Vec<Pod>>) {
        let Some(pods) = pods else { return };
        let Self { name, uid, terminating } = self;
        match pods.iter_mut().find(|pod| pod.name == name) {
            Some(pod) if pod.uid.as_ref() == Some(&uid) => pod.terminating |= terminating,
            Some(pod) => *pod = Pod { name, uid: Some(uid), terminating, ..Pod::default() },
            None => pods.push(Pod { name, uid: Some(uid), terminating, ..Pod::default() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evicted(uid: &str, terminating: bool) -> EvictedPod {
        EvictedPod { name: "rqlite-0".to_owned(), uid: uid.to_owned(), terminating }
    }

    fn known(uid: &str, terminating: bool) -> Option<Vec<Pod>> {
        let uid = Some(uid.to_owned());
        Some(vec![Pod { name: "rqlite-0".to_owned(), uid, ready: Some(true), terminating, ..Pod::default() }])
    }

    #[track_caller]
    fn corrected(by: EvictedPod, mut pods: Option<Vec<Pod>>, expected: (Option<bool>, bool)) {
        by.correct(&mut pods);
        let pods = pods.unwrap();
        assert_eq!(pods.iter().map(|pod| (pod.ready, pod.terminating)).collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn the_same_pod_is_terminating_by_now() {
        corrected(evicted("u1", true), known("u1", false), (Some(true), true));
        corrected(evicted("u1", false), known("u1", true), (Some(true), true));
    }

    #[test]
    fn of_its_successor_nothing_else_is_known() {
        corrected(evicted("u2", false), known("u1", true), (None, false));
        corrected(evicted("u2", false), Some(Vec::new()), (None, false));
    }

    #[test]
    fn unknown_pods_stay_unknown() {
        let mut pods = None;
        evicted("u1", false).correct(&mut pods);
        assert_eq!(pods, None);
    }
}
