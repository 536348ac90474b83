//! What is to be said of leading objects themselves, though no request comes of it now.
//! Denies nothing.

use std::collections::BTreeSet;

use serde_json::Value;

use super::about_rqlite::names_rqlite;
use super::head::runs_rqlite;
use super::object::Object;
use super::paths::{folder_of, is_below, joined};
use super::source::text_at;
use super::tree::SourceTree;
use super::way::{FixedFolder, Link, Links, Removal, Tool};

/// Both sides, as far as leading objects are looked at.
pub(super) struct LeadingObjects<'l> {
    /// Of the base, by the keys that the head has.
    pub(super) before: &'l Links,
    pub(super) after: &'l Links,
    /// The ways of which the base has an object that is judged, by the keys that the head has.
    pub(super) judged: &'l BTreeSet<String>,
    /// The ways of the head that give anything.
    pub(super) giving: &'l BTreeSet<String>,
    /// What the head applies.
    pub(super) objects: &'l [Object],
    pub(super) base: &'l SourceTree,
    pub(super) head: &'l SourceTree,
}

impl LeadingObjects<'_> {
    pub(super) fn warnings(&self) -> Vec<String> {
        let known = self.after.iter().filter_map(|(key, link)| Some((self.before.get(key)?, link)));
        let releases = known.filter(|(_, link)| link.tool == Tool::Helm);
        let of_releases = releases.flat_map(|(old, new)| [self.uninstalls(old, new), self.waits(old, new)]).flatten();
        let emptied = self.after.iter().filter_map(|(key, link)| self.refuses_nothing(key, link));
        of_releases.chain(self.after.values().flat_map(|link| self.comes_later(link))).chain(emptied).collect()
    }

    /// Argo CD does not delete everything of an Application by itself (`controller/appcontroller.go`, `autoSync`), unless it is told so.
    fn refuses_nothing(&self, key: &str, link: &Link) -> Option<String> {
        let is_emptied = self.judged.contains(key) && !self.giving.contains(key) && link.gaps.is_empty();
        let is_automated = link.id.kind == "Application" && link.when_dropped == Removal::Deletes;
        let allows = link.value.pointer("/spec/syncPolicy/automated/allowEmpty") == Some(&Value::Bool(true));
        (is_emptied && is_automated && !allows).then(|| {
            format!(
                "{}: nothing is left that it applies, and Argo CD does not sync that by itself without `allowEmpty: true`; what it applied goes when somebody syncs it",
                link.shown()
            )
        })
    }

    /// Changes of the branch in a folder that is read at another revision, where they may be about rqlite.
    fn comes_later(&self, link: &Link) -> Vec<String> {
        let is_about_rqlite = |path: &str| {
            let texts = [self.base, self.head].into_iter().filter_map(|tree| tree.files.get(path));
            names_rqlite(path) || texts.into_iter().any(|file| names_rqlite(&file.text))
        };
        let has_changed = |folder: &str| {
            let mut paths = self.base.paths.keys().chain(self.head.paths.keys()).filter(|path| is_below(path, folder));
            paths.any(|path| is_about_rqlite(path) && !self.base.is_same(self.head, path))
        };
        let changed = link.fixed.iter().filter(|fixed| has_changed(&fixed.folder));
        let said = changed.map(|FixedFolder { folder, revision, .. }| {
            format!("{} reads `{folder}` at `{revision}`; what changes there comes with another revision", link.shown())
        });
        said.collect()
    }

    /// An upgrade that is refused, by Quorate too, would uninstall voters from now on.
    fn uninstalls(&self, old: &Link, new: &Link) -> Option<String> {
        let is_new = new.recreation.uninstalls_when_refused && !old.recreation.uninstalls_when_refused;
        // What is the same on both sides was not rendered, so its sets are told by name.
        let folder = folder_of(text_at(&new.value, "/spec/chart/spec/chart").unwrap_or_default());
        let has_set = || {
            let mut own =
                self.objects.iter().filter(|object| object.way.links.last().is_some_and(|link| link.id == new.id));
            let mut files = self.head.files.iter().filter(|(path, _)| is_below(path, &folder));
            own.any(runs_rqlite)
                || names_rqlite(&new.value.to_string())
                || files.any(|(_, file)| names_rqlite(&file.text))
        };
        (is_new && has_set()).then(|| {
            format!(
                "{} uninstalls after an upgrade that is refused (`upgrade.remediation.strategy: uninstall`), with all voters; use `rollback`",
                new.shown()
            )
        })
    }

    /// Flux takes a chart out of a git repository only with another version, unless it is told otherwise.
    fn waits(&self, old: &Link, new: &Link) -> Option<String> {
        let of_chart = |key: &str| text_at(&new.value, &format!("/spec/chart/spec/{key}"));
        let from_git =
            of_chart("sourceRef/kind") == Some("GitRepository") && of_chart("reconcileStrategy") != Some("Revision");
        let folder = folder_of(of_chart("chart").filter(|_| from_git)?);
        let waits = match (old.fixed.as_slice(), new.fixed.as_slice()) {
            ([], []) => self.changes_within_a_version(&folder),
            ([before], [after]) => before.revision != after.revision && before.version == after.version,
            _ => false,
        };
        waits.then(|| {
            format!("{}: its chart changes without a new version, so what changes comes with the next one", new.shown())
        })
    }

    /// Whether a chart of the branch changes, and its version does not.
    fn changes_within_a_version(&self, folder: &str) -> bool {
        let has_version = self.base.is_same(self.head, &joined(folder, "Chart.yaml"));
        let mut own = self.base.paths.keys().chain(self.head.paths.keys()).filter(|path| is_below(path, folder));
        has_version && own.any(|path| !self.base.is_same(self.head, path))
    }
}
