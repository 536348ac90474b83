//! The name of a state that leading objects read: that of the side, another revision of the clone, or one of these without what Flux leaves out.
//! Does not hold its files.

/// Which state a folder is taken from. The side's own has no parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StateName {
    /// The commit of another revision.
    pub(crate) commit: String,
    /// That revision, as its leading object writes it.
    pub(crate) revision: String,
    /// What is left out: the text of each file of patterns, with its folder. The last one decides.
    pub(crate) ignores: Vec<(String, String)>,
    /// Flux packs no symbolic link (source-controller, `storage.Archive`).
    pub(crate) leaves_links_out: bool,
}

impl StateName {
    /// Whether no change of the side's own files changes it.
    pub(crate) fn is_fixed(&self) -> bool {
        !self.commit.is_empty()
    }

    /// Whether the other is the same state, by whatever name its commit goes.
    pub(crate) fn holds_the_same(&self, other: &Self) -> bool {
        self.commit == other.commit && self.ignores == other.ignores && self.leaves_links_out == other.leaves_links_out
    }

    /// How a path of it is told from one of the side's own state.
    pub(crate) fn shown(&self, path: &str) -> String {
        if self.is_fixed() { format!("{path} at {}", self.revision) } else { path.to_owned() }
    }
}
