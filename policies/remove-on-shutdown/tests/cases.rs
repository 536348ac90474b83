//! Every case, natively. The built component runs the same ones in the workspace's tests.

use remove_on_shutdown::RemoveOnShutdown;

#[test]
fn every_case_has_its_verdict() {
    quorate_cases::run::<RemoveOnShutdown>(env!("CARGO_MANIFEST_DIR"));
}
