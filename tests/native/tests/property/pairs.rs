//! Two admissions: what the first takes away the second does not count on. Together they leave a quorum, and where they would leave one
//! the second is not refused for the first's sake.

use kubernetes::manifest::StatefulSet;
use proptest::prelude::*;
use quorate_native_tests::evaluate::{Evaluated, evaluate};
use quorate_native_tests::evaluation_input::EvaluationInput;
use quorate_native_tests::facts::Facts;
use quorate_native_tests::request::known;
use quorate_native_tests::run::Broken;
use quorate_native_tests::set::{Data, Set, plain};
use rqlite::reduction::Reduction;
use serde_json::{Value, json};

use crate::hold;
use crate::model::{Cluster, Names, ViewKind, quorum};

/// What is asked of the set.
#[derive(Debug, Clone, Copy)]
enum Step {
    Evict(usize),
    Scale(i64),
    DeleteClaim(usize),
    /// A template that is another.
    RollOut,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_usize..7).prop_map(Step::Evict),
        2 => (1_i64..7).prop_map(Step::Scale),
        1 => (0_usize..7).prop_map(Step::DeleteClaim),
        1 => Just(Step::RollOut),
    ]
}

/// A set of voters, and the count that its spec has by then.
struct Running<'a> {
    set: &'a Set,
    facts: &'a Facts,
    count: i64,
}

impl Running<'_> {
    fn json(&self) -> Value {
        Set { replicas: Some(self.count), ..self.set.clone() }.json()
    }

    fn typed(&self) -> StatefulSet {
        serde_json::from_value(self.json()).expect("a generated set")
    }

    fn input(&self, step: Step, leaving: &[Value]) -> EvaluationInput {
        let mut facts = self.facts.json(self.set);
        facts["leaving"] = json!(leaving);
        match step {
            Step::Evict(index) => EvaluationInput::evict(&self.json(), &self.set.pod(index), &facts),
            Step::Scale(to) => EvaluationInput::scale(&self.json(), to, &facts),
            Step::DeleteClaim(index) => EvaluationInput::delete_claim(&self.json(), &self.claim(index), &facts),
            Step::RollOut => {
                let mut new = self.json();
                new["spec"]["template"]["metadata"]["annotations"]["restarted"] = json!("now");
                EvaluationInput::update(&self.json(), &new, &facts)
            }
        }
    }

    fn claim(&self, index: usize) -> String {
        format!("{}-{}", quorate_native_tests::set::TEMPLATE, self.set.pod(index))
    }

    /// As a server reserves it.
    fn takes(&self, step: Step) -> Vec<Value> {
        let facts = rqlite::facts::Facts::parse(&self.facts.json(self.set).to_string()).expect("generated facts");
        let (set, from) = (self.typed(), i32::try_from(self.count).unwrap_or(i32::MAX));
        let (pod, claim) = match step {
            Step::Evict(index) | Step::DeleteClaim(index) => (self.set.pod(index), self.claim(index)),
            Step::Scale(_) | Step::RollOut => Default::default(),
        };
        let reduction = match step {
            Step::Evict(_) => Reduction::Eviction { set: &set, pod: &pod },
            Step::Scale(to) => Reduction::Scale { parent: &set, from, to: i32::try_from(to).unwrap_or(i32::MAX) },
            Step::DeleteClaim(_) => Reduction::Claim { set: &set, claim: &claim },
            Step::RollOut => Reduction::Update { old: &set, new: &set, template: true },
        };
        let rqlite = rqlite::cluster::RqliteSet::detect(&set);
        reduction.pods(rqlite.as_ref(), &facts).iter().map(|pod| serde_json::to_value(pod).expect("a pod")).collect()
    }
}

/// Voters on claims that a leader's view lists, without self-removal: what is left is plain counting.
fn counted() -> impl Strategy<Value = (Set, Facts)> {
    known(plain()).prop_filter("a led view of voters that stay voters", |(set, facts)| {
        let removal = set.launch.is_on("raft-cluster-remove-shutdown") || facts.removal == Some(true);
        let led = facts.view.as_ref().is_some_and(|view| view.is_led() && view.foreign.is_empty());
        led && !removal && set.data == Data::Template && set.count() >= 3 && facts.pods.is_some()
    })
}

fn names(pods: &[Value]) -> impl Iterator<Item = String> + '_ {
    pods.iter().filter_map(|pod| pod["name"].as_str().map(str::to_owned))
}

#[test]
fn no_two_admissions_add_up() {
    let cases = (counted(), step(), step());
    hold("pairs", 80, &cases, |((set, facts), first, second)| {
        let before = Running { set, facts, count: set.count() };
        let first_world = before.input(*first, &[]);
        let taken = before.takes(*first);
        if evaluate(&first_world).denied() || taken.is_empty() {
            return Ok(());
        }
        let count = if let Step::Scale(to) = first { *to } else { set.count() };
        let between = Running { count, ..before };
        let (with, without) = (between.input(*second, &taken), between.input(*second, &[]));
        let (evaluated, alone) = (evaluate(&with), evaluate(&without));
        let cluster = Cluster::of(set, facts, &Names::new());
        let takes: Names = names(&between.takes(*second)).collect();
        let together: Names = names(&taken).chain(takes.iter().cloned()).collect();
        let (left, needed) = (cluster.stay(&together), quorum(cluster.voters.len()));
        let broken = |what: &str, evaluated: &Evaluated| {
            let what =
                format!("{what}: {left} of {} stay, quorum is {needed}: {}", cluster.voters.len(), evaluated.told());
            Err(Broken::new(what, [("first", first_world.clone()), ("second", with.clone())]))
        };
        let is_asked = !matches!(second, Step::RollOut) && cluster.kind == ViewKind::Led && !cluster.is_lost();
        let costs = cluster.reachable.intersection(&takes).count() > 0 && left < needed;
        let few = count <= 2 && cluster.listed.len() <= 2;
        if is_asked && costs && !few && !evaluated.denied() && !matches!(second, Step::DeleteClaim(_)) {
            return broken("admitted together", &evaluated);
        }
        if left >= needed && !alone.denied() && evaluated.denied() && !set.rolls_out(0) {
            return broken("refused for nothing", &evaluated);
        }
        Ok(())
    });
}
