//! The socket that is listened on: `[::]` is every address, of IPv4 too, whatever `net.ipv6.bindv6only` says.
//! Accepts nothing.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;

/// Connections that may wait to be accepted; the same as tokio's own.
const BACKLOG: i32 = 1024;

/// On `[::]`, where the machine has no IPv6, on `0.0.0.0`.
pub(super) fn open(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::from_std(first(address, listen)?.into())
}

fn first<T>(address: SocketAddr, listen: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    match listen(address) {
        // A port that is taken is no lack of IPv6.
        Err(error) if address.ip() == Ipv6Addr::UNSPECIFIED && error.kind() != ErrorKind::AddrInUse => {
            listen((Ipv4Addr::UNSPECIFIED, address.port()).into())
        }
        opened => opened,
    }
}

fn listen(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A restart need not wait for connections that have just ended.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    /// What is listened on where these addresses fail with that error.
    fn found(asked: &str, failing: &[&str], kind: ErrorKind) -> Result<String, ErrorKind> {
        let listen = |address: SocketAddr| {
            let address = address.to_string();
            if failing.contains(&address.as_str()) { Err(kind.into()) } else { Ok(address) }
        };
        first(at(asked), listen).map_err(|error| error.kind())
    }

    #[tokio::test]
    async fn every_address_is_one_of_both_families() {
        let listener = open(at("[::]:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        // A machine without IPv6 has no such loopback either.
        if std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
            TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap();
        }
    }

    #[test]
    fn without_ipv6_it_is_every_ipv4_address() {
        let none = ErrorKind::AddrNotAvailable;
        assert_eq!(found("[::]:8443", &[], none), Ok("[::]:8443".to_owned()));
        assert_eq!(found("[::]:8443", &["[::]:8443"], none), Ok("0.0.0.0:8443".to_owned()));
        assert_eq!(found("[::]:8443", &["[::]:8443", "0.0.0.0:8443"], none), Err(none));
    }

    #[test]
    fn another_address_and_a_taken_port_stay_errors() {
        let none = ErrorKind::AddrNotAvailable;
        assert_eq!(found("[fd00::7]:8443", &["[fd00::7]:8443"], none), Err(none));
        assert_eq!(found("[::]:8443", &["[::]:8443"], ErrorKind::AddrInUse), Err(ErrorKind::AddrInUse));
    }
}
