//! One node asked for what it knows of its cluster: `/status` and `/nodes`, at its pod's address or through the API server.
//! One connection for each, no redirect followed, every answer bounded. Does not decide whom to believe.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::handshake;
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use kube::Client;
use rqlite::membership::{MembershipError, NodeAnswer, Status, parse_nodes, tells_roles};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::membership::access::{AccessError, RqliteAccess};

/// A thousand nodes fit; `/status` of rqlited 10.2.7 is 8 KiB.
pub const LARGEST_ANSWER: usize = 256 << 10;
/// How long the asked node waits for the others; less than whoever waits for it. Ineffective before 8.0.0 (rqlite/rqlite issue 1435).
const NODES: &str = "/nodes?nonvoters&ver=2&timeout=500ms";
/// Before v8 the only way to tell which nodes vote.
const VOTERS: &str = "/nodes";

/// A node of the set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeTarget<W> {
    pub(crate) pod: String,
    /// Its node id as its pod's spec tells it.
    pub(crate) node: Option<String>,
    /// None: its pod has no address.
    pub(crate) transport: Option<W>,
}

/// How a node is reached.
pub(crate) trait NodeTransport: Sync {
    /// The body of a 200.
    fn get(&self, path: &'static str) -> impl Future<Output = Result<String, AskError>> + Send;
}

/// At its pod's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Direct<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) tls: bool,
    /// None: as nobody, and never over HTTPS.
    pub(crate) access: Option<&'a RqliteAccess>,
}

/// Through the API server, with the caller's right to `pods/proxy`. Without credentials: the API server takes them for its own.
pub(crate) struct Proxied {
    pub(crate) client: Client,
    /// `/api/v1/namespaces/db/pods/https:rqlite-0:4001/proxy`
    pub(crate) base: String,
}

/// Why a node told nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error("{}", connection(.0))]
    Connection(#[from] std::io::Error),
    #[error("no HTTP answer: {0}")]
    Http(#[from] hyper::Error),
    #[error("{0}: it wants a user with the permission `status` (`cluster.rqlite.access`)")]
    Unauthorized(StatusCode),
    #[error("{0}")]
    Status(StatusCode),
    #[error("its answer is larger than {} KiB, or was cut", LARGEST_ANSWER >> 10)]
    Body,
    #[error(transparent)]
    Unreadable(#[from] MembershipError),
    #[error("no answer within {} ms", .0.as_millis())]
    Late(Duration),
    #[error("it does not tell its node id")]
    Nameless,
    #[error("it says that it is {node}, not {expected}")]
    Other { node: String, expected: String },
    #[error("the right to get `pods/proxy` is missing")]
    NoRight,
    #[error("through the API server: {0}")]
    Proxy(String),
}

/// `connection refused`, without the system's number.
fn connection(error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::ConnectionRefused {
        return "connection refused".to_owned();
    }
    error.to_string()
}

/// What the node of that id knows, asked within `budget`.
pub(crate) async fn ask<W: NodeTransport>(
    way: &W,
    id: Option<&String>,
    budget: Duration,
) -> Result<NodeAnswer, AskError> {
    let deadline = Instant::now() + budget;
    timeout_at(deadline, ask_unbounded(way, id)).await.unwrap_or(Err(AskError::Late(budget)))
}

async fn ask_unbounded<W: NodeTransport>(way: &W, id: Option<&String>) -> Result<NodeAnswer, AskError> {
    let (status, nodes) = tokio::try_join!(way.get("/status"), way.get(NODES))?;
    let voters = if tells_roles(&nodes) { None } else { Some(way.get(VOTERS).await?) };
    let members = parse_nodes(&nodes, voters.as_deref())?;
    let status = Status::parse(&status)?;
    let node = status.node.or_else(|| id.cloned()).ok_or(AskError::Nameless)?;
    // Another pod may have got the address since.
    if let Some(expected) = id.filter(|expected| **expected != node) {
        return Err(AskError::Other { node, expected: expected.clone() });
    }
    Ok(NodeAnswer { node, term: status.term, members })
}

impl NodeTransport for Direct<'_> {
    async fn get(&self, path: &'static str) -> Result<String, AskError> {
        let mut request = Request::get(path).header(HOST, self.address.to_string());
        let access = self.access.map(|access| access.allowing(self.tls)).transpose()?;
        if let Some(authorization) = access.map(RqliteAccess::authorization).transpose()?.flatten() {
            request = request.header(AUTHORIZATION, authorization);
        }
        // Its parts are a constant path, an address and base64.
        let request = request.body(Empty::new()).map_err(|_| AskError::Status(StatusCode::BAD_REQUEST))?;
        if !self.tls {
            return exchange(TcpStream::connect(self.address).await?, request).await;
        }
        let access = self.access.ok_or(AccessError::NoAuthority)?;
        let (connector, name) = (access.connector()?, access.server_name(self.address.ip())?);
        let stream = TcpStream::connect(self.address).await?;
        exchange(connector.connect(name, stream).await?, request).await
    }
}

impl NodeTransport for Proxied {
    async fn get(&self, path: &'static str) -> Result<String, AskError> {
        let request = Request::get(format!("{}{path}", self.base)).body(Vec::new());
        let request = request.map_err(|_| AskError::Status(StatusCode::BAD_REQUEST))?;
        self.client.request_text(request).await.map_err(refused_by_proxy)
    }
}

/// The API server's own words where it refuses; it passes a node's refusal on as an error of its own.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a foreign enum; all but the API server's own words are shown alike"
)]
fn refused_by_proxy(error: kube::Error) -> AskError {
    match error {
        kube::Error::Api(status) if status.code == 401 => AskError::Unauthorized(StatusCode::UNAUTHORIZED),
        kube::Error::Api(status) if status.is_forbidden() && status.message.contains("pods/proxy") => AskError::NoRight,
        kube::Error::Api(status) => AskError::Proxy(status.message.clone()),
        other => AskError::Proxy(other.to_string()),
    }
}

async fn exchange<S>(stream: S, request: Request<Empty<Bytes>>) -> Result<String, AskError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let answer = async move {
        let response = sender.send_request(request).await?;
        match response.status() {
            StatusCode::OK => {}
            refused @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                return Err(AskError::Unauthorized(refused));
            }
            other => return Err(AskError::Status(other)),
        }
        let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await.map_err(|_| AskError::Body)?;
        Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
    };
    // The connection ends when the sender is gone; what broke it has reached the answer.
    let (answer, _) = tokio::join!(answer, connection);
    answer
}
