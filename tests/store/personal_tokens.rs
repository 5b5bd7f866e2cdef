use std::{sync::Arc, time::Duration};

use sallyport::{
    Error,
    audit::{Act, Actor, Credential},
    key::Holder,
    org::NewOrg,
    personal_token::{self, NewPersonalToken, PersonalToken, TokenScope, TokenScopes},
    profile::{HolderKind, Profile},
    testing::TestStore,
    user::{NewUser, Password, User},
};

sallyport::on_both_databases!(
    a_form_sent_twice_makes_one,
    expired_ones_leave_room,
    an_ended_token_writes_nothing,
    a_token_that_reads_leaves_ones_own_keys_alone,
    a_token_makes_no_token_and_is_no_operator,
    its_last_use_is_known,
);

async fn made(store: &TestStore, user: &User, scopes: TokenScopes) -> (PersonalToken, String) {
    let new = NewPersonalToken {
        name: "Laptop".to_owned(),
        scopes,
        expires_at: Some(store.now() + Duration::from_secs(3_600)),
        form_token: format!("{} {scopes}", user.id).into_bytes(),
    };
    let (token, secret) = store.issue_personal_token(&store.act(user), new).await.expect("made");
    (token, secret.expose().to_owned())
}

fn with(user: &User, token: &PersonalToken) -> Act {
    let credential = Credential::Token { id: token.id.clone(), name: token.name.clone(), scopes: token.scopes };
    Act::by(Actor::User { id: user.id.clone(), name: user.name.clone(), credential })
}

fn org(name: &str) -> NewOrg {
    NewOrg { name: name.to_owned(), ..NewOrg::default() }
}

async fn a_form_sent_twice_makes_one(store: &TestStore) {
    let ada = store.person("Ada").await;
    let new = NewPersonalToken {
        name: "Laptop".to_owned(),
        scopes: TokenScopes::READ,
        expires_at: None,
        form_token: b"once".to_vec(),
    };
    store.issue_personal_token(&store.act(&ada), new.clone()).await.expect("made");
    let again = store.issue_personal_token(&store.act(&ada), new).await;
    assert!(matches!(again, Err(Error::Invalid(_))), "{again:?}");
    assert_eq!(store.personal_tokens(&ada.id).await.expect("listed").len(), 1);
}

async fn expired_ones_leave_room(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let new = |n: usize, time: u64| NewPersonalToken {
        name: format!("Laptop {n}"),
        scopes: TokenScopes::READ,
        expires_at: Some(store.now() + Duration::from_secs(time)),
        form_token: n.to_string().into_bytes(),
    };
    let most = usize::try_from(personal_token::MOST).expect("a count");
    for n in 0..most {
        store.issue_personal_token(&act, new(n, if n == 0 { 60 } else { 3_600 })).await.expect("made");
    }
    let refused = store.issue_personal_token(&act, new(most, 3_600)).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    store.clock.turn(Duration::from_secs(60));
    store.issue_personal_token(&act, new(most, 3_600)).await.expect("made");
}

async fn an_ended_token_writes_nothing(store: &TestStore) {
    let ada = store.person("Ada").await;
    let (token, _) = made(store, &ada, TokenScopes::ALL).await;
    let act = with(&ada, &token);
    store.create_org(&act, org("One")).await.expect("made");
    store.clock.turn(Duration::from_secs(3_600));
    assert!(matches!(store.create_org(&act, org("Two")).await, Err(Error::SignedOut)), "expired");
    let (token, secret) = made(store, &ada, TokenScopes::READ.with(TokenScope::Places)).await;
    let act = with(&ada, &token);
    store.revoke_personal_token(&store.act(&ada), &token.id).await.expect("revoked");
    assert!(matches!(store.create_org(&act, org("Three")).await, Err(Error::SignedOut)), "revoked");
    let presented = personal_token::parse(&secret).expect("a token");
    assert!(store.person_of_token(presented, "::1").await.expect("asked").is_none());
    let eve = store.person("Eve").await;
    let (of_eve, _) = made(store, &eve, TokenScopes::ALL.with(TokenScope::Read)).await;
    let refused = store.revoke_personal_token(&store.act(&ada), &of_eve.id).await;
    assert!(matches!(refused, Err(Error::NotFound)), "another person's: {refused:?}");
}

async fn a_token_that_reads_leaves_ones_own_keys_alone(first: &TestStore) {
    let mut profile = (*Profile::standard()).clone();
    profile.keys.owner = HolderKind::Member;
    let store = first.with_profile(Arc::new(profile)).await;
    let ada = store.person("Ada").await;
    let org = store.org(&store.act(&ada), "Focus").await;
    let key = store.key(&store.act(&ada), Holder::Member(org, ada.clone()), "Own").await.key;
    let (reads, _) = made(&store, &ada, TokenScopes::READ).await;
    let refused = store.revoke_key(&with(&ada, &reads), &key, String::new()).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    let (keys, _) = made(&store, &ada, TokenScopes::READ.with(TokenScope::Keys)).await;
    store.revoke_key(&with(&ada, &keys), &key, String::new()).await.expect("revoked");
    store.close().await;
}

async fn a_token_makes_no_token_and_is_no_operator(store: &TestStore) {
    let new = NewUser { name: "Ada".to_owned(), email: "ada@example.com".to_owned(), password: Password::default() };
    let ada = store.create_user(&Act::by(Actor::CommandLine), new, "none".to_owned(), true).await.expect("made");
    let (token, _) = made(store, &ada, TokenScopes::ALL).await;
    let act = with(&ada, &token);
    let new = NewPersonalToken {
        name: "More".to_owned(),
        scopes: TokenScopes::ALL,
        expires_at: None,
        form_token: b"more".to_vec(),
    };
    let refused = store.issue_personal_token(&act, new).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    store.end_all_sessions(&store.act(&ada)).await.expect("an operator with a session");
    assert!(matches!(store.end_all_sessions(&act).await, Err(Error::NotFound)));
    assert!(matches!(store.create_token(&act, "Root", true, None).await, Err(Error::NotFound)));
}

async fn its_last_use_is_known(store: &TestStore) {
    let ada = store.person("Ada").await;
    let (_, secret) = made(store, &ada, TokenScopes::READ).await;
    let used = async |address: &str| {
        let presented = personal_token::parse(&secret).expect("a token");
        store.person_of_token(presented, address).await.expect("asked").expect("live");
        store.settled().await;
        let listed = store.personal_tokens(&ada.id).await.expect("listed").remove(0);
        (listed.last_used_at.expect("used"), listed.last_address.expect("known"))
    };
    let start = store.now();
    assert_eq!(used("192.0.2.1").await, (start, "192.0.2.1".to_owned()));
    store.clock.turn(Duration::from_secs(59));
    assert_eq!(used("192.0.2.1").await.0, start, "to the minute");
    store.clock.turn(Duration::from_secs(1));
    assert_eq!(used("192.0.2.1").await.0, store.now());
    assert_eq!(used("192.0.2.2").await.1, "192.0.2.2");
}
