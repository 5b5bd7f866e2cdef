use std::time::Duration;

use sallyport::{
    Error,
    audit::{Act, Actor, Credential},
    device::{self, DeviceAnswer},
    id::{OrgId, PersonalTokenId},
    identity::{Identity, Proof},
    member::{Permission, Role},
    org::Org,
    personal_token::{NewPersonalToken, TokenKind, TokenScopes},
    sign_in_policy::{Missing, SignInPolicy},
    store::EventFilter,
    testing::TestStore,
    user::User,
};

sallyport::on_both_databases!(
    a_policy_is_kept_and_recorded,
    only_an_owner_sets_one_and_only_one_that_they_meet,
    a_write_is_refused_too,
    a_lifetime_begins_with_the_issuer_where_one_is_required,
    an_address_that_is_not_verified_is_of_no_domain,
    a_token_needs_the_issuer_that_its_session_had,
    a_token_is_no_newer_than_the_sign_in_with_the_issuer,
    a_deleted_organization_leaves_nothing,
);

const ISSUER: &str = "https://idp.example";

fn of(change: impl FnOnce(&mut SignInPolicy)) -> SignInPolicy {
    let mut policy = SignInPolicy::default();
    change(&mut policy);
    policy
}

/// What the person does in a session of their own.
async fn in_session(store: &TestStore, user: &User, proof: Proof) -> (Act, [u8; 32]) {
    let session = store.start_session(&store.act(user), user, proof).await.expect("signed in").digest();
    (acting(user, session), session)
}

fn acting(user: &User, session: [u8; 32]) -> Act {
    let credential = Credential::Session(session);
    Act::by(Actor::User { id: user.id.clone(), name: user.name.clone(), credential })
}

fn password() -> Proof {
    Proof::Password { hash: "none".to_owned() }
}

async fn focus(store: &TestStore) -> (User, Org, Act, [u8; 32]) {
    let ada = store.person("Ada").await;
    let (act, session) = in_session(store, &ada, password()).await;
    let org = store.org(&act, "Focus").await;
    (ada, org, act, session)
}

/// What is missing at the page of the organization.
async fn missing(store: &TestStore, session: [u8; 32], org: &OrgId) -> Vec<Missing> {
    let located = store.locate_org(&session, org).await.expect("asked").expect("a live session");
    assert!(located.found.is_some());
    let listed = store.closed_to_session(&session).await.expect("asked");
    assert_eq!(listed.into_iter().find(|closed| closed.org_id == *org), located.closed);
    located.closed.map(|closed| closed.missing).unwrap_or_default()
}

async fn a_policy_is_kept_and_recorded(store: &TestStore) {
    let (_, org, ..) = focus(store).await;
    assert_eq!(store.sign_in_policy(&org.id).await.expect("asked"), SignInPolicy::default());
    let policy = SignInPolicy {
        issuer: None,
        factor_from: Some(store.now() + Duration::from_secs(86_400)),
        lifetime_hours: Some(12),
        idle_minutes: Some(60),
        domains: vec!["b.example".to_owned(), "A.example".to_owned(), "ada.example".to_owned()],
        most_sessions: Some(3),
    };
    // On the command line nobody can lock themselves out.
    store.set_sign_in_policy(&Act::by(Actor::CommandLine), &org, policy.clone()).await.expect("set");
    let kept = store.sign_in_policy(&org.id).await.expect("asked");
    assert_eq!(
        kept,
        SignInPolicy { domains: ["a.example", "ada.example", "b.example"].map(str::to_owned).into(), ..policy }
    );
    store.set_sign_in_policy(&Act::by(Actor::CommandLine), &org, kept.clone()).await.expect("the same");
    let filter = EventFilter { action: "organization.sign_in_policy_changed".to_owned(), ..EventFilter::default() };
    let events = store.events(&org.id, None, &filter).await.expect("asked").events;
    assert_eq!(events.len(), 1, "once");
    for words in ["\"lifetime_hours\":12", "\"idle_minutes\":60", "\"ada.example\"", "\"most_sessions\":3"] {
        assert!(events[0].details.contains(words), "{words}: {}", events[0].details);
    }
}

