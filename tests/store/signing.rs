use std::time::Duration;

use sallyport::{
    Error,
    key::{Key, SigningSecret},
    place::Place,
    store::EventFilter,
    testing::TestStore,
};

sallyport::on_both_databases!(
    both_sign_until_the_grace_ends,
    without_grace_the_old_one_ends_at_once,
    a_form_that_is_sent_again_rotates_nothing,
    many_at_once_rotate_once,
    a_key_gets_its_first,
    what_is_revoked_keeps_no_secret,
    what_is_revoked_signs_nothing,
    a_sealed_secret_opens_for_its_key_alone,
);

const HOUR: Duration = Duration::from_secs(3600);

/// A key with its first signing secret.
async fn key(store: &TestStore) -> (sallyport::audit::Act, Key, String) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    let secret = issued.signing_secret.expect("one").expose().to_owned();
    (act, issued.key, secret)
}

/// Those that are active now.
async fn open(store: &TestStore, key: &Key) -> Vec<String> {
    let sealed = store.signing_secrets(&key.id).await.expect("asked").expect("it signs");
    assert_eq!(format!("{sealed:?}"), format!("SealedSigning({})", key.id));
    let opened = store.open_signing(&sealed, store.now()).expect("opens");
    opened.iter().map(|secret| SigningSecret::expose(secret).to_owned()).collect()
}

