//! The webhook's routes, called directly: no socket, no TLS.
//! What a policy decides is tested with the policy; here it is how a verdict, or a broken request, is answered.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot be set up fails")]

mod failures;
mod operations;
mod support;
mod transport;
mod verdicts;
