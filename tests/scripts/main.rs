//! Policies in JavaScript and Python, built by the scripts of their SDKs and run in the engine.
//! Needs what `tools.sh` installs, and says SKIPPED where that is not there.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

mod build;
mod examples;
mod missing;
mod mistakes;
mod values;
