//! The client side of Kubernetes: what is read of the cluster, the few objects that are kept there, and what the API server is told.
//! Evaluates nothing: policies get objects and facts from here, and nothing else.
//!
//! ```text
//! Cluster::connect ──> Cluster::run
//!    login         where the API server is, as whom it is asked, through which proxy    (every replica)
//!    client        connections that are asked whether they live, requests that end   (every replica)
//!    watch         whether what a watch told may be relied on                          (every replica)
//!    rights        which are missing: a start-up error                                 (every replica)
//!    sets          watch of StatefulSets ─┬─> objects   cache, then one GET            (every replica)
//!                                         └─> known rqlite sets
//!    pods, claims, autoscalers  in watch_cache ────────┐                              (every replica)
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

#![forbid(unsafe_code)]

mod autoscalers;
mod backoff;
mod budget;
mod budgets;
mod certificate;
mod claims;
mod client;
mod comparison;
mod config;
mod content;
mod controller;
mod deleted_objects;
pub mod doctor;
mod dry_run;
mod dry_run_response;
mod entries;
mod evicted_pod;
mod facts;
pub mod inspection;
mod leader;
pub mod limits;
mod login;
mod membership;
mod named_object;
mod objects;
mod owned;
mod owners;
mod pods;
mod quorate_presence;
mod registrar;
pub mod registration;
mod replicas;
mod reservations;
mod rights;
mod running;
mod server_time;
mod sets;
mod single;
mod store;
mod stored;
mod subject;
mod watch;
mod watch_cache;

pub use budget::{BudgetFuture, DisruptionBudget, Labels, NoPods, PodSource};
pub use config::ClusterConfig;
pub use content::RegistrationContent;
pub(crate) use dry_run::DryRunError;
pub(crate) use dry_run_response::DryRunResponse;
pub use login::{Login, LoginError, PluginError};
pub use membership::RqliteAccess;
pub use rights::{Right, ServerUses, missing, rights};
pub use running::{Cluster, ClusterError, Note, OwnCertificate};
pub use store::{ReservationStore, SLOTS, StoreError, StoreFuture, StoredSlot, WriteResult};
