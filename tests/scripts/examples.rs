//! The examples of both SDKs do what their READMEs say, to the same words.

use kubernetes::admission::{GroupVersionKind, GroupVersionResource, Operation, Phase, Request};
use kubernetes::object::indexed;
use kubernetes::verdict::Verdict;
use quorate_engine::{BreakGlass, Policy, PolicySet, Review};
use quorate_tests::{block_on, nothing_known};
use serde_json::{Value, json};

use crate::build::LANGUAGES;

fn review(policy: Policy, phase: Phase, resource: &str, object: &Value) -> Review {
    let set = PolicySet::new(vec![policy], BreakGlass::default()).unwrap();
    let group = object["apiVersion"].as_str().unwrap().split_once('/').map_or("", |(group, _)| group);
    let kind = object["kind"].as_str().unwrap();
    let request = Request {
        kind: GroupVersionKind { group: group.into(), version: "v1".into(), kind: kind.into() },
        resource: GroupVersionResource { group: group.into(), version: "v1".into(), resource: resource.into() },
        namespace: Some("web".into()),
        name: Some("shop".into()),
        object: Some(indexed(&object.to_string()).unwrap()),
        ..Request::new("7e1f4a52", Operation::Create)
    };
    block_on(set.review(phase, &request, &nothing_known()))
}

fn deployment(labels: &Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "labels": labels}, "spec": {}})
}

#[test]
fn a_deployment_without_its_labels_is_refused() {
    for language in LANGUAGES {
        let settings = json!({"labels": ["team", "example.com/cost"]});
        let Some(policy) = language.policy("required-labels", settings) else { continue };
        let review = review(policy, Phase::Validate, "deployments", &deployment(&json!({"team": "a"})));
        assert_eq!(review.verdict, Verdict::Denied, "{language:?}");
        let [finding] = review.findings.as_slice() else { panic!("{language:?}: {:?}", review.findings) };
        assert_eq!(
            finding.line("Deployment web/shop"),
            "required-labels/label-missing: Deployment web/shop: label example.com/cost is missing; set metadata.labels.example.com/cost"
        );
        assert_eq!(finding.field, "metadata.labels[example.com/cost]");
        assert_eq!(finding.evidence, [("label".to_owned(), "example.com/cost".to_owned())]);
    }
}

#[test]
fn a_deployment_with_its_labels_is_allowed() {
    for language in LANGUAGES {
        let Some(policy) = language.policy("required-labels", json!({"labels": ["team"]})) else { continue };
        let review = review(policy, Phase::Validate, "deployments", &deployment(&json!({"team": "a"})));
        assert_eq!((review.verdict, review.findings), (Verdict::Allowed, Vec::new()), "{language:?}");
    }
}

#[test]
fn settings_are_checked_before_the_policy_runs() {
    for language in LANGUAGES {
        let Some(refused) = language.load("required-labels", json!({"labels": []})) else { continue };
        let says = "the settings of policy `required-labels` are wrong: `/labels`: [] has less than 1 item";
        assert_eq!(refused.map(drop).unwrap_err().to_string(), says, "{language:?}");
    }
}

#[test]
fn images_that_may_change_are_pulled_each_time() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop"}, "spec": {"containers": [
        {"name": "a", "image": "nginx"},
        {"name": "b", "image": "nginx:1.29"},
        {"name": "c", "image": "example.com:5000/shop:latest", "imagePullPolicy": "IfNotPresent"},
        {"name": "d", "image": format!("nginx@sha256:{}", "a".repeat(64))},
    ]}});
    for language in LANGUAGES {
        let Some(policy) = language.policy("pull-policy", json!({})) else { continue };
        let review = review(policy, Phase::Mutate, "pods", &pod);
        assert_eq!((review.verdict, &review.findings), (Verdict::Allowed, &Vec::new()), "{language:?}");
        let patch: json_patch::Patch = serde_json::from_str(&review.patch.to_string()).unwrap();
        let mut patched = pod.clone();
        json_patch::patch(&mut patched, &patch).unwrap();
        let policy = |index: usize| &patched["spec"]["containers"][index]["imagePullPolicy"];
        let policies = [0, 1, 2, 3].map(policy);
        assert_eq!(policies, [&json!("Always"), &Value::Null, &json!("Always"), &Value::Null], "{language:?}");
        assert_eq!(patch.len(), 2, "{language:?}: {patch}");
    }
}

#[test]
fn nothing_is_imported_but_the_interfaces_of_the_world() {
    for language in LANGUAGES {
        let Some(validating) = language.describe("required-labels") else { continue };
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(validating.imports, names(&["kubernetes", "log", "request", "types", "verdicts"]), "{language:?}");
        let mutating = language.describe("pull-policy").unwrap();
        assert_eq!(
            mutating.imports,
            names(&["edits", "kubernetes", "log", "request", "types", "verdicts"]),
            "{language:?}"
        );
    }
}
