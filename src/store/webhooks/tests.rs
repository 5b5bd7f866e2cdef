mod bodies;

use std::time::Duration;

use super::*;
use crate::{
    audit::Actor,
    id::DeliveryId,
    member::Role,
    org::Org,
    store::{DeliveryFilter, Paging},
    testing::TestStore,
    webhook::{Attempt, Delivery, DeliveryStatus, WebhookInput, schedule::STOPPED_AFTER},
};

crate::on_both_databases!(
    events_become_deliveries_once_and_in_order,
    what_is_not_chosen_is_not_told,
    environments_are_kept_apart,
    a_limit_is_told_once_an_hour,
    a_delivery_is_leased_and_settled_once,
    a_killed_sender_loses_nothing,
    it_is_given_up_after_three_days_and_sent_again,
    an_endpoint_that_fails_for_days_is_stopped,
    a_new_secret_signs_beside_the_old_one,
    what_is_deleted_is_gone_at_once,
    others_change_nothing,
);

fn new(events: &[&str], environment: &str) -> NewWebhook {
    NewWebhook {
        url: "https://hooks.example.com/s3cret".to_owned(),
        environment: environment.to_owned(),
        events: EventTypes::check(events.iter().copied()).expect("good"),
        description: String::new(),
        active: true,
    }
}

async fn endpoint(store: &TestStore, act: &Act, org: &Org, events: &[&str], environment: &str) -> Webhook {
    store.create_webhook(act, &org.id, new(events, environment), true, None).await.expect("made").0
}

/// The deliveries of an endpoint, oldest first.
async fn sent(store: &TestStore, webhook: &Webhook) -> Vec<Delivery> {
    store.fan_out_events().await.expect("fanned out");
    let filter = DeliveryFilter { webhook: Some(&webhook.id), ..DeliveryFilter::default() };
    let paging = Paging::parse(100, None).expect("the beginning");
    let mut items = store.deliveries(&webhook.org_id, filter, &paging).await.expect("read").items;
    items.sort_by_key(|delivery| delivery.seq);
    items
}

async fn names(store: &TestStore, webhook: &Webhook) -> Vec<String> {
    sent(store, webhook).await.into_iter().map(|delivery| delivery.event).collect()
}

fn failed(code: u16) -> Attempt {
    Attempt { code: Some(code), error: Some("no".to_owned()), ..Attempt::default() }
}

fn taken() -> Attempt {
    Attempt { code: Some(204), response: Some(String::new()), ..Attempt::default() }
}

