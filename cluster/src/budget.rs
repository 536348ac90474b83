//! What PodDisruptionBudgets leave of a set: the API server asks them after us, and an eviction that they refuse takes nothing away.
//! Lists none itself.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;

/// The budgets that select a set's pods, taken together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DisruptionBudget {
    /// One of them allows no disruption.
    pub is_spent: bool,
    /// Pods whose eviction the API server has granted, and that the controller has not seen go yet.
    pub disrupted: BTreeSet<String>,
}

/// Labels of a set's pods.
pub type Labels = BTreeMap<String, String>;

/// Knows of pods what reservations rest on.
pub trait PodSource: Send + Sync {
    /// The pod of this uid was there, and is no more. False where nobody knows.
    fn was_deleted(&self, uid: &str) -> bool;

    /// What the PodDisruptionBudgets leave that select pods of these labels.
    fn budget<'a>(&'a self, namespace: &'a str, labels: &'a Labels) -> BudgetFuture<'a>;
}

/// Knows no cluster: nothing is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPods;

impl PodSource for NoPods {
    fn was_deleted(&self, _uid: &str) -> bool {
        false
    }

    fn budget<'a>(&'a self, _namespace: &'a str, _labels: &'a Labels) -> BudgetFuture<'a> {
        Box::pin(std::future::ready(None))
    }
}

/// None: not known.
pub type BudgetFuture<'a> = Pin<Box<dyn Future<Output = Option<DisruptionBudget>> + Send + 'a>>;

impl DisruptionBudget {
    /// An eviction of this pod is refused: none is allowed, and it is not one that was granted.
    pub fn refuses(&self, pod: &str) -> bool {
        self.is_spent && !self.disrupted.contains(pod)
    }
}
