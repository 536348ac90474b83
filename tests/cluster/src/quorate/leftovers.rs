//! What is left of an installation that was taken out: looked for in every kind that the API server lists.

use crate::control_plane::ControlPlane;
use crate::wait::eventually;

/// Events of what has gone stay for an hour; the namespace is its owner's to delete.
const STAYS: [&str; 3] = ["event/", "event.events.k8s.io/", "namespace/"];

/// Waits until no object is called after Quorate any more, whoever made it.
#[track_caller]
pub fn await_nothing_left(plane: &ControlPlane) {
    let kinds = plane.kubectl().line("api-resources --verbs=list --output=name").ok().stdout;
    let kinds = kinds.split_whitespace().collect::<Vec<_>>().join(",");
    eventually("nothing to be left", || {
        let all = plane.kubectl().run(["get", &kinds, "--all-namespaces", "--output=name"]);
        let is_left = |line: &&str| line.contains("quorate") && !STAYS.iter().any(|kind| line.starts_with(kind));
        let left: Vec<&str> = all.stdout.lines().filter(is_left).collect();
        if left.is_empty() && all.succeeded() { Ok(()) } else { Err(format!("{left:?} {}", all.stderr)) }
    });
}
