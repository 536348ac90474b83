//! Every case, natively. The built component runs the same ones in the workspace's tests.

#[test]
fn every_case_has_its_verdict() {
    quorate_cases::run::<secret_mounts::SecretMounts>(env!("CARGO_MANIFEST_DIR"));
}
