//! Warns that probes without credentials need a permission for everybody. Does not know the users' file.

use kubernetes::manifest::Probe;
use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::cluster::Node;

use super::not_mounted::listed;
use crate::flag_state::gives_any;
use crate::rule_input::RuleInput;

/// ## What it says
/// With `-auth`, a probe by HTTP that carries no `Authorization` header (or an empty one) is answered 401, unless the user `*`
/// has the permission `ready`. Said at the creation and with every change of the pod template.
///
/// ## Why
/// `/readyz` asks for the permission `ready` (rqlite/rqlite `http/service.go`). At 401 a pod is never ready, and a liveness
/// probe kills it again and again (measured on rqlited 10.2.7).
///
/// ## Example
/// ```yaml
/// args: ["-auth=/auth/users.json", "-join-as=node"]
/// readinessProbe: {httpGet: {path: /readyz, port: 4001}}
/// ```
///
/// ## Instead
/// Let everybody ask whether a node is ready, by this entry in the users' file:
/// ```json
/// {"username": "*", "perms": ["ready"]}
/// ```
///
/// ## When the value is unknown
/// An `-auth` that comes from a reference counts as given. Quorate never reads the users' file, so this is a warning.
pub const RULE: Rule = Rule::new(
    "probe-without-credentials",
    "with `-auth`, probes without credentials need the permission `ready` for the user `*`",
    Severity::Medium,
    Judges::Object,
);

pub fn evaluate(input: &RuleInput) -> Vec<Finding> {
    if !input.start_window.template_changes {
        return Vec::new();
    }
    input.set.nodes.iter().filter(|node| gives_any(node, "auth")).filter_map(warned).collect()
}

fn warned(node: &Node) -> Option<Finding> {
    let container = &node.container;
    let probes = [
        ("readinessProbe", &container.readiness_probe),
        ("livenessProbe", &container.liveness_probe),
        ("startupProbe", &container.startup_probe),
    ];
    let bare: Vec<&str> = probes.iter().filter(|(_, probe)| is_bare(probe.as_ref())).map(|(name, _)| *name).collect();
    if bare.is_empty() {
        return None;
    }
    let verb = if bare.len() == 1 { "is" } else { "are" };
    let finding = RULE
        .warn(format!("{} {verb} sent without credentials, so `-auth` needs user `*` to have `ready`", listed(&bare)))
        .field(node.path("auth"))
        .remedy(
            r#"add {"username": "*", "perms": ["ready"]} to the users' file, or an Authorization header to the probes"#,
        );
    Some(finding)
}

fn is_bare(probe: Option<&Probe>) -> bool {
    let Some(get) = probe.and_then(|probe| probe.http_get.as_ref()) else { return false };
    let names_user = |name: &str, value: &str| name.eq_ignore_ascii_case("authorization") && !value.trim().is_empty();
    !get.http_headers.iter().any(|header| names_user(&header.name, &header.value))
}
