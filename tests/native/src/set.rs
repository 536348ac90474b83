//! StatefulSets as other people have them: counts, ordinals, volumes, containers beside rqlited, annotations, a status.
//! Generates and renders; knows nothing of what is judged.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::launch::{self, Launch};

/// Where the data lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// A claim template.
    Template,
    EmptyDir,
    /// The container's own layer.
    Layer,
    /// One claim for all.
    NamedClaim,
    HostPath,
}

/// What stands beside rqlited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherContainers {
    Nothing,
    /// Containers before and behind it.
    Sidecars,
    /// rqlited is a native sidecar beside the application.
    NativeSidecar,
    /// An init container that ends.
    Init,
}

/// What a rollout may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rollout {
    Default,
    MaxUnavailable(Value),
    Partition(i64),
    OnDelete,
}

/// What the controller says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Absent,
    Finished,
    /// It has not seen the last update.
    Behind,
    /// One pod of the new revision.
    Rolling,
    /// One pod fewer than asked for, and one revision: after a drain, or in a rollout that was taken back.
    OneFewer,
    /// More pods than the spec has.
    MorePods,
}

/// A StatefulSet.
#[derive(Debug, Clone)]
pub struct Set {
    pub replicas: Option<i64>,
    pub start: Option<i64>,
    pub parallel: bool,
    pub rollout: Rollout,
    pub scaled: Option<&'static str>,
    pub deleted: Option<&'static str>,
    pub data: Data,
    pub image: &'static str,
    pub launch: Launch,
    pub beside: OtherContainers,
    pub grace: Option<i64>,
    pub pre_stop: bool,
    pub annotations: Vec<(&'static str, &'static str)>,
    /// Of the pod template: what `kubectl rollout restart` changes.
    pub restarted: u8,
    pub owner: Option<&'static str>,
    pub status: Status,
}

pub const NAME: &str = "rqlite";
/// The claim template of the data.
pub const TEMPLATE: &str = "file";
const GENERATION: i64 = 4;
/// Counts are 32 bits wide.
const MOST: i64 = 2_147_483_647;

impl Set {
    /// Absent is 1.
    pub fn count(&self) -> i64 {
        self.replicas.unwrap_or(1)
    }

    pub fn first(&self) -> i64 {
        self.start.unwrap_or(0)
    }

    pub fn pod(&self, index: usize) -> String {
        format!("{NAME}-{}", self.first() + i64::try_from(index).unwrap_or(0))
    }

