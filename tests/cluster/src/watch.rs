//! What an application and an operator see of a cluster while something is done to it: how many voters answer, how long no write is
//! taken, and which writes were acknowledged. Knows nothing of what is done.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::cluster::Cluster;
use crate::rqlited::{Level, Member, Rqlite, RqliteNode};
use crate::wait::{TIMEOUT, eventually};

/// Between two looks, and between two writes.
const PAUSE: Duration = Duration::from_millis(200);

/// Voters that are not seen for less are not gone: a node that has just joined is not in every list yet, a machine without time answers late,
/// and what is lost is so for as long as a machine is away.
const LASTS: Duration = Duration::from_secs(1);

/// Numbers of rows that one run may take.
const RUN: u64 = 1_000_000;

/// What was seen.
#[derive(Debug)]
pub struct WatchSummary {
    /// The worst moment.
    pub lowest: Answering,
    /// The longest time without an acknowledged write.
    pub gap: Duration,
    rows: BTreeSet<u64>,
}

/// Voters that answer, and how many must.
#[derive(Clone, Copy, Debug)]
pub struct Answering {
    pub voters: usize,
    pub quorum: usize,
}

impl Answering {
    /// `members`: how many voters there are to be; nodes that removed themselves are among them, since they come back.
    fn of(voters: usize, members: usize) -> Self {
        Self { voters, quorum: members / 2 + 1 }
    }

    pub fn holds(self) -> bool {
        self.voters >= self.quorum
    }

    /// The one with fewer voters above its quorum.
    pub fn worse(self, other: Self) -> Self {
        if other.is_worse_than(self) { other } else { self }
    }

    fn better(self, other: Self) -> Self {
        if other.is_worse_than(self) { self } else { other }
    }

    fn is_worse_than(self, other: Self) -> bool {
        self.voters + other.quorum < other.voters + self.quorum
    }
}

/// Looks and writes until it is ended.
pub struct Watch {
    stop: Arc<AtomicBool>,
    looks: JoinHandle<Answering>,
    writes: JoinHandle<(Duration, BTreeSet<u64>)>,
}

#[derive(Clone)]
struct Node {
    id: String,
    node: RqliteNode,
    client: Rqlite,
}

impl Watch {
    /// Over these first nodes; `run` is one that was never used for this cluster.
    #[track_caller]
    pub fn start(cluster: &Cluster<'_>, voters: u32, run: u64) -> Self {
        let nodes: Vec<Node> = (0..voters).map(|ordinal| node(cluster, ordinal)).collect();
        let table = || cluster.node(0).execute("CREATE TABLE IF NOT EXISTS watched (id INTEGER PRIMARY KEY)");
        eventually("a table", table);
        let stop = Arc::<AtomicBool>::default();
        let (looking, writing) = ((nodes.clone(), Arc::clone(&stop)), (nodes, Arc::clone(&stop)));
        Self {
            stop,
            looks: thread::spawn(move || look(&looking.0, &looking.1)),
            writes: thread::spawn(move || write(&writing.0, &writing.1, run * RUN)),
        }
    }

    pub fn end(self) -> WatchSummary {
        self.stop.store(true, Ordering::SeqCst);
        let lowest = self.looks.join().expect("it looks");
        let (gap, rows) = self.writes.join().expect("it writes");
        WatchSummary { lowest, gap, rows }
    }
}

impl WatchSummary {
    /// Every one of these nodes has every row that was acknowledged, or gets it within the limit; says what the first one lacks then.
    pub fn is_kept(&self, cluster: &Cluster<'_>, mut nodes: impl Iterator<Item = u32>) -> bool {
        nodes.all(|ordinal| {
            let ends = Instant::now() + TIMEOUT;
            while let Err(lacks) = self.kept_by(&cluster.node(ordinal)) {
                if Instant::now() > ends {
                    eprintln!("rqlite-{ordinal} {lacks}");
                    return false;
                }
                thread::sleep(PAUSE);
            }
            true
        })
    }

