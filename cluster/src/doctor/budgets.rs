//! Whether each voter set has a PodDisruptionBudget: where Quorate is down, nothing else keeps a drain from taking the quorum.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kubernetes::manifest::StatefulSet;
use rqlite::change;
use rqlite::cluster::RqliteSet;
use rqlite::role::Role;
use serde::Deserialize;

use super::observations::{Observations, unreadable};
use super::{DoctorCheck, Topic};
use crate::budgets::selects;
use crate::registration::SetName;
use crate::stored::StoredSet;

const TOPIC: Topic = Topic::DisruptionBudgets;
/// Of fewer voters each eviction takes the quorum for a moment, and none could ever be drained.
const FEWEST: u32 = 3;

/// What a budget for the set selects by.
#[derive(Deserialize)]
struct Selecting {
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    selector: LabelSelector,
}

pub(super) fn checks(seen: &Observations) -> Vec<DoctorCheck> {
    let (budgets, sets) = match (&seen.budgets, &seen.sets) {
        (Ok(budgets), Ok(sets)) => (budgets, sets),
        (Err(why), _) => return vec![unreadable(TOPIC, "PodDisruptionBudgets", why)],
        (_, Err(why)) => return vec![unreadable(TOPIC, "StatefulSets", why)],
    };
    let voters: Vec<(SetName, StatefulSet, &StoredSet)> = sets.iter().filter_map(voters).collect();
    let without = voters.iter().filter(|(name, set, _)| !is_covered(budgets, name, set));
    let mut checks: Vec<DoctorCheck> = without.map(|(name, _, stored)| missing(name, stored)).collect();
    let covered = voters.len() - checks.len();
    checks
        .push(DoctorCheck::fine(TOPIC, format!("{covered} of {} voter sets have a PodDisruptionBudget", voters.len())));
    checks
}

fn voters(stored: &StoredSet) -> Option<(SetName, StatefulSet, &StoredSet)> {
    let set: StatefulSet = serde_json::from_str(stored.json()).ok()?;
    let votes = RqliteSet::detect(&set)?.role() == Role::Voter;
    (votes && change::ordinals(&set).count() >= FEWEST).then(|| (stored.name(), set, stored))
}

fn is_covered(budgets: &[PodDisruptionBudget], name: &SetName, set: &StatefulSet) -> bool {
    let mut here = budgets.iter().filter(|budget| budget.metadata.namespace.as_ref() == Some(&name.namespace));
    here.any(|budget| selects(budget, &set.spec.template.metadata.labels))
}

fn missing(name: &SetName, stored: &StoredSet) -> DoctorCheck {
    let SetName { namespace, name: set } = name;
    let message =
        format!("rqlite StatefulSet {name} has no PodDisruptionBudget: with Quorate down nothing holds a drain");
    let selector = serde_json::from_str(stored.json()).ok().map(|set: Selecting| set.spec.selector);
    let labels: Vec<String> = selector
        .and_then(|selector| selector.match_labels)
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let create = format!("kubectl -n {namespace} create poddisruptionbudget {set}");
    DoctorCheck::problem(TOPIC, message).remedy(format!("{create} --selector={} --max-unavailable=1", labels.join(",")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Level;
    use super::*;

    fn stored(replicas: u32, arguments: &[&str]) -> StoredSet {
        let container = json!({"name": "rqlite", "image": "rqlite/rqlite:10.2.7", "args": arguments});
        let labels = json!({"app": "rqlite", "tier": "data"});
        serde_json::from_value(json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"namespace": "db", "name": "a"},
            "spec": {"replicas": replicas, "serviceName": "a", "selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}},
        }))
        .unwrap()
    }

    fn budget(namespace: &str, label: &str) -> PodDisruptionBudget {
        let spec = json!({"selector": {"matchLabels": {"app": label}}, "maxUnavailable": 1});
        serde_json::from_value(json!({"metadata": {"namespace": namespace, "name": "b"}, "spec": spec})).unwrap()
    }

    fn found(set: StoredSet, budgets: Vec<PodDisruptionBudget>) -> Vec<(Level, String)> {
        let seen = Observations { budgets: Ok(budgets), sets: Ok(vec![set]), ..Observations::nothing() };
        let checks = checks(&seen).into_iter().filter(|check| check.level != Level::Fine);
        checks.map(|check| (check.level, check.remedy)).collect()
    }

    #[test]
    fn a_voter_set_without_one_is_a_problem_with_the_one_to_apply() {
        let apply = "kubectl -n db create poddisruptionbudget a --selector=app=rqlite,tier=data --max-unavailable=1";
        let expected = [(Level::Problem, apply.to_owned())];
        assert_eq!(found(stored(3, &[]), vec![]), expected);
        assert_eq!(found(stored(3, &[]), vec![budget("other", "rqlite"), budget("db", "web")]), expected);
        assert_eq!(found(stored(3, &[]), vec![budget("db", "rqlite")]), []);
    }

    #[test]
    fn two_voters_and_a_read_only_pool_need_none() {
        assert_eq!(found(stored(2, &[]), vec![]), []);
        assert_eq!(found(stored(3, &["-raft-non-voter=true"]), vec![]), []);
    }
}
