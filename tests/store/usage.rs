use std::{sync::Arc, time::Duration};

use sallyport::{
    Error, Timestamp,
    app::App,
    audit::Act,
    id::RequestId,
    key::{KeyRecord, Verdict, secret::Checked},
    org::Org,
    place::Place,
    store::{EventFilter, Refused, Used},
    testing::TestStore,
};

sallyport::on_both_databases!(
    use_and_refusal_are_written,
    a_first_use_is_noted_once,
    a_key_that_was_gathered_twice_is_written_once,
    many_uses_and_refusals_are_written_at_once,
    uses_go_with_their_key,
    flushes_and_deletions_do_not_harm_each_other,
    flushes_and_revocations_do_not_block_each_other,
);

/// Keys of one app, as verifiers cache them.
async fn records(store: &TestStore, act: &Act, app: &App, count: usize) -> Vec<Arc<KeyRecord>> {
    let mut records = Vec::new();
    for n in 0..count {
        let issued = store.key(act, app, &format!("key {n}")).await;
        let stored = store.key_by_id(&issued.key.id).await.expect("asked").expect("found");
        records.push(Arc::new(stored.record));
    }
    records
}

fn used(records: &[Arc<KeyRecord>], at: Timestamp) -> Vec<Used<KeyRecord>> {
    records.iter().map(|key| Used { key: Arc::clone(key), at, address: None, user_agent: None }).collect()
}

/// The keys whose first use is logged, each as often as it is.
async fn first_uses(store: &TestStore, org: &Org) -> Vec<String> {
    let filter = EventFilter { action: "key.first_used".to_owned(), ..EventFilter::default() };
    let mut keys: Vec<_> =
        store.events(&org.id, None, &filter).await.expect("asked").events.into_iter().map(|e| e.target_id).collect();
    keys.sort();
    keys
}

async fn a_first_use_is_noted_once(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let records = records(store, &act, &app, 12).await;
    let mut ids: Vec<_> = records.iter().map(|key| key.key_id.to_string()).collect();
    ids.sort();
    let now = store.now();
    // Both know that the second half was used before.
    store.record_usage(used(&records[6..], now), vec![]).await.expect("written");
    let flushes: Vec<_> = (1..=4)
        .map(|later| {
            let (store, mut used) = (store.store.clone(), used(&records, now + Duration::from_secs(later)));
            if later % 2 == 0 {
                used.reverse();
            }
            tokio::spawn(async move { store.record_usage(used, vec![]).await })
        })
        .collect();
    for flush in flushes {
        flush.await.expect("no panic").expect("written");
    }
    assert_eq!(first_uses(store, &org).await, ids);
    for id in records.iter().map(|key| &key.key_id) {
        let stored = store.key_by_id(id).await.expect("asked").expect("there");
        assert_eq!(stored.last_used_at, Some(now + Duration::from_secs(4)));
    }
    assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
}

async fn a_key_that_was_gathered_twice_is_written_once(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let records = records(store, &act, &app, 1).await;
    let (now, later) = (store.now(), store.now() + Duration::from_secs(1));
    let first = Used { key: Arc::clone(&records[0]), at: now, address: "203.0.113.9".parse().ok(), user_agent: None };
    store.record_usage(used(&records, later).into_iter().chain([first]).collect(), vec![]).await.expect("written");
    let stored = store.key_by_id(&records[0].key_id).await.expect("asked").expect("there");
    assert_eq!(stored.last_used_at, Some(later));
    let events = store.events(&org.id, None, &EventFilter::default()).await.expect("asked").events;
    let told: Vec<_> = events.iter().filter(|event| event.action == "key.first_used").collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].address.as_deref(), Some("203.0.113.9"));
}

/// As many as a flush writes in one transaction, of two organizations.
async fn many_uses_and_refusals_are_written_at_once(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let (org, other) = (store.org(&act, "Focus").await, store.org(&act, "Other").await);
    let mut keys = Vec::new();
    for org in [&org, &other] {
        let app = store.app(&act, org, "Focus and calm").await;
        keys.extend(records(store, &act, &app, 140).await);
    }
    let refused = keys.iter().map(|key| Refused {
        key: Arc::clone(key),
        verdict: Verdict::InsufficientScope,
        passed: false,
        times: 1,
        address: None,
        user_agent: None,
        ip: None,
        request_id: RequestId::mint(store.entropy()),
    });
    let refused = refused.collect();
    store.record_usage(used(&keys, store.now()), refused).await.expect("written");
    let dump = store.dump().await;
    assert_eq!(dump["key_uses"].len(), 280);
    for action in ["key.first_used", "request.refused"] {
        let told = dump["events"].iter().filter(|row| row.contains(&format!("action: Some({action:?})"))).count();
        assert_eq!(told, 280, "{action}");
    }
    for org in [&org, &other] {
        assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
    }
}

async fn uses_go_with_their_key(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let records = records(store, &act, &app, 2).await;
    store.record_usage(used(&records[..1], store.now()), vec![]).await.expect("written");
    assert_eq!(store.dump().await["key_uses"].len(), 1);
    store.delete_place(&act, &Place::from(&app)).await.expect("deleted");
    // Collected before the deletion and written after it.
    let later = store.now() + Duration::from_secs(1);
    store.record_usage(used(&records, later), vec![]).await.expect("nothing to write, and no error");
    assert!(store.dump().await["key_uses"].is_empty());
    assert!(store.check_integrity().await.expect("checked").is_empty());
}

async fn flushes_and_deletions_do_not_harm_each_other(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    for round in 0..4 {
        let app = store.app(&act, &org, &format!("App {round}")).await;
        let records = records(store, &act, &app, 40).await;
        store.record_usage(used(&records[..20], store.now()), vec![]).await.expect("written");
        let flushes = [1, 2].map(|later| {
            let (store, used) = (store.store.clone(), used(&records, store.now() + Duration::from_secs(later)));
            tokio::spawn(async move { store.record_usage(used, vec![]).await })
        });
        store.delete_place(&act, &Place::from(&app)).await.expect("whatever is written meanwhile");
        for flush in flushes {
            // One whose keys were deleted is written with the next one.
            let flushed = flush.await.expect("no panic");
            assert!(matches!(flushed, Ok(()) | Err(Error::NotFound)), "{flushed:?}");
        }
        store.record_usage(used(&records, store.now()), vec![]).await.expect("nothing is left to write");
        assert!(store.dump().await["key_uses"].is_empty());
    }
    assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
}

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
    // One that was collected before and is written after does not turn the time back.
    store.record_usage(vec![used(store.now())], vec![]).await.expect("written");

    let seen = store.find(&ada.id, &issued.key.id).await.expect("asked").expect("there");
    assert_eq!(seen.last_used_at, Some(later));
    let events = store.events(&org.id, Some(&app.id), &EventFilter::default()).await.expect("asked").events;
    let told: Vec<_> = events.iter().map(|event| (event.action.as_str(), event.actor_name.as_str())).collect();
    assert_eq!(told[..2], [("request.refused", "CI"), ("key.first_used", "CI")]);
    assert_eq!(events[1].details, format!(r#"{{"used_at":"{}"}}"#, store.now().to_rfc3339()));
    assert_eq!(events[0].outcome.code(), 403);
    assert_eq!(events[0].details, r#"{"code":"insufficient_scope","times":3}"#);
    assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
}

/// Each locks keys and the chain of their organization: in different orders PostgreSQL would abort one of them.
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
