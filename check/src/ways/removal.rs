//! What becomes of an object that its way no longer gives: the first link that broke decides, then each link below it.
//! Reads the words of an object only by way of `words`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate_facts::Propagation;

use super::gone::GoneLink;
use super::words::{Going, Word, keeping, of_another_tool};
use super::{Link, Removal, Tool, Way};
use crate::object::Object;

/// What becomes of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    Deleted {
        propagation: Propagation,
        /// The link that broke, and what follows.
        cause: String,
        /// Somebody confirms it first, by this word.
        confirmed_by: Option<String>,
    },
    /// It stays in the cluster, and why.
    Kept(String),
    /// The same; and what leads to it stays too, and goes on applying what its folder holds.
    Orphaned(String),
    /// It cannot be told, and why.
    NotKnown(String),
}

/// The leading objects of the head, by the keys of their ways.
pub(crate) type Links = BTreeMap<String, Arc<Link>>;

/// Of an object of a known way, whose keys `key_in_head` gives as the head has them. `head` are its leading objects, and the files of it that
/// cannot be read.
pub(crate) fn fate(
    object: &Object,
    way: &Way,
    key_in_head: &dyn Fn(&[Arc<Link>]) -> String,
    (head, head_unclear): (&Links, &BTreeSet<String>),
) -> Fate {
    let broken = (1..=way.links.len()).find(|count| {
        let links = way.links.get(..*count).unwrap_or_default();
        !head.contains_key(&key_in_head(links))
    });
    match broken {
        Some(count) => {
            let index = count.saturating_sub(1);
            let gone = GoneLink::at(index, object, way, key_in_head, (head, head_unclear));
            gone.map_or_else(|| Fate::NotKnown("its way is not known".to_owned()), |gone| gone.fate())
        }
        None => dropped(object, way, &key_in_head(&way.links), head),
    }
}

/// All links stand; the last one no longer applies the object.
fn dropped(object: &Object, way: &Way, key: &str, head: &Links) -> Fate {
    let (Some(old), Some(new)) = (way.links.last(), head.get(key)) else {
        return Fate::NotKnown("its way is not known".to_owned());
    };
    // What was not known before either was not where the object came from.
    if let Some(gap) = new.gaps.iter().find(|gap| !old.gaps.contains(gap)) {
        return Fate::NotKnown(format!("what {} applies now is not known: {gap}", new.shown()));
    }
    // Whichever of both sides deletes: the tool may read the new one first, or late.
    if let (Removal::Keeps(why), Removal::Keeps(_)) = (&old.when_dropped, &new.when_dropped) {
        return Fate::Kept(format!("{} {why}", old.shown()));
    }
    let cause = format!("{} no longer applies it, and prunes", old.shown());
    by_words(object, old, Going::Dropped, cause)
}

pub(super) fn by_words(object: &Object, link: &Link, going: Going, cause: String) -> Fate {
    let propagation = match going {
        Going::Dropped => link.propagation,
        Going::WithItsLink => link.propagation_when_gone,
    };
    match keeping(link.tool, &object.value, going, &link.options) {
        Some(Word::Keeps(word)) if keeping(link.tool, &object.value, going, &[]).is_none() => Fate::Kept(format!(
            "{} keeps it by `{word}` in its syncOptions, which Argo CD reads since 3.4",
            link.shown()
        )),
        Some(Word::Keeps(word)) => Fate::Kept(format!("{} keeps it by `{word}`", link.tool.name())),
        Some(Word::AsksFirst(word)) => Fate::Deleted { propagation, cause, confirmed_by: Some(word) },
        None => Fate::Deleted { propagation, cause: with_foreign_word(object, link.tool, cause), confirmed_by: None },
    }
}

fn with_foreign_word(object: &Object, tool: Tool, cause: String) -> String {
    match of_another_tool(tool, &object.value) {
        Some((other, word)) => {
            format!("{cause}; `{word}` is a word of {}, which {} does not read here", other.name(), tool.name())
        }
        None => cause,
    }
}

/// Of an object that nobody is known to apply: it is taken to be pruned by this tool.
pub(crate) fn of_unknown_applier(object: &Object, tool: Tool, propagation: Propagation) -> Fate {
    if tool == Tool::Kubectl {
        return Fate::Kept("kubectl apply deletes nothing without --prune".to_owned());
    }
    let taken = "nobody is known to apply it, so it is taken to be deleted";
    match keeping(tool, &object.value, Going::Dropped, &[]) {
        Some(Word::Keeps(word)) => Fate::Kept(format!("{} keeps it by `{word}`", tool.name())),
        Some(Word::AsksFirst(word)) => {
            Fate::Deleted { propagation, cause: format!("{taken} as by {}", tool.name()), confirmed_by: Some(word) }
        }
        None => {
            let other = of_another_tool(tool, &object.value).map(|(other, word)| (option(other), word));
            let way_out = match other {
                Some((option, word)) => format!("`{word}` would keep it with `--as {option}`"),
                None => "`--as kubectl` would keep it".to_owned(),
            };
            Fate::Deleted {
                propagation,
                cause: format!("{taken} as by {}; {way_out}", tool.name()),
                confirmed_by: None,
            }
        }
    }
}

/// As `--as` names it.
const fn option(tool: Tool) -> &'static str {
    match tool {
        Tool::ArgoCd => "argocd",
        Tool::Flux => "flux",
        Tool::Helm => "helm",
        Tool::Kubectl => "kubectl",
    }
}
