//! A key with two secrets, for the verifier.

use std::time::Duration;

use sallyport::{
    audit::Act,
    key::{Ask, Issued, Key, LimitOverride, NewRotation, PlainSecret, Restrictions, Verdict},
    signature::Signed,
    store::EventFilter,
    testing::{TestStore, sign},
};

use crate::node::Node;

sallyport::on_both_databases!(
    one_is_refused_at_once_when_it_is_ended_and_the_other_is_good,
    one_retires_in_memory,
    revoking_the_key_refuses_both_at_once,
    limits_and_uses_are_the_keys,
    any_signing_secret_goes_with_any_secret_and_a_signature_passes_once,
);

const HOUR: Duration = Duration::from_secs(3600);

/// Rotates the key alone; the old secret is accepted for another hour.
async fn rotated(store: &TestStore, act: &Act, key: &Key) -> PlainSecret {
    let new = NewRotation { grace: HOUR, signing_secret: Some(false), ..NewRotation::default() };
    store.rotate_key(act, key, new).await.expect("rotated").secret
}

async fn key(store: &TestStore) -> (Node, Act, Issued) {
    let node = Node::start(store.store.clone()).await;
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    (node, act, issued)
}

async fn one_is_refused_at_once_when_it_is_ended_and_the_other_is_good(store: &TestStore) {
    let (node, act, Issued { key, secret: first, .. }) = key(store).await;
    let second = rotated(store, &act, &key).await;
    assert_eq!(node.judges([&first, &second]).await, [Verdict::Valid; 2]);
    node.asked();
    store.end_previous_secret(&act, &key).await.expect("ended");
    assert_eq!(node.judges([&first, &second]).await, [Verdict::Rotated, Verdict::Valid]);
    assert_eq!(node.asked(), 1, "the other is in memory");
}

async fn one_retires_in_memory(store: &TestStore) {
    let (node, act, Issued { key, secret: first, .. }) = key(store).await;
    let second = rotated(store, &act, &key).await;
    assert_eq!(node.judges([&first, &second]).await, [Verdict::Valid; 2]);
    node.asked();
    store.clock.turn(HOUR);
    assert_eq!(node.judges([&first, &second]).await, [Verdict::Rotated, Verdict::Valid]);
    assert_eq!(node.asked(), 0);
}

async fn revoking_the_key_refuses_both_at_once(store: &TestStore) {
    let (node, act, Issued { key, secret: first, .. }) = key(store).await;
    let second = rotated(store, &act, &key).await;
    assert_eq!(node.judges([&first, &second]).await, [Verdict::Valid; 2]);
    store.revoke_key(&act, &key, String::new()).await.expect("revoked");
    assert_eq!(node.judges([&first, &second]).await, [Verdict::Revoked; 2]);
    store.settled().await;
    let revoked = store.key_by_id(&key.id).await.expect("asked").expect("there").record;
    assert!(revoked.revoked && revoked.secret_ended);
}

async fn limits_and_uses_are_the_keys(store: &TestStore) {
    let (node, act, Issued { key, secret: first, .. }) = key(store).await;
    let second = rotated(store, &act, &key).await;
    let limits = LimitOverride { per_minute: Some(2), ..LimitOverride::default() };
    let two = Restrictions { limits, ..Restrictions::default() };
    store.restrict_key(&act, &key, two, None).await.expect("restricted");
    assert_eq!(
        node.judges([&first, &second, &first, &second]).await,
        [Verdict::Valid, Verdict::Valid, Verdict::RateLimited, Verdict::RateLimited]
    );
    node.verifier.flush().await.expect("written");
    let events = store.events(&key.org_id, key.app_id.as_ref(), &EventFilter::default()).await.expect("asked").events;
    assert_eq!(events.iter().filter(|event| event.action == "key.first_used").count(), 1);
    assert_eq!(store.key_by_id(&key.id).await.expect("asked").expect("there").last_used_at, Some(store.now()));
}

async fn any_signing_secret_goes_with_any_secret_and_a_signature_passes_once(store: &TestStore) {
    let (node, act, Issued { key, secret: first, signing_secret, .. }) = key(store).await;
    let second = rotated(store, &act, &key).await;
    let signing =
        [signing_secret.expect("one"), store.rotate_signing_secret(&act, &key, 1, HOUR).await.expect("rotated")];
    let now = (store.now().micros() / 1_000_000).to_string();
    for (number, signing) in signing.iter().enumerate() {
        for (other, secret) in [&first, &second].into_iter().enumerate() {
            let body = format!("{number} {other}");
            let signature = sign(signing, &now, body.as_bytes());
            let signed = Signed { timestamp: &now, signature: &signature, body: body.as_bytes() };
            let ask = Ask { signed: Some(signed), cost: 1, ..Ask::default() };
            assert_eq!(node.judge(secret, &ask).await, Verdict::Valid, "{body}");
            for again in [&first, &second] {
                assert_eq!(node.judge(again, &ask).await, Verdict::Replayed, "{body}");
            }
        }
    }
}
