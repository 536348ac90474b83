//! Every state that the certificates of a cluster can be found in, and the steps that lead out of it.
//! What holds whatever happens is in `tests/rotation`.

use std::collections::BTreeMap;

use time::macros::datetime;

use super::*;
use crate::{Authority, Issued, bundle};

const START: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

const ROTATION: [&str; 8] = ["prepare", "publish", "confirm", "propagation", "switch", "retiring", "drop", "publish"];

/// One leader, two entries, and replicas that serve what the Secret holds.
struct Simulation {
    now: OffsetDateTime,
    observed: Observation,
    plan: RotationPlan,
}

impl Simulation {
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
        let mut simulation = Self::empty();
        simulation.assert_steps(&["issue all", "publish"]);
        simulation
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
                Some(if cause == WaitCause::Propagation { "propagation" } else { "retiring" })
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
        SecretChange::IssueAll => "issue all",
        SecretChange::Prepare => "prepare",
        SecretChange::Renew => "renew",
        SecretChange::Withdraw => "withdraw",
        SecretChange::Confirm => "confirm",
        SecretChange::Switch => "switch",
        SecretChange::NoteSwitch => "note switch",
        SecretChange::Drop(_) => "drop",
        SecretChange::Repair => "repair",
    }
}

#[test]
fn makes_all_anew_where_nothing_is_there() {
    let simulation = Simulation::installed();
    assert!(simulation.leaf().covers(&simulation.plan.names));
    assert_eq!(simulation.leaf().issuer(), Some(&simulation.issuer()));
    assert!(simulation.contents().issuer().unwrap().signed(simulation.leaf().der()));
    assert_eq!(simulation.contents().trusted().len(), 1);
}

#[test]
fn makes_all_anew_in_a_secret_that_was_created_empty_for_us() {
    let mut simulation = Simulation::empty();
    simulation.hold(&BTreeMap::new());
    simulation.assert_steps(&["issue all", "publish"]);
}

#[test]
fn rests_until_the_leaf_is_due_while_all_is_valid() {
    let mut simulation = Simulation::installed();
    let until = datetime!(2026-03-01 23:00 UTC);
    assert_eq!(simulation.next(), RotationStep::Wait { until, cause: WaitCause::NothingDue });
    simulation.now = until - Duration::SECOND;
    simulation.assert_steps(&[]);
}

#[test]
fn renews_a_leaf_near_its_end_or_past_it_without_a_new_ca() {
    for days in [60, 89, 95, 200] {
        let mut simulation = Simulation::installed();
        let (issuer, trusted) = (simulation.issuer(), simulation.contents().bundle());
        simulation.age(days);
        simulation.assert_steps(&["renew"]);
        assert_eq!((simulation.issuer(), simulation.contents().bundle()), (issuer, trusted));
        assert_eq!(simulation.leaf().validity().state(simulation.now), ValidityState::Valid);
    }
}

#[test]
fn rotates_a_ca_near_its_end_with_a_fresh_key() {
    let mut simulation = Simulation::installed();
    simulation.age(243);
    simulation.assert_steps(&["renew"]);
    let (old, old_leaf) = (simulation.issuer(), simulation.leaf().der().to_vec());
    simulation.age(1);
    for step in &ROTATION[..4] {
        assert_eq!(simulation.step(), Some(*step));
        assert_eq!(simulation.leaf().der(), old_leaf);
    }
    assert_eq!(simulation.contents().trusted().len(), 2);
    assert_eq!(simulation.step(), Some("switch"));
    assert_ne!(simulation.issuer(), old);
    assert!(simulation.contents().trusted().iter().any(|anchor| *anchor.id() == old));
    simulation.assert_steps(&ROTATION[5..]);
    assert!(simulation.contents().trusted().iter().all(|anchor| *anchor.id() != old));
}

#[test]
fn rotates_any_number_of_times_in_a_row() {
    let mut simulation = Simulation::installed();
    for _ in 0..5 {
        simulation.age(244);
        simulation.assert_steps(&[&["renew"], &ROTATION[..]].concat());
        assert_eq!(simulation.contents().trusted().len(), 1);
    }
}

