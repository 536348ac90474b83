//! `--facts`: the facts of an offline review, from a file; without one nothing is known but the time.
//! What they say is for the policies.

use std::path::Path;

use quorate_facts::{NOTHING_KNOWN, Recorded};
use time::OffsetDateTime;

use quorate_check::document::{self, DocumentError};

/// `--facts` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnusableFacts {
    #[error(transparent)]
    Unreadable(#[from] DocumentError),
    #[error(transparent)]
    Unusable(#[from] quorate_facts::UnusableFacts),
}

/// A recorded time stands, so that a replay gives the same verdict; else it is `now`.
pub(crate) fn facts(file: Option<&Path>, now: OffsetDateTime) -> Result<Recorded, UnusableFacts> {
    let recorded = match file {
        Some(file) => document::read_text(file)?,
        None => NOTHING_KNOWN.to_owned(),
    };
    Ok(Recorded::parse(&recorded, now)?)
}
