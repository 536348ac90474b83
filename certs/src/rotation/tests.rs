//! Every state that the certificates of a cluster can be found in, and the steps that lead out of it.
//! What holds whatever happens is in `tests/rotation`.

use std::collections::BTreeMap;

use time::macros::datetime;

use super::*;
use crate::{Authority, Issued, bundle};

const START: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

const ROTATION: [&str; 8] = ["prepare", "publish", "confirm", "settling", "switch", "retiring", "drop", "publish"];

/// One leader, two entries, and replicas that serve what the Secret holds.
struct World {
    now: OffsetDateTime,
    observed: Observation,
    plan: RotationPlan,
}

impl World {
    fn empty() -> Self {
        let names = vec!["quorate.quorate-system.svc".to_owned()];
        Self {
            now: START,
            observed: Observation {
                secret: SecretState::Absent,
                bundles: vec![CaBundle::from_pem(b""); 2],
                served: None,
            },
            plan: RotationPlan { names, lifetimes: Lifetimes::default(), leader: "quorate-a".to_owned() },
        }
    }

    /// As an installation leaves it.
    fn installed() -> Self {
        let mut world = Self::empty();
        world.assert_steps(&["found", "publish"]);
        world
    }

    fn next(&self) -> RotationStep {
        next(self.now, &self.observed, &self.plan)
    }

    fn contents(&self) -> &SecretContents {
        let SecretState::Ours(contents) = &self.observed.secret else { panic!("{:?}", self.observed.secret) };
        contents
    }

    fn edit(&mut self, edit: impl FnOnce(&mut SecretContents)) {
        let SecretState::Ours(contents) = &mut self.observed.secret else { panic!("nothing to edit") };
        edit(contents);
    }

    fn edit_data(&mut self, edit: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) {
        let mut data = self.contents().to_data();
        edit(&mut data);
        self.hold(&data);
    }

    fn hold(&mut self, data: &BTreeMap<String, Vec<u8>>) {
        let labels = BTreeMap::from([(OWN_LABEL.0.to_owned(), OWN_LABEL.1.to_owned())]);
        self.observed.secret = SecretState::read(&labels, data);
    }

    /// Does one step, and says which; none when nothing is due or ours to do.
    fn step(&mut self) -> Option<&'static str> {
        match self.next() {
            RotationStep::Refuse => None,
            RotationStep::Wait { cause: WaitCause::NothingDue, .. } => None,
            RotationStep::Wait { until, cause } => {
                assert!(until > self.now);
                self.now = until;
                Some(if cause == WaitCause::Settling { "settling" } else { "retiring" })
            }
            RotationStep::Publish { bundle } => {
                let bundles = self.observed.bundles.len();
                self.observed.bundles = vec![CaBundle::from_pem(bundle.as_bytes()); bundles];
                Some("publish")
            }
            RotationStep::Write(change) => {
                let data = change.carry_out(self.now, &self.observed, &self.plan).unwrap().to_data();
                self.hold(&data);
                assert_eq!(self.contents().damage(), []);
                let issuer = self.contents().serving().and_then(|leaf| leaf.issuer().cloned());
                self.observed.served = Some(issuer.into_iter().collect());
                Some(name(&change))
            }
        }
    }

    #[track_caller]
    fn assert_steps(&mut self, expected: &[&str]) {
        let mut taken = Vec::new();
        while let Some(step) = self.step() {
            taken.push(step);
            assert!(taken.len() < 50, "{taken:?}");
        }
        assert_eq!(taken, expected);
    }

    fn issuer(&self) -> AuthorityId {
        self.contents().issuer().unwrap().id().clone()
    }

    fn leaf(&self) -> &crate::ServingCertificate {
        self.contents().serving().unwrap()
    }

    fn age(&mut self, days: i64) {
        self.now += Duration::days(days);
    }
}

fn name(change: &SecretChange) -> &'static str {
    match change {
        SecretChange::Found => "found",
        SecretChange::Prepare => "prepare",
        SecretChange::Renew => "renew",
        SecretChange::Withdraw => "withdraw",
        SecretChange::Confirm => "confirm",
        SecretChange::Switch => "switch",
        SecretChange::Mark => "mark",
        SecretChange::Drop(_) => "drop",
        SecretChange::Repair => "mend",
    }
}

#[test]
fn makes_all_anew_where_nothing_is_there() {
    let world = World::installed();
    assert!(world.leaf().covers(&world.plan.names));
    assert_eq!(world.leaf().issuer(), Some(&world.issuer()));
    assert!(world.contents().issuer().unwrap().signed(world.leaf().der()));
    assert_eq!(world.contents().trusted().len(), 1);
}

