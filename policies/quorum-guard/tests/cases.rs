//! Every case of quorum-guard, natively. The built component runs the same folders in the crate `tests`.

#[test]
fn every_case_is_decided_as_its_expectation_says() {
    quorate_cases::run::<quorum_guard::QuorumGuard>(env!("CARGO_MANIFEST_DIR"));
}
