//! Refuses an update after which rqlited no longer gets `-bootstrap-expect`.
//! Not a change to 0: that is an edit, and `bootstrap_expect_changed` says so.

use kubernetes::manifest::Place;
use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::bootstrap::{Passed, Within, is_needed, names_flag, within};
use rqlite::discovery::Discovery;
use rqlite::flag::CommandLine;
use rqlite::launch::{NoInsertion, Shape};
use rqlite::value::{Value, clip};

use super::bootstrap_expect_changed::{stop, where_hidden};
use crate::edit::{ExpectEdit, SetUpdate};
use crate::expect_value::ExpectValue;
use crate::reading::ContainerReading;
use crate::remedy;

/// ## What it refuses
///
/// An update that takes `-bootstrap-expect` away from rqlited: the flag is deleted, or it still stands in the manifest
/// but no longer reaches rqlited. That is so behind `run` (the image's entrypoint drops all that follows), behind `--` or
/// a first positional argument (Go's `flag` stops there), in the slot behind a shell script that passes on `"$@"` only
/// (that slot is `$0`), where the image's entrypoint is called without arguments, and where no container runs rqlite any more.
///
/// Said as a warning: while no cluster can have formed, as no claim of the set is bound and no pod was ever ready; and where
/// rqlited refused the flag beside what stood there (consul-kv, etcd-kv, `-raft-non-voter`); and where a set with 0 replicas, before
/// and after, is turned into something else than rqlite.
///
/// ## Why
///
/// A voter with `-disco-mode=dns` or `dns-srv` and without the flag exits with code 1, and so does one whose `-join` list
/// has its own address (rqlite/rqlite `cmd/rqlited/flags.go`; measured on rqlited 10.2.7): the rollout stops at its first
/// pod with one voter less, and every pod that restarts for another reason stays down.
///
/// ## Example
///
/// ```yaml
/// containers:
/// - name: rqlite
///   image: rqlite/rqlite:9.1.3
///   # the entrypoint sees `run` and drops the rest
///   args: ["run", "-disco-mode=dns", "-bootstrap-expect=3"]
/// ```
///
/// ## Instead
///
/// Keep the flag, with the value of the creation, in front of any positional argument:
///
/// ```yaml
///   args: ["-disco-mode=dns", "-bootstrap-expect=3"]
/// ```
///
/// ## When the value is unknown
///
/// A reference that goes away is refused like a number, and so is an argument that may have held the flag (`$(EXTRA)`), unless it is
/// known that it did not. A script that cannot be read is itself the value: replacing it by
/// a launch without the flag is refused here.
pub(crate) const RULE: Rule = Rule::new(
    "bootstrap-expect-removed",
    "refuses an update after which rqlited no longer gets -bootstrap-expect",
    Severity::High,
    Judges::Change,
);

/// One container's loss. None where rqlited still gets a value, or never got one.
pub(crate) fn evaluate(edit: &ExpectEdit, update: &SetUpdate) -> Option<Finding> {
    let before = edit.before.as_ref()?;
    if edit.changes_nothing(update.facts) || *edit.to() != ExpectValue::Nothing {
        return None;
    }
    let (reason, field) = match &edit.after {
        Some(after) => lost(after),
        None => ("is gone".to_owned(), String::new()),
    };
    let named = if edit.from().is_uncertain() { "-bootstrap-expect".to_owned() } else { before.spelling() };
    let what = format!("`{named}`{}{} {reason}", where_hidden(edit), edit.whose());
    let finding = match (excuse(edit, update), &edit.after) {
        (Some(excuse), _) => RULE.warn(format!("{what}: {excuse}")),
        (None, Some(after)) => RULE.deny(format!("{what}: {}", without(after))).remedy(instead(edit, after, update)),
        (None, None) => RULE
            .deny(format!("{what}: by image, launch and annotation the new template no longer runs rqlite there"))
            .remedy(match update.same_template {
                true => "keep the annotation `quorate.dev/container`",
                false => {
                    "keep the image and launch, or, where rqlite still runs there, name the container in the annotation \
                     `quorate.dev/container`"
                }
            }),
    };
    Some(finding.field(field))
}

