//! Where reservations are kept so that all replicas see them: slots, each written only by whoever knows its last version.
//! Keeps nothing itself.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

/// Sets share a slot by their names' hash: one for all would make every admission wait for every other, one for each cannot be, as a right
/// to create objects is a right to create any. Every version of Quorate has the same number, or two would not see each other's.
pub const SLOTS: usize = 16;

/// A slot as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSlot {
    /// Opaque; another one for each write.
    pub version: String,
    /// JSON texts, by the key of the request that wrote them.
    pub entries: BTreeMap<String, String>,
}

/// How a write ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteResult {
    Stored(StoredSlot),
    /// Somebody else has written it since that version.
    Conflict,
}

/// Why a slot could not be read or written, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct StoreError {
    /// One line: `ConfigMap quorate-system/quorate-reservations-3: not found`.
    pub why: String,
    pub remedy: String,
}

pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Keeps the slots. `slot` is below [`SLOTS`].
pub trait ReservationStore: Send + Sync {
    fn read(&self, slot: usize) -> StoreFuture<'_, StoredSlot>;

    /// Makes the entries these, if the slot still is as it was read.
    fn write<'a>(
        &'a self,
        slot: usize,
        read: &'a StoredSlot,
        entries: &'a BTreeMap<String, String>,
    ) -> StoreFuture<'a, WriteResult>;
}
