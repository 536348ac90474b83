//! The states that sources are read in, beside the side's own: other revisions of the clone, and what Flux makes of a repository. Each is read once.
//! Does not resolve revisions.

use std::cell::OnceCell;
use std::rc::Rc;

use super::flux::ignore::Ignores;
use crate::git::Repository;
use crate::render::{Ground, RenderClosures};
use crate::revisions::{READS, TOO_MANY};
use crate::scan::{KindFilter, ScannedFiles};
use crate::sides::{SideInput, TreeSource};
use crate::state::StateName;
use crate::tree::{Content, SourceTree};

/// At most so many of them are read for a side.
const MOST: usize = 16;

/// At most so many names are told apart: one commit may be asked for by several.
const MOST_NAMES: usize = 256;

/// A state, and what its files hold.
#[derive(Clone, Copy)]
pub(super) struct State<'s> {
    pub(super) ground: Ground<'s>,
    pub(super) tree: &'s SourceTree,
    pub(super) closures: &'s RenderClosures,
    pub(super) read: &'s ScannedFiles<'s>,
}

impl<'s> State<'s> {
    pub(super) fn new(ground: Ground<'s>, read: &'s ScannedFiles<'s>) -> Self {
        Self { ground, tree: &ground.input.tree, closures: ground.closures, read }
    }

    pub(super) fn name(&self) -> &'s StateName {
        self.ground.name
    }
}

/// Room for the trees, which outlive what is read of them.
pub(super) struct Trees {
    names: [OnceCell<StateName>; MOST_NAMES],
    trees: [OnceCell<OtherTree>; MOST],
}

/// Room for what their files hold.
pub(super) struct Contents<'s>([OnceCell<ScannedFiles<'s>>; MOST]);

struct OtherTree {
    name: StateName,
    input: SideInput,
    closures: RenderClosures,
}

impl Trees {
    pub(super) fn new() -> Self {
        Self { names: std::array::from_fn(|_| OnceCell::new()), trees: std::array::from_fn(|_| OnceCell::new()) }
    }

    /// The name, kept as long as the trees are.
    fn name(&self, name: &StateName) -> Option<&StateName> {
        self.names.iter().map(|kept| kept.get_or_init(|| name.clone())).find(|kept| *kept == name)
    }
}

impl Contents<'_> {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| OnceCell::new()))
    }
}

/// All states of a side.
#[derive(Clone, Copy)]
pub(super) struct States<'s> {
    pub(super) own: State<'s>,
    pub(super) clone: Option<&'s Rc<Repository>>,
    pub(super) wanted: KindFilter<'s>,
    pub(super) trees: &'s Trees,
    pub(super) contents: &'s Contents<'s>,
}

impl<'s> States<'s> {
    /// The state of that name.
    ///
    /// # Errors
    /// When it cannot be read, or too many others were.
    pub(super) fn named(&self, name: StateName) -> Result<State<'s>, String> {
        if name == StateName::default() {
            return Ok(self.own);
        }
        let too_many = || format!("reads one of more than {MOST} {TOO_MANY}");
        let name = self.trees.name(&name).ok_or_else(too_many)?;
        for (tree, content) in self.trees.trees.iter().zip(&self.contents.0) {
            if tree.get().is_none() {
                let _ = tree.set(self.read(name.clone())?);
            }
            let Some(OtherTree { input, closures, .. }) = tree.get().filter(|found| found.name.holds_the_same(name))
            else {
                continue;
            };
            let read = content.get_or_init(|| ScannedFiles::of(&input.tree, Some(self.own.read), None, self.wanted));
            return Ok(State::new(Ground { name, input, closures }, read));
        }
        Err(too_many())
    }

    fn read(&self, name: StateName) -> Result<OtherTree, String> {
        let input = match self.clone {
            Some(clone) if name.is_fixed() => {
                let not_whole = |_| format!("{READS} `{}`, which this clone does not have whole", name.revision);
                let mut tree = clone.tree(&name.commit).map_err(not_whole)?;
                tree.share_texts(self.own.tree);
                let (repository, reference) = (Rc::clone(clone), name.commit.clone());
                SideInput { tree, source: TreeSource::Commit { repository, reference } }
            }
            _ => self.own.ground.input.clone(),
        };
        let ignores = Ignores::of(&name.ignores);
        let input = if name.ignores.is_empty() { input } else { input.without(&|path| ignores.leave_out(path)) };
        let is_link = |path: &str| input.tree.paths.get(path) == Some(&Content::Link);
        let input = if name.leaves_links_out { input.clone().without(&is_link) } else { input };
        let closures = RenderClosures::of(&input.tree);
        Ok(OtherTree { name, input, closures })
    }
}
