//! What is wrong with a manifest: one line for each problem, with its place.
//! Does not find problems.

use std::cell::RefCell;
use std::fmt;

use thiserror::Error;

use crate::{CONTRACT, MANIFEST};

/// Most problems that are told of one manifest.
const MAX_PROBLEMS: usize = 10;

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It is not read at all.
    #[error("the manifest has {bytes} bytes, at most {max} are read", max = crate::MAX_MANIFEST_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It is not JSON, or nests too deeply for any manifest.
    #[error("the manifest is not JSON: {what}")]
    NotJson {
        /// What and where, by line and column.
        what: String,
    },
    /// Two readers could see two different manifests.
    #[error("the manifest has a key twice: {what}")]
    DuplicateKey {
        /// Which key, and where.
        what: String,
    },
    /// It is written for another host.
    #[error(
        "`manifest` is {found}, and this host (contract {CONTRACT}) reads manifest {MANIFEST} only; \
         use a Quorate that knows it, or build the policy for contract {CONTRACT}"
    )]
    OtherVersion {
        /// What stands there.
        found: String,
    },
    /// It is read, and something in it is wrong.
    #[error("{}", lines(problems, *more))]
    Invalid {
        /// The first ones, in the order of reading.
        problems: Vec<ManifestProblem>,
        /// How many others there are.
        more: usize,
    },
}

/// One thing wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestProblem {
    /// JSON pointer into the manifest; empty for the whole.
    pub pointer: String,
    /// One line, with the place in it.
    pub message: String,
}

impl fmt::Display for ManifestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

fn lines(problems: &[ManifestProblem], more: usize) -> String {
    let mut lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}

/// Collects problems while a manifest is read.
#[derive(Debug, Default)]
pub(crate) struct Problems(RefCell<Found>);

#[derive(Debug, Default)]
struct Found {
    first: Vec<ManifestProblem>,
    more: usize,
}

impl Problems {
    /// One more; beyond the first ten they are only counted.
    pub(crate) fn add(&self, pointer: &str, message: impl FnOnce() -> String) {
        let mut found = self.0.borrow_mut();
        if found.first.len() < MAX_PROBLEMS {
            found.first.push(ManifestProblem { pointer: pointer.to_owned(), message: message() });
        } else {
            found.more += 1;
        }
    }

    /// The error, if there is any problem.
    pub(crate) fn into_error(self) -> Option<ManifestError> {
        let Found { first: problems, more } = self.0.into_inner();
        (!problems.is_empty()).then_some(ManifestError::Invalid { problems, more })
    }
}
