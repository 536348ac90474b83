//! What Argo CD and Flux would apply: their objects in the tree, followed to a folder of the same repository.
//! What they take from elsewhere, or change on the way in a manner that is not known here, is named and not evaluated.

mod argo;
mod flux;

use std::collections::BTreeSet;

use super::object::Object;
use super::render::{RenderClosures, RenderMethod, RenderRoot, folder_of, joined};
use super::result::NotEvaluated;
use super::tree::SourceTree;

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
pub(super) struct FollowedObjects {
    pub(super) roots: Vec<RenderRoot>,
    /// Folders of plain manifests, and the namespace of what names none there.
    pub(super) folders: Vec<(String, Option<String>)>,
    pub(super) not_evaluated: Vec<NotEvaluated>,
    /// Folders of which a manifest that is removed leaves its object in the cluster.
    pub(super) unpruned: BTreeSet<String>,
}

/// A side of the repository.
pub(super) struct FollowContext<'s> {
    pub(super) tree: &'s SourceTree,
    pub(super) closures: &'s RenderClosures,
    pub(super) leading: &'s [Object],
    /// URL of the repository, where it is known.
    pub(super) url: Option<&'s str>,
}

/// One place that an object leads to.
struct LeadingTarget<'l> {
    /// A folder of the repository, as the object writes it.
    path: &'l str,
    namespace: Option<&'l str>,
    /// For a chart.
    release: String,
    /// Within the folder.
    values: Vec<String>,
    inline: Option<String>,
}

pub(super) fn follow(around: &FollowContext<'_>) -> FollowedObjects {
    let mut followed = FollowedObjects::default();
    for object in around.leading {
        let leads = match object.id.group.as_str() {
            argo::GROUP => argo::targets(object, around),
            flux::SOURCE => continue,
            _ => flux::targets(object, around),
        };
        for lead in leads {
            let found = lead.and_then(|lead| followed.take(&lead, around));
            if let Err(reason) = found {
                followed.not_evaluated.push(not_evaluated(object, reason));
            }
        }
    }
    if let Some(folders) = flux::unpruned(around.leading) {
        followed.unpruned = folders;
    }
    followed
}

impl FollowedObjects {
    fn take(&mut self, lead: &LeadingTarget<'_>, around: &FollowContext<'_>) -> Result<(), String> {
        let folder = folder_of(lead.path);
        let namespace = lead.namespace.map(str::to_owned);
        let holds = |path: &String| super::render::is_below(path, &folder);
        if around.closures.is_kustomization(&folder) {
            self.roots.push(RenderRoot { folder, method: RenderMethod::Kustomize, namespace });
        } else if around.closures.is_chart(&folder) {
            let values = lead.values.iter().map(|file| joined(&folder, file)).collect();
            let recipe = RenderMethod::Helm { release: lead.release.clone(), values, inline: lead.inline.clone() };
            self.roots.push(RenderRoot { folder, method: recipe, namespace });
        } else if around.tree.files.keys().any(holds) {
            self.folders.push((folder, namespace));
        } else {
            return Err(format!("leads to `{}`, where this repository has no manifests", lead.path));
        }
        Ok(())
    }
}

fn not_evaluated(object: &Object, reason: String) -> NotEvaluated {
    let origin = &object.origin;
    NotEvaluated { side: origin.side, path: origin.path.clone(), position: None, what: Some(object.id.shown()), reason }
}

/// Whether a URL is this repository's. Where that is not known, the path has to decide.
fn is_own(url: &str, own: Option<&str>) -> bool {
    own.is_none_or(|own| normalised(own) == normalised(url))
}

/// `git@github.com:acme/db.git` and `https://github.com/acme/db` are one.
fn normalised(url: &str) -> String {
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    let url = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
    url.replacen(':', "/", 1).trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{is_own, normalised};

    #[test]
    fn spellings_of_one_url_are_one() {
        assert_eq!(normalised("git@github.com:Acme/db.git"), normalised("https://github.com/acme/db/"));
        assert_eq!(
            normalised("ssh://git@github.com/acme/db"),
            normalised("https://user:secret@github.com/acme/db.git")
        );
        assert!(is_own("https://github.com/acme/db", None));
        assert!(!is_own("https://github.com/acme/other", Some("git@github.com:acme/db.git")));
    }
}
