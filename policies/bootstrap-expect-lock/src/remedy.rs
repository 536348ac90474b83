//! What to do instead of an edit, in words that can be carried out: nothing that is there already, nothing that rqlited refuses.
//! Not whether the edit is refused.

use rqlite::bootstrap::{is_needed, refused_beside};
use rqlite::change;
use rqlite::discovery::Discovery;
use rqlite::value::{Source, clip};

use crate::edit::{ExpectEdit, SetUpdate};
use crate::expect_value::{ExpectValue, Reference, ReferencedValue};
use crate::reading::ContainerReading;
use crate::single_node::FirstDiscovery;

/// After a denied edit, whatever rqlited got and is to get.
pub(crate) fn of(edit: &ExpectEdit, update: &SetUpdate) -> String {
    if let Some(beside) = edit.after.as_ref().and_then(refuses).filter(|_| !edit.to().is_uncertain()) {
        let before = edit.before.as_ref().and_then(refuses);
        if edit.from().is_off() || before.is_some() {
            return format!("leave it out: rqlited takes none beside `{beside}`");
        }
        return format!("leave `{beside}` out, and {}", keep(edit));
    }
    match (edit.from(), edit.to()) {
        (ExpectValue::Nothing | ExpectValue::Number(0), _) => added(edit, update),
        (ExpectValue::Malformed(_), _) => repair(update),
        (ExpectValue::Number(old), ExpectValue::Number(new)) if 0 < *old && old < new => format!(
            "{}{}; a controller that raises it to at most the new replicas together with them needs `allowIncreaseWithScaleUp` for \
             namespace {}",
            stay(edit),
            joins(edit),
            update.namespace
        ),
        (ExpectValue::Reference(old), ExpectValue::Reference(new))
            if old.source == new.source && old.splits_otherwise(new) =>
        {
            "keep the launch and its variables as they are".to_owned()
        }
        (ExpectValue::Reference(old), ExpectValue::Reference(new)) if old.source != new.source => {
            overridden(edit).unwrap_or_else(|| between(old, new, edit, update))
        }
        (ExpectValue::Number(_) | ExpectValue::Reference(_), _) => stay(edit),
    }
}

fn stay(edit: &ExpectEdit) -> String {
    overridden(edit).unwrap_or_else(|| keep(edit))
}

/// What has to go, where the old value stands in the new launch as it did and something beside it decides.
fn overridden(edit: &ExpectEdit) -> Option<String> {
    let (before, after) = (edit.before.as_ref()?, edit.after.as_ref()?);
    let spelling = before.spelling();
    // A variable that stays may hold something else.
    if before.given.is_uncertain() || after.spelling() == spelling || !after.holds(&spelling) {
        return None;
    }
    let hidden = after.hidden_words();
    match edit.to() {
        _ if before.hidden_words() == hidden && edit.to().is_unreadable() => {
            Some("keep the launch and its variables as they are".to_owned())
        }
        ExpectValue::Number(_) => Some(format!("leave `{}` out", after.spelling())),
        _ if before.hidden_words() != hidden && !hidden.is_empty() => {
            let words: Vec<String> = hidden.iter().map(|word| format!("`{}`", clip(word))).collect();
            Some(format!("leave {} out, or write its flags out in the manifest", words.join(" and ")))
        }
        ExpectValue::Nothing | ExpectValue::Reference(_) | ExpectValue::Malformed(_) => None,
    }
}

/// `keep -bootstrap-expect=3`; where these words stay, what is behind them.
pub(crate) fn keep(edit: &ExpectEdit) -> String {
    let spelling = edit.before.as_ref().map(ContainerReading::spelling).unwrap_or_default();
    let there = edit.after.as_ref().is_some_and(|after| after.spelling() == spelling);
    match edit.from() {
        ExpectValue::Reference(reference) => keep_reference(reference, there.then_some(&spelling), &spelling),
        ExpectValue::Number(number) if there => format!("keep {number} behind `{spelling}`"),
        ExpectValue::Number(_) | ExpectValue::Nothing | ExpectValue::Malformed(_) => format!("keep `{spelling}`"),
    }
}

fn keep_reference(reference: &Reference, there: Option<&String>, spelling: &str) -> String {
    match (&reference.source, &reference.held, there) {
        _ if !reference.readable => "keep the launch and its variables as they are".to_owned(),
        (Source::Script(_), _, _) => "keep the shell script and its variables as they are".to_owned(),
        (source, Some(text), Some(_)) => format!("keep `{}` in {source}", clip(text)),
        (source, None, Some(_)) => format!("keep {source} behind `{spelling}`"),
        // The variable may stay and hold something else.
        (source, _, None) if !reference.certain => format!("keep {source} behind `{spelling}`"),
        (_, _, None) => format!("keep `{spelling}`"),
    }
}

