//! A portal that answers what a test says, also what none would.
#![allow(dead_code, reason = "each test uses a part")]

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub struct FakePortal {
    pub url: String,
    pub connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
pub struct Request {
    pub head: String,
    pub body: String,
    /// On its connection, from 1.
    pub number: usize,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// What is done with the connection after a request.
pub enum Reply {
    Send(String),
    SendAndClose(String),
    /// This, and then the second text again and again.
    Endless(String, String),
    /// Letter by letter.
    Drip(String),
    Nothing,
    Close,
}

impl FakePortal {
    pub async fn start(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (counted, kept, reply) = (Arc::clone(&connections), Arc::clone(&requests), Arc::new(reply));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (kept, reply) = (Arc::clone(&kept), Arc::clone(&reply));
                tokio::spawn(async move { serve(stream, &kept, &*reply).await });
            }
        });
        Self { url: format!("http://{address}"), connections, requests, task }
    }

    pub async fn always(status: u16, headers: &str, body: &str) -> Self {
        let answer = answer(status, headers, body);
        Self::start(move |_| Reply::Send(answer.clone())).await
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("locked").clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for FakePortal {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn answer(status: u16, headers: &str, body: &str) -> String {
    let length = if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!("HTTP/1.1 {status} Said\r\n{length}{headers}\r\n{body}")
}

async fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Request>>, reply: &(dyn Fn(&Request) -> Reply + Send + Sync)) {
    let (mut received, mut number) = (Vec::new(), 0);
    loop {
        let Some(end) = received.windows(4).position(|part| part == b"\r\n\r\n") else {
            match stream.read_buf(&mut received).await {
                Ok(1..) => continue,
                _ => return,
            }
        };
        let head = String::from_utf8_lossy(&received[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        while received.len() < end + 4 + length {
            if !matches!(stream.read_buf(&mut received).await, Ok(1..)) {
                return;
            }
        }
        number += 1;
        let head = String::from_utf8_lossy(&received[..end]).into_owned();
        let body = String::from_utf8_lossy(&received[end + 4..end + 4 + length]).into_owned();
        received.drain(..end + 4 + length);
        let request = Request { head, body, number };
        kept.lock().expect("locked").push(request.clone());
        if !done(&mut stream, reply(&request)).await {
            return;
        }
    }
}

/// Whether the connection stays.
async fn done(stream: &mut TcpStream, reply: Reply) -> bool {
    match reply {
        Reply::Send(text) => stream.write_all(text.as_bytes()).await.is_ok(),
        Reply::SendAndClose(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
            false
        }
        Reply::Endless(head, part) => {
            let mut sent = stream.write_all(head.as_bytes()).await;
            while sent.is_ok() {
                sent = stream.write_all(part.as_bytes()).await;
            }
            false
        }
        Reply::Drip(text) => {
            for byte in text.bytes() {
                if stream.write_all(&[byte]).await.is_err() {
                    return false;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            false
        }
        Reply::Nothing => {
            let _ = stream.read(&mut [0; 1]).await;
            false
        }
        Reply::Close => false,
    }
}

pub fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../vectors/verify.json")).expect("JSON")
}

/// The body of a valid answer.
pub fn valid() -> String {
    vectors()["answers"][0]["body"].as_str().expect("text").to_owned()
}

pub fn refused(code: &str, status: u16) -> String {
    serde_json::json!({"valid": false, "code": code, "status": status, "error": {"code": code}, "request_id": "r"})
        .to_string()
}
