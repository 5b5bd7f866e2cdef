//! What is sent, to real receivers: signed, bounded, and never into the inside.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::http::HeaderMap;
use sallyport::{
    audit::{Act, Actor},
    id::{OrgId, WebhookId},
    store::Paging,
    webhook::{AllowedTargets, Delivery, DeliveryStatus, EventTypes, NewWebhook, WebhookSecret},
};
use sallyport_server::{
    config::webhooks::WebhookSettings,
    jobs::webhooks::send_due,
    webhooks::{Resolver, Sender},
};
use tokio::{net::TcpListener, sync::Semaphore};

use super::receiver::{Behaviour, Receiver};
use crate::portal::TestPortal;

crate::on_both_portals!(
    a_delivery_is_signed_and_taken,
    what_receivers_answer_is_kept_within_bounds,
    a_slow_endpoint_delays_no_other,
    one_organization_leaves_places_to_others,
    nothing_goes_inside,
    a_name_is_looked_up_once,
);

fn settings(allow: &[&str]) -> WebhookSettings {
    WebhookSettings {
        allowed: AllowedTargets::parse(allow.iter().copied()).expect("good"),
        ..WebhookSettings::default()
    }
}

/// To everything in `allow`; names lead to `found`, of which the next is taken at each look-up.
fn sender(allow: &[&str], found: &[&str], looked_up: &Arc<AtomicUsize>) -> Arc<Sender> {
    let found: Vec<std::net::IpAddr> = found.iter().map(|text| text.parse().expect("an address")).collect();
    let looked_up = Arc::clone(looked_up);
    let resolve: Resolver = Box::new(move |_| {
        let at = looked_up.fetch_add(1, Ordering::SeqCst);
        let found = found.get(at).or(found.last()).copied();
        Box::pin(async move { Ok(found.into_iter().collect()) })
    });
    Arc::new(Sender::with(settings(allow), resolve, Duration::from_millis(800)))
}

pub(super) async fn endpoint(portal: &TestPortal, org: &OrgId, url: String) -> (WebhookId, WebhookSecret) {
    let new = NewWebhook {
        url,
        environment: "production".to_owned(),
        events: EventTypes::check(["*"]).expect("good"),
        description: String::new(),
        active: true,
    };
    let made = portal.store.create_webhook(&Act::by(Actor::CommandLine), org, new, true, None).await.expect("made");
    (made.0.id, made.1.expect("a secret"))
}

pub(super) async fn org(portal: &TestPortal) -> OrgId {
    portal.set_up().await;
    OrgId::parse(&portal.org("Focus").await).expect("an id")
}

pub(super) async fn test(portal: &TestPortal, webhook: &WebhookId) -> Delivery {
    portal.store.send_test_event(&Act::by(Actor::CommandLine), webhook).await.expect("made")
}

pub(super) async fn now(portal: &TestPortal, delivery: &Delivery) -> Delivery {
    portal.store.delivery(&delivery.id).await.expect("read").expect("there")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap_or_else(|| panic!("{name} is missing")).to_str().expect("text")
}

/// By the reference implementation of the standard.
fn is_signed(headers: &HeaderMap, body: &str, secret: &WebhookSecret) -> bool {
    let (id, at) = (header(headers, "webhook-id"), header(headers, "webhook-timestamp"));
    let expected = standardwebhooks::Webhook::new(secret.expose()).expect("a secret");
    let expected = expected.sign(id, at.parse().expect("seconds"), body.as_bytes()).expect("signed");
    header(headers, "webhook-signature").split(' ').any(|given| given == expected)
}

