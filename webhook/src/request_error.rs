//! Requests that get no review, and the plain HTTP answer that says why.
//! Knows no policy: whatever can be read as a review is answered with one.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kubernetes::admission::EnvelopeError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("no such path; send reviews to /validate or /mutate")]
    NoSuchPath,
    #[error("only POST is served here; send an AdmissionReview")]
    WrongMethod,
    #[error("the content type is {found}, not application/json")]
    WrongContentType { found: String },
    #[error("the body is longer than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("the body broke off")]
    Interrupted,
    #[error("{0}")]
    Envelope(#[from] EnvelopeError),
    #[error("{limit} requests are under way already; try again")]
    Overloaded { limit: usize },
    #[error("the answer could not be written")]
    Unwritable(#[source] serde_json::Error),
}

impl RequestError {
    /// For metrics.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::NoSuchPath => "no-such-path",
            Self::WrongMethod => "wrong-method",
            Self::WrongContentType { .. } => "wrong-content-type",
            Self::TooLarge { .. } => "too-large",
            Self::TooSlow => "too-slow",
            Self::Interrupted => "interrupted",
            Self::Envelope(_) => "bad-envelope",
            Self::Overloaded { .. } => "overloaded",
            Self::Unwritable(_) => "unwritable",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::WrongContentType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Interrupted | Self::Envelope(_) => StatusCode::BAD_REQUEST,
            Self::Overloaded { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unwritable(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// `{"error": "..."}`.
impl IntoResponse for RequestError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": self.to_string() }).to_string();
        let json = HeaderValue::from_static("application/json");
        let mut response = (self.status(), [(header::CONTENT_TYPE, json)], body).into_response();
        let extra = match self {
            Self::WrongMethod => Some((header::ALLOW, "POST")),
            Self::Overloaded { .. } => Some((header::RETRY_AFTER, "1")),
            Self::NoSuchPath
            | Self::WrongContentType { .. }
            | Self::TooLarge { .. }
            | Self::TooSlow
            | Self::Interrupted
            | Self::Envelope(_)
            | Self::Unwritable(_) => None,
        };
        if let Some((name, value)) = extra {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
