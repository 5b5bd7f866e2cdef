//! Connections: kept, closed, slow, endless, gone. Whatever happens, nothing but an answer is a result.

mod fake;

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use fake::{FakePortal, Reply, answer, refused, valid};
use sallyport_client::{Client, RequestSignature, Required, Verification};
use tokio::net::TcpListener;

fn client(portal: &FakePortal) -> Client {
    Client::new(&portal.url, "t").expect("made")
}

async fn code(client: &Client) -> &'static str {
    client.verify(Some("sk_live_1"), &Required::default()).await.expect_err("no result").kind.code()
}

async fn is_valid(client: &Client, key: &str) -> bool {
    client.verify(Some(key), &Required::default()).await.expect("a result").is_valid()
}

#[tokio::test]
async fn a_connection_is_kept() {
    let portal = FakePortal::always(200, "", &valid()).await;
    let client = client(&portal);
    for _ in 0..5 {
        assert!(is_valid(&client.clone(), "sk_live_1").await);
    }
    assert_eq!((portal.connections(), portal.requests().len()), (1, 5));
}

#[tokio::test]
async fn concurrent_calls_get_their_own_answers() {
    let portal = FakePortal::start(|request| {
        let key = request.json()["key"].as_str().expect("text").to_owned();
        Reply::Send(answer(200, "", &valid().replace("key_7Hq2aB3cD4eF5gH6", &key)))
    })
    .await;
    let client = client(&portal);
    let calls = (0..50).map(|n| {
        let (client, key) = (client.clone(), format!("k{n}"));
        tokio::spawn(async move {
            let told = client.verify(Some(&key), &Required::default()).await.expect("a result");
            assert!(matches!(told, Verification::Valid(valid) if valid.key_id == key));
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.expect("its own");
    }
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port()
}

#[tokio::test]
async fn nothing_listens() {
    let client = Client::new(&format!("http://127.0.0.1:{}", free_port().await), "t").expect("made");
    assert_eq!(code(&client).await, "unreachable");
    let client = Client::new("https://keys.invalid", "t").expect("made");
    assert_eq!(code(&client).await, "unreachable");
}

#[tokio::test]
async fn no_tls_where_it_is_expected() {
    let portal = FakePortal::start(|_| Reply::Close).await;
    let client = Client::new(&portal.url.replace("http:", "https:"), "t").expect("made");
    assert!(matches!(code(&client).await, "unreachable" | "timed_out"));
    assert!(portal.requests().is_empty());
}

async fn times_out(reply: impl Fn() -> Reply + Send + Sync + 'static) {
    let portal = FakePortal::start(move |_| reply()).await;
    let client = Client::builder(&portal.url, "t").timeout(Duration::from_millis(300)).build().expect("made");
    assert_eq!(code(&client).await, "timed_out");
    assert_eq!(portal.requests().len(), 1, "not tried again");
}

#[tokio::test]
async fn a_slow_portal() {
    times_out(|| Reply::Nothing).await;
    times_out(|| Reply::Drip(format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(10_000)))).await;
    times_out(|| Reply::Drip(answer(200, "", &valid()))).await;
}

async fn endless(head: &'static str, part: String) -> &'static str {
    let portal = FakePortal::start(move |_| Reply::Endless(head.to_owned(), part.clone())).await;
    code(&Client::builder(&portal.url, "t").timeout(Duration::from_secs(20)).build().expect("made")).await
}

#[tokio::test]
async fn an_answer_without_end() {
    let blank = " ".repeat(10_000);
    assert_eq!(endless("HTTP/1.1 200 OK\r\n\r\n", blank.clone()).await, "unexpected_answer");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(endless(chunked, format!("400\r\n{}\r\n", " ".repeat(1024))).await, "unexpected_answer");
    assert_eq!(endless("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", blank).await, "unexpected_answer");
    assert_eq!(endless("HTTP/1.1 200 OK\r\n", format!("X-Other: {}\r\n", "x".repeat(1000))).await, "unexpected_answer");
}

#[tokio::test]
async fn a_body_that_ends_too_early() {
    let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", valid().len() + 1, valid());
    let portal = FakePortal::start(move |_| Reply::SendAndClose(text.clone())).await;
    assert_eq!(code(&client(&portal)).await, "unreachable");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = FakePortal::always(200, "", &valid()).await;
    for status in [301, 302, 303, 307, 308] {
        let portal = FakePortal::always(status, &format!("Location: {}\r\n", other.url), &valid()).await;
        assert_eq!(code(&client(&portal)).await, "unexpected_answer");
    }
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn what_was_sent_is_not_sent_again() {
    let portal = FakePortal::start(|request| match request.number {
        1 => Reply::Send(answer(200, "", &valid())),
        _ => Reply::Close,
    })
    .await;
    let client = client(&portal);
    assert!(is_valid(&client, "sk_live_1").await);
    assert_eq!(code(&client).await, "unreachable");
    assert_eq!(portal.requests().len(), 2);
    assert!(is_valid(&client, "sk_live_1").await, "on another connection");
}

#[tokio::test]
async fn two_answers_at_once() {
    let both = answer(200, "", &refused("revoked", 401)) + &answer(200, "", &valid());
    let portal = FakePortal::start(move |_| Reply::Send(both.clone())).await;
    let client = client(&portal);
    for _ in 0..3 {
        let told = client.verify(Some("sk_live_1"), &Required::default()).await;
        assert!(!told.is_ok_and(|told| told.is_valid()));
    }
}

#[tokio::test]
async fn results_are_remembered_only_if_that_is_wanted() {
    let asked = |cache: Duration| async move {
        let portal = FakePortal::always(200, "", &valid()).await;
        let client = Client::builder(&portal.url, "t").cache(cache).build().expect("made");
        assert!(is_valid(&client, "a").await && is_valid(&client, "a").await && is_valid(&client, "b").await);
        let signature = RequestSignature { timestamp: "1795327200", signature: "", body: b"" };
        let signed = Required { signature: Some(signature), ..Required::default() };
        for _ in 0..2 {
            assert!(client.verify(Some("a"), &signed).await.expect("a result").is_valid());
        }
        portal.requests().len()
    };
    assert_eq!(asked(Duration::ZERO).await, 5);
    assert_eq!(asked(Duration::from_secs(1)).await, 4);
}

#[tokio::test]
async fn refusals_are_asked_each_time() {
    let count = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&count);
    let portal = FakePortal::start(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Reply::Send(answer(200, "", &refused("revoked", 401)))
    })
    .await;
    let client = Client::builder(&portal.url, "t").cache(Duration::from_secs(1)).build().expect("made");
    assert!(!is_valid(&client, "a").await && !is_valid(&client, "a").await);
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn calls_at_once_are_bounded_and_wait() {
    let portal = FakePortal::start(|_| Reply::Nothing).await;
    let client = Client::builder(&portal.url, "t").timeout(Duration::from_secs(60)).build().expect("made");
    for _ in 0..256 {
        let client = client.clone();
        tokio::spawn(async move { code(&client).await });
    }
    while portal.requests().len() < 256 {
        tokio::task::yield_now().await;
    }
    // All places are taken until the answers come, which they don't.
    let one_more = tokio::time::timeout(Duration::from_millis(300), code(&client)).await;
    assert!(one_more.is_err());
    assert_eq!(portal.requests().len(), 256);
}
