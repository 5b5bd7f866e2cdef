//! A PostgreSQL that stops responding, as behind a network that drops packets: the server still shuts down.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use sallyport::{store::Location, testing::TestStore};

use crate::server::Server;

/// Between the server and its database, until it is silenced.
struct Wire {
    address: String,
    silent: Arc<AtomicBool>,
}

impl Wire {
    fn to(database: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (silent, database) = (Arc::new(AtomicBool::new(false)), database.to_owned());
        let of_all = Arc::clone(&silent);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&database) else { continue };
                let clone = |stream: &TcpStream| stream.try_clone().expect("a descriptor");
                for (from, to) in [(clone(&client), clone(&server)), (server, client)] {
                    let silent = Arc::clone(&of_all);
                    thread::spawn(move || pass(from, to, &silent));
                }
            }
        });
        Self { address, silent }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, silent: &AtomicBool) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        // Dropped, without closing the connection.
        if !silent.load(Relaxed) && to.write_all(&bytes[..read]).is_err() {
            return;
        }
    }
    if !silent.load(Relaxed) {
        let _ = to.shutdown(Shutdown::Both);
    }
}

#[tokio::test]
async fn postgres_that_hangs_does_not_keep_the_server_from_ending() {
    let store = TestStore::postgres().await;
    let Location::Postgres(url) = store.location() else { panic!("another database") };
    let (before, rest) = url.split_once('@').expect("the URL names a user");
    let (database, name) = rest.split_once('/').expect("and a database");
    let wire = Wire::to(database);
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path().join("data"));
    command.args(["--database-url", &format!("{before}@{}/{name}", wire.address)]);
    command.env("SALLYPORT_MASTER_KEY", TestStore::master_key()).stderr(Stdio::null());
    let (mut server, _) = Server::run(command, |_| true);
    wire.silent.store(true, Relaxed);
    // Complete requests that wait for the database.
    let waiting: Vec<_> = ["/readyz", "/sign-in", "/search?q=x"]
        .map(|path| {
            let mut stream = TcpStream::connect(&server.address).expect("connected");
            let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\ncookie: sallyport=x\r\n\r\n");
            stream.write_all(request.as_bytes()).expect("written");
            stream
        })
        .into();
    thread::sleep(Duration::from_millis(500));
    kill_process(Pid::from_child(&server.child), Signal::TERM).expect("sent");
    let began = Instant::now();
    server.child.wait().expect("ended");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(26), "{took:?}");
    drop(waiting);
    store.end().await;
}
