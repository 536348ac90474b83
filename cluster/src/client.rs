//! The client of the API server: connections that are asked whether they live, requests that end within seconds, retries that are told of.
//! Knows no object.
//!
//! kube's own client speaks HTTP/1.1 alone, waits for an answer without an end, and asks again fifteen times, for minutes and without a
//! word, where the server answers 429, 503 or 504.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Version, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use hyper::body::Body as HttpBody;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ConfigExt};
use kube::config::AuthInfo;
use kube::{Client, Config};
use rustls::pki_types::ServerName;
use tokio::time::{Instant, sleep, timeout_at};
use tower::{BoxError, Service, ServiceBuilder};
use tracing::warn;

use crate::login::{ApiServerTarget, Bearer, CONNECT, LoginError, Route, TargetDescription};

/// For the server: an API server that is well answers within milliseconds, one that is busy lists a page within a second or two.
pub const SERVER_TIMEOUT: Duration = Duration::from_secs(5);
/// For the Lease: two requests renew it, 5 s after the last time, and a holder leads for 11 s (`leader`).
pub const LEASE_TIMEOUT: Duration = Duration::from_secs(3);
/// For a command: other webhooks may take 30 s, the longest `timeoutSeconds`, to judge a dry run.
pub(crate) const COMMAND_TIMEOUT: Duration = Duration::from_secs(35);

/// A connection that says nothing is asked after this time (an HTTP/2 ping),
pub const PING_INTERVAL: Duration = Duration::from_secs(3);
/// and given up when it does not answer within this: all that was asked over it then fails. Together less than `watched::OLD`.
pub const PING_TIMEOUT: Duration = Duration::from_secs(4);
/// Over HTTP/1.1 nothing can be asked on a watch's connection. So it ends after this time, and the next one asks: with the longest that it
/// may take to open no more than `watched::OLD`.
pub const HTTP_1_WATCH: Duration = Duration::from_secs(5);
/// A connection that nobody used for so long may have died: over HTTP/1.1 it is not asked. Longer than between two renewals of the Lease.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// HTTP/2: what may come before it is read; a page of a list is some megabytes.
const STREAM_WINDOW: u32 = 2 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;

/// A client whose requests end within `limit`, watches apart, which begin within it.
pub(crate) fn connect(target: &ApiServerTarget, limit: Duration) -> Result<Client, LoginError> {
    // An error says that there is one already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let unusable = |error| LoginError::Unusable(Box::new(error));
    let config = target.config();
    let http: HttpClient<_, Body> = HttpClient::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keep_alive_interval(PING_INTERVAL)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .http2_keep_alive_while_idle(true)
        .build(connector(target, &config)?);
    let requester =
        Requester { bearer: target.bearer.clone(), description: Some(Arc::new(target.description.clone())) };
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer_fn(|service| Bounded { service, limit, requester: requester.clone() })
        .option_layer(config.auth_layer().map_err(unusable)?)
        .layer(config.extra_headers_layer().map_err(unusable)?)
        .map_err(BoxError::from)
        .service(http);
    Ok(Client::new(service, config.default_namespace))
}

/// TLS with the API server, over a route there.
fn connector(target: &ApiServerTarget, config: &Config) -> Result<HttpsConnector<Route>, LoginError> {
    let unusable = |error| LoginError::Unusable(Box::new(error));
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    let route = match &target.proxy {
        None => Route::direct(tcp),
        Some(proxy) => {
            // Who asks is for the API server to know.
            let mut nobody = config.clone();
            nobody.auth_info = AuthInfo::default();
            Route::through(proxy.clone(), tcp, nobody.rustls_client_config().map_err(unusable)?)
        }
    };
    let mut tls = config.rustls_client_config().map_err(unusable)?;
    if let Some(certificate) = target.bearer.as_ref().and_then(|bearer| bearer.certificate()) {
        tls.client_auth_cert_resolver = certificate;
    }
    let tls = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    let tls = match &config.tls_server_name {
        Some(name) => {
            let parsed = ServerName::try_from(name.clone()).map_err(|_| LoginError::ServerName(name.clone()))?;
            tls.with_server_name_resolver(hyper_rustls::FixedServerNameResolver::new(parsed))
        }
        None => tls,
    };
    Ok(tls.enable_all_versions().wrap_connector(route))
}

/// Who asks, and how its failures are told.
#[derive(Clone, Default)]
struct Requester {
    bearer: Option<Arc<Bearer>>,
    /// None in tests of what is done about time.
    description: Option<Arc<TargetDescription>>,
}