async fn events_become_deliveries_once_and_in_order(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    store.key(&act, &app, "Before").await;
    let webhook = endpoint(store, &act, &org, &["*"], "production").await;
    assert!(sent(store, &webhook).await.is_empty(), "what was before is not told");
    for label in ["a", "b", "c"] {
        store.key(&act, &app, label).await;
    }
    // Two processes at once.
    let other = store.reopened().await;
    let (one, two) = tokio::join!(store.fan_out_events(), other.fan_out_events());
    assert!(one.is_ok() || two.is_ok());
    other.close().await;
    let deliveries = sent(store, &webhook).await;
    assert_eq!(deliveries.iter().map(|delivery| delivery.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(deliveries.iter().all(|delivery| delivery.event == "key.generated"));
    let body: serde_json::Value = serde_json::from_str(&deliveries[0].body).expect("JSON");
    assert_eq!((&body["type"], &body["data"]["sequence"]), (&json!("key.generated"), &json!(1)));
    assert_eq!(body["data"]["environment"], "production");
    for secret in ["sk_live", "Ada", "\"a\"", "s3cret"] {
        assert!(!deliveries[0].body.contains(secret), "{secret}: {}", deliveries[0].body);
    }
    // More than a batch.
    for _ in 0..60 {
        store.key(&act, &app, "many").await;
    }
    assert_eq!(sent(store, &webhook).await.len(), 63);
    // A second endpoint is told only what comes, also while the cursor is behind.
    store.key(&act, &app, "d").await;
    let second = endpoint(store, &act, &org, &["*"], "production").await;
    store.key(&act, &app, "e").await;
    assert_eq!(names(store, &second).await, ["key.generated"]);
    assert_eq!(sent(store, &webhook).await.len(), 65);
}

async fn what_is_not_chosen_is_not_told(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let webhook = endpoint(store, &act, &org, &["key.revoked", "member.added"], "production").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "CI").await.key;
    store.revoke_key(&act, &key, String::new()).await.expect("revoked");
    store.add_member(&act, &org.id, &store.person("Eve").await, Role::Member).await.expect("added");
    assert_eq!(names(store, &webhook).await, ["key.revoked", "member.added"]);
    let off = WebhookChange { active: Some(false), ..WebhookChange::default() };
    store.change_webhook(&act, &webhook.id, off).await.expect("off");
    store.add_member(&act, &org.id, &store.person("Noor").await, Role::Member).await.expect("added");
    let on = WebhookChange { active: Some(true), ..WebhookChange::default() };
    store.change_webhook(&act, &webhook.id, on).await.expect("on");
    store.add_member(&act, &org.id, &store.person("Grace").await, Role::Member).await.expect("added");
    assert_eq!(names(store, &webhook).await.len(), 3, "what happened while it was off is not told");
    let other = store.org(&act, "Other").await;
    let theirs = endpoint(store, &act, &other, &["*"], "production").await;
    assert!(sent(store, &theirs).await.is_empty());
}

async fn environments_are_kept_apart(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let of = store.profile().environments.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    assert!(of.len() >= 2 && of.contains(&"production".to_owned()));
    let other = of.iter().find(|name| *name != "production").expect("another").clone();
    let (live, test) =
        (endpoint(store, &act, &org, &["*"], "production").await, endpoint(store, &act, &org, &["*"], &other).await);
    let key = store.key(&act, &app, "CI").await.key;
    store.revoke_key(&act, &key, String::new()).await.expect("revoked");
    store.add_member(&act, &org.id, &store.person("Eve").await, Role::Member).await.expect("added");
    assert_eq!(names(store, &live).await, ["key.generated", "key.revoked", "member.added"]);
    assert_eq!(names(store, &test).await, ["member.added"], "events of no environment concern all");
}

async fn a_limit_is_told_once_an_hour(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "CI").await.key;
    let webhook = endpoint(store, &act, &org, &["key.limit_reached"], "production").await;
    let refused = |status| {
        let target = Target::new("key", &key.id, "CI").of_app(&app.id);
        (Act::by(Actor::Anonymous), NewEvent::of(&org.id, Action::RequestRefused, target).refused(status))
    };
    store.record_batch(vec![refused(429), refused(429), refused(403)]).await.expect("recorded");
    assert_eq!(names(store, &webhook).await, ["key.limit_reached"]);
    store.record_batch(vec![refused(429)]).await.expect("recorded");
    assert_eq!(sent(store, &webhook).await.len(), 1);
    store.clock.turn(Duration::from_secs(3_601));
    store.record_batch(vec![refused(429)]).await.expect("recorded");
    assert_eq!(sent(store, &webhook).await.len(), 2);
}

