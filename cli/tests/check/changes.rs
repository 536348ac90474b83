//! Which change each pair of manifests is, and at which line its finding stands.

use quorate_fixtures::set::rqlite_set;

use super::support::{States, first, set};
use crate::common::only;

#[test]
fn denies_a_scale_below_quorum_at_its_line() {
    let states = States::new(&[("db/rqlite.yaml", &set(3))], &[("db/rqlite.yaml", &set(1))]);
    let run = states.check(&[]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""), "{run:?}");
    let expected = "StatefulSet db/rqlite: denied UPDATE db/rqlite.yaml:2:1
  deny quorum-guard/scale-below-quorum: replicas 3 -> 1 leaves 1 of 3 voters, quorum is 2; no live view: judged by spec.replicas
    remedy: scale to 2; to go lower remove rqlite-2 and give the membership (none was given, so no removal can be seen), or use break-glass
    at db/rqlite.yaml:10:3 spec.replicas
    10 |   replicas: 1
       |   ^^^^^^^^^^^
1 denied, 0 not judged, 0 allowed
";
    assert_eq!(run.stdout, expected);
}

#[test]
fn says_the_same_twice() {
    let states = States::new(&[("a.yaml", &set(3))], &[("a.yaml", &set(1))]);
    let outputs = ["-o", "json", "-o", "text", "-o", "sarif", "-o", "junit", "-o", "github", "-o", "markdown"];
    assert_eq!(states.check(&outputs), states.check(&outputs));
}

#[test]
fn follows_a_set_to_another_file() {
    let states = States::new(&[("rqlite.yaml", &set(3))], &[("apps/db/set.yml", &set(1))]);
    let (code, json) = states.json(&[]);
    assert_eq!(first(&json), ("denied", "quorum-guard/scale-below-quorum", "apps/db/set.yml", 10, 3));
    assert_eq!((code, &json["changes"][0]["operation"]), (Some(1), &"UPDATE".into()));
}

#[test]
fn a_removed_manifest_is_a_deletion_at_its_line_in_base() {
    let two = format!("apiVersion: v1\nkind: Service\nmetadata:\n  name: rqlite\n---\n{}", set(3));
    let states = States::new(&[("db.yaml", &two)], &[]);
    let (code, json) = states.json(&[]);
    assert_eq!(code, Some(1));
    let changes = json["changes"].as_array().unwrap();
    let set = changes.iter().find(|change| change["kind"] == "StatefulSet").unwrap();
    assert_eq!(set["operation"], "DELETE");
    let at = &set["findings"][0]["at"];
    assert_eq!((at["side"].as_str(), at["line"].as_u64()), (Some("base"), Some(7)), "{json:#}");
    assert_eq!(set["findings"][0]["rule"], "quorum-guard/cluster-deleted");
}

#[test]
fn a_removed_service_that_voters_are_found_by_is_denied_at_its_line_in_base() {
    let service = |name: &str| format!("apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: db\n");
    let (needed, other) = (service("rqlite-svc-internal"), service("web"));
    let base = [("needed.yaml", needed.as_str()), ("other.yaml", other.as_str()), ("set.yaml", &set(3))];
    let states = States::new(&base, &[("set.yaml", &set(3))]);
    let (code, json) = states.json(&[]);
    assert_eq!(code, Some(1), "{json:#}");
    assert_eq!(first(&json), ("denied", "quorum-guard/cluster-deleted", "needed.yaml", 1, 1));
    assert_eq!(json["changes"][1]["verdict"], "allowed");
}

#[test]
fn a_manifest_that_is_removed_may_leave_its_object() {
    for (annotation, tool) in [
        ("argocd.argoproj.io/sync-options: Prune=false", "argocd"),
        ("helm.sh/resource-policy: keep", "helm"),
        ("kustomize.toolkit.fluxcd.io/prune: disabled", "flux"),
    ] {
        let kept =
            set(3).replace("  labels:\n    app: rqlite\nspec:", &format!("  annotations:\n    {annotation}\nspec:"));
        let states = States::new(&[("db.yaml", &kept)], &[]);
        let run = states.check(&["--strict", "--as", tool]);
        assert_eq!(run.code, Some(0), "{run:?}");
        let (first, rest) = run.stdout.split_once('\n').unwrap();
        assert!(first.starts_with("kept StatefulSet db/rqlite: ") && first.contains(annotation), "{first}");
        assert_eq!(rest, "nothing to judge, 1 removed here but kept in the cluster\n");
        // The word of another tool keeps nothing, and the message says whose it is.
        let other = if tool == "argocd" { "flux" } else { "argocd" };
        let run = states.check(&["--as", other]);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.stdout.contains(&format!("would keep it with `--as {tool}`")), "{}", run.stdout);
    }
    let run = States::new(&[("db.yaml", &set(3))], &[]).check(&["--strict", "--as", "kubectl"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("kubectl apply deletes nothing without --prune"), "{}", run.stdout);
}

