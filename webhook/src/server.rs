//! The server as a whole: both ports, the certificate, start and stop in the right order.
//! Handles no signal; `cli` says when to stop.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State as Shared};
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Version};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use quorate_certs::ValidityState;
use quorate_engine::PolicySet;
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::certificate::{CallerError, CallerVerifier, CertificateRenewer, FirstCertificateError};
use crate::config::ServerConfig;
use crate::listener::{ConnectionMetrics, HttpListener};
use crate::readiness::Readiness;
use crate::sources::ReviewSources;
use crate::tls::tls_config;
use crate::webhook::Webhook;
use quorate_cluster::Cluster;
use quorate_facts::Clock;

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("`{address}` cannot be listened on")]
    Bind {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Certificate(#[from] FirstCertificateError),
    #[error(transparent)]
    Callers(#[from] CallerError),
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    #[error("{connections} connections were cut, still busy after {} s", drain.as_secs())]
    Cut { connections: usize, drain: Duration },
}

/// The way to a [`Bound`] server.
#[derive(Debug, Clone, Copy)]
pub struct Server;

/// A server whose ports are open; requests wait until it runs.
pub struct BoundServer {
    webhook: Webhook,
    reviews: HttpListener,
    operations: HttpListener,
    addresses: Addresses,
    readiness: Readiness,
    renewer: CertificateRenewer,
    clock: Clock,
    grace: Duration,
    drain: Duration,
    /// Whether this replica writes for all; none where there are no others.
    leads: Option<watch::Receiver<bool>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// HTTPS: `/validate`, `/mutate`.
    pub webhook: SocketAddr,
    /// HTTP: `/livez`, `/readyz`, `/metrics`.
    pub metrics: SocketAddr,
}

impl Server {
    /// Opens both ports and reads or issues the certificate. A certificate that is not valid now is served all the same,
    /// and one that comes from outside may come later: the server is then not ready, and says so.
    pub async fn bind(
        config: ServerConfig,
        policies: Arc<PolicySet>,
        sources: ReviewSources,
        clock: Clock,
    ) -> Result<BoundServer, ServeError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let now = clock();
        let webhook = Webhook::new(&config, policies, sources, clock);
        let certificate = webhook.certificate().clone();
        let verifier = |check| CallerVerifier::open(check, Arc::clone(&provider)).map(Arc::new);
        let callers = config.callers.clone().map(verifier).transpose()?;
        let renewer = CertificateRenewer::start(
            &config.certificate,
            certificate.clone(),
            callers.clone(),
            now,
            Arc::clone(&provider),
        )?;
        if let Some(validity) = certificate.current().map(|current| current.validity())
            && (validity.state(now) != ValidityState::Valid || validity.is_due(now))
        {
            warn!(not_before = %validity.not_before, not_after = %validity.not_after, "certificate is due for renewal");
        }
        let connections = webhook.metrics().connections.clone();
        let tls = tls_config(certificate.clone(), callers, provider)?;
        let (reviews, webhook_address) = open(config.listen, Some(tls), &config, connections).await?;
        let (operations, metrics_address) =
            open(config.metrics_listen, None, &config, ConnectionMetrics::default()).await?;
        let mut readiness = Readiness::new(certificate);
        readiness.require(reviews.readiness_check());
        Ok(BoundServer {
            webhook,
            reviews,
            operations,
            addresses: Addresses { webhook: webhook_address, metrics: metrics_address },
            readiness,
            renewer,
            clock,
            grace: config.grace,
            drain: config.drain,
            leads: None,
        })
    }
}

async fn open(
    address: SocketAddr,
    tls: Option<Arc<rustls::ServerConfig>>,
    config: &ServerConfig,
    metrics: ConnectionMetrics,
) -> Result<(HttpListener, SocketAddr), ServeError> {
    let failed = |source| ServeError::Bind { address, source };
    let listener = HttpListener::bind(address, tls, config.limits.clone(), metrics).await.map_err(failed)?;
    let address = listener.address().map_err(failed)?;
    Ok((listener, address))
}

impl BoundServer {
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// PEM of the CA that signs a certificate of our own, for `curl --cacert`; none for one that comes from elsewhere.
    pub fn authority(&self) -> Option<String> {
        self.renewer.authority()
    }

    /// Not ready before the cluster's caches are filled, and its metrics beside the server's own.
    pub fn attach(&mut self, cluster: &Cluster) {
        self.readiness.require(Arc::new(cluster.readiness_check()));
        self.readiness.add_notes(cluster.notes());
        self.leads = Some(cluster.leads());
        let mut registry = cluster.metrics();
        self.webhook.sources().reservations.register_metrics(&mut registry);
        self.webhook.metrics().attach_registry(registry);
    }

    /// Serves until `shutdown` is done; then unready, the grace, no new connections, the drain.
    ///
    /// # Errors
    /// [`ServeError::Cut`] when reviews were still under way after the drain.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let (close_reviews, reviews_closing) = watch::channel(false);
        let (close_operations, operations_closing) = watch::channel(false);
        let operations = self.webhook.operations(self.readiness.clone());
        let stop = async {
            shutdown.await;
            info!(grace = ?self.grace, "stopping: not ready from now on");
            self.readiness.stop();
            sleep(self.grace).await;
            close_reviews.send_replace(true);
        };
        let reviews = async {
            let routes = self.webhook.routes().layer(from_fn_with_state(self.readiness.clone(), drain));
            let cut = self.reviews.serve(routes, reviews_closing, self.drain).await;
            close_operations.send_replace(true);
            cut
        };
        let operations = self.operations.serve(operations, operations_closing, Duration::ZERO);
        let serving = async { tokio::join!(stop, reviews, operations) };
        let reservations = Arc::clone(&self.webhook.sources().reservations);
        let sweeping = async {
            match self.leads {
                Some(leads) => reservations.sweep_while(leads).await,
                None => pending().await,
            }
        };
        let ((), connections, _) = tokio::select! {
            ended = serving => ended,
            never = self.renewer.run(self.clock) => match never {},
            never = sweeping => match never {},
        };
        info!(connections, "stopped");
        if connections == 0 { Ok(()) } else { Err(ServeError::Cut { connections, drain: self.drain }) }
    }
}

/// While it stops, every HTTP/1 answer asks its client to connect anew, which then leads elsewhere: a connection that is closed while
/// the next request is on its way is a failed call, and the API server does not try again.
async fn drain(Shared(readiness): Shared<Readiness>, request: Request, next: Next) -> Response {
    let keeps_alive = request.version() <= Version::HTTP_11;
    let mut response = next.run(request).await;
    if keeps_alive && readiness.is_stopping() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
