//! What of a side known ways take, and what its kustomizations use: nothing of that is applied by itself on the other side.
//! Does not follow anything.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::paths::{is_below, parent_of};
use crate::render::RenderClosures;

/// What of a side some way takes.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// Files and folders that a known way took.
    pub(super) led: BTreeSet<String>,
    /// Files that topmost leading objects stand in, and folders that give them.
    pub(super) tops: BTreeSet<String>,
    pub(super) closures: Rc<RenderClosures>,
}

impl Applied {
    /// Whether a known way, or another kustomization, took the path before: then it is not applied by itself now. A folder whose
    /// kustomization goes while its manifests stay is applied as plain.
    pub(super) fn takes(&self, path: &str, now: &RenderClosures) -> bool {
        let users = self.closures.users(path).any(|user| now.is_kustomization(user) || !is_below(path, user));
        users || self.leads_to(path)
    }

    /// Whether a known way took the path, and not as a topmost leading object that holds itself.
    pub(super) fn leads_to(&self, path: &str) -> bool {
        self.led.contains(path) && !self.tops.contains(path)
    }

    /// Files and folders that a known way took.
    pub(crate) fn files(&self) -> impl Iterator<Item = &String> {
        self.led.iter()
    }

    /// What the folder that is rendered from this file is made of.
    pub(crate) fn reach(&self, file: &str) -> BTreeSet<String> {
        self.closures.reach(parent_of(file)).into_iter().chain([file.to_owned()]).collect()
    }

    /// Whether a way of this side, or a kustomization elsewhere, takes what the other one applied by itself.
    pub(crate) fn takes_over(&self, path: &str) -> bool {
        self.led.contains(path) || self.closures.users(path).any(|user| !is_below(path, user))
    }
}
