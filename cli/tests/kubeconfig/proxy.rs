//! Proxies that lead to one address, wherever they are asked to: HTTP (CONNECT, and whole URLs), the same over TLS, and SOCKS 5.
//! Each keeps what it was asked.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::pki::Pki;
use super::support::{closed, listen, run};

#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    to: SocketAddr,
    speaks: ProxyProtocol,
    /// What it wants: the value of `Proxy-Authorization`, or `user:password` for SOCKS.
    wants: Option<&'static str>,
    asked: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
enum ProxyProtocol {
    Http,
    Https(TlsAcceptor),
    Socks,
    /// Says no to every CONNECT.
    Refusal,
    /// Takes connections, and says nothing.
    Silence,
}

impl Proxy {
    pub(crate) fn http(to: SocketAddr, wants: Option<&'static str>) -> Self {
        Self::start(to, ProxyProtocol::Http, wants)
    }

    pub(crate) fn https(to: SocketAddr, pki: &Pki) -> Self {
        Self::start(to, ProxyProtocol::Https(TlsAcceptor::from(pki.server(&["127.0.0.1"]))), None)
    }

    pub(crate) fn socks(to: SocketAddr, wants: Option<&'static str>) -> Self {
        Self::start(to, ProxyProtocol::Socks, wants)
    }

    pub(crate) fn refusing(to: SocketAddr) -> Self {
        Self::start(to, ProxyProtocol::Refusal, None)
    }

    pub(crate) fn silent() -> Self {
        Self::start(closed(), ProxyProtocol::Silence, None)
    }

    /// Where it was asked to lead.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn start(to: SocketAddr, speaks: ProxyProtocol, wants: Option<&'static str>) -> Self {
        let (address, listener) = listen();
        let proxy = Self { address, to, speaks, wants, asked: Arc::default() };
        let own = proxy.clone();
        run(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let own = own.clone();
                // A client that hangs up is no failure.
                tokio::spawn(async move { own.serve(stream).await.ok() });
            }
        });
        proxy
    }

    async fn serve(self, stream: TcpStream) -> io::Result<()> {
        match self.speaks.clone() {
            ProxyProtocol::Http => self.lead_http(stream).await,
            ProxyProtocol::Https(tls) => self.lead_http(tls.accept(stream).await?).await,
            ProxyProtocol::Socks => self.lead_socks(stream).await,
            ProxyProtocol::Refusal => {
                let mut stream = stream;
                head(&mut stream).await?;
                stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await
            }
            ProxyProtocol::Silence => std::future::pending().await,
        }
    }

    async fn lead_http(self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let head = head(&mut stream).await?;
        let line = head.lines().next().unwrap_or_default().to_owned();
        self.asked.lock().unwrap().push(line.clone());
        let login = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("proxy-authorization").then_some(value)
        });
        if self.wants.is_some() && login != self.wants {
            return stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n").await;
        }
        let mut server = TcpStream::connect(self.to).await?;
        if line.starts_with("CONNECT ") {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
        } else {
            // A server understands whole URLs too.
            server.write_all(head.as_bytes()).await?;
        }
        copy_bidirectional(&mut stream, &mut server).await.map(drop)
    }

    /// RFC 1928 and 1929.
    async fn lead_socks(self, mut stream: TcpStream) -> io::Result<()> {
        let methods = [stream.read_u8().await?, stream.read_u8().await?][1];
        let mut offered = vec![0; methods.into()];
        stream.read_exact(&mut offered).await?;
        let method = if self.wants.is_some() { 2 } else { 0 };
        if !offered.contains(&method) {
            return stream.write_all(&[5, 0xff]).await;
        }
        stream.write_all(&[5, method]).await?;
        if let Some(wants) = self.wants {
            stream.read_u8().await?;
            let (user, password) = (text(&mut stream).await?, text(&mut stream).await?);
            let accepted = format!("{user}:{password}") == wants;
            stream.write_all(&[1, u8::from(!accepted)]).await?;
        }
        let mut request = [0; 4];
        stream.read_exact(&mut request).await?;
        let host = match request[3] {
            3 => text(&mut stream).await?,
            _ => std::net::Ipv4Addr::from(stream.read_u32().await?).to_string(),
        };
        let port = stream.read_u16().await?;
        self.asked.lock().unwrap().push(format!("{host}:{port}"));
        let mut server = TcpStream::connect(self.to).await?;
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        copy_bidirectional(&mut stream, &mut server).await.map(drop)
    }
}

async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

async fn text(stream: &mut TcpStream) -> io::Result<String> {
    let mut text = vec![0; stream.read_u8().await?.into()];
    stream.read_exact(&mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
