//! Several secrets of one key: each is found, can be ended, and ends with the key.

use std::time::Duration;

use sallyport::{
    Error,
    audit::{Act, Actor},
    key::{Ask, Digest, Issued, Key, KeyRecord, NewRotation, PlainSecret, Verdict, secret::Checked, verdict::verdict},
    place::Place,
    profile::Profile,
    store::{Added, Touched},
    tenant::NewTenant,
    testing::TestStore,
};

sallyport::on_both_databases!(
    each_is_good_until_it_is_ended,
    one_retires_when_its_grace_is_over,
    all_end_with_the_key,
    what_is_revoked_gets_no_other,
    a_key_is_found_by_each_and_shown_by_its_newest,
    verifiers_are_notified_of_each,
    what_a_key_writes_ends_with_the_secret_it_came_with,
);

const HOUR: Duration = Duration::from_secs(3600);

/// Rotates the key; the old secret is accepted for another hour.
async fn rotated(store: &TestStore, act: &Act, key: &Key) -> PlainSecret {
    let new = NewRotation { grace: HOUR, ..NewRotation::default() };
    store.rotate_key(act, key, new).await.expect("rotated").secret
}

async fn key(store: &TestStore) -> (Act, Issued) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    (act, issued)
}

fn digest(store: &TestStore, secret: &PlainSecret) -> Digest {
    let checked = Checked::parse("sk_live_", secret.expose()).expect("shaped");
    store.digests(checked).next().expect("one pepper")
}

async fn record(store: &TestStore, secret: &PlainSecret) -> KeyRecord {
    store.key_by_digest(&digest(store, secret)).await.expect("asked").expect("somebody's").record
}

async fn judged(store: &TestStore, secret: &PlainSecret) -> Verdict {
    verdict(&Ask::default(), &record(store, secret).await, store.profile(), store.now())
}

async fn each_is_good_until_it_is_ended(store: &TestStore) {
    let (act, Issued { key, secret: first, .. }) = key(store).await;
    let second = rotated(store, &act, &key).await;
    let records = [record(store, &first).await, record(store, &second).await];
    assert_eq!(records.each_ref().map(|record| record.secret_n), [1, 2]);
    let [one, other] = records;
    let of_the_key = |record: KeyRecord| (record.key_id, record.label, record.scopes, record.owner, record.expires_at);
    assert_eq!(of_the_key(one), of_the_key(other), "what it may do belongs to the key");
    assert_eq!([judged(store, &first).await, judged(store, &second).await], [Verdict::Valid; 2]);
    store.end_previous_secret(&act, &key).await.expect("ended");
    assert_eq!([judged(store, &first).await, judged(store, &second).await], [Verdict::Rotated, Verdict::Valid]);
    let again = store.end_previous_secret(&act, &key).await;
    assert!(matches!(again, Err(Error::Conflict { code: "not_rotating", .. })), "it is ended");
}

async fn one_retires_when_its_grace_is_over(store: &TestStore) {
    let (act, Issued { key, secret: first, .. }) = key(store).await;
    let second = rotated(store, &act, &key).await;
    store.clock.turn(HOUR - Duration::from_micros(1));
    assert_eq!([judged(store, &first).await, judged(store, &second).await], [Verdict::Valid; 2]);
    store.clock.turn(Duration::from_micros(1));
    assert_eq!([judged(store, &first).await, judged(store, &second).await], [Verdict::Rotated, Verdict::Valid]);
}

async fn all_end_with_the_key(store: &TestStore) {
    let (act, Issued { key: one, secret: first, .. }) = key(store).await;
    let app = store.apps_of_org(&one.org_id, &sallyport::store::Sight::ALL).await.expect("asked").remove(0);
    let Issued { key: other, secret: third, .. } = store.key(&act, &app, "Other").await;
    let second = rotated(store, &act, &one).await;
    let fourth = rotated(store, &act, &other).await;
    store.revoke_key(&act, &one, String::new()).await.expect("revoked");
    for secret in [&first, &second] {
        assert!(record(store, secret).await.secret_ended);
        assert_eq!(judged(store, secret).await, Verdict::Revoked);
    }
    for secret in [&third, &fourth] {
        assert_eq!(judged(store, secret).await, Verdict::Valid, "another key's");
    }
    store.revoke_all(&act, &Place::from(&app), String::new()).await.expect("revoked");
    for secret in [&third, &fourth] {
        assert!(record(store, secret).await.secret_ended);
        assert_eq!(judged(store, secret).await, Verdict::Revoked);
    }
}

