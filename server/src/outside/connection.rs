//! Connects to addresses that were judged, and to no others; or through a forward proxy.

use std::{net::IpAddr, sync::Arc, time::Duration};

use rustls::{ClientConfig, pki_types::ServerName};
use sallyport::webhook::{Target, target::Pinned};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::{collector::Stream, config::webhooks::ForwardProxy};

/// Addresses of a host that are tried.
const TRIED: usize = 4;

/// How long one may take to answer.
const CONNECTING: Duration = Duration::from_secs(4);

/// By the system's resolver.
pub(super) async fn look_up(host: String) -> Result<Vec<IpAddr>, String> {
    let found = tokio::net::lookup_host((host, 0)).await;
    let found = found.map_err(|_| "The name of the host was not found.".to_owned())?;
    Ok(found.map(|address| address.ip()).collect())
}

pub(super) async fn connect(
    target: &Target,
    pinned: &Pinned,
    tls: Option<Arc<ClientConfig>>,
) -> Result<Box<dyn Stream>, String> {
    let mut why = String::new();
    for address in pinned.addresses.iter().take(TRIED) {
        // An address that does not answer leaves time for the next.
        match timeout(CONNECTING, TcpStream::connect((*address, target.port))).await {
            Ok(Ok(stream)) => return encrypted(target, stream, tls).await,
            Ok(Err(error)) => why = format!("It can't be reached at {address}: {error}."),
            Err(_) => why = format!("It can't be reached at {address}: no answer within {} s.", CONNECTING.as_secs()),
        }
    }
    Err(why)
}

/// Bytes of what a proxy answers.
const ANSWER: usize = 8_192;

/// By a tunnel (`CONNECT`), in which everything is encrypted for the target.
pub(super) async fn through(
    proxy: &ForwardProxy,
    target: &Target,
    tls: Arc<ClientConfig>,
) -> Result<Box<dyn Stream>, String> {
    let broke_off = |error: std::io::Error| format!("The forward proxy can't be reached: {error}.");
    let connecting = timeout(CONNECTING, TcpStream::connect((proxy.host.as_str(), proxy.port))).await;
    let mut stream = connecting.map_err(|_| "The forward proxy does not answer.".to_owned())?.map_err(broke_off)?;
    let to = format!("{}:{}", target.host, target.port);
    let asked = format!("CONNECT {to} HTTP/1.1\r\nhost: {to}\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.map_err(broke_off)?;
    let mut answer = Vec::new();
    // Byte by byte, as what follows belongs to the tunnel.
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.map_err(broke_off)?);
        if answer.len() >= ANSWER {
            return Err("The forward proxy answered too much.".to_owned());
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    match answer.split(' ').nth(1) {
        Some(code) if code.starts_with('2') => encrypted(target, stream, Some(tls)).await,
        _ => Err(format!("The forward proxy answered {:?}.", answer.lines().next().unwrap_or_default())),
    }
}

async fn encrypted(
    target: &Target,
    stream: TcpStream,
    tls: Option<Arc<ClientConfig>>,
) -> Result<Box<dyn Stream>, String> {
    let Some(config) = tls else { return Ok(Box::new(stream)) };
    let host = target.host.to_string();
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
        .map_err(|_| "The host can't be in a certificate.".to_owned())?;
    let encrypted = TlsConnector::from(config).connect(name, stream).await;
    Ok(Box::new(encrypted.map_err(|error| format!("The connection can't be encrypted: {error}."))?))
}
