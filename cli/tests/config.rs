//! `quorate config`: the schema, and every error that a configuration file can have, with its path.
//! What a good configuration does is tested where it takes effect.

use crate::common::{self, Folder, in_repository, no_policies, only};

#[track_caller]
fn assert_refused(config: &str, complaints: &[&str]) {
    Folder::new(&[("quorate.yaml", config)]).quorate(&["config", "check", "quorate.yaml"]).assert_unusable(complaints);
}

#[test]
fn the_schema_is_a_json_schema_that_knows_every_top_level_key() {
    let run = in_repository(&["config", "schema"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let schema = run.json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(jsonschema::meta::is_valid(&schema));
    let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "bodyLimitBytes",
            "breakGlass",
            "certificate",
            "check",
            "cluster",
            "listen",
            "logs",
            "metricsListen",
            "policies"
        ]
    );
}

#[test]
fn the_schema_judges_the_example_as_the_binary_does() {
    let schema = in_repository(&["config", "schema"]).json();
    let example = std::fs::read_to_string(common::repository().join("docs/examples/quorate.yaml")).unwrap();
    let example: serde_json::Value = serde_saphyr::from_str(&example).unwrap();
    assert!(jsonschema::is_valid(&schema, &example));
    let run = in_repository(&["config", "check", "docs/examples/quorate.yaml"]);
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (Some(0), "docs/examples/quorate.yaml: good, policies: 4\n", "")
    );
}

#[test]
fn refuses_unknown_keys_and_wrong_types_all_at_once() {
    assert_refused(
        "policies:\n  quorum-guard:\n    onerror: deny\n    mode: dry-run\nbodyLimitBytes: 8Mi\nlisen: 0.0.0.0:8443\n",
        &[
            "quorate: quorate.yaml: bodyLimitBytes: found string `8Mi`, expected integer",
            "quorate: quorate.yaml: lisen: unknown key, the nearest known one is `listen`",
            "quorate: quorate.yaml: policies.quorum-guard.mode: found string `dry-run`, expected one of `enforce`, `warn`",
            "quorate: quorate.yaml: policies.quorum-guard.onerror: unknown key, the nearest known one is `onError`",
        ],
    );
}

#[test]
fn refuses_names_that_lead_nowhere_all_at_once() {
    assert_refused(
        "listen: localhost
certificate: {certFile: a, keyFile: b}
policies:
  quorm-guard: {mode: warn}
  own: {module: own.wasm, grants: {imports: [time]}}
",
        &[
            "quorate: quorate.yaml: listen: found `localhost`, expected an IP address and a port, as `[::]:8443`",
            "quorate: quorate.yaml: certificate.certFile: found with `source: self`, expected with `source: files`",
            "quorate: quorate.yaml: certificate.keyFile: found with `source: self`, expected with `source: files`",
            "quorate: quorate.yaml: policies.own.module: `own.wasm`: No such file or directory (os error 2)",
            "quorate: quorate.yaml: policies.quorm-guard: no built-in policy has this name, the nearest known one is `quorum-guard`; a policy of your own needs `module`",
        ],
    );
}

#[test]
fn refuses_keys_of_the_certificate_that_contradict_each_other() {
    assert_refused(
        "certificate: {source: files, certFile: a, names: [a.example], rotation: {leafSeconds: 60}, clientNames: [b]}\n",
        &[
            "quorate: quorate.yaml: certificate.clientNames: found without `clientCaFile`, which says whose names count",
            "quorate: quorate.yaml: certificate.names: found with `source: files`, expected with `source: self`",
            "quorate: quorate.yaml: certificate.rotation: found with `source: files`, expected with `source: self`",
            "quorate: quorate.yaml: certificate.keyFile: missing, expected with `source: files`",
        ],
    );
    assert_refused(
        "certificate: {rotation: {authoritySeconds: 500, leafSeconds: 600}}\n",
        &[
            "quorate: quorate.yaml: certificate.rotation.leafSeconds: found 600, expected at most `authoritySeconds`, 500",
            "quorate: quorate.yaml: certificate.rotation.propagationSeconds: found 60, expected at most a tenth of `authoritySeconds`, 500",
        ],
    );
}

#[test]
fn refuses_an_unknown_grant() {
    assert_refused(
        "policies:\n  quorum-guard: {grants: {imports: [fact], facts: [rqlight]}}\n",
        &[
            "quorate: quorate.yaml: policies.quorum-guard.grants.imports: unknown name `fact`, the nearest known one is `facts`",
            "quorate: quorate.yaml: policies.quorum-guard.grants.facts: unknown name `rqlight`, the nearest known one is `rqlite`",
        ],
    );
}

#[test]
fn refuses_what_the_policy_needs_and_is_not_granted() {
    assert_refused(
        &format!("{}  quorum-guard: {{grants: {{}}}}\n", only(&["quorum-guard"])),
        &[
            "quorate: quorate.yaml: policies.quorum-guard.grants.imports: the module imports `facts`, which is not granted",
        ],
    );
    assert_refused(
        &format!("{}  quorum-guard: {{grants: {{imports: [facts]}}}}\n", only(&["quorum-guard"])),
        &[
            "quorate: quorate.yaml: policies.quorum-guard.grants.facts: the module asks for facts of `rqlite`, which is not granted",
        ],
    );
}

#[test]
fn refuses_a_module_that_is_no_component() {
    let config = format!("{}  own: {{module: own.wasm}}\n", no_policies());
    Folder::new(&[("quorate.yaml", &config), ("own.wasm", "not wasm")]).quorate(&["config", "check", "quorate.yaml"]).assert_unusable(&[
        "quorate: quorate.yaml: policies.own.module: not a wasm component that this machine can run: failed to parse WebAssembly module; build it with the policy SDK",
    ]);
}

#[test]
fn refuses_wrong_settings_with_their_path() {
    let settings = "{deletion: maybe, namespaces: {db: {delete: warn}}}";
    let config = format!("{}  quorum-guard: {{settings: {settings}}}\n", only(&["quorum-guard"]));
    Folder::new(&[("quorate.yaml", &config)]).quorate(&["config", "check", "quorate.yaml"]).assert_unusable(&[
        "quorate: quorate.yaml: policies.quorum-guard.settings/deletion: found string `maybe`, expected one of `deny`, `warn`",
        "quorate: quorate.yaml: policies.quorum-guard.settings/namespaces/db/delete: unknown key, the nearest known one is `deletion`",
    ]);
}

#[test]
fn refuses_what_is_not_one_yaml_document() {
    assert_refused("a: 1\n---\nb: 2\n", &["quorate: quorate.yaml: 2 YAML documents, expected one"]);
    assert_refused("- a\n", &["quorate: quorate.yaml: found array, expected object"]);
    let folder = Folder::new(&[("twice.yaml", "listen: a\nlisten: b\n"), ("broken.yaml", "policies: [\n")]);
    folder.put("binary.yaml", [0xff, 0xfe, 0x00]);
    for (file, said) in [
        ("twice.yaml", "duplicate"),
        ("broken.yaml", "line"),
        ("binary.yaml", "not UTF-8 at byte 0"),
        ("none.yaml", "No such file"),
    ] {
        let run = folder.quorate(&["config", "check", file]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{file}");
        assert!(run.stderr.starts_with(&format!("quorate: {file}: ")) && run.stderr.contains(said), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
}
