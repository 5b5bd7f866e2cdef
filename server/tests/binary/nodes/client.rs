//! Requests that end even if the node does not answer.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The status of the answer about a key.
pub fn verify(address: &str, secret: &str) -> Option<u16> {
    let answer =
        exchange(address, &format!("GET /v1/auth HTTP/1.1\r\nhost: {address}\r\nx-api-key: {secret}\r\n"), "")?;
    status(&answer)
}

/// A request to the API for people's tools; the status and the body.
pub fn manage(address: &str, token: &str, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         accept: application/json\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    let answer = exchange(address, &head, &body)?;
    let told = answer.split_once("\r\n\r\n")?.1;
    // What was cut off is no answer.
    Some((status(&answer)?, serde_json::from_str(told).ok()?))
}

fn status(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

fn exchange(address: &str, head: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
