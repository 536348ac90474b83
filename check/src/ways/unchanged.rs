//! What need not be rendered: folders that the same way takes on both sides with the same options, of which no file changed, and that lead
//! nowhere. Both sides are followed once without rendering these; where only one side asks for such a folder, it is rendered after all.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::states::State;
use crate::paths::is_below;
use crate::render::{ChartAt, RenderMethod, RenderRoot, SetValue};
use crate::state::StateName;
use crate::tree::SourceTree;
use crate::way::leads_by_text;

/// A folder of a state, by the key of the way that takes it, with what that way says of all that comes out.
type Asked = (String, StateName, RenderRoot, LaidOver);

/// What a leading object does to objects after they are rendered.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LaidOver {
    /// Where objects go that name no namespace.
    pub(super) namespace: Option<String>,
    /// Labels and annotations, as text.
    pub(super) metadata: Vec<(&'static str, String)>,
}

/// Both states, seen from one of them.
pub(super) struct Unchanged<'u> {
    other: &'u SourceTree,
    /// What both sides ask for; None while that is found out.
    both: Option<BTreeSet<Asked>>,
    asked: RefCell<BTreeSet<Asked>>,
}

impl<'u> Unchanged<'u> {
    /// `other` is the other side.
    pub(super) fn of(other: &'u SourceTree) -> Self {
        Self { other, both: None, asked: RefCell::default() }
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
    pub(super) fn leaves_out(&self, key: &str, root: &RenderRoot, state: &State<'_>, laid: LaidOver) -> bool {
        let asked = (key.to_owned(), state.name().clone(), root.clone(), laid);
        if let Some(both) = &self.both {
            return both.contains(&asked);
        }
        // A commit is the same on both sides.
        let other = if state.name().is_fixed() { state.tree } else { self.other };
        let is_unchanged = BothStates { state, other }.are_one(root);
        if is_unchanged {
            self.asked.borrow_mut().insert(asked);
        }
        is_unchanged
    }
}

/// A state, and the tree that it is compared with.
struct BothStates<'b> {
    state: &'b State<'b>,
    other: &'b SourceTree,
}

impl BothStates<'_> {
    fn are_one(&self, root: &RenderRoot) -> bool {
        let State { tree, closures, .. } = self.state;
        let mut reach = self.reach(root);
        if let RenderMethod::Kustomize(options) = &root.method {
            for folder in options.resources.iter().chain(&options.components()).chain([&root.folder]) {
                if closures.not_built(folder, tree).is_some() {
                    return false;
                }
                // What it reads is not all named in it.
                if !closures.stays_inside(folder, tree) {
                    reach.extend(
                        closures.kustomizations_of(folder).flat_map(|folder| self.below(&folder)).collect::<Vec<_>>(),
                    );
                }
            }
        }
        let leads = |path: &String| tree.files.get(path).is_some_and(|file| leads_by_text(&file.text));
        reach.iter().all(|path| tree.is_same(self.other, path) && !leads(path))
    }

    /// Every path of either side below a folder.
    fn below(&self, folder: &str) -> Vec<String> {
        let paths = self.state.tree.paths.keys().chain(self.other.paths.keys());
        paths.filter(|path| is_below(path, folder)).cloned().collect()
    }

    /// Every file that rendering the folder may read, on either side.
    fn reach(&self, root: &RenderRoot) -> BTreeSet<String> {
        match &root.method {
            RenderMethod::Kustomize(options) => {
                let components: Vec<String> = options.components();
                let folders = options.resources.iter().chain(&components).chain([&root.folder]);
                folders.flat_map(|folder| self.state.closures.reach(folder)).collect()
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