#[test]
fn a_count_that_is_removed_changes_to_one() {
    let without = set(3).replace("  replicas: 3\n", "");
    let states = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &without)]);
    let (code, json) = states.json(&[]);
    assert_eq!(code, Some(1));
    // The line is gone; what is left is the object that had it.
    assert_eq!(first(&json), ("denied", "quorum-guard/scale-below-quorum", "db.yaml", 9, 1), "{json:#}");
}

#[test]
fn a_count_that_nobody_writes_is_not_judged() {
    let without = set(3).replace("  replicas: 3\n", "");
    let other = without.replace("9.4.5", "9.4.6");
    let states = States::new(&[("db.yaml", &without)], &[("db.yaml", &other)]);
    let (code, json) = states.json(&[]);
    assert_eq!((code, json["changes"][0]["verdict"].as_str()), (Some(0), Some("not-judged")), "{json:#}");
    assert_eq!(states.check(&["--strict"]).code, Some(3));
    let gone = States::new(&[("db.yaml", &without)], &[]);
    assert_eq!(gone.json(&[]).1["changes"][0]["verdict"], "not-judged");
    // Somebody else's set is none of ours, whatever it leaves open.
    let nginx =
        without.replace("rqlite/rqlite:9.4.5", "nginx:1").replace("-bootstrap-expect=3", "-x").replace("-disco", "-d");
    let nginx = nginx.replace("-join", "-j");
    let states = States::new(&[("db.yaml", &nginx)], &[("db.yaml", &nginx.replace("nginx:1", "nginx:2"))]);
    assert_eq!(states.check(&["--strict"]).code, Some(0));
}

#[test]
fn writing_a_default_down_is_no_change() {
    let written =
        set(3).replace("podManagementPolicy: Parallel", "podManagementPolicy: Parallel\n  revisionHistoryLimit: 10");
    let states = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &written)]);
    assert_eq!(states.check(&[]).stdout, "nothing to judge, 1 unchanged\n");
}

#[test]
fn growth_is_allowed_and_a_warning_fails_on_demand() {
    let states = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &set(4))]);
    let run = states.check(&[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("1 allowed (1 with warnings)"), "{}", run.stdout);
    assert_eq!(states.check(&["--fail-on", "warn"]).code, Some(1));
}

#[test]
fn an_autoscaler_is_judged_with_its_target_in_head() {
    let hpa = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: rqlite\n  namespace: db\nspec:\n  \
               minReplicas: 1\n  maxReplicas: 5\n  scaleTargetRef:\n    apiVersion: apps/v1\n    kind: StatefulSet\n    name: rqlite\n";
    let with = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &set(3)), ("hpa.yaml", hpa)]);
    let (code, json) = with.json(&[]);
    assert_eq!((code, first(&json).1), (Some(1), "quorum-guard/autoscaler-on-voters"), "{json:#}");
    let without = States::new(&[], &[("hpa.yaml", hpa)]);
    let (code, json) = without.json(&[]);
    assert_eq!((code, first(&json).0), (Some(0), "allowed"), "a target that does not exist is a warning: {json:#}");
}

#[test]
fn copies_for_several_clusters_are_compared_file_by_file() {
    let base: &[(&str, &str)] = &[("prod/db.yaml", &set(3)), ("test/db.yaml", &set(1))];
    let head: &[(&str, &str)] = &[("prod/db.yaml", &set(3)), ("test/db.yaml", &set(3))];
    let run = States::new(base, head).check(&[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("UPDATE test/db.yaml:2:1"), "{}", run.stdout);
    let gone = States::new(base, &[("test/db.yaml", &set(1))]);
    assert_eq!(gone.json(&[]).1["changes"][0]["operation"], "DELETE");
}

#[test]
fn namespaces_that_the_webhook_leaves_alone_are_left_alone() {
    let system = |replicas| set(replicas).replace("namespace: db", "namespace: kube-system");
    let states = States::new(&[("db.yaml", &system(3))], &[("db.yaml", &system(1))]);
    let run = states.check(&[]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(0), "nothing to judge, 1 in namespaces that Quorate leaves alone\n")
    );
}

