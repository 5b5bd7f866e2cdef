//! A client of the gateway with raw bytes, from an address that is not a proxy.

use std::{collections::BTreeMap, io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    time::timeout,
};

/// Loopback, but not the address from which gateways call the verifier.
pub const ADDRESS: &str = "127.0.0.2";
/// Longer than any gateway waits for the verifier.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: BTreeMap<String, Vec<String>>,
    pub body: String,
}

impl Answer {
    /// The single value of a header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let values = self.headers.get(name).map_or(&[][..], Vec::as_slice);
        assert!(values.len() <= 1, "{name} twice in {self:?}");
        values.first().map_or("", String::as_str)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

pub async fn send(gateway: &str, request: &str, headers: &[(&str, &str)], body: &str) -> io::Result<Answer> {
    let asked = async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(format!("{ADDRESS}:0").parse().map_err(io::Error::other)?)?;
        let mut stream = socket.connect(gateway.parse().map_err(io::Error::other)?).await?;
        let mut head = format!("{request} HTTP/1.1\r\nhost: {gateway}\r\nconnection: close\r\n");
        if !body.is_empty() {
            head += &format!("content-length: {}\r\n", body.len());
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        parse(&String::from_utf8_lossy(&answer))
    };
    timeout(PATIENCE, asked).await?
}

fn parse(answer: &str) -> io::Result<Answer> {
    let cut_off = || io::Error::new(io::ErrorKind::UnexpectedEof, format!("cut off: {answer:?}"));
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(cut_off)?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or_else(cut_off)?;
    let mut headers = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        headers.entry(name.to_ascii_lowercase()).or_default().push(value.trim().to_owned());
    }
    let chunked = headers.contains_key("transfer-encoding");
    let body = if chunked { unchunked(body).ok_or_else(cut_off)? } else { body.to_owned() };
    Ok(Answer { status, headers, body })
}

fn unchunked(mut body: &str) -> Option<String> {
    let mut whole = String::new();
    loop {
        let (size, rest) = body.split_once("\r\n")?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        whole += rest.get(..size)?;
        body = rest.get(size..)?.strip_prefix("\r\n")?;
    }
}