async fn a_delivery_is_leased_and_settled_once(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let webhook = endpoint(store, &act, &org, &["*"], "production").await;
    let made = store.send_test_event(&act, &webhook.id).await.expect("made");
    assert_eq!((made.event.as_str(), made.seq, made.attempts), ("webhook.test", 1, 0));
    assert_eq!(store.webhooks_with_due("", 10).await.expect("read"), [(webhook.id.clone(), org.id.clone())]);
    let leased = store.lease_delivery(&webhook.id).await.expect("leased").expect("due");
    assert_eq!((&leased.id, leased.attempts, leased.secrets.len()), (&made.id, 1, 1));
    assert!(store.lease_delivery(&webhook.id).await.expect("asked").is_none());
    assert!(store.webhooks_with_due("", 10).await.expect("read").is_empty());
    assert!(matches!(store.resend_delivery(&act, &made).await, Err(Error::Conflict { code: "being_sent", .. })));
    store.settle_delivery(&leased, taken()).await.expect("settled");
    let after = store.delivery(&made.id).await.expect("read").expect("there");
    assert_eq!((after.status, after.next_at, after.code), (DeliveryStatus::Delivered, None, Some(204)));
    store.settle_delivery(&leased, failed(500)).await.expect("too late");
    assert_eq!(store.delivery(&made.id).await.expect("read"), Some(after));
}

async fn a_killed_sender_loses_nothing(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let webhook = endpoint(store, &act, &org, &["*"], "production").await;
    let made = store.send_test_event(&act, &webhook.id).await.expect("made");
    let killed = store.lease_delivery(&webhook.id).await.expect("leased").expect("due");
    store.clock.turn(Duration::from_secs(61));
    let again = store.lease_delivery(&webhook.id).await.expect("leased").expect("due");
    assert_eq!((&again.id, again.attempts), (&made.id, 2));
    store.settle_delivery(&killed, failed(500)).await.expect("ignored");
    assert_eq!(store.delivery(&made.id).await.expect("read").expect("there").tried_at, None);
    store.settle_delivery(&again, taken()).await.expect("settled");
    assert_eq!(store.delivery(&made.id).await.expect("read").expect("there").status, DeliveryStatus::Delivered);
}

/// Fails until it is given up, or stopped. Returns how often it was tried.
async fn fail(store: &TestStore, webhook: &Webhook, id: &DeliveryId) -> i64 {
    loop {
        let delivery = store.delivery(id).await.expect("read").expect("there");
        let Some(next) = delivery.next_at else { return delivery.attempts };
        store.clock.turn(next.since(store.now()));
        let Some(leased) = store.lease_delivery(&webhook.id).await.expect("leased") else { return delivery.attempts };
        store.settle_delivery(&leased, failed(503)).await.expect("settled");
    }
}

async fn it_is_given_up_after_three_days_and_sent_again(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let webhook = endpoint(store, &act, &org, &["*"], "production").await;
    let (began, made) = (store.now(), store.send_test_event(&act, &webhook.id).await.expect("made"));
    assert_eq!(fail(store, &webhook, &made.id).await, 10);
    let took = store.now().since(began);
    assert!(took > Duration::from_secs(70 * 60 * 60) && took < Duration::from_secs(95 * 60 * 60), "{took:?}");
    let given_up = store.delivery(&made.id).await.expect("read").expect("there");
    assert_eq!((given_up.status, given_up.code), (DeliveryStatus::Failed, Some(503)));
    assert!(store.webhook(&webhook.id).await.expect("read").expect("there").active);
    assert_eq!(store.resend_failed_deliveries(&act, &webhook.id, store.now()).await.expect("none"), 0);
    assert_eq!(store.resend_failed_deliveries(&act, &webhook.id, began).await.expect("again"), 1);
    let leased = store.lease_delivery(&webhook.id).await.expect("leased").expect("due");
    assert_eq!((leased.id.clone(), leased.attempts), (made.id.clone(), 1), "under its own id");
    store.settle_delivery(&leased, taken()).await.expect("settled");
    assert_eq!(store.webhook(&webhook.id).await.expect("read").expect("there").failing_since, None);
    let again = store.delivery(&made.id).await.expect("read").expect("there");
    assert_eq!(store.resend_delivery(&act, &again).await.expect("again").status, DeliveryStatus::Pending);
    store.clock.turn(Duration::from_secs(31 * 24 * 60 * 60));
    assert_eq!(store.delete_deliveries().await.expect("deleted"), 1);
}

