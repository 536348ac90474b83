//! Manifests in the shapes of public ones: rows a and b of the inputs' README.

use std::path::PathBuf;

use quorate_native_tests::evaluation_input::EvaluationInput;
use serde_json::{Value, json};

use crate::field;
use crate::row::{Row, all_right, live_set, new_set, nothing_known, running};

const BELOW: &str = "quorum-guard/scale-below-quorum";
const MISMATCH: &str = "bootstrap-expect-lock/bootstrap-expect-mismatch";
const CHANGED: &str = "bootstrap-expect-lock/bootstrap-expect-changed";
const NOT_INJECTED: &str = "remove-on-shutdown/not-injected";
const NOT_RECOGNISED: &str = "quorum-guard/not-recognised";
const JOINED: &str = "until the new nodes have joined";

struct Files(PathBuf);

impl Files {
    fn create(&self, file: &str) -> EvaluationInput {
        EvaluationInput::create(&new_set(&self.0, file), &nothing_known())
    }

    fn update(&self, old: &str, new: &str) -> EvaluationInput {
        let old = live_set(&self.0, old);
        let mut new = new_set(&self.0, new);
        new["metadata"]["generation"] = json!(4);
        new["status"] = old["status"].clone();
        EvaluationInput::update(&old, &new, &nothing_known())
    }

    fn scale(&self, file: &str, to: i64) -> EvaluationInput {
        EvaluationInput::scale(&live_set(&self.0, file), to, &nothing_known())
    }

    fn set_replicas(&self, file: &str, to: i64) -> EvaluationInput {
        let old = live_set(&self.0, file);
        let mut new = old.clone();
        new["spec"]["replicas"] = json!(to);
        EvaluationInput::update(&old, &new, &nothing_known())
    }

    fn evict(&self, file: &str, pod: &str) -> EvaluationInput {
        EvaluationInput::evict(&live_set(&self.0, file), pod, &nothing_known())
    }

    fn delete(&self, file: &str) -> EvaluationInput {
        EvaluationInput::delete(&live_set(&self.0, file), &nothing_known())
    }
}

#[test]
fn a_native_sidecar_is_an_rqlite_container() {
    let Some(files) = field().map(Files) else { return };
    let annotated = |value: &str| {
        let mut set = new_set(&files.0, "a13/three.yaml");
        set["metadata"]["annotations"] = json!({ "quorate.dev/container": value });
        set
    };
    let ends = {
        let mut set = new_set(&files.0, "a13/three.yaml");
        set["spec"]["template"]["spec"]["initContainers"][0]["restartPolicy"] = Value::Null;
        running(set)
    };
    all_right(&[
        Row::denied("a13 one", files.create("a13/one.yaml"), MISMATCH).says("initContainers[0]"),
        Row::allowed("a13 three", files.create("a13/three.yaml")).patched(true).says("remove-shutdown=true"),
        Row::allowed("a13 three, annotated", EvaluationInput::create(&annotated("rqlite"), &nothing_known()))
            .patched(true)
            .without(NOT_RECOGNISED),
        Row::denied(
            "a13 three, annotated with a typo",
            EvaluationInput::create(&annotated("rqlte"), &nothing_known()),
            NOT_RECOGNISED,
        ),
        Row::denied("a13 scale", files.scale("a13/three.yaml", 1), BELOW),
        Row::denied("a13 replicas", files.set_replicas("a13/three.yaml", 1), BELOW),
        Row::allowed("a13 scale to two", files.scale("a13/three.yaml", 2)),
        Row::denied("a13 update", files.update("a13/three.yaml", "a13/one.yaml"), BELOW),
        Row::denied("a13 delete", files.delete("a13/three.yaml"), "quorum-guard/cluster-deleted"),
        Row::allowed("a13 evict", files.evict("a13/three.yaml", "app-1")),
        Row::allowed("a13, an init container that ends", EvaluationInput::scale(&ends, 1, &nothing_known())),
    ]);
}

#[test]
fn nodes_that_find_nobody_get_nothing_injected_and_no_false_promise() {
    let Some(files) = field().map(Files) else { return };
    all_right(&[
        Row::allowed("a02 set", files.create("a02/set.yaml")).patched(false).never_says(JOINED),
        Row::allowed("a02 three", files.create("a02/three.yaml")).patched(false).never_says(JOINED),
        Row::allowed("a02 expect", files.create("a02/expect-without-discovery.yaml"))
            .patched(false)
            .warns(NOT_INJECTED),
        Row::allowed("a02 grow", files.scale("a02/set.yaml", 3)).never_says(JOINED),
        Row::denied("a02 shrink", files.scale("a02/three.yaml", 1), BELOW),
    ]);
}

#[test]
fn the_first_discovery_of_a_lone_node() {
    let Some(files) = field().map(Files) else { return };
    let dns = "leave it out: a cluster that has formed does not need it";
    let may_rise = files
        .update("a03/bare.yaml", "a03/uncommented-and-grown.yaml")
        .with_settings("bootstrap-expect-lock", json!({ "allowIncreaseWithScaleUp": true }));
    all_right(&[
        Row::denied("a03 all at once", files.update("a03/bare.yaml", "a03/uncommented-and-grown.yaml"), CHANGED)
            .never_says(dns),
        Row::denied("a03 all at once, with the setting", may_rise, CHANGED).never_says(dns),
        Row::allowed("a03 discovery first", files.update("a03/bare.yaml", "a03/expect-one-first.yaml")),
        Row::allowed("a03 then grow", files.scale("a03/expect-one-first.yaml", 3)).never_says("fewer than 1 "),
        Row::allowed("a03 the old remedy", files.update("a03/bare.yaml", "a03/remedy-carried-out.yaml")).patched(false),
        Row::allowed("a03 grow without discovery", files.update("a03/bare.yaml", "a03/grown.yaml")).never_says(JOINED),
    ]);
}

