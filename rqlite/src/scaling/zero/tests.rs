//! To zero and back.

use serde_json::{Value, json};

use super::*;
use crate::scaling::fixture::{ScalingFixture, led, nothing, with_claims};

fn from_zero(to: u32, facts: &Value) -> FromZero {
    let fixture = ScalingFixture::of(0, &[], facts);
    let current = fixture.current_state();
    FromZero::of(&ClusterState::of(&current), &Ordinals::first(0, to))
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
    let fixture = ScalingFixture::from_manifest(manifest, &nothing());
    ToZero::of(&fixture.current_state(), &fixture.set)
}

/// Of claims 0, 1 and so on: bound, or not.
fn claims(bound: &[bool]) -> Value {
    let claim =
        |(ordinal, bound): (usize, &bool)| json!({ "name": format!("rqlite-file-rqlite-{ordinal}"), "bound": bound });
    let mut facts = nothing();
    facts["pvcs"] = bound.iter().enumerate().map(claim).collect();
    facts
}

#[track_caller]
fn over(to: u32, facts: &Value) -> [String; 4] {
    let FromZero::Over(found) = from_zero(to, facts) else { panic!("nothing to start over") };
    [found.kept, found.blank, found.pending, found.left_out].map(|ordinals| ordinals.to_string())
}

#[test]
fn comes_back_from_zero_over_its_claims() {
    assert_eq!(over(3, &with_claims(nothing(), &[0, 1, 2])), ["0-2", "", "", ""]);
    assert_eq!(over(1, &with_claims(nothing(), &[0, 1, 2])), ["0-2", "", "", "1-2"]);
    assert_eq!(over(5, &with_claims(nothing(), &[0, 1, 2])), ["0-2", "3-4", "", ""]);
    assert_eq!(from_zero(3, &nothing()), FromZero::Unknown);
    assert_eq!(from_zero(3, &with_claims(nothing(), &[])), FromZero::Creation);
}

#[test]
fn a_claim_that_is_not_bound_is_neither_data_nor_blank() {
    assert_eq!(over(3, &claims(&[false, false, false])), ["", "", "0-2", ""]);
    assert_eq!(over(4, &claims(&[true, true, false])), ["0-1", "3", "2", ""]);
    assert_eq!(over(1, &claims(&[true, false, false])), ["0", "", "", ""]);
}

#[test]
fn an_ordinal_that_the_last_membership_does_not_list_may_be_left_out() {
    let mut facts = with_claims(nothing(), &[0, 1, 2, 3, 4]);
    facts["lastVoters"] = json!(["rqlite-0", "rqlite-1", "rqlite-2"]);
    assert_eq!(over(3, &facts), ["0-4", "", "", ""]);
    assert_eq!(over(2, &facts), ["0-4", "", "", "2"]);
    // Ids of another kind tell nothing.
    facts["lastVoters"] = json!(["a", "b", "c"]);
    assert_eq!(over(3, &facts), ["0-4", "", "", "3-4"]);
}

#[test]
fn shifted_ordinals_at_zero_come_blank() {
    let fixture = ScalingFixture::of(0, &[], &with_claims(nothing(), &[0, 1, 2]));
    let current = fixture.current_state();
    let FromZero::Over(shifted) = FromZero::of(&ClusterState::of(&current), &Ordinals::first(3, 3)) else { panic!() };
    assert_eq!((shifted.blank, shifted.left_out), (Ordinals::first(3, 3), Ordinals::first(0, 3)));
}

#[test]
fn all_members_with_data_are_to_come_back() {
    let back = |facts: &Value| {
        let fixture = ScalingFixture::of(3, &[], facts);
        let current = fixture.current_state();
        to_come_back(&ClusterState::of(&current)).to_string()
    };
    assert_eq!(back(&nothing()), "0-2");
    let five = [0, 1, 2, 3, 4];
    assert_eq!(back(&with_claims(nothing(), &five)), "0-4");
    assert_eq!(back(&with_claims(led(3, &[]), &five)), "0-2");
    assert_eq!(back(&with_claims(led(5, &[]), &five)), "0-4");
    let mut remembered = with_claims(nothing(), &five);
    remembered["lastVoters"] = json!(["rqlite-0", "rqlite-1", "rqlite-2", "rqlite-4"]);
    assert_eq!(back(&remembered), "0-2, 4");
    assert_eq!(back(&with_claims(nothing(), &[0, 1])), "0-1");
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
