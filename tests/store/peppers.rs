//! Another pepper: keys go on, are digested anew when they are used, and the pepper of before is dropped when none needs it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use sallyport::{
    Error,
    app::App,
    audit::{Act, Actor},
    id::RequestId,
    key::{Ask, Issued, Verdict, secret::Checked},
    member::Role,
    request::Client,
    root_token, service_account,
    store::{EventFilter, Store},
    testing::{SeededEntropy, TestStore},
    verifier::{Lookup, Verifier},
};

use crate::changes::heard;

sallyport::on_both_databases!(
    keys_are_digested_anew_when_they_are_used,
    a_pepper_that_is_needed_is_not_dropped,
    tokens_of_service_accounts_are_digested_anew,
    another_process_follows,
    a_revoked_key_is_refused_under_both_digests,
    what_is_unknown_costs_one_more_look_up,
);

fn operator() -> Act {
    Act::by(Actor::CommandLine)
}

async fn app(store: &TestStore) -> (Act, App) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    (act, app)
}

async fn change(store: &Store) -> i64 {
    let version = store.make_pepper(&operator()).await.expect("made");
    store.use_pepper(&operator(), version).await.expect("used");
    version
}

async fn verifier(store: &Store) -> Arc<Verifier> {
    Verifier::start(store.clone(), 100, Arc::new(|| Duration::ZERO)).await.expect("starts")
}

fn checked(key: &Issued) -> Checked<'_> {
    Checked::parse("sk_live_", key.secret.expose()).expect("a key")
}

async fn judge(verifier: &Verifier, key: &Issued) -> Verdict {
    let ip: IpAddr = [127, 0, 0, 1].into();
    let request_id = RequestId::mint(&SeededEntropy::new(1));
    let client = Client { ip, peer: ip, proxied: false, user_agent: None, request_id };
    verifier.judge(Some(key.secret.expose()), &Ask::default(), &client).await.expect("judged").verdict
}

async fn needed(store: &Store) -> Vec<(&'static str, i64)> {
    store.pepper_status().await.expect("read").retired.expect("one").1
}

async fn keys_are_digested_anew_when_they_are_used(store: &TestStore) {
    let (act, app) = app(store).await;
    let (used, unused) = (store.key(&act, &app, "Used").await, store.key(&act, &app, "Unused").await);
    let (_, token) = store.create_token(&operator(), "CI", false, None).await.expect("made");
    let verifier = verifier(store).await;
    assert_eq!(judge(&verifier, &used).await, Verdict::Valid);
    let version = change(store).await;
    assert_eq!(store.pepper_status().await.expect("read").current, version);
    let new = store.key(&act, &app, "New").await;
    assert_eq!(needed(store).await, [("keys", 2), ("root tokens", 1)]);
    for key in [&used, &new, &used] {
        assert_eq!(judge(&verifier, key).await, Verdict::Valid);
    }
    assert!(matches!(verifier.token(token.expose(), [127, 0, 0, 1].into()).await.expect("asked"), Lookup::Known(_)));
    store.settled().await;
    assert_eq!(needed(store).await, [("keys", 1)]);
    // From the database, and from the cache.
    for _ in 0..2 {
        for key in [&used, &new] {
            assert_eq!(judge(&verifier, key).await, Verdict::Valid);
        }
    }
    assert!(!store.drop_retired_pepper().await.expect("asked"));
    assert!(matches!(store.make_pepper(&operator()).await, Err(Error::Conflict { code: "pepper_in_use", .. })));

    assert_eq!(judge(&verifier, &unused).await, Verdict::Valid);
    store.settled().await;
    assert!(store.drop_retired_pepper().await.expect("asked"));
    assert_eq!(store.pepper_status().await.expect("read").retired, None);
    store.follow_master_keys().await.expect("followed");
    for key in [&used, &unused, &new] {
        assert_eq!(store.digests(checked(key)).count(), 1);
        assert_eq!(judge(&verifier, key).await, Verdict::Valid);
    }
    let alone = store.reopened().await;
    for key in [&used, &unused, &new] {
        assert!(alone.key_by_digest(&alone.digests(checked(key)).next().expect("one")).await.expect("read").is_some());
    }
    let dump = store.dump().await;
    assert!(dump["key_secrets"].iter().all(|row| row.contains("former_digest: None")), "{:?}", dump["key_secrets"]);
    let events = store.system_events(&EventFilter::default()).await.expect("read").events;
    let actions: Vec<_> =
        events.iter().map(|event| event.action.as_str()).filter(|name| name.starts_with("pepper.")).collect();
    assert_eq!(actions, ["pepper.dropped", "pepper.changed"]);
    alone.close().await;
    // And once more.
    assert_eq!(change(store).await, version + 1);
}

