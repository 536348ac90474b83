//! One drain of every machine of a set, one after the other, as `kubectl drain` does it, and what the machines do meanwhile.
//! Asserts nothing: what came of it is counted.

use std::thread;
use std::time::{Duration, Instant};

use quorate_cluster_tests::{Answering, Cluster, Output, RqliteNode, Watch, eventually, ids_in};

/// How long `kubectl drain` waits before it asks again for an eviction that was answered by 429.
const AGAIN: Duration = Duration::from_secs(5);
/// Between two looks at what takes seconds.
const LOOK: Duration = Duration::from_millis(300);
/// How long a machine is away that comes back.
const AWAY: Duration = Duration::from_secs(10);
/// A drain that has not ended by then does not end.
const LIMIT: Duration = Duration::from_secs(240);
/// A cluster that has no leader by then has none for good: an election takes seconds.
const NEVER: Duration = Duration::from_secs(40);

/// What is drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) voters: u32,
    /// Whether nodes remove themselves, as Quorate injects it.
    pub(crate) removal: bool,
}

/// What the machines do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MachineBehaviour {
    /// Each is back after [`AWAY`].
    Back,
    /// None comes back, disks included, until somebody replaces it; who drains does so when the drain stands still.
    Replaced,
    /// The last one that is drained stays away.
    LastStaysAway,
    /// Each is back after [`AWAY`], and a rollout has just begun.
    RollingOut,
    /// Each is back after [`AWAY`]; nodes that are no pod's any more are still voters.
    DeadVoters,
    /// One is away; of the other two the follower is killed, and the leader evicted at once.
    LeaderWithinItsLease,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Run {
    /// Every eviction was admitted at last.
    pub(crate) ended: bool,
    /// How often the answer was 429.
    pub(crate) retries: usize,
    /// What was said with the last of them.
    pub(crate) refusal: String,
    /// The worst moment.
    pub(crate) lowest: Answering,
    /// The longest time without an acknowledged write.
    pub(crate) gap: Duration,
    /// With the machines that are back the cluster has a leader, and takes writes.
    pub(crate) leads: bool,
    /// Every node that is back has every row that was acknowledged.
    pub(crate) kept: bool,
    /// What the refusals made somebody do.
    pub(crate) steps: Vec<String>,
    pub(crate) took: Duration,
}

/// One drain on this cluster, which is whole. `index` is one that was never used for it: it decides on the order of the machines.
#[track_caller]
pub(crate) fn run(cluster: &Cluster<'_>, shape: Shape, machines: MachineBehaviour, index: usize) -> Run {
    let began = Instant::now();
    if machines == MachineBehaviour::DeadVoters {
        leave_dead_voters(cluster, shape);
    }
    let watch = Watch::start(cluster, shape.voters, index as u64);
    if machines == MachineBehaviour::RollingOut {
        // On a machine without time it is not judged, and asked for again.
        eventually("the rollout to be admitted", || {
            let output = cluster.namespace.kubectl().line("rollout restart statefulset/rqlite");
            if output.succeeded() { Ok(()) } else { Err(output.stderr) }
        });
    }
    let mut drain = Drain::new(cluster, shape, machines);
    let order = order(shape.voters, index);
    drain.ended = match machines {
        MachineBehaviour::LeaderWithinItsLease => drain.leader_within_its_lease(),
        MachineBehaviour::Back
        | MachineBehaviour::Replaced
        | MachineBehaviour::LastStaysAway
        | MachineBehaviour::RollingOut
        | MachineBehaviour::DeadVoters => drain.all(&order),
    };
    drain.await_machines(&order);
    let leads = leads(cluster, shape.voters, NEVER);
    let seen = watch.end();
    let back = order.iter().filter(|&&ordinal| drain.node(ordinal).is_running());
    let kept = leads && seen.is_kept(cluster, back.copied());
    Run {
        ended: drain.ended,
        retries: drain.retries,
        refusal: drain.refusal,
        lowest: seen.lowest,
        gap: seen.gap,
        leads,
        kept,
        steps: drain.steps,
        took: began.elapsed(),
    }
}

/// All machines are back and the cluster is whole: so many voters, and each is reachable. False where it does not come about.
pub(crate) fn is_whole(cluster: &Cluster<'_>, shape: Shape) -> bool {
    for ordinal in 0..shape.voters {
        let node = cluster.namespace.rqlite_node(&format!("rqlite-{ordinal}"));
        node.uncordon();
        node.release();
    }
    let ends = Instant::now() + NEVER + NEVER;
    while Instant::now() < ends {
        let members = cluster.node(0).nodes().unwrap_or_default();
        let led = members.iter().any(|member| member.leader);
        // Dead voters of the last run are not missed.
        let own = |id: &str| (0..shape.voters).any(|ordinal| id == format!("rqlite-{ordinal}"));
        let reachable =
            members.iter().filter(|member| own(&member.id) && member.reachable && member.voter != Some(false));
        if led && reachable.count() == shape.voters as usize && is_rolled_out(cluster, shape) {
            return true;
        }
        thread::sleep(LOOK);
    }
    false
}

