use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use sallyport::{
    Error,
    key::{EditedKey, KeyRecord, NewKey, Status, new::KeyInput, secret::Checked},
    place::Place,
    profile::{HowMany, Profile},
    store::{KeyFilter, KeySort, KeyStatus, Touched},
    testing::TestStore,
};

sallyport::on_both_databases!(
    a_key_is_found_by_its_digest_alone,
    a_key_without_scopes_is_kept,
    a_form_sent_twice_makes_one_key,
    verifiers_learn_of_a_revocation_before_its_response,
    revoking_twice_changes_nothing,
    revoked_keys_hide_behind_the_filter,
    pages_follow_one_another,
    each_sort_pages_through_all,
    filters_narrow,
    a_paused_key_is_resumed,
    what_is_revoked_is_not_paused,
    verifiers_are_notified_of_edits,
    all_keys_of_an_app_or_an_organization_go_at_once,
);

async fn a_key_is_found_by_its_digest_alone(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
    let digests: Vec<_> = store.digests(checked).collect();
    let record = store.key_by_digest(&digests[0]).await.expect("asked").expect("found").record;
    let owner = record.app().expect("an app's key");
    assert_eq!((&record.key_id, &owner.app_id, &owner.tenant_id), (&issued.key.id, &app.id, &app.tenant_id));
    assert_eq!(store.profile().names(record.scopes).collect::<Vec<_>>(), ["read"]);

    // Another process with the same master key knows it too.
    let other = store.reopened().await;
    let digest = other.digests(checked).next().expect("a pepper");
    assert!(other.key_by_digest(&digest).await.expect("asked").is_some());
    other.close().await;
}

async fn a_key_without_scopes_is_kept(store: &TestStore) {
    let mut profile = (*Profile::standard()).clone();
    profile.keys.scopes = HowMany::None;
    let store = store.with_profile(profile.into()).await;
    let user = store.person("Ada").await;
    let act = store.act(&user);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.issue(&act, &app, "CI", &[]).await.expect("issued");
    let key = store.find(&user.id, &issued.key.id).await.expect("asked").expect("kept");
    assert_eq!(key.scopes, Vec::<String>::new());
    store.end().await;
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

async fn verifiers_learn_of_a_revocation_before_its_response(store: &TestStore) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    store.on_change(move |change| listener.lock().expect("no panic").push(change.clone()));
    let before = store.revision().await.expect("asked");
    store.revoke_key(&act, &issued.key, "lost".to_owned()).await.expect("revoked");
    let told = told.lock().expect("no panic");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].revision, before + 1);
    let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
    assert_eq!(told[0].touched, Touched::These(store.digests(checked).collect()));
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
    let revoked = store.find(&ada.id, &key.id).await.expect("asked").expect("still there");
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
    assert_eq!(shown.keys[0].owner_name, "Focus and calm");
}