/// A value that rqlited does not start with is repaired by the number of replicas, at none by any.
pub(crate) fn repair(update: &SetUpdate) -> String {
    match update.new_replicas {
        0 => "repair it with the number that the cluster was created with".to_owned(),
        count => format!("repair it with the number of replicas: `-bootstrap-expect={count}`"),
    }
}

/// rqlited exits with code 1 where the flag stands beside this.
pub(crate) fn refuses(reading: &ContainerReading) -> Option<String> {
    refused_beside(reading.launch.line.as_ref()?)
}

/// rqlited exits with code 1 without the flag; what stands there for which it is needed.
fn needs(reading: &ContainerReading, update: &SetUpdate) -> Option<String> {
    let line = reading.launch.line.as_ref()?;
    let own = |target: &String| change::ordinal_of_address(update.set, update.namespace, target).is_some();
    if is_needed(line) {
        return line.effective("disco-mode").map(|flag| line.spelling(flag));
    }
    let joins_itself = matches!(&reading.discovery, Discovery::Join { targets } if targets.iter().any(own));
    joins_itself.then(|| "-join".to_owned())
}

/// A value where there was none.
fn added(edit: &ExpectEdit, update: &SetUpdate) -> String {
    let Some(after) = &edit.after else { return keep(edit) };
    if !after.given.is_uncertain() && after.given.is_unreadable() {
        return "keep the launch and its variables as they are".to_owned();
    }
    // Without it these nodes would look for nobody.
    if let Some(beside) = edit.before.as_ref().and_then(refuses).filter(|_| !after.given.is_uncertain()) {
        return format!("keep `{beside}` and leave it out, or use break-glass");
    }
    let what = if after.given.is_uncertain() { format!("`{}`", after.spelling()) } else { "it".to_owned() };
    // It ran without the value beside the very same list.
    let ran = edit.before.as_ref().is_some_and(|before| before.discovery == after.discovery);
    let joined = ran && matches!(after.discovery, Discovery::Join { .. });
    let Some(beside) = needs(after, update).filter(|_| !joined) else {
        return match after.given.is_uncertain() {
            true => format!("leave {what} out, or write its flags out in the manifest"),
            false => format!("leave {what} out: a cluster that has formed does not need it"),
        };
    };
    match FirstDiscovery::of(edit, update) {
        Some(FirstDiscovery::WithGrowth) => {
            format!("add it and `{beside}` at replicas 1 first, then scale to {}", update.new_replicas)
        }
        Some(FirstDiscovery::Alone) | None => {
            format!("leave `{beside}` out with {what} (rqlited needs both or neither), or use break-glass")
        }
    }
}

/// From one reference to another.
fn between(old: &Reference, new: &Reference, edit: &ExpectEdit, update: &SetUpdate) -> String {
    let is_whole = |source: &Source| !matches!(source, Source::Script(_) | Source::Composed { .. });
    if !(old.readable && new.readable && is_whole(&old.source)) {
        return keep(edit);
    }
    if !is_whole(&new.source) {
        return format!("keep {}", old.source);
    }
    // What rqlited refuses is no value to go back to.
    let refused = matches!(edit.from().resolved(update.facts), ExpectValue::Malformed(_));
    let is_map = |source: &Source| matches!(source, Source::ConfigMapKey { .. });
    match update.known(old, new) {
        Some((ReferencedValue::Value(text), _))
            if old.certain == new.certain && !(refused && update.new_replicas == 0) =>
        {
            let text = if refused { update.new_replicas.to_string() } else { clip(&text) };
            let what = if new.certain { text } else { format!("-bootstrap-expect={text}") };
            format!("let {} hold `{what}`", new.source)
        }
        Some((ReferencedValue::NoFlag, _)) => format!("take `-bootstrap-expect` out of {}", new.source),
        None if is_map(&old.source) && is_map(&new.source) => format!(
            "keep {}, or let both be known: ConfigMaps that hold the same pass (apply the new one first; offline `configMaps` of the facts)",
            old.source
        ),
        Some(_) | None => format!("keep {}", old.source),
    }
}

/// Where something tells them whom to join.
fn joins(edit: &ExpectEdit) -> &'static str {
    match edit.after.as_ref().map(|after| &after.discovery) {
        Some(Discovery::None) | None => "",
        Some(_) => ", new nodes join all the same",
    }
}