fn is_rolled_out(cluster: &Cluster<'_>, shape: Shape) -> bool {
    let set = cluster.namespace.read("statefulsets/rqlite").unwrap_or_default();
    ["readyReplicas", "updatedReplicas"].iter().all(|count| set["status"][count] == shape.voters)
}

/// Some node takes a write within this time.
fn leads(cluster: &Cluster<'_>, voters: u32, limit: Duration) -> bool {
    let ends = Instant::now() + limit;
    let takes = |ordinal: u32| {
        let node = cluster.namespace.rqlite_node(&format!("rqlite-{ordinal}"));
        node.is_running() && cluster.node(ordinal).execute("CREATE TABLE IF NOT EXISTS led (id INTEGER)").is_ok()
    };
    while Instant::now() < ends {
        if (0..voters).any(takes) {
            return true;
        }
        thread::sleep(LOOK);
    }
    false
}

/// Another order each time, so that the leader is drained first, last, and between.
fn order(voters: u32, index: usize) -> Vec<u32> {
    let first = u32::try_from(index).unwrap_or_default();
    let mut order: Vec<u32> = (0..voters).map(|ordinal| (ordinal + first) % voters).collect();
    if (first / voters) % 2 == 1 {
        order.reverse();
    }
    order
}

/// Grows the set, and lets it shrink without those that came: they stay voters, and no pod brings them back.
/// Whoever removes itself does not, where its machine has failed.
#[track_caller]
fn leave_dead_voters(cluster: &Cluster<'_>, shape: Shape) {
    let more = if shape.removal { 1 } else { 2 };
    cluster.scaled(shape.voters + more);
    if shape.removal {
        cluster.namespace.rqlite_node(&format!("rqlite-{}", shape.voters)).hold();
        eventually("the dead node to be missed", || match cluster.node(0).nodes()? {
            members if members.iter().any(|member| !member.reachable) => Ok(()),
            members => Err(format!("{members:?}")),
        });
    }
    cluster.scaled(shape.voters);
    if shape.removal {
        cluster.namespace.rqlite_node(&format!("rqlite-{}", shape.voters)).release();
    }
}

struct Drain<'c, 'p> {
    cluster: &'c Cluster<'p>,
    shape: Shape,
    machines: MachineBehaviour,
    began: Instant,
    ended: bool,
    retries: usize,
    refusal: String,
    steps: Vec<String>,
    away: Vec<u32>,
}

impl<'c, 'p> Drain<'c, 'p> {
    fn new(cluster: &'c Cluster<'p>, shape: Shape, machines: MachineBehaviour) -> Self {
        let (refusal, steps, away) = (String::new(), Vec::new(), Vec::new());
        Self { cluster, shape, machines, began: Instant::now(), ended: false, retries: 0, refusal, steps, away }
    }

    /// Whether it ended.
    fn all(&mut self, order: &[u32]) -> bool {
        order.iter().enumerate().all(|(place, &ordinal)| {
            let last = place + 1 == order.len();
            let stays_away = self.machines == MachineBehaviour::Replaced
                || (self.machines == MachineBehaviour::LastStaysAway && last);
            let evicted = self.machine(ordinal);
            if evicted && stays_away {
                self.away.push(ordinal);
            } else if evicted {
                self.comes_back(ordinal);
            }
            evicted
        })
    }

    /// Drains one machine: nothing is started on it any more, and its pod is evicted. True once that pod is gone.
    fn machine(&mut self, ordinal: u32) -> bool {
        self.node(ordinal).cordon();
        let uid = self.uid(ordinal);
        let mut standstill = 0;
        loop {
            let output = self.cluster.evict(ordinal);
            if output.succeeded() || output.stderr.contains("NotFound") {
                eventually("the evicted pod to be gone", || match self.uid(ordinal) {
                    Err(reason) if reason.contains("NotFound") => Ok(()),
                    Err(reason) => Err(reason),
                    now if now == uid => Err("it is there".to_owned()),
                    Ok(_) => Ok(()),
                });
                return true;
            }
            assert!(output.stderr.contains("TooManyRequests"), "{}", output.stderr);
            self.retries += 1;
            standstill += 1;
            self.answer(output, standstill);
            if self.began.elapsed() > LIMIT {
                return false;
            }
            thread::sleep(AGAIN);
        }
    }

