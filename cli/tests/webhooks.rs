//! `quorate webhooks`: what is printed, and for which configuration. What each entry asks is tested where it is made.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its output has failed")]

use serde_json::{Value, json};

use crate::common::{Folder, Run, in_repository, only};

fn documents(run: &Run) -> Vec<Value> {
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
    serde_saphyr::from_multiple(&run.stdout).unwrap()
}

/// Name and failurePolicy of each entry.
fn entries(configuration: &Value) -> Vec<(&str, &str)> {
    let entries = configuration["webhooks"].as_array().unwrap();
    entries.iter().map(|entry| (entry["name"].as_str().unwrap(), entry["failurePolicy"].as_str().unwrap())).collect()
}

#[test]
fn prints_both_configurations_for_the_built_in_policies() {
    let run = in_repository(&["webhooks"]);
    let printed = documents(&run);
    let [validating, mutating] = printed.as_slice() else { panic!("{run:?}") };
    assert_eq!(
        (&validating["kind"], &mutating["kind"]),
        (&json!("ValidatingWebhookConfiguration"), &json!("MutatingWebhookConfiguration"))
    );
    assert_eq!(
        (&validating["metadata"]["name"], &mutating["metadata"]["name"]),
        (&json!("quorate"), &json!("quorate"))
    );
    let expected = [
        ("statefulsets.quorate.dev", "Fail"),
        ("statefulsets-rest.quorate.dev", "Ignore"),
        ("statefulsets-not-recognised.quorate.dev", "Ignore"),
        ("scale.quorate.dev", "Fail"),
        ("scale-rest.quorate.dev", "Ignore"),
    ];
    assert_eq!(entries(validating), expected);
    assert_eq!(entries(mutating), [("statefulsets-mutate.quorate.dev", "Ignore")]);
    assert!(!run.stdout.contains("caBundle"));
    assert_eq!(in_repository(&["webhooks"]).stdout, run.stdout, "the same every time");
}

#[test]
fn prints_what_the_configuration_leaves() {
    let said = "  quorum-guard: {mode: warn}\n  bootstrap-expect-lock: {onError: allow}\n";
    let config = only(&["quorum-guard", "bootstrap-expect-lock"]) + said;
    let folder = Folder::new(&[("quorate.yaml", &config)]);
    let run = folder.quorate(&["webhooks", "--config", "quorate.yaml", "--url", "https://10.0.0.1:8443"]);
    let printed = documents(&run);
    assert!(entries(&printed[0]).iter().all(|(_, policy)| *policy == "Ignore"), "{run:?}");
    assert_eq!(printed[0]["webhooks"][0]["clientConfig"], json!({"url": "https://10.0.0.1:8443/validate"}));
    assert_eq!(printed[1]["webhooks"], json!([]));
}

#[test]
fn leaves_the_namespace_of_its_service_alone() {
    let printed = documents(&in_repository(&["webhooks", "--service", "guards/q"]));
    let entry = &printed[0]["webhooks"][0];
    let service = json!({"namespace": "guards", "name": "q", "path": "/validate", "port": 443});
    assert_eq!(entry["clientConfig"], json!({ "service": service }));
    let excluded = json!(["guards", "kube-node-lease", "kube-public", "kube-system"]);
    assert_eq!(entry["namespaceSelector"]["matchExpressions"][0]["values"], excluded);
}

#[test]
fn prints_the_backstop_and_its_binding() {
    let run = in_repository(&["webhooks", "--backstop"]);
    let printed = documents(&run);
    let kinds: Vec<&str> = printed.iter().map(|document| document["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]);
    assert_eq!(printed[0]["spec"]["validations"][0]["reason"], "Forbidden");
    assert_eq!(printed[1]["spec"]["validationActions"], json!(["Deny"]));
    assert!(!run.stdout.contains("immutable"));
}

#[test]
fn refuses_addresses_that_the_api_server_would_not_call() {
    for args in [["--url", "http://10.0.0.1"], ["--url", "https://a?b"], ["--service", "quorate"], ["--service", "A/b"]]
    {
        let run = in_repository(&["webhooks", args[0], args[1]]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.stderr.contains("expected"), "{run:?}");
    }
    assert_eq!(in_repository(&["webhooks", "--url", "https://a", "--service", "a/b"]).code, Some(2));
}
