//! Connects to a receiver: TCP, or TLS whose certificate is always checked.

use std::sync::Arc;

use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::Collector;
use crate::{config::collector::CollectorSettings, trust::client_config};

/// A connection, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Whom to trust, and the name that the certificate has to be for.
pub(super) fn tls(settings: &CollectorSettings) -> Result<(Arc<ClientConfig>, ServerName<'static>), String> {
    let config = client_config(settings.authorities.as_deref(), &settings.to_string())?;
    let name = ServerName::try_from(settings.host.clone())
        .map_err(|_| format!("The name {:?} can't be in a certificate.", settings.host))?;
    Ok((config, name))
}

pub(super) async fn connect(collector: &Collector) -> Result<Box<dyn Stream>, String> {
    let CollectorSettings { host, port, .. } = &collector.settings;
    let unreachable = |error| format!("can't be reached: {error}");
    let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(unreachable)?;
    let Some((config, name)) = &collector.tls else { return Ok(Box::new(stream)) };
    let connector = TlsConnector::from(Arc::clone(config));
    let encrypted = connector.connect(name.clone(), stream).await;
    Ok(Box::new(encrypted.map_err(|error| {
        format!("can't be encrypted to: {error}; if your own authority issued its certificate, name it as `ca_file`")
    })?))
}
