//! A plain HTTP/1.1 server before the API server that passes requests on as one user, or refuses all of them, or holds what watches tell.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use futures_util::StreamExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, StreamBody};
use hyper::body::{Body as HttpBody, Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use kube::Client;
use kube::client::Body;
use tokio::net::TcpListener;

use crate::kube_client;
use crate::wait::block_on;

type FrontResponse = Response<UnsyncBoxBody<Bytes, <Body as HttpBody>::Error>>;

const LOOK: Duration = Duration::from_millis(20);

/// Listens on a port of loopback until the process ends.
#[derive(Clone, Debug)]
pub struct InterceptingProxy {
    address: SocketAddr,
    refusal: Arc<Mutex<Option<StatusCode>>>,
    holds_watches: Arc<AtomicBool>,
}

impl InterceptingProxy {
    /// As the user of this kubeconfig.
    #[must_use]
    pub fn start(kubeconfig: &Path) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let address = listener.local_addr().expect("an address");
        let front = Self { address, refusal: Arc::default(), holds_watches: Arc::default() };
        let (own, kubeconfig) = (front.clone(), PathBuf::from(kubeconfig));
        thread::spawn(move || {
            block_on(async {
                let client = kube_client::of(&kubeconfig).await;
                own.serve(TcpListener::from_std(listener).expect("a listener"), client).await;
            });
        });
        front
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on every request is answered with this status, and watches that are open go on; None: passed on again.
    pub fn refuse(&self, status: Option<u16>) {
        let status = status.map(|status| StatusCode::from_u16(status).expect("a status"));
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// From now on watches are answered and tell nothing, as those of a server that is behind, while all else passes; false: they go on
    /// where they were.
    pub fn hold_watches(&self, hold: bool) {
        self.holds_watches.store(hold, Ordering::SeqCst);
    }

    async fn watches_go_on(&self) {
        while self.holds_watches.load(Ordering::SeqCst) {
            tokio::time::sleep(LOOK).await;
        }
    }

    fn refusal(&self) -> Option<StatusCode> {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(self, listener: TcpListener, client: Client) {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let (own, client) = (self.clone(), client.clone());
            let service = service_fn(move |request| own.clone().answer(client.clone(), request));
            tokio::spawn(async move {
                let http = Builder::new(TokioExecutor::new()).http1_only();
                // A client that hung up is no failure.
                let _ = http.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    }

    async fn answer(self, client: Client, request: Request<Incoming>) -> Result<FrontResponse, Infallible> {
        if let Some(status) = self.refusal() {
            let mut refusal = of(status);
            refusal.headers_mut().insert(header::RETRY_AFTER, 1.into());
            return Ok(refusal);
        }
        let watches = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        let (mut head, body) = request.into_parts();
        head.headers.remove(header::AUTHORIZATION);
        head.headers.remove(header::HOST);
        let Ok(body) = body.collect().await else { return Ok(of(StatusCode::BAD_REQUEST)) };
        let passed = client.send(Request::from_parts(head, Body::from(body.to_bytes()))).await;
        Ok(match passed {
            Ok(answer) if watches => self.watched(answer),
            Ok(answer) => answer.map(BodyExt::boxed_unsync),
            Err(_) => of(StatusCode::BAD_GATEWAY),
        })
    }

    /// Of a watch: each piece once watches go on.
    fn watched(self, answer: Response<Body>) -> FrontResponse {
        let gone_on = move |piece| {
            let own = self.clone();
            async move {
                own.watches_go_on().await;
                piece
            }
        };
        answer.map(|body| StreamBody::new(BodyStream::new(body).then(gone_on)).boxed_unsync())
    }
}

fn of(status: StatusCode) -> FrontResponse {
    let mut answer = Response::new(Body::empty().boxed_unsync());
    *answer.status_mut() = status;
    answer
}