    /// The manifest.
    pub fn json(&self) -> Value {
        let annotations: serde_json::Map<String, Value> =
            self.annotations.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        let mut set = json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": { "name": NAME, "namespace": "db", "generation": GENERATION, "uid": "u-1", "annotations": annotations },
            "spec": {
                "serviceName": "rqlite-internal",
                "podManagementPolicy": if self.parallel { "Parallel" } else { "OrderedReady" },
                "selector": { "matchLabels": { "app": "x" } },
                "template": {
                    "metadata": { "labels": { "app": "x" }, "annotations": { "restarted": self.restarted.to_string() } },
                    "spec": self.pod_spec(),
                },
                "updateStrategy": self.strategy(),
            },
        });
        if let Some(replicas) = self.replicas {
            set["spec"]["replicas"] = json!(replicas);
        }
        if let Some(start) = self.start {
            set["spec"]["ordinals"] = json!({ "start": start });
        }
        let retention = [("whenScaled", self.scaled), ("whenDeleted", self.deleted)];
        for (key, value) in retention.into_iter().filter_map(|(key, value)| Some((key, value?))) {
            set["spec"]["persistentVolumeClaimRetentionPolicy"][key] = json!(value);
        }
        if self.data == Data::Template {
            let spec = json!({ "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } });
            set["spec"]["volumeClaimTemplates"] = json!([{ "metadata": { "name": TEMPLATE }, "spec": spec }]);
        }
        if let Some(owner) = self.owner {
            set["metadata"]["ownerReferences"] =
                json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner }]);
        }
        if let Some(status) = self.status() {
            set["status"] = status;
        }
        set
    }

    fn pod_spec(&self) -> Value {
        let mut node = json!({ "name": "db", "image": self.image });
        if self.data != Data::Layer {
            node["volumeMounts"] = json!([{ "name": TEMPLATE, "mountPath": "/rqlite/file" }]);
        }
        if self.pre_stop {
            node["lifecycle"] = json!({ "preStop": { "sleep": { "seconds": 3 } } });
        }
        self.launch.write(&mut node);
        let (init, containers) = self.containers(node);
        let mut spec = json!({ "containers": containers, "initContainers": init, "volumes": self.volumes() });
        if let Some(grace) = self.grace {
            spec["terminationGracePeriodSeconds"] = json!(grace);
        }
        for key in ["initContainers", "volumes"] {
            if spec[key].as_array().is_some_and(Vec::is_empty) {
                spec.as_object_mut().expect("an object").remove(key);
            }
        }
        spec
    }

    fn containers(&self, mut node: Value) -> (Vec<Value>, Vec<Value>) {
        let other = |name: &str, image: &str| json!({ "name": name, "image": image, "command": ["sleep", "9"] });
        match self.beside {
            OtherContainers::Nothing => (Vec::new(), vec![node]),
            OtherContainers::Init => (vec![other("prepare", "rqlite/rqlite:10.2.7")], vec![node]),
            OtherContainers::Sidecars => {
                (Vec::new(), vec![other("log", "busybox:1"), node, other("backup", "rqlite/rqlite:10.2.7")])
            }
            OtherContainers::NativeSidecar => {
                node["restartPolicy"] = json!("Always");
                (vec![other("prepare", "busybox:1"), node], vec![other("app", "team/app:1")])
            }
        }
    }

    fn volumes(&self) -> Vec<Value> {
        let mut volume = json!({ "name": TEMPLATE });
        match self.data {
            Data::Template | Data::Layer => return Vec::new(),
            Data::EmptyDir => volume["emptyDir"] = json!({}),
            Data::NamedClaim => volume["persistentVolumeClaim"] = json!({ "claimName": "shared" }),
            Data::HostPath => volume["hostPath"] = json!({ "path": "/srv/rqlite" }),
        }
        vec![volume]
    }

    fn strategy(&self) -> Value {
        match &self.rollout {
            Rollout::Default => json!({ "type": "RollingUpdate" }),
            Rollout::MaxUnavailable(value) => {
                json!({ "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": value } })
            }
            Rollout::Partition(partition) => {
                json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": partition } })
            }
            Rollout::OnDelete => json!({ "type": "OnDelete" }),
        }
    }

    fn status(&self) -> Option<Value> {
        let count = self.count().max(0);
        let of = |seen: i64, update: &str, updated: i64, pods: i64| {
            Some(json!({
                "observedGeneration": seen, "replicas": pods, "readyReplicas": pods, "currentReplicas": pods,
                "updatedReplicas": updated, "currentRevision": "x-1", "updateRevision": update,
            }))
        };
        match self.status {
            Status::Absent => None,
            Status::Finished => of(GENERATION, "x-1", count, count),
            Status::Behind => of(GENERATION - 1, "x-1", count, count),
            Status::Rolling => of(GENERATION, "x-2", 1, count),
            Status::OneFewer => of(GENERATION, "x-1", (count - 1).max(0), count),
            Status::MorePods => of(GENERATION, "x-1", count, (count + 1).min(MOST)),
        }
    }

    /// Whether a rollout goes on (RollingUpdate, and fewer pods updated than there will be, or the status is behind), where so many own
    /// pods are gone or going: of one revision, they come back as they were.
    pub fn rolls_out(&self, out: i64) -> bool {
        let partition = match &self.rollout {
            Rollout::OnDelete => return false,
            Rollout::Partition(partition) => *partition,
            Rollout::Default | Rollout::MaxUnavailable(_) => 0,
        };
        match self.status {
            Status::Absent => false,
            Status::Behind => true,
            Status::Finished | Status::MorePods | Status::OneFewer => {
                self.updated() + out < self.count().max(0) - partition
            }
            Status::Rolling => self.updated() < self.count() - partition,
        }
    }

    /// Pods that the status counts as updated by the last change.
    pub fn updated(&self) -> i64 {
        match self.status {
            Status::Absent | Status::Behind => 0,
            Status::Finished | Status::MorePods => self.count().max(0),
            Status::OneFewer => (self.count() - 1).max(0),
            Status::Rolling => 1,
        }
    }
}

/// 0 to 9, sometimes none, negative or huge.
pub fn replicas() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        20 => (0_i64..=9).prop_map(Some),
        10 => prop_oneof![Just(3), Just(5)].prop_map(Some),
        1 => Just(None),
        1 => prop_oneof![Just(-1), Just(40), Just(2_147_483_647)].prop_map(Some),
    ]
}

pub fn image() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        8 => prop_oneof![Just("rqlite/rqlite:10.2.7"), Just("rqlite/rqlite:9.4.5"), Just("rqlite/rqlite:8.43.4")],
        3 => prop_oneof![Just("rqlite/rqlite"), Just("rqlite/rqlite:latest"), Just("registry:5000/mirror/rqlite/rqlite:9")],
        3 => prop_oneof![Just("kotsadm/rqlite:10.2.7"), Just("corp/rqlite:9.4.5"), Just("corp/rqlite:2026.11.28")],
        2 => prop_oneof![Just("corp/db:1"), Just("rqlite/rqlite:7.17.0"), Just("rqlite/rqlite@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")],
    ]
}

