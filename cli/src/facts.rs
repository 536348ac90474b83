//! `--facts`: the facts of an offline review, from a file; without one nothing is known but the time.
//! What they say is for the policies.

use std::path::Path;

use quorate_facts::{NOTHING_KNOWN, RecordedFacts};
use time::OffsetDateTime;

use quorate_check::input::{self, InputReadError};

/// `--facts` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FactsFileError {
    #[error(transparent)]
    Unreadable(#[from] InputReadError),
    #[error(transparent)]
    Unusable(#[from] quorate_facts::UnusableFacts),
}

/// A recorded time stands, so that a replay gives the same verdict; else it is `now`.
pub(crate) fn facts(file: Option<&Path>, now: OffsetDateTime) -> Result<RecordedFacts, FactsFileError> {
    let recorded = match file {
        Some(file) => input::read_text(file)?,
        None => NOTHING_KNOWN.to_owned(),
    };
    Ok(RecordedFacts::parse(&recorded, now)?)
}
