//! One listening port: TCP, TLS where asked for, HTTP/1.1 and HTTP/2, bounded and drained.
//! Knows no path and no review; it hands requests to a router.

mod activity;
mod observed_stream;
mod slots;
mod socket;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::FutureExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use tracing::{debug, warn};

use crate::certificate::{CallerLabel, caller_refusal};
use crate::config::ServerLimits;
use crate::listener::activity::{Activity, ClosedLabel};
use crate::listener::observed_stream::ObservedStream;
use crate::listener::slots::{ConnectionSlot, ConnectionSlots};
use crate::readiness::ReadinessCheck;
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
    pub(crate) closed: Family<ClosedLabel, Counter>,
}

/// A bound port.
pub struct HttpListener {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    slots: ConnectionSlots,
    limits: ServerLimits,
    metrics: ConnectionMetrics,
}

impl HttpListener {
    /// Plain HTTP without `tls`.
    pub async fn bind(
        address: SocketAddr,
        tls: Option<Arc<rustls::ServerConfig>>,
        limits: ServerLimits,
        metrics: ConnectionMetrics,
    ) -> io::Result<Self> {
        let listener = socket::open(address)?;
        let slots = ConnectionSlots::new(limits.connections);
        Ok(Self { listener, tls: tls.map(TlsAcceptor::from), slots, limits, metrics })
    }

    /// Not ready while newcomers wait in vain: another replica may take them.
    pub fn readiness_check(&self) -> ReadinessCheck {
        let slots = self.slots.clone();
        Arc::new(move || if slots.are_exhausted() { Err("no connection can be taken") } else { Ok(()) })
    }

    /// With the port that was given where 0 was asked for.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Accepts until `closing` is true; then lets what is under way end for at most `drain`.
    /// Returns how many connections had to be cut after that.
    pub async fn serve(self, routes: Router, closing: watch::Receiver<bool>, drain: Duration) -> usize {
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
        // Accepted, and without a slot.
        let mut newcomer = None;
        loop {
            tokio::select! {
                () = &mut closed => break,
                slot = self.slots.take(), if newcomer.is_some() => {
                    if let Some(stream) = newcomer.take() {
                        open.spawn(Arc::clone(&connection).serve(stream, slot, closing.clone()));
                    }
                }
                accepted = accept(&self.listener), if newcomer.is_none() => match accepted {
                    Ok(stream) => newcomer = Some(stream),
                    Err(error) => {
                        warn!(%error, "connection not accepted");
                        self.slots.refused();
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

async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let (stream, _) = listener.accept().await?;
    // Answers are one small write each: waiting for more to send only delays them.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Until it is true. A sender that is gone asks for the same.
async fn wait(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

fn http(limits: &ServerLimits) -> Builder<TokioExecutor> {
    let head = usize::try_from(limits.head_bytes).unwrap_or(usize::MAX);
    let mut http = Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        // `Activity` holds a head to its time, and knows one from an idle connection.
        .header_read_timeout(None)
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

/// What the connections of one listener share.
struct Connection {
    http: Builder<TokioExecutor>,
    tls: Option<TlsAcceptor>,
    routes: Router,
    limits: ServerLimits,
    metrics: ConnectionMetrics,
}

impl Connection {
    async fn serve(self: Arc<Self>, stream: TcpStream, slot: ConnectionSlot, closing: watch::Receiver<bool>) {
        self.metrics.open.inc();
        self.serve_counted(stream, &slot.activity, closing).await;
        self.metrics.open.dec();
    }

    async fn serve_counted(&self, stream: TcpStream, activity: &Arc<Activity>, closing: watch::Receiver<bool>) {
        let Some(acceptor) = &self.tls else {
            return self.serve_http(self.http.clone().http1_only(), stream, activity, closing).await;
        };
        let peer = stream.peer_addr().ok();
        let shaken = tokio::select! {
            shaken = timeout(self.limits.handshake, acceptor.accept(stream)) => shaken,
            why = activity.close_requested() => return self.count(&why),
        };
        match shaken {
            Ok(Ok(stream)) => {
                let is_http_2 = stream.get_ref().1.alpn_protocol() == Some(tls::HTTP_2);
                let http = self.http.clone();
                let http = if is_http_2 { http.http2_only() } else { http.http1_only() };
                self.serve_http(http, stream, activity, closing).await;
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

    async fn serve_http<S>(
        &self,
        http: Builder<TokioExecutor>,
        stream: S,
        activity: &Arc<Activity>,
        mut closing: watch::Receiver<bool>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // Over HTTP/2 bytes come at any time: pings, windows.
        let stream = ObservedStream::new(stream, http.is_http1_available().then(|| Arc::clone(activity)));
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let in_flight = activity.begin();
            let answer = self.routes.clone().oneshot(request.map(Body::new));
            answer.inspect(move |_| drop(in_flight))
        });
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        let time_to_end = tokio::select! {
            outcome = connection.as_mut() => return ended(outcome),
            // A peer that never spoke HTTP cannot be told to stop, so it is not waited for.
            () = wait(&mut closing) => if activity.carried() { self.limits.idle } else { self.limits.handshake },
            // It is told, and not waited for: it has had its time, or its slot is somebody else's.
            why = activity.overdue(&self.limits) => { self.count(&why); Duration::ZERO }
            why = activity.close_requested() => { self.count(&why); Duration::ZERO }
        };
        connection.as_mut().graceful_shutdown();
        ended(timeout(time_to_end, connection).await.unwrap_or(Ok(())));
    }

    fn count(&self, why: &ClosedLabel) {
        debug!(?why, "connection closed");
        self.metrics.closed.get_or_create(why).inc();
    }
}

fn ended(outcome: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = outcome {
        debug!(%error, "connection ended early");
    }
}
