//! A proxy in front of a database whose connections can go silent: nothing is closed, and nothing arrives any more. It can also
//! be cut one way, lead to another server, and lose the answer to a commit.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
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
    /// Where new connections lead to.
    server: Mutex<String>,
    cut: Mutex<Cut>,
    cut_ended: Condvar,
    made: AtomicUsize,
    /// Connections with a lower number are silent.
    silent: AtomicUsize,
    /// The connection over which this is sent is closed as soon as it has sent a commit.
    fatal: Mutex<Option<&'static [u8]>>,
}

/// To whom bytes are forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    ToServer,
    ToClient,
}

/// Which ways are cut.
#[derive(Default)]
struct Cut {
    to_server: bool,
    to_client: bool,
}

impl Cut {
    fn way(&mut self, way: Way) -> &mut bool {
        match way {
            Way::ToServer => &mut self.to_server,
            Way::ToClient => &mut self.to_client,
        }
    }
}

impl Proxy {
    /// In front of the server in a database's URL. Also returns the URL of the same database over the proxy.
    pub fn before(url: &str) -> (Self, String) {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let (authority, path) = rest.split_once('/').expect("the URL names a database");
        let (user, server) = authority.rsplit_once('@').map_or(("", authority), |(user, server)| (user, server));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(Connections { server: Mutex::new(server.to_owned()), ..Connections::default() });
        let accepting = Arc::clone(&connections);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let number = accepting.made.fetch_add(1, Ordering::SeqCst);
                let server = accepting.server.lock().expect("not poisoned").clone();
                let Ok(upstream) = TcpStream::connect(server) else { continue };
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

    /// Cuts one way: what is sent is held back until `restore`, as by a network that loses packets and whose senders repeat them.
    pub fn cut(&self, way: Way) {
        *self.connections.cut.lock().expect("not poisoned").way(way) = true;
    }

    /// Ends the cuts; what was held back arrives.
    pub fn restore(&self) {
        *self.connections.cut.lock().expect("not poisoned") = Cut::default();
        self.connections.cut_ended.notify_all();
    }

    /// New connections lead to this address of a server.
    pub fn lead_to(&self, server: SocketAddr) {
        *self.connections.server.lock().expect("not poisoned") = server.to_string();
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
        let cut = connections.cut.lock().expect("not poisoned");
        drop(connections.cut_ended.wait_while(cut, |cut| *cut.way(way)).expect("not poisoned"));
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A server that answers each byte with the next one.
    fn next_bytes(by: u8) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || {
                    let mut byte = [0];
                    while client.read_exact(&mut byte).is_ok() {
                        let _ = client.write_all(&[byte[0] + by]);
                    }
                });
            }
        });
        address
    }

    fn client(proxy: &Proxy) -> TcpStream {
        let stream = TcpStream::connect(proxy.address()).expect("connected");
        stream.set_read_timeout(Some(Duration::from_millis(50))).expect("set");
        stream
    }

    fn answer(mut stream: &TcpStream) -> Option<u8> {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok().map(|()| byte[0])
    }

    #[test]
    fn what_is_held_back_by_a_cut_arrives_when_it_ends() {
        let (proxy, _) = Proxy::before(&format!("postgres://{}/x", next_bytes(1)));
        let mut stream = client(&proxy);
        for way in [Way::ToServer, Way::ToClient] {
            proxy.cut(way);
            stream.write_all(&[7]).expect("sent");
            assert_eq!(answer(&stream), None, "{way:?}");
            proxy.restore();
            stream.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
            assert_eq!(answer(&stream), Some(8), "{way:?}");
            stream.set_read_timeout(Some(Duration::from_millis(50))).expect("set");
        }
    }

    #[test]
    fn new_connections_lead_to_the_other_server() {
        let (proxy, _) = Proxy::before(&format!("postgres://{}/x", next_bytes(1)));
        proxy.lead_to(next_bytes(2));
        let mut stream = client(&proxy);
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
        stream.write_all(&[7]).expect("sent");
        assert_eq!(answer(&stream), Some(9));
    }
}
