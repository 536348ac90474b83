//! Ordinals that come back, and ordinals that come blank.

use serde_json::{Value, json};

use super::*;
use crate::scaling::fixture::{ScalingFixture, leaderless, led, nothing, with_claims};

fn up(from: u32, to: u32, facts: &Value) -> ScaleUp {
    let fixture = ScalingFixture::of(from, &[], facts);
    let current = fixture.current_state();
    ScaleUp::of(&ClusterState::of(&current), &fixture.to(to).coming())
}

fn with_pods(mut facts: Value, ready: &[bool]) -> Value {
    let pod = |(ordinal, ready)| json!({ "name": format!("rqlite-{ordinal}"), "ready": ready });
    facts["pods"] = ready.iter().enumerate().map(pod).collect();
    facts
}

#[test]
fn grows_by_blank_pods_while_a_leader_is_there() {
    let up = up(3, 9, &led(3, &[]));
    assert_eq!((up.blank, up.denial), (Ordinals::first(3, 6), None));
}

#[test]
fn refuses_blank_pods_without_a_leader() {
    assert_eq!(up(3, 5, &leaderless(3, &[])).denial, Some(ScaleUpDenial::Leaderless));
    assert_eq!(up(3, 5, &led(3, &[1, 2])).denial, Some(ScaleUpDenial::QuorumLost));
    assert_eq!(up(3, 5, &with_pods(nothing(), &[false, false, false])).denial, Some(ScaleUpDenial::NoneReady));
    assert_eq!(up(3, 5, &with_pods(nothing(), &[])).denial, Some(ScaleUpDenial::NoneReady));
    assert_eq!(up(3, 5, &with_pods(nothing(), &[true, false, false])).denial, None);
    assert_eq!(up(3, 5, &nothing()).denial, None);
}

#[test]
fn without_a_view_claims_prove_no_lost_quorum() {
    let facts = with_claims(nothing(), &[0, 1, 2]);
    assert_eq!(up(1, 3, &facts).denial, None);
    assert_eq!(up(1, 5, &facts).denial, None);
    assert_eq!(up(1, 5, &with_pods(facts, &[false])).denial, Some(ScaleUpDenial::NoneReady));
}

#[test]
fn a_readiness_that_is_not_known_is_not_none() {
    let mut facts = with_pods(nothing(), &[false, false, false]);
    facts["pods"][1].as_object_mut().unwrap().remove("ready");
    assert_eq!(up(3, 5, &facts).denial, None);
}

#[test]
fn a_pod_on_its_way_out_leads_nobody() {
    let mut facts = with_pods(led(3, &[2]), &[true, true, false]);
    facts["pods"][1]["terminating"] = json!(true);
    let up = up(3, 5, &facts);
    assert_eq!((up.denial, up.passing), (Some(ScaleUpDenial::QuorumLost), true));
}

#[test]
fn returning_pods_always_may() {
    let facts = with_claims(leaderless(3, &[1, 2]), &[0, 1, 2]);
    let back = up(1, 3, &facts);
    assert_eq!((back.returning, back.blank, back.denial), (Ordinals::from(1..3), Ordinals::default(), None));
}

#[test]
fn a_claim_of_a_removed_node_is_no_return() {
    let up = up(3, 4, &with_claims(led(3, &[]), &[0, 1, 2, 3]));
    assert_eq!((up.returning.is_empty(), up.blank.count(), up.denial), (true, 1, None));
}

#[test]
fn an_unbound_claim_is_blank() {
    let mut facts = with_claims(nothing(), &[0, 1, 2]);
    facts["pvcs"][2]["bound"] = json!(false);
    assert_eq!(up(2, 3, &facts).blank, Ordinals::first(2, 1));
}
