//! Where an item stood in the old object, seen from the new one: other listed things may be missing as yet, since every
//! mutating policy puts its own back when its turn comes.

use serde_json::Value;

use super::entry::{Entry, Mark};
use super::launch::Spot;
use super::placing::Ledger;
use super::{presence, tree};

/// Of a token. A keyword counts only where it stands at its place again, and nothing behind it.
pub(super) fn spot(old: &Ledger, new: &Ledger, mark: &Mark) -> Option<Spot> {
    let Mark::Flag { container, list, keyword, .. } = mark else { return None };
    let index = presence::aligned(&old.entries, &new.entries, mark)?;
    let pointer = tree::tokens(new.spec(), container, *list)?;
    let behind = tree::elements(new.spec(), &pointer).get(index..).unwrap_or_default();
    let stands = |keyword: &String| matches!(behind, [only] if only == keyword.as_str());
    Some(Spot { list: *list, index, keyword: keyword.clone().filter(stands) })
}

/// Of a volume or a mount: its index in the list.
pub(super) fn index(old: &Ledger, new: &Ledger, mark: &Mark) -> Option<usize> {
    let index = position(old.spec(), mark)?;
    let missing = |entry: &&Entry| siblings(&entry.mark, mark) && !presence::holds(&new.entries, &entry.mark);
    let earlier = |entry: &&Entry| position(old.spec(), &entry.mark).is_some_and(|other| other < index);
    Some(index.saturating_sub(old.entries.iter().filter(missing).filter(earlier).count()))
}

fn position(spec: &Value, mark: &Mark) -> Option<usize> {
    match mark {
        Mark::Volume { name } => tree::named(tree::elements(spec, tree::VOLUMES), "name", name),
        Mark::Mount { container, path, .. } => {
            tree::named(tree::elements(spec, &tree::mounts(spec, container)?), "mountPath", path)
        }
        Mark::Flag { .. } | Mark::Grace { .. } | Mark::Probe { .. } => None,
    }
}

/// They stand in the same list.
fn siblings(left: &Mark, right: &Mark) -> bool {
    match (left, right) {
        (Mark::Volume { .. }, Mark::Volume { .. }) => true,
        (Mark::Mount { container: left, .. }, Mark::Mount { container: right, .. }) => left == right,
        _ => false,
    }
}
