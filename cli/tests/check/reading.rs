//! What a file is taken for: streams, lists and numbers as the API machinery reads them, braces that are text, and content that is not there.

use serde_json::Value;

use super::support::{States, first, set, tool};

/// Denies 3 -> 1, and the place of its count.
#[track_caller]
fn assert_denied_at(states: &States, line: u64, column: u64) {
    let (code, json) = states.json(&[]);
    assert_eq!(code, Some(1), "{json:#}");
    let (verdict, rule, _, at_line, at_column) = first(&json);
    assert_eq!((verdict, rule), ("denied", "quorum-guard/scale-below-quorum"), "{json:#}");
    assert_eq!((at_line, at_column), (line, column), "{json:#}");
}

fn reasons(json: &Value) -> Vec<&str> {
    json["notEvaluated"].as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap()).collect()
}

/// As JSON on one line.
fn as_json(replicas: u32) -> String {
    let documents: Vec<Value> = serde_saphyr::from_multiple(&set(replicas)).unwrap();
    documents.into_iter().find(|document| document["kind"] == "StatefulSet").unwrap().to_string()
}

#[test]
fn json_texts_one_behind_the_other_are_documents() {
    let stream = |replicas| format!("{{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\"}}\n{}\n", as_json(replicas));
    let states = States::new(&[("db.json", &stream(3))], &[("db.json", &stream(1))]);
    let column = stream(1).lines().nth(1).unwrap().find("\"replicas\"").unwrap() + 1;
    assert_denied_at(&states, 2, u64::try_from(column).unwrap());
    let broken = format!("{}\n{{\"apiVersion\": \"v1\",\n \"a\": 1, \"a\": 2}}\n", as_json(3));
    let states = States::new(&[("db.json", &as_json(3))], &[("db.json", &broken)]);
    let (code, json) = states.json(&[]);
    assert_eq!((code, json["unreadable"][0]["line"].as_u64()), (Some(2), Some(3)), "{json:#}");
}

#[test]
fn the_items_of_a_typed_list_need_no_kind_of_their_own() {
    let list = |replicas| {
        let mut item: Value = serde_json::from_str(&as_json(replicas)).unwrap();
        let item = item.as_object_mut().unwrap();
        item.remove("kind");
        item.remove("apiVersion");
        format!(
            "{{\"kind\": \"StatefulSetList\", \"apiVersion\": \"apps/v1\", \"items\": [{}]}}",
            Value::Object(item.clone())
        )
    };
    let states = States::new(&[("db.yaml", &list(3))], &[("db.yaml", &list(1))]);
    let column = list(1).find("\"replicas\"").unwrap() + 1;
    assert_denied_at(&states, 1, u64::try_from(column).unwrap());
}

#[test]
fn a_byte_order_mark_behind_a_separator_is_none_of_the_text() {
    let marked = |replicas| format!("a: 1\n---\n\u{feff}{}", set(replicas));
    let states = States::new(&[("db.yaml", &marked(3))], &[("db.yaml", &marked(1))]);
    assert_denied_at(&states, 12, 3);
}

#[test]
fn a_whole_number_with_a_point_is_an_integer() {
    let whole = set(1).replace("replicas: 1", "replicas: 1.0");
    let states = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &whole)]);
    assert_denied_at(&states, 10, 3);
    let same = set(3).replace("replicas: 3", "replicas: 3.0");
    let states = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &same)]);
    assert_eq!(states.json(&["--strict"]).0, Some(0));
}

#[test]
fn braces_in_texts_are_text() {
    let with = |replicas| {
        let braces = "- -join-interval=1s\n            - -node-id={{ x }}";
        let note = "  annotations: {note: '{{ with secret \"a\" }}{{ .Data }}{{ end }}'}\n";
        set(replicas)
            .replace("- -join-interval=1s", braces)
            .replace("metadata:\n  name: rqlite\n", &format!("metadata:\n{note}  name: rqlite\n"))
    };
    assert!(with(1).contains("note:"), "{}", with(1));
    let states = States::new(&[("db.yaml", &with(3))], &[("db.yaml", &with(1))]);
    let (code, json) = states.json(&["--strict"]);
    assert_eq!((code, first(&json).0), (Some(1), "denied"), "{json:#}");
}

