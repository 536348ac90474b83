//! The configurations themselves: what stands in them, for which policies, and what of it the server keeps.

use k8s_openapi::api::admissionregistration::v1::ValidatingWebhook;
use kubernetes::admission::{Operation, Phase};
use serde::Serialize;
use serde_json::{Value, json};

use super::server::Request;
use super::{guard, mounts, named_matching, policy, sets, validating};
use crate::registration::{
    Client, LabelSelector, Naming, Narrowed, Registered, Registration, RequestMatch, is_server_owned,
};

fn json<T: Serialize>(entries: &[T]) -> Vec<Value> {
    entries.iter().map(|entry| serde_json::to_value(entry).unwrap()).collect()
}

fn registration() -> Registration {
    Registration::in_cluster("quorate-system", "quorate")
}

fn policies_of(webhooks: &[ValidatingWebhook]) -> Vec<(&str, &str)> {
    webhooks.iter().map(|entry| (entry.name.as_str(), entry.failure_policy.as_deref().unwrap())).collect()
}

#[test]
fn the_built_in_policies_have_these_entries() {
    let (guard, mounts) = (guard(), mounts());
    let policies = [guard.clone(), mounts.clone()];
    let rendered = registration().validating(&policies).webhooks.unwrap();
    assert_eq!(
        policies_of(&rendered),
        [
            ("statefulsets.quorate.dev", "Fail"),
            ("statefulsets-rest.quorate.dev", "Ignore"),
            ("statefulsets-not-recognised.quorate.dev", "Ignore"),
            ("scale.quorate.dev", "Fail"),
            ("scale-rest.quorate.dev", "Ignore"),
        ]
    );
    let (naming, server_owned) = registration().server_owned_validating(&policies, &sets(&[("db", "a")]));
    assert_eq!(naming, Naming::Set);
    assert_eq!(
        policies_of(&server_owned),
        [
            ("known-scale.quorate.dev", "Fail"),
            ("known-scale-rest.quorate.dev", "Ignore"),
            ("known-evictions.quorate.dev", "Ignore"),
            ("known-autoscalers.quorate.dev", "Ignore"),
            ("known-namespaces.quorate.dev", "Fail"),
            ("known-services.quorate.dev", "Fail"),
            ("known-claims.quorate.dev", "Fail"),
        ]
    );
    assert!(server_owned.iter().all(|entry| is_server_owned(&entry.name)));
    assert!(!rendered.iter().any(|entry| is_server_owned(&entry.name)));
    assert_eq!(registration().server_owned_validating(&policies, &sets(&[])).1, []);
}

