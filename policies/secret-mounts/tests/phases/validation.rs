//! What `/validate` says of an object that `/mutate` was not reached for, or that a later webhook undid.

use crate::review::{manifest, mutated, validated};
use serde_json::{Value, json};

const USERS: [(&str, &str); 2] = [("auth-secret", "users"), ("join-as", "node")];

const NOT_GIVEN: [&str; 2] = [
    "not-mounted: `-auth` does not give key `users.json` of Secret users, asked for by annotation `quorate.dev/auth-secret`",
    "not-mounted: `-join-as` does not give `node`, asked for by annotation `quorate.dev/join-as`",
];

fn flags() -> Value {
    json!({"args": ["-disco-mode=dns", "-bootstrap-expect=3"]})
}

#[test]
fn denies_a_creation_that_was_not_mutated() {
    assert_eq!(validated(&Value::Null, &manifest(&flags(), &USERS)), NOT_GIVEN);
}

#[test]
fn denies_the_manifest_from_git_that_was_not_mutated() {
    let git = manifest(&flags(), &USERS);
    let live = mutated(&Value::Null, &git);
    assert_eq!(validated(&live, &git), NOT_GIVEN);
}

#[test]
fn denies_a_certificate_whose_mount_a_later_webhook_removed() {
    let git = manifest(&flags(), &[("http-tls-secret", "http-tls")]);
    let mut undone = mutated(&Value::Null, &git);
    undone["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = json!([]);
    let gone = "not-mounted: `-http-cert` and `-http-key` do not give Secret http-tls, asked for by annotation `quorate.dev/http-tls-secret`";
    let unmounted = [
        "secret-file-not-mounted: `-http-cert=/etc/quorate/http-tls/tls.crt` lies under no mount, so rqlited would not start",
        "secret-file-not-mounted: `-http-key=/etc/quorate/http-tls/tls.key` lies under no mount, so rqlited would not start",
    ];
    assert_eq!(validated(&Value::Null, &undone), [gone, unmounted[0], unmounted[1]]);
}

#[test]
fn allows_what_came_out_of_the_mutation() {
    let git = manifest(&flags(), &[("http-tls-secret", "http-tls")]);
    assert_eq!(validated(&Value::Null, &mutated(&Value::Null, &git)), [""; 0]);
}
