//! Reads a request's body, as far as it may go: so many bytes, until such a time.
//! Does not look at what the bytes say.

use std::error::Error;

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::HeaderMap;
use hyper::header::CONTENT_LENGTH;
use tokio::time::{Instant, timeout_at};

use crate::request_error::RequestError;

pub(crate) async fn read(headers: &HeaderMap, body: Body, limit: usize, until: Instant) -> Result<Bytes, RequestError> {
    if declared_length(headers).is_some_and(|length| length > limit as u64) {
        return Err(RequestError::TooLarge { limit });
    }
    match timeout_at(until, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if is_over_limit(error.as_ref()) => Err(RequestError::TooLarge { limit }),
        Ok(Err(_)) => Err(RequestError::Interrupted),
        Err(_) => Err(RequestError::TooSlow),
    }
}

/// What is said to be too large is refused before it is sent.
fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_over_limit(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source()).any(|error| error.is::<LengthLimitError>())
}
