//! The listening sockets: its own, or inherited from systemd, which keeps them open over a restart.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
};

use listenfd::ListenFd;
use tokio::net::TcpListener;

/// The kernel's send buffer for a peer that does not read (the kernel doubles it). By default it would hold
/// megabytes, which many pages fit into.
const SEND_BUFFER: usize = 128 * 1024;

/// A socket to accept connections from.
pub struct Listener {
    pub socket: TcpListener,
    /// Another process has it open too: connections wait in it until the next process accepts them.
    pub is_inherited: bool,
}

/// The sockets opened by systemd (`LISTEN_FDS`), by their names (`FileDescriptorName=`).
pub struct Inherited {
    sockets: ListenFd,
    names: Vec<String>,
}

/// The name of the gRPC socket in the unit; others are for HTTP.
const GRPC: &str = "grpc";

impl Inherited {
    pub fn from_env() -> Self {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let names = names.split(':').map(str::to_owned).collect();
        Self { sockets: ListenFd::from_env(), names }
    }

    pub fn http(&mut self) -> Result<Option<Listener>, String> {
        self.take(|name| name != GRPC)
    }

    pub fn grpc(&mut self) -> Result<Option<Listener>, String> {
        self.take(|name| name == GRPC)
    }

    fn take(&mut self, is_wanted: impl Fn(&str) -> bool) -> Result<Option<Listener>, String> {
        let mut of_that_name =
            (0..self.sockets.len()).filter(|at| is_wanted(self.names.get(*at).map_or("", String::as_str)));
        let Some(at) = of_that_name.next() else { return Ok(None) };
        if of_that_name.next().is_some() {
            return Err("systemd passed more sockets than one for HTTP and one for gRPC: in the .socket unit of the \
                        second, set FileDescriptorName=grpc, and give each one ListenStream=."
                .to_owned());
        }
        let taken = self.sockets.take_tcp_listener(at).and_then(|socket| socket.map(inherited).transpose());
        taken.map_err(|error| format!("The socket that systemd passed can't be used: {error}"))
    }
}

fn inherited(socket: std::net::TcpListener) -> io::Result<Listener> {
    socket.set_nonblocking(true)?;
    Listener::new(TcpListener::from_std(socket)?, true)
}

/// Opens a socket.
pub async fn bind(listen: &str, flag: &str) -> Result<Listener, String> {
    let bound = TcpListener::bind(listen).await.and_then(|socket| Listener::new(socket, false));
    bound.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("The address {listen} is taken. End what uses it, or choose another with {flag}.")
        }
        _ => format!("The address {listen} can't be listened on: {error}. Write it like 127.0.0.1:3000."),
    })
}

impl Listener {
    fn new(socket: TcpListener, is_inherited: bool) -> io::Result<Self> {
        // Accepted connections inherit the listener's options.
        rustix::net::sockopt::set_socket_send_buffer_size(&socket, SEND_BUFFER)?;
        Ok(Self { socket, is_inherited })
    }

    pub fn address(&self) -> Result<SocketAddr, String> {
        self.socket.local_addr().map_err(|error| error.to_string())
    }
}

/// The URL of a listener from this machine, even if it listens on every address.
pub fn own_url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// The URL from the network of a listener on every address, as far as this machine knows: with the address that it
/// would send from. Nothing is sent for that.
pub fn network_url(address: SocketAddr) -> Option<String> {
    if !address.ip().is_unspecified() {
        return None;
    }
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address for documentation (RFC 5737).
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback()).then(|| format!("http://{}", SocketAddr::new(ip, address.port())))
}
