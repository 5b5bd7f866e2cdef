//! Clients with persistent connections that send continuous requests, like gateways.

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

const QUESTION: &[u8] = b"GET /v1/auth HTTP/1.1\r\nhost: x\r\nx-api-key: junk\r\n\r\n";

/// One connection.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    pub fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a request and reads the whole response; returns its head.
    pub fn ask(&mut self, question: &[u8]) -> io::Result<String> {
        self.0.get_mut().write_all(question)?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        self.0.read_exact(&mut body)?;
        Ok(head)
    }
}

/// What all clients observed.
#[derive(Debug, Default)]
pub struct Seen {
    pub answered: usize,
    /// Connections that were not accepted: nothing was sent.
    pub refused: usize,
    /// Requests without a response.
    pub failed: Vec<String>,
    pub times: Vec<Duration>,
}

impl Seen {
    /// The 99th percentile of response times.
    pub fn p99(&mut self) -> Duration {
        self.times.sort_unstable();
        self.times[self.times.len() * 99 / 100]
    }
}

/// Clients that send requests until they are stopped.
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Seen>>,
}

impl Load {
    pub fn start(address: &str, clients: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |_| {
            let (address, stop) = (address.to_owned(), Arc::clone(&stop));
            thread::spawn(move || ask_until(&address, &stop))
        };
        Self { clients: (0..clients).map(client).collect(), stop }
    }

    pub fn stop(self) -> Seen {
        self.stop.store(true, Relaxed);
        let mut all = Seen::default();
        for client in self.clients {
            let seen = client.join().expect("no panic");
            all.answered += seen.answered;
            all.refused += seen.refused;
            all.failed.extend(seen.failed);
            all.times.extend(seen.times);
        }
        all
    }
}

fn ask_until(address: &str, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let mut open = None;
    while !stop.load(Relaxed) {
        let mut connection = match open.take() {
            Some(connection) => connection,
            None => match Connection::open(address) {
                Ok(connection) => connection,
                Err(_) => {
                    seen.refused += 1;
                    thread::sleep(Duration::from_millis(5));
                    continue;
                }
            },
        };
        let began = Instant::now();
        match connection.ask(QUESTION) {
            Ok(head) => {
                assert!(head.starts_with("HTTP/1.1 401"), "{head}");
                seen.answered += 1;
                seen.times.push(began.elapsed());
                if !head.contains("connection: close") {
                    open = Some(connection);
                }
            }
            Err(error) => seen.failed.push(error.to_string()),
        }
    }
    seen
}
