//! A request that the API server carries through everything but the storing of it: what it answers, and what it warns of.

use http_body_util::BodyExt;
use kube::client::Body;
use kube::{Client, Error};

/// The API server's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRun {
    /// HTTP status.
    pub code: u16,
    /// Of a refusal; empty otherwise.
    pub message: String,
    /// Texts of its `Warning` headers.
    pub warnings: Vec<String>,
}

impl DryRun {
    /// Sends a request, which must itself say `dryRun=All`.
    pub(crate) async fn send(client: &Client, request: axum::http::Request<Vec<u8>>) -> Result<Self, Error> {
        let response = client.send(request.map(Body::from)).await?;
        let code = response.status().as_u16();
        let headers = response.headers().get_all("warning").iter();
        let warnings = headers.filter_map(|value| value.to_str().ok().map(text)).collect();
        let bytes = response.into_body().collect().await?.to_bytes();
        let answer: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let message = answer.get("message").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        Ok(Self { code, message, warnings })
    }
}

/// `299 - "text"` (RFC 7234, section 5.5), with its quotes escaped.
fn text(header: &str) -> String {
    let quoted = header.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"')).map(|(quoted, _)| quoted);
    quoted.map_or_else(|| header.to_owned(), |quoted| quoted.replace("\\\"", "\"").replace("\\\\", "\\"))
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_warning_is_the_text_in_its_quotes() {
        assert_eq!(text(r#"299 - "replicas 3 -> 2 leaves \"2\"""#), r#"replicas 3 -> 2 leaves "2""#);
        assert_eq!(text("bare"), "bare");
    }
}