async fn pages_follow_one_another(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    for n in 0..60 {
        // Two at the same time: the id has to break the tie.
        store.clock.turn(Duration::from_secs(n % 2));
        store.key(&act, &app, &format!("key {n}")).await;
    }
    let mut seen = Vec::new();
    let mut filter = KeyFilter::default();
    loop {
        let page = store.keys(&org.id, Some(&app.id), &filter).await.expect("asked");
        assert_eq!(page.total, 60);
        seen.push(page.keys.iter().map(|key| key.id.clone()).collect::<Vec<_>>());
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
    assert_eq!(middle.keys.iter().map(|key| key.id.clone()).collect::<Vec<_>>(), seen[1]);
    let back = KeyFilter { after: middle.newer, ..KeyFilter::default() };
    let first = store.keys(&org.id, Some(&app.id), &back).await.expect("asked");
    assert_eq!(first.keys.iter().map(|key| key.id.clone()).collect::<Vec<_>>(), seen[0]);
    assert_eq!(first.newer, None);
}

async fn each_sort_pages_through_all(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    for n in 0..60 {
        store.clock.turn(Duration::from_secs(1));
        // Labels that differ in case and repeat; some keys expire.
        let label = if n % 2 == 0 { format!("Key {}", n % 7) } else { format!("key {}", n % 5) };
        let expires = if n % 3 == 0 { "30" } else { "never" }.into();
        let input =
            KeyInput { label: &label, environment: "testing", scopes: vec!["read"], expires, ..KeyInput::default() };
        let new = NewKey::check(&input, store.profile(), store.now()).expect("checked");
        store.issue_key(&act, &app, new, None).await.expect("issued");
    }
    for sort in KeySort::ALL {
        let mut filter = KeyFilter { sort: *sort, ..KeyFilter::default() };
        let mut down = Vec::new();
        loop {
            let page = store.keys(&org.id, None, &filter).await.expect("asked");
            down.push(page.keys.iter().map(|key| key.id.clone()).collect::<Vec<_>>());
            let Some(older) = page.older else { break };
            filter.before = Some(older);
        }
        assert_eq!(down.iter().map(Vec::len).collect::<Vec<_>>(), [25, 25, 10], "{sort:?}");
        let mut all = down.concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 60, "{sort:?}: none twice, none left out");
        let last = store.keys(&org.id, None, &filter).await.expect("asked");
        let back = KeyFilter { sort: *sort, after: last.newer, ..KeyFilter::default() };
        let middle = store.keys(&org.id, None, &back).await.expect("asked");
        assert_eq!(middle.keys.iter().map(|key| key.id.clone()).collect::<Vec<_>>(), down[1], "{sort:?}");
    }
}

async fn filters_narrow(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    store.key(&act, &app, "100% Ingest_worker").await;
    store.issue(&act, &app, "Écriture", &["read", "write"]).await.expect("issued");
    let paused = store.key(&act, &app, "Paused one").await.key;
    store.pause_key(&act, &paused).await.expect("paused");
    let revoked = store.key(&act, &app, "Revoked one").await.key;
    store.revoke_key(&act, &revoked, String::new()).await.expect("revoked");
    let ending = |label: &'static str, days: &'static str| {
        let expires = days.into();
        let input = KeyInput { label, environment: "staging", scopes: vec!["read"], expires, ..KeyInput::default() };
        NewKey::check(&input, store.profile(), store.now()).expect("checked")
    };
    store.issue_key(&act, &app, ending("Ending soon", "40"), None).await.expect("issued");
    store.issue_key(&act, &app, ending("Ended", "3"), None).await.expect("issued");
    store.clock.turn(Duration::from_secs(31 * 86_400));
    store.key(&act, &app, "Fresh").await;

    let listed = |filter: KeyFilter| {
        let org = org.id.clone();
        async move {
            let page = store.keys(&org, None, &filter).await.expect("asked");
            assert_eq!(page.total, i64::try_from(page.keys.len()).expect("few"));
            page.keys.into_iter().map(|key| key.label).collect::<Vec<_>>()
        }
    };
    let label = |text: &str| KeyFilter { label: text.to_owned(), ..KeyFilter::default() };
    assert_eq!(listed(label("ingest_")).await, ["100% Ingest_worker"]);
    assert_eq!(listed(label("%")).await, ["100% Ingest_worker"], "a sign, not a pattern");
    assert_eq!(listed(label("criture")).await, ["Écriture"]);
    assert_eq!(listed(label("écriture")).await, ["Écriture"], "the database may know no letter beyond ASCII");
    assert_eq!(listed(KeyFilter { environment: "staging".to_owned(), ..KeyFilter::default() }).await.len(), 2);
    assert_eq!(listed(KeyFilter { scope: "write".to_owned(), ..KeyFilter::default() }).await, ["Écriture"]);
    assert_eq!(listed(KeyFilter { scope: "rit".to_owned(), ..KeyFilter::default() }).await, [""; 0], "whole words");
    let status = |status| KeyFilter { status: Some(status), ..KeyFilter::default() };
    let mut active = listed(status(KeyStatus::Active)).await;
    active.sort();
    assert_eq!(active, ["100% Ingest_worker", "Ending soon", "Fresh", "Écriture"]);
    assert_eq!(listed(status(KeyStatus::Paused)).await, ["Paused one"]);
    assert_eq!(listed(status(KeyStatus::Revoked)).await, ["Revoked one"], "asked for, so it is shown");
    assert_eq!(listed(status(KeyStatus::Expired)).await, ["Ended"]);
    assert_eq!(listed(status(KeyStatus::Expiring)).await, ["Ending soon"]);
    assert!(!listed(status(KeyStatus::Unused)).await.contains(&"Fresh".to_owned()));
    assert_eq!(listed(status(KeyStatus::Unused)).await.len(), 3);
}