/// Why the loss may pass, with a warning.
fn excuse(edit: &ExpectEdit, update: &SetUpdate) -> Option<String> {
    if update.unformed {
        return Some("no cluster has formed yet, as no claim is bound and no pod was ever ready".to_owned());
    }
    if edit.after.is_none() && update.ends_at_zero {
        return Some(
            "the template no longer runs rqlite; at 0 replicas nobody votes, and the claims keep the data".to_owned(),
        );
    }
    let beside = edit.before.as_ref().and_then(remedy::refuses)?;
    edit.after.as_ref().and_then(remedy::refuses)?;
    Some(format!("taken as the repair of a launch that rqlited refuses, as it stood beside `{beside}`"))
}

/// What a start of the new launch comes to.
fn without(after: &ContainerReading) -> String {
    if after.launch.closed() == Some(NoInsertion::EmptyEntrypoint) {
        return "the image's entrypoint is called without arguments, and starts no rqlited".to_owned();
    }
    let refusal = after.launch.refusal();
    if let Some(error) = refusal.filter(|error| error.is_of_parser()) {
        return error.exit();
    }
    match (&after.launch.line, refusal) {
        (Some(line), _) if is_non_voter(line) => {
            "a non-voter takes none, but voters with data go on voting beside `-raft-non-voter`".to_owned()
        }
        (Some(line), _) if is_needed(line) => format!("without it {}", stop(&Discovery::Dns)),
        // No blank pod comes as far as a cluster.
        (_, Some(error)) => error.exit(),
        (_, None) => format!("without it {}", stop(&after.discovery)),
    }
}

fn is_non_voter(line: &CommandLine) -> bool {
    line.boolean("raft-non-voter") == Some(Value::Known(true))
}

fn instead(edit: &ExpectEdit, after: &ContainerReading, update: &SetUpdate) -> String {
    match (edit.from(), remedy::refuses(after)) {
        (_, Some(beside)) => format!("leave `{beside}` out, and {}", remedy::keep(edit)),
        (ExpectValue::Malformed(_), None) => remedy::repair(update),
        (given, None) if given.is_unreadable() => remedy::keep(edit),
        (_, None) => format!("{} where rqlited reads it", remedy::keep(edit)),
    }
}

/// How the new launch loses it, and the path of what is in the way.
fn lost(after: &ContainerReading) -> (String, String) {
    if let Some((text, place)) = after.launch.line.as_ref().and_then(merged) {
        let field = place.map_or_else(|| after.field(), |place| after.at(place));
        return (format!("is no argument of its own in `{}`, which no shell splits", clip(text)), field);
    }
    let Some(place) = after.lost() else {
        return ("is gone".to_owned(), after.field());
    };
    let reason = match (after.launch.closed(), after.launch.shape, &after.launch.line) {
        (Some(NoInsertion::DroppedArguments), _, _) => {
            "is dropped by the image's entrypoint, as all that follows `run`".to_owned()
        }
        (_, Shape::ScriptArguments, _) => {
            "is lost, the first argument behind the script is `$0` and not in `\"$@\"`".to_owned()
        }
        (_, Shape::Script, _) => "is lost, the script passes no arguments on".to_owned(),
        (_, _, Some(line)) => unread(line),
        (_, _, None) => "stands in a launch that cannot be read".to_owned(),
    };
    (reason, after.at(place))
}

/// An argument that holds the flag among others.
fn merged(line: &CommandLine) -> Option<(&str, Option<Place>)> {
    let whole = |text: &str| matches!(within(text, Passed::Whole), Within::Value(found) if found == text);
    line.tokens.iter().enumerate().find_map(|(index, token)| {
        let text = token.value.known().filter(|text| whole(text))?;
        Some((text.as_str(), line.place_at(index)))
    })
}

/// Why Go's flag package does not take a token of the command line for the flag that it looks like.
fn unread(line: &CommandLine) -> String {
    let Some(at) = line.tokens.iter().position(|token| names_flag(&token.text)) else {
        return "no longer reaches rqlited".to_owned();
    };
    let before = at.checked_sub(1).and_then(|index| line.tokens.get(index)).map(|token| clip(&token.text));
    let before = before.unwrap_or_default();
    match line.positionals.first() {
        Some(first) if *first == at => format!("stands behind `{before}`, where rqlited reads no more flags"),
        Some(first) if *first < at => {
            let end = line.tokens.get(*first).map(|token| clip(&token.text)).unwrap_or_default();
            format!("stands behind `{end}`, where rqlited reads no more flags")
        }
        Some(_) | None => format!("is taken for the value of `{before}`"),
    }
}
