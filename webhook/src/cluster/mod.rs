//! The Kubernetes side of the server: what it reads of the cluster, and the few objects that it keeps there.
//! Judges nothing: policies get parents from here, and nothing else.
//!
//! ```text
//! Cluster::connect ──> Cluster::run
//!    rights        which are missing: a start-up error                                 (every replica)
//!    sets          watch of StatefulSets ─┬─> parents   cache, then one GET            (every replica)
//!                                         └─> known rqlite sets
//!    certificate   Secret ──> served certificate                                       (every replica)
//!    leader        Lease                                                               (one replica, from here on)
//!     ├ certificate  the steps of a rotation, `replicas` looks at what is served
//!     └ registrar    `entries` of both webhook configurations: known sets, caBundle
//! ```
//!
//! Every write names the version that it was made from: two leaders at once cannot undo each other.

mod certificate;
mod config;
mod content;
pub mod doctor;
mod entries;
mod leader;
mod pace;
mod parents;
mod registrar;
mod replicas;
mod rights;
mod running;
mod sets;
mod stored;
mod watched;

pub use config::ClusterConfig;
pub use content::Content;
pub use rights::{Right, Uses, missing, rights};
pub use running::{Cluster, ClusterError, OwnCertificate};
