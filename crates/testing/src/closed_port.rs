//! A port that refuses every connection.

use tokio::net::TcpSocket;

/// A local port that is bound, but not listening: it refuses connections, and no other program can take it.
#[derive(Debug)]
pub struct ClosedPort(TcpSocket);

impl ClosedPort {
    /// Binds a free port.
    #[must_use]
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // On Linux, a listener that sets this, too, can take the port. Those of std and tokio do.
        socket.set_reuseaddr(true).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self(socket)
    }

    /// The port number.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// The base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// Lets a listener of this test take the port. On Linux, it stays bound until then, so that no other program takes it first.
    #[must_use]
    pub fn open(self) -> Option<Self> {
        cfg!(target_os = "linux").then_some(self)
    }
}

impl Default for ClosedPort {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn it_refuses_until_a_listener_takes_it() {
        let closed = ClosedPort::new();
        let address = ("127.0.0.1", closed.port());
        let refused = TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let _open = closed.open();
        let _listener = TcpListener::bind(address).unwrap();
        TcpStream::connect(address).unwrap();
    }
}
