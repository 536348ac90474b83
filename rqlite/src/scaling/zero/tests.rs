//! To zero and back.

use serde_json::{Value, json};

use super::*;
use crate::scaling::fixture::{World, nothing, with_claims};

fn from_zero(to: u32, facts: &Value) -> FromZero {
    let world = World::of(0, &[], facts);
    let before = world.before();
    FromZero::of(&Cluster::of(&before), &Ordinals::first(0, to))
}

fn to_zero(edit: impl FnOnce(&mut Value)) -> ToZero {
    let mut manifest = json!({
        "metadata": { "name": "rqlite" },
        "spec": {
            "replicas": 3,
            "template": { "spec": { "containers": [{
                "name": "rqlite", "image": "rqlite/rqlite:9.4.5", "args": ["-bootstrap-expect=3"],
                "volumeMounts": [{ "name": "rqlite-file", "mountPath": "/rqlite/file" }],
            }] } },
            "volumeClaimTemplates": [{ "metadata": { "name": "rqlite-file" } }],
        },
    });
    edit(&mut manifest);
    let world = World::from_manifest(manifest, &nothing());
    ToZero::of(&world.before(), &world.set)
}

#[test]
fn comes_back_from_zero_over_its_claims() {
    assert_eq!(from_zero(3, &with_claims(nothing(), &[0, 1, 2])), FromZero::All);
    assert_eq!(from_zero(3, &nothing()), FromZero::Unknown);
    assert_eq!(from_zero(3, &with_claims(nothing(), &[])), FromZero::Creation);
    let left_out = FromZero::LeftOut { missing: Ordinals::from(1..3), kept: Ordinals::first(0, 3) };
    assert_eq!(from_zero(1, &with_claims(nothing(), &[0, 1, 2])), left_out);
    let blank = FromZero::Blank { blank: Ordinals::from(3..5), kept: Ordinals::first(0, 3) };
    assert_eq!(from_zero(5, &with_claims(nothing(), &[0, 1, 2])), blank);
}

#[test]
fn shifted_ordinals_at_zero_come_blank() {
    let world = World::of(0, &[], &with_claims(nothing(), &[0, 1, 2]));
    let before = world.before();
    let shifted = FromZero::of(&Cluster::of(&before), &Ordinals::first(3, 3));
    assert_eq!(shifted, FromZero::Blank { blank: Ordinals::first(3, 3), kept: Ordinals::first(0, 3) });
}

#[test]
fn the_data_stays_on_claims_that_are_retained() {
    assert_eq!(to_zero(|_| {}), ToZero::DataStays);
    let deletes = |manifest: &mut Value| {
        manifest["spec"]["persistentVolumeClaimRetentionPolicy"] = json!({ "whenScaled": "Delete" })
    };
    assert_eq!(to_zero(deletes), ToZero::ClaimsDeleted);
}

#[test]
fn the_data_goes_with_the_pods() {
    let ephemeral = |manifest: &mut Value| {
        manifest["spec"]["volumeClaimTemplates"] = json!([]);
        manifest["spec"]["template"]["spec"]["volumes"] = json!([{ "name": "rqlite-file", "emptyDir": {} }]);
    };
    assert_eq!(to_zero(ephemeral), ToZero::DataGoesWithPods);
    let elsewhere = |manifest: &mut Value| {
        manifest["spec"]["template"]["spec"]["containers"][0]["volumeMounts"][0]["mountPath"] = json!("/data");
    };
    assert_eq!(to_zero(elsewhere), ToZero::DataGoesWithPods);
}
