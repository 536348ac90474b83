//! What a guest may ask of the host and tell it in one call: the contract's imports in plain Rust, bounded and counted.
//! Knows no wasm; `bindings` hands the guest's calls on, and a policy that runs natively makes the same calls.

mod answer;
mod bindings;
mod documents;
mod misuse;
#[cfg(test)]
mod tests;
mod value;

use std::sync::Arc;

use kubernetes::admission::Request;
use quorate_contract::Manifest;
use quorate_document::{Edits, Limits};

pub(crate) use self::answer::NOT_JUDGED;
pub use self::answer::{FindingId, GuestAnswer, GuestFinding};
pub use self::documents::{DocumentId, Found, Missing};
pub use self::misuse::Misuse;
pub use self::value::Value;
use crate::binding::PolicyLimits;
use crate::provider::Prepared;

/// What the bindings call a document.
pub struct DocumentHandle;

/// What the bindings call a finding.
pub struct FindingHandle;

/// Bytes that the host may hand to a guest in one call: an object of 3 MiB and the old one ten times over.
const MAX_HANDED_BYTES: usize = 64 << 20;

/// Handles that one call may be given, dropped ones included: 5,000 findings, each from ten documents.
const MAX_HANDLES: usize = 50_000;

/// Steps of all comparisons in one call, some nanoseconds each: as one list of edits may take.
const MAX_COMPARISON: u64 = Limits::DEFAULT.work;

/// Longest pointer, pattern or image reference that is looked at, in bytes.
const MAX_SPOKEN: usize = 64 << 10;

/// Which export of the guest runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// `guest.manifest`.
    Manifest,
    /// `guest.configure`.
    Configure,
    /// `mutator.mutate`.
    Mutate,
    /// `validator.validate`.
    Validate,
}

impl Stage {
    /// As the contract calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Configure => "configure",
            Self::Mutate => "mutate",
            Self::Validate => "validate",
        }
    }
}

/// What one call is about.
#[derive(Debug, Clone)]
pub struct CallInputs {
    /// The request as this policy sees it.
    pub request: Arc<Request>,
    /// What is known beside it.
    pub prepared: Arc<Prepared>,
    /// What the policy asks for by name.
    pub manifest: Arc<Manifest>,
}

/// One call of a guest.
#[derive(Debug)]
pub struct CallContext {
    stage: Stage,
    /// None while nothing is under review.
    inputs: Option<CallInputs>,
    limits: PolicyLimits,
    opened: documents::Opened,
    answer: answer::Said,
    edits: Edits,
    handed_bytes: usize,
    handles: usize,
    /// Steps that are left for comparisons.
    work: u64,
}

impl CallContext {
    /// A call of `manifest` or `configure`: every import but `log` traps.
    pub fn without_request(stage: Stage, limits: PolicyLimits) -> Self {
        Self::new(stage, None, limits)
    }

    /// A call about a request; `configure` comes first in each instance.
    pub fn of(inputs: CallInputs, limits: PolicyLimits) -> Self {
        Self::new(Stage::Configure, Some(inputs), limits)
    }

    fn new(stage: Stage, inputs: Option<CallInputs>, limits: PolicyLimits) -> Self {
        Self {
            stage,
            inputs,
            limits,
            opened: documents::Opened::default(),
            answer: answer::Said::default(),
            edits: Edits::new(&Limits::DEFAULT),
            work: MAX_COMPARISON,
            handed_bytes: 0,
            handles: 0,
        }
    }

    /// The next export runs in the same instance.
    pub fn enter(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// What the guest found, and its edits.
    pub fn into_answer(self) -> (GuestAnswer, Edits) {
        (self.answer.into_answer(), self.edits)
    }

    /// What is under review.
    fn inputs(&self, function: &'static str) -> Result<&CallInputs, Misuse> {
        match (self.stage, &self.inputs) {
            (Stage::Mutate | Stage::Validate, Some(inputs)) => Ok(inputs),
            (stage, _) => Err(Misuse::too_early(function, stage)),
        }
    }

    /// The request under review.
    ///
    /// # Errors
    /// In `manifest` and `configure`.
    pub fn request(&self, function: &'static str) -> Result<&Request, Misuse> {
        self.inputs(function).map(|inputs| inputs.request.as_ref())
    }

    /// Milliseconds since 1970 at which the request arrived.
    ///
    /// # Errors
    /// In `manifest` and `configure`, and where the record of a request has no time.
    pub fn now(&self) -> Result<u64, Misuse> {
        let now = self.inputs("time.now")?.prepared.now;
        let milliseconds = now.and_then(|now| u64::try_from(now.unix_timestamp_nanos() / 1_000_000).ok());
        milliseconds
            .ok_or_else(|| Misuse::new("time.now", "the time of this request is not recorded; give one as `now`"))
    }

    /// Where edits go.
    ///
    /// # Errors
    /// Outside of `mutate`.
    fn edits(&mut self, function: &'static str) -> Result<&mut Edits, Misuse> {
        if self.stage == Stage::Mutate {
            Ok(&mut self.edits)
        } else {
            Err(Misuse::new(function, "edits are made in `mutate` alone"))
        }
    }

    /// `edits.set`.
    ///
    /// # Errors
    /// Outside of `mutate`, when `pointer` is none or `json` is no JSON, and when there are too many edits.
    pub fn set(&mut self, pointer: &str, json: &str) -> Result<(), Misuse> {
        let function = "edits.set";
        self.edits(function)?.set(pointer, json).map_err(|error| Misuse::new(function, error))
    }

    /// `edits.set-text`.
    ///
    /// # Errors
    /// As [`CallContext::set`].
    pub fn set_text(&mut self, pointer: &str, text: &str) -> Result<(), Misuse> {
        let function = "edits.set-text";
        self.edits(function)?.set_text(pointer, text).map_err(|error| Misuse::new(function, error))
    }

    /// `edits.append`.
    ///
    /// # Errors
    /// As [`CallContext::set`].
    pub fn append(&mut self, pointer: &str, json: &str) -> Result<(), Misuse> {
        let function = "edits.append";
        self.edits(function)?.append(pointer, json).map_err(|error| Misuse::new(function, error))
    }

    /// `edits.remove`.
    ///
    /// # Errors
    /// As [`CallContext::set`].
    pub fn remove(&mut self, pointer: &str) -> Result<(), Misuse> {
        let function = "edits.remove";
        self.edits(function)?.remove(pointer).map_err(|error| Misuse::new(function, error))
    }

    /// `edits.patch`.
    ///
    /// # Errors
    /// As [`CallContext::set`], and when it is no RFC 6902 patch.
    pub fn patch(&mut self, rfc6902: &str) -> Result<(), Misuse> {
        let function = "edits.patch";
        self.edits(function)?.patch(rfc6902).map_err(|error| Misuse::new(function, error))
    }

    /// A text goes to the guest.
    fn hand(&mut self, function: &'static str, bytes: usize) -> Result<(), Misuse> {
        self.handed_bytes = self.handed_bytes.saturating_add(bytes);
        if self.handed_bytes > MAX_HANDED_BYTES {
            return Err(Misuse::new(function, format!("one call is given at most {MAX_HANDED_BYTES} bytes")));
        }
        Ok(())
    }

    /// Handles go to the guest.
    fn hand_handles(&mut self, function: &'static str, count: usize) -> Result<(), Misuse> {
        self.handles = self.handles.saturating_add(count);
        if self.handles > MAX_HANDLES {
            return Err(Misuse::new(function, format!("one call is given at most {MAX_HANDLES} handles")));
        }
        Ok(())
    }
}