#[test]
fn makes_all_anew_in_a_secret_that_was_created_empty_for_us() {
    let mut world = World::empty();
    world.hold(&BTreeMap::new());
    world.assert_steps(&["found", "publish"]);
}

#[test]
fn rests_until_the_leaf_is_due_while_all_is_valid() {
    let mut world = World::installed();
    let until = datetime!(2026-03-01 23:00 UTC);
    assert_eq!(world.next(), RotationStep::Wait { until, cause: WaitCause::NothingDue });
    world.now = until - Duration::SECOND;
    world.assert_steps(&[]);
}

#[test]
fn renews_a_leaf_near_its_end_or_past_it_without_a_new_ca() {
    for days in [60, 89, 95, 200] {
        let mut world = World::installed();
        let (issuer, trusted) = (world.issuer(), world.contents().bundle());
        world.age(days);
        world.assert_steps(&["renew"]);
        assert_eq!((world.issuer(), world.contents().bundle()), (issuer, trusted));
        assert_eq!(world.leaf().validity().state(world.now), ValidityState::Valid);
    }
}

#[test]
fn rotates_a_ca_near_its_end_with_a_fresh_key() {
    let mut world = World::installed();
    world.age(243);
    world.assert_steps(&["renew"]);
    let (old, old_leaf) = (world.issuer(), world.leaf().der().to_vec());
    world.age(1);
    for step in &ROTATION[..4] {
        assert_eq!(world.step(), Some(*step));
        assert_eq!(world.leaf().der(), old_leaf);
    }
    assert_eq!(world.contents().trusted().len(), 2);
    assert_eq!(world.step(), Some("switch"));
    assert_ne!(world.issuer(), old);
    assert!(world.contents().trusted().iter().any(|anchor| *anchor.id() == old));
    world.assert_steps(&ROTATION[5..]);
    assert!(world.contents().trusted().iter().all(|anchor| *anchor.id() != old));
}

#[test]
fn rotates_any_number_of_times_in_a_row() {
    let mut world = World::installed();
    for _ in 0..5 {
        world.age(244);
        world.assert_steps(&[&["renew"], &ROTATION[..]].concat());
        assert_eq!(world.contents().trusted().len(), 1);
    }
}

#[test]
fn replaces_an_expired_ca_by_the_same_way() {
    let mut world = World::installed();
    world.age(400);
    world.assert_steps(&ROTATION);
    assert_eq!(world.leaf().validity().state(world.now), ValidityState::Valid);
}

#[test]
fn waits_for_api_servers_before_it_serves_a_new_ca() {
    let mut world = World::installed();
    world.age(300);
    while world.step() != Some("confirm") {}
    let until = world.now + Duration::seconds(60);
    assert_eq!(world.next(), RotationStep::Wait { until, cause: WaitCause::Settling });
    world.now = until - Duration::MILLISECOND;
    assert_eq!(world.next(), RotationStep::Wait { until, cause: WaitCause::Settling });
    world.now = until;
    assert_eq!(world.next(), RotationStep::Write(SecretChange::Switch));
}

/// Another replica takes over after each step.
#[test]
fn goes_on_with_a_rotation_that_another_leader_left_half_done() {
    let rest: [&[&str]; 9] = [
        &ROTATION,
        &ROTATION[1..],
        &ROTATION[2..],
        &ROTATION[2..],
        &ROTATION[2..],
        &["mark", "retiring", "drop", "publish"],
        &["mark", "retiring", "drop", "publish"],
        &ROTATION[7..],
        &[],
    ];
    for (done, rest) in rest.iter().enumerate() {
        let mut world = World::installed();
        world.age(243);
        world.assert_steps(&["renew"]);
        world.age(1);
        for _ in 0..done {
            world.step();
        }
        world.plan.leader = "quorate-b".to_owned();
        world.assert_steps(rest);
        assert_eq!(world.contents().trusted().len(), 1);
    }
}

#[test]
fn begins_again_where_the_incoming_ca_grew_old_or_lost_its_key() {
    let prepared = || {
        let mut world = World::installed();
        world.age(300);
        while world.step() != Some("prepare") {}
        world
    };
    let mut world = prepared();
    world.age(300);
    world.assert_steps(&[&["publish"], &ROTATION[..]].concat());
    let mut world = prepared();
    world.edit_data(|data| drop(data.remove(INCOMING_KEY)));
    world.assert_steps(&[&["publish"], &ROTATION[..]].concat());
}

