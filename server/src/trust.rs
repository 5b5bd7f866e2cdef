//! Whom TLS connections to the outside trust.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt;

/// Trusts the system's authorities, or these instead. `whose` names the receiver in errors.
pub fn client_config(authorities: Option<&[u8]>, whose: &str) -> Result<Arc<ClientConfig>, String> {
    let unusable = |error: rustls::Error| format!("TLS to {whose} can't be set up: {error}.");
    let no_certificates = || format!("The authorities of {whose} should be certificates in PEM.");
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let builder = match authorities {
        None => builder.with_platform_verifier().map_err(unusable)?,
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| no_certificates())?;
                roots.add(certificate).map_err(|_| no_certificates())?;
            }
            if roots.is_empty() {
                return Err(no_certificates());
            }
            builder.with_root_certificates(roots)
        }
    };
    Ok(Arc::new(builder.with_no_client_auth()))
}