#[test]
fn a_list_and_json_are_manifests_too() {
    let item = |replicas: u32| {
        let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [rqlite_set(replicas)]});
        serde_json::to_string_pretty(&list).unwrap()
    };
    let states = States::new(&[("db.json", &item(5))], &[("db.json", &item(2))]);
    let (code, json) = states.json(&[]);
    assert_eq!(code, Some(1), "{json:#}");
    let line = item(2).lines().position(|line| line.contains("\"replicas\": 2")).unwrap() + 1;
    assert_eq!(first(&json).3, u64::try_from(line).unwrap());
}

#[test]
fn break_glass_depends_on_who_applies_it() {
    let config = only(&["quorum-guard"]) + "breakGlass: {groups: [sre]}\n";
    let until = time::OffsetDateTime::now_utc() + time::Duration::hours(2);
    let until = until.format(&time::format_description::well_known::Rfc3339).unwrap();
    let annotation = format!(
        "  annotations:\n    quorate.dev/break-glass: \"quorum-guard/scale-below-quorum until={until} disk lost\"\n  labels:"
    );
    let head = set(1).replace("  labels:\n    app: rqlite\nspec", &format!("{annotation}\n    app: rqlite\nspec"));
    let states = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &head)]);
    states.put("quorate.yaml", config);
    let run = |more: &[&str]| states.check_with(&[&["--config", "quorate.yaml"], more].concat());
    assert_eq!(run(&[]).code, Some(1));
    let broken = run(&["--as", "alice", "--as-group", "sre"]);
    assert_eq!(broken.code, Some(0), "{broken:?}");
}

/// The count from a ConfigMap under that name, as kustomize makes it, and the ConfigMap.
fn counted_by(name: &str, count: u32) -> String {
    let set = set(3).replace("-bootstrap-expect=3", "-bootstrap-expect=$(COUNT)").replace(
        "          ports:\n",
        &format!(
            "          env:\n            - name: COUNT\n              valueFrom: {{configMapKeyRef: {{name: {name}, key: count}}}}\n          ports:\n"
        ),
    );
    format!(
        "{set}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: db}}\ndata: {{count: \"{count}\"}}\n"
    )
}

#[test]
fn the_config_maps_of_each_side_are_facts_of_that_side() {
    let lock = ["--policies", "bootstrap-expect-lock", "-o", "json"];
    let judged = |before: &str, after: &str| {
        let states = States::new(&[("db.yaml", before)], &[("db.yaml", after)]);
        let run = states.check_with(&lock);
        (run.code, run.json())
    };
    let (code, json) = judged(&counted_by("peers-1a", 3), &counted_by("peers-2b", 3));
    assert_eq!(code, Some(0), "{json:#}");
    let finding = &json["changes"][0]["findings"][0];
    assert_eq!(
        (finding["level"].as_str(), finding["rule"].as_str()),
        (Some("warn"), Some("bootstrap-expect-lock/bootstrap-expect-changed"))
    );
    let (code, json) = judged(&counted_by("peers-1a", 3), &counted_by("peers-2b", 5));
    assert_eq!(code, Some(1), "{json:#}");
    let message = json["changes"][0]["findings"][0]["message"].as_str().unwrap();
    for part in ["peers-1a", "peers-2b", "3", "5"] {
        assert!(message.contains(part), "{message}");
    }
    // Of one name on both sides nothing is an edit, whatever it holds.
    let (code, json) = judged(&counted_by("peers", 3), &counted_by("peers", 5));
    assert_eq!((code, json["summary"]["denied"].as_u64()), (Some(0), Some(0)), "{json:#}");
}

#[test]
fn config_maps_that_are_templates_are_no_gap() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Name }}'}\ndata: {a: b}\n";
    let states = States::new(&[("m.yaml", map)], &[("m.yaml", &map.replace("a: b", "a: c"))]);
    let run = states.check(&["--strict"]);
    assert_eq!(run.code, Some(0), "{run:?}");
}