async fn what_is_revoked_gets_no_other(store: &TestStore) {
    let (act, Issued { key, .. }) = key(store).await;
    store.revoke_key(&act, &key, String::new()).await.expect("revoked");
    let refused = store.rotate_key(&act, &key, NewRotation::default()).await;
    assert!(matches!(refused, Err(Error::Conflict { code: "key_revoked", .. })));
    let eve = store.act(&store.person("Eve").await);
    let refused = store.rotate_key(&eve, &key, NewRotation::default()).await;
    assert!(matches!(refused, Err(Error::NotFound)), "another organization's");
    assert!(matches!(store.end_previous_secret(&eve, &key).await, Err(Error::NotFound)));
    assert!(matches!(store.extend_previous_secret(&eve, &key, HOUR).await, Err(Error::NotFound)));
    assert!(matches!(store.set_aside(&eve, &key).await, Err(Error::NotFound)));
}

async fn a_key_is_found_by_each_and_shown_by_its_newest(store: &TestStore) {
    let (act, Issued { key, secret: first, .. }) = key(store).await;
    let Actor::User { id: ada, .. } = &act.actor else { panic!("a person") };
    let second = rotated(store, &act, &key).await;
    let now = || async { store.find(ada, &key.id).await.expect("asked").expect("there") };
    assert_eq!(now().await.shown, second.shown());
    for secret in [&first, &second] {
        let checked = Checked::parse("sk_live_", secret.expose()).expect("shaped");
        assert_eq!(store.key_by_secret(ada, checked).await.expect("asked").as_ref(), Some(&key.id));
        let found = store.search(&[0; 32], ada, None, &secret.shown()).await.expect("asked");
        assert_eq!(found.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), [key.id.as_str()]);
    }
    store.set_aside(&act, &key).await.expect("set aside");
    assert_eq!(now().await.shown, first.shown(), "what is good");
    assert_eq!(store.key_by_id(&key.id).await.expect("asked").expect("there").record.secret_n, 1);
}

async fn verifiers_are_notified_of_each(store: &TestStore) {
    let (act, Issued { key, secret: first, .. }) = key(store).await;
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let listener = std::sync::Arc::clone(&told);
    store.on_change(move |change| listener.lock().expect("no panic").push(change.clone()));
    let second = rotated(store, &act, &key).await;
    store.set_aside(&act, &key).await.expect("set aside");
    store.pause_key(&act, &key).await.expect("paused");
    store.revoke_key(&act, &key, String::new()).await.expect("revoked");
    let (one, other) = (digest(store, &first), digest(store, &second));
    let mut told = told.lock().expect("no panic").clone();
    for change in &mut told {
        if let Touched::These(digests) = &mut change.touched {
            digests.sort_by_key(|digest| *digest != one);
            digests.dedup();
        }
    }
    assert_eq!(told[0].added, [Added::Secret(other)]);
    assert!(told[1..].iter().all(|change| change.added.is_empty()));
    let these = |digests: &[Digest]| Touched::These(digests.to_vec());
    let touched: Vec<_> = told.iter().map(|change| change.touched.clone()).collect();
    assert_eq!(touched, vec![these(&[one, other]); 4]);
}

/// Its other secret works where the first one no longer does.
async fn what_a_key_writes_ends_with_the_secret_it_came_with(first: &TestStore) {
    let profile = Profile::parse(include_str!("../../examples/profiles/synaptiq.toml")).expect("a good profile");
    let store = first.with_profile(profile.into()).await;
    let ada = store.act(&store.person("Ada").await);
    let org = store.org(&ada, "Focus").await;
    let holder = sallyport::key::Holder::Organization(org.clone());
    let key = store.issue(&ada, holder, "Automation", &["admin"]).await.expect("issued").key;
    rotated(&store, &ada, &key).await;
    let writes = async |secret_n: u32, name: &str| {
        let act = Act::by(Actor::Key { id: key.id.clone(), label: key.label.clone(), secret_n });
        store.create_tenant(&act, &org.id, NewTenant { name: name.to_owned() }).await.map(drop)
    };
    writes(1, "One").await.expect("both are good");
    writes(2, "Two").await.expect("both are good");
    store.clock.turn(HOUR);
    assert!(matches!(writes(1, "Three").await, Err(Error::SignedOut)));
    writes(2, "Three").await.expect("it is good");
    store.set_aside(&ada, &key).await.expect("set aside");
    assert!(matches!(writes(2, "Four").await, Err(Error::SignedOut)));
    assert!(matches!(writes(3, "Four").await, Err(Error::SignedOut)), "there is none");
    store.store.close().await;
}