async fn record(store: &TestStore, secret: &str) -> KeyRecord {
    let digest = store.digests(Checked::parse("sk_live_", secret).expect("shaped")).next().expect("a pepper");
    store.key_by_digest(&digest).await.expect("asked").expect("found").record
}

async fn a_paused_key_is_resumed(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    let before = store.revision().await.expect("asked");
    store.pause_key(&act, &issued.key).await.expect("paused");
    store.pause_key(&act, &issued.key).await.expect("twice is once");
    assert_eq!(store.revision().await.expect("asked"), before + 1);
    let paused = store.find(&ada.id, &issued.key.id).await.expect("asked").expect("there");
    assert_eq!(paused.status(store.now()), Status::Paused);
    assert_eq!(paused.paused.expect("paused").by, "Ada");
    assert!(record(store, issued.secret.expose()).await.paused);
    store.resume_key(&act, &issued.key).await.expect("resumed");
    assert!(!record(store, issued.secret.expose()).await.paused);
}

async fn what_is_revoked_is_not_paused(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "CI").await.key;
    store.revoke_key(&act, &key, String::new()).await.expect("revoked");
    store.pause_key(&act, &key).await.expect("nothing to do");
    let key = store.find(&ada.id, &key.id).await.expect("asked").expect("there");
    assert_eq!((key.status(store.now()), key.paused), (Status::Revoked, None));
}

async fn verifiers_are_notified_of_edits(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    let before = store.revision().await.expect("asked");
    let new = EditedKey::check("Nightly", r#"{"team": "Überblick", "n": [1, null]}"#).expect("checked");
    store.edit_key(&act, &issued.key, new.clone()).await.expect("edited");
    assert_eq!(store.revision().await.expect("asked"), before + 1);
    let record = record(store, issued.secret.expose()).await;
    assert_eq!((&*record.label, record.metadata()), ("Nightly", &new.metadata));
    let key = store.find(&ada.id, &issued.key.id).await.expect("asked").expect("there");
    assert_eq!(key.metadata, new.metadata);
}

async fn all_keys_of_an_app_or_an_organization_go_at_once(store: &TestStore) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let act = store.act(&store.person("Ada").await);
    let (org, other) = (store.org(&act, "Focus").await, store.org(&act, "Other").await);
    let (one, two) = (store.app(&act, &org, "One").await, store.app(&act, &org, "Two").await);
    let elsewhere = store.app(&act, &other, "Elsewhere").await;
    for app in [&one, &one, &two, &elsewhere] {
        store.key(&act, app, "CI").await;
    }
    store.on_change(move |change| listener.lock().expect("no panic").push(change.touched.clone()));
    assert_eq!(store.revoke_all(&act, &Place::from(&one), "leak".to_owned()).await.expect("revoked"), 2);
    assert_eq!(store.revoke_all(&act, &Place::from(&one), "again".to_owned()).await.expect("none left"), 0);
    assert_eq!(store.keys(&org.id, None, &KeyFilter::default()).await.expect("asked").total, 1);
    assert_eq!(store.revoke_all(&act, &Place::from(&org), "leak".to_owned()).await.expect("revoked"), 1);
    let touched: Vec<_> = told.lock().expect("no panic").clone();
    let named = |touched: &Touched| if let Touched::These(digests) = touched { digests.len() } else { usize::MAX };
    assert_eq!(touched.iter().map(named).collect::<Vec<_>>(), [2, 1], "each by its name");
    assert_eq!(store.keys(&other.id, None, &KeyFilter::default()).await.expect("asked").total, 1);
    let all = KeyFilter { include_revoked: true, ..KeyFilter::default() };
    let page = store.keys(&org.id, None, &all).await.expect("asked");
    assert!(page.keys.iter().all(|key| key.revoked.as_ref().is_some_and(|revoked| revoked.reason == "leak")));
    assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
}
