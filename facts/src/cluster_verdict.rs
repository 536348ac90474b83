//! What the cluster's own Quorate says to a change, and who can be asked for it. Changes nothing, and evaluates nothing by itself.

use std::future::Future;
use std::pin::Pin;

use kubernetes::related::Related;
use kubernetes::verdict::{Level, Verdict};
use serde_json::Value;

use crate::dry_run::DryRun;

/// Who answers for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterVerdict {
    /// Quorate, in the cluster: this is what it says.
    Asked { verdict: Verdict, heard: Vec<ClusterFinding> },
    /// The change passes, and no word of Quorate's came with that.
    Silent,
    /// Somebody else refuses the change: another webhook, a quota, the API server itself. What they say.
    Refused(String),
    /// Nobody: there is no Quorate in the cluster.
    Absent,
    /// What it says cannot be learned, and why.
    Unknown(String),
}

/// A finding of the cluster's own Quorate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterFinding {
    /// `<policy>/<rule>`.
    pub rule: String,
    pub level: Level,
    /// One line. Of a warning the remedy is mostly the end of it: warnings are lines of text.
    pub message: String,
    /// What to do, where it was said by itself.
    pub remedy: String,
    /// Kubernetes path; empty where none was named.
    pub field: String,
}

/// An answer that takes its time.
pub type ReviewerFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A cluster whose Quorate can be asked.
pub trait ClusterReviewer {
    /// What it says to this change.
    fn ask<'a>(&'a self, dry_run: &'a DryRun<'a>) -> ReviewerFuture<'a, ClusterVerdict>;

    /// The object that a dry run is about, as it is now.
    fn object<'a>(&'a self, dry_run: &'a DryRun<'a>) -> ReviewerFuture<'a, Related<Value>>;
}
