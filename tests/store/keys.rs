use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use sallyport::{
    Error,
    key::{NewKey, Status, new::KeyInput, secret::Checked},
    store::KeyFilter,
    testing::TestStore,
};

sallyport::on_both_databases!(
    a_key_is_found_by_its_digest_alone,
    a_form_sent_twice_makes_one_key,
    revoking_is_told_before_it_is_answered,
    revoking_twice_changes_nothing,
    revoked_keys_hide_behind_the_filter,
    pages_follow_one_another,
);

async fn a_key_is_found_by_its_digest_alone(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
    let digests: Vec<_> = store.digests(checked).collect();
    let record = store.key_by_digest(&digests[0]).await.expect("asked").expect("found");
    assert_eq!((&record.key_id, &record.app_id, &record.tenant_id), (&issued.key.id, &app.id, &app.tenant_id));
    assert_eq!(record.scopes, ["read"]);

    // Another process, with the same master key, knows it too.
    let other = store.reopened().await;
    let digest = other.digests(checked).next().expect("a pepper");
    assert!(other.key_by_digest(&digest).await.expect("asked").is_some());
    other.close().await;
}

async fn a_form_sent_twice_makes_one_key(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let input = KeyInput { label: "CI", environment: "testing", scopes: vec!["read"], ..KeyInput::default() };
    let new = NewKey::check(&input, store.profile(), store.now()).expect("checked");
    let sent = (0..6).map(|_| {
        let (store, act, app, new) = (store.store.clone(), act.clone(), app.clone(), new.clone());
        tokio::spawn(async move { store.issue_key(&act, &app, new, Some(vec![9; 16])).await })
    });
    let (mut issued, mut named) = (Vec::new(), Vec::new());
    for answer in sent.collect::<Vec<_>>() {
        match answer.await.expect("no panic") {
            Ok(key) => issued.push(key.key.id),
            Err(Error::AlreadyIssued(key)) => named.push(key),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((issued.len(), named.len()), (1, 5));
    assert!(named.iter().all(|key| *key == issued[0]), "each answer names the key that was made");
    assert_eq!(store.keys(&org.id, Some(&app.id), &KeyFilter::default()).await.expect("asked").total, 1);
}

async fn revoking_is_told_before_it_is_answered(store: &TestStore) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    store.on_change(move |change| listener.lock().expect("no panic").push(change.clone()));
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    let before = store.revision().await.expect("asked");
    store.revoke_key(&act, &issued.key, "lost".to_owned()).await.expect("revoked");
    let told = told.lock().expect("no panic");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].revision, before + 1);
    let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
    assert_eq!(told[0].digests, store.digests(checked).collect::<Vec<_>>());
}

async fn revoking_twice_changes_nothing(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "CI").await.key;
    store.revoke_key(&act, &key, "lost".to_owned()).await.expect("revoked");
    store.clock.turn(Duration::from_secs(60));
    store.revoke_key(&act, &key, "again".to_owned()).await.expect("no error");
    let revoked = store.key_for(&ada.id, &key.id).await.expect("asked").expect("still there");
    assert_eq!(revoked.status(store.now()), Status::Revoked);
    let revocation = revoked.revoked.expect("revoked");
    assert_eq!((revocation.by.as_str(), revocation.reason.as_str()), ("Ada", "lost"));
}

async fn revoked_keys_hide_behind_the_filter(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "CI").await.key;
    store.revoke_key(&act, &key, String::new()).await.expect("revoked");
    let hidden = store.keys(&org.id, None, &KeyFilter::default()).await.expect("asked");
    assert_eq!((hidden.total, hidden.keys.len()), (0, 0));
    let all = KeyFilter { include_revoked: true, ..KeyFilter::default() };
    let shown = store.keys(&org.id, None, &all).await.expect("asked");
    assert_eq!((shown.total, shown.keys.len()), (1, 1));
    assert_eq!(shown.keys[0].1, "Focus and calm");
}

async fn pages_follow_one_another(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    for n in 0..60 {
        // Two of each moment: the id has to break the tie.
        store.clock.turn(Duration::from_secs(n % 2));
        store.key(&act, &app, &format!("key {n}")).await;
    }
    let mut seen = Vec::new();
    let mut filter = KeyFilter::default();
    loop {
        let page = store.keys(&org.id, Some(&app.id), &filter).await.expect("asked");
        assert_eq!(page.total, 60);
        seen.push(page.keys.iter().map(|(key, _)| key.id.clone()).collect::<Vec<_>>());
        let Some(older) = page.older else { break };
        filter.before = Some(older);
    }
    assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [25, 25, 10]);
    let mut all = seen.concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 60, "none twice, none left out");

    // And back from the last page to the first.
    let last = store.keys(&org.id, Some(&app.id), &filter).await.expect("asked");
    let back = KeyFilter { after: last.newer, ..KeyFilter::default() };
    let middle = store.keys(&org.id, Some(&app.id), &back).await.expect("asked");
    assert_eq!(middle.keys.iter().map(|(key, _)| key.id.clone()).collect::<Vec<_>>(), seen[1]);
    let back = KeyFilter { after: middle.newer, ..KeyFilter::default() };
    let first = store.keys(&org.id, Some(&app.id), &back).await.expect("asked");
    assert_eq!(first.keys.iter().map(|(key, _)| key.id.clone()).collect::<Vec<_>>(), seen[0]);
    assert_eq!(first.newer, None);
}
