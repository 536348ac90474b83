//! One HTTP request and its answer, blocking, with a limit: for probes and for the clients of what a test runs.
//! Speaks HTTP/1.0, so that no answer is chunked; follows nothing, keeps no connection.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::unverified;

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self { method: "GET", path: path.to_owned(), headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn with_body(method: &'static str, path: &str, body: String) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Self { method, path: path.to_owned(), headers, body }
    }

    pub(crate) fn with_text(method: &'static str, path: &str, body: String) -> Self {
        let headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
        Self { method, path: path.to_owned(), headers, body }
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn text(&self) -> String {
        let mut text = format!("{} {} HTTP/1.0\r\nHost: quorate\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{}", self.body.len(), self.body));
        text
    }
}

/// Status and body. The limit holds for the connection and for each read.
pub(crate) fn ask(address: SocketAddr, request: &Request, limit: Duration) -> io::Result<(u16, String)> {
    exchange(connect(address, limit)?, request)
}

/// `ask` over TLS, whoever the server says that it is.
pub(crate) fn ask_over_tls(address: SocketAddr, request: &Request, limit: Duration) -> io::Result<(u16, String)> {
    exchange(unverified::wrap(connect(address, limit)?)?, request)
}

fn connect(address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    Ok(stream)
}

fn exchange(mut stream: impl Read + Write, request: &Request) -> io::Result<(u16, String)> {
    stream.write_all(request.text().as_bytes())?;
    stream.flush()?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // A TLS server that hangs up without saying so.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !answer.is_empty() => {}
        read => read.map(drop)?,
    }
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no HTTP answer: `{answer}`")))?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    Ok((status, body))
}
