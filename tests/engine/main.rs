//! The engine against policies that misbehave, and what it makes of those that do not.
//! May run a compiler for the hostile guest; needs no network, no cluster and no built-in policy.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

mod failures;
mod loading;
mod starved;
mod verdicts;
