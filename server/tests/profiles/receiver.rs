//! A receiver of webhooks on loopback, without a framework.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver as Inbox, channel},
    time::Duration,
};

pub struct Receiver {
    pub url: String,
    inbox: Inbox<(String, String)>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let url = format!("http://{}/hooks", listener.local_addr().expect("an address"));
        let (sender, inbox) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(request) = read(stream) else { continue };
                if sender.send(request).is_err() {
                    return;
                }
            }
        });
        Self { url, inbox }
    }

    /// The next request: its head in lower case names, and its body.
    pub fn next(&self) -> (String, String) {
        self.inbox.recv_timeout(Duration::from_secs(20)).expect("something was sent")
    }
}

fn read(mut stream: TcpStream) -> Option<(String, String)> {
    let mut read = Vec::new();
    let mut part = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = header(head, "content-length").parse().ok()?;
            if body.len() >= length {
                stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").ok()?;
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        match stream.read(&mut part).ok()? {
            0 => return None,
            n => read.extend_from_slice(&part[..n]),
        }
    }
}

pub fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let named = |line: &&str| line.split_once(": ").is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
    head.lines().find(named).and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value)
}
