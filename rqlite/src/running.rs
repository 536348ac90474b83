//! A pod that runs rqlite, read by its own spec: its node id, whether it removes itself, where its HTTP API listens.
//! Not the set's template, which newer pods may follow already; and nobody is asked here.

use crate::cluster::RqliteSet;
use crate::flag::CommandLine;
use crate::value::Value;
use kubernetes::manifest::{Metadata, PodSpec, PodTemplate, StatefulSet, StatefulSetSpec};

/// What a running pod's own spec says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningNode {
    /// Raft node id; None: the spec does not tell.
    pub id: Option<String>,
    /// `-raft-cluster-remove-shutdown`, of a launch that lets SIGTERM through and has time for it. None: it may be on, and nothing is
    /// certain.
    pub removes_itself: Option<bool>,
    /// Where it can be asked.
    pub http: HttpApi,
    /// The name of its container.
    pub container: String,
}

/// Where a node answers `/nodes` and `/status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpApi {
    /// `-http-cert` and `-http-key` are given: HTTPS.
    pub tls: bool,
    /// Of `-http-addr`, inside of the pod; 4001 by default.
    pub port: u16,
}

impl Default for HttpApi {
    /// As rqlited's own defaults (`cmd/rqlited/flags.toml`).
    fn default() -> Self {
        Self { tls: false, port: 4001 }
    }
}

impl RunningNode {
    /// None: none of its containers runs rqlite. With several, of the first.
    pub fn of(pod: &str, spec: &PodSpec) -> Option<Self> {
        let metadata = Metadata { name: Some(pod.to_owned()), ..Metadata::default() };
        let template = PodTemplate { spec: spec.clone(), ..PodTemplate::default() };
        let spec = StatefulSetSpec { template, ..StatefulSetSpec::default() };
        let alone = RqliteSet::detect(&StatefulSet { metadata, spec, ..StatefulSet::default() })?;
        let id = match alone.node_id(pod) {
            Value::Known(id) => Some(id),
            Value::Deferred(_) | Value::Malformed(_) => None,
        };
        let container = alone.nodes.first().map(|node| node.container.name.clone()).unwrap_or_default();
        let removes_itself =
            if alone.removes_itself() { Some(true) } else { (!alone.may_remove_itself()).then_some(false) };
        Some(Self { id, removes_itself, http: HttpApi::of_set(&alone), container })
    }
}

impl HttpApi {
    /// As the flags of its first rqlite container tell; where they cannot be read, rqlited's default.
    pub fn of_set(rqlite: &RqliteSet) -> Self {
        let line = rqlite.nodes.first().and_then(|node| node.launch.line.as_ref());
        line.map(Self::of_line).unwrap_or_default()
    }

    fn of_line(line: &CommandLine) -> Self {
        let given = |flag: &str| line.text(flag).is_some_and(|value| value.known().is_none_or(|text| !text.is_empty()));
        let port = match line.text("http-addr") {
            Some(Value::Known(address)) => address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()),
            Some(Value::Deferred(_) | Value::Malformed(_)) | None => None,
        };
        Self { tls: given("http-cert") && given("http-key"), port: port.unwrap_or(Self::default().port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn node(containers: &str) -> Option<RunningNode> {
        RunningNode::of("rqlite-2", &serde_json::from_str(&format!(r#"{{"containers":{containers}}}"#)).unwrap())
    }

    #[test]
    fn the_official_shape_is_named_after_its_pod() {
        let read = node(r#"[{"image":"rqlite/rqlite:10.2.7","args":["-disco-mode=dns"]}]"#);
        let expected = RunningNode {
            id: Some("rqlite-2".to_owned()),
            removes_itself: Some(false),
            http: HttpApi { tls: false, port: 4001 },
            container: String::new(),
        };
        assert_eq!(read, Some(expected));
    }

    #[test]
    fn its_own_flags_decide() {
        let flags =
            r#""-node-id=a","-http-addr=0.0.0.0:5001","-http-cert=/c","-http-key=/k","-raft-cluster-remove-shutdown""#;
        let read = node(&format!(r#"[{{"image":"rqlite/rqlite:10.2.7","args":[{flags}]}}]"#)).unwrap();
        assert_eq!(read.id.as_deref(), Some("a"));
        assert_eq!(read.removes_itself, Some(true));
        assert_eq!(read.http, HttpApi { tls: true, port: 5001 });
    }

    #[test]
    fn it_removes_itself_only_where_its_own_spec_lets_sigterm_through() {
        let removes = |script: &str| {
            let launch = format!(r#""command":["sh","-c","{script}","-raft-cluster-remove-shutdown=true"]"#);
            node(&format!(r#"[{{"image":"rqlite/rqlite:10.2.7",{launch}}}]"#)).unwrap().removes_itself
        };
        assert_eq!(removes(r#"exec docker-entrypoint.sh \"$0\""#), Some(true));
        assert_eq!(removes(r#"docker-entrypoint.sh \"$0\"; echo gone"#), None);
        assert_eq!(removes(r#"exec docker-entrypoint.sh \"$0\" | tee /log"#), None);
    }

    #[test]
    fn what_it_does_not_tell_is_unknown() {
        let env = r#""env":[{"name":"ID","valueFrom":{"configMapKeyRef":{"name":"m","key":"k"}}}]"#;
        let read = node(&format!(
            r#"[{{"image":"rqlite/rqlite:10.2.7","args":["-node-id=$(ID)","-http-addr=$(ID)"],{env}}}]"#
        ));
        assert_eq!(read.map(|node| (node.id, node.http)), Some((None, HttpApi::default())));
    }

    #[test]
    fn a_native_sidecar_is_read_and_an_init_container_that_ends_is_not() {
        let pod = |policy: &str| {
            let flags = r#""-node-id=a","-http-addr=0.0.0.0:5001","-raft-cluster-remove-shutdown""#;
            let init = format!(r#"{{"image":"rqlite/rqlite:10.2.7","args":[{flags}]{policy}}}"#);
            let json = format!(r#"{{"initContainers":[{init}],"containers":[{{"image":"app:1"}}]}}"#);
            RunningNode::of("app-0", &serde_json::from_str(&json).unwrap())
        };
        let read = pod(r#","restartPolicy":"Always""#).unwrap();
        assert_eq!((read.id.as_deref(), read.http.port), (Some("a"), 5001));
        assert_eq!(pod(""), None);
    }

    #[test]
    fn a_pod_of_something_else_is_none() {
        assert_eq!(node(r#"[{"image":"nginx:1.29"}]"#), None);
    }
}
