//! What it costs to tell the other replicas of an admitted eviction: evictions of voters, beside evictions of a Pod that has nothing to do
//! with rqlite, for which nothing is reserved, and beside dry runs of the first ones, which are judged alike and reserve nothing. In one run;
//! one at a time, and twenty drains at once. Sets of one voter, whose evictions are admitted with a warning; the next one is asked for when
//! the Pod is back. A table on standard output; asserts nothing.
#![expect(clippy::print_stdout, reason = "a table is its result")]
#![expect(clippy::panic, clippy::expect_used, reason = "a bench that cannot go on fails")]

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, EvictParams, PostParams};
use kube::{Client, Error};
use quorate_cluster_tests::{ControlPlane, Namespace, Quorate, block_on, manifests};

/// Drains that are there at once, each on a set of its own.
const SETS: usize = 20;
/// Evictions of each kind and drain.
const EACH: usize = 50;

/// Its voter is evicted.
const RQLITE: &str = "rqlite";
/// Quorate allows its evictions and reserves nothing.
const OTHER: &str = "web";

/// What is evicted, and how.
struct Measured {
    name: &'static str,
    set: &'static str,
    dry_run: bool,
}

const MEASURED: [Measured; 3] = [
    Measured { name: "a voter", set: RQLITE, dry_run: false },
    Measured { name: "another Pod", set: OTHER, dry_run: false },
    Measured { name: "a voter, dry run", set: RQLITE, dry_run: true },
];

fn main() {
    let plane = ControlPlane::start("bench");
    let quorate = Quorate::install(&plane);
    let namespaces: Vec<Namespace<'_>> = (0..SETS).map(|index| plane.namespace(&format!("drained_{index}"))).collect();
    for namespace in &namespaces {
        namespace.apply(&manifests::rqlite(RQLITE, 1)).ok();
        namespace.apply(&manifests::other_set(OTHER, 1)).ok();
    }
    for namespace in &namespaces {
        namespace.await_ready(RQLITE, 1);
        namespace.await_ready(OTHER, 1);
        quorate.await_known(namespace, RQLITE);
    }
    println!("| drains at once | evicted | evictions | p50 | p99 | longest | not judged |");
    println!("|---|---|---|---|---|---|---|");
    block_on(async {
        let client = plane.client().await;
        for drains in [1, SETS] {
            let names: Vec<&str> = namespaces.iter().take(drains).map(Namespace::name).collect();
            for measured in MEASURED.iter().chain(&MEASURED) {
                let took = join_all(names.iter().map(|name| drain(&client, name, measured))).await;
                println!("| {drains} | {} | {} |", measured.name, Row::of(took.into_iter().flatten().collect()));
            }
        }
    });
}

/// How long each eviction took, and whether Quorate could not judge it.
async fn drain(client: &Client, namespace: &str, measured: &Measured) -> Vec<(Duration, bool)> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let &Measured { set, dry_run, .. } = measured;
    let pod = format!("{set}-0");
    let asked = EvictParams { post_options: PostParams { dry_run, ..PostParams::default() }, ..EvictParams::default() };
    let mut took = Vec::with_capacity(EACH);
    let mut before = None;
    for _ in 0..EACH {
        before = Some(ready(&pods, &pod, before).await);
        let began = Instant::now();
        let answer = pods.evict(&pod, &asked).await;
        let not_judged = match answer {
            Ok(_) => false,
            Err(Error::Api(status)) if status.message.contains("not judged") => true,
            Err(error) => panic!("{error}"),
        };
        took.push((began.elapsed(), not_judged));
        if dry_run || not_judged {
            before = None;
        }
    }
    took
}

/// Waits for a ready pod of another uid than before; its uid.
async fn ready(pods: &Api<Pod>, name: &str, before: Option<String>) -> String {
    loop {
        let pod = pods.get_opt(name).await.expect("an answer");
        let is_ready = |pod: &Pod| {
            let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
            let mut ready = conditions.filter(|one| one.type_ == "Ready" && one.status == "True");
            pod.metadata.deletion_timestamp.is_none() && ready.next().is_some()
        };
        match pod.filter(is_ready).and_then(|pod| pod.metadata.uid) {
            Some(uid) if before.as_ref() != Some(&uid) => return uid,
            Some(_) | None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

struct Row {
    count: usize,
    median: Duration,
    late: Duration,
    longest: Duration,
    not_judged: usize,
}

impl Row {
    fn of(mut took: Vec<(Duration, bool)>) -> Self {
        took.sort();
        let at = |share: usize| took.get(took.len().saturating_sub(1) * share / 100).map_or(Duration::ZERO, |it| it.0);
        Self {
            count: took.len(),
            median: at(50),
            late: at(99),
            longest: at(100),
            not_judged: took.iter().filter(|(_, not_judged)| *not_judged).count(),
        }
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { count, median, late, longest, not_judged } = self;
        write!(f, "{count} | {median:.1?} | {late:.1?} | {longest:.1?} | {not_judged}")
    }
}
