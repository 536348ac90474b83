//! The PodDisruptionBudgets that select a set's pods, as they are now.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::ListParams;
use kube::core::{Selector, SelectorExt};
use kube::{Api, Client, Error};

use crate::budget::{DisruptionBudget, Labels};

/// Those of the namespace that select pods of these labels.
pub(crate) async fn selecting(
    client: &Client,
    namespace: &str,
    labels: &Labels,
) -> Result<Vec<PodDisruptionBudget>, Error> {
    let all: Api<PodDisruptionBudget> = Api::namespaced(client.clone(), namespace);
    let budgets = all.list(&ListParams::default()).await?;
    Ok(budgets.items.into_iter().filter(|budget| selects(budget, labels)).collect())
}

/// An absent selector selects nothing, an empty one everything (policy/v1).
pub(crate) fn selects(budget: &PodDisruptionBudget, labels: &Labels) -> bool {
    let selector = budget.spec.as_ref().and_then(|spec| spec.selector.clone());
    let selector = selector.and_then(|selector| Selector::try_from(selector).ok());
    selector.is_some_and(|selector| selector.matches(labels))
}

pub(crate) fn together(budgets: &[PodDisruptionBudget]) -> DisruptionBudget {
    let statuses = || budgets.iter().filter_map(|budget| budget.status.as_ref());
    DisruptionBudget {
        is_spent: statuses().any(|status| status.disruptions_allowed.unwrap_or(0) <= 0),
        disrupted: statuses()
            .flat_map(|status| status.disrupted_pods.iter().flatten())
            .map(|(pod, _)| pod.clone())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn budget(selector: Value, allowed: i32, disrupted: Value) -> PodDisruptionBudget {
        let status = json!({
            "disruptionsAllowed": allowed, "disruptedPods": disrupted, "currentHealthy": 3, "desiredHealthy": 2, "expectedPods": 3,
        });
        serde_json::from_value(json!({ "spec": { "selector": selector }, "status": status })).unwrap()
    }

    #[test]
    fn selects_by_the_labels_of_the_pods() {
        let labels: Labels = [("app".to_owned(), "rqlite".to_owned())].into();
        let selects = |selector: Value| selects(&budget(selector, 1, json!({})), &labels);
        assert!(selects(json!({ "matchLabels": { "app": "rqlite" } })));
        assert!(selects(json!({ "matchExpressions": [{ "key": "app", "operator": "Exists" }] })));
        assert!(selects(json!({})));
        assert!(!selects(Value::Null));
        assert!(!selects(json!({ "matchLabels": { "app": "other" } })));
    }

    #[test]
    fn one_that_is_spent_refuses_what_it_has_not_granted() {
        let granted = json!({ "rqlite-0": "2026-11-22T10:00:00Z" });
        let both = together(&[budget(json!({}), 1, json!({})), budget(json!({}), 0, granted)]);
        assert!(both.refuses("rqlite-1") && !both.refuses("rqlite-0"));
        assert!(!together(&[budget(json!({}), 1, json!({}))]).refuses("rqlite-1"));
        assert!(!together(&[]).refuses("rqlite-1"));
    }
}
