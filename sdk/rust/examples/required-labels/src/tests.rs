//! The rule, natively.

use quorate_policy::Missing;
use quorate_policy::testing::{Review, manifest, settings_errors};

use super::RequiredLabels;

const DEPLOYMENT: &str = r#"{
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop", "labels": {"team": "checkout"}}
}"#;

const SETTINGS: &str = r#"{"labels": ["team", "example.com/cost"]}"#;

#[test]
fn denies_a_missing_label() {
    let outcome = Review::create("deployments", DEPLOYMENT)
        .related("namespace", &[r#"{"metadata": {"name": "shop"}}"#])
        .validate::<RequiredLabels>(SETTINGS);
    assert_eq!(outcome.messages(), ["label-missing: label example.com/cost is missing, here and on the namespace"]);
}

#[test]
fn allows_a_label_of_the_namespace() {
    let outcome = Review::create("deployments", DEPLOYMENT)
        .related("namespace", &[r#"{"metadata": {"labels": {"example.com/cost": "7"}}}"#])
        .validate::<RequiredLabels>(SETTINGS);
    assert_eq!(outcome.findings, []);
}

#[test]
fn does_not_judge_by_a_namespace_that_is_not_known() {
    let review = Review::create("deployments", DEPLOYMENT).related_missing("namespace", Missing::NotReady);
    let outcome = review.validate::<RequiredLabels>(SETTINGS);
    assert_eq!(outcome.not_judged.as_deref(), Some("related object `namespace` is not known yet"));
}

#[test]
fn refuses_settings_with_their_pointer() {
    let errors = settings_errors::<RequiredLabels>(r#"{"labels": ["team", ""]}"#);
    assert_eq!(errors[0].pointer, "/labels/1");
    let errors = settings_errors::<RequiredLabels>(r#"{"labels": ["team", 7]}"#);
    assert_eq!(errors[0].pointer, "/labels/1");
}

#[test]
fn has_a_manifest_that_is_json() {
    assert_eq!(manifest::<RequiredLabels>()["settings"]["properties"]["labels"]["type"], "array");
}
