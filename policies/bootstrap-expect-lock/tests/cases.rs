//! Every case, natively. The built component runs the same ones in the workspace's tests.

use bootstrap_expect_lock::BootstrapExpectLock;

#[test]
fn every_case_has_its_verdict() {
    quorate_cases::run::<BootstrapExpectLock>(env!("CARGO_MANIFEST_DIR"));
}
