//! A Redis of a test: on loopback and a free port, without a disk, ended by its process id.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use redis::{Client, Connection};

pub struct RedisServer {
    child: Option<Child>,
    port: u16,
    arguments: Vec<String>,
    folder: tempfile::TempDir,
}

impl RedisServer {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With more arguments.
    pub fn start_with(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut server = Self { child: None, port: free_port(), arguments, folder };
        server.restart();
        server
    }

    /// A Sentinel that watches another server as `primary`.
    pub fn sentinel_of(server: &Self) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("sentinel monitor primary 127.0.0.1 {} 1\n", server.port);
        fs::write(folder.path().join("sentinel.conf"), text).expect("written");
        let mut sentinel = Self { child: None, port: free_port(), arguments: Vec::new(), folder };
        let config = sentinel.folder.path().join("sentinel.conf");
        let mut command = Command::new(binary());
        command.arg(config).args(["--sentinel", "--port", &sentinel.port.to_string()]);
        sentinel.run(command);
        sentinel
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// One that has all that this one has, and follows it.
    pub fn replica(&self) -> Self {
        let replica = Self::start_with(&["--replicaof", "127.0.0.1", &self.port.to_string()]);
        for _ in 0..1_500 {
            if replica.ask::<String>(&["INFO", "replication"]).contains("master_link_status:up") {
                return replica;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the replica does not follow");
    }

    /// It takes the place of its primary, which is gone.
    pub fn promote(&mut self) {
        self.ask::<()>(&["REPLICAOF", "NO", "ONE"]);
        // If it is started again.
        self.arguments.clear();
    }

    /// Answers nothing until `go_on`, and accepts connections.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    pub fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().expect("sent").success());
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("SIGKILL");
            child.wait().expect("ended");
        }
    }

    /// On the same port, with nothing of what it knew.
    pub fn restart(&mut self) {
        self.kill();
        let mut command = Command::new(binary());
        command.args(["--port", &self.port.to_string(), "--save", "", "--appendonly", "no"]);
        command.args(["--repl-diskless-sync-delay", "0"]).args(&self.arguments);
        self.run(command);
    }

    fn run(&mut self, mut command: Command) {
        command.args(["--bind", "127.0.0.1", "--dir"]).arg(self.folder.path()).stdin(Stdio::null());
        let log = fs::File::create(self.log()).expect("a file");
        self.child = Some(command.stdout(log).spawn().expect("redis-server starts"));
        // Until it listens.
        for _ in 0..500 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("redis-server did not start: {}", fs::read_to_string(self.log()).unwrap_or_default());
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// A connection of the test's own.
    pub fn connection(&self) -> Connection {
        Client::open(self.url()).and_then(|client| client.get_connection()).expect("Redis answers")
    }

    /// What a command answers.
    pub fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query(&mut self.connection()).unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// In microseconds since 1970.
    pub fn time(&self) -> i64 {
        let (seconds, micros): (i64, i64) = self.ask(&["TIME"]);
        seconds * 1_000_000 + micros
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Valkey's has the same commands.
fn binary() -> &'static str {
    let found = |name: &str| {
        std::env::var_os("PATH")
            .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
    };
    if found("redis-server") { "redis-server" } else { "valkey-server" }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