async fn both_sign_until_the_grace_ends(store: &TestStore) {
    let (act, key, first) = key(store).await;
    assert_eq!(open(store, &key).await, [first.as_str()]);
    let before = store.revision().await.expect("asked");
    let second = store.rotate_signing_secret(&act, &key, 1, HOUR).await.expect("rotated").expose().to_owned();
    assert_eq!(store.revision().await.expect("asked"), before + 1, "verifiers hear of it");
    assert_ne!(first, second);
    assert_eq!(open(store, &key).await, [second.as_str(), first.as_str()]);
    store.clock.turn(HOUR - Duration::from_micros(1));
    assert_eq!(open(store, &key).await.len(), 2);
    store.clock.turn(Duration::from_micros(1));
    assert_eq!(open(store, &key).await, [second.as_str()]);

    // Another one during a grace period: the first of three ends at once.
    let third = store.rotate_signing_secret(&act, &key, 2, HOUR).await.expect("rotated").expose().to_owned();
    let fourth = store.rotate_signing_secret(&act, &key, 3, HOUR).await.expect("rotated").expose().to_owned();
    assert_eq!(open(store, &key).await, [fourth, third]);
    let events = store.events(&key.org_id, key.app_id.as_ref(), &EventFilter::default()).await.expect("asked").events;
    let last = &events[0];
    assert_eq!((last.action.as_str(), last.actor_name.as_str()), ("key.signing_rotated", "Ada"));
    assert_eq!(last.details, format!(r#"{{"old_until":"{}"}}"#, (store.now() + HOUR).to_rfc3339()));
    assert!(events.iter().all(|event| !event.details.contains("sgn_")));
}

async fn without_grace_the_old_one_ends_at_once(store: &TestStore) {
    let (act, key, _) = key(store).await;
    let second = store.rotate_signing_secret(&act, &key, 1, Duration::ZERO).await.expect("rotated");
    assert_eq!(open(store, &key).await, [second.expose()]);
}

async fn a_form_that_is_sent_again_rotates_nothing(store: &TestStore) {
    let (act, key, _) = key(store).await;
    let second = store.rotate_signing_secret(&act, &key, 1, HOUR).await.expect("rotated");
    let again = store.rotate_signing_secret(&act, &key, 1, HOUR).await;
    assert!(matches!(again, Err(Error::AlreadyIssued(named)) if named == key.id));
    assert_eq!(open(store, &key).await[0], second.expose());
    let eve = store.act(&store.person("Eve").await);
    let refused = store.rotate_signing_secret(&eve, &key, 2, HOUR).await;
    assert!(matches!(refused, Err(Error::NotFound)), "another organization's");
}

async fn many_at_once_rotate_once(store: &TestStore) {
    let (act, key, first) = key(store).await;
    let sent = (0..8).map(|_| {
        let (store, act, key) = (store.store.clone(), act.clone(), key.clone());
        tokio::spawn(async move { store.rotate_signing_secret(&act, &key, 1, HOUR).await })
    });
    let mut made = Vec::new();
    for answer in sent.collect::<Vec<_>>() {
        match answer.await.expect("no panic") {
            Ok(secret) => made.push(secret.expose().to_owned()),
            Err(Error::AlreadyIssued(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(made.len(), 1);
    assert_eq!(open(store, &key).await, [made[0].as_str(), first.as_str()]);
}

async fn a_key_gets_its_first(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let input = sallyport::key::new::KeyInput {
        label: "CI",
        environment: "production",
        scopes: vec!["read"],
        ..Default::default()
    };
    let new = sallyport::key::NewKey::check(&input, store.profile(), store.now()).expect("checked");
    let key = store.issue_key(&act, &app, new, None).await.expect("issued").key;
    assert!(store.signing_secrets(&key.id).await.expect("asked").is_none());
    let first = store.rotate_signing_secret(&act, &key, key.signing_version, HOUR).await.expect("made");
    assert_eq!(open(store, &key).await, [first.expose()]);
    let key = store.find(&ada.id, &key.id).await.expect("asked").expect("there");
    assert!(key.has_signing_secret && key.signing_before_until.is_none());
    let events = store.events(&org.id, Some(&app.id), &EventFilter::default()).await.expect("asked").events;
    assert_eq!(events[0].action, "key.signing_generated");
}

/// Nothing is left that the master key could decrypt, for one key or for all.
async fn what_is_revoked_keeps_no_secret(store: &TestStore) {
    let (act, one, _) = key(store).await;
    let app = store.apps_of_org(&one.org_id, &sallyport::store::Sight::ALL).await.expect("asked").remove(0);
    let other = store.key(&act, &app, "Other").await.key;
    store.rotate_signing_secret(&act, &one, 1, HOUR).await.expect("rotated");
    store.rotate_signing_secret(&act, &other, 1, HOUR).await.expect("rotated");
    store.revoke_key(&act, &one, String::new()).await.expect("revoked");
    assert!(store.signing_secrets(&one.id).await.expect("asked").is_none());
    assert_eq!(open(store, &other).await.len(), 2, "the other's are there");
    store.revoke_all(&act, &Place::from(&app), String::new()).await.expect("revoked");
    let pool = crate::opening::raw(store.location()).await;
    let left = "SELECT COUNT(*) AS n FROM signing_secrets WHERE sealed IS NOT NULL OR ended_at IS NULL";
    let left: (i64,) = sqlx::query_as(left).fetch_one(&pool).await.expect("asked");
    pool.close().await;
    assert_eq!(left.0, 0);
}

async fn what_is_revoked_signs_nothing(store: &TestStore) {
    let (act, key, _) = key(store).await;
    store.revoke_key(&act, &key, String::new()).await.expect("revoked");
    assert!(matches!(store.rotate_signing_secret(&act, &key, 1, HOUR).await, Err(Error::Invalid(_))));
}

/// Swapped secrets in the database can't be decrypted.
async fn a_sealed_secret_opens_for_its_key_alone(store: &TestStore) {
    let (act, one, _) = key(store).await;
    let app = store.apps_of_org(&one.org_id, &sallyport::store::Sight::ALL).await.expect("asked").remove(0);
    let other = store.key(&act, &app, "Other").await.key;
    let pool = crate::opening::raw(store.location()).await;
    sqlx::query("UPDATE signing_secrets SET sealed = (SELECT g.sealed FROM signing_secrets g WHERE g.key_id = $1) WHERE key_id = $2")
        .bind(other.id.to_string())
        .bind(one.id.to_string())
        .execute(&pool)
        .await
        .expect("swapped");
    pool.close().await;
    let sealed = store.signing_secrets(&one.id).await.expect("asked").expect("there");
    assert!(matches!(store.open_signing(&sealed, store.now()), Err(Error::Sealed(_))));
}
