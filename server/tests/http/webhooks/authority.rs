//! Targets inside that an operator allowed, encrypted: only the authorities of `ca_file` may have issued their certificates.
//! Those in the folder are for `hooks.internal`, and end in 2126.

use std::{sync::Arc, time::Duration};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use sallyport::{
    id::OrgId,
    webhook::{AllowedTargets, Delivery, DeliveryStatus},
};
use sallyport_server::{
    config::webhooks::WebhookSettings,
    jobs::webhooks::send_due,
    webhooks::{Resolver, Sender},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::sending::{endpoint, now, org, test};
use crate::portal::TestPortal;

crate::on_both_portals!(a_target_inside_is_trusted_by_its_authority);

const AUTHORITY: &[u8] = include_bytes!("authority/ca.pem");
const CERTIFICATE: &[u8] = include_bytes!("authority/server.pem");
const KEY: &[u8] = include_bytes!("authority/server.key");

/// Takes whatever is sent to it, over TLS.
async fn receiver() -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(CERTIFICATE).expect("a certificate")],
            PrivateKeyDer::from_pem_slice(KEY).expect("a key"),
        )
        .expect("they fit");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let (mut read, mut part) = (Vec::new(), [0; 4_096]);
                // The body ends with these.
                while !read.ends_with(b"}") {
                    match stream.read(&mut part).await {
                        Ok(0) | Err(_) => return,
                        Ok(n) => read.extend_from_slice(&part[..n]),
                    }
                }
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\ninside";
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (port, task)
}

async fn sent(portal: &TestPortal, org: &OrgId, url: &str, authorities: Option<&[u8]>) -> Delivery {
    let settings = WebhookSettings {
        allowed: AllowedTargets::parse(["127.0.0.1"]).expect("good"),
        authorities: authorities.map(<[u8]>::to_vec),
        proxy: None,
    };
    let resolve: Resolver = Box::new(|_| Box::pin(async { Ok(vec![[127, 0, 0, 1].into()]) }));
    let sender = Arc::new(Sender::with(settings, resolve, Duration::from_secs(20)));
    let (webhook, _) = endpoint(portal, org, url.to_owned()).await;
    let made = test(portal, &webhook).await;
    send_due(&sender, &portal.store).await.expect("sent");
    now(portal, &made).await
}

async fn a_target_inside_is_trusted_by_its_authority(portal: &TestPortal) {
    let (org, (port, receiver)) = (org(portal).await, receiver().await);
    let url = format!("https://hooks.internal:{port}/");
    let taken = sent(portal, &org, &url, Some(AUTHORITY)).await;
    let outcome = (taken.status, taken.code, taken.response);
    assert_eq!(outcome, (DeliveryStatus::Delivered, Some(200), None), "{:?}", taken.error);
    // Another name, the system's authorities, and others than the one that issued it.
    for (url, authorities) in
        [(format!("https://other.internal:{port}/"), Some(AUTHORITY)), (url.clone(), None), (url, Some(CERTIFICATE))]
    {
        let refused = sent(portal, &org, &url, authorities).await;
        let error = refused.error.unwrap_or_default();
        let is_tls = error.contains("can't be encrypted") || error.contains("can't be set up");
        assert!(refused.code.is_none() && is_tls, "{url}: {error}");
    }
    receiver.abort();
}
