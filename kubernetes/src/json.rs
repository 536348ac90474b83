//! A JSON string borrowed from its text wherever it holds no escapes.
//! Knows nothing of what the string is for.

use std::borrow::Cow;

use serde::Deserialize;

/// serde borrows a `Cow` only where it is a field by itself, not as a map's key or inside an `Option`.
#[derive(Debug, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);
