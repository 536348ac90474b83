//! Two admissions shortly after each other, through the same replica of Quorate or through two: together they never go below the quorum,
//! and where they stay at or above it none is refused. `QUORATE_PAIRS=200` makes that many pairs; else there are 24.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use quorate_cluster_tests::{ControlPlane, Kubectl, Namespace, Output, Quorate, environment, eventually, manifests};
use serde_json::{Value, json};

const SET: &str = "rqlite";
/// Between the two requests, in milliseconds.
const DELAYS: [u64; 4] = [0, 5, 20, 50];
/// Sets that pairs are made on, side by side.
const SETS: usize = 6;

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Evict(u32),
    Scale,
    Apply,
    Ordinals,
    Claim(u32),
    RollOut,
}

const PAIRS: [(Step, Step); 15] = [
    (Step::Evict(0), Step::Evict(1)),
    (Step::Evict(0), Step::Scale),
    (Step::Scale, Step::Evict(1)),
    (Step::Evict(1), Step::Apply),
    (Step::Apply, Step::Evict(0)),
    (Step::Evict(1), Step::Ordinals),
    (Step::Ordinals, Step::Evict(1)),
    (Step::Claim(0), Step::Evict(1)),
    (Step::Claim(1), Step::Scale),
    (Step::RollOut, Step::Evict(0)),
    (Step::Scale, Step::Claim(0)),
    (Step::Evict(0), Step::RollOut),
    (Step::Evict(1), Step::Claim(1)),
    (Step::Claim(0), Step::Ordinals),
    (Step::Evict(0), Step::Evict(0)),
];

impl Step {
    /// Never refused for what others take: a change of the template may be the cure, and the deletion was asked for by annotation.
    fn always_passes(self) -> bool {
        matches!(self, Self::RollOut | Self::Claim(_))
    }

    /// Ordinals of the pods that it takes away of so many.
    fn takes(self, voters: u32) -> BTreeSet<u32> {
        match self {
            Self::Evict(ordinal) | Self::Claim(ordinal) => [ordinal].into(),
            Self::Scale | Self::Apply | Self::RollOut => [voters - 1].into(),
            Self::Ordinals => [0].into(),
        }
    }

    fn ask(self, kubectl: &Kubectl, namespace: &str, voters: u32) -> Output {
        let changed = |change: Value| {
            kubectl.run(["patch", "statefulset", SET, "--type=merge", "-p", change.to_string().as_str()])
        };
        match self {
            Self::Evict(ordinal) => kubectl.evict(namespace, &format!("{SET}-{ordinal}")),
            Self::Scale => kubectl.line(&format!("scale statefulset/{SET} --replicas={}", voters - 1)),
            Self::Apply => changed(json!({ "spec": { "replicas": voters - 1 } })),
            Self::Ordinals => changed(json!({ "spec": { "ordinals": { "start": 1 } } })),
            Self::Claim(ordinal) => kubectl.line(&format!("delete pvc/rqlite-file-{SET}-{ordinal} --wait=false")),
            Self::RollOut => {
                let restarted = json!({ "metadata": { "annotations": { "restarted": "now" } } });
                changed(json!({ "spec": { "template": restarted } }))
            }
        }
    }
}

/// A set of voters that pairs are made on.
struct Voters<'a> {
    namespace: Namespace<'a>,
    quorate: &'a Quorate<'a>,
    manifest: String,
    count: u32,
}

impl<'a> Voters<'a> {
    fn new(quorate: &'a Quorate<'a>, index: usize) -> Self {
        let count = if index.is_multiple_of(2) { 3 } else { 5 };
        let namespace = quorate.plane().namespace(&format!("pairs_{index}"));
        let manifest = manifests::rqlite(SET, count);
        let manifest = if index.is_multiple_of(3) { manifests::without_self_removal(&manifest) } else { manifest };
        // The deletion of a claim is admitted, and takes its pod away.
        let labels = format!("  name: {SET}\n  labels:\n    app: {SET}\nspec:");
        assert!(manifest.contains(&labels), "{manifest}");
        let annotated = labels.replace("  labels:", "  annotations: {quorate.dev/allow-deletion: \"true\"}\n  labels:");
        let voters = Self { namespace, quorate, manifest: manifest.replace(&labels, &annotated), count };
        voters.bring_up();
        voters
    }

