//! One reservation: the pods that an admitted request takes away, as text that all replicas read.
//! No time stands in it: each replica counts from when it first saw it, by its own clock.

use rqlite::facts::Leaving;
use serde::{Deserialize, Serialize};

use quorate_cluster::DisruptionBudget;
use quorate_cluster::registration::SetName;

/// The pods of one set that one admission takes away. Unknown keys are skipped: a newer replica may run beside this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reservation {
    namespace: String,
    set: String,
    pub(crate) pods: Vec<Leaving>,
    /// Of an eviction: a PodDisruptionBudget allowed none when it was admitted, and is asked after us.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) budget_spent: bool,
}

impl Reservation {
    pub(crate) fn new(set: &SetName, pods: Vec<Leaving>, budget_spent: bool) -> Self {
        Self { namespace: set.namespace.clone(), set: set.name.clone(), pods, budget_spent }
    }

    /// The budgets say by now that it came to nothing.
    pub(crate) fn is_refused_by(&self, budget: &DisruptionBudget) -> bool {
        self.budget_spent && self.pods.iter().all(|pod| budget.refuses(&pod.name))
    }

    pub(crate) fn is_of(&self, set: &SetName) -> bool {
        self.namespace == set.namespace && self.set == set.name
    }

    pub(crate) fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

/// Under which one is kept: the uid of the request, as far as it is made of characters that a ConfigMap's key may have.
pub(crate) fn key(uid: &str) -> String {
    /// Of a ConfigMap's key (apimachinery `validation.IsConfigMapKey`).
    const LONGEST: usize = 253;
    let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    uid.chars().map(plain).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_back_and_a_newer_one_too() {
        let set = SetName { namespace: "db".to_owned(), name: "rqlite".to_owned() };
        let pod = Leaving { name: "rqlite-2".to_owned(), uid: Some("u2".to_owned()) };
        let reservation = Reservation::new(&set, vec![pod], false);
        let text = reservation.to_json().unwrap();
        assert_eq!(text, r#"{"namespace":"db","set":"rqlite","pods":[{"name":"rqlite-2","uid":"u2"}]}"#);
        let newer = text.replace(r#""pods""#, r#""since":7,"pods""#);
        assert_eq!(Reservation::parse(&newer).unwrap(), reservation);
        assert!(reservation.is_of(&set));
    }

    #[test]
    fn a_key_is_one_that_a_config_map_takes() {
        assert_eq!(key("0b4c8d1e-7a"), "0b4c8d1e-7a");
        assert_eq!(key("../\u{e9} x"), "------x".replacen("------", "-----", 1));
        assert_eq!(key(&"a".repeat(300)).len(), 253);
    }
}
