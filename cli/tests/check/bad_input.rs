//! Input that is broken, large or strange: named with its place, bounded, and never in the way of the other files.

use std::os::unix::fs::symlink;

use super::support::{States, run, set};

#[test]
fn a_malformed_file_is_named_and_the_others_are_judged() {
    let broken = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [a\n";
    let states = States::new(&[("db.yaml", &set(3))], &[("a.yaml", broken), ("db.yaml", &set(4))]);
    let (code, json) = states.json(&[]);
    assert_eq!((code, json["changes"][0]["verdict"].as_str()), (Some(2), Some("allowed")), "{json:#}");
    assert_eq!(json["unreadable"][0]["file"], "a.yaml");
    assert!(json["unreadable"][0]["line"].as_u64() >= Some(3), "{json:#}");
    // A denial says more than a file that cannot be read.
    states.put("head/db.yaml", set(1));
    assert_eq!(states.json(&[]).0, Some(1));
}

#[test]
fn tabs_and_duplicate_keys_are_errors_with_their_place() {
    let tab = "apiVersion: apps/v1\nkind: StatefulSet\nspec:\n\treplicas: 3\n";
    let twice = "apiVersion: v1\nkind: ConfigMap\nkind: Secret\n";
    let states = States::new(&[], &[("tab.yaml", tab), ("twice.yaml", twice)]);
    let (code, json) = states.json(&[]);
    assert_eq!(code, Some(2));
    let lines: Vec<_> =
        json["unreadable"].as_array().unwrap().iter().map(|one| one["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [4, 3], "{json:#}");
}

#[test]
fn byte_order_marks_line_endings_and_empty_documents_change_nothing() {
    let windows = format!("\u{feff}---\n---\n# nothing\n---\n{}", set(1)).replace('\n', "\r\n");
    let states = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &windows)]);
    let (code, json) = states.json(&[]);
    assert_eq!(code, Some(1), "{json:#}");
    assert_eq!(json["changes"][0]["findings"][0]["at"]["line"], 14);
}

#[test]
fn anchors_and_merge_keys_are_read_and_explosions_are_not() {
    let anchored = set(1).replace("  replicas: 1\n", "  <<: *few\n");
    let anchored = anchored.replace("apiVersion: apps/v1", "x-few: &few\n  replicas: 1\napiVersion: apps/v1");
    let states = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &anchored)]);
    let (code, json) = states.json(&[]);
    assert_eq!((code, json["changes"][0]["findings"][0]["at"]["line"].as_u64()), (Some(1), Some(3)), "{json:#}");
    let mut bomb = "apiVersion: v1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let row = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{row}]\n"));
    }
    let states = States::new(&[], &[("bomb.yaml", &bomb)]);
    assert_eq!(states.json(&[]).0, Some(2));
}

#[test]
fn a_set_that_stands_twice_in_a_file_is_no_deletion() {
    let twice = format!("{}---\n{}", set(3), set(5));
    let states = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &twice)]);
    let run = states.check(&[]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stdout.starts_with(
            "unreadable db.yaml:61:1: StatefulSet db/rqlite stands here for the second time, first at line 2; keep one\n"
        ),
        "{}",
        run.stdout
    );
}

#[test]
fn large_binary_and_linked_files_are_named() {
    let states = States::new(&[], &[("db.yaml", &set(3))]);
    states.put("head/binary.yaml", b"apiVersion: \xff\xfe\0");
    states.put("head/large.yaml", "a".repeat(100 << 20));
    symlink("loop-b.yaml", states.path("head/loop-a.yaml")).unwrap();
    symlink("loop-a.yaml", states.path("head/loop-b.yaml")).unwrap();
    symlink(".", states.path("head/round")).unwrap();
    let start = std::time::Instant::now();
    let (code, json) = states.json(&[]);
    assert!(start.elapsed().as_secs() < 60);
    assert_eq!(code, Some(0));
    let reasons: Vec<_> =
        json["notEvaluated"].as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap()).collect();
    let link = "a symbolic link that leads to no file";
    assert_eq!(reasons, ["not UTF-8 at byte 12", "larger than 6291456 bytes", link, link]);
    // A file that was named must be readable.
    let named = run(&states.path("head"), &["check", "binary.yaml"]);
    assert_eq!(named.code, Some(2), "{named:?}");
    assert_eq!(json["changes"].as_array().unwrap().len(), 1);
}

#[test]
fn a_template_is_not_evaluated_and_its_set_not_called_deleted() {
    let template =
        set(3).replace("replicas: 3", "replicas: {{ .Values.replicas }}").replace("name: rqlite\n", "name: {{ x }}\n");
    let states = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &template)]);
    let run = states.check(&[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("not evaluated db.yaml:5:9: holds template markers"), "{}", run.stdout);
    assert!(run.stdout.contains("what its file holds in head is not known"), "{}", run.stdout);
    assert_eq!(states.check(&["--strict"]).code, Some(3));
}

#[test]
fn unknown_kinds_are_counted_and_nothing_to_judge_is_said() {
    let other = "apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: a}\n";
    let states = States::new(&[], &[("a.yaml", other), ("values.yaml", "a: 1\n"), ("package.json", "{,}")]);
    let run = states.check(&["--strict"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "nothing to judge, 1 of other kinds\n"));
}

#[test]
fn bad_usage_is_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run(folder.path(), &[&["check"], args].concat());
    let unnamed = run(&[]);
    unnamed.assert_unusable(&[
        "quorate: nothing is named to be checked; name files or folders, or --base and --head, or --base-dir and --head-dir",
    ]);
    for args in [
        &["--head", "main"][..],
        &["--base-dir", "x"],
        &["x.yaml", "-o", "yaml"],
        &["x.yaml", "-o", "json="],
        &["--base-dir", "nowhere", "--head-dir", "nowhere"],
        &["--base", "main"],
        &["missing.yaml"],
    ] {
        assert_eq!(run(args).code, Some(2), "{args:?}");
    }
}
