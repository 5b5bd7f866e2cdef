use std::time::Duration;

use sallyport::{
    Error,
    audit::{Act, Actor, Credential},
    identity::Proof,
    session::{LIFETIME, SessionToken},
    testing::TestStore,
    user::User,
};

sallyport::on_both_databases!(
    a_deleted_session_stays_deleted,
    a_session_ends_by_age_and_by_idleness,
    a_write_of_an_ended_session_is_refused,
    one_session_is_kept_and_the_others_end,
);

const IDLE: Duration = Duration::from_secs(3_600);

async fn sign_in(store: &TestStore, act: &Act, user: &User) -> SessionToken {
    store.start_session(act, user, Proof::Password { hash: "none".to_owned() }).await.expect("signed in")
}

async fn signed_in(store: &TestStore) -> (Act, [u8; 32]) {
    let ada = store.person("Ada").await;
    let mut act = store.act(&ada);
    let digest = sign_in(store, &act, &ada).await.digest();
    act.actor = Actor::User { id: ada.id, name: ada.name, credential: Credential::Session(digest) };
    (act, digest)
}

async fn a_deleted_session_stays_deleted(store: &TestStore) {
    let (act, digest) = signed_in(store).await;
    assert!(store.session(digest, IDLE).await.expect("asked").is_some());
    store.delete_session(&act, digest).await.expect("signed out");
    assert!(store.session(digest, IDLE).await.expect("asked").is_none());
    store.delete_session(&act, digest).await.expect("twice is no error");
}

async fn a_session_ends_by_age_and_by_idleness(store: &TestStore) {
    let (_, digest) = signed_in(store).await;
    store.clock.turn(IDLE - Duration::from_secs(1));
    assert!(store.session(digest, IDLE).await.expect("asked").is_some(), "and now it was seen");
    store.settled().await;
    store.clock.turn(IDLE - Duration::from_secs(1));
    assert!(store.session(digest, IDLE).await.expect("asked").is_some());
    store.clock.turn(IDLE);
    assert!(store.session(digest, IDLE).await.expect("asked").is_none(), "idle");
    let forever = 2 * LIFETIME;
    assert!(store.session(digest, forever).await.expect("asked").is_some());
    store.clock.turn(LIFETIME);
    assert!(store.session(digest, forever).await.expect("asked").is_none(), "too old");
}

async fn a_write_of_an_ended_session_is_refused(store: &TestStore) {
    let (act, digest) = signed_in(store).await;
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus").await;
    store.delete_session(&act, digest).await.expect("signed out");
    let late = store.issue(&act, &app, "late", &["read"]).await;
    assert!(matches!(late, Err(Error::SignedOut)), "{late:?}");
    let keys = store.keys(&org.id, None, &sallyport::store::KeyFilter::default()).await.expect("asked");
    assert_eq!(keys.total, 0);
}

async fn one_session_is_kept_and_the_others_end(store: &TestStore) {
    let (act, digest) = signed_in(store).await;
    let ada = store.account_by_email("ada@example.com").await.expect("asked").expect("there").user;
    store.clock.turn(Duration::from_secs(60));
    for _ in 0..2 {
        let from = Act {
            address: Some("203.0.113.9".to_owned()),
            user_agent: Some("curl/8.5.0".to_owned()),
            ..store.act(&ada)
        };
        sign_in(store, &from, &ada).await;
    }
    let open = store.sessions_of(&ada.id).await.expect("asked");
    assert_eq!(open.len(), 3);
    assert_eq!(open[0].address.as_deref(), Some("203.0.113.9"));
    assert_eq!(open[0].device(), "curl");
    let handle: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((open[2].digest, open[2].handle()), (digest, handle), "the oldest is last");
    assert_eq!(store.end_other_sessions(&act, &ada, digest).await.expect("ended"), 2);
    assert_eq!(store.end_other_sessions(&act, &ada, digest).await.expect("ended"), 0, "and nothing is told twice");
    let left = store.sessions_of(&ada.id).await.expect("asked");
    assert_eq!(left.iter().map(|session| session.digest).collect::<Vec<_>>(), [digest]);
    assert_eq!(store.check_chain("system").await.expect("read"), Ok(5));
    store.clock.turn(sallyport::session::IDLE);
    assert!(store.sessions_of(&ada.id).await.expect("asked").is_empty(), "idle sessions are none");
}