impl Requester {
    async fn sign(&self, request: &mut Request<Body>) -> Result<(), BoxError> {
        let Some(bearer) = &self.bearer else { return Ok(()) };
        if let Some(header) = bearer.header().await? {
            request.headers_mut().insert(header::AUTHORIZATION, header);
        }
        Ok(())
    }

    fn told(&self, error: BoxError) -> BoxError {
        match &self.description {
            Some(description) => description.unreached(error),
            None => error,
        }
    }

    fn late(&self, asked: String, limit: Duration) -> BoxError {
        let way = self.description.as_ref().map_or_else(String::new, |description| description.way());
        Box::new(TimedOut { asked, route: way, limit })
    }

    /// The error that a 401 is. A node's own, which came through the API server, is none.
    async fn refused(&self, status: StatusCode, path: &str) -> Option<BoxError> {
        let description =
            self.description.as_ref().filter(|_| status == StatusCode::UNAUTHORIZED && !path.contains("/proxy/"))?;
        if let Some(bearer) = &self.bearer {
            bearer.invalidate().await;
        }
        Some(description.unauthorized())
    }
}

/// No whole answer came in time.
#[derive(Debug, thiserror::Error)]
#[error("no answer of the API server{route} within {} s to {asked}", limit.as_secs())]
struct TimedOut {
    asked: String,
    /// The proxy, if there is one.
    route: String,
    limit: Duration,
}

#[derive(Clone)]
struct Bounded<S> {
    service: S,
    limit: Duration,
    requester: Requester,
}

type BoundedResponse = Response<UnsyncBoxBody<Bytes, BoxError>>;

impl<S, B> Service<Request<Body>> for Bounded<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = BoundedResponse;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<BoundedResponse, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that said that it is ready.
        let other = self.service.clone();
        let ready = std::mem::replace(&mut self.service, other);
        Box::pin(ask(ready, request, self.limit, self.requester.clone()))
    }
}

async fn ask<S, B>(
    mut service: S,
    request: Request<Body>,
    limit: Duration,
    requester: Requester,
) -> Result<BoundedResponse, BoxError>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let until = Instant::now() + limit;
    let asked = format!("{} {}", request.method(), request.uri().path());
    let watches = watches(&request);
    let (head, body) = request.into_parts();
    let repeatable = (head.method == Method::GET && !watches).then(|| head.clone());
    let mut request = Request::from_parts(head, body);
    let mut pause = FIRST_PAUSE;
    loop {
        let signed = async {
            requester.sign(&mut request).await?;
            once(&mut service, request, watches).await.map_err(|error| requester.told(error))
        };
        let answer = timeout_at(until, signed).await;
        let answer = answer.unwrap_or_else(|_| Err(requester.late(asked.clone(), limit)))?;
        if let Some(error) = requester.refused(answer.status(), &asked).await {
            return Err(error);
        }
        let Some((head, wait)) = again(repeatable.as_ref(), &answer, pause, until) else { return Ok(answer) };
        warn!(
            request = asked,
            status = answer.status().as_u16(),
            ?wait,
            "API server cannot answer now; it is asked again"
        );
        sleep(wait).await;
        pause *= 2;
        request = Request::from_parts(head, Body::empty());
        std::future::poll_fn(|cx| service.poll_ready(cx)).await?;
    }
}

/// What to ask again, and when: where the server says that it could not do it now, and while there is time.
fn again(
    repeatable: Option<&Parts>,
    answer: &BoundedResponse,
    pause: Duration,
    until: Instant,
) -> Option<(Parts, Duration)> {
    let head = repeatable.filter(|_| is_temporary(answer.status()))?;
    let told = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let wait = pause.max(Duration::from_secs(told.unwrap_or(0)));
    Instant::now().checked_add(wait).is_some_and(|then| then < until).then(|| (head.clone(), wait))
}

fn is_temporary(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
}

async fn once<S, B>(service: &mut S, request: Request<Body>, watches: bool) -> Result<BoundedResponse, BoxError>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let answer = service.call(request).await?;
    let version = answer.version();
    let (head, body) = answer.into_parts();
    let body = body.map_err(Into::<BoxError>::into);
    let body = match watches && head.status.is_success() {
        true if version == Version::HTTP_2 => body.boxed_unsync(),
        true => {
            let frames = BodyStream::new(body).take_until(sleep(HTTP_1_WATCH));
            StreamBody::new(frames).boxed_unsync()
        }
        // In whole: who reads it later would not be held to the limit.
        false => Full::new(body.collect().await?.to_bytes()).map_err(|never| match never {}).boxed_unsync(),
    };
    Ok(Response::from_parts(head, body))
}

fn watches(request: &Request<Body>) -> bool {
    request.uri().query().unwrap_or_default().split('&').any(|part| part == "watch=true")
}

#[cfg(test)]
mod tests;
