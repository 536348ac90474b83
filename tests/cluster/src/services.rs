//! Carries the API server's calls to Services to where the test says that their Pods are: kube-proxy, without a kernel.
//! The API server resolves a Service to its cluster IP as ever, and dials that through us (an egress selector with HTTP CONNECT).

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use kube::runtime::reflector::Store;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::Notify;

use crate::isolation;

/// A CONNECT request's head is two lines.
const HEAD_MAX: usize = 4096;

/// Which addresses stand behind a Service, by `namespace/name`. Shared with the proxy.
#[derive(Clone, Debug, Default)]
pub struct Services {
    routes: Arc<Mutex<HashMap<String, Route>>>,
    delay: Arc<Mutex<Duration>>,
    hang_up: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Route {
    backends: Vec<SocketAddr>,
    turn: usize,
}

impl Services {
    /// From now on new connections to this Service, whatever its port, go to these addresses in turn; with none they
    /// are refused, as those to a Service without ready Pods.
    pub fn route(&self, namespace: &str, name: &str, backends: &[SocketAddr]) {
        let route = Route { backends: backends.to_vec(), turn: 0 };
        self.routes().insert(format!("{namespace}/{name}"), route);
    }

    /// Ends every connection that is carried now: what comes next goes where the routes lead by then.
    pub fn hang_up(&self) {
        self.hang_up.notify_waiters();
    }

    /// From now on whatever stands behind any Service answers so much later.
    pub fn slow_down(&self, by: Duration) {
        *self.delay.lock().unwrap_or_else(PoisonError::into_inner) = by;
    }

    fn delay(&self) -> Duration {
        *self.delay.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, service: &str) -> Option<SocketAddr> {
        let mut routes = self.routes();
        let route = routes.get_mut(service)?;
        route.turn = route.turn.wrapping_add(1);
        let index = route.turn.checked_rem(route.backends.len())?;
        route.backends.get(index).copied()
    }

    fn routes(&self) -> MutexGuard<'_, HashMap<String, Route>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves until it is dropped.
    pub(crate) async fn serve(self, listener: UnixListener, known: Store<Service>) {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let (services, known) = (self.clone(), known.clone());
            tokio::spawn(async move {
                // Either side hung up: that is the API server's or the backend's to tell.
                services.carry(stream, &known).await.unwrap_or_default();
            });
        }
    }

    /// What a backend says, as late as it is to be.
    async fn answer(&self, from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let mut piece = vec![0; 64 << 10];
        loop {
            let length = from.read(&mut piece).await?;
            let delay = self.delay();
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            match piece.get(..length) {
                Some([]) | None => return to.shutdown().await,
                Some(read) => to.write_all(read).await?,
            }
        }
    }

    async fn carry(&self, mut caller: UnixStream, known: &Store<Service>) -> io::Result<()> {
        let target = connect_target(&mut caller).await?;
        let address = target.rsplit_once(':').map_or(target.as_str(), |(address, _)| address);
        let address = address.trim_matches(['[', ']']);
        let service = service_at(known, address);
        let behind = service.as_deref().and_then(|service| self.next(service));
        let Some(backend) = behind.or_else(|| pod_at(&target)) else {
            return caller.write_all(b"HTTP/1.1 502 no address behind this Service\r\n\r\n").await;
        };
        match TcpStream::connect(backend).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                caller.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                let ((from_caller, mut to_caller), (mut from_backend, to_backend)) =
                    (caller.into_split(), stream.into_split());
                let asked = pass(from_caller, to_backend);
                let answered = self.answer(&mut from_backend, &mut to_caller);
                tokio::select! {
                    carried = async { tokio::try_join!(asked, answered) } => carried.map(drop),
                    () = self.hang_up.notified() => Ok(()),
                }
            }
            Err(error) => caller.write_all(format!("HTTP/1.1 502 {error}\r\n\r\n").as_bytes()).await,
        }
    }
}

/// Until one side ends, which the other is told.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
    copy(&mut from, &mut to).await?;
    to.shutdown().await
}

/// `CONNECT 10.96.0.7:443 HTTP/1.1` and its headers, which are left out.
async fn connect_target(caller: &mut UnixStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        // Byte by byte: what follows belongs to the tunnel.
        head.push(caller.read_u8().await?);
        if head.len() > HEAD_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    let head = String::from_utf8_lossy(&head);
    head.split(' ').nth(1).map(str::to_owned).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// A Pod's own address and port, as `pods/proxy` asks for it, where such addresses are local ones.
fn pod_at(target: &str) -> Option<SocketAddr> {
    let address: SocketAddr = target.parse().ok()?;
    let is_pods = match address.ip() {
        IpAddr::V4(ip) => ip.octets().starts_with(&[10, 244]),
        IpAddr::V6(ip) => ip.segments().starts_with(&[0xfd00, 0x10, 0x244]),
    };
    (is_pods && isolation::is_own_network()).then_some(address)
}

fn service_at(known: &Store<Service>, address: &str) -> Option<String> {
    let at = |service: &Service| {
        let ip = service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_deref());
        ip == Some(address)
    };
    let service = known.find(at)?;
    let (namespace, name) = (service.metadata.namespace.as_deref()?, service.metadata.name.as_deref()?);
    Some(format!("{namespace}/{name}"))
}