#[test]
fn keeps_the_old_ca_while_a_replica_serves_it_or_cannot_be_asked() {
    let switched = || {
        let mut world = World::installed();
        world.age(300);
        let old = world.issuer();
        while world.step() != Some("switch") {}
        world.now += Duration::HOUR;
        (world, old)
    };
    let stays = |world: &World| matches!(world.next(), RotationStep::Wait { cause: WaitCause::Retiring, .. });
    let (mut world, old) = switched();
    let new = world.issuer();
    for served in [Some([old.clone(), new.clone()].into()), Some([old.clone()].into()), None] {
        world.observed.served = served;
        assert!(stays(&world));
    }
    let unknown = Authority::issue(Validity::starting(START, Duration::DAY)).unwrap().anchor().id().clone();
    world.observed.served = Some([new.clone(), unknown].into());
    assert!(stays(&world));
    world.observed.served = Some([new].into());
    assert_eq!(world.next(), RotationStep::Write(SecretChange::Drop(vec![old.clone()])));

    world.observed.served = None;
    world.age(66);
    assert_eq!(world.next(), RotationStep::Write(SecretChange::Renew));
    world.step();
    world.observed.served = None;
    assert_eq!(world.next(), RotationStep::Write(SecretChange::Drop(vec![old])));
}

#[test]
fn drops_no_ca_before_replicas_that_just_started_have_caught_up() {
    let mut world = World::installed();
    world.age(300);
    while world.step() != Some("switch") {}
    let until = world.now + Duration::minutes(2);
    assert_eq!(world.next(), RotationStep::Wait { until, cause: WaitCause::Retiring });
}

#[test]
fn issues_again_what_another_clock_dated_ahead() {
    let mut world = World::installed();
    world.now -= Duration::days(2);
    world.assert_steps(&ROTATION);
    assert_eq!(world.contents().issuer().unwrap().validity().state(world.now), ValidityState::Valid);

    let mut world = World::installed();
    world.age(100);
    world.assert_steps(&["renew"]);
    world.now -= Duration::days(2);
    world.assert_steps(&["renew"]);
    assert_eq!(world.leaf().validity().state(world.now), ValidityState::Valid);
}

#[test]
fn believes_no_mark_of_the_future_or_of_another_clock() {
    let ahead = |world: &World, by: &str| Some(Mark { at: world.now + Duration::days(90), by: by.to_owned() });
    let behind = |world: &World, by: &str| Some(Mark { at: world.now - Duration::days(90), by: by.to_owned() });
    let mut world = World::installed();
    world.age(300);
    while world.step() != Some("publish") {}
    for mark in [ahead(&world, "quorate-a"), ahead(&world, "quorate-b"), behind(&world, "quorate-b")] {
        world.edit(|contents| contents.published = mark);
        assert_eq!(world.next(), RotationStep::Write(SecretChange::Confirm));
    }
    while world.step() != Some("switch") {}
    for mark in [ahead(&world, "quorate-a"), ahead(&world, "quorate-b"), behind(&world, "quorate-b"), None] {
        world.edit(|contents| contents.switched = mark);
        assert_eq!(world.next(), RotationStep::Write(SecretChange::Mark));
    }
}

#[test]
fn never_writes_a_secret_that_is_not_ours() {
    let own = World::installed().contents().to_data();
    let other = BTreeMap::from([(OWN_LABEL.0.to_owned(), "cert-manager".to_owned())]);
    for labels in [BTreeMap::new(), other] {
        for data in [BTreeMap::new(), own.clone()] {
            let mut world = World::empty();
            world.observed.secret = SecretState::read(&labels, &data);
            assert_eq!(world.next(), RotationStep::Refuse);
            assert!(world.observed.secret.serving().is_none());
        }
    }
}

#[test]
fn mends_what_is_damaged_without_a_gap() {
    let stranger = || {
        let authority = Authority::issue(Validity::starting(START, Duration::days(365))).unwrap();
        let Issued { certificate, key } = authority
            .leaf(&["quorate.quorate-system.svc".to_owned()], Validity::starting(START, Duration::DAY))
            .unwrap();
        (authority, certificate, key)
    };
    let (authority, certificate, key) = stranger();
    let cases: [(&str, Option<&str>, Vec<&str>); 10] = [
        (LEAF, None, vec!["renew"]),
        (LEAF, Some("junk"), vec!["renew"]),
        (LEAF_KEY, Some("junk"), vec!["renew"]),
        (LEAF_KEY, Some(&key), vec!["renew"]),
        (LEAF, Some(&certificate), vec!["renew"]),
        (STATE, Some("{"), vec!["mend"]),
        (INCOMING_KEY, Some("junk"), vec!["mend"]),
        (ISSUER_KEY, None, ROTATION.to_vec()),
        (ISSUER_KEY, Some(authority.key()), ROTATION.to_vec()),
        (TRUSTED, Some("junk"), ROTATION.to_vec()),
    ];
    for (part, content, steps) in cases {
        let mut world = World::installed();
        let old = world.issuer();
        world.edit_data(|data| {
            match content {
                Some(text) => data.insert(part.to_owned(), text.as_bytes().to_vec()),
                None => data.remove(part),
            };
        });
        if steps.len() > 1 {
            world.step();
            let trusted: Vec<_> = world.contents().trusted().iter().map(|anchor| anchor.id().clone()).collect();
            assert!(trusted.contains(&old), "{part}: what is served is trusted");
            assert_eq!(world.leaf().issuer(), Some(&old), "{part}");
            world.assert_steps(&steps[1..]);
        } else {
            world.assert_steps(&steps);
        }
        assert_eq!(world.contents().damage(), [], "{part}");
    }
}

