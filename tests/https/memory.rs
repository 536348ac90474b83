//! A server whose memory is bounded by a control group, as Kubernetes does it, under reviews as large as the API server sends them: each one is
//! refused as it must be, shed, or lost with a process that the kernel kills; none is admitted. A server that was killed serves again.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use hyper::StatusCode;
use quorate_engine::BreakGlass;
use quorate_fixtures::review;
use quorate_fixtures::set::rqlite_set;
use quorate_tests::{binding, builtin_with};
use quorate_webhook::{ReviewSources, Server};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::task::JoinSet;

use crate::running::{TIMEOUT, config};
use quorate_tests::client::{Failure, Protocol, Target};

/// What the chart gives a replica at most, and less than it asks for.
const MEBIBYTES: [u64; 2] = [512, 96];
const CLIENTS: usize = 16;
const REVIEWS_EACH: usize = 2;
/// Two objects of nearly the most that the API server takes.
const TEXT_BYTES: usize = 2_900_000;

const SERVES: &str = "memory::serves_until_it_is_killed";
const READY: &str = "READY ";

/// A control group with a limit of memory.
struct Group(PathBuf);

impl Group {
    /// Of the second version of control groups, or the first; none where there is no right to make one.
    fn new(mebibytes: u64) -> Option<Self> {
        let kinds = [("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")];
        kinds.into_iter().find_map(|(parent, limit)| {
            let group = Self(Path::new(parent).join(format!("quorate-test-{}-{mebibytes}", std::process::id())));
            std::fs::create_dir(&group.0).ok()?;
            // What is not there is not made: in another kind of file system it would bound nothing.
            let mut limit = std::fs::OpenOptions::new().write(true).open(group.0.join(limit)).ok()?;
            limit.write_all((mebibytes << 20).to_string().as_bytes()).ok().map(|()| group)
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// A server in a process of its own.
struct Bounded {
    process: Child,
    target: Target,
}

impl Bounded {
    fn start(group: &Group) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", SERVES, "--ignored", "--nocapture"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        std::fs::write(group.0.join("cgroup.procs"), process.id().to_string()).unwrap();
        // It has waited for this, so all that it allocates is counted.
        process.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.into_iter().find_map(|line| line.split_once(READY).map(|(_, told)| told.to_owned()));
        let told: Value = serde_json::from_str(&line.expect("the server starts")).unwrap();
        let address = told["address"].as_str().unwrap().parse().unwrap();
        let target = Target::new(address, told["authority"].as_str().unwrap()).unwrap();
        Self { process, target }
    }

    fn was_killed(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }
}

impl Drop for Bounded {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "only as a process of its own, for none_is_admitted_for_want_of_memory"]
fn serves_until_it_is_killed() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let policies = Arc::new(builtin_with(|_| binding(json!({})), BreakGlass::default()));
        let server = Server::bind(config(), policies, ReviewSources::default(), OffsetDateTime::now_utc).await.unwrap();
        let told = json!({"address": server.addresses().webhook, "authority": server.authority()});
        println!("{READY}{told}");
        server.run(std::future::pending()).await.unwrap();
    });
}

/// Of three voters to one, which leaves none to spare.
fn shrink(text_bytes: usize) -> String {
    let set = |replicas: u32| {
        let mut set = rqlite_set(replicas);
        set["metadata"]["annotations"] = json!({"example.com/text": "x".repeat(text_bytes)});
        set
    };
    review::of_change(Some(&set(3)), Some(&set(1))).to_string()
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Outcomes {
    refused: usize,
    shed: usize,
    /// With the connection.
    lost: usize,
}

impl Outcomes {
    fn count(&mut self, answer: Result<(StatusCode, axum::body::Bytes), Failure>) {
        match answer {
            Ok((StatusCode::OK, body)) => {
                let body: Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(body["response"]["allowed"], false, "{body}");
                self.refused += 1;
            }
            Ok((status, _)) => {
                assert!(matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT), "{status}");
                self.shed += 1;
            }
            Err(_) => self.lost += 1,
        }
    }
}

/// Large reviews over several connections at once, until all are through or the server is gone.
async fn storm(target: &Target) -> Outcomes {
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let target = target.clone();
        clients.spawn(async move {
            let mut seen = Outcomes::default();
            for _ in 0..REVIEWS_EACH {
                seen.count(ask(&target, TEXT_BYTES).await);
            }
            seen
        });
    }
    let mut all = Outcomes::default();
    while let Some(seen) = clients.join_next().await {
        let Outcomes { refused, shed, lost } = seen.unwrap();
        all = Outcomes { refused: all.refused + refused, shed: all.shed + shed, lost: all.lost + lost };
    }
    all
}

async fn ask(target: &Target, text_bytes: usize) -> Result<(StatusCode, axum::body::Bytes), Failure> {
    target.connect(Protocol::Http2).await?.post("/validate?timeout=10s", shrink(text_bytes)).await
}

/// Whether an ordinary review is refused as it must be, soon.
async fn serves(target: &Target) -> bool {
    let mut seen = Outcomes::default();
    let begun = Instant::now();
    while seen.refused == 0 && begun.elapsed() < TIMEOUT {
        seen.count(ask(target, 10).await);
    }
    seen.refused == 1
}

#[tokio::test(flavor = "multi_thread")]
async fn none_is_admitted_for_want_of_memory() {
    for mebibytes in MEBIBYTES {
        let Some(group) = Group::new(mebibytes) else {
            eprintln!("SKIPPED {SERVES}: no control group can be made here");
            return;
        };
        let mut server = Bounded::start(&group);
        let seen = storm(&server.target).await;
        let killed = server.was_killed();
        eprintln!("{mebibytes} MiB: {seen:?}, killed: {killed}");
        if killed {
            drop(server);
            server = Bounded::start(&group);
        }
        assert!(serves(&server.target).await);
    }
}
