//! Where an item stood in the old object, seen from the new one: other listed things may be missing as yet, since every
//! mutating policy puts its own back when its turn comes.

use serde_json::Value;

use super::entry::{InjectionEntry, InjectionMark};
use super::injection_list::InjectionList;
use super::launch::FlagPosition;
use super::{presence, tree};

/// Of a token. A keyword counts only where it stands at its place again, and nothing behind it.
pub(super) fn flag_position(old: &InjectionList, new: &InjectionList, mark: &InjectionMark) -> Option<FlagPosition> {
    let InjectionMark::Flag { container, list, keyword, .. } = mark else { return None };
    let index = presence::aligned(&old.entries, &new.entries, mark)?;
    let pointer = tree::tokens(new.spec(), container, *list)?;
    let behind = tree::elements(new.spec(), &pointer).get(index..).unwrap_or_default();
    let stands = |keyword: &String| matches!(behind, [only] if only == keyword.as_str());
    Some(FlagPosition { list: *list, index, keyword: keyword.clone().filter(stands) })
}

/// Of a volume or a mount: its index in the list.
pub(super) fn index(old: &InjectionList, new: &InjectionList, mark: &InjectionMark) -> Option<usize> {
    let index = position(old.spec(), mark)?;
    let missing = |entry: &&InjectionEntry| siblings(&entry.mark, mark) && !presence::holds(&new.entries, &entry.mark);
    let earlier = |entry: &&InjectionEntry| position(old.spec(), &entry.mark).is_some_and(|other| other < index);
    Some(index.saturating_sub(old.entries.iter().filter(missing).filter(earlier).count()))
}

fn position(spec: &Value, mark: &InjectionMark) -> Option<usize> {
    match mark {
        InjectionMark::Volume { name } => tree::named(tree::elements(spec, tree::VOLUMES), "name", name),
        InjectionMark::Mount { container, path, .. } => {
            tree::named(tree::elements(spec, &tree::mounts(spec, container)?), "mountPath", path)
        }
        InjectionMark::Flag { .. } | InjectionMark::Grace { .. } | InjectionMark::Probe { .. } => None,
    }
}

/// They stand in the same list.
fn siblings(left: &InjectionMark, right: &InjectionMark) -> bool {
    match (left, right) {
        (InjectionMark::Volume { .. }, InjectionMark::Volume { .. }) => true,
        (InjectionMark::Mount { container: left, .. }, InjectionMark::Mount { container: right, .. }) => left == right,
        _ => false,
    }
}
