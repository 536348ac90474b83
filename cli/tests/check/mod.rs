//! `quorate check`, run as a pipeline runs it: two states of a repository in, verdicts, lines and exit codes out.
//! What each rule says is tested with the rules; here stands which requests are made of manifests, and what becomes of the answers.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod at_once;
mod bad_input;
mod changes;
mod deploy;
mod emptied;
mod git;
mod history;
mod hostile;
mod ignore_differences;
mod large;
mod outputs;
mod reading;
mod releases;
mod repository;
mod revisions;
mod shape;
mod snapshot;
mod sourceignore;
mod sources;
mod support;
mod ways;