    /// Both requests, the second one so much later; which of them were admitted. Behind a first one that always passes the second waits
    /// for its answer: in the other order both pass.
    fn ask(&self, pair: (Step, Step), servers: (usize, usize), delay: Duration) -> [Result<(), String>; 2] {
        let (name, count) = (self.namespace.name(), self.count);
        let kubectl = |server| self.namespace.plane().kubectl_at(server).in_namespace(name);
        let (first, second) = (kubectl(servers.0), kubectl(servers.1));
        let second = || {
            thread::sleep(delay);
            pair.1.ask(&second, name, count)
        };
        let outputs = if pair.0.always_passes() {
            [pair.0.ask(&first, name, count), second()]
        } else {
            thread::scope(|scope| {
                let one = scope.spawn(|| pair.0.ask(&first, name, count));
                let other = second();
                [one.join().unwrap(), other]
            })
        };
        outputs.map(|output| if output.succeeded() { Ok(()) } else { Err(output.stderr) })
    }

    /// For the moment in which the controller has not seen the first change, an eviction is told to try again (`observedGeneration`).
    fn ask_again(&self, pair: (Step, Step), servers: (usize, usize), asked: &mut [Result<(), String>; 2]) {
        let steps = [(pair.0, servers.0), (pair.1, servers.1)];
        for ((step, server), asked) in steps.into_iter().zip(asked) {
            let says = |said: &mut String| said.contains("the next pod of the unfinished rollout counts as gone");
            if !asked.as_mut().is_err_and(says) {
                continue;
            }
            eprintln!("{step:?} of {} had to try again", self.count);
            thread::sleep(Duration::from_secs(1));
            let kubectl = self.namespace.plane().kubectl_at(server).in_namespace(self.namespace.name());
            let again = step.ask(&kubectl, self.namespace.name(), self.count);
            *asked = if again.succeeded() { Ok(()) } else { Err(again.stderr) };
        }
    }

    /// Made anew, without anything that was left of the last pair.
    fn restore(&self) {
        let (namespace, kubectl) = (&self.namespace, self.namespace.kubectl());
        namespace.plane().agent().resume(namespace.name());
        kubectl.line(&format!("delete statefulset/{SET}")).ok();
        kubectl.line("delete pvc --all --wait=false").ok();
        eventually("nothing to be left", || {
            let left = [namespace.names("pods"), namespace.names("persistentvolumeclaims")].concat();
            if left.is_empty() { Ok(()) } else { Err(left.join(", ")) }
        });
        self.bring_up();
    }

    fn bring_up(&self) {
        self.namespace.apply(&self.manifest).ok();
        self.namespace.await_ready(SET, i64::from(self.count));
        self.quorate.await_known(&self.namespace, SET);
    }

    /// Makes one pair; what is wrong with what came of it.
    fn broken(&self, index: usize) -> Option<String> {
        let pair = *PAIRS.get(index % PAIRS.len()).unwrap();
        let delay = Duration::from_millis(*DELAYS.get(index / PAIRS.len() % DELAYS.len()).unwrap());
        let servers = *[(0, 1), (1, 0), (0, 0), (0, 1)].get(index % 4).unwrap();
        // No pod ends and none comes back until both were answered.
        self.namespace.plane().agent().pause(self.namespace.name());
        let asked = self.ask(pair, servers, delay);
        let together: BTreeSet<u32> = pair.0.takes(self.count).union(&pair.1.takes(self.count)).copied().collect();
        let left = self.count - u32::try_from(together.len()).unwrap();
        let holds = left > self.count / 2;
        let mut asked = asked;
        if holds {
            self.ask_again(pair, servers, &mut asked);
        }
        let both = asked.iter().all(Result::is_ok);
        let judged = !pair.1.always_passes();
        self.restore();
        let told = format!("{pair:?} of {}, {delay:?} apart, servers {servers:?}: {left} left, {asked:?}", self.count);
        match (both, holds) {
            (true, false) if judged => Some(format!("admitted together: {told}")),
            (false, true) => Some(format!("refused for nothing: {told}")),
            (true | false, _) if asked.iter().all(Result::is_err) => Some(format!("both refused: {told}")),
            (true | false, _) => None,
        }
    }
}

#[test]
fn no_two_admissions_add_up() {
    let count: usize = environment("QUORATE_PAIRS").map_or(24, |count| count.parse().unwrap());
    let plane = ControlPlane::builder("pairs").api_servers(2).start();
    let quorate = Quorate::installer(&plane).replicas(3).install();
    let sets: Vec<Voters<'_>> = (0..SETS).map(|index| Voters::new(&quorate, index)).collect();
    let broken: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = sets
            .iter()
            .enumerate()
            .map(|(worker, set)| {
                scope.spawn(move || {
                    (worker..count).step_by(SETS).filter_map(|index| set.broken(index)).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(broken.is_empty(), "{} of {count} pairs:\n{}", broken.len(), broken.join("\n"));
    let written = |index: usize| quorate.replica(index).metric(r#"quorate_reservation_writes_total{result="written"}"#);
    let writers = (0..3).filter(|index| written(*index).is_some_and(|count| count > 0.0)).count();
    assert!(writers >= 2, "the pairs were answered by more than one replica");
}