async fn only_an_owner_sets_one_and_only_one_that_they_meet(store: &TestStore) {
    let (ada, org, act, session) = focus(store).await;
    let eve = store.person("Eve").await;
    store.add_member(&act, &org.id, &eve, Role::Admin).await.expect("added");
    let (hers, _) = in_session(store, &eve, password()).await;
    let two_hours = of(|policy| policy.lifetime_hours = Some(2));
    let refused = store.set_sign_in_policy(&hers, &org, two_hours.clone()).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    let far = store.now() + Duration::from_secs(30 * 86_400);
    for (policy, field) in [
        (of(|policy| policy.factor_from = Some(far)), "factor"),
        (of(|policy| policy.domains = vec!["elsewhere.example".to_owned()]), "domains"),
        (of(|policy| policy.issuer = Some(ISSUER.to_owned())), "issuer"),
    ] {
        let refused = store.set_sign_in_policy(&act, &org, policy).await;
        let Err(Error::Invalid(invalid)) = refused else { panic!("{field}: {refused:?}") };
        assert_eq!(invalid.0[0].field, field);
        assert_eq!(missing(store, session, &org.id).await, []);
    }
    store.set_sign_in_policy(&act, &org, two_hours).await.expect("met");
    // No personal token may.
    let new = NewPersonalToken {
        name: "CI".to_owned(),
        scopes: TokenScopes::ALL,
        expires_at: None,
        form_token: b"once".to_vec(),
    };
    let (token, _) = store.issue_personal_token(&act, new).await.expect("made");
    let credential = Credential::Token { id: token.id, name: token.name, scopes: token.scopes };
    let by_token = Act::by(Actor::User { id: ada.id.clone(), name: ada.name.clone(), credential });
    let refused = store.set_sign_in_policy(&by_token, &org, SignInPolicy::default()).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
}

async fn a_write_is_refused_too(store: &TestStore) {
    let (ada, org, act, session) = focus(store).await;
    store.set_sign_in_policy(&act, &org, of(|policy| policy.lifetime_hours = Some(1))).await.expect("set");
    let eve = store.person("Eve").await;
    store.add_member(&act, &org.id, &eve, Role::Member).await.expect("added");
    store.clock.turn(Duration::from_secs(3_600));
    assert_eq!(missing(store, session, &org.id).await, [Missing::Recent]);
    let refused = store.change_role(&act, &org.id, &eve, Role::Admin).await;
    assert!(matches!(refused, Err(Error::Forbidden(why)) if why.contains("newer sign-in")), "{refused:?}");
    let token = store.prove_session(&act, &ada, session, None).await.expect("confirmed");
    assert_eq!(missing(store, token.digest(), &org.id).await, []);
    assert!(store.may(&ada.id, &org.id, Permission::OwnOrg).await.expect("asked"));
}

async fn a_lifetime_begins_with_the_issuer_where_one_is_required(store: &TestStore) {
    let (ada, org, _, _) = focus(store).await;
    let identity = Identity::check(ISSUER, "ada").expect("checked");
    store.link_identity(&Act::by(Actor::CommandLine), &ada, identity.clone()).await.expect("linked");
    let (act, session) = in_session(store, &ada, Proof::Identity(identity)).await;
    let policy = of(|policy| {
        policy.issuer = Some(ISSUER.to_owned());
        policy.lifetime_hours = Some(8);
    });
    store.set_sign_in_policy(&act, &org, policy).await.expect("set");
    store.clock.turn(Duration::from_secs(7 * 3_600));
    // A confirmation with a password of the portal's own is no sign-in with the issuer.
    let session = store.prove_session(&act, &ada, session, None).await.expect("confirmed").digest();
    assert_eq!(missing(store, session, &org.id).await, []);
    store.clock.turn(Duration::from_secs(3_600));
    assert_eq!(missing(store, session, &org.id).await, [Missing::Issuer { url: ISSUER.to_owned(), again: true }]);
    let (_, with_password) = in_session(store, &ada, password()).await;
    let lacks = missing(store, with_password, &org.id).await;
    assert_eq!(lacks, [Missing::Issuer { url: ISSUER.to_owned(), again: false }]);
}

async fn an_address_that_is_not_verified_is_of_no_domain(store: &TestStore) {
    let (ada, org, act, session) = focus(store).await;
    let domain = ada.email.split('@').nth(1).expect("a domain").to_owned();
    store.set_sign_in_policy(&act, &org, of(|policy| policy.domains = vec![domain.clone()])).await.expect("set");
    assert_eq!(missing(store, session, &org.id).await, []);
    store.execute("UPDATE users SET unverified = 1".to_owned()).await;
    assert_eq!(missing(store, session, &org.id).await, [Missing::Address]);
}