#[test]
fn messages_about_small_sets_and_unknown_entrypoints() {
    let Some(files) = field().map(Files) else { return };
    all_right(&[
        Row::allowed("a04 create", files.create("a04/set.yaml")),
        Row::allowed("a04 grow", files.scale("a04/set.yaml", 3)).never_says("fewer than 1 "),
        Row::allowed("a05 digest", files.create("a05/set.yaml")).patched(false).never_says("refuses already"),
        Row::allowed("a05 tag", files.create("a05/tagged.yaml")).patched(false).never_says("refuses already"),
        Row::denied("a05 shrink", files.scale("a05/set.yaml", 1), BELOW),
        Row::denied("a07 foreign image", files.create("a07/set.yaml"), "secret-mounts/not-mounted").patched(false),
    ]);
}

#[test]
fn files_and_users_that_others_bring() {
    let Some(files) = field().map(Files) else { return };
    let missing = "secret-mounts/secret-file-not-mounted";
    let plain = {
        let mut set = new_set(&files.0, "a11/three.yaml");
        set["spec"]["template"]["metadata"]["annotations"] = Value::Null;
        set
    };
    all_right(&[
        Row::allowed("a11 three", files.create("a11/three.yaml")).warns(missing),
        Row::denied("a11 one", files.create("a11/one.yaml"), MISMATCH).not_denied_by(missing),
        Row::allowed("a11 csi", files.create("a11/csi.yaml")).not_denied_by(missing),
        Row::denied("a11 nobody brings it", EvaluationInput::create(&plain, &nothing_known()), missing),
        Row::allowed("a12 pool", files.create("a12/set.yaml")).warns("secret-mounts/auth-without-join-as"),
        Row::allowed("a12 pool to zero", files.scale("a12/set.yaml", 0)),
    ]);
}

#[test]
fn a_renamed_image_gets_a_hint() {
    let Some(files) = field().map(Files) else { return };
    let annotated = |value: &str| {
        let mut set = new_set(&files.0, "a15/rqlited-name.yaml");
        set["metadata"]["annotations"] = json!({ "quorate.dev/container": value });
        set
    };
    all_right(&[
        Row::allowed("a15", files.create("a15/rqlited-name.yaml"))
            .warns(NOT_RECOGNISED)
            .says("quorate.dev/container")
            .patched(false),
        Row::allowed("a15 scale", files.scale("a15/rqlited-name.yaml", 1)),
        Row::allowed("a15 none", EvaluationInput::create(&annotated("none"), &nothing_known())).without(NOT_RECOGNISED),
        Row::denied("a15 named", EvaluationInput::scale(&running(annotated("rqlite")), 1, &nothing_known()), BELOW),
        Row::denied("a15 typo", EvaluationInput::create(&annotated("rqlte"), &nothing_known()), NOT_RECOGNISED),
    ]);
}

#[test]
fn launches_that_rqlited_refuses_get_nothing_and_are_told_why() {
    let Some(files) = field().map(Files) else { return };
    let refused = |name: &str, why: &'static str| {
        let row = Row::allowed(format!("a17 {name}"), files.create(&format!("a17/{name}.yaml")));
        row.patched(false).warns(NOT_INJECTED).says(why).never_says("refuses already")
    };
    all_right(&[
        refused("data-dir-flag", "-data-dir"),
        refused("dns-and-join", "disco mode cannot be used"),
        refused("dns-no-expect", "bootstrap-expect value required"),
        refused("old-queue-flag", "-write-queue-size"),
        refused("on-disk-latest", "-on-disk"),
        refused("pair-bool", "arguments after"),
        Row::allowed("a17 single-quotes", files.create("a17/single-quotes.yaml")).patched(false).warns(NOT_INJECTED),
    ]);
}

#[test]
fn what_later_rules_are_about_is_recognised_and_told_truly() {
    let Some(files) = field().map(Files) else { return };
    all_right(&[
        Row::denied("b03 shrink", files.scale("b03/ordered.yaml", 1), BELOW),
        Row::allowed("b03 to zero", files.scale("b03/ordered.yaml", 0)).never_says("come back with --replicas"),
        Row::allowed("b03 from zero", files.scale("b03/ordered-zero.yaml", 3)),
        Row::allowed("b06 unmounted", files.create("b06/unmounted.yaml")).patched(false),
        Row::allowed("b06 directory by variable", files.create("b06/data-dir-env.yaml")).patched(false),
        Row::allowed("b06 moved", files.update("b06/mounted.yaml", "b06/unmounted.yaml")).patched(false),
        Row::allowed("b06 mounted", files.create("b06/mounted.yaml")).patched(true),
        Row::allowed("b09 downgrade", files.update("b09/ten.yaml", "b09/nine.yaml")).patched(false),
        Row::allowed("b09 node id", files.update("b09/node-id-before.yaml", "b09/node-id.yaml")).patched(false),
    ]);
}
