//! Refuses a result in which something asked for is missing. Does not put it there: that is the mutating phase's.

use quorate_sdk::{Finding, Rule};
use rqlite::launch::NoInsertion;

use crate::ask::{Ask, Invalid, WantedValue};
use crate::moment::{Due, NotNow};
use crate::obstacle::Obstacle;
use crate::situation::Situation;
use crate::standing::Standing;
use crate::topic::{Brings, Topic};
use crate::way;
use crate::words::short;

/// ## What it refuses
/// An annotation or a setting asks for a Secret (or a user, or a server name), its time has come, and the launch that came out
/// does not give it to rqlited: the launch can take no flag, the release has no such flag, a name or path is occupied, users are
/// asked for without one to join as, the annotation names nothing, rqlited refuses the launch as it is, an image of one's own has neither
/// command nor args (a flag would take the place of its CMD), or Quorate's mutating webhook was not reached. For node TLS that may not start now it is a warning, and
/// so it is while the pod template does not change: what is asked for is not due before.
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
pub const RULE: Rule = Rule {
    id: "not-mounted",
    summary: "a Secret that an annotation or a setting asks for is not in the launch that came out",
};

pub fn judge(situation: &Situation) -> Vec<Finding> {
    let mut findings: Vec<Finding> = situation.asked.invalid.iter().map(invalid).collect();
    let missing = missing(situation);
    if missing.is_empty() {
        return findings;
    }
    let obstacles = situation.obstacles();
    let mut waiting = Vec::new();
    for (ask, flags) in missing {
        let obstacle = obstacles.iter().find(|(topic, _)| *topic == ask.topic).map(|(_, obstacle)| obstacle);
        match (situation.moment.due(ask.topic.start), obstacle) {
            (Due::NotNow(reason), _) => waiting.push((ask, flags, reason)),
            (Due::Now, obstacle) => findings.push(denied(ask, &flags, obstacle)),
            (Due::WithTemplate, Some(obstacle)) => findings.push(refused_later(ask, &flags, obstacle)),
            (Due::WithTemplate, None) => {}
        }
    }
    findings.extend(not_now(situation, &waiting));
    findings
}

/// What the launch does not give, where no flag of the user's contradicts the ask.
pub(super) fn missing<'a>(situation: &'a Situation) -> Vec<(&'a Ask, Vec<&'static str>)> {
    let mut all = Vec::new();
    for ask in &situation.asked.asks {
        let standings = situation.standings(ask);
        if standings.iter().any(|(_, _, standing)| matches!(standing, Standing::Otherwise(_))) {
            continue;
        }
        let absent = |standing: &Standing| matches!(standing, Standing::Missing | Standing::Outdated);
        let mut flags: Vec<&'static str> =
            standings.iter().filter(|(_, _, standing)| absent(standing)).map(|(_, flag, _)| *flag).collect();
        flags.dedup();
        if !flags.is_empty() {
            all.push((ask, flags));
        }
    }
    all
}

fn invalid(invalid: &Invalid) -> Finding {
    let Invalid { topic, origin, .. } = invalid;
    RULE.deny(format!("{}: {invalid}", origin.words(topic)))
        .field(origin.field(topic))
        .remedy(format!("write {}", usage(topic)))
        .defect(format!("{} text", topic.key))
}

fn usage(topic: &Topic) -> &'static str {
    match &topic.brings {
        Brings::Files(files) if files.names_key => "NAME or NAME/KEY of a Secret of this namespace",
        Brings::Files(_) => "NAME of a Secret of this namespace",
        Brings::Text { flag: "join-as" } => "the name of one of rqlite's users, or `*` where everybody may join",
        Brings::Text { .. } => "a host name of the nodes' certificates",
    }
}

fn denied(ask: &Ask, flags: &[&str], obstacle: Option<&Obstacle>) -> Finding {
    let reason = obstacle.map(|obstacle| format!(": {obstacle}")).unwrap_or_default();
    let verb = if flags.len() == 1 { "does" } else { "do" };
    let asker = ask.origin.words(ask.topic);
    RULE.deny(format!("{} {verb} not give {}, asked for by {asker}{reason}", dashed(flags), what(ask, flags)))
        .defect(ask.topic.key)
        .field(ask.origin.field(ask.topic))
        .remedy(remedy(obstacle, ask))
}

/// Nothing is due as long as the template stays, so nothing is missing yet.
fn refused_later(ask: &Ask, flags: &[&str], obstacle: &Obstacle) -> Finding {
    let asker = ask.origin.words(ask.topic);
    let message = format!(
        "{} cannot come with the next change of the pod template, though asked for by {asker}: {obstacle}",
        dashed(flags)
    );
    RULE.warn(message).field(ask.origin.field(ask.topic)).remedy(remedy(Some(obstacle), ask))
}

fn remedy(obstacle: Option<&Obstacle>, ask: &Ask) -> String {
    let asker = ask.origin.words(ask.topic);
    match obstacle {
        Some(Obstacle::NoFlag { .. }) => format!("use a release that has it, or remove the {asker}"),
        Some(Obstacle::Taken(_) | Obstacle::Template(_)) => {
            format!("rename or remove what is there, or remove the {asker}")
        }
        Some(Obstacle::Refused(_) | Obstacle::WouldRefuse(_)) => format!("correct the launch, or remove the {asker}"),
        Some(Obstacle::Launch { reason, start }) => of_launch(*reason, *start, ask),
        Some(Obstacle::Containers(_)) => yourself(ask),
        Some(Obstacle::NoUser) => format!(
            "name a user of that file with permission `join` in annotation `quorate.dev/join-as`, or `*` where everybody has it, or remove the {asker}"
        ),
        None => "see that Quorate's mutating webhook is reached, and that no later one undoes it".to_owned(),
    }
}

/// Flags of one's own help only where they are seen.
fn of_launch(reason: NoInsertion, start: Option<&'static str>, ask: &Ask) -> String {
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
            None => return yourself(ask),
        },
    };
    format!("{step}, or remove the {}", ask.origin.words(ask.topic))
}

fn yourself(ask: &Ask) -> String {
    let asker = ask.origin.words(ask.topic);
    match ask.topic.brings {
        Brings::Files(_) => {
            format!("mount the Secret and pass its flags in the launch yourself, or remove the {asker}")
        }
        Brings::Text { flag } => format!("pass `-{flag}` in the launch yourself, or remove the {asker}"),
    }
}

/// One warning for all that node TLS consists of.
fn not_now(situation: &Situation, waiting: &[(&Ask, Vec<&'static str>, NotNow)]) -> Option<Finding> {
    let (first, _, reason) = waiting.first()?;
    let flags: Vec<&str> = waiting.iter().flat_map(|(_, flags, _)| flags.iter().copied()).collect();
    let verb = if flags.len() == 1 { "does" } else { "do" };
    let finding = RULE
        .warn(format!("{} {verb} not start now: {reason}, {NO_MIXED_MODE}", dashed(&flags)))
        .field(first.origin.field(first.topic))
        .remedy(way::of(situation, *reason));
    Some(finding)
}

pub(super) const NO_MIXED_MODE: &str = "and nodes with and without node TLS cannot talk";

/// What the missing flags should give: a key of a Secret, the Secret of several keys, or a text.
fn what(ask: &Ask, flags: &[&str]) -> String {
    let wanted = ask.flags.iter().filter(|wanted| flags.contains(&wanted.flag)).map(|wanted| &wanted.value);
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