#[test]
fn a_count_that_somebody_fills_in_is_not_evaluated_at_its_place() {
    for filled in ["'{{ .Values.replicas }}'", "${REPLICAS:=1}"] {
        let head = set(3).replace("replicas: 3", &format!("replicas: {filled}"));
        let states = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &head)]);
        let (code, json) = states.json(&["--strict"]);
        let reason = format!(
            "`spec.replicas` is `{}`, which somebody fills in; render it, or write it down",
            filled.trim_matches('\'')
        );
        assert_eq!((code, reasons(&json).contains(&reason.as_str())), (Some(3), true), "{json:#}");
        let own = json["notEvaluated"].as_array().unwrap().iter().find(|one| one["reason"] == reason.as_str()).unwrap();
        assert_eq!((own["line"].as_u64(), own["column"].as_u64()), (Some(10), Some(3)), "{json:#}");
        assert_eq!(first(&json).1, "check/way-not-known", "{json:#}");
    }
}

#[test]
fn content_that_is_not_there_is_no_deletion() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 901\n".to_vec();
    let utf16: Vec<u8> = format!("\u{feff}{}", set(1)).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let sops = "apiVersion: ENC[AES256_GCM,data:x]\nkind: ENC[AES256_GCM,data:y]\nsops: {version: 3.9.0}\n";
    for (content, reason) in [
        (pointer, "a pointer of git LFS; fetch the content with `git lfs pull`"),
        (b"\0GITCRYPT\0\x01\x02".to_vec(), "encrypted by git-crypt"),
        (utf16, "not UTF-8 at byte 0"),
        (" ".repeat(7 << 20).into_bytes(), "larger than 6291456 bytes"),
        (sops.into(), "encrypted by SOPS with its kind, so that it is not known which object it is"),
    ] {
        let states = States::new(&[("db.yaml", &set(3))], &[]);
        states.put("head/db.yaml", content);
        let (code, json) = states.json(&[]);
        assert_eq!(code, Some(0), "{json:#}");
        assert_eq!(reasons(&json), [reason], "{json:#}");
        assert_eq!(first(&json), ("not-judged", "check/way-not-known", "db.yaml", 2, 1), "{json:#}");
        let summary = json["summary"]["text"].as_str().unwrap();
        assert!(
            summary.starts_with("not known, and an rqlite set may be behind it: StatefulSet db/rqlite"),
            "{summary}"
        );
        assert_eq!(states.json(&["--strict"]).0, Some(3));
    }
}

#[test]
fn what_was_broken_before_does_not_stop_a_change() {
    let broken = "apiVersion: v1\nkind: [a\n";
    let (old, new) = (set(3), set(4));
    let check = |other: &str| {
        States::new(&[("db.yaml", &old), ("other.yaml", broken)], &[("db.yaml", &new), ("other.yaml", other)]).json(&[])
    };
    let (code, json) = check(broken);
    assert_eq!(code, Some(0), "{json:#}");
    assert!(reasons(&json)[0].starts_with("unreadable before and after this change: "), "{json:#}");
    // Another text that cannot be read either is this change's own.
    let (code, json) = check(&format!("# more\n{broken}"));
    assert_eq!(code, Some(2), "{json:#}");
}

#[test]
fn what_a_tool_says_is_the_same_each_time() {
    let Some(kubectl) = tool("kubectl") else { return };
    let kubectl = kubectl.display().to_string();
    let states = States::new(&[("db.yaml", &set(3))], &[("db.yaml", &set(3))]);
    states.put("head/app/kustomization.yaml", "resources: [nowhere.yaml]\n");
    let check = || states.check(&["--kustomize", &kubectl]);
    let run = check();
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stdout.contains("nowhere.yaml") && !run.stdout.contains("/tmp"), "{}", run.stdout);
    assert_eq!(check(), run);
    // The same in the base: nothing of it is rendered.
    states.put("base/app/kustomization.yaml", "resources: [nowhere.yaml]\n");
    let run = check();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.stdout, "nothing to judge, 1 unchanged\n");
}