async fn a_pepper_that_is_needed_is_not_dropped(store: &TestStore) {
    let (act, app) = app(store).await;
    let (kept, revoked) = (store.key(&act, &app, "Kept").await, store.key(&act, &app, "Revoked").await);
    store.revoke_key(&act, &revoked.key, String::new()).await.expect("revoked");
    change(store).await;
    assert_eq!(needed(store).await, [("keys", 1)]);
    assert!(!store.drop_retired_pepper().await.expect("asked"));
    store.revoke_key(&act, &kept.key, String::new()).await.expect("revoked");
    assert!(store.drop_retired_pepper().await.expect("asked"));
    assert!(!store.drop_retired_pepper().await.expect("there is none"));
}

async fn tokens_of_service_accounts_are_digested_anew(store: &TestStore) {
    let (act, app) = app(store).await;
    let account = store.create_service_account(&act, &app.org_id, "CI", Role::Viewer).await.expect("made");
    let new = crate::journal::new_service_token(store);
    let (_, secret) = store.issue_service_token(&act, &account.id, new).await.expect("made");
    let presented = || service_account::parse(secret.expose()).expect("a token");
    change(store).await;
    assert_eq!(needed(store).await, [("tokens of service accounts", 1)]);
    assert!(!store.drop_retired_pepper().await.expect("asked"));
    assert!(store.service_caller(presented(), "::1").await.expect("asked").is_some());
    store.settled().await;
    assert_eq!(needed(store).await, []);
    assert!(store.drop_retired_pepper().await.expect("asked"));
    store.follow_master_keys().await.expect("followed");
    assert_eq!(store.digests(presented()).count(), 1);
    assert!(store.service_caller(presented(), "::1").await.expect("asked").is_some());
}

async fn another_process_follows(store: &TestStore) {
    let (act, app) = app(store).await;
    let other = store.restarted().await;
    let key = store.key(&act, &app, "CI").await;
    let version = store.make_pepper(&operator()).await.expect("made");
    assert_eq!(store.make_pepper(&operator()).await.expect("the same"), version);
    other.follow_master_keys().await.expect("followed");
    assert!(other.servers_without_pepper(version).await.expect("asked").is_empty());
    store.use_pepper(&operator(), version).await.expect("used");
    // It has not looked again.
    let new = store.key(&act, &app, "New").await;
    let verifier = verifier(&other).await;
    for key in [&key, &new] {
        assert_eq!(judge(&verifier, key).await, Verdict::Valid);
    }
    other.settled().await;
    assert_eq!(needed(store).await, [("keys", 1)], "nothing is digested with an older one");
    other.follow_master_keys().await.expect("followed");
    assert_eq!(judge(&verifier, &key).await, Verdict::Valid);
    other.settled().await;
    assert_eq!(needed(store).await, []);
    assert!(matches!(store.use_pepper(&operator(), version).await, Err(Error::Conflict { .. })));
    other.end().await;
}

async fn a_revoked_key_is_refused_under_both_digests(store: &TestStore) {
    let (act, app) = app(store).await;
    let key = store.key(&act, &app, "CI").await;
    change(store).await;
    let verifier = verifier(store).await;
    assert_eq!(judge(&verifier, &key).await, Verdict::Valid);
    store.settled().await;
    let before = heard(store).await;
    store.revoke_key(&act, &key.key, String::new()).await.expect("revoked");
    heard(store).await;
    let changes = store.changes_since(before).await.expect("read").expect("one");
    let sallyport::store::Touched::These(touched) = &changes[0].touched else { panic!("{changes:?}") };
    for digest in store.digests(checked(&key)) {
        assert!(touched.contains(&digest), "{touched:?}");
    }
    assert_eq!(judge(&verifier, &key).await, Verdict::Revoked);
}

async fn what_is_unknown_costs_one_more_look_up(store: &TestStore) {
    app(store).await;
    let secret = root_token::mint(store.entropy());
    assert_eq!(store.digests(root_token::parse(secret.expose()).expect("a token")).count(), 1);
    change(store).await;
    assert_eq!(store.digests(root_token::parse(secret.expose()).expect("a token")).count(), 2);
    assert!(store.drop_retired_pepper().await.expect("none needs it"));
    let version = store.make_pepper(&operator()).await.expect("made");
    assert_eq!(store.digests(root_token::parse(secret.expose()).expect("a token")).count(), 2);
    store.use_pepper(&operator(), version).await.expect("used");
    assert_eq!(store.digests(root_token::parse(secret.expose()).expect("a token")).count(), 2, "never three");
}
