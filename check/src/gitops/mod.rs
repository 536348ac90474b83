//! What Argo CD and Flux would apply: their objects in the tree, followed to a folder of the same repository.
//! What they take from elsewhere, or change on the way in a manner that is not known here, is named and not evaluated.

mod argo;
mod flux;

use std::collections::BTreeSet;

use super::object::Object;
use super::outcome::Gap;
use super::render::{Closures, Recipe, Root, folder_of, joined};
use super::tree::Tree;

/// Whether objects of this kind lead to others.
pub(super) fn is_leading(group: &str, kind: &str) -> bool {
    match group {
        argo::GROUP => true,
        flux::KUSTOMIZE | flux::HELM => true,
        flux::SOURCE => kind == "GitRepository",
        _ => false,
    }
}

/// Where the objects of a side lead.
#[derive(Debug, Default)]
pub(super) struct Followed {
    pub(super) roots: Vec<Root>,
    /// Folders of plain manifests, and the namespace of what names none there.
    pub(super) folders: Vec<(String, Option<String>)>,
    pub(super) gaps: Vec<Gap>,
    /// Folders of which a manifest that is removed leaves its object in the cluster.
    pub(super) unpruned: BTreeSet<String>,
}

/// A side of the repository.
pub(super) struct Surroundings<'s> {
    pub(super) tree: &'s Tree,
    pub(super) closures: &'s Closures,
    pub(super) leading: &'s [Object],
    /// URL of the repository, where it is known.
    pub(super) url: Option<&'s str>,
}

/// One place that an object leads to.
struct Lead<'l> {
    /// A folder of the repository, as the object writes it.
    path: &'l str,
    namespace: Option<&'l str>,
    /// For a chart.
    release: String,
    /// Within the folder.
    values: Vec<String>,
    inline: Option<String>,
}

pub(super) fn follow(around: &Surroundings<'_>) -> Followed {
    let mut followed = Followed::default();
    for object in around.leading {
        let leads = match object.id.group.as_str() {
            argo::GROUP => argo::leads(object, around),
            flux::SOURCE => continue,
            _ => flux::leads(object, around),
        };
        for lead in leads {
            let found = lead.and_then(|lead| followed.take(&lead, around));
            if let Err(reason) = found {
                followed.gaps.push(gap(object, reason));
            }
        }
    }
    if let Some(folders) = flux::unpruned(around.leading) {
        followed.unpruned = folders;
    }
    followed
}

impl Followed {
    fn take(&mut self, lead: &Lead<'_>, around: &Surroundings<'_>) -> Result<(), String> {
        let folder = folder_of(lead.path);
        let namespace = lead.namespace.map(str::to_owned);
        let holds = |path: &String| super::render::is_below(path, &folder);
        if around.closures.is_kustomization(&folder) {
            self.roots.push(Root { folder, recipe: Recipe::Kustomize, namespace });
        } else if around.closures.is_chart(&folder) {
            let values = lead.values.iter().map(|file| joined(&folder, file)).collect();
            let recipe = Recipe::Helm { release: lead.release.clone(), values, inline: lead.inline.clone() };
            self.roots.push(Root { folder, recipe, namespace });
        } else if around.tree.files.keys().any(holds) {
            self.folders.push((folder, namespace));
        } else {
            return Err(format!("leads to `{}`, where this repository has no manifests", lead.path));
        }
        Ok(())
    }
}

fn gap(object: &Object, reason: String) -> Gap {
    let origin = &object.origin;
    Gap { side: origin.side, path: origin.path.clone(), place: None, what: Some(object.id.shown()), reason }
}

/// Whether a URL is this repository's. Where that is not known, the path has to decide.
fn is_own(url: &str, own: Option<&str>) -> bool {
    own.is_none_or(|own| plain(own) == plain(url))
}

/// `git@github.com:acme/db.git` and `https://github.com/acme/db` are one.
fn plain(url: &str) -> String {
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    let url = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
    url.replacen(':', "/", 1).trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{is_own, plain};

    #[test]
    fn spellings_of_one_url_are_one() {
        assert_eq!(plain("git@github.com:Acme/db.git"), plain("https://github.com/acme/db/"));
        assert_eq!(plain("ssh://git@github.com/acme/db"), plain("https://user:secret@github.com/acme/db.git"));
        assert!(is_own("https://github.com/acme/db", None));
        assert!(!is_own("https://github.com/acme/other", Some("git@github.com:acme/db.git")));
    }
}
