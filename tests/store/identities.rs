use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::{
    Error, Result,
    audit::{Act, Actor},
    identity::{Identity, Proof},
    session::{IDLE, SessionToken},
    store::EventFilter,
    testing::TestStore,
    user::{NewUser, User},
};

sallyport::on_both_databases!(
    a_session_begins_by_an_identity_of_the_person_and_no_other,
    an_identity_is_one_persons,
    without_an_identity_its_sessions_are_over,
    without_a_password_no_hash_is_a_proof,
    each_session_has_a_token_of_its_own,
);

fn identity(subject: &str) -> Identity {
    Identity::check("https://idp.example", subject).expect("checked")
}

async fn sign_in(store: &TestStore, user: &User, proof: Proof) -> Result<SessionToken> {
    store.start_session(&store.act(user), user, proof).await
}

async fn by_identity(store: &TestStore, user: &User, subject: &str) -> Result<SessionToken> {
    sign_in(store, user, Proof::Identity(identity(subject))).await
}

fn is_refused(signed_in: &Result<SessionToken>) -> bool {
    matches!(signed_in, Err(Error::SignedOut))
}

async fn a_session_begins_by_an_identity_of_the_person_and_no_other(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let shell = Act::by(Actor::CommandLine);
    assert!(is_refused(&by_identity(store, &ada, "ada").await), "linked to nobody");
    store.link_identity(&shell, &ada, identity("ada")).await.expect("linked");
    assert_eq!(store.user_by_identity(&identity("ada")).await.expect("asked").as_ref(), Some(&ada));
    assert_eq!(store.user_by_identity(&identity("Ada")).await.expect("asked"), None, "case counts");
    assert!(is_refused(&by_identity(store, &eve, "ada").await), "another's");
    let token = by_identity(store, &ada, "ada").await.expect("signed in");
    assert_eq!(store.session(token.digest(), IDLE).await.expect("asked").as_ref(), Some(&ada.id));
    store.disable_user(&shell, &ada).await.expect("disabled");
    assert!(is_refused(&by_identity(store, &ada, "ada").await), "disabled");
    assert_eq!(store.user_by_identity(&identity("ada")).await.expect("asked"), None);
}

async fn an_identity_is_one_persons(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let shell = Act::by(Actor::CommandLine);
    store.link_identity(&shell, &ada, identity("ada")).await.expect("linked");
    for user in [&ada, &eve] {
        let again = store.link_identity(&shell, user, identity("ada")).await;
        assert!(matches!(again, Err(Error::Invalid(_))), "{again:?}");
    }
    store.link_identity(&shell, &ada, identity("ada lovelace")).await.expect("linked");
    let mut linked = store.identities_of(&ada.id).await.expect("asked");
    linked.sort();
    assert_eq!(linked, [identity("ada"), identity("ada lovelace")]);
    assert!(!store.unlink_identity(&shell, &eve, identity("ada")).await.expect("asked"), "not hers");
    assert_eq!(store.identities_of(&ada.id).await.expect("asked").len(), 2);
    for (provider, subject) in [("", "ada"), ("https://idp.example", ""), ("https://idp.example", &*"x".repeat(256))] {
        assert!(Identity::check(provider, subject).is_err());
    }
}

async fn without_an_identity_its_sessions_are_over(store: &TestStore) {
    let ada = store.person("Ada").await;
    let shell = Act::by(Actor::CommandLine);
    store.link_identity(&shell, &ada, identity("ada")).await.expect("linked");
    let token = by_identity(store, &ada, "ada").await.expect("signed in");
    assert!(store.unlink_identity(&shell, &ada, identity("ada")).await.expect("unlinked"));
    assert_eq!(store.session(token.digest(), IDLE).await.expect("asked"), None);
    assert!(is_refused(&by_identity(store, &ada, "ada").await));
    let events = store.system_events(&EventFilter::default()).await.expect("asked").events;
    let newest: Vec<_> = events.iter().take(3).map(|event| (event.action.as_str(), event.details.as_str())).collect();
    assert_eq!(newest[0].0, "identity.unlinked");
    assert!(newest[0].1.contains(r#""sessions_ended":1"#) && newest[0].1.contains("https://idp.example"), "{newest:?}");
    assert_eq!((newest[1].0, newest[2].0), ("session.created", "identity.linked"));
    assert!(store.check_chain("system").await.expect("read").is_ok());
}

async fn without_a_password_no_hash_is_a_proof(store: &TestStore) {
    let new = NewUser::check("Ada", "ada@example.com", "correct horse battery staple").expect("checked");
    let ada = store.create_user(&Act::by(Actor::CommandLine), new, None, false).await.expect("made");
    let (known, hash) = store.user_to_sign_in("ada@example.com").await.expect("asked").expect("known");
    assert_eq!((known, hash), (ada.clone(), None));
    for hash in ["", "NULL", "none"] {
        let signed_in = sign_in(store, &ada, Proof::Password { hash: hash.to_owned() }).await;
        assert!(is_refused(&signed_in), "{hash}");
    }
    store.change_password(&Act::by(Actor::CommandLine), &ada, "new".to_owned()).await.expect("set");
    sign_in(store, &ada, Proof::Password { hash: "new".to_owned() }).await.expect("signed in");
}

async fn each_session_has_a_token_of_its_own(store: &TestStore) {
    let ada = store.person("Ada").await;
    let proof = || Proof::Password { hash: "none".to_owned() };
    let (one, other) = (sign_in(store, &ada, proof()).await, sign_in(store, &ada, proof()).await);
    let (one, other) = (one.expect("signed in"), other.expect("signed in"));
    assert!(one != other && one.digest() != other.digest());
    assert!(SessionToken::of(one.bytes()) == one);
    // A copy of the database does not allow a sign-in: it contains neither a cookie's text nor its bytes.
    let rows = store.dump().await.into_values().flatten().collect::<String>();
    let bytes = format!("{:?}", one.bytes());
    for shown in [BASE64_URL_SAFE_NO_PAD.encode(one.bytes()), bytes.trim_matches(['[', ']']).to_owned()] {
        assert!(!rows.contains(&shown));
    }
    assert!(rows.contains(format!("{:?}", one.digest()).trim_matches(['[', ']'])), "the digest alone");
}
