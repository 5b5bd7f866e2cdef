//! Connects to a receiver: TCP, or TLS whose certificate is always checked.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::Collector;
use crate::config::collector::CollectorSettings;

/// A connection, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Whom to trust, and the name that the certificate has to be for.
pub(super) fn tls(settings: &CollectorSettings) -> Result<(Arc<ClientConfig>, ServerName<'static>), String> {
    let unusable = |error: rustls::Error| format!("TLS to {settings} can't be set up: {error}.");
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let builder = match &settings.authorities {
        None => builder.with_platform_verifier().map_err(unusable)?,
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| no_certificates(settings))?;
                roots.add(certificate).map_err(|_| no_certificates(settings))?;
            }
            if roots.is_empty() {
                return Err(no_certificates(settings));
            }
            builder.with_root_certificates(roots)
        }
    };
    let name = ServerName::try_from(settings.host.clone())
        .map_err(|_| format!("The name {:?} can't be in a certificate.", settings.host))?;
    Ok((Arc::new(builder.with_no_client_auth()), name))
}

fn no_certificates(settings: &CollectorSettings) -> String {
    format!("The authorities of {settings} should be certificates in PEM.")
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