async fn a_delivery_is_signed_and_taken(portal: &TestPortal) {
    let org = org(portal).await;
    let receiver = Receiver::start().await;
    let (webhook, secret) = endpoint(portal, &org, format!("http://127.0.0.1:{}/in?a=b", receiver.port)).await;
    let app = portal.app_in(org.as_str(), "Focus and calm").await;
    portal.key(&app).await;
    portal.store.fan_out_events().await.expect("fanned out");
    let sender = sender(&["127.0.0.1"], &[], &Arc::default());
    send_due(&sender, &portal.store).await.expect("sent");
    let requests = receiver.requests();
    assert_eq!(requests.len(), 1);
    let (headers, body) = &requests[0];
    assert!(is_signed(headers, body, &secret), "{headers:?}");
    assert!(!is_signed(headers, &format!("{body} "), &secret));
    assert_eq!(header(headers, "content-type"), "application/json");
    assert!(header(headers, "webhook-timestamp").parse::<i64>().expect("seconds") > 1_700_000_000);
    let json: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(json["type"], "key.generated");
    let page = portal
        .store
        .deliveries(&org, Default::default(), &Paging::parse(10, None).expect("the beginning"))
        .await
        .expect("read");
    let delivery = &page.items[0];
    assert_eq!((delivery.status, delivery.code), (DeliveryStatus::Delivered, Some(204)));
    assert_eq!(header(headers, "webhook-id"), delivery.id.as_str());
    assert!(delivery.duration_ms.is_some());
    send_due(&sender, &portal.store).await.expect("nothing to do");
    assert_eq!(receiver.requests().len(), 1, "once");
    // Under the same id again, and with both secrets for a while.
    let act = Act::by(Actor::CommandLine);
    let day = Duration::from_secs(86_400);
    let (_, other) = portal.store.change_webhook_secret(&act, &webhook, None, day).await.expect("changed");
    portal.store.resend_delivery(&act, delivery).await.expect("again");
    send_due(&sender, &portal.store).await.expect("sent");
    let (headers, body) = receiver.requests().pop().expect("sent");
    assert_eq!(header(&headers, "webhook-id"), delivery.id.as_str());
    assert!(is_signed(&headers, &body, &secret) && is_signed(&headers, &body, &other));
}

async fn what_receivers_answer_is_kept_within_bounds(portal: &TestPortal) {
    let org = org(portal).await;
    let receiver = Receiver::start().await;
    let (webhook, _) = endpoint(portal, &org, format!("http://127.0.0.1:{}/", receiver.port)).await;
    let sender = sender(&["127.0.0.1"], &[], &Arc::default());
    for (behaviour, code, about) in [
        (Behaviour::Status(500), Some(500), "answered 500"),
        (Behaviour::Redirect, Some(302), "redirects are not followed"),
        (Behaviour::Never, None, "no answer within"),
        (Behaviour::Much, Some(200), ""),
        (Behaviour::Take, Some(204), ""),
    ] {
        receiver.behave(behaviour);
        let before = receiver.requests().len();
        let made = test(portal, &webhook).await;
        send_due(&sender, &portal.store).await.expect("sent");
        let after = now(portal, &made).await;
        let error = after.error.clone().unwrap_or_default();
        assert!(after.code == code && error.contains(about) && error.is_empty() == about.is_empty(), "{after:?}");
        assert_eq!(receiver.requests().len(), before + 1, "{behaviour:?}: one request, and no redirect");
        assert_eq!(after.response, None, "of a target that the operator allowed nothing is kept");
        assert_eq!(after.status == DeliveryStatus::Pending, after.next_at.is_some());
    }
    receiver.behave(Behaviour::Status(410));
    test(portal, &webhook).await;
    send_due(&sender, &portal.store).await.expect("sent");
    assert!(!portal.store.webhook(&webhook).await.expect("read").expect("there").active);
}

async fn a_slow_endpoint_delays_no_other(portal: &TestPortal) {
    let org = org(portal).await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.behave(Behaviour::Never);
    let (one, _) = endpoint(portal, &org, format!("http://127.0.0.1:{}/", slow.port)).await;
    let (other, _) = endpoint(portal, &org, format!("http://127.0.0.1:{}/", quick.port)).await;
    for _ in 0..5 {
        test(portal, &one).await;
        test(portal, &other).await;
    }
    let sender = sender(&["127.0.0.1"], &[], &Arc::default());
    send_due(&sender, &portal.store).await.expect("sent");
    // The slow one was asked once, and the others wait for another turn.
    assert_eq!((slow.requests().len(), quick.requests().len()), (1, 5));
    let numbers = quick
        .requests()
        .into_iter()
        .map(|(_, body)| serde_json::from_str::<serde_json::Value>(&body).expect("JSON")["data"]["sequence"].as_i64());
    assert!(numbers.map(Option::unwrap_or_default).is_sorted(), "in their order");
}

/// The attempts that are made at once: look-ups that wait for one of another organization, which waits until eight are there.
struct AtOnce {
    now: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
    waiting: Semaphore,
    other: Semaphore,
}

impl AtOnce {
    async fn look_up(&self, host: &str) -> Result<Vec<std::net::IpAddr>, String> {
        if host == "other.example.com" {
            drop(self.waiting.acquire_many(8).await);
            self.other.add_permits(1);
        } else {
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            self.all.fetch_add(1, Ordering::SeqCst);
            self.waiting.add_permits(1);
            drop(self.other.acquire().await);
            self.now.fetch_sub(1, Ordering::SeqCst);
        }
        Err("Not found.".to_owned())
    }
}

