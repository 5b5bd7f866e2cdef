//! Connects to addresses that were judged, and to no others.

use std::{net::IpAddr, sync::Arc, time::Duration};

use rustls::{ClientConfig, pki_types::ServerName};
use sallyport::webhook::{Target, target::Pinned};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use crate::collector::Stream;

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
