//! Two nodes that share their state act as one. Otherwise their daily counts add up.

use std::{sync::Arc, time::Duration};

use sallyport::{
    audit::Act,
    key::{Ask, Issued, LimitOverride, Restrictions, Verdict},
    limit::Day,
    signature::Signed,
    testing::{TestStore, sign},
    verifier::in_memory::InMemory,
};

use crate::node::Node;

sallyport::on_both_databases!(
    a_minute_is_used_up_by_both,
    a_signature_passes_once_wherever_it_comes,
    what_is_counted_of_a_day_adds_up,
);

/// Two nodes with separate stores, and a key.
async fn two(store: &TestStore, limits: LimitOverride, shared: bool) -> (Node, Node, Issued) {
    let state = || InMemory::new(store.now() - Duration::from_secs(1), Arc::new(|| Duration::ZERO));
    let one = state();
    let other = if shared { one.clone() } else { state() };
    let (here, there) =
        (Node::start_with(store.store.clone(), one).await, Node::start_with(store.reopened().await, other).await);
    let act: Act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    let restrictions = Restrictions { limits, ..Restrictions::default() };
    store.restrict_key(&act, &issued.key, restrictions, None).await.expect("restricted");
    there.poll().await;
    (here, there, issued)
}

async fn a_minute_is_used_up_by_both(store: &TestStore) {
    let three = LimitOverride { per_minute: Some(3), ..LimitOverride::default() };
    let (here, there, Issued { secret, .. }) = two(store, three, true).await;
    assert_eq!(here.judges([&secret, &secret]).await, [Verdict::Valid; 2]);
    assert_eq!(there.judges([&secret, &secret]).await, [Verdict::Valid, Verdict::RateLimited]);
    assert_eq!(here.judges([&secret]).await, [Verdict::RateLimited]);
    there.store.close().await;
}

async fn a_signature_passes_once_wherever_it_comes(store: &TestStore) {
    let (here, there, issued) = two(store, LimitOverride::default(), true).await;
    let signing = issued.signing_secret.expect("one");
    let now = (store.now().micros() / 1_000_000).to_string();
    for (number, nodes) in [[&here, &there], [&there, &here]].into_iter().enumerate() {
        let body = number.to_string();
        let signature = sign(&signing, &now, body.as_bytes());
        let signed = Signed { timestamp: &now, signature: &signature, body: body.as_bytes() };
        let ask = Ask { signed: Some(signed), cost: 1, ..Ask::default() };
        assert_eq!(nodes[0].judge(&issued.secret, &ask).await, Verdict::Valid);
        assert_eq!(nodes[1].judge(&issued.secret, &ask).await, Verdict::Replayed);
    }
    there.store.close().await;
}

async fn what_is_counted_of_a_day_adds_up(store: &TestStore) {
    let four = LimitOverride { per_day: Some(4), ..LimitOverride::default() };
    let (here, there, Issued { key, secret, .. }) = two(store, four, false).await;
    assert_eq!(here.judges([&secret, &secret]).await, [Verdict::Valid; 2]);
    here.verifier.flush().await.expect("written");
    // The other starts with what was written, and adds to it.
    assert_eq!(there.judges([&secret]).await, [Verdict::Valid]);
    for node in [&there, &here, &there] {
        node.verifier.flush().await.expect("written");
    }
    let day = Day::of(store.now()).number();
    assert_eq!(store.key_day(&key.id, day).await.expect("asked").requests, 3);
    assert_eq!(there.judges([&secret, &secret]).await, [Verdict::Valid, Verdict::RateLimited]);
    there.verifier.flush().await.expect("written");
    assert_eq!(store.key_day(&key.id, day).await.expect("asked").requests, 4);
    there.store.close().await;
}
