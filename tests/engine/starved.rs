//! Reviews beside many more busy processes than there are CPUs: waiting for one is not held against a policy.
//! What a policy that uses its time up gets is shown in `failures`.

use std::process::{Child, Command, Stdio};

use kubernetes::verdict::Level;
use quorate_engine::{Binding, BreakGlass, PolicyLimits, PolicySet};
use quorate_fixtures::review;
use quorate_fixtures::set::rqlite_set;
use quorate_tests::{NOTHING_BEHIND, binding, builtin_with, evaluate};
use serde_json::{Value, json};

/// How many ordinary reviews; 200 without it.
const REVIEWS_VARIABLE: &str = "QUORATE_STARVED_REVIEWS";

const BUSY: usize = 20;

/// A process that does nothing but take a CPU, until it is dropped.
struct Busy(Child);

impl Busy {
    fn start() -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do :; done"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// With the limits that a server gives by default.
fn policies() -> PolicySet {
    builtin_with(|_| Binding { limits: PolicyLimits::default(), ..binding(json!({})) }, BreakGlass::default())
}

fn set(replicas: u32, variables: usize) -> Value {
    let variables = (0..variables).map(|n| json!({"name": format!("E{n}"), "value": "x"}));
    let mut set = rqlite_set(replicas);
    let container = set.pointer_mut("/spec/template/spec/containers/0").unwrap().as_object_mut().unwrap();
    container.insert("env".to_owned(), variables.collect());
    set
}

#[test]
fn a_review_that_waits_for_a_cpu_is_judged() {
    let policies = policies();
    let _busy: Vec<Busy> = (0..BUSY).map(|_| Busy::start()).collect();
    let reviews = std::env::var_os(REVIEWS_VARIABLE).map_or(200, |given| given.to_str().unwrap().parse().unwrap());
    let ordinary = review::of_change(Some(&set(3, 0)), Some(&set(1, 0)));
    // Some milliseconds of CPU each, and on a busy machine many times as much until they are through.
    let long = review::of_change(Some(&set(3, 300)), Some(&set(1, 300)));
    let asked = std::iter::repeat_n(&long, 5).chain(std::iter::repeat_n(&ordinary, reviews));
    for (count, review) in asked.enumerate() {
        let evaluated = evaluate(&policies, review, &NOTHING_BEHIND, "{\"version\":1}");
        let failed = evaluated.findings.iter().find(|finding| finding.level == Level::NotJudged);
        assert!(failed.is_none(), "review {count}: {failed:?}");
    }
}
