//! Which listed things stand in a template, and as what.
//! Changes nothing.

use kubernetes::collect::sort_few;
use kubernetes::manifest::List;
use serde_json::Value;

use super::entry::{InjectionEntry, InjectionMark};
use super::item::{Item, text};
use super::tree;

/// The thing as it stands in the spec; none if it does not stand there as recorded.
pub(super) fn item(spec: &Value, mark: &InjectionMark) -> Option<Item> {
    match mark {
        InjectionMark::Flag { container, list, index, token, .. } => token_at(spec, container, *list, *index)
            .filter(|there| there == token)
            .map(|_| Item::Flag { container: container.clone(), token: token.clone() }),
        InjectionMark::Grace { seconds, .. } => {
            (tree::grace(spec) == Some(*seconds)).then_some(Item::Grace { seconds: *seconds })
        }
        InjectionMark::Volume { name } => {
            let volumes = tree::elements(spec, tree::VOLUMES);
            let content = volumes.get(tree::named(volumes, "name", name)?)?.clone();
            Some(Item::Volume { content })
        }
        InjectionMark::Mount { container, volume, path } => {
            let mounts = tree::elements(spec, &tree::mounts(spec, container)?);
            let content = mounts.get(tree::named(mounts, "mountPath", path)?)?.clone();
            (text(&content, "name") == volume).then(|| Item::Mount { container: container.clone(), content })
        }
        InjectionMark::Probe { container, probe, .. } => {
            let scheme = spec.pointer(&tree::scheme(spec, container, *probe)?)?;
            (scheme == "HTTPS").then(|| Item::Probe { container: container.clone(), probe: *probe })
        }
    }
}

/// The entries whose things stand in the spec, each thing once.
pub(super) fn standing(spec: &Value, entries: Vec<InjectionEntry>) -> Vec<InjectionEntry> {
    let mut kept: Vec<InjectionEntry> = Vec::new();
    for entry in entries {
        let known = kept.iter().any(|other| other.mark.same_slot(&entry.mark));
        if !known && item(spec, &entry.mark).is_some() {
            kept.push(entry);
        }
    }
    kept
}

/// What stands in the new spec of what either object lists.
///
/// A client that sends the live object back keeps everything; a client-side apply keeps the list, volumes and mounts, and sends
/// its own args; a replacement keeps nothing. So the new list is believed where it is right to the index, and an old token
/// counts where it would stand if the listed tokens before it are missing. The same token elsewhere is its author's own.
pub(super) fn surviving(old: &[InjectionEntry], spec: &Value, listed: Vec<InjectionEntry>) -> Vec<InjectionEntry> {
    let mut kept = standing(spec, listed);
    let mut flags: Vec<&InjectionEntry> = Vec::new();
    for entry in old {
        if is_flag(entry) {
            flags.push(entry);
        } else if !holds(&kept, &entry.mark) && item(spec, &entry.mark).is_some() {
            kept.push(entry.clone());
        }
    }
    sort_few(&mut flags, |entry| place(&entry.mark));
    for entry in flags {
        if holds(&kept, &entry.mark) {
            continue;
        }
        let moved = aligned(old, &kept, &entry.mark).and_then(|index| at(entry, index));
        kept.extend(moved.filter(|entry| item(spec, &entry.mark).is_some()));
    }
    kept
}

/// The index at which an old token belongs: its old one, less the listed tokens before it that are missing now.
pub(super) fn aligned(old: &[InjectionEntry], present: &[InjectionEntry], mark: &InjectionMark) -> Option<usize> {
    let InjectionMark::Flag { container, list, index, .. } = mark else { return None };
    let before = |other: &InjectionMark| matches!(other, InjectionMark::Flag { container: c, list: l, index: i, .. } if c == container && l == list && i < index);
    let missing = old.iter().filter(|entry| before(&entry.mark) && !holds(present, &entry.mark)).count();
    Some(index.saturating_sub(missing))
}

pub(super) fn holds(entries: &[InjectionEntry], mark: &InjectionMark) -> bool {
    entries.iter().any(|entry| entry.mark.same_slot(mark))
}

fn at(entry: &InjectionEntry, new_index: usize) -> Option<InjectionEntry> {
    let mut entry = entry.clone();
    if let InjectionMark::Flag { index, .. } = &mut entry.mark {
        *index = new_index;
    }
    Some(entry)
}

fn is_flag(entry: &InjectionEntry) -> bool {
    matches!(entry.mark, InjectionMark::Flag { .. })
}

fn place(mark: &InjectionMark) -> usize {
    match mark {
        InjectionMark::Flag { index, .. } => *index,
        InjectionMark::Grace { .. }
        | InjectionMark::Volume { .. }
        | InjectionMark::Mount { .. }
        | InjectionMark::Probe { .. } => 0,
    }
}

fn token_at<'a>(spec: &'a Value, container: &str, list: List, index: usize) -> Option<&'a str> {
    tree::elements(spec, &tree::tokens(spec, container, list)?).get(index)?.as_str()
}