#[test]
fn every_entry_is_called_alike() {
    let (guard, mounts) = (guard(), mounts());
    let policies = [guard.clone(), mounts.clone()];
    let mut all = registration().validating(&policies).webhooks.unwrap();
    all.extend(registration().server_owned_validating(&policies, &sets(&[("db", "a")])).1);
    for entry in all {
        let found = serde_json::to_value(&entry).unwrap();
        assert_eq!(found["matchPolicy"], "Equivalent");
        assert_eq!(found["sideEffects"], "NoneOnDryRun");
        assert_eq!(found["timeoutSeconds"], 3);
        assert_eq!(found["admissionReviewVersions"], json!(["v1"]));
        let client =
            json!({"service": {"namespace": "quorate-system", "name": "quorate", "path": "/validate", "port": 443}});
        assert_eq!(found["clientConfig"], client, "and no caBundle");
        let excluded = json!(["kube-node-lease", "kube-public", "kube-system", "quorate-system"]);
        let selector = json!([{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": excluded}]);
        assert_eq!(found["namespaceSelector"]["matchExpressions"], selector);
    }
    let mutating = registration().mutating(&policies).webhooks.unwrap();
    let [entry] = mutating.as_slice() else { panic!("{mutating:?}") };
    let found = serde_json::to_value(entry).unwrap();
    assert_eq!((&found["failurePolicy"], &found["reinvocationPolicy"]), (&json!("Ignore"), &json!("IfNeeded")));
    assert_eq!((&found["timeoutSeconds"], &found["rules"][0]["operations"]), (&json!(2), &json!(["CREATE", "UPDATE"])));
}

#[test]
fn only_what_loaded_policies_match_is_registered() {
    let mounts = mounts();
    let rendered = registration().validating(std::slice::from_ref(&mounts)).webhooks.unwrap();
    assert_eq!(
        policies_of(&rendered),
        [
            ("statefulsets.quorate.dev", "Fail"),
            ("statefulsets-rest.quorate.dev", "Ignore"),
            ("statefulsets-not-recognised.quorate.dev", "Ignore"),
        ]
    );
    assert_eq!(rendered[0].rules.as_ref().unwrap()[0].operations.as_ref().unwrap(), &["CREATE", "UPDATE"]);
    assert_eq!(registration().server_owned_validating(std::slice::from_ref(&mounts), &sets(&[("db", "a")])).1, []);
    let guard = guard();
    assert_eq!(registration().mutating(std::slice::from_ref(&guard)).webhooks.unwrap(), []);
    assert_eq!(registration().validating(&[]).webhooks.unwrap(), []);
}

#[test]
fn nothing_is_refused_by_policies_that_only_warn() {
    let guard = guard();
    let warns = [Registered { fails: false, ..guard.clone() }];
    let mut all = registration().validating(&warns).webhooks.unwrap();
    all.extend(registration().server_owned_validating(&warns, &sets(&[("db", "a")])).1);
    assert!(policies_of(&all).iter().all(|(_, policy)| *policy == "Ignore"), "{all:?}");
}

#[test]
fn a_url_is_called_instead_of_a_service() {
    let guard = guard();
    let registration = Registration::at(Client::Url("https://127.0.0.1:8443/".to_owned()));
    let rendered = registration.validating(std::slice::from_ref(&guard)).webhooks.unwrap();
    assert_eq!(rendered[0].client_config.url.as_deref(), Some("https://127.0.0.1:8443/validate"));
}

#[test]
fn a_policy_of_ones_own_is_registered_as_it_describes_itself() {
    let mut pods = named_matching("*", "*/*", &[Operation::Delete, Operation::Create]);
    pods.conditions = vec![("big".to_owned(), "true".to_owned())];
    let own = policy("zones", &[Phase::Validate], vec![named_matching("", "pods", &[Operation::Create]), pods]);
    let denies = Registered { built_in: false, ..own };
    let (_, server_owned) =
        registration().server_owned_validating(std::slice::from_ref(&denies), &sets(&[("db", "a")]));
    assert_eq!(
        policies_of(&server_owned),
        [("zones.policy.quorate.dev", "Fail"), ("match-2.zones.policy.quorate.dev", "Fail")]
    );
    assert!(server_owned.iter().all(|entry| is_server_owned(&entry.name)));
    assert_eq!(registration().validating(std::slice::from_ref(&denies)).webhooks.unwrap(), server_owned);
    let rule = serde_json::to_value(&server_owned[1].rules).unwrap();
    let expected = json!([{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE", "DELETE"], "resources": ["*/*"], "scope": "*"}]);
    assert_eq!(rule, expected);
    let conditions = server_owned[1].match_conditions.as_ref().unwrap();
    assert_eq!(
        conditions.iter().map(|condition| condition.name.as_str()).collect::<Vec<_>>(),
        ["big", "quorate.dev/not-vital"]
    );
    let sent = |group, resource| Request::on(group, resource, "UPDATE", &Value::Null, &Value::Null).holds(conditions);
    assert!(sent("", "pods") && sent("", "pods/eviction") && sent("apps", "statefulsets/scale"));
    for vital in ["nodes", "nodes/status", "pods/status", "events", "leases", "pods/binding", "tokenreviews"] {
        assert!(!sent("", vital), "{vital}");
    }
    let warns = Registered { fails: false, ..denies };
    assert!(
        policies_of(&registration().server_owned_validating(&[warns], &sets(&[])).1)
            .iter()
            .all(|(_, policy)| *policy == "Ignore")
    );
}

#[test]
fn known_sets_are_scaled_evicted_and_autoscaled_by_name() {
    let entries = validating(&[("db", "rqlite"), ("db", "it's"), ("other", "db")]);
    let scale = |from: Value, to: Value, selector: &str| {
        let document = |spec: Value| json!({"spec": spec, "status": {"selector": selector}});
        Request::on("apps", "statefulsets/scale", "UPDATE", &document(from), &document(to))
    };
    let three = || json!({"replicas": 3});
    assert_eq!(scale(three(), json!({"replicas": 1}), "app=db").entries(&entries), ["known-scale.quorate.dev"]);
    assert_eq!(scale(three(), json!({}), "app=db").entries(&entries), ["known-scale.quorate.dev"], "to zero");
    assert_eq!(scale(json!({}), three(), "app=db").entries(&entries), ["known-scale-rest.quorate.dev"], "from zero");
    assert_eq!(scale(three(), json!({}), "app=rqlite").entries(&entries), ["scale.quorate.dev"], "not sent twice");
    assert_eq!(scale(three(), json!({}), "app=db").named("db").entries(&entries), [""; 0], "another namespace's");
    assert!(scale(three(), json!({}), "app=db").is_refused(&entries));
    assert!(!scale(json!({}), three(), "app=rqlite").is_refused(&entries));

    let eviction = |pod: &str| Request::on("", "pods/eviction", "CREATE", &Value::Null, &json!({})).named(pod);
    assert_eq!(eviction("rqlite-12").entries(&entries), ["known-evictions.quorate.dev"]);
    assert_eq!(eviction("it's-0").entries(&entries), ["known-evictions.quorate.dev"]);
    for other in ["rqlite", "rqlite-a", "rqlite-0-1", "other-0", "0"] {
        assert_eq!(eviction(other).entries(&entries), [""; 0], "{other}");
    }

    let target =
        |kind: &str, name: &str| json!({"metadata": {}, "spec": {"scaleTargetRef": {"kind": kind, "name": name}}});
    let autoscaler = |operation: &str, old: &Value, new: &Value| {
        Request::on("autoscaling", "horizontalpodautoscalers", operation, old, new).entries(&entries)
    };
    let (ours, moved) = (target("StatefulSet", "rqlite"), target("StatefulSet", "other"));
    assert_eq!(autoscaler("CREATE", &Value::Null, &ours), ["known-autoscalers.quorate.dev"]);
    assert_eq!(autoscaler("UPDATE", &ours, &moved), ["known-autoscalers.quorate.dev"]);
    assert_eq!(autoscaler("UPDATE", &ours, &ours), [""; 0]);
    assert_eq!(autoscaler("CREATE", &Value::Null, &target("Deployment", "rqlite")), [""; 0]);
}

#[test]
fn long_lists_of_sets_are_stable_and_cut() {
    let names: Vec<(String, String)> =
        (0..2_000).map(|n| (format!("namespace-{n}"), format!("a-rather-long-name-of-a-set-{n}"))).collect();
    let mut pairs: Vec<(&str, &str)> =
        names.iter().map(|(namespace, name)| (namespace.as_str(), name.as_str())).collect();
    let guard = guard();
    let policies = [guard.clone()];
    let (naming, server_owned) = registration().server_owned_validating(&policies, &sets(&pairs));
    assert_eq!(naming, Naming::Set);
    pairs.reverse();
    assert_eq!(server_owned, registration().server_owned_validating(&policies, &sets(&pairs)).1);
    let expressions = server_owned
        .iter()
        .flat_map(|entry| entry.match_conditions.iter().flatten())
        .map(|condition| condition.expression.len());
    assert!(expressions.max().unwrap() < 100_000);
    let scales: Vec<&str> =
        server_owned.iter().map(|entry| entry.name.as_str()).filter(|name| name.contains("scale")).collect();
    assert_eq!(scales.len() % 2, 0);
    assert_eq!(
        scales[..4],
        [
            "known-scale.quorate.dev",
            "known-scale-rest.quorate.dev",
            "known-autoscalers.quorate.dev",
            "known-scale-2.quorate.dev"
        ]
    );
}

#[test]
fn kept_entries_follow_the_rendered_ones() {
    let guard = guard();
    let policies = [guard.clone()];
    let mut changed = Registration::in_cluster("guards", "q");
    changed.excluded_namespaces.insert("backup".to_owned());
    changed.timeouts.validate = 7;
    let by_url = Registration::at(Client::Url("https://a:1/b".to_owned()));
    for other in [changed, by_url] {
        let mut live = json(&other.validating(&policies).webhooks.unwrap());
        let followed = registration().as_rendered(Phase::Validate, &live);
        let known = sets(&[("db", "a")]);
        assert_eq!(
            followed.server_owned_validating(&policies, &known),
            other.server_owned_validating(&policies, &known)
        );
        let of_a_platform =
            json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["gke-system"]});
        let expressions = live[0]["namespaceSelector"]["matchExpressions"].as_array_mut().unwrap();
        expressions.push(of_a_platform);
        assert_eq!(registration().as_rendered(Phase::Validate, &live), followed);
    }
    assert_eq!(registration().as_rendered(Phase::Validate, &[]), registration(), "nothing is rendered");
}

#[test]
fn kept_entries_that_mutate_follow_the_rendered_ones_of_their_kind() {
    let mounts = mounts();
    let mut changed = registration();
    changed.timeouts.mutate = 5;
    let live = json(&changed.mutating(std::slice::from_ref(&mounts)).webhooks.unwrap());
    assert_eq!(registration().as_rendered(Phase::Mutate, &live), changed);
}

#[test]
fn a_policy_of_ones_own_is_narrowed_in_its_entries() {
    let pods = named_matching("", "pods", &[Operation::Create, Operation::Delete]);
    let exec =
        RequestMatch { sub_resources: vec!["exec".to_owned()], ..named_matching("", "pods", &[Operation::Connect]) };
    let team =
        |name: &str| -> LabelSelector { serde_json::from_value(json!({"matchLabels": {"team": name}})).unwrap() };
    let narrowed = Narrowed {
        namespace_selector: Some(team("db")),
        object_selector: Some(team("web")),
        exclude_namespaces: ["sandbox".to_owned()].into(),
        operations: Some([Operation::Create, Operation::Connect].into()),
    };
    let own = Registered { built_in: false, narrowed, ..policy("zones", &[Phase::Validate], vec![pods, exec]) };
    let entries = registration().validating(std::slice::from_ref(&own)).webhooks.unwrap();
    assert_eq!(entries[0].rules.as_ref().unwrap()[0].operations.as_deref(), Some(["CREATE".to_owned()].as_slice()));
    assert_eq!(entries[0].object_selector, Some(team("web")));
    assert_eq!(entries[1].object_selector, None, "what is sent for a sub-resource has other labels");
    for entry in &entries {
        let namespaces = entry.namespace_selector.clone().unwrap();
        assert_eq!(namespaces.match_labels, team("db").match_labels);
        let excluded = namespaces.match_expressions.unwrap().remove(0).values.unwrap();
        assert!(
            excluded.contains(&"sandbox".to_owned()) && excluded.contains(&"kube-system".to_owned()),
            "{excluded:?}"
        );
    }
    let deletes = Narrowed { operations: Some([Operation::Delete].into()), ..Narrowed::default() };
    let entries = registration().validating(&[Registered { narrowed: deletes, ..own }]).webhooks.unwrap();
    assert_eq!(entries.len(), 1, "a match of which no operation is left has no entry");
}
