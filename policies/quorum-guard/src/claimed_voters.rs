//! Voters that nothing but their claims speaks for, in the words of a refusal that rests on them.
//! Who they are is the domain's.

use rqlite::scaling::ClusterState;

use crate::words;

/// What a refusal says of them.
pub(crate) struct ClaimedVoters {
    /// Behind the numbers: `, where rqlite-3 counts by its claim`.
    pub(crate) message: String,
    /// What to do about them, before any other way.
    pub(crate) remedy: String,
}

impl ClaimedVoters {
    /// None: there are none.
    pub(crate) fn of(cluster: &ClusterState) -> Option<Self> {
        let ids = cluster.ids_of(cluster.claimed());
        (!ids.is_empty()).then(|| {
            let names = words::names(&ids);
            let have = words::verb(&ids, "counts by its claim", "count by their claims");
            let are = words::verb(&ids, "is", "are");
            ClaimedVoters {
                message: format!(", where {names} {have}"),
                remedy: format!("verify in `/nodes` that {names} {are} removed, then delete the claims; else "),
            }
        })
    }
}
