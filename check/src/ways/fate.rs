//! What becomes of an object in the cluster, by the words on it: it is deleted, stays, or cannot be told.
//! Does not know which link of its way broke.

use quorate_facts::Propagation;

use super::words::{Going, Word, keeping, of_another_tool};
use crate::object::Object;
use crate::way::{Link, Tool};

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
