//! Refuses a flag of the user's that says something else than what is asked for. One of the two is meant; which, is not known.

use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};

use crate::credential_request::{CredentialRequest, WantedValue};
use crate::flag_state::{FlagState, FoundFlag};
use crate::rule_input::RuleInput;

/// ## What it refuses
/// A flag in the launch that is also asked for by an annotation or a setting, and that does not name that key of that Secret
/// under a mount (or, for `-join-as` and `-node-verify-server-name`, is not the same text).
///
/// ## Why
/// The last of two equal flags wins in rqlited (Go's `flag` package), so one of the two would silently have no effect: the wrong
/// users, or the wrong certificate. A flag that names the very same key of the same Secret is kept as it is.
///
/// ## Example
/// ```yaml
/// metadata:
///   annotations:
///     quorate.dev/auth-secret: rqlite-users
/// spec: # ...
///   args: ["-auth=/config/other.json"]
/// ```
///
/// ## Instead
/// Remove the flag and its mount, and Quorate adds its own; or remove the annotation:
/// ```text
/// kubectl annotate statefulset rqlite quorate.dev/auth-secret-
/// ```
///
/// ## When the value is unknown
/// A flag whose value comes from a reference cannot be seen to name that Secret, and is refused.
pub const RULE: Rule = Rule::new(
    "conflicting-flag",
    "a flag in the launch says something else than what is asked for",
    Severity::Medium,
    Judges::Object,
);

pub fn evaluate(input: &RuleInput) -> Vec<Finding> {
    let mut findings = Vec::new();
    for request in &input.asked.requests {
        for (node, flag, state) in input.flag_states(request) {
            let FlagState::Otherwise(found) = state else { continue };
            let finding = RULE
                .deny(message(request, flag, &found))
                .field(node.place.path(found.place))
                .remedy(format!(
                    "remove `-{flag}` from the launch, or remove the {}",
                    request.origin.words(request.topic)
                ))
                .defect(format!("{} {flag}", node.container.name));
            findings.push(finding);
        }
    }
    findings
}

fn message(request: &CredentialRequest, flag: &str, found: &FoundFlag) -> String {
    let asks = request.origin.words(request.topic);
    let wanted = request.flags.iter().find(|wanted| wanted.flag == flag).map(|wanted| &wanted.value);
    match wanted {
        Some(wanted @ WantedValue::File { .. }) => {
            format!("`{}` {}, and {asks} asks for {wanted}", found.flag, found.what)
        }
        Some(WantedValue::Text(text)) => format!("`{}` {}, and {asks} asks for `{text}`", found.flag, found.what),
        None => format!("`{}` {}, and {asks} asks for another", found.flag, found.what),
    }
}
