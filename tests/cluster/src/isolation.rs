//! A network of its own for a test: there, the addresses of Pods are local ones, and a server can listen on them.
//! Without it everything is on loopback, and the Pods' addresses are only text.
//!
//! Endpoints of a Service cannot have loopback addresses (the API server refuses them), so what looks at endpoints is shown here.

use std::process::{Command, ExitStatus};

/// Set in the process that runs inside.
const INSIDE: &str = "QUORATE_TEST_OWN_NETWORK";

/// The node agent's Pod addresses.
pub(crate) const PODS: &str = "10.244.0.0/16";
const IPV6_PODS: &str = "fd00:10:244::/64";

/// Whether this process was started by [`run`].
#[must_use]
pub fn is_own_network() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs one ignored test of this binary in a fresh network namespace, in which nothing but its own addresses can be reached.
/// Says loudly that it skips where none can be made (no `unshare`, no `ip`, or no right to).
#[track_caller]
pub fn run(test: &str) {
    if !available() {
        eprintln!(
            "SKIPPED {test}: no network namespace can be made here (needs `unshare` and `ip`, and root or user namespaces)"
        );
        return;
    }
    let status = again(&["--exact", test, "--ignored", "--nocapture"]);
    assert!(status.success(), "{test}, in a network of its own: {status}");
}

/// Runs this program once more, with these arguments, in a fresh network namespace.
#[must_use]
pub fn again(arguments: &[&str]) -> ExitStatus {
    let binary = std::env::current_exe().expect("the path of this program");
    let mut command = unshare();
    command.arg(binary).args(arguments).env(INSIDE, "1").status().expect("unshare")
}

/// Whether such a namespace can be made here.
#[must_use]
pub fn available() -> bool {
    let mut command = unshare();
    command.arg("true").output().is_ok_and(|output| output.status.success())
}

/// Runs the program that is added in a new network namespace.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    // Of IPv6 a route alone lets nobody listen at an address. Without IPv6 there is no such file, and no such route.
    let ipv6 = format!(
        "echo 1 2>/dev/null >/proc/sys/net/ipv6/ip_nonlocal_bind && ip -6 route add local {IPV6_PODS} dev lo || true"
    );
    let setup = format!("ip link set lo up; ip route add local {PODS} dev lo; {ipv6}; exec \"$@\"");
    command.args(["--net", "--map-root-user", "--", "sh", "-ec", &setup, "sh"]);
    command
}
