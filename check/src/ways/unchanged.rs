//! What need not be rendered: folders that the same way takes on both sides with the same options, of which no file changed, and that lead
//! nowhere. Both sides are followed once without rendering these; where only one side asks for such a folder, it is rendered after all.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::paths::is_below;
use crate::render::{ChartAt, RenderClosures, RenderMethod, RenderRoot, SetValue};
use crate::tree::SourceTree;
use crate::way::leads_by_text;

/// A folder, by the key of the way that takes it.
type Asked = (String, RenderRoot);

/// Both states, seen from one of them.
pub(super) struct Unchanged<'u> {
    own: &'u SourceTree,
    other: &'u SourceTree,
    /// What both sides ask for; None while that is found out.
    both: Option<BTreeSet<Asked>>,
    asked: RefCell<BTreeSet<Asked>>,
}

impl<'u> Unchanged<'u> {
    pub(super) fn of(own: &'u SourceTree, other: &'u SourceTree) -> Self {
        Self { own, other, both: None, asked: RefCell::default() }
    }

    /// The unchanged folders that this side asked for.
    pub(super) fn asked(&self) -> BTreeSet<Asked> {
        self.asked.borrow().clone()
    }

    /// The same, once it is known what both sides ask for.
    pub(super) fn knowing(self, both: BTreeSet<Asked>) -> Self {
        Self { both: Some(both), ..self }
    }

    /// Whether the folder is left out.
    pub(super) fn leaves_out(&self, key: &str, root: &RenderRoot, closures: &RenderClosures) -> bool {
        let asked = (key.to_owned(), root.clone());
        if let Some(both) = &self.both {
            return both.contains(&asked);
        }
        let is_unchanged = self.is_unchanged(root, closures);
        if is_unchanged {
            self.asked.borrow_mut().insert(asked);
        }
        is_unchanged
    }

    fn is_unchanged(&self, root: &RenderRoot, closures: &RenderClosures) -> bool {
        let mut reach = self.reach(root, closures);
        if let RenderMethod::Kustomize(options) = &root.method {
            for folder in options.resources.iter().chain(&options.components()).chain([&root.folder]) {
                if closures.not_built(folder, self.own).is_some() {
                    return false;
                }
                // What it reads is not all named in it.
                if !closures.stays_inside(folder, self.own) {
                    reach.extend(
                        closures.kustomizations_of(folder).flat_map(|folder| self.below(&folder)).collect::<Vec<_>>(),
                    );
                }
            }
        }
        let leads = |path: &String| self.own.files.get(path).is_some_and(|file| leads_by_text(&file.text));
        reach.iter().all(|path| self.own.is_same(self.other, path) && !leads(path))
    }

    /// Every path of either side below a folder.
    fn below(&self, folder: &str) -> Vec<String> {
        let paths = self.own.paths.keys().chain(self.other.paths.keys());
        paths.filter(|path| is_below(path, folder)).cloned().collect()
    }

    /// Every file that rendering the folder may read, on either side.
    fn reach(&self, root: &RenderRoot, closures: &RenderClosures) -> BTreeSet<String> {
        match &root.method {
            RenderMethod::Kustomize(options) => {
                let components: Vec<String> = options.components();
                let folders = options.resources.iter().chain(&components).chain([&root.folder]);
                folders.flat_map(|folder| closures.reach(folder)).collect()
            }
            RenderMethod::Helm(options) => {
                let files = options.sets.iter().filter_map(|set| match set {
                    SetValue::File { file, .. } => Some(file.clone()),
                    SetValue::Value { .. } => None,
                });
                let chart = match &options.chart {
                    ChartAt::Folder(folder) => self.below(folder),
                    ChartAt::Archive(_) | ChartAt::Remote { .. } => Vec::new(),
                };
                options.values.iter().cloned().chain(files).chain(chart).collect()
            }
        }
    }
}
