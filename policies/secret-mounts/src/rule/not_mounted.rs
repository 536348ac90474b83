//! Refuses a result in which something asked for is missing. Does not put it there: that is the mutating phase's.

use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::launch::NoInsertion;

use crate::credential_kind::{CredentialKind, CredentialSource};
use crate::credential_request::{CredentialRequest, InvalidRequest, WantedValue};
use crate::flag_state::FlagState;
use crate::node_tls_steps;
use crate::obstacle::MountObstacle;
use crate::rule_input::RuleInput;
use crate::start_window::{Due, NotNow};
use crate::words::short;

/// ## What it refuses
/// An annotation or a setting asks for a Secret (or a user, or a server name), it is due, and the launch that came out
/// does not give it to rqlited: the launch can take no flag, the release has no such flag, a name or path is occupied, users are
/// asked for without one to join as, the annotation names nothing, rqlited refuses the launch as it is, an image of one's own has neither
/// command nor args (a flag would take the place of its CMD), or Quorate's mutating webhook was not reached. It is a warning for node TLS that may not start
/// now, and as long as the pod template does not change: before that nothing is due.
///
/// ## Why
/// A set that is believed to ask for passwords, to speak TLS or to be backed up, and does none of it, is worse than a refused
/// update. Node TLS has no mixed mode: the first node that restarts with it is cut off, so it starts only at the creation, at
/// zero replicas or with one voter (measured on rqlited 10.2.7; rqlite.io/docs/guides/security).
///
/// ## Example
/// ```yaml
/// metadata:
///   annotations:
///     quorate.dev/auth-secret: rqlite-users
/// spec: # ...
///   command: ["sh", "-c", "exec rqlited -node-id=$(hostname) /rqlite/file/data"]
/// ```
///
/// ## Instead
/// Let the script pass its arguments on, so that a flag can be added:
/// ```yaml
/// command: ["sh", "-c", "exec docker-entrypoint.sh \"$@\"", "rqlite"]
/// args: ["-bootstrap-expect=3"]
/// ```
///
/// ## When the value is unknown
/// A launch that cannot be read gives nothing, as far as can be seen, so what is asked for is missing. An unknown release is
/// taken to have every flag.
pub const RULE: Rule = Rule::new(
    "not-mounted",
    "a Secret that an annotation or a setting asks for is not in the launch that came out",
    Severity::Medium,
    Judges::Object,
);

pub fn evaluate(input: &RuleInput) -> Vec<Finding> {
    let mut findings: Vec<Finding> = input.asked.invalid.iter().map(invalid).collect();
    let missing = missing(input);
    if missing.is_empty() {
        return findings;
    }
    let obstacles = input.obstacles();
    let mut waiting = Vec::new();
    for (request, flags) in missing {
        let obstacle = obstacles.iter().find(|(topic, _)| *topic == request.topic).map(|(_, obstacle)| obstacle);
        match (input.start_window.due(request.topic.start), obstacle) {
            (Due::NotNow(reason), _) => waiting.push((request, flags, reason)),
            (Due::Now, obstacle) => findings.push(denied(request, &flags, obstacle)),
            (Due::WithTemplate, Some(obstacle)) => findings.push(refused_later(request, &flags, obstacle)),
            (Due::WithTemplate, None) => {}
        }
    }
    findings.extend(not_now(input, &waiting));
    findings
}

/// What the launch does not give, where no flag of the user's contradicts the request.
pub(super) fn missing<'a>(input: &'a RuleInput) -> Vec<(&'a CredentialRequest, Vec<&'static str>)> {
    let mut all = Vec::new();
    for request in &input.asked.requests {
        let states = input.flag_states(request);
        if states.iter().any(|(_, _, state)| matches!(state, FlagState::Otherwise(_))) {
            continue;
        }
        let absent = |state: &FlagState| matches!(state, FlagState::Missing | FlagState::Outdated);
        let mut flags: Vec<&'static str> =
            states.iter().filter(|(_, _, state)| absent(state)).map(|(_, flag, _)| *flag).collect();
        flags.dedup();
        if !flags.is_empty() {
            all.push((request, flags));
        }
    }
    all
}

fn invalid(invalid: &InvalidRequest) -> Finding {
    let InvalidRequest { topic, origin, .. } = invalid;
    RULE.deny(format!("{}: {invalid}", origin.words(topic)))
        .field(origin.field(topic))
        .remedy(format!("write {}", usage(topic)))
        .defect(format!("{} text", topic.key))
}

fn usage(topic: &CredentialKind) -> &'static str {
    match &topic.source {
        CredentialSource::Files(files) if files.names_key => "NAME or NAME/KEY of a Secret of this namespace",
        CredentialSource::Files(_) => "NAME of a Secret of this namespace",
        CredentialSource::Text { flag: "join-as" } => {
            "the name of one of rqlite's users, or `*` where everybody may join"
        }
        CredentialSource::Text { .. } => "a host name of the nodes' certificates",
    }
}