async fn an_endpoint_that_fails_for_days_is_stopped(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    for (why, code) in [(Stopped::Gone, 410), (Stopped::Failing, 500)] {
        let webhook = endpoint(store, &act, &org, &["*"], "production").await;
        let made = store.send_test_event(&act, &webhook.id).await.expect("made");
        let leased = store.lease_delivery(&webhook.id).await.expect("leased").expect("due");
        store.settle_delivery(&leased, failed(code)).await.expect("settled");
        if why == Stopped::Failing {
            assert!(store.webhook(&webhook.id).await.expect("read").expect("there").active);
            store.clock.turn(STOPPED_AFTER);
            let leased = store.lease_delivery(&webhook.id).await.expect("leased").expect("due");
            store.settle_delivery(&leased, failed(code)).await.expect("settled");
        }
        let stopped = store.webhook(&webhook.id).await.expect("read").expect("there");
        assert_eq!((stopped.active, stopped.stopped), (false, Some(why)));
        let refused = store.send_test_event(&act, &webhook.id).await.expect_err("off");
        assert!(matches!(refused, Error::Conflict { code: "webhook_off", .. }));
        let delivery = store.delivery(&made.id).await.expect("read").expect("there");
        assert_eq!(delivery.status == DeliveryStatus::Failed, why == Stopped::Gone);
        let on = WebhookChange { active: Some(true), ..WebhookChange::default() };
        let on = store.change_webhook(&act, &webhook.id, on).await.expect("on");
        assert_eq!((on.stopped, on.failing_since), (None, None));
        store.delete_webhook(&act, &webhook.id).await.expect("deleted");
        assert_eq!(store.delivery(&made.id).await.expect("read"), None);
    }
    let dump = store.dump().await;
    let mails = dump["jobs"].iter().filter(|job| job.contains("webhook_stopped") && job.contains(ada.id.as_str()));
    assert_eq!(mails.count(), 2, "the owner is told by mail");
    assert!(dump["events"].iter().all(|event| !event.contains("s3cret")), "the path may be a secret");
}

async fn a_new_secret_signs_beside_the_old_one(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let hour = Duration::from_secs(3_600);
    let (webhook, none) =
        store.create_webhook(&act, &org.id, new(&["*"], "production"), false, None).await.expect("made");
    assert!(none.is_none() && !webhook.has_secret);
    assert!(matches!(store.send_test_event(&act, &webhook.id).await, Err(Error::Conflict { code: "no_secret", .. })));
    let first = store.change_webhook_secret(&act, &webhook.id, Some(0), hour).await.expect("made").1;
    let twice = store.change_webhook_secret(&act, &webhook.id, Some(0), hour).await;
    assert!(matches!(twice, Err(Error::Conflict { code: "changed_meanwhile", .. })));
    let second = store.change_webhook_secret(&act, &webhook.id, Some(1), hour).await.expect("made").1;
    let secrets = async || {
        store.send_test_event(&act, &webhook.id).await.expect("made");
        let leased = store.lease_delivery(&webhook.id).await.expect("leased").expect("due");
        store.settle_delivery(&leased, taken()).await.expect("settled");
        leased.secrets
    };
    assert_eq!(secrets().await, [second.clone(), first]);
    store.clock.turn(hour);
    assert_eq!(secrets().await, [second]);
    let third = store.change_webhook_secret(&act, &webhook.id, None, Duration::ZERO).await.expect("made").1;
    assert_eq!(secrets().await, std::slice::from_ref(&third), "without a grace period the old one stops at once");
    let dump = format!("{:?}", store.dump().await);
    assert!(!dump.contains(third.expose()), "secrets are sealed");
}