#[test]
fn replaces_an_expired_ca_by_the_same_way() {
    let mut simulation = Simulation::installed();
    simulation.age(400);
    simulation.assert_steps(&ROTATION);
    assert_eq!(simulation.leaf().validity().state(simulation.now), ValidityState::Valid);
}

#[test]
fn waits_for_api_servers_before_it_serves_a_new_ca() {
    let mut simulation = Simulation::installed();
    simulation.age(300);
    while simulation.step() != Some("confirm") {}
    let until = simulation.now + Duration::seconds(60);
    assert_eq!(simulation.next(), RotationStep::Wait { until, cause: WaitCause::Propagation });
    simulation.now = until - Duration::MILLISECOND;
    assert_eq!(simulation.next(), RotationStep::Wait { until, cause: WaitCause::Propagation });
    simulation.now = until;
    assert_eq!(simulation.next(), RotationStep::Write(SecretChange::Switch));
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
        &["note switch", "retiring", "drop", "publish"],
        &["note switch", "retiring", "drop", "publish"],
        &ROTATION[7..],
        &[],
    ];
    for (done, rest) in rest.iter().enumerate() {
        let mut simulation = Simulation::installed();
        simulation.age(243);
        simulation.assert_steps(&["renew"]);
        simulation.age(1);
        for _ in 0..done {
            simulation.step();
        }
        simulation.plan.leader = "quorate-b".to_owned();
        simulation.assert_steps(rest);
        assert_eq!(simulation.contents().trusted().len(), 1);
    }
}

#[test]
fn begins_again_where_the_incoming_ca_grew_old_or_lost_its_key() {
    let prepared = || {
        let mut simulation = Simulation::installed();
        simulation.age(300);
        while simulation.step() != Some("prepare") {}
        simulation
    };
    let mut simulation = prepared();
    simulation.age(300);
    simulation.assert_steps(&[&["publish"], &ROTATION[..]].concat());
    let mut simulation = prepared();
    simulation.edit_data(|data| drop(data.remove(INCOMING_KEY)));
    simulation.assert_steps(&[&["publish"], &ROTATION[..]].concat());
}

#[test]
fn keeps_the_old_ca_while_a_replica_serves_it_or_cannot_be_asked() {
    let switched = || {
        let mut simulation = Simulation::installed();
        simulation.age(300);
        let old = simulation.issuer();
        while simulation.step() != Some("switch") {}
        simulation.now += Duration::HOUR;
        (simulation, old)
    };
    let stays =
        |simulation: &Simulation| matches!(simulation.next(), RotationStep::Wait { cause: WaitCause::Retiring, .. });
    let (mut simulation, old) = switched();
    let new = simulation.issuer();
    for served in [Some([old.clone(), new.clone()].into()), Some([old.clone()].into()), None] {
        simulation.observed.served = served;
        assert!(stays(&simulation));
    }
    let unknown = Authority::issue(Validity::starting(START, Duration::DAY)).unwrap().anchor().id().clone();
    simulation.observed.served = Some([new.clone(), unknown].into());
    assert!(stays(&simulation));
    simulation.observed.served = Some([new].into());
    assert_eq!(simulation.next(), RotationStep::Write(SecretChange::Drop(vec![old.clone()])));

    simulation.observed.served = None;
    simulation.age(66);
    assert_eq!(simulation.next(), RotationStep::Write(SecretChange::Renew));
    simulation.step();
    simulation.observed.served = None;
    assert_eq!(simulation.next(), RotationStep::Write(SecretChange::Drop(vec![old])));
}

#[test]
fn drops_no_ca_before_replicas_that_just_started_have_caught_up() {
    let mut simulation = Simulation::installed();
    simulation.age(300);
    while simulation.step() != Some("switch") {}
    let until = simulation.now + Duration::minutes(2);
    assert_eq!(simulation.next(), RotationStep::Wait { until, cause: WaitCause::Retiring });
}

#[test]
fn issues_again_what_another_clock_dated_ahead() {
    let mut simulation = Simulation::installed();
    simulation.now -= Duration::days(2);
    simulation.assert_steps(&ROTATION);
    assert_eq!(simulation.contents().issuer().unwrap().validity().state(simulation.now), ValidityState::Valid);

    let mut simulation = Simulation::installed();
    simulation.age(100);
    simulation.assert_steps(&["renew"]);
    simulation.now -= Duration::days(2);
    simulation.assert_steps(&["renew"]);
    assert_eq!(simulation.leaf().validity().state(simulation.now), ValidityState::Valid);
}