async fn one_organization_leaves_places_to_others(portal: &TestPortal) {
    let org = org(portal).await;
    let other = OrgId::parse(&portal.org("Other").await).expect("an id");
    for (org, host, count) in [(&org, "many.example.com", 20), (&other, "other.example.com", 1)] {
        for _ in 0..count {
            let (webhook, _) = endpoint(portal, org, format!("https://{host}/")).await;
            test(portal, &webhook).await;
        }
    }
    let at_once = Arc::new(AtOnce {
        now: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
        all: AtomicUsize::new(0),
        waiting: Semaphore::new(0),
        other: Semaphore::new(0),
    });
    let asked = Arc::clone(&at_once);
    let resolve: Resolver = Box::new(move |host| {
        let asked = Arc::clone(&asked);
        Box::pin(async move { asked.look_up(&host).await })
    });
    let sender = Arc::new(Sender::with(settings(&[]), resolve, Duration::from_secs(20)));
    send_due(&sender, &portal.store).await.expect("sent");
    let [most, all] = [&at_once.most, &at_once.all].map(|count| count.load(Ordering::SeqCst));
    assert_eq!((most, all), (8, 20), "each had its turn");
}

/// A listener that must not be connected to, at its port in every form of its address.
async fn nothing_goes_inside(portal: &TestPortal) {
    let org = org(portal).await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let looked_up = Arc::default();
    for (host, found) in [
        ("127.0.0.1", ""),
        ("2130706433", ""),
        ("0177.0.0.1", ""),
        ("0x7f.1", ""),
        ("127.1", ""),
        ("0", ""),
        ("[::1]", ""),
        ("[::ffff:127.0.0.1]", ""),
        ("[::ffff:7f00:1]", ""),
        ("[64:ff9b::7f00:1]", ""),
        ("[2002:7f00:1::]", ""),
        ("ada:s3cret@127.0.0.1", ""),
        ("localhost", "127.0.0.1"),
        ("hooks.example.com", "127.0.0.1"),
        ("hooks.example.com", "::1"),
        ("hooks.example.com", "::ffff:127.0.0.1"),
        ("hooks.example.com", "0.0.0.0"),
        ("hooks.example.com", "169.254.169.254"),
        ("hooks.example.com", "10.0.0.1"),
        ("hooks.example.com", "100.64.0.1"),
        ("hooks.example.com", "fd00::1"),
        ("hooks.example.com", "fe80::1"),
        ("hooks.example.com", "224.0.0.1"),
    ] {
        let found = if found.is_empty() { vec![] } else { vec![found] };
        let sender = sender(&[], &found, &looked_up);
        let (webhook, _) = endpoint(portal, &org, format!("https://{host}:{port}/")).await;
        let made = test(portal, &webhook).await;
        send_due(&sender, &portal.store).await.expect("judged");
        let after = now(portal, &made).await;
        let error = after.error.expect("refused");
        let refused = error.contains("not on the public internet") || error.contains("user name");
        assert!(refused && after.code.is_none(), "{host} {found:?}: {error}");
        assert!(!error.contains("s3cret"));
        portal.store.delete_webhook(&Act::by(Actor::CommandLine), &webhook).await.expect("deleted");
    }
    let connected = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(connected.is_err(), "somebody connected");
}

/// A resolver that answers something else the second time finds nobody asking.
async fn a_name_is_looked_up_once(portal: &TestPortal) {
    let org = org(portal).await;
    let (allowed, other) = (Receiver::start().await, TcpListener::bind(("127.0.0.2", 0)).await);
    let looked_up = Arc::default();
    let sender = sender(&["127.0.0.1"], &["127.0.0.1", "127.0.0.2"], &looked_up);
    let (webhook, _) = endpoint(portal, &org, format!("http://hooks.example.com:{}/", allowed.port)).await;
    test(portal, &webhook).await;
    send_due(&sender, &portal.store).await.expect("sent");
    assert_eq!((looked_up.load(Ordering::SeqCst), allowed.requests().len()), (1, 1));
    assert_eq!(header(&allowed.requests()[0].0, "host"), format!("hooks.example.com:{}", allowed.port));
    // The next attempt looks it up again, and is refused.
    let made = test(portal, &webhook).await;
    send_due(&sender, &portal.store).await.expect("judged");
    assert_eq!((looked_up.load(Ordering::SeqCst), allowed.requests().len()), (2, 1));
    assert!(now(portal, &made).await.error.expect("refused").contains("not on the public internet"));
    drop(other);
}
