//! What was known of a cluster's rqlite sets at one moment: each set as it ran, and its facts (docs/facts.md). Read by `check
//! --snapshot`, written by `quorate snapshot save`. Holds no Secret: none is ever read.
//! Does not fetch anything, and does not evaluate.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, ensure};
use kubernetes::request::RequestKind;
use quorate_document::Document;
use rqlite::facts::{Facts, FactsError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::apply::applied;
use super::object::{Object, ObjectId};
use crate::input;

/// The version of the format that this build reads and writes.
const VERSION: u64 = 1;

/// What the clocks of two computers may differ by.
const MAX_CLOCK_SKEW: Duration = Duration::minutes(5);

/// Where kubectl keeps a second copy of the object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    version: u64,
    /// What is known of the sets is so old.
    #[serde(with = "time::serde::rfc3339")]
    taken: OffsetDateTime,
    /// By `namespace/name`.
    sets: BTreeMap<String, RunningSet>,
}

/// A set as it runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunningSet {
    pub(crate) object: Value,
    /// Version 1 of the facts format.
    facts: Value,
}

impl Snapshot {
    /// Of nothing yet.
    pub fn new(taken: OffsetDateTime) -> Self {
        Self { version: VERSION, taken, sets: BTreeMap::new() }
    }

    /// As it is `now`: what was seen then has aged.
    pub(crate) fn read(path: &Path, now: OffsetDateTime) -> anyhow::Result<Self> {
        let shown = || format!("--snapshot {}", path.display());
        let mut snapshot: Self =
            serde_json::from_str(&input::read_text(path).with_context(shown)?).with_context(shown)?;
        let version = snapshot.version;
        ensure!(version == VERSION, "{}: version {version} is not known, this build reads {VERSION}", shown());
        ensure!(
            snapshot.taken <= now + MAX_CLOCK_SKEW,
            "{}: it was taken at {}, which is still to come; look at both clocks, or record it anew",
            shown(),
            snapshot.taken
        );
        let age = u64::try_from((now - snapshot.taken).whole_milliseconds()).unwrap_or(0);
        for (name, set) in &mut snapshot.sets {
            let facts = Facts::parse(&set.facts.to_string()).with_context(|| format!("{}: {name}", shown()))?;
            set.facts = serde_json::from_str(&facts.aged(age).to_json()?)?;
        }
        Ok(snapshot)
    }

    /// As JSON.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(path, format!("{text}\n")).with_context(|| path.display().to_string())
    }

    /// How many sets it has.
    pub fn sets(&self) -> usize {
        self.sets.len()
    }

    /// Adds a set as it was seen. Its facts' own time is left out: whoever evaluates with them has a clock.
    pub fn add(&mut self, namespace: &str, name: &str, object: &Document, facts: Facts) -> anyhow::Result<()> {
        let mut object: Value = object.decode()?;
        if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
            annotations.remove(LAST_APPLIED);
        }
        let facts = serde_json::from_str(&Facts { now: None, ..facts }.to_json()?)?;
        self.sets.insert(format!("{namespace}/{name}"), RunningSet { object, facts });
        Ok(())
    }

    pub(super) fn of(&self, id: &ObjectId) -> Option<&RunningSet> {
        let is_set = id.request_kind() == RequestKind::StatefulSet;
        let namespace = id.namespace.as_deref().filter(|_| is_set)?;
        self.sets.get(&format!("{namespace}/{}", id.name))
    }
}

impl RunningSet {
    pub(super) fn facts(&self) -> Result<Facts, FactsError> {
        Facts::parse(&self.facts.to_string())
    }

    /// What runs after the manifest has been applied over it: what `base` had and `head` has not goes, what others put there stays.
    pub(super) fn after(&self, base: Option<&Object>, head: &Object) -> Value {
        let mut object = self.object.clone();
        for field in ["spec", "metadata"] {
            let of = |object: &Value| object.get(field).cloned().unwrap_or_default();
            let before = base.map(|base| of(&base.value)).unwrap_or_default();
            let applied = applied(&before, &of(&head.value), of(&self.object));
            if let Some(object) = object.as_object_mut() {
                object.insert(field.to_owned(), applied);
            }
        }
        object
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use kubernetes::object::indexed;

    use super::*;

    #[test]
    fn a_snapshot_keeps_no_second_copy_and_one_time() {
        let object =
            json!({"metadata": {"name": "rq", "managedFields": [1], "annotations": {LAST_APPLIED: "{}", "a": "b"}}});
        let mut snapshot = Snapshot::new(datetime!(2026-11-22 10:00:01 UTC));
        let facts = Facts { now: Some("2026-11-22T10:00:00Z".to_owned()), ..Facts::default() };
        snapshot.add("db", "rq", &indexed(&object.to_string()).unwrap(), facts).unwrap();
        let text = serde_json::to_string(&snapshot).unwrap();
        assert_eq!(
            text,
            r#"{"version":1,"taken":"2026-11-22T10:00:01Z","sets":{"db/rq":{"object":{"metadata":{"annotations":{"a":"b"},"name":"rq"}},"facts":{"version":1}}}}"#
        );
    }
}