#[test]
fn believes_no_mark_of_the_future_or_of_another_clock() {
    let ahead = |simulation: &Simulation, by: &str| {
        Some(ClockReading { at: simulation.now + Duration::days(90), by: by.to_owned() })
    };
    let behind = |simulation: &Simulation, by: &str| {
        Some(ClockReading { at: simulation.now - Duration::days(90), by: by.to_owned() })
    };
    let mut simulation = Simulation::installed();
    simulation.age(300);
    while simulation.step() != Some("publish") {}
    for reading in [ahead(&simulation, "quorate-a"), ahead(&simulation, "quorate-b"), behind(&simulation, "quorate-b")]
    {
        simulation.edit(|contents| contents.published = reading);
        assert_eq!(simulation.next(), RotationStep::Write(SecretChange::Confirm));
    }
    while simulation.step() != Some("switch") {}
    for reading in
        [ahead(&simulation, "quorate-a"), ahead(&simulation, "quorate-b"), behind(&simulation, "quorate-b"), None]
    {
        simulation.edit(|contents| contents.switched = reading);
        assert_eq!(simulation.next(), RotationStep::Write(SecretChange::NoteSwitch));
    }
}

#[test]
fn never_writes_a_secret_that_is_not_ours() {
    let own = Simulation::installed().contents().to_data();
    let other = BTreeMap::from([(OWN_LABEL.0.to_owned(), "cert-manager".to_owned())]);
    for labels in [BTreeMap::new(), other] {
        for data in [BTreeMap::new(), own.clone()] {
            let mut simulation = Simulation::empty();
            simulation.observed.secret = SecretState::read(&labels, &data);
            assert_eq!(simulation.next(), RotationStep::Refuse);
            assert!(simulation.observed.secret.serving().is_none());
        }
    }
}

#[test]
fn mends_what_is_damaged_without_a_gap() {
    let other_ca = || {
        let authority = Authority::issue(Validity::starting(START, Duration::days(365))).unwrap();
        let Issued { certificate, key } = authority
            .leaf(&["quorate.quorate-system.svc".to_owned()], Validity::starting(START, Duration::DAY))
            .unwrap();
        (authority, certificate, key)
    };
    let (authority, certificate, key) = other_ca();
    let cases: [(&str, Option<&str>, Vec<&str>); 10] = [
        (LEAF, None, vec!["renew"]),
        (LEAF, Some("junk"), vec!["renew"]),
        (LEAF_KEY, Some("junk"), vec!["renew"]),
        (LEAF_KEY, Some(&key), vec!["renew"]),
        (LEAF, Some(&certificate), vec!["renew"]),
        (STATE, Some("{"), vec!["repair"]),
        (INCOMING_KEY, Some("junk"), vec!["repair"]),
        (ISSUER_KEY, None, ROTATION.to_vec()),
        (ISSUER_KEY, Some(authority.key()), ROTATION.to_vec()),
        (TRUSTED, Some("junk"), ROTATION.to_vec()),
    ];
    for (part, content, steps) in cases {
        let mut simulation = Simulation::installed();
        let old = simulation.issuer();
        simulation.edit_data(|data| {
            match content {
                Some(text) => data.insert(part.to_owned(), text.as_bytes().to_vec()),
                None => data.remove(part),
            };
        });
        if steps.len() > 1 {
            simulation.step();
            let trusted: Vec<_> = simulation.contents().trusted().iter().map(|anchor| anchor.id().clone()).collect();
            assert!(trusted.contains(&old), "{part}: what is served is trusted");
            assert_eq!(simulation.leaf().issuer(), Some(&old), "{part}");
            simulation.assert_steps(&steps[1..]);
        } else {
            simulation.assert_steps(&steps);
        }
        assert_eq!(simulation.contents().damage(), [], "{part}");
    }
}

