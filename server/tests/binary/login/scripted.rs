//! A portal that gives prepared answers, one connection for each.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread::JoinHandle,
};

use serde_json::Value;

pub struct Request {
    head: Vec<String>,
    pub body: String,
}

impl Request {
    /// `POST /oauth/token`
    pub fn line(&self) -> &str {
        self.head[0].trim_end_matches(" HTTP/1.1")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

pub struct ScriptedPortal {
    pub url: String,
    serving: JoinHandle<Vec<Request>>,
}

impl ScriptedPortal {
    pub fn start(answers: Vec<(u16, Value)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let serve = move || answers.iter().map(|(status, body)| answer(&listener, *status, body)).collect();
        Self { url, serving: std::thread::spawn(serve) }
    }

    /// All requests, once the last answer was given. Nothing listens there any more.
    pub fn end(self) -> Vec<Request> {
        self.serving.join().expect("served")
    }
}

fn answer(listener: &TcpListener, status: u16, body: &Value) -> Request {
    let (mut stream, _) = listener.accept().expect("a client");
    let request = read(&stream);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let head = format!("HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\nconnection: close\r\n");
    stream.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).expect("sent");
    request
}

fn read(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        head.push(line.to_owned());
    }
    let mut request = Request { head, body: String::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().expect("a number"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    request.body = String::from_utf8(body).expect("UTF-8");
    request
}
