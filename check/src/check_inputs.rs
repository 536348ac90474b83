//! What a check is given by whoever runs it: the policies, the cluster, the time.
//! Does no work; what the user asks for is in `options`.

use quorate_engine::PolicySet;
use quorate_facts::ClusterReviewer;
use time::OffsetDateTime;
use tokio::runtime::Runtime;

use super::snapshot::Snapshot;

/// What a check is given by whoever runs it.
pub struct CheckInputs<'g> {
    pub policies: PolicySource<'g>,
    /// The cluster, where it is to be asked.
    pub live: Option<LiveCluster<'g>>,
    pub now: OffsetDateTime,
    /// What is to be said of the check itself.
    pub notices: Vec<String>,
    /// Values files of which no leading object of the repository says what they are for.
    pub values: Vec<MappedValues>,
    /// The one on which the cluster was connected to.
    pub runtime: &'g Runtime,
}

/// Values files, and what they are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedValues {
    /// A pattern of paths within the repository; `*` stays in a folder, `**` does not.
    pub files: String,
    pub chart: String,
    /// Empty: any that is at hand.
    pub version: String,
    /// `namespace/name`
    pub release: String,
}

/// The policies that are evaluated.
pub struct PolicySource<'p> {
    /// Called once, when there is something to evaluate: compiling them takes longer than reading a repository.
    pub load: &'p dyn Fn() -> anyhow::Result<PolicySet>,
    /// False: they are the built-in ones, as they are.
    pub are_configured: bool,
}

/// What runs, and who says what the cluster's own Quorate makes of a change.
pub struct LiveCluster<'l> {
    pub reviewer: &'l dyn ClusterReviewer,
    /// Where objects go that name no namespace.
    pub namespace: String,
    pub snapshot: Snapshot,
    /// What of it could not be seen.
    pub not_seen: Vec<String>,
}
