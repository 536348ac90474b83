//! The child's side: one of the servers, on a free port, until it is killed.
//! Prints its address and its certificate, and then nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::routing::post;
use quorate_certs::{Authority, ServingCertificate, Validity};
use quorate_engine::{BreakGlass, PolicySet};
use quorate_webhook::{
    CertificateHandle, ConnectionMetrics, HttpListener, ReviewSources, Server, ServerConfig, ServerLimits, tls_config,
};
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::BenchResult;
use crate::calls::builtin;
use crate::process::ServerKind;

const ANSWER: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"7e1f4a52-0000-4000-8000-000000000001","allowed":true}}"#;

pub(crate) async fn serve(kind: ServerKind) -> BenchResult<()> {
    match kind {
        ServerKind::Constant => constant().await,
        ServerKind::Empty => webhook(PolicySet::new(Vec::new(), BreakGlass::default())?).await,
        ServerKind::Builtin => webhook(builtin(None)?).await,
    }
}

fn free_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

async fn webhook(policies: PolicySet) -> BenchResult<()> {
    let config = ServerConfig { listen: free_port(), metrics_listen: free_port(), ..ServerConfig::default() };
    let server = Server::bind(config, Arc::new(policies), ReviewSources::default(), OffsetDateTime::now_utc).await?;
    print!("{}\n{}", server.addresses().webhook, server.authority().unwrap_or_default());
    Ok(server.run(std::future::pending()).await?)
}

/// The body is read to its end, as the webhook does.
async fn constant() -> BenchResult<()> {
    let answer = async |_body: Bytes| ([(header::CONTENT_TYPE, "application/json")], ANSWER);
    let routes = Router::new().route("/validate", post(answer));
    let validity = Validity::starting(OffsetDateTime::now_utc(), time::Duration::DAY);
    let authority = Authority::issue(validity)?;
    let issued = authority.leaf(&["127.0.0.1".to_owned()], validity)?;
    let certificate = CertificateHandle::from(ServingCertificate::from_issued(&issued)?);
    let tls = tls_config(certificate, None, Arc::new(rustls::crypto::aws_lc_rs::default_provider()))?;
    let listener =
        HttpListener::bind(free_port(), Some(tls), ServerLimits::default(), ConnectionMetrics::default()).await?;
    print!("{}\n{}", listener.address()?, authority.anchor().to_pem());
    let (_open, closing) = watch::channel(false);
    listener.serve(routes, closing, Duration::ZERO).await;
    Ok(())
}
