//! Other objects of the cluster, as the host's caches have them. A capability.

use crate::document::Document;
use crate::host::{Host, HostRef};
use crate::lookup::LookupError;

/// Reads of other objects. Never waits; a policy of a namespace sees its own namespace only.
#[derive(Clone, Copy)]
pub struct Cluster<'h> {
    host: HostRef<'h>,
}

impl<'h> Cluster<'h> {
    pub(crate) fn new(host: HostRef<'h>) -> Self {
        Cluster { host }
    }

    /// One object. `None`: it does not exist.
    ///
    /// # Errors
    /// When it is not known whether it exists.
    pub fn get(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Document<'h>>, LookupError> {
        let answer = self.host.cluster_get(api_version, kind, namespace, name);
        let found = LookupError::separate(answer, || [kind, " ", namespace.unwrap_or(""), "/", name].concat())?;
        Ok(found.map(|id| Document::new(self.host, id)))
    }

    /// All objects that a label selector matches: `app=web,tier!=cache`; the empty one matches all.
    ///
    /// # Errors
    /// When they are not known, or too many. There is never a part of them.
    pub fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<Document<'h>>, LookupError> {
        let answer = self.host.cluster_list(api_version, kind, namespace, selector);
        let found = LookupError::separate(answer, || [kind, " by `", selector, "`"].concat())?;
        Ok(Document::list(self.host, found.unwrap_or_default()))
    }
}
