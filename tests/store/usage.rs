use std::{sync::Arc, time::Duration};

use sallyport::{
    id::RequestId,
    key::{Verdict, secret::Checked},
    store::{EventFilter, Refused, Used},
    testing::TestStore,
};

sallyport::on_both_databases!(use_and_refusal_are_written);

async fn use_and_refusal_are_written(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
    let digest = store.digests(checked).next().expect("a pepper");
    let key = Arc::new(store.key_by_digest(&digest).await.expect("asked").expect("found"));
    let used = |at| Used { key: Arc::clone(&key), at, address: Some("203.0.113.9".to_owned()), user_agent: None };
    let refused = Refused {
        key: Arc::clone(&key),
        verdict: Verdict::InsufficientScope,
        times: 3,
        address: None,
        user_agent: None,
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
    assert_eq!(events[0].outcome.code(), 403);
    assert_eq!(events[0].details, r#"{"code":"insufficient_scope","times":3}"#);
    assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
}
