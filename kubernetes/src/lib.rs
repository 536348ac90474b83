//! The vocabulary of Kubernetes that all of Quorate shares: which request it is, what it is about, what stands behind it, what its
//! objects look like in JSON and what the API server fills in, who asks, and the annotations that speak to Quorate.
//! Pure: no IO, no clock, no async, no client. Knows nothing of rqlite.

pub mod admission;
pub mod annotation;
pub mod break_glass;
pub mod defaults;
pub mod list;
pub mod lookup;
pub mod manifest;
pub mod object;
pub mod refusal;
pub mod related;
pub mod request;
pub mod subject;
pub mod text;
pub mod users;
pub mod verdict;