#[test]
fn says_what_is_damaged_and_never_shows_a_key() {
    let mut world = World::installed();
    world.edit_data(|data| {
        for key in [TRUSTED, ISSUER_KEY, LEAF, STATE] {
            data.insert(key.to_owned(), b"junk".to_vec());
        }
    });
    let said: Vec<String> = world.contents().damage().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "`ca.crt` holds something that is no certificate",
            "`ca.key` holds no key of a certificate in `ca.crt`",
            "tls.crt: no certificate in it",
            "`state` cannot be read: expected value at line 1 column 1",
        ]
    );
    assert!(!format!("{:?}", World::installed().observed).contains("PRIVATE KEY"));
}

#[test]
fn a_lost_secret_costs_no_call_while_replicas_still_serve_from_memory() {
    let mut world = World::installed();
    let old = world.issuer();
    world.observed.secret = SecretState::Absent;
    assert_eq!(world.step(), Some("prepare"));
    assert!(world.observed.secret.serving().is_none());
    assert_eq!(world.contents().trusted().len(), 2);
    world.assert_steps(&["publish", "confirm", "settling", "switch", "retiring", "drop", "publish"]);
    assert_ne!(world.issuer(), old);
}

#[test]
fn a_lost_secret_is_made_anew_at_once_where_nobody_serves() {
    let mut world = World::installed();
    world.observed.secret = SecretState::Absent;
    world.observed.served = Some(BTreeSet::new());
    world.assert_steps(&["found", "publish"]);
}

#[test]
fn takes_over_from_another_issuer_by_the_same_way() {
    let other = Authority::issue(Validity::starting(START, Duration::days(365))).unwrap();
    let mut world = World::empty();
    world.observed.bundles = vec![CaBundle::from_pem(other.anchor().to_pem().as_bytes()); 2];
    world.assert_steps(&ROTATION);
    assert_eq!(world.contents().trusted().len(), 1);
}

#[test]
fn issues_a_leaf_for_the_names_that_are_wanted_now_also_within_a_rotation() {
    let mut world = World::installed();
    world.plan.names.push("quorate.quorate-system.svc.cluster.local".to_owned());
    world.assert_steps(&["renew"]);
    assert!(world.leaf().covers(&world.plan.names));
    world.plan.names.pop();
    world.assert_steps(&[]);

    world.age(300);
    while world.step() != Some("confirm") {}
    world.plan.names = vec!["other.quorate-system.svc".to_owned()];
    assert_eq!(world.step(), Some("renew"));
    world.assert_steps(&ROTATION[3..]);
    assert!(world.leaf().covers(&world.plan.names));
}

#[test]
fn puts_back_a_bundle_that_somebody_changed() {
    let mut world = World::installed();
    let own = world.contents().bundle();
    let other = Authority::issue(Validity::starting(START, Duration::days(365))).unwrap();
    let more = format!("{own}{}", bundle([other.anchor()]));
    for found in ["", "junk", &more, &format!("{own}-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n")] {
        world.observed.bundles[1] = CaBundle::from_pem(found.as_bytes());
        assert_eq!(world.next(), RotationStep::Publish { bundle: own.clone() });
    }
    world.observed.bundles[1] = CaBundle::from_pem(format!("\n{own}{own}\n").as_bytes());
    world.assert_steps(&[]);
}

#[test]
fn settles_anew_when_a_bundle_lost_the_incoming_ca_meanwhile() {
    let mut world = World::installed();
    world.age(300);
    let before = world.contents().bundle();
    while world.step() != Some("settling") {}
    world.observed.bundles[0] = CaBundle::from_pem(before.as_bytes());
    world.assert_steps(&[&["withdraw"], &ROTATION[1..]].concat());
}

#[test]
fn rotates_where_no_webhook_is_registered_yet() {
    let mut world = World::empty();
    world.observed.bundles.clear();
    world.assert_steps(&["found"]);
    world.age(300);
    world.assert_steps(&[&["renew"], &ROTATION[..1], &ROTATION[2..7]].concat());
}
