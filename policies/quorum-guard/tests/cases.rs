//! Every case of quorum-guard, natively. The built component runs the same ones in the workspace's tests.

#[test]
fn every_case_is_decided_as_its_expectation_says() {
    quorate_cases::run::<quorum_guard::QuorumGuard>(env!("CARGO_MANIFEST_DIR"));
}
