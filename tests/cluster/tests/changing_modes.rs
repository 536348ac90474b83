//! From mode warn to enforce, by an upgrade under load: each answer is of one mode alone, whichever replica gave it, and the audit log says of
//! which.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hyper::Method;
use quorate_cluster_tests::{ApiRequest, ApiResponse, ControlPlane, Quorate, RequestResult, Requests, eventually};
use serde_json::{Value, json};

/// The rule that a shrink to one breaks.
const RULE: &str = "quorum-guard/scale-below-quorum";
/// What mode warn says instead of injecting.
const WOULD_PATCH: &str = "secret-mounts/would-patch";
/// What stands for an entry that nobody answered.
const UNANSWERED: &str = "failed-open";
const PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    Warn,
    Enforce,
}

/// The values of the annotation that names the mode, and whether nobody answered, by audit id.
type Audited = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_answer_is_of_two_modes() {
    let plane = ControlPlane::start("modes");
    let installer = Quorate::installer(&plane).set("mode=warn");
    let quorate = installer.clone().install();
    let namespace = quorate.voters("changing_modes");
    let sets = format!("/apis/apps/v1/namespaces/{}/statefulsets", namespace.name());
    let scale = format!("{sets}/rqlite/scale?dryRun=All");
    let shrink =
        move |_| ApiRequest { method: Method::PATCH, path: scale.clone(), body: json!({ "spec": { "replicas": 1 } }) };
    let create =
        move |_| ApiRequest { method: Method::POST, path: format!("{sets}?dryRun=All"), body: set_with_users() };
    let shrinks = Requests::start(&plane, 4, PAUSE, shrink);
    let creations = Requests::start(&plane, 2, PAUSE, create);
    let go_on = || {
        shrinks.go_on_for(50);
        creations.go_on_for(20);
        (shrinks.outcomes().len(), creations.outcomes().len())
    };

    let warned = go_on();
    let installer = installer.set("mode=enforce");
    installer.helm("upgrade").ok();
    quorate.reconfigure(&installer);
    quorate.roll();
    let rolled = (shrinks.outcomes().len(), creations.outcomes().len());
    go_on();
    let (shrinks, creations) = (shrinks.stop(), creations.stop());

    let audited = audited(&plane, &shrinks);
    let modes: Vec<Mode> = shrinks.iter().map(|outcome| mode_of_shrink(outcome, &audited)).collect();
    assert!(modes[..warned.0].iter().all(|mode| *mode == Mode::Warn));
    // As many as were under way when the last replica was there again may be of the one before.
    assert!(modes[rolled.0 + 4..].iter().all(|mode| *mode == Mode::Enforce));
    let created: Vec<Option<Mode>> = creations.iter().map(mode_of_creation).collect();
    assert!(created[..warned.1].iter().all(|mode| *mode == Some(Mode::Warn)));
    assert!(created[rolled.1 + 2..].iter().all(|mode| *mode == Some(Mode::Enforce)));
    let count = |mode| modes.iter().filter(|other| **other == mode).count();
    let creations = |mode| created.iter().filter(|other| **other == mode).count();
    eprintln!(
        "{} shrinks warned of and {} denied; {} creations warned of, {} injected, {} refused in between",
        count(Mode::Warn),
        count(Mode::Enforce),
        creations(Some(Mode::Warn)),
        creations(Some(Mode::Enforce)),
        creations(None),
    );
}

/// Warned of and admitted, or denied and not warned of, by what the client sees and by what the audit log has.
#[track_caller]
fn mode_of_shrink((_, outcome): &RequestResult, audited: &Audited) -> Mode {
    let answer = outcome.as_ref().unwrap();
    let denied = answer.status == 403 && answer.message().contains(&format!("{RULE}: "));
    let modes: Vec<&str> = audited[&answer.audit_id].iter().map(String::as_str).collect();
    match (answer.status, denied, answer.warns_of(RULE), modes.as_slice()) {
        (200, false, true, ["warn"]) => Mode::Warn,
        // In mode warn nothing is refused, also where Quorate does not answer in time.
        (200, false, false, [UNANSWERED]) => Mode::Warn,
        (403, true, false, ["enforce"]) => Mode::Enforce,
        _ => panic!("{modes:?} of {answer:?}"),
    }
}

/// Its Secret is mounted, or the client reads that it is not. `/mutate` and `/validate` are two reviews: where the first is answered by a
/// replica that warns and the second by one that denies, the set is refused for want of the Secret, and none is created without a word.
#[track_caller]
fn mode_of_creation((_, outcome): &RequestResult) -> Option<Mode> {
    let answer = outcome.as_ref().unwrap();
    let mounted = answer.body["spec"].to_string().contains(r#""secretName":"rqlite-users""#);
    let refused = answer.message().contains("secret-mounts/not-mounted: ");
    match (answer.status, mounted, refused, answer.warns_of(WOULD_PATCH)) {
        (201, true, false, false) => Some(Mode::Enforce),
        (201, false, false, true) => Some(Mode::Warn),
        (403, false, true, true) => None,
        _ => panic!("{answer:?}"),
    }
}

fn set_with_users() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {
            "name": "new", "annotations": { "quorate.dev/auth-secret": "rqlite-users", "quorate.dev/join-as": "*" },
        },
        "spec": {
            "serviceName": "new", "replicas": 1, "selector": { "matchLabels": { "app": "new" } },
            "template": {
                "metadata": { "labels": { "app": "new" } },
                "spec": { "containers": [{ "name": "rqlite", "image": "rqlite/rqlite:10.2.0" }] },
            },
        },
    })
}

/// Once every answer stands in the audit log.
#[track_caller]
fn audited(plane: &ControlPlane, outcomes: &[RequestResult]) -> Audited {
    let answers: Vec<&ApiResponse> = outcomes.iter().map(|(_, outcome)| outcome.as_ref().unwrap()).collect();
    eventually("the audit log to be whole", || {
        let audited: Audited = plane.audit().iter().map(mode_of_event).collect();
        match answers.iter().filter(|answer| !audited.contains_key(&answer.audit_id)).count() {
            0 => Ok(audited),
            missing => Err(format!("{missing} of {} are not there", answers.len())),
        }
    })
}

/// Of every entry of the configuration that was asked.
fn mode_of_event(event: &Value) -> (String, BTreeSet<String>) {
    let annotations = event["annotations"].as_object().into_iter().flatten();
    let modes = annotations.filter_map(|(key, value)| match key.rsplit_once('/')? {
        (_, "quorum-guard.mode") => value.as_str().map(str::to_owned),
        (kind, _) => kind.starts_with("failed-open.validating.").then(|| UNANSWERED.to_owned()),
    });
    (event["auditID"].as_str().unwrap_or_default().to_owned(), modes.collect())
}
