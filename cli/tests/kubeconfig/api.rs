//! An API server of few words: its version, no StatefulSets, and whatever else a test gives it. Keeps what it was asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::pki::Pki;
use super::support::{listen, run};

/// One request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedRequest {
    pub(crate) line: String,
    pub(crate) version: Version,
    pub(crate) authorization: Option<String>,
    /// Values of `Impersonate-User` and `Impersonate-Group`.
    pub(crate) impersonated: Vec<String>,
    pub(crate) has_certificate: bool,
}

#[derive(Clone, Default)]
struct Answers {
    /// What a path must begin with.
    base: String,
    /// The one `Authorization` that is accepted.
    authorization: Option<String>,
    objects: Vec<(String, Value)>,
}

#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<ReceivedRequest>>>,
    answers: Answers,
}

impl Api {
    pub(crate) fn asked(&self) -> Vec<ReceivedRequest> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

#[derive(Default)]
pub(crate) struct Setup(Answers);

impl Setup {
    pub(crate) fn behind(mut self, base: &str) -> Self {
        self.0.base = base.to_owned();
        self
    }

    pub(crate) fn only(mut self, authorization: &str) -> Self {
        self.0.authorization = Some(authorization.to_owned());
        self
    }

    pub(crate) fn with(mut self, path: &str, object: Value) -> Self {
        self.0.objects.push((path.to_owned(), object));
        self
    }

    /// Over TLS, by a certificate for these names.
    pub(crate) fn tls(self, pki: &Pki, names: &[&str]) -> Api {
        self.start(Some(TlsAcceptor::from(pki.server(names))))
    }

    pub(crate) fn plain(self) -> Api {
        self.start(None)
    }

    fn start(self, tls: Option<TlsAcceptor>) -> Api {
        let (address, listener) = listen();
        let api = Api { address, asked: Arc::default(), answers: self.0 };
        let own = api.clone();
        run(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let (own, tls) = (own.clone(), tls.clone());
                tokio::spawn(async move {
                    let Some(tls) = tls else { return own.serve(stream, false).await };
                    // Whoever does not trust the certificate hangs up.
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let has_certificate = stream.get_ref().1.peer_certificates().is_some();
                    own.serve(stream, has_certificate).await;
                });
            }
        });
        api
    }
}

impl Api {
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, has_certificate: bool) {
        let service = service_fn(move |request| {
            let answer = self.answer(&request, has_certificate);
            async { Ok::<_, Infallible>(answer) }
        });
        // A client that hung up is no failure.
        let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    }

    fn answer(&self, request: &Request<Incoming>, has_certificate: bool) -> Response<Body> {
        let text = |value: &hyper::header::HeaderValue| value.to_str().unwrap().to_owned();
        let authorization = request.headers().get(AUTHORIZATION).map(text);
        let (users, groups) = ("impersonate-user", "impersonate-group");
        let impersonated = [users, groups].into_iter().flat_map(|name| request.headers().get_all(name));
        self.asked.lock().unwrap().push(ReceivedRequest {
            line: format!("{} {}", request.method(), request.uri().path()),
            version: request.version(),
            authorization: authorization.clone(),
            impersonated: impersonated.map(text).collect(),
            has_certificate,
        });
        if self.answers.authorization.as_ref().is_some_and(|only| Some(only) != authorization.as_ref()) {
            return status(StatusCode::UNAUTHORIZED, "Unauthorized");
        }
        match request.uri().path().strip_prefix(&self.answers.base).and_then(|path| self.object(path)) {
            Some(object) => Response::new(Body::from(object.to_string())),
            None => status(StatusCode::NOT_FOUND, "the server could not find the requested resource"),
        }
    }

    fn object(&self, path: &str) -> Option<Value> {
        let version = ["major", "minor", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"];
        let version = version.into_iter().map(|key| (key.to_owned(), json!("")));
        let version: Value = version.chain([("gitVersion".to_owned(), json!("v1.36.0"))]).collect();
        let given = self.answers.objects.iter().find(|(own, _)| own == path).map(|(_, object)| object.clone());
        given.or_else(|| match path {
            "/version" => Some(version),
            "/apis/apps/v1/statefulsets" => Some(
                json!({"kind": "StatefulSetList", "apiVersion": "apps/v1", "metadata": {"resourceVersion": "1"}, "items": []}),
            ),
            _ => None,
        })
    }
}

fn status(code: StatusCode, message: &str) -> Response<Body> {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code.as_u16(),
        "reason": code.canonical_reason().unwrap().replace(' ', ""), "message": message});
    let mut answer = Response::new(Body::from(status.to_string()));
    *answer.status_mut() = code;
    answer
}
