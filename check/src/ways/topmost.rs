//! Topmost leading objects that stand in another file than before: the same ones, where that can be told.
//! Does not look below them.

use std::collections::{BTreeMap, BTreeSet};

use crate::paths::{is_below, parent_of};
use crate::way::{Links, SEPARATOR, moved};

/// Where topmost leading objects of the base stand in the head.
#[derive(Debug, Default)]
pub(crate) struct MovedTops {
    /// A key's beginning in the base, and in the head.
    moves: Vec<(String, String)>,
    /// Those of which it is not known whether they are the same.
    unclear: BTreeSet<String>,
}

impl MovedTops {
    /// One that went and one that came under its name in the same folder are the same; also in two folders, unless both have other ones
    /// before and after, which are two clusters' folders then. One that another one leads to now is the same, too.
    pub(crate) fn of(base: &Links, head: &Links) -> Self {
        let (old, new) = (tops(base), tops(head));
        let mut moved = Self::default();
        for (name, files) in &old {
            let nothing = BTreeSet::new();
            let now = new.get(name).unwrap_or(&nothing);
            let mut went: Vec<&str> = files.difference(now).copied().collect();
            let mut came: Vec<&str> = now.difference(files).copied().collect();
            moved.within_folders(name, &mut went, &mut came);
            let ([from], [to]) = (went.as_slice(), came.as_slice()) else {
                if went.is_empty() {
                    continue;
                }
                if came.is_empty() {
                    moved.adopted(name, &went, base, head);
                } else {
                    moved.unclear.extend(went.iter().map(|from| format!("{from}{SEPARATOR}{name}")));
                }
                continue;
            };
            let others = |tops: &Tops<'_>, of: &str| {
                tops.iter().any(|(other, files)| other != name && files.iter().any(|file| parent_of(file) == of))
            };
            let lived_in = |of: &str| others(&old, of) && others(&new, of);
            if lived_in(parent_of(from)) && lived_in(parent_of(to)) {
                moved.unclear.insert(format!("{from}{SEPARATOR}{name}"));
            } else {
                moved.add(name, from, to);
            }
        }
        moved
    }

    fn add(&mut self, name: &str, from: &str, to: &str) {
        self.moves.push((format!("{from}{SEPARATOR}{name}"), format!("{to}{SEPARATOR}{name}")));
    }

    /// The only one that went in a folder, and the only one that came there.
    fn within_folders<'n>(&mut self, name: &str, went: &mut Vec<&'n str>, came: &mut Vec<&'n str>) {
        let is_near = |one: &str, other: &str| is_below(one, other) || is_below(other, one);
        let only = |files: &[&'n str], of: &str| {
            let same = files.iter().filter(|file| parent_of(file) == of).count() == 1;
            let mut there =
                files.iter().filter(|file| if same { parent_of(file) == of } else { is_near(parent_of(file), of) });
            there.next().filter(|_| there.next().is_none()).copied()
        };
        let pairs: Vec<(&str, &str)> =
            went.iter().filter_map(|from| Some((only(went, parent_of(from))?, only(came, parent_of(from))?))).collect();
        for (from, to) in pairs {
            self.add(name, from, to);
            went.retain(|file| *file != from);
            came.retain(|file| *file != to);
        }
    }

    /// Leading objects of the base that are below another one in the head, under the same name: applied by nobody known before.
    fn adopted(&mut self, name: &str, went: &[&str], base: &Links, head: &Links) {
        let [from] = went else { return };
        let top = |key: &str| key.split(SEPARATOR).next().unwrap_or_default().to_owned();
        let is_near = |one: &str, other: &str| is_below(one, other) || is_below(other, one);
        let is_it = |key: &&String| {
            !base.contains_key(*key)
                && key.rsplit(SEPARATOR).next() == Some(name)
                && is_near(parent_of(&top(key)), parent_of(from))
        };
        let mut found = head.keys().filter(is_it);
        if let (Some(to), None) = (found.next(), found.next()) {
            self.moves.push((format!("{from}{SEPARATOR}{name}"), to.clone()));
        }
    }

    /// The key of a way of the base as the head has it, where that is another one.
    pub(crate) fn in_head(&self, key: &str) -> Option<String> {
        self.moves.iter().find_map(|(from, to)| if key == from { Some(to.clone()) } else { moved(key, from, to) })
    }

    /// Why it is not known where the way's topmost object went.
    pub(crate) fn not_known(&self, key: &str) -> Option<String> {
        let top = self.unclear.iter().find(|top| key == top.as_str() || moved(key, top, "").is_some())?;
        let name = top.split(SEPARATOR).nth(1).unwrap_or_default().trim();
        Some(format!("{name} went from one folder and came in another, which may be another cluster's"))
    }
}

/// Files by the name of the topmost object that stands in them.
type Tops<'l> = BTreeMap<&'l str, BTreeSet<&'l str>>;

fn tops(links: &Links) -> Tops<'_> {
    let mut tops = Tops::new();
    for key in links.keys() {
        if let Some((file, name)) = key.split_once(SEPARATOR).filter(|(_, name)| !name.contains(SEPARATOR)) {
            tops.entry(name).or_default().insert(file);
        }
    }
    tops
}
