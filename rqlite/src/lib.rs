//! What rqlite on Kubernetes *is*: rqlited's flags, the ways a container launches it, quorum arithmetic, membership and change.
//! Knows nothing of what is allowed (that is `policies/`), and does no IO: no clock, no environment, no async, no client.
//!
//! ```text
//! StatefulSet ── manifest ── launch ── flag ──┐
//!                 (image)    version          ├─ cluster::RqliteSet ─┐
//!                                             │                      ├─ change ── scaling ── quorum
//! /nodes, pods, claims, time ── membership, running, facts ──────────┘
//! ```
//!
//! Reading a manifest is behind the feature `recognition`: a policy is told what was read (`reading`), and only reckons with it.
//!
//! `dependencies` tells which other objects of the namespace a set cannot do without.
//!
//! ```
//! use rqlite::change::OrdinalChange;
//! use rqlite::cluster::RqliteSet;
//! use rqlite::facts::Facts;
//! use rqlite::scaling::{ClusterState, CurrentState, DataLocation, NextStep, ScaleDown};
//!
//! let set = serde_json::from_str(r#"{"metadata": {"name": "db"}, "spec": {"replicas": 5, "template": {"spec": {
//!     "containers": [{"image": "rqlite/rqlite:10.2.7", "args": ["-disco-mode=dns", "-bootstrap-expect=5"]}]}}}}"#)?;
//! let rqlite = RqliteSet::detect(&set).expect("the image is rqlite's own");
//!
//! // Five voters become two at once, and of the cluster nothing but that is known.
//! let (change, facts) = (OrdinalChange::of_scale(&set, 5, 2), Facts::default());
//! let current = CurrentState::new(&set, Some(&rqlite), change.old.clone(), DataLocation::of(&set, &rqlite), &facts);
//! let cluster = ClusterState::of(&current);
//! assert!(!ScaleDown::of(&cluster, &change.leaving()).allowed());
//!
//! // Three of the five are the quorum.
//! let NextStep::ScaleThenRemove { target, remove } = NextStep::down(&cluster, &change) else { panic!("it can go down") };
//! assert_eq!((target, remove.named), (3, vec!["db-3".to_owned(), "db-4".to_owned()]));
//! # Ok::<(), serde_json::Error>(())
//! ```

#![deny(missing_docs, rustdoc::broken_intra_doc_links)]

pub mod bootstrap;
pub mod candidate;
pub mod cluster;
pub mod discovery;
pub mod facts;
pub mod flag;
pub mod flag_table;
pub mod image;
pub mod launch;
pub mod reading;
pub mod role;
#[cfg(feature = "recognition")]
pub mod running;
pub mod secret;
pub mod shutdown;
pub mod startup;
pub mod storage;
pub mod value;
pub mod version;

pub mod change;
pub mod dependencies;
pub mod membership;
pub mod quorum;
pub mod reduction;
pub mod rollout;
pub mod scaling;