    fn kept_by(&self, node: &Rqlite) -> Result<(), String> {
        let rows = node.query("SELECT id FROM watched", Level::None)?;
        let there: BTreeSet<u64> = rows.iter().flatten().filter_map(serde_json::Value::as_u64).collect();
        let lacking: Vec<&u64> = self.rows.difference(&there).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        Err(format!(
            "lacks {} of {} rows: {lacking:?}; its members: {:?}",
            lacking.len(),
            self.rows.len(),
            node.nodes()
        ))
    }
}

#[track_caller]
fn node(cluster: &Cluster<'_>, ordinal: u32) -> Node {
    let id = format!("rqlite-{ordinal}");
    Node { node: cluster.namespace.rqlite_node(&id), client: cluster.node(ordinal), id }
}

/// The worst that lasted, until it is told to stop.
fn look(nodes: &[Node], stop: &AtomicBool) -> Answering {
    let mut lowest = Answering::of(nodes.len(), nodes.len());
    let mut voters: BTreeSet<String> = nodes.iter().map(|node| node.id.clone()).collect();
    let mut looks: VecDeque<(Instant, Answering)> = [(Instant::now(), lowest)].into();
    while !stop.load(Ordering::SeqCst) {
        let seen = answering(nodes, &mut voters);
        let now = Instant::now();
        looks.push_back((now, seen));
        while looks.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= LASTS) {
            looks.pop_front();
        }
        let best = looks.iter().map(|(_, seen)| *seen).reduce(Answering::better).unwrap_or(seen);
        lowest = lowest.worse(best);
        thread::sleep(PAUSE);
    }
    lowest
}

/// The reachable voters by the first node that names a leader; where none does, those of the last voters, and of those that the nodes
/// list now, that run and answer. In an election a node tells its members late, or not at all, and is there all the same; one that has
/// joined just before it is in no list with a leader yet.
/// A list that shrinks makes no smaller quorum, dead voters on it make a greater one.
fn answering(nodes: &[Node], known: &mut BTreeSet<String>) -> Answering {
    for node in nodes.iter().filter(|node| node.node.is_running()) {
        let Ok(members) = node.client.nodes() else { continue };
        let voters: Vec<_> = members.iter().filter(|member| member.voter != Some(false)).collect();
        if let Some(leader) = members.iter().find(|member| member.leader) {
            let answers = |id: &str| nodes.iter().any(|node| node.id == id && follows(node, &leader.id));
            let reachable = voters.iter().filter(|member| member.reachable || answers(&member.id)).count();
            *known = voters.iter().map(|member| member.id.clone()).collect();
            return Answering::of(reachable, voters.len().max(nodes.len()));
        }
        known.extend(voters.iter().map(|member| member.id.clone()));
    }
    let stands = |node: &&Node| known.contains(&node.id) && node.node.is_running() && node.client.is_up();
    Answering::of(nodes.iter().filter(stands).count(), known.len().max(nodes.len()))
}

/// It answers itself, and names that leader: of a node that has just come back others may say for a while that it is not reachable.
fn follows(node: &Node, leader: &str) -> bool {
    let names = |members: Vec<Member>| members.iter().any(|member| member.leader && member.id == leader);
    node.node.is_running() && node.client.nodes().is_ok_and(names)
}

/// The longest time without an acknowledged write, and the rows that were acknowledged.
fn write(nodes: &[Node], stop: &AtomicBool, first: u64) -> (Duration, BTreeSet<u64>) {
    let (mut last, mut gap, mut rows) = (Instant::now(), Duration::ZERO, BTreeSet::new());
    for (id, node) in (first..).zip(nodes.iter().cycle()) {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let taken = || node.client.execute(&format!("INSERT INTO watched VALUES ({id})")).is_ok();
        if node.node.is_running() && taken() {
            gap = gap.max(last.elapsed());
            last = Instant::now();
            rows.insert(id);
        }
        thread::sleep(PAUSE);
    }
    (gap.max(last.elapsed()), rows)
}
