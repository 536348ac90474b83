//! Carries TCP connections to a server, and does with them what networks do: goes silent without closing, is late, loses packets.
//! Does not look at what it carries.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Every so many pieces one is lost,
const LOST: usize = 5;
/// and comes after this time, as by TCP's retransmission: what stands above TCP sees a stream that stops.
const RETRANSMITTED: Duration = Duration::from_millis(1200);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NetworkState {
    Well,
    Silent,
    Late(Duration),
    Lossy,
}

/// Listens on a port of loopback until the process ends.
#[derive(Clone, Debug)]
pub struct Forwarder {
    address: SocketAddr,
    network: Arc<Mutex<NetworkState>>,
}

impl Forwarder {
    /// To a server at this address.
    #[must_use]
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let forwarder = Self { address, network: Arc::new(Mutex::new(NetworkState::Well)) };
        let own = forwarder.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let own = own.clone();
                thread::spawn(move || own.carry(client, server));
            }
        });
        forwarder
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Nothing passes any more and nothing is closed. Connections that are there or come meanwhile stay silent for ever.
    pub fn go_silent(&self) {
        self.become_as(NetworkState::Silent);
    }

    /// What the server says comes so much later.
    pub fn be_late(&self, by: Duration) {
        self.become_as(NetworkState::Late(by));
    }

    /// One in five pieces is lost, and sent again a good second later.
    pub fn lose_packets(&self) {
        self.become_as(NetworkState::Lossy);
    }

    pub fn be_well(&self) {
        self.become_as(NetworkState::Well);
    }

    fn become_as(&self, network: NetworkState) {
        *self.network.lock().unwrap_or_else(PoisonError::into_inner) = network;
    }

    fn network(&self) -> NetworkState {
        *self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry(&self, client: TcpStream, server: SocketAddr) {
        let silent = Arc::new(AtomicBool::new(self.network() == NetworkState::Silent));
        let Ok(server) = TcpStream::connect(server) else { return };
        let ways = [(client.try_clone(), server.try_clone(), false), (Ok(server), Ok(client), true)];
        for (from, to, answers) in ways {
            let (Ok(from), Ok(to)) = (from, to) else { return };
            let (own, silent) = (self.clone(), Arc::clone(&silent));
            // Either side hung up: the other one is told.
            thread::spawn(move || own.pass(from, to, answers, &silent).unwrap_or_default());
        }
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream, answers: bool, silent: &AtomicBool) -> io::Result<()> {
        from.set_nodelay(true)?;
        let mut piece = vec![0; 16 << 10];
        for count in 1.. {
            let length = from.read(&mut piece)?;
            let network = self.network();
            if network == NetworkState::Silent {
                silent.store(true, Ordering::SeqCst);
            }
            if silent.load(Ordering::SeqCst) {
                if length == 0 {
                    return Ok(());
                }
                continue;
            }
            match network {
                NetworkState::Late(by) if answers => thread::sleep(by),
                NetworkState::Lossy if count % LOST == 0 => thread::sleep(RETRANSMITTED),
                NetworkState::Well | NetworkState::Silent | NetworkState::Late(_) | NetworkState::Lossy => {}
            }
            if length == 0 {
                return to.shutdown(Shutdown::Write);
            }
            to.write_all(piece.get(..length).unwrap_or_default())?;
        }
        Ok(())
    }
}
