//! The webhook on real sockets of the loopback: TLS, both HTTP versions, hostile clients, starting and stopping.
//! What is answered to which request is tested without sockets, in `router`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up fails"
)]

mod callers;
mod certificate;
mod crowded;
mod hostile;
mod memory;
mod protocols;
mod running;
mod stopping;
