//! The API server's clock: a certificate's times are held against it, so that they are made by it too. A replica whose own clock is months ahead
//! would else take a good certificate for one that has run out, and write one that is not valid yet.

use std::time::Duration;

use http::{HeaderMap, Request, header};
use kube::client::Body;
use kube::{Client, Error};
use time::OffsetDateTime;
use tracing::warn;

use quorate_facts::Clock;

/// By which clocks may differ without a word.
const USUAL: Duration = Duration::from_secs(300);

/// What the API server's clock shows, to the second; what `own` shows where it does not say.
///
/// # Errors
/// No answer.
pub(crate) async fn now(client: &Client, own: Clock) -> Result<OffsetDateTime, Error> {
    let request = Request::get("/version").body(Body::empty()).map_err(Error::HttpError)?;
    // Whatever it answers, it tells the time.
    let answer = client.send(request).await?;
    let here = own();
    let there = told(answer.headers()).unwrap_or(here);
    if (here - there).unsigned_abs() > USUAL {
        warn!(%here, %there, "clock differs from the API server's; certificates are made by the API server's");
    }
    Ok(there)
}

fn told(headers: &HeaderMap) -> Option<OffsetDateTime> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    httpdate::parse_http_date(date).ok().map(OffsetDateTime::from)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::Response;
    use time::macros::datetime;
    use tower::service_fn;

    use super::*;

    async fn asked(date: &'static str) -> OffsetDateTime {
        let service = service_fn(move |_: Request<Body>| async move {
            let response = Response::builder().status(403).header(header::DATE, date);
            Ok::<_, Infallible>(response.body(Body::empty()).unwrap())
        });
        now(&Client::new(service, "default"), || datetime!(2030-01-01 00:00 UTC)).await.unwrap()
    }

    #[tokio::test]
    async fn the_api_server_tells_the_time() {
        assert_eq!(asked("Mon, 30 Nov 2026 10:00:00 GMT").await, datetime!(2026-11-30 10:00 UTC));
        assert_eq!(asked("soon").await, datetime!(2030-01-01 00:00 UTC));
    }
}
