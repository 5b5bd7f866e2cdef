use std::{sync::Arc, time::Duration};

use sallyport::{
    Error,
    audit::{Act, Actor, Credential},
    invitation::NewInvitations,
    key::Holder,
    member::Role,
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
    a_token_decides_no_owner,
    revoking_all_keys_needs_the_scope_of_keys,
    a_lost_account_loses_its_tokens,
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

async fn a_token_decides_no_owner(store: &TestStore) {
    let (ada, eve, bob) = (store.person("Ada").await, store.person("Eve").await, store.person("Bob").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    store.add_member(&act, &org.id, &eve, Role::Developer).await.expect("added");
    let (token, _) = made(store, &ada, TokenScopes::ALL).await;
    let with = with(&ada, &token);
    let invited = NewInvitations {
        emails: vec!["x@example.com".to_owned()],
        role: Role::Owner,
        message: String::new(),
        handed_over: false,
    };
    for refused in [
        store.add_member(&with, &org.id, &bob, Role::Owner).await.map(drop),
        store.change_role(&with, &org.id, &eve, Role::Owner).await.map(drop),
        store.invite(&with, &org.id, invited).await.map(drop),
    ] {
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    }
    store.add_member(&with, &org.id, &bob, Role::Admin).await.expect("added");
    store.change_role(&act, &org.id, &eve, Role::Owner).await.expect("by the owner in person");
    for refused in [
        store.change_role(&with, &org.id, &eve, Role::Viewer).await.map(drop),
        store.remove_member(&with, &org.id, &eve).await,
    ] {
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    }
}

async fn revoking_all_keys_needs_the_scope_of_keys(store: &TestStore) {
    let ada = store.person("Ada").await;
    let org = store.org(&store.act(&ada), "Focus").await;
    let place = sallyport::place::Place::from(&org);
    let (token, _) = made(store, &ada, TokenScopes::READ.with(TokenScope::Places)).await;
    let refused = store.revoke_all(&with(&ada, &token), &place, "Incident".to_owned()).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    let (token, _) = made(store, &ada, TokenScopes::READ.with(TokenScope::Places).with(TokenScope::Keys)).await;
    store.revoke_all(&with(&ada, &token), &place, "Incident".to_owned()).await.expect("revoked");
}

async fn a_lost_account_loses_its_tokens(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let shell = Act::by(Actor::CommandLine);
    made(store, &eve, TokenScopes::READ).await;
    let left = async |user: &User| store.personal_tokens(&user.id).await.expect("listed").len();
    made(store, &ada, TokenScopes::READ).await;
    store.change_password(&store.act(&ada), &ada, "own".to_owned()).await.expect("changed");
    assert_eq!(left(&ada).await, 1, "by the person, who looks after them");
    store.set_password_to_change(&shell, &ada, "given".to_owned()).await.expect("set");
    assert_eq!(left(&ada).await, 0);
    store.change_password(&store.act(&ada), &ada, "own".to_owned()).await.expect("changed");
    made(store, &ada, TokenScopes::ALL).await;
    store.disable_user(&shell, &ada).await.expect("disabled");
    store.enable_user(&shell, &ada).await.expect("enabled");
    assert_eq!((left(&ada).await, left(&eve).await), (0, 1));
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
