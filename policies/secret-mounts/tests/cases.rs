//! Runs every folder of `cases/` natively, against its exact verdict.

#[test]
fn every_case_has_its_verdict() {
    quorate_cases::run::<secret_mounts::SecretMounts>(env!("CARGO_MANIFEST_DIR"));
}
