//! Rotation in a model of a cluster: whatever crashes, hangs, lags or has a wrong clock, no handshake fails.
//! The decisions themselves are tested beside them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot be set up fails")]

mod model;
mod random;
mod verify;

use model::{Chaos, Cluster};
use proptest::prelude::*;
use quorate_certs::rotation::{CaBundle, Lifetimes, Observation, RotationPlan, SecretChange, SecretState};
use quorate_certs::{Authority, Validity};
use time::{Duration, OffsetDateTime};

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn no_handshake_fails_through_many_rotations(seed: u64) {
        let mut cluster = Cluster::installed(seed, Chaos { restarts: true, lost_secrets: false });
        let rotations = cluster.run(20_000);
        prop_assert!(rotations >= 4, "{rotations} rotations");
    }

    #[test]
    fn no_handshake_fails_when_the_secret_is_lost_again_and_again(seed: u64) {
        let mut cluster = Cluster::installed(seed, Chaos { restarts: false, lost_secrets: true });
        let rotations = cluster.run(10_000);
        prop_assert!(rotations >= 3, "{rotations} rotations");
    }
}

/// With the verifier that TLS clients use, not only by what certificates say of themselves.
#[test]
fn a_leaf_is_verified_by_its_own_ca_alone_and_within_its_time() {
    let now = OffsetDateTime::from_unix_timestamp(1_767_225_600).unwrap();
    let observed = Observation { secret: SecretState::Absent, bundles: Vec::new(), served: None };
    let names = ["quorate.quorate-system.svc".to_owned(), "10.0.0.7".to_owned(), "fd00::7".to_owned()];
    let plan = RotationPlan { names: names.to_vec(), lifetimes: Lifetimes::default(), leader: "quorate-a".to_owned() };
    let contents = SecretChange::IssueAll.carry_out(now, &observed, &plan).unwrap();
    let leaf = contents.serving().unwrap();
    let other = Authority::issue(Validity::starting(now, Duration::days(365))).unwrap().anchor().to_pem();
    let both = format!("{other}{}", contents.bundle());
    for name in &names {
        for bundle in [&contents.bundle(), &both] {
            assert_eq!(verify::handshake(leaf.der(), bundle, name, now), Ok(()));
        }
    }
    assert!(verify::handshake(leaf.der(), &contents.bundle(), "other.quorate-system.svc", now).is_err());
    assert!(verify::handshake(leaf.der(), &other, &names[0], now).is_err());
    for moment in [now - Duration::HOUR * 2, now + Duration::days(91)] {
        assert!(verify::handshake(leaf.der(), &both, &names[0], moment).is_err());
    }

    let observed = Observation {
        secret: SecretState::Ours(Box::new(contents.clone())),
        bundles: vec![CaBundle::from_pem(contents.bundle().as_bytes())],
        served: None,
    };
    let prepared = SecretChange::Prepare.carry_out(now, &observed, &plan).unwrap();
    let observed = Observation { secret: SecretState::Ours(Box::new(prepared.clone())), ..observed };
    let switched = SecretChange::Switch.carry_out(now, &observed, &plan).unwrap();
    for leaf in [leaf, switched.serving().unwrap()] {
        assert_eq!(verify::handshake(leaf.der(), &prepared.bundle(), &names[0], now), Ok(()));
    }
    assert!(verify::handshake(switched.serving().unwrap().der(), &contents.bundle(), &names[0], now).is_err());
}
