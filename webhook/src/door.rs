//! One listening port: TCP, TLS where asked for, HTTP/1.1 and HTTP/2, bounded and drained.
//! Knows no path and no review; it hands requests to a router.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use tracing::{debug, warn};

use crate::certificate::{CallerLabel, caller_refusal};
use crate::config::Limits;
use crate::tls;

/// HTTP/2: what a client may send before it is read. A 6 MiB review then needs a few round trips instead of a hundred.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// A peer that vanished without a word is found within twice this time.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Out of file descriptors, most likely: some connections have to end first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Shared with whoever shows them.
#[derive(Debug, Clone, Default)]
pub struct ConnectionMetrics {
    pub open: Gauge,
    pub failed_handshakes: Counter,
    pub(crate) refused_callers: Family<CallerLabel, Counter>,
}

/// A bound port.
pub struct Door {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    metrics: ConnectionMetrics,
}

impl Door {
    /// Plain HTTP without `tls`.
    pub async fn bind(
        address: SocketAddr,
        tls: Option<Arc<rustls::ServerConfig>>,
        limits: Limits,
        metrics: ConnectionMetrics,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { listener, tls: tls.map(TlsAcceptor::from), limits, metrics })
    }

    /// With the port that was given where 0 was asked for.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Accepts until `closing` is true; then lets what is under way end for at most `drain`.
    /// Returns how many connections had to be cut after that.
    pub async fn serve(self, routes: Router, closing: watch::Receiver<bool>, drain: Duration) -> usize {
        let slots = Arc::new(Semaphore::new(self.limits.connections));
        let connection = Arc::new(Connection {
            http: http(&self.limits),
            tls: self.tls,
            routes,
            limits: self.limits,
            metrics: self.metrics,
        });
        let mut open = JoinSet::new();
        let mut closed = closing.clone();
        let mut closed = pin!(wait(&mut closed));
        loop {
            tokio::select! {
                () = &mut closed => break,
                accepted = accept(&self.listener, &slots) => match accepted {
                    Ok((stream, slot)) => {
                        open.spawn(Arc::clone(&connection).serve(stream, slot, closing.clone()));
                    }
                    Err(error) => {
                        warn!(%error, "connection not accepted");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_) = open.join_next(), if !open.is_empty() => {}
            }
        }
        drop(self.listener);
        let ended = async { while open.join_next().await.is_some() {} };
        let drained = timeout(drain, ended).await.is_ok();
        let left = if drained { 0 } else { open.len() };
        open.shutdown().await;
        left
    }
}

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    // Answers are one small write each: waiting for more to send only delays them.
    stream.set_nodelay(true)?;
    Ok((stream, slot))
}

/// Until it is true. A sender that is gone asks for the same.
async fn wait(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

fn http(limits: &Limits) -> Builder<TokioExecutor> {
    let head = usize::try_from(limits.head_bytes).unwrap_or(usize::MAX);
    let mut http = Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_buf_size(head.max(8 << 10))
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(limits.head_bytes)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE);
    http
}

/// What the connections of one door share.
struct Connection {
    http: Builder<TokioExecutor>,
    tls: Option<TlsAcceptor>,
    routes: Router,
    limits: Limits,
    metrics: ConnectionMetrics,
}

impl Connection {
    async fn serve(self: Arc<Self>, stream: TcpStream, _slot: OwnedSemaphorePermit, closing: watch::Receiver<bool>) {
        self.metrics.open.inc();
        self.serve_counted(stream, closing).await;
        self.metrics.open.dec();
    }

    async fn serve_counted(&self, stream: TcpStream, closing: watch::Receiver<bool>) {
        let Some(acceptor) = &self.tls else {
            return self.serve_http(self.http.clone().http1_only(), stream, closing).await;
        };
        let peer = stream.peer_addr().ok();
        match timeout(self.limits.handshake, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => {
                let is_http_2 = stream.get_ref().1.alpn_protocol() == Some(tls::HTTP_2);
                let http = self.http.clone();
                let http = if is_http_2 { http.http2_only() } else { http.http1_only() };
                self.serve_http(http, stream, closing).await;
            }
            Ok(Err(error)) => {
                self.metrics.failed_handshakes.inc();
                if let Some(label) = caller_refusal(&error) {
                    warn!(%error, ?peer, "caller refused");
                    self.metrics.refused_callers.get_or_create(&label).inc();
                }
                debug!(%error, "TLS handshake failed");
            }
            Err(_) => {
                self.metrics.failed_handshakes.inc();
                debug!("TLS handshake took too long");
            }
        }
    }

    async fn serve_http<S>(&self, http: Builder<TokioExecutor>, stream: S, mut closing: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let requests = AtomicU64::new(0);
        let service = service_fn(|request: hyper::Request<Incoming>| {
            requests.fetch_add(1, Ordering::Relaxed);
            self.routes.clone().oneshot(request.map(Body::new))
        });
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        let outcome = tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = async { tokio::select! { () = wait(&mut closing) => {}, () = idle(&requests, self.limits.idle) => {} } } => {
                connection.as_mut().graceful_shutdown();
                // A peer that never spoke HTTP cannot be told to stop, so it is not waited for.
                let used = requests.load(Ordering::Relaxed) > 0;
                let patience = if used { self.limits.idle } else { self.limits.handshake };
                timeout(patience, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = outcome {
            debug!(%error, "connection ended early");
        }
    }
}

/// Until a whole `limit` passes without a new request. No request takes that long.
async fn idle(requests: &AtomicU64, limit: Duration) {
    let mut seen = None;
    loop {
        let count = requests.load(Ordering::Relaxed);
        if seen == Some(count) {
            return;
        }
        seen = Some(count);
        sleep(limit).await;
    }
}
