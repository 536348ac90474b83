//! Commands come to their cluster as kubectl does: by the kubeconfig, its credentials, and the proxies between. The API server and the
//! proxies are played here, on loopback.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod api;
mod clusters;
mod credentials;
mod doctor;
mod pki;
mod plugins;
mod proxies;
mod proxy;
mod support;