async fn what_is_deleted_is_gone_at_once(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let [gone, other] =
        [endpoint(store, &act, &org, &["*"], "production").await, endpoint(store, &act, &org, &["*"], "staging").await];
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(store.send_test_event(&act, &gone.id).await.expect("made"));
    }
    let kept = store.send_test_event(&act, &other.id).await.expect("made");
    let leased = store.lease_delivery(&gone.id).await.expect("leased").expect("due");
    store.delete_webhook(&act, &gone.id).await.expect("deleted");
    assert!(matches!(store.delete_webhook(&act, &gone.id).await, Err(Error::NotFound)));
    assert_eq!(store.webhook(&gone.id).await.expect("read"), None);
    assert_eq!(store.webhooks(&org.id).await.expect("read"), std::slice::from_ref(&other));
    let paging = Paging::parse(100, None).expect("the beginning");
    let listed = store.deliveries(&org.id, DeliveryFilter::default(), &paging).await.expect("read").items;
    assert_eq!(listed, std::slice::from_ref(&kept));
    for delivery in &made {
        assert_eq!(store.delivery(&delivery.id).await.expect("read"), None);
        assert!(matches!(store.resend_delivery(&act, delivery).await, Err(Error::NotFound)));
    }
    assert!(matches!(store.send_test_event(&act, &gone.id).await, Err(Error::NotFound)));
    assert_eq!(store.lease_delivery(&gone.id).await.expect("asked").map(|leased| leased.id), None);
    // What is being sent ends without harm, also if its endpoint would be stopped.
    store.settle_delivery(&leased, failed(410)).await.expect("settled");
    store.fan_out_events().await.expect("fanned out");
    // The rows are left to a job, without what was secret.
    let dump = store.dump().await;
    assert!(dump["jobs"].iter().any(|job| job.contains("delete_webhooks")));
    assert_eq!(dump["webhooks"].iter().filter(|row| row.contains("s3cret")).count(), 1);
    assert_eq!(store.delete_webhooks().await.expect("deleted"), 3);
    assert_eq!(store.delete_webhooks().await.expect("again"), 0);
    let dump = store.dump().await;
    assert_eq!((dump["webhooks"].len(), dump["deliveries"].len()), (1, 1));
    for _ in 1..MOST {
        endpoint(store, &act, &org, &["*"], "production").await;
    }
}

async fn others_change_nothing(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let webhook = endpoint(store, &act, &org, &["*"], "production").await;
    let made = store.send_test_event(&act, &webhook.id).await.expect("made");
    let (dev, stranger) = (store.person("Dev").await, store.person("Eve").await);
    store.add_member(&act, &org.id, &dev, Role::Developer).await.expect("added");
    let before = store.dump().await;
    for (user, is_member) in [(&dev, true), (&stranger, false)] {
        let act = store.act(user);
        let refused = [
            store.create_webhook(&act, &org.id, new(&["*"], "production"), true, None).await.err(),
            store.change_webhook(&act, &webhook.id, WebhookChange::default()).await.err(),
            store.change_webhook_secret(&act, &webhook.id, None, Duration::ZERO).await.err(),
            store.delete_webhook(&act, &webhook.id).await.err(),
            store.send_test_event(&act, &webhook.id).await.err(),
            store.resend_delivery(&act, &made).await.err(),
            store.resend_failed_deliveries(&act, &webhook.id, store.now()).await.err(),
        ];
        for error in refused {
            let error = error.expect("refused");
            assert!(matches!(error, Error::Forbidden(_)) == is_member && matches!(error, Error::NotFound) != is_member);
        }
    }
    assert_eq!(store.dump().await, before);
    let input = WebhookInput { url: Some("https://10.0.0.1/".to_owned()), ..WebhookInput::default() };
    let invalid = input.check_new(store.profile(), &Default::default()).expect_err("inside");
    let fields: Vec<_> = invalid.0.iter().map(|error| error.field).collect();
    assert_eq!(fields, ["url", "environment", "events"]);
    for _ in 1..MOST {
        endpoint(store, &act, &org, &["*"], "production").await;
    }
    let full = store.create_webhook(&act, &org.id, new(&["*"], "production"), true, None).await;
    assert!(matches!(full, Err(Error::Conflict { code: "too_many_webhooks", .. })));
}
