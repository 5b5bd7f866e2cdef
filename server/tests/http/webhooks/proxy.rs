//! With a forward proxy everything goes through it, but to what an operator named.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use sallyport::webhook::AllowedTargets;
use sallyport_server::{
    config::webhooks::{ForwardProxy, WebhookSettings},
    jobs::webhooks::send_due,
    webhooks::{Resolver, Sender},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

use super::{
    receiver::Receiver,
    sending::{endpoint, now, org, test},
};
use crate::portal::TestPortal;

crate::on_both_portals!(a_forward_proxy_is_asked);

/// A proxy that answers this to one request: what it was asked, and the beginning of what followed.
async fn proxy(answer: &'static str) -> (ForwardProxy, JoinHandle<(String, Vec<u8>)>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("asked");
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            asked.push(stream.read_u8().await.expect("read"));
        }
        stream.write_all(answer.as_bytes()).await.expect("written");
        let mut followed = vec![0; 4_096];
        let n = stream.read(&mut followed).await.unwrap_or_default();
        followed.truncate(n);
        (String::from_utf8(asked).expect("text"), followed)
    });
    (ForwardProxy { host: "127.0.0.1".to_owned(), port }, task)
}

async fn a_forward_proxy_is_asked(portal: &TestPortal) {
    let org = org(portal).await;
    let looked_up = Arc::new(AtomicUsize::new(0));
    for answer in ["HTTP/1.1 403 Forbidden\r\n\r\n", "HTTP/1.1 200 Connection established\r\n\r\n"] {
        let (proxy, task) = proxy(answer).await;
        let settings = WebhookSettings { proxy: Some(proxy), ..WebhookSettings::default() };
        let count = Arc::clone(&looked_up);
        let resolve: Resolver = Box::new(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Ok(vec![[127, 0, 0, 1].into()]) })
        });
        let sender = Arc::new(Sender::with(settings, resolve, Duration::from_secs(20)));
        let (webhook, _) = endpoint(portal, &org, "https://hooks.example.com/in".to_owned()).await;
        let made = test(portal, &webhook).await;
        send_due(&sender, &portal.store).await.expect("sent");
        let (asked, followed) = task.await.expect("no panic");
        assert_eq!(asked, "CONNECT hooks.example.com:443 HTTP/1.1\r\nhost: hooks.example.com:443\r\n\r\n");
        let error = now(portal, &made).await.error.unwrap_or_default();
        // The same, whatever the proxy said.
        assert_eq!(error, "The forward proxy can't connect to it.");
        // A handshake for the target, and nothing in clear.
        let is_encrypted =
            followed.first() == Some(&0x16) && followed.windows(17).any(|part| part == b"hooks.example.com");
        assert_eq!(is_encrypted, answer.contains("200"));
    }
    assert_eq!(looked_up.load(Ordering::SeqCst), 0, "the proxy looks names up");
    // What leads inside as it is written is refused, and what an operator named is connected to.
    let (allowed, receiver) = (AllowedTargets::parse(["127.0.0.1"]).expect("good"), Receiver::start().await);
    let nowhere = ForwardProxy { host: "127.0.0.1".to_owned(), port: 1 };
    let settings = WebhookSettings { allowed, proxy: Some(nowhere), ..WebhookSettings::default() };
    let resolve: Resolver = Box::new(|_| Box::pin(async { Err("Not found.".to_owned()) }));
    let sender = Arc::new(Sender::with(settings, resolve, Duration::from_secs(20)));
    for (url, about) in [
        (format!("http://127.0.0.1:{}/", receiver.port), ""),
        ("https://10.0.0.1/".to_owned(), "not on the public internet"),
        ("https://hooks.example.com/".to_owned(), "The forward proxy can't connect to it."),
    ] {
        let (webhook, _) = endpoint(portal, &org, url).await;
        let made = test(portal, &webhook).await;
        send_due(&sender, &portal.store).await.expect("sent");
        let after = now(portal, &made).await;
        let error = after.error.unwrap_or_default();
        assert!(error.contains(about) && error.is_empty() == about.is_empty(), "{error}");
    }
    assert_eq!(receiver.requests().len(), 1);
}
