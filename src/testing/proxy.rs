//! A proxy in front of a database whose connections can go silent: nothing is closed, and nothing arrives any more. It can also
//! lose the answer to a commit.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

pub struct Proxy {
    address: SocketAddr,
    connections: Arc<Connections>,
}

#[derive(Default)]
struct Connections {
    made: AtomicUsize,
    /// Connections with a lower number are silent.
    silent: AtomicUsize,
    /// The connection over which this is sent is closed as soon as it has sent a commit.
    fatal: Mutex<Option<&'static [u8]>>,
}

/// To whom bytes are forwarded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    ToServer,
    ToClient,
}

impl Proxy {
    /// In front of the server in a database's URL. Also returns the URL of the same database over the proxy.
    pub fn before(url: &str) -> (Self, String) {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let (authority, path) = rest.split_once('/').expect("the URL names a database");
        let (user, server) = authority.rsplit_once('@').map_or(("", authority), |(user, server)| (user, server));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(Connections::default());
        let (server, accepting) = (server.to_owned(), Arc::clone(&connections));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let number = accepting.made.fetch_add(1, Ordering::SeqCst);
                let Ok(upstream) = TcpStream::connect(&server) else { continue };
                let again = |stream: &TcpStream| stream.try_clone().expect("a handle");
                let ways = [(again(&client), again(&upstream), Way::ToServer), (upstream, client, Way::ToClient)];
                for (from, to, way) in ways {
                    let connections = Arc::clone(&accepting);
                    thread::spawn(move || forward(from, to, way, number, &connections));
                }
            }
        });
        let at = if user.is_empty() { String::new() } else { format!("{user}@") };
        (Self { address, connections }, format!("{scheme}://{at}{address}/{path}"))
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Silences the existing connections; new ones work.
    pub fn silence(&self) {
        self.connections.silent.store(self.connections.made.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Silences all connections, including new ones.
    pub fn stop(&self) {
        self.connections.silent.store(usize::MAX, Ordering::SeqCst);
    }

    /// A connection over which this statement is sent is closed after its next commit was sent to the database, and before the
    /// answer.
    pub fn lose_answers_to_commits_after(&self, statement: &'static str) {
        *self.connections.fatal.lock().expect("not poisoned") = Some(statement.as_bytes());
    }

    /// No answers are lost any more.
    pub fn lose_nothing(&self) {
        *self.connections.fatal.lock().expect("not poisoned") = None;
    }

    /// New connections work again.
    pub fn go_on(&self) {
        self.silence();
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, way: Way, number: usize, connections: &Connections) {
    let _ = to.set_nodelay(true);
    let (mut bytes, mut was_sent) = ([0; 16 * 1024], false);
    while let Ok(count) = from.read(&mut bytes) {
        // Both ends stay open, and neither receives anything.
        while number < connections.silent.load(Ordering::SeqCst) {
            thread::park();
        }
        if way == Way::ToServer {
            let contains = |text: &[u8]| bytes[..count].windows(text.len()).any(|window| window == text);
            let fatal = *connections.fatal.lock().expect("not poisoned");
            was_sent |= fatal.is_some_and(contains);
            if fatal.is_some() && was_sent && contains(b"COMMIT") {
                let _ = from.shutdown(std::net::Shutdown::Both);
                let _ = to.write_all(&bytes[..count]);
                let _ = to.shutdown(std::net::Shutdown::Write);
                return;
            }
        }
        if count == 0 || to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}
