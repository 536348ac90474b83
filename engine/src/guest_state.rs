//! What a running guest can reach: its memory limit, the facts, the log. Nothing else.
//! Does not decide what is granted; loading links only that.

use std::sync::Arc;

use thiserror::Error;
use wasmtime::ResourceLimiter;

use crate::wit::quorate::policy::log;
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

/// The store's data of one call.
pub(crate) struct GuestState {
    policy: Arc<str>,
    uid: String,
    facts: String,
    memory_bytes: usize,
    refused_memory: bool,
    log_lines: usize,
}

impl GuestState {
    pub(crate) fn new(policy: Arc<str>, uid: &str, facts: &str, memory_bytes: usize) -> Self {
        Self { policy, uid: uid.to_owned(), facts: facts.to_owned(), memory_bytes, refused_memory: false, log_lines: 0 }
    }

    pub(crate) fn facts(&self) -> &str {
        &self.facts
    }

    pub(crate) fn was_refused_memory(&self) -> bool {
        self.refused_memory
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

impl log::Host for GuestState {
    fn write(&mut self, severity: log::Severity, message: String) {
        self.log_lines += 1;
        if self.log_lines > MAX_LOG_LINES {
            return;
        }
        let message = one_line(&message, MAX_LOG_LINE);
        let (policy, uid) = (self.policy.as_ref(), self.uid.as_str());
        match severity {
            log::Severity::Debug => tracing::debug!(target: "policy", policy, uid, "{message}"),
            log::Severity::Info => tracing::info!(target: "policy", policy, uid, "{message}"),
            log::Severity::Warn => tracing::warn!(target: "policy", policy, uid, "{message}"),
            log::Severity::Error => tracing::error!(target: "policy", policy, uid, "{message}"),
        }
    }
}
