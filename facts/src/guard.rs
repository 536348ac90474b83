//! What the cluster's own Quorate says to a change, and who can be asked for it. Changes nothing, and judges nothing by itself.

use std::future::Future;
use std::pin::Pin;

use kubernetes::related::Related;
use kubernetes::verdict::{Level, Verdict};
use serde_json::Value;

use crate::trial::Trial;

/// Who answers for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// Quorate, in the cluster: this is what it says.
    Asked { verdict: Verdict, heard: Vec<Heard> },
    /// The change passes, and no word of Quorate's came with that.
    Silent,
    /// Somebody else refuses the change: another webhook, a quota, the API server itself. What they say.
    Refused(String),
    /// Nobody: there is no Quorate in the cluster.
    Absent,
    /// What it says cannot be learned, and why.
    Unseen(String),
}

/// A finding of the cluster's own Quorate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
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
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A cluster whose Quorate can be asked.
pub trait Guardian {
    /// What it says to this change.
    fn ask<'a>(&'a self, trial: &'a Trial<'a>) -> Answer<'a, Guard>;

    /// The object that a trial is about, as it is now.
    fn object<'a>(&'a self, trial: &'a Trial<'a>) -> Answer<'a, Related<Value>>;
}
