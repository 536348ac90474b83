//! The Kubernetes side of the server: what it reads of the cluster, and the few objects that it keeps there.
//! Judges nothing: policies get parents and facts from here, and nothing else.
//!
//! ```text
//! Cluster::connect ──> Cluster::run
//!    login         where the API server is, as whom it is asked, through which proxy    (every replica)
//!    client        connections that are asked whether they live, requests that end   (every replica)
//!    watched       whether what a watch told may be relied on                          (every replica)
//!    rights        which are missing: a start-up error                                 (every replica)
//!    sets          watch of StatefulSets ─┬─> parents   cache, then one GET            (every replica)
//!                                         └─> known rqlite sets
//!    pods, claims, autoscalers  kept by their watches ─┐                              (every replica)
//!    membership    rqlite's nodes, asked per review ───┴─> facts
//!    reservations  ConfigMaps, read and written per review                            (every replica)
//!    certificate   Secret ──> served certificate                                       (every replica)
//!    leader        Lease, `owned` like the Secret where the server makes it             (one replica, from here on)
//!     ├ certificate  the steps of a rotation, `replicas` looks at what is served
//!     ├ reservations  those that have stayed long enough are taken away
//!     └ registrar    `entries` of both webhook configurations: known sets, caBundle; `comparison` with what is there
//! ```
//!
//! Every write names the version that it was made from: two leaders at once cannot undo each other.

mod autoscalers;
mod budgets;
mod certificate;
mod claims;
mod client;
mod comparison;
mod config;
mod content;
mod controller;
pub mod doctor;
#[cfg(test)]
mod documented;
mod dry_run;
mod entries;
mod evicted;
mod facts;
mod gone;
mod guard;
mod kept;
mod leader;
mod login;
mod membership;
mod objects;
mod owned;
mod owners;
mod pace;
mod pods;
mod registrar;
mod replicas;
mod reservations;
mod rights;
mod running;
mod server_time;
mod sets;
mod single;
mod stored;
mod subject;
pub mod survey;
mod trial;
mod watched;

pub use config::ClusterConfig;
pub use content::Content;
pub use dry_run::{Cause, DryRun, Heard};
pub use guard::{Guard, Guarding};
pub use kube::api::PropagationPolicy;
pub use login::{Login, LoginError, PluginError};
pub use membership::RqliteAccess;
pub use rights::{Right, Uses, missing, rights};
pub use running::{Cluster, ClusterError, OwnCertificate};
pub use trial::{Act, Trial, TrialError};
