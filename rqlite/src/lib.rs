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
//! `needs` tells which other objects of the namespace a set cannot do without.

pub mod bootstrap;
pub mod candidate;
pub mod cluster;
pub mod discovery;
pub mod facts;
pub mod flag;
pub mod flag_table;
pub mod image;
pub mod launch;
pub mod role;
pub mod running;
pub mod secret;
pub mod shutdown;
pub mod startup;
pub mod storage;
pub mod value;
pub mod version;

pub mod change;
pub mod membership;
pub mod needs;
pub mod quorum;
pub mod reduction;
pub mod rollout;
pub mod scaling;
