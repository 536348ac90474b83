//! `quorate review`: verdicts, exit codes, both formats, and input that no API server would send.
//! What each rule says is tested with the rules; here stands what the command line does with it.

use std::io::Read;
use std::process::Command;

use quorate_fixtures::review::{self, UID};
use serde_json::{Value, json};

use crate::common::{Folder, Run, command, deletion, in_repository, no_policies, repository, scale};

const DENIED: &str = "docs/examples/scale-3-to-1.json";
const ALLOWED: &str = "docs/examples/scale-3-to-4.json";
const SCALE: &str = "docs/examples/kubectl-scale-3-to-1.json";
const PARENT: &str = "docs/examples/rqlite.yaml";

#[expect(clippy::unwrap_used, reason = "fails the test")]
fn rules(review: &Value) -> Vec<&str> {
    review["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

#[test]
fn denies_three_to_one_with_exit_1() {
    let run = in_repository(&["review", DENIED, "--format", "json", "--policies", "quorum-guard"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    let review = run.json();
    assert_eq!(review["verdict"], "denied");
    assert_eq!(review["uid"], "0f5d3c1e-8a54-4b6b-9d0c-3b1f5a7c2e10");
    assert_eq!(review["patch"], json!([]));
    assert!(rules(&review).contains(&"quorum-guard/scale-below-quorum"), "{review}");
    let keys: Vec<&String> = review["findings"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["field", "level", "message", "remedy", "retry", "rule"]);
    assert!(run.stdout.starts_with(r#"{"verdict":"denied","findings":[{"rule":"#), "{}", run.stdout);
    assert_eq!(run.stdout.lines().count(), 1);
}

#[test]
fn allows_growth_with_exit_0() {
    let run = in_repository(&["review", ALLOWED, "--policies", "quorum-guard,bootstrap-expect-lock"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.starts_with("StatefulSet db/rqlite: allowed\n"), "{}", run.stdout);
}

#[test]
fn does_not_judge_a_scale_without_its_parent_with_exit_3() {
    let run = in_repository(&["review", SCALE, "--format", "json", "--policies", "quorum-guard"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert_eq!(run.json()["verdict"], "not-judged");
    assert!(rules(&run.json()).contains(&"quorum-guard/not-judged"), "{}", run.stdout);
}

/// The remedy of what lacks its parent is the command line's own.
#[test]
fn prints_what_the_readme_shows() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let with_parent = [SCALE, "--parent", PARENT, "--facts", "docs/examples/facts.json"];
    for args in [&with_parent[..1], &with_parent] {
        let run = in_repository(&[&["review"][..], args].concat());
        let shown = format!("$ quorate review {}\n{}```\n", args.join(" "), run.stdout);
        assert!(readme.contains(&shown), "not in README.md:\n{shown}");
    }
}

#[test]
fn denies_the_scale_with_its_parent_and_facts() {
    let run = in_repository(&[
        "review",
        SCALE,
        "--parent",
        PARENT,
        "--facts",
        "docs/examples/facts.json",
        "--policies",
        "quorum-guard",
    ]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""), "{run:?}");
    assert!(
        run.stdout.starts_with("StatefulSet db/rqlite: denied\n  deny quorum-guard/scale-below-quorum: "),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains('\u{1b}'), "colour without a terminal: {}", run.stdout);
}

#[test]
fn the_worst_of_several_files_decides_and_each_gets_its_line() {
    let all = ["--format", "json", "--policies", "quorum-guard"];
    let run = in_repository(&[&["review", ALLOWED, SCALE, DENIED], &all[..]].concat());
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    let verdicts: Vec<Value> =
        run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["verdict"].clone()).collect();
    assert_eq!(verdicts, ["allowed", "not-judged", "denied"]);
    let run = in_repository(&[&["review", DENIED, "docs/facts.md", ALLOWED], &all[..]].concat());
    assert_eq!((run.code, run.stdout.lines().count()), (Some(2), 2));
    assert!(run.stderr.starts_with("quorate: docs/facts.md: not JSON: "), "{}", run.stderr);
}

#[test]
fn says_when_no_policy_matched() {
    let folder = Folder::new(&[("map.json", &deletion("ConfigMap", "rqlite")), ("none.yaml", &no_policies())]);
    let run = folder.quorate(&["review", "map.json", "--policies", "quorum-guard"]);
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (Some(0), "ConfigMap db/rqlite: allowed, no policy matched\n", "")
    );
    let run = folder.quorate(&["review", "map.json", "--config", "none.yaml", "--format", "json"]);
    assert_eq!(run.stdout, format!("{{\"verdict\":\"allowed\",\"findings\":[],\"patch\":[],\"uid\":\"{UID}\"}}\n"));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), "quorate: ConfigMap db/rqlite: no policy matched\n"));
}

#[test]
fn reads_standard_input() {
    let text = std::fs::read_to_string(repository().join(DENIED)).unwrap();
    let folder = Folder::new(&[]);
    let run = folder.quorate_with_input(&["review", "-", "--policies", "quorum-guard"], &text);
    assert_eq!(run.code, Some(1), "{run:?}");
    folder
        .quorate(&["review", "-", "-"])
        .assert_unusable(&["quorate: `-` stands 2 times, but standard input can be read once"]);
}

#[test]
fn warns_in_mode_warn() {
    let folder = Folder::new(&[("quorate.yaml", "policies:\n  quorum-guard: {mode: warn}\n")]);
    let file = repository().join(DENIED);
    let run = folder.quorate(&[
        "review",
        file.to_str().unwrap(),
        "--config",
        "quorate.yaml",
        "--policies",
        "quorum-guard",
        "--format",
        "json",
    ]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let review = run.json();
    assert_eq!(review["verdict"], "allowed");
    assert_eq!(
        (&review["findings"][0]["rule"], &review["findings"][0]["level"]),
        (&json!("quorum-guard/scale-below-quorum"), &json!("warn"))
    );
}

#[test]
fn refuses_unknown_or_disabled_policies() {
    let folder = Folder::new(&[("quorate.yaml", "policies:\n  secret-mounts: {enabled: false}\n")]);
    let known = quorate_cases::built_in().filter(|name| *name != "secret-mounts");
    let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
    folder.quorate(&["review", "any.json", "--policies", "quorum-gard"]).assert_unusable(&[
        "quorate: defaults: no policy `quorum-gard` is loaded, the nearest known one is `quorum-guard`",
    ]);
    folder.quorate(&["review", "any.json", "--config", "quorate.yaml", "--policies", "secret-mounts"]).assert_unusable(
        &[&format!("quorate: quorate.yaml: no policy `secret-mounts` is loaded, known: {}", known.join(", "))],
    );
}

#[test]
fn refuses_bad_usage_with_exit_2() {
    let folder = Folder::new(&[]);
    for args in [&["review"][..], &["review", "a.json", "--format", "yaml"], &["frobnicate"], &[]] {
        assert_eq!(folder.quorate(args).code, Some(2), "{args:?}");
    }
    assert_eq!(folder.quorate(&["--version"]).stdout, format!("quorate {}\n", env!("CARGO_PKG_VERSION")));
}

/// Every file by itself is exit 2 with one line that names it; the readable one among them is judged all the same.
#[test]
fn refuses_hostile_files_and_goes_on() {
    let good = scale(3, 4);
    let uid = format!(r#""uid":"{UID}""#);
    let folder = Folder::new(&[("quorate.yaml", &no_policies()), ("good.json", &good), ("empty.json", "")]);
    folder.put("truncated.json", &good.as_bytes()[..good.len() / 2]);
    folder.put("binary.json", [0x7f, b'E', b'L', b'F', 0xff, 0x00]);
    folder.put("deep.json", format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    folder.put("twice.json", good.replacen(&uid, r#""uid":"u-1","uid":"u-2""#, 1));
    folder.put("deep-twice.json", good.replacen(r#""replicas":4"#, r#""replicas":4,"replicas":1"#, 1));
    folder.put("kind.json", good.replace(r#""kind":"AdmissionReview""#, r#""kind":"Pod""#));
    folder.put("version.json", good.replace("admission.k8s.io/v1", "admission.k8s.io/v1beta1"));
    folder.put("operation.json", good.replace("UPDATE", "UPSERT"));
    folder.put("no-uid.json", good.replace(&format!("{uid},"), ""));
    folder.put("no-request.json", r#"{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}"#);
    folder.put("large.json", " ".repeat(8 * 1024 * 1024 + 1));
    let files = [
        ("empty.json", "empty, expected an AdmissionReview"),
        ("truncated.json", "not JSON: "),
        ("binary.json", "byte 4 is not UTF-8; send JSON text in UTF-8"),
        ("deep.json", "is nested deeper than "),
        ("twice.json", "the key `request.uid` stands twice, so that readers may disagree on its value; keep one"),
        (
            "deep-twice.json",
            "the key `request.object.spec.replicas` stands twice, so that readers may disagree on its value; keep one",
        ),
        (
            "kind.json",
            "found kind `Pod` of `admission.k8s.io/v1`, not AdmissionReview of admission.k8s.io/v1; wrap the object in a review",
        ),
        (
            "version.json",
            "found kind `AdmissionReview` of `admission.k8s.io/v1beta1`, not AdmissionReview of admission.k8s.io/v1; wrap the object in a review",
        ),
        ("operation.json", "not an AdmissionReview: `request.operation`: unknown variant `UPSERT`"),
        ("no-uid.json", "`request.uid` is missing; send the review as the API server writes it"),
        ("no-request.json", "`request` is missing; send the review as the API server writes it"),
        ("large.json", "larger than 8388608 bytes"),
        ("absent.json", "No such file or directory (os error 2)"),
        (".", "Is a directory (os error 21)"),
    ];
    let names = files.iter().map(|(name, _)| *name);
    let args: Vec<&str> = ["review", "--config", "quorate.yaml", "--format", "json"]
        .into_iter()
        .chain(names)
        .chain(["good.json"])
        .collect();
    let run = folder.quorate(&args);
    assert_eq!((run.code, run.json()["uid"].as_str()), (Some(2), Some(UID)), "{run:?}");
    let complaints: Vec<&str> = run.stderr.lines().filter(|line| !line.ends_with("no policy matched")).collect();
    assert_eq!(complaints.len(), files.len(), "{}", run.stderr);
    for ((name, said), complaint) in files.into_iter().zip(complaints) {
        let start = format!("quorate: {name}: ");
        assert!(complaint.starts_with(&start) && complaint.contains(said), "{complaint}");
        assert!(complaint.len() <= 300, "{complaint}");
    }
}

#[test]
fn does_not_judge_replicas_beyond_int32() {
    let folder = Folder::new(&[("scale.json", &scale(3, 2_147_483_648))]);
    let run = folder.quorate(&["review", "scale.json", "--format", "json", "--policies", "quorum-guard"]);
    assert_eq!((run.code, run.json()["verdict"].as_str()), (Some(3), Some("not-judged")), "{run:?}");
    assert_eq!(rules(&run.json()), ["quorum-guard/not-judged"]);
}

#[test]
fn refuses_a_parent_that_is_not_the_reviews() {
    let set = |name: &str, namespace: &str| {
        format!("apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: {name}\n  namespace: {namespace}\n")
    };
    let folder = Folder::new(&[
        ("quorate.yaml", &no_policies()),
        ("scale.json", &scale(3, 4)),
        ("other.yaml", &set("other", "db")),
        ("elsewhere.yaml", &set("rqlite", "q")),
        ("pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: rqlite\n"),
        ("twice.yaml", "kind: StatefulSet\nkind: Pod\n"),
        ("right.yaml", &format!("apiVersion: v1\nkind: Service\n---\n{}", set("rqlite", "db"))),
    ]);
    let review =
        |parent: &str| folder.quorate(&["review", "scale.json", "--config", "quorate.yaml", "--parent", parent]);
    assert_eq!(review("right.yaml").code, Some(0));
    review("other.yaml").assert_unusable(&["quorate: scale.json: --parent other.yaml: found StatefulSet db/other, but StatefulSet db/rqlite is behind the review"]);
    review("elsewhere.yaml").assert_unusable(&["quorate: scale.json: --parent elsewhere.yaml: found StatefulSet q/rqlite, but StatefulSet db/rqlite is behind the review"]);
    review("pod.yaml")
        .assert_unusable(&["quorate: --parent pod.yaml: found Pod of v1, expected a StatefulSet of apps/v1"]);
    review("none.yaml").assert_unusable(&["quorate: --parent none.yaml: No such file or directory (os error 2)"]);
    let twice = review("twice.yaml");
    assert!(
        twice.code == Some(2)
            && twice.stderr.starts_with("quorate: --parent twice.yaml: ")
            && twice.stderr.contains("duplicate"),
        "{twice:?}"
    );
}

#[test]
fn denies_the_deletion_of_what_a_set_needs_with_its_parent() {
    let folder = Folder::new(&[("service.json", &deletion("Service", "rqlite-svc-internal"))]);
    let parent = repository().join(PARENT).display().to_string();
    let review = ["review", "service.json", "--policies", "quorum-guard"];
    let run = folder.quorate(&[&review[..], &["--parent", &parent]].concat());
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stdout.starts_with(
            "Service db/rqlite-svc-internal: denied\n  deny quorum-guard/cluster-deleted: 3 voters of StatefulSet rqlite find"
        ),
        "{}",
        run.stdout
    );
    assert_eq!(folder.quorate(&review).code, Some(3), "without it");
}

#[test]
fn refuses_facts_that_cannot_be_read() {
    let folder = Folder::new(&[
        ("quorate.yaml", &no_policies()),
        ("scale.json", &scale(3, 4)),
        ("version.json", r#"{"version": 2}"#),
        ("time.json", r#"{"version": 1, "now": "noon"}"#),
        ("key.json", r#"{"version": 1, "nodes": []}"#),
        ("good.json", r#"{"version": 1, "pods": []}"#),
    ]);
    let review = |facts: &str| folder.quorate(&["review", "scale.json", "--config", "quorate.yaml", "--facts", facts]);
    assert_eq!(review("good.json").code, Some(0));
    review("version.json")
        .assert_unusable(&["quorate: --facts version.json: facts: version 2 is not known, this build reads 1"]);
    review("time.json")
        .assert_unusable(&["quorate: --facts time.json: `now` is `noon`, expected a time as `2026-11-22T10:00:00Z`"]);
    let key = review("key.json");
    assert!(
        key.code == Some(2) && key.stderr.starts_with("quorate: --facts key.json: facts: unknown field `nodes`"),
        "{key:?}"
    );
}

/// Names out of a review are shown, not obeyed by the terminal.
#[test]
fn shows_control_characters_in_a_name() {
    let review = review::scale("db", "\u{1b}[2Jrq", 3, 4).to_string();
    let folder = Folder::new(&[("quorate.yaml", &no_policies()), ("name.json", &review)]);
    let run = folder.quorate(&["review", "name.json", "--config", "quorate.yaml"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "StatefulSet db/\\u{1b}[2Jrq: allowed, no policy matched\n"));
}

#[test]
fn keeps_its_exit_code_when_nobody_reads() {
    let mut child = command(&repository(), &["review", DENIED, "--policies", "quorum-guard"]).spawn().unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(1), ""));
}

/// A pool of one instance reserves 4.3 GB; 3 GB are enough for everything else, the compiler included.
#[test]
fn judges_where_the_address_space_of_a_pool_is_not_to_be_had() {
    let args = ["review", DENIED, "--format", "json", "--policies", "quorum-guard"];
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -v 3000000 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_quorate")]).args(args);
    let limited: Run = limited.current_dir(repository()).output().unwrap().into();
    let free = in_repository(&args);
    assert_eq!((limited.code, limited.stdout), (free.code, free.stdout), "{}", limited.stderr);
    assert_eq!(
        limited.stderr,
        "quorate: this system does not give the policies their address space (ulimit -v); each review takes longer\n"
    );
    assert_eq!(free.stderr, "");
}