async fn a_token_needs_the_issuer_that_its_session_had(store: &TestStore) {
    let (ada, org, by_password, _) = focus(store).await;
    let identity = Identity::check(ISSUER, "ada").expect("checked");
    store.link_identity(&Act::by(Actor::CommandLine), &ada, identity.clone()).await.expect("linked");
    let (by_issuer, _) = in_session(store, &ada, Proof::Identity(identity.clone())).await;
    let mut tokens = Vec::new();
    for (at, act) in [&by_password, &by_issuer].into_iter().enumerate() {
        let new = NewPersonalToken {
            name: "CI".to_owned(),
            scopes: TokenScopes::ALL,
            expires_at: None,
            form_token: vec![u8::try_from(at).expect("few")],
        };
        tokens.push(store.issue_personal_token(act, new).await.expect("made").0);
    }
    store
        .set_sign_in_policy(&by_issuer, &org, of(|policy| policy.issuer = Some(ISSUER.to_owned())))
        .await
        .expect("set");
    let lacks = vec![Missing::Issuer { url: ISSUER.to_owned(), again: false }];
    let closed = store.closed_to_token(&tokens[0].id).await.expect("asked");
    assert_eq!(closed.into_iter().map(|closed| closed.missing).collect::<Vec<_>>(), std::slice::from_ref(&lacks));
    assert_eq!(store.closed_to_token(&tokens[1].id).await.expect("asked"), []);
    // Who is no longer known there has no token, either.
    store.unlink_identity(&Act::by(Actor::CommandLine), &ada, identity).await.expect("unlinked");
    let closed = store.closed_to_token(&tokens[1].id).await.expect("asked");
    assert_eq!(closed.into_iter().map(|closed| closed.missing).collect::<Vec<_>>(), [lacks]);
}

/// A personal token and a command line of this session.
async fn tokens(store: &TestStore, user: &User, act: &Act, form_token: &[u8]) -> [PersonalTokenId; 2] {
    let new = NewPersonalToken {
        name: "CI".to_owned(),
        scopes: TokenScopes::ALL,
        expires_at: None,
        form_token: form_token.to_vec(),
    };
    let (made, _) = store.issue_personal_token(act, new).await.expect("made");
    let nobody = Act::by(Actor::Anonymous);
    let codes = store.start_device_sign_in(&nobody, "laptop", TokenScopes::ALL).await.expect("started");
    store.approve_device(act, &codes.user_code).await.expect("approved");
    let device_code = device::parse(codes.device_code.expose()).expect("a code");
    let answer = store.ask_device(&nobody, device_code).await.expect("asked");
    assert!(matches!(answer, DeviceAnswer::Approved(_)), "{answer:?}");
    // The newest is the first.
    let all = store.personal_tokens(&user.id).await.expect("listed");
    let command_line = all.into_iter().find(|token| matches!(token.kind, TokenKind::CommandLine));
    [made.id, command_line.expect("signed in").id]
}

async fn a_token_is_no_newer_than_the_sign_in_with_the_issuer(store: &TestStore) {
    let (ada, org, ..) = focus(store).await;
    let identity = Identity::check(ISSUER, "ada").expect("checked");
    store.link_identity(&Act::by(Actor::CommandLine), &ada, identity.clone()).await.expect("linked");
    let (act, session) = in_session(store, &ada, Proof::Identity(identity)).await;
    let policy = of(|policy| {
        policy.issuer = Some(ISSUER.to_owned());
        policy.lifetime_hours = Some(8);
    });
    store.set_sign_in_policy(&act, &org, policy).await.expect("set");
    let closed = async |token: &PersonalTokenId| {
        let closed = store.closed_to_token(token).await.expect("asked");
        closed.into_iter().flat_map(|closed| closed.missing).collect::<Vec<_>>()
    };
    let again = [Missing::Issuer { url: ISSUER.to_owned(), again: true }];
    store.clock.turn(Duration::from_secs(7 * 3_600));
    let session = store.prove_session(&act, &ada, session, None).await.expect("confirmed").digest();
    let act = acting(&ada, session);
    let [made, command_line] = tokens(store, &ada, &act, b"in time").await;
    assert!(closed(&made).await.is_empty() && closed(&command_line).await.is_empty());
    store.clock.turn(Duration::from_secs(3_600));
    assert_eq!(closed(&made).await, [], "it was made in time, and has an expiry of its own");
    assert_eq!(closed(&command_line).await, again, "it is as old as its session");
    // The session is closed to the organization, and makes nothing that is not, however fresh.
    let session = store.prove_session(&act, &ada, session, None).await.expect("confirmed").digest();
    assert_eq!(missing(store, session, &org.id).await, again);
    for token in tokens(store, &ada, &acting(&ada, session), b"too late").await {
        assert_eq!(closed(&token).await, again);
    }
}

async fn a_deleted_organization_leaves_nothing(store: &TestStore) {
    let (_, org, ..) = focus(store).await;
    let policy = of(|policy| {
        policy.lifetime_hours = Some(2);
        policy.domains = vec!["focus.example".to_owned()];
    });
    store.set_sign_in_policy(&Act::by(Actor::CommandLine), &org, policy).await.expect("set");
    let place = sallyport::place::Place::from(&org);
    store.delete_place(&Act::by(Actor::CommandLine), &place).await.expect("deleted");
    let dump = store.dump().await;
    assert!(dump["sign_in_policies"].is_empty() && dump["sign_in_domains"].is_empty());
}
