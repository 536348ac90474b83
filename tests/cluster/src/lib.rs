//! A real Kubernetes control plane for tests, and what a test does with it. Holds no assertion about a verdict of Quorate's.
//!
//! ```text
//! ControlPlane ─ binaries · credentials · launch   what is started, and how
//!      │         process ─ watchdog                 started, paused, ended; nothing outlives the test
//!      │         background ─ node_agent            no kubelet here: binds Pods, readies them, confirms their end
//!      │                    │    └─ rqlited         where a test asks for it: real database nodes behind Pods of rqlite
//!      │                    ─ services              the API server's calls to Services, carried to the test's processes
//!      ├─ forwarder, front                          between a replica and the API server: silent, late, lossy, refusing
//!      ├─ Namespace ─ Cluster ─ Watch               one per test; a cluster of real nodes with rows in it; who answers meanwhile
//!      └─ Kubectl, Helm                             as a user runs them
//! ```
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up fails")]
#![expect(clippy::print_stderr, reason = "a test says where it keeps its state")]
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

mod background;
mod binaries;
mod cluster;
mod control_plane;
mod credentials;
pub mod evidence;
mod forwarder;
mod front;
mod http;
pub mod isolation;
mod kube_client;
mod kubelet;
mod launch;
mod load;
pub mod manifests;
mod namespace;
mod node_agent;
pub mod page;
mod process;
mod program;
mod quorate;
mod requests;
mod rqlited;
pub mod second_writer;
mod services;
mod shell;
mod tool;
mod unverified;
mod upstream;
mod wait;
mod watch;
mod watchdog;

pub use binaries::environment;
pub use cluster::{Cluster, ROWS, between, ids_in, majors};
pub use control_plane::{Builder, ControlPlane};
pub use forwarder::Forwarder;
pub use front::InterceptingProxy;
pub use kubelet::UNREADY;
pub use load::{Counts, Load};
pub use namespace::{Namespace, TEST_LABEL};
pub use node_agent::{NODES, NodeAgent};
pub use process::Process;
pub use program::binary;
pub use quorate::{Clock, Installer, NAME, Quorate, Replica, SYSTEM, await_nothing_left, chart, manifest};
pub use requests::{ApiRequest, ApiResponse, RequestResult, Requests};
pub use rqlited::{Exit, Level, Member, Rqlite, RqliteNode, Rqlited, Rqliteds, Version, basic};
pub use services::Services;
pub use shell::Shell;
pub use tool::{Helm, Kubectl, Output};
pub use upstream::upstream;
pub use wait::{TIMEOUT, block_on, eventually, within};
pub use watch::{Answering, Watch, WatchSummary};