fn denied(request: &CredentialRequest, flags: &[&str], obstacle: Option<&MountObstacle>) -> Finding {
    let reason = obstacle.map(|obstacle| format!(": {obstacle}")).unwrap_or_default();
    let verb = if flags.len() == 1 { "does" } else { "do" };
    let asker = request.origin.words(request.topic);
    RULE.deny(format!("{} {verb} not give {}, asked for by {asker}{reason}", dashed(flags), what(request, flags)))
        .defect(request.topic.key)
        .field(request.origin.field(request.topic))
        .remedy(remedy(obstacle, request))
}

/// Nothing is due as long as the template stays, so nothing is missing yet.
fn refused_later(request: &CredentialRequest, flags: &[&str], obstacle: &MountObstacle) -> Finding {
    let asker = request.origin.words(request.topic);
    let message = format!(
        "{} cannot come with the next change of the pod template, though asked for by {asker}: {obstacle}",
        dashed(flags)
    );
    RULE.warn(message).field(request.origin.field(request.topic)).remedy(remedy(Some(obstacle), request))
}

fn remedy(obstacle: Option<&MountObstacle>, request: &CredentialRequest) -> String {
    let asker = request.origin.words(request.topic);
    match obstacle {
        Some(MountObstacle::NoFlag { .. }) => format!("use a release that has it, or remove the {asker}"),
        Some(MountObstacle::Taken(_) | MountObstacle::Template(_)) => {
            format!("rename or remove what is there, or remove the {asker}")
        }
        Some(MountObstacle::Refused(_) | MountObstacle::WouldRefuse(_)) => {
            format!("correct the launch, or remove the {asker}")
        }
        Some(MountObstacle::Launch { reason, start }) => of_launch(*reason, *start, request),
        Some(MountObstacle::Containers(_)) => yourself(request),
        Some(MountObstacle::NoUser) => format!(
            "name a user of that file with permission `join` in annotation `quorate.dev/join-as`, or `*` where everybody has it, or remove the {asker}"
        ),
        None => "see that Quorate's mutating webhook is reached, and that no later one undoes it".to_owned(),
    }
}

/// Flags of one's own help only where they are seen.
fn of_launch(reason: NoInsertion, start: Option<&'static str>, request: &CredentialRequest) -> String {
    let step = match reason {
        NoInsertion::ForeignDefaults | NoInsertion::EmptyEntrypoint => "pass rqlited's flags as args",
        NoInsertion::DroppedArguments => "leave out the first argument, or what follows it",
        NoInsertion::ScriptText
        | NoInsertion::UnreadScript
        | NoInsertion::NoExec
        | NoInsertion::Unreadable
        | NoInsertion::Refused
        | NoInsertion::ForeignEntrypoint => match start {
            Some(start) => start,
            None => return yourself(request),
        },
    };
    format!("{step}, or remove the {}", request.origin.words(request.topic))
}

fn yourself(request: &CredentialRequest) -> String {
    let asker = request.origin.words(request.topic);
    match request.topic.source {
        CredentialSource::Files(_) => {
            format!("mount the Secret and pass its flags in the launch yourself, or remove the {asker}")
        }
        CredentialSource::Text { flag } => format!("pass `-{flag}` in the launch yourself, or remove the {asker}"),
    }
}

/// One warning for all that node TLS consists of.
fn not_now(input: &RuleInput, waiting: &[(&CredentialRequest, Vec<&'static str>, NotNow)]) -> Option<Finding> {
    let (first, _, reason) = waiting.first()?;
    let flags: Vec<&str> = waiting.iter().flat_map(|(_, flags, _)| flags.iter().copied()).collect();
    let verb = if flags.len() == 1 { "does" } else { "do" };
    let finding = RULE
        .warn(format!("{} {verb} not start now: {reason}, {NO_MIXED_MODE}", dashed(&flags)))
        .field(first.origin.field(first.topic))
        .remedy(node_tls_steps::of(input, *reason));
    Some(finding)
}

pub(super) const NO_MIXED_MODE: &str = "and nodes with and without node TLS cannot talk";

/// What the missing flags should give: a key of a Secret, the Secret of several keys, or a text.
fn what(request: &CredentialRequest, flags: &[&str]) -> String {
    let wanted = request.flags.iter().filter(|wanted| flags.contains(&wanted.flag)).map(|wanted| &wanted.value);
    match wanted.collect::<Vec<_>>().as_slice() {
        [WantedValue::File { secret, .. }, _, ..] => format!("Secret {}", short(secret)),
        [one, ..] => one.to_string(),
        [] => String::new(),
    }
}

/// `-node-cert`, `-node-key` and `-node-ca-cert`, in backticks.
pub(super) fn dashed(flags: &[&str]) -> String {
    let flags: Vec<String> = flags.iter().map(|flag| format!("`-{flag}`")).collect();
    listed(&flags)
}

/// a, b and c.
pub(super) fn listed(names: &[impl AsRef<str>]) -> String {
    let mut text = String::new();
    for (position, name) in names.iter().enumerate() {
        let separator = match names.len() - position {
            _ if position == 0 => "",
            1 => " and ",
            _ => ", ",
        };
        text.push_str(separator);
        text.push_str(name.as_ref());
    }
    text
}
