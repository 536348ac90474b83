//! The data of a store: the call that it serves, the limit of its memory, its lines in the log.
//! Does not decide what is granted; loading links only that.

use std::sync::Arc;

use thiserror::Error;
use wasmtime::ResourceLimiter;

use crate::host::CallContext;
use crate::wit::log::Severity;
use kubernetes::text::one_line;

/// Longest line that a guest writes to the log, in bytes.
const MAX_LOG_LINE: usize = 1 << 10;
/// Lines that one call may log.
const MAX_LOG_LINES: usize = 32;
/// Elements of one table; a Rust guest of 100 kB has some hundreds.
const MAX_TABLE: usize = 20_000;

/// Stops a guest whose CPU time is used up.
#[derive(Debug, Error)]
#[error("out of time")]
pub(crate) struct OutOfTime;

/// Whether what a guest logs is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    Kept,
    Dropped,
}

/// The store's data of one call.
pub(crate) struct GuestState {
    policy: Arc<str>,
    uid: String,
    pub(crate) call: CallContext,
    log: Log,
    memory_bytes: usize,
    refused_memory: bool,
    log_lines: usize,
}

impl GuestState {
    pub(crate) fn new(policy: Arc<str>, uid: &str, call: CallContext, memory_bytes: usize, log: Log) -> Self {
        Self { policy, uid: uid.to_owned(), call, log, memory_bytes, refused_memory: false, log_lines: 0 }
    }

    pub(crate) fn was_refused_memory(&self) -> bool {
        self.refused_memory
    }

    /// A line of the guest in the host's log, with the policy's name and the request's uid.
    pub(crate) fn write_log(&mut self, severity: Severity, message: &str) {
        self.log_lines += 1;
        if self.log == Log::Dropped || self.log_lines > MAX_LOG_LINES {
            return;
        }
        let message = one_line(message, MAX_LOG_LINE);
        let (policy, uid) = (self.policy.as_ref(), self.uid.as_str());
        match severity {
            Severity::Debug => tracing::debug!(target: "policy", policy, uid, "{message}"),
            Severity::Info => tracing::info!(target: "policy", policy, uid, "{message}"),
            Severity::Warn => tracing::warn!(target: "policy", policy, uid, "{message}"),
            Severity::Error => tracing::error!(target: "policy", policy, uid, "{message}"),
        }
    }
}

impl ResourceLimiter for GuestState {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let fits = desired <= self.memory_bytes;
        self.refused_memory |= !fits;
        Ok(fits)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE)
    }
}