#[test]
fn says_what_is_damaged_and_never_shows_a_key() {
    let mut simulation = Simulation::installed();
    simulation.edit_data(|data| {
        for key in [TRUSTED, ISSUER_KEY, LEAF, STATE] {
            data.insert(key.to_owned(), b"junk".to_vec());
        }
    });
    let said: Vec<String> = simulation.contents().damage().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "`ca.crt` holds something that is no certificate",
            "`ca.key` holds no key of a certificate in `ca.crt`",
            "tls.crt: no certificate in it",
            "`state` cannot be read: expected value at line 1 column 1",
        ]
    );
    assert!(!format!("{:?}", Simulation::installed().observed).contains("PRIVATE KEY"));
}

#[test]
fn a_lost_secret_costs_no_call_while_replicas_still_serve_from_memory() {
    let mut simulation = Simulation::installed();
    let old = simulation.issuer();
    simulation.observed.secret = SecretState::Absent;
    assert_eq!(simulation.step(), Some("prepare"));
    assert!(simulation.observed.secret.serving().is_none());
    assert_eq!(simulation.contents().trusted().len(), 2);
    simulation.assert_steps(&["publish", "confirm", "propagation", "switch", "retiring", "drop", "publish"]);
    assert_ne!(simulation.issuer(), old);
}

#[test]
fn a_lost_secret_is_made_anew_at_once_where_nobody_serves() {
    let mut simulation = Simulation::installed();
    simulation.observed.secret = SecretState::Absent;
    simulation.observed.served = Some(BTreeSet::new());
    simulation.assert_steps(&["issue all", "publish"]);
}

#[test]
fn takes_over_from_another_issuer_by_the_same_way() {
    let other = Authority::issue(Validity::starting(START, Duration::days(365))).unwrap();
    let mut simulation = Simulation::empty();
    simulation.observed.bundles = vec![CaBundle::from_pem(other.anchor().to_pem().as_bytes()); 2];
    simulation.assert_steps(&ROTATION);
    assert_eq!(simulation.contents().trusted().len(), 1);
}

#[test]
fn issues_a_leaf_for_the_names_that_are_wanted_now_also_within_a_rotation() {
    let mut simulation = Simulation::installed();
    simulation.plan.names.push("quorate.quorate-system.svc.cluster.local".to_owned());
    simulation.assert_steps(&["renew"]);
    assert!(simulation.leaf().covers(&simulation.plan.names));
    simulation.plan.names.pop();
    simulation.assert_steps(&[]);

    simulation.age(300);
    while simulation.step() != Some("confirm") {}
    simulation.plan.names = vec!["other.quorate-system.svc".to_owned()];
    assert_eq!(simulation.step(), Some("renew"));
    simulation.assert_steps(&ROTATION[3..]);
    assert!(simulation.leaf().covers(&simulation.plan.names));
}

#[test]
fn puts_back_a_bundle_that_somebody_changed() {
    let mut simulation = Simulation::installed();
    let own = simulation.contents().bundle();
    let other = Authority::issue(Validity::starting(START, Duration::days(365))).unwrap();
    let more = format!("{own}{}", bundle([other.anchor()]));
    for found in ["", "junk", &more, &format!("{own}-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n")] {
        simulation.observed.bundles[1] = CaBundle::from_pem(found.as_bytes());
        assert_eq!(simulation.next(), RotationStep::Publish { bundle: own.clone() });
    }
    simulation.observed.bundles[1] = CaBundle::from_pem(format!("\n{own}{own}\n").as_bytes());
    simulation.assert_steps(&[]);
}

#[test]
fn waits_again_when_a_bundle_lost_the_incoming_ca_meanwhile() {
    let mut simulation = Simulation::installed();
    simulation.age(300);
    let before = simulation.contents().bundle();
    while simulation.step() != Some("propagation") {}
    simulation.observed.bundles[0] = CaBundle::from_pem(before.as_bytes());
    simulation.assert_steps(&[&["withdraw"], &ROTATION[1..]].concat());
}

#[test]
fn rotates_where_no_webhook_is_registered_yet() {
    let mut simulation = Simulation::empty();
    simulation.observed.bundles.clear();
    simulation.assert_steps(&["issue all"]);
    simulation.age(300);
    simulation.assert_steps(&[&["renew"], &ROTATION[..1], &ROTATION[2..7]].concat());
}
