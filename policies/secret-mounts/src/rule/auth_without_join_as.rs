//! Refuses authentication without a user as which nodes may join. Does not know whether that user exists or what it may do.

use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::cluster::Node;
use rqlite::role::Role;

use crate::flag_state::gives_any;
use crate::rule_input::RuleInput;

/// ## What it refuses
/// A launch with `-auth` and without `-join-as`. Where annotations or settings ask for users alone, none are added
/// (`secret-mounts/not-mounted`).
///
/// ## Why
/// With `-auth` a node refuses joins without credentials, and nodes join each other with those of the user in `-join-as`
/// (rqlite/rqlite `cmd/rqlited/flags.go`, rqlite.io/docs/guides/security). A new cluster never forms without it; one that has
/// formed already restarts well and fails later, at the first scale-up (measured on rqlited 10.2.7).
///
/// ## Example
/// ```yaml
/// args: ["-auth=/auth/users.json", "-disco-mode=dns", "-bootstrap-expect=3"]
/// ```
///
/// ## Instead
/// Give nodes a user of that file with the permission `join` (and `remove`, if they remove themselves at shutdown):
/// ```yaml
/// metadata:
///   annotations:
///     quorate.dev/auth-secret: rqlite-users
///     quorate.dev/join-as: node
/// ```
///
/// Where the users' file lets everybody join (the user `*` with the permission `join`), say so: `quorate.dev/join-as: "*"`.
///
/// ## When the value is unknown
/// Read-only nodes are warned of: `*` may have the permission `join-read-only`, which the file alone tells.
/// Where `-auth` or `-join-as` comes from a ConfigMap or another reference, it counts as given. A launch that cannot be read is
/// not judged by this rule.
pub const RULE: Rule = Rule::new(
    "auth-without-join-as",
    "`-auth` without `-join-as`: nodes cannot join each other",
    Severity::High,
    Judges::Object,
);

pub fn evaluate(input: &RuleInput) -> Vec<Finding> {
    if input.asked.lets_everybody_join() {
        return Vec::new();
    }
    let nodes = input.set.nodes.iter();
    nodes.filter(|node| gives_any(node, "auth") && !gives_any(node, "join-as")).map(found).collect()
}

fn found(node: &Node) -> Finding {
    let finding = match node.role {
        Role::Voter => denied(node),
        Role::ReadOnly => RULE
            .warn("`-auth` without `-join-as`: read-only nodes join only if `*` has the permission `join-read-only`")
            .remedy("if so, say it with annotation `quorate.dev/join-as: \"*\"`, else name a user with that permission in it"),
    };
    finding.field(node.path("auth"))
}

fn denied(node: &Node) -> Finding {
    RULE.deny("`-auth` is given without `-join-as`, so nodes cannot join each other")
        .field(node.path("auth"))
        .remedy(
            "name a user with permission `join` in `-join-as` or annotation `quorate.dev/join-as`, or `*` in the annotation where everybody has it",
        )
        .defect(&node.container.name)
}
