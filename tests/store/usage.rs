use std::{sync::Arc, time::Duration};

use sallyport::{
    id::RequestId,
    key::{Verdict, secret::Checked},
    store::{EventFilter, Refused, Used},
    testing::TestStore,
};

sallyport::on_both_databases!(use_and_refusal_are_written, flushes_and_revocations_do_not_block_each_other);

async fn use_and_refusal_are_written(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
    let digest = store.digests(checked).next().expect("a pepper");
    let key = Arc::new(store.key_by_digest(&digest).await.expect("asked").expect("found").record);
    let used = |at| Used { key: Arc::clone(&key), at, address: "203.0.113.9".parse().ok(), user_agent: None };
    let refused = Refused {
        key: Arc::clone(&key),
        verdict: Verdict::InsufficientScope,
        passed: false,
        times: 3,
        address: None,
        user_agent: None,
        ip: None,
        request_id: RequestId::mint(store.entropy()),
    };

    let later = store.now() + Duration::from_secs(60);
    store.record_usage(vec![used(store.now())], vec![refused]).await.expect("written");
    store.record_usage(vec![used(later)], vec![]).await.expect("written");
    // One that was gathered before and is written after does not turn the time back.
    store.record_usage(vec![used(store.now())], vec![]).await.expect("written");

    let seen = store.key_for(&ada.id, &issued.key.id).await.expect("asked").expect("there");
    assert_eq!(seen.last_used_at, Some(later));
    let events = store.events(&org.id, Some(&app.id), &EventFilter::default()).await.expect("asked").events;
    let told: Vec<_> = events.iter().map(|event| (event.action.as_str(), event.actor_name.as_str())).collect();
    assert_eq!(told[..2], [("request.refused", "CI"), ("key.first_used", "CI")]);
    assert_eq!(events[1].details, format!(r#"{{"used_at":"{}"}}"#, store.now().to_rfc3339()));
    assert_eq!(events[0].outcome.code(), 403);
    assert_eq!(events[0].details, r#"{"code":"insufficient_scope","times":3}"#);
    assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
}

/// Each takes locks on keys and on the chain of their organization: in another order PostgreSQL would end one of them.
async fn flushes_and_revocations_do_not_block_each_other(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    for _ in 0..4 {
        let (mut records, mut keys) = (Vec::new(), Vec::new());
        for n in 0..20 {
            let issued = store.key(&act, &app, &format!("key {n}")).await;
            let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
            let digest = store.digests(checked).next().expect("a pepper");
            records.push(Arc::new(store.key_by_digest(&digest).await.expect("asked").expect("found").record));
            keys.push(issued.key);
        }
        let now = store.now();
        let used = records.iter().map(|key| Used { key: Arc::clone(key), at: now, address: None, user_agent: None });
        let (flushing, used) = (store.store.clone(), used.collect());
        let flush = tokio::spawn(async move { flushing.record_usage(used, vec![]).await });
        let revocations: Vec<_> = keys
            .into_iter()
            .map(|key| {
                let (store, act) = (store.store.clone(), act.clone());
                tokio::spawn(async move { store.revoke_key(&act, &key, String::new()).await })
            })
            .collect();
        for revocation in revocations {
            revocation.await.expect("no panic").expect("revoked");
        }
        flush.await.expect("no panic").expect("written");
    }
    assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
}
