//! Whether the pods of a set can start at all: one after the other, or together.
//! Not what becomes of a cluster whose pods do start.

use crate::cluster::RqliteSet;
use crate::role::Role;
use crate::value::Value;
use crate::version::Version;
use kubernetes::manifest::{Probe, StatefulSet};

/// `/readyz?noleader` answers without a leader since this release; older ones ignore the word (rqlite's CHANGELOG).
const NOLEADER: Version = Version::new(7, 2, 0);

/// Voters that start one after the other, each only when the one before it is ready, and are ready only with a leader. A lone one of
/// several voters never has a leader, so after a stop of all of them the second pod is never created (rqlite answers 503 on `/readyz`
/// until a quorum of voters runs; measured on rqlited 10.2.7).
pub fn waits_for_leader_in_order(set: &StatefulSet, rqlite: &RqliteSet) -> bool {
    let asks = rqlite.nodes.iter().any(|node| {
        let release = node.version.release();
        let probes = [&node.container.readiness_probe, &node.container.startup_probe];
        probes.into_iter().flatten().any(|probe| needs_leader(probe, release))
    });
    set.spec.is_ordered() && rqlite.role() == Role::Voter && asks
}

/// Such a set of more than one voter is never formed: `-bootstrap-expect` nodes have to hear of each other first.
pub fn never_forms(set: &StatefulSet, rqlite: &RqliteSet) -> bool {
    let waits = |expect: &Value<i64>| expect.known().is_some_and(|expect| *expect > 1);
    let expects = rqlite.nodes.iter().filter_map(|node| node.expect.as_ref()).any(|expect| waits(&expect.value));
    rqlite.replicas > 1 && expects && waits_for_leader_in_order(set, rqlite)
}

fn needs_leader(probe: &Probe, release: Option<Version>) -> bool {
    let knows_noleader = release.is_none_or(|release| release >= NOLEADER);
    let asks = |text: &str| text.contains("/readyz") && !(knows_noleader && text.contains("noleader"));
    let path = probe.http_get.as_ref().and_then(|get| get.path.as_deref());
    let command = probe.exec.iter().flat_map(|exec| &exec.command);
    path.into_iter().chain(command.map(String::as_str)).any(asks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(policy: &str, image: &str, probe: &str, expect: u32) -> StatefulSet {
        let json = format!(
            r#"{{"metadata":{{"name":"a"}},"spec":{{"replicas":3,{policy}"template":{{"spec":{{"containers":[{{"name":"r",
            "image":"rqlite/rqlite:{image}","args":["-disco-mode=dns","-bootstrap-expect={expect}"],{probe}}}]}}}}}}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[track_caller]
    fn read(policy: &str, image: &str, probe: &str) -> (bool, bool) {
        let set = set(policy, image, probe, 3);
        let rqlite = RqliteSet::detect(&set).unwrap();
        (waits_for_leader_in_order(&set, &rqlite), never_forms(&set, &rqlite))
    }

    const READY: &str = r#""readinessProbe":{"httpGet":{"path":"/readyz","port":4001}}"#;
    const NO_LEADER: &str = r#""readinessProbe":{"httpGet":{"path":"/readyz?noleader","port":4001}}"#;

    #[test]
    fn readiness_that_needs_a_leader_stops_an_ordered_start() {
        let startup = r#""startupProbe":{"httpGet":{"path":"/readyz?sync","port":4001}}"#;
        let exec = r#""readinessProbe":{"exec":{"command":["sh","-c","curl -f localhost:4001/readyz"]}}"#;
        for probe in [READY, startup, exec] {
            assert_eq!(read("", "9.4.5", probe), (true, true), "{probe}");
            assert_eq!(read(r#""podManagementPolicy":"OrderedReady","#, "9.4.5", probe), (true, true), "{probe}");
            assert_eq!(read(r#""podManagementPolicy":"Parallel","#, "9.4.5", probe), (false, false), "{probe}");
        }
        // Before 7.2.0 the word is ignored.
        assert_eq!(read("", "7.1.0", NO_LEADER), (true, true));
    }

    #[test]
    fn a_probe_that_needs_none_lets_them_start() {
        let tcp = r#""readinessProbe":{"tcpSocket":{"port":4001}}"#;
        let live = r#""livenessProbe":{"httpGet":{"path":"/readyz","port":4001}}"#;
        for probe in [NO_LEADER, tcp, live] {
            assert_eq!(read("", "9.4.5", probe), (false, false), "{probe}");
        }
    }

    #[test]
    fn a_lone_node_founds_its_cluster() {
        let set = set("", "9.4.5", READY, 1);
        let rqlite = RqliteSet::detect(&set).unwrap();
        assert!(waits_for_leader_in_order(&set, &rqlite) && !never_forms(&set, &rqlite));
    }
}