    /// What somebody does who reads the refusal.
    fn answer(&mut self, refusal: Output, standstill: usize) {
        let dead = refusal.stderr.split_once("; remove ").and_then(|(_, rest)| rest.split_once(", which no pod"));
        let dead = dead.map(|(names, _)| ids_in(names)).unwrap_or_default();
        self.refusal = refusal.stderr;
        match self.machines {
            MachineBehaviour::DeadVoters if !dead.is_empty() => {
                dead.iter().for_each(|id| self.remove(id));
                self.step(format!("removed {}", dead.join(" and ")));
            }
            MachineBehaviour::Replaced if standstill == 2 => self.replace(),
            MachineBehaviour::Back
            | MachineBehaviour::Replaced
            | MachineBehaviour::LastStaysAway
            | MachineBehaviour::RollingOut
            | MachineBehaviour::DeadVoters
            | MachineBehaviour::LeaderWithinItsLease => {}
        }
    }

    /// New machines with blank disks in the place of those that are away, as the refusal says it.
    fn replace(&mut self) {
        for ordinal in std::mem::take(&mut self.away) {
            self.remove(&format!("rqlite-{ordinal}"));
            self.delete(&format!("persistentvolumeclaim/rqlite-file-rqlite-{ordinal} --wait=false"));
            self.delete(&format!("pod/rqlite-{ordinal}"));
            self.node(ordinal).uncordon();
        }
        self.step(
            "removed each node that is away from the cluster, deleted its claim and its pod: blank ones joined"
                .to_owned(),
        );
    }

    /// Again where the answer asks for it: an API server on a machine with too few CPUs is slow.
    fn delete(&self, what: &str) {
        eventually(&format!("{what} to be deleted"), || {
            match self.cluster.namespace.kubectl().line(&format!("delete {what}")) {
                output if output.stderr.contains("try again") => Err(output.stderr),
                output => Ok(output.ok()),
            }
        });
    }

    /// By a node that runs.
    fn remove(&self, id: &str) {
        let alive = || (0..self.shape.voters).filter(|&ordinal| self.node(ordinal).is_running());
        eventually(&format!("{id} to be removed"), || {
            let node = self.cluster.node(alive().next().ok_or("no node runs")?);
            node.remove(id)?;
            let members = node.nodes()?;
            let gone = members.iter().all(|member| member.id != id) && members.iter().any(|member| member.leader);
            if gone { Ok(()) } else { Err(format!("{members:?}")) }
        });
    }

    /// One is away; of the other two the follower dies, and the leader is evicted within its lease.
    fn leader_within_its_lease(&mut self) -> bool {
        if !self.machine(2) {
            return false;
        }
        let members = eventually("a leader of two", || match self.cluster.node(0).nodes()? {
            members if members.iter().any(|member| member.leader) => Ok(members),
            members => Err(format!("{members:?}")),
        });
        let leads = u32::from(members.iter().any(|member| member.leader && member.id == "rqlite-1"));
        let follower = self.node(1 - leads);
        thread::scope(|scope| {
            scope.spawn(|| follower.hold());
            self.machine(leads)
        })
    }

    fn comes_back(&self, ordinal: u32) {
        let node = self.node(ordinal);
        thread::spawn(move || {
            thread::sleep(AWAY);
            node.uncordon();
        });
    }

    /// Those that come back at all are back.
    fn await_machines(&mut self, order: &[u32]) {
        match self.machines {
            MachineBehaviour::LeaderWithinItsLease => (0..self.shape.voters).for_each(|ordinal| {
                self.node(ordinal).uncordon();
                self.node(ordinal).release();
            }),
            MachineBehaviour::Replaced if self.away.len() < order.len() => self.replace(),
            MachineBehaviour::Replaced => {}
            MachineBehaviour::Back
            | MachineBehaviour::LastStaysAway
            | MachineBehaviour::RollingOut
            | MachineBehaviour::DeadVoters => thread::sleep(AWAY),
        }
    }

    fn step(&mut self, step: String) {
        if !self.steps.contains(&step) {
            self.steps.push(step);
        }
    }

    fn node(&self, ordinal: u32) -> RqliteNode {
        self.cluster.namespace.rqlite_node(&format!("rqlite-{ordinal}"))
    }

    fn uid(&self, ordinal: u32) -> Result<String, String> {
        let pod = self.cluster.namespace.read(&format!("pods/rqlite-{ordinal}"))?;
        pod["metadata"]["uid"].as_str().map(str::to_owned).ok_or_else(|| pod.to_string())
    }
}