fn annotations() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let one = prop_oneof![
        Just(("quorate.dev/container", "db")),
        Just(("quorate.dev/container", "nobody")),
        Just(("quorate.dev/container", "none")),
        Just(("quorate.dev/container", "backup")),
        Just(("quorate.dev/allow-deletion", "yes")),
        Just(("quorate.dev/auth-secret", "users")),
        Just(("quorate.dev/join-as", "node")),
        Just(("quorate.dev/http-tls-secret", "tls")),
        Just(("quorate.dev/node-tls-secret", "tls")),
        Just(("quorate.dev/contaner", "db")),
    ];
    prop_oneof![
        5 => Just(Vec::new()),
        1 => Just(vec![("quorate.dev/auth-secret", "users"), ("quorate.dev/join-as", "node")]),
        2 => proptest::collection::vec(one, 1..3).prop_map(|mut all| {
            all.sort_unstable();
            all.dedup_by_key(|(key, _)| *key);
            all
        }),
    ]
}

pub fn rollout() -> impl Strategy<Value = Rollout> {
    prop_oneof![
        6 => Just(Rollout::Default),
        2 => prop_oneof![Just(json!(1)), Just(json!(2)), Just(json!("50%")), Just(json!("100%"))].prop_map(Rollout::MaxUnavailable),
        1 => (0_i64..4).prop_map(Rollout::Partition),
        1 => Just(Rollout::OnDelete),
    ]
}

pub fn data() -> impl Strategy<Value = Data> {
    prop_oneof![
        12 => Just(Data::Template),
        2 => Just(Data::EmptyDir),
        1 => prop_oneof![Just(Data::Layer), Just(Data::NamedClaim), Just(Data::HostPath)],
    ]
}

fn beside() -> impl Strategy<Value = OtherContainers> {
    prop_oneof![6 => Just(OtherContainers::Nothing), 1 => Just(OtherContainers::Sidecars), 2 => Just(OtherContainers::NativeSidecar), 1 => Just(OtherContainers::Init)]
}

pub fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        5 => Just(Status::Finished),
        2 => Just(Status::Absent),
        1 => prop_oneof![
            Just(Status::Behind),
            Just(Status::Rolling),
            Just(Status::OneFewer),
            Just(Status::MorePods)
        ],
    ]
}

fn retention() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![8 => Just(None), 1 => Just(Some("Retain")), 1 => Just(Some("Delete"))]
}

/// Any set.
pub fn set() -> BoxedStrategy<Set> {
    let start = prop_oneof![12 => Just(None), 1 => (0_i64..4).prop_map(Some)];
    let counts = (replicas(), start, any::<bool>(), rollout(), retention(), retention());
    let grace =
        prop_oneof![4 => Just(Some(30)), 2 => Just(None), 1 => Just(Some(10)), 1 => Just(Some(0)), 1 => Just(Some(90))];
    let pod = (data(), image(), launch::launch(), beside(), grace, any::<bool>());
    let owner = prop_oneof![20 => Just(None), 1 => Just(Some("o-1"))];
    (counts, pod, annotations(), owner, status())
        .prop_map(|(counts, pod, annotations, owner, status)| {
            let (replicas, start, parallel, rollout, scaled, deleted) = counts;
            let (data, image, launch, beside, grace, pre_stop) = pod;
            let restarted = 0;
            Set {
                replicas,
                start,
                parallel,
                rollout,
                scaled,
                deleted,
                data,
                image,
                launch,
                beside,
                grace,
                pre_stop,
                annotations,
                restarted,
                owner,
                status,
            }
        })
        .boxed()
}

/// A set that anybody reads as voters: a plain launch in rqlite's own image, alone in its pod, without annotations, 1 to 9 replicas.
pub fn plain() -> impl Strategy<Value = Set> {
    let shape = prop_oneof![Just(launch::Shape::Args), Just(launch::Shape::CommandServer), Just(launch::Shape::Exec)];
    (set(), 1_i64..=9, shape, prop_oneof![Just("rqlite/rqlite:10.2.7"), Just("rqlite/rqlite:9.4.5")]).prop_map(
        |(mut set, count, shape, image)| {
            set.replicas = Some(count);
            set.start = None;
            set.image = image;
            set.beside = OtherContainers::Nothing;
            set.annotations.clear();
            set.launch.shape = shape;
            for name in ["raft-non-voter", "on-disk-path", "node-id"] {
                set.launch.set(name, None);
            }
            set
        },
    )
}
