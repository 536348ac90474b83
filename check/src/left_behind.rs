//! What stays in the cluster with the leading object that applied it: whether that finds the same now as before.
//! Does not say what stays.

use super::object::Object;
use super::paths::{is_below, parent_of};
use super::tree::{IGNORE_FILE, SourceTree};
use super::way::{Link, Tool, key_of};
use super::ways::FollowedSide;

/// Base and head.
pub(super) struct LeftBehind<'l> {
    pub(super) trees: (&'l SourceTree, &'l SourceTree),
    pub(super) sides: (&'l FollowedSide, &'l FollowedSide),
    /// The key of a way of the base, as the head has it.
    pub(super) in_head: &'l dyn Fn(&String) -> String,
}

impl LeftBehind<'_> {
    /// Whether the files that an object of the base is made of are the same in the head, and where they come from.
    pub(super) fn is_unchanged(&self, object: &Object) -> bool {
        let (base, head) = self.trees;
        let (gone, below) = self.split(object);
        if !below.iter().all(|link| self.is_same_file(&link.file)) {
            return false;
        }
        if !gone.iter().rev().take(1).chain(&below).all(|link| self.has_same_source(link)) {
            return false;
        }
        let path = &object.origin.path;
        let rendered = self.sides.0.rendered.files.get(path);
        if rendered.is_some_and(|file| file.is_fixed) {
            return true;
        }
        let folder = place(object, self.sides.0);
        let folder = if head.files.contains_key(&folder) || folder == *path { parent_of(&folder) } else { &folder };
        if !folder.is_empty() && !head.paths.keys().any(|path| is_below(path, folder)) {
            // What stays finds no folder any more, and applies nothing.
            return true;
        }
        let Some(file) = rendered.and_then(|file| file.rendered_from.as_ref()) else { return base.is_same(head, path) };
        let values = rendered.map(|file| file.values.clone()).unwrap_or_default();
        // The files of those that go are no values.
        let values = values.iter().filter(|path| !gone.iter().any(|link| link.file == **path));
        let own = self.sides.0.applied.reach(file);
        let folder = parent_of(file);
        let inside = base.paths.keys().chain(head.paths.keys()).filter(|path| is_below(path, folder));
        own.iter().chain(values).chain(inside).all(|path| base.is_same(head, path))
    }

    /// The leading objects down to the one that goes, and those that it applies.
    fn split<'o>(&self, object: &'o Object) -> (Vec<&'o Link>, Vec<&'o Link>) {
        let links: Vec<&Link> = object.way.links.iter().map(AsRef::as_ref).collect();
        let stands = |count: &usize| {
            let key = key_of(links.get(..*count).unwrap_or_default());
            self.sides.1.links.contains_key(&(self.in_head)(&key))
        };
        let count = (1..=links.len()).find(|count| !stands(count)).unwrap_or(links.len());
        let (gone, below) = links.split_at_checked(count).unwrap_or_default();
        (gone.to_vec(), below.to_vec())
    }

    fn is_same_file(&self, file: &str) -> bool {
        let (base, head) = self.trees;
        self.sides.0.applied.reach(file).iter().all(|path| base.is_same(head, path))
    }

    /// Whether Flux takes it from the same source, of which the same is left out.
    fn has_same_source(&self, link: &Link) -> bool {
        if link.tool == Tool::ArgoCd {
            return true;
        }
        let (base, head) = self.trees;
        let is_ignore_file = |path: &&String| path.rsplit('/').next() == Some(IGNORE_FILE);
        let mut ignore_files = base.paths.keys().chain(head.paths.keys()).filter(is_ignore_file);
        ignore_files.all(|path| base.is_same(head, path))
            && link.source_names().all(|name| self.sides.0.sources.get(name) == self.sides.1.sources.get(name))
    }
}

/// The file, or the folder of an output, that an object of a side is made of.
pub(super) fn place(object: &Object, side: &FollowedSide) -> String {
    let path = &object.origin.path;
    match side.rendered.files.get(path).and_then(|file| file.rendered_from.as_ref()) {
        Some(file) => parent_of(file).to_owned(),
        None => path.clone(),
    }
}
