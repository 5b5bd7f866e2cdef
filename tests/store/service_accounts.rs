//! Service accounts: who makes them and gives them what, what stops them, and that they do no more than their role and scopes.

use std::time::Duration;

use sallyport::{
    Error,
    audit::{Act, Actor},
    id::{ServiceAccountId, UserId},
    mail::Mail,
    member::{Permission, Role},
    org::{NewOrg, Org},
    personal_token::{NewPersonalToken, TokenScope, TokenScopes},
    place::{Place, PlaceRef},
    project::{NewProject, Project},
    service_account::{self, AccountStatus, MOST_TOKENS, NewServiceToken, ServiceAccount, ServiceToken},
    sign_in_policy::SignInPolicy,
    store::{EventFilter, Reader, Sight},
    tenant::NewTenant,
    testing::TestStore,
    user::User,
};

use crate::mail::mails;

mod rising;

sallyport::on_both_databases!(
    it_does_what_its_role_and_scopes_allow,
    nobody_gives_more_than_they_have,
    it_never_becomes_a_person,
    what_stops_it_stops_it_at_once,
    an_archived_place_stops_it,
    its_organization_takes_it_along,
    tokens_are_bounded_and_made_once,
    people_are_told_of_tokens,
    it_outlives_who_made_it,
    events_name_it,
);

struct Made {
    ada: User,
    act: Act,
    org: Org,
    project: Project,
}

async fn made(store: &TestStore) -> Made {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let tenant = store.create_tenant(&act, &org.id, NewTenant { name: "Studies".to_owned() }).await.expect("made");
    let project = store.create_project(&act, &tenant, NewProject { name: "Sleep".to_owned() }).await.expect("made");
    Made { ada, act, org, project }
}

fn new_token(store: &TestStore, name: &str, scopes: TokenScopes) -> NewServiceToken {
    let at = store.now() + Duration::from_secs(30 * 86_400);
    NewServiceToken { name: name.to_owned(), scopes, expires_at: at, form_token: None }
}

/// Acts as the account, with a token of these scopes.
async fn acting(
    store: &TestStore,
    by: &Act,
    account: &ServiceAccount,
    scopes: TokenScopes,
) -> (Act, ServiceToken, String) {
    let (token, secret) =
        store.issue_service_token(by, &account.id, new_token(store, "CI", scopes)).await.expect("made");
    let actor = Actor::ServiceAccount {
        id: account.id.clone(),
        name: account.name.clone(),
        token: token.id.clone(),
        token_name: token.name.clone(),
        scopes,
    };
    (Act::by(actor), token, secret.expose().to_owned())
}

async fn calls(store: &TestStore, secret: &str) -> bool {
    let presented = service_account::parse(secret).expect("a token");
    store.service_caller(presented, "203.0.113.9").await.expect("asked").is_some()
}

async fn read_again(store: &TestStore, id: &ServiceAccountId) -> ServiceAccount {
    store.service_account(id).await.expect("asked").expect("there")
}

fn is_forbidden<T: std::fmt::Debug>(done: sallyport::Result<T>) {
    assert!(matches!(done, Err(Error::Forbidden(_))), "{done:?}");
}

async fn it_does_what_its_role_and_scopes_allow(store: &TestStore) {
    let Made { act, org, project, .. } = made(store).await;
    let app = store.app(&act, &org, "Elsewhere").await;
    let account = store.create_service_account(&act, &project, "Import", Role::ProjectAdmin).await.expect("made");
    assert_eq!((account.status(), account.tokens), (AccountStatus::Active, 0));
    let (all, ..) = acting(store, &act, &account, TokenScopes::ALL).await;
    let here =
        store.create_app(&all, &project, sallyport::app::NewApp { name: "Here".to_owned(), ..Default::default() });
    let here = here.await.expect("its role allows it");
    let key = store.key(&all, &here, "Made by it").await.key;
    // Elsewhere there is nothing.
    assert!(matches!(store.issue(&all, &app, "Not here", &["read"]).await, Err(Error::NotFound)));
    let reader = Reader::Account(&account.id);
    assert!(store.find(reader, &here.id).await.expect("asked").is_some());
    assert!(store.find(reader, &key.id).await.expect("asked").is_some());
    assert!(store.find(reader, &app.id).await.expect("asked").is_none());
    assert!(store.find(reader, &org.id).await.expect("asked").is_some(), "it passes through");
    // No more than its scopes.
    let (reads, ..) = acting(store, &act, &account, TokenScopes::READ).await;
    is_forbidden(store.revoke_key(&reads, &key, String::new()).await.map(|_| ()));
    let (keys, ..) = acting(store, &act, &account, TokenScopes::READ.with(TokenScope::Keys)).await;
    store.revoke_key(&keys, &key, String::new()).await.expect("with the scope");
    let seen = store.service_accounts(&org.id, &Sight::ALL).await.expect("asked");
    assert_eq!(seen.iter().map(|account| account.tokens).collect::<Vec<_>>(), [3]);
}

async fn nobody_gives_more_than_they_have(store: &TestStore) {
    let Made { act, org, project, .. } = made(store).await;
    let eve = store.person("Eve").await;
    store.add_member(&act, &project, &eve, Role::ProjectAdmin).await.expect("added");
    let by_eve = store.act(&eve);
    let of_org = store.create_service_account(&act, &org.id, "Org", Role::Admin).await.expect("made");
    let refused = store.create_service_account(&by_eve, &org.id, "Hers", Role::Viewer).await;
    assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
    let own = store.create_service_account(&by_eve, &project, "Hers", Role::ProjectAdmin).await.expect("made");
    // Neither a token of what can do more, nor that it is ended.
    let token = new_token(store, "CI", TokenScopes::READ);
    for refused in [
        store.issue_service_token(&by_eve, &of_org.id, token.clone()).await.map(drop),
        store.disable_service_account(&by_eve, &of_org.id, true).await,
        store.remove_service_account(&by_eve, &of_org.id).await,
        store.change_service_account(&by_eve, &own.id, "Hers", Some((Role::Admin, (&org.id).into()))).await.map(drop),
    ] {
        assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
    }
    // A developer manages no members, so no accounts.
    let max = store.person("Max").await;
    store.add_member(&act, &project, &max, Role::Developer).await.expect("added");
    is_forbidden(store.create_service_account(&store.act(&max), &project, "His", Role::Viewer).await);
    is_forbidden(store.issue_service_token(&store.act(&max), &own.id, token.clone()).await);
    // An admin gives no role of an owner, and nobody does.
    let refused = store.create_service_account(&act, &org.id, "Owner", Role::Owner).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    let refused = store.create_service_account(&act, &project, "Admin", Role::Admin).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    // Who was raised above what Eve may give is no longer hers.
    store.change_service_account(&act, &own.id, "Hers", Some((Role::Admin, (&org.id).into()))).await.expect("raised");
    assert!(matches!(store.issue_service_token(&by_eve, &own.id, token).await, Err(Error::NotFound)));
    // A place of another organization.
    let other = store.org(&act, "Other").await;
    let place = PlaceRef::from(&other.id);
    let refused = store.change_service_account(&act, &own.id, "Hers", Some((Role::Viewer, place))).await;
    assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
}

async fn it_never_becomes_a_person(store: &TestStore) {
    let Made { ada, act, org, project } = made(store).await;
    let account = store.create_service_account(&act, &org.id, "Admin", Role::Admin).await.expect("made");
    let (all, token, _) = acting(store, &act, &account, TokenScopes::ALL).await;
    is_forbidden(store.create_org(&all, NewOrg { name: "Own".to_owned(), ..NewOrg::default() }).await);
    let personal = NewPersonalToken {
        name: "Laptop".to_owned(),
        scopes: TokenScopes::READ,
        expires_at: None,
        form_token: b"once".to_vec(),
    };
    is_forbidden(store.issue_personal_token(&all, personal).await);
    // It makes and changes no service accounts, itself included.
    for refused in [
        store.create_service_account(&all, &project, "Another", Role::Viewer).await.map(drop),
        store.issue_service_token(&all, &account.id, new_token(store, "More", TokenScopes::ALL)).await.map(drop),
        store.disable_service_account(&all, &account.id, true).await,
        store.revoke_service_token(&all, &token.id).await,
    ] {
        assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
    }
    // It is no member, no owner and no operator.
    is_forbidden(store.hand_over(&all, &org.id, &ada).await);
    is_forbidden(store.set_sign_in_policy(&all, &org, SignInPolicy::default()).await);
    is_forbidden(store.add_member(&all, &org.id, &store.person("Max").await, Role::Owner).await);
    let token = store.create_token(&all, "Root", true, None).await;
    assert!(matches!(token, Err(Error::NotFound)), "{token:?}");
    let members = store.members(&Place::from(&org)).await.expect("asked");
    assert_eq!(members.len(), 1, "{members:?}");
    // What its role allows with the scope of members: never more than its own role.
    let max = store.person("Noor").await;
    store.add_member(&all, &org.id, &max, Role::Viewer).await.expect("given");
    assert!(store.may(&max.id, &org.id, Permission::SeeKeys).await.expect("asked"));
    assert!(UserId::parse(account.id.as_str()).is_none());
}

async fn what_stops_it_stops_it_at_once(store: &TestStore) {
    let Made { act, org, project, .. } = made(store).await;
    let account = store.create_service_account(&act, &project, "Import", Role::Developer).await.expect("made");
    let app = |name: &str| sallyport::app::NewApp { name: name.to_owned(), ..Default::default() };
    let signed_out = |made: sallyport::Result<sallyport::app::App>| {
        assert!(matches!(made, Err(Error::SignedOut)), "{made:?}");
    };
    // Two tokens: one can be replaced while the other works.
    let (first, old, old_secret) = acting(store, &act, &account, TokenScopes::ALL).await;
    let (second, _, secret) = acting(store, &act, &account, TokenScopes::ALL).await;
    assert!(calls(store, &old_secret).await && calls(store, &secret).await);
    store.revoke_service_token(&act, &old.id).await.expect("revoked");
    store.revoke_service_token(&act, &old.id).await.expect("again");
    assert!(!calls(store, &old_secret).await && calls(store, &secret).await);
    signed_out(store.create_app(&first, &project, app("One")).await);
    store.create_app(&second, &project, app("Two")).await.expect("the other works");

    store.disable_service_account(&act, &account.id, true).await.expect("disabled");
    assert!(!calls(store, &secret).await);
    signed_out(store.create_app(&second, &project, app("Three")).await);
    assert_eq!(read_again(store, &account.id).await.status(), AccountStatus::Disabled);
    store.disable_service_account(&act, &account.id, false).await.expect("enabled");
    assert!(calls(store, &secret).await);

    // Another role is what counts from then on.
    store
        .change_service_account(&act, &account.id, "Import", Some((Role::Viewer, (&project).into())))
        .await
        .expect("done");
    is_forbidden(store.create_app(&second, &project, app("Four")).await);
    store
        .change_service_account(&act, &account.id, "Import", Some((Role::Developer, (&project).into())))
        .await
        .expect("done");
    signed_out(store.create_app(&second, &project, app("Four")).await);

    let (second, _, secret) = acting(store, &act, &account, TokenScopes::ALL).await;
    assert!(calls(store, &secret).await);
    store.clock.turn(Duration::from_secs(30 * 86_400));
    assert!(!calls(store, &secret).await, "expired");
    signed_out(store.create_app(&second, &project, app("Five")).await);
    let (third, _, secret) = acting(store, &act, &account, TokenScopes::ALL).await;
    store.remove_service_account(&act, &account.id).await.expect("removed");
    assert!(!calls(store, &secret).await);
    signed_out(store.create_app(&third, &project, app("Six")).await);
    assert!(store.service_account(&account.id).await.expect("asked").is_none());
    let grants = store.dump().await["grants"].join(" ");
    assert!(!grants.contains(account.id.as_str()), "{grants}");
    assert!(store.service_accounts(&org.id, &Sight::ALL).await.expect("asked").is_empty());
}

async fn an_archived_place_stops_it(store: &TestStore) {
    let Made { act, org, project, .. } = made(store).await;
    let account = store.create_service_account(&act, &project, "Import", Role::Developer).await.expect("made");
    let (_, _, secret) = acting(store, &act, &account, TokenScopes::ALL).await;
    let tenant = store.find(Reader::All, &project.tenant_id).await.expect("asked").expect("there");
    for place in [Place::from(&project), Place::from(&tenant), Place::from(&org)] {
        store.archive_place(&act, &place).await.expect("archived");
        assert!(!calls(store, &secret).await, "{place:?}");
        assert_eq!(read_again(store, &account.id).await.status(), AccountStatus::Stopped);
        let refused = store.create_service_account(&act, &project, "Late", Role::Viewer).await;
        is_forbidden(refused);
        store.restore_place(&act, &place).await.expect("restored");
        assert!(calls(store, &secret).await, "{place:?}");
    }
    store.suspend_org(&Act::by(Actor::CommandLine), &org, "unpaid").await.expect("suspended");
    assert!(!calls(store, &secret).await, "suspended");
    store.open_org(&Act::by(Actor::CommandLine), &org).await.expect("opened");
    assert!(calls(store, &secret).await);
    // Without its place it has no role, and does nothing until it gets another.
    store.delete_place(&act, &Place::from(&project)).await.expect("deleted");
    assert!(!calls(store, &secret).await);
    let left = read_again(store, &account.id).await;
    assert_eq!((left.status(), left.role.clone()), (AccountStatus::NoRole, None));
    store
        .change_service_account(&act, &left.id, "Import", Some((Role::Viewer, (&org.id).into())))
        .await
        .expect("given");
    assert!(!calls(store, &secret).await, "its token was made for another place");
    let (_, _, secret) = acting(store, &act, &left, TokenScopes::ALL).await;
    assert!(calls(store, &secret).await);
}

async fn its_organization_takes_it_along(store: &TestStore) {
    let Made { act, org, .. } = made(store).await;
    let account = store.create_service_account(&act, &org.id, "Import", Role::Viewer).await.expect("made");
    let (_, _, secret) = acting(store, &act, &account, TokenScopes::ALL).await;
    store.delete_place(&act, &Place::from(&org)).await.expect("deleted");
    assert!(!calls(store, &secret).await);
    let dump = store.dump().await;
    for table in ["service_accounts", "service_tokens", "grants"] {
        assert!(dump[table].is_empty(), "{table}: {:?}", dump[table]);
    }
}

async fn tokens_are_bounded_and_made_once(store: &TestStore) {
    let Made { ada, act, org, .. } = made(store).await;
    let account = store.create_service_account(&act, &org.id, "Import", Role::Viewer).await.expect("made");
    let again = store.create_service_account(&act, &org.id, "IMPORT", Role::Viewer).await;
    assert!(matches!(again, Err(Error::Invalid(_))), "the name is taken: {again:?}");
    let new = NewServiceToken { form_token: Some(b"once".to_vec()), ..new_token(store, "CI", TokenScopes::READ) };
    store.issue_service_token(&act, &account.id, new.clone()).await.expect("made");
    let again = store.issue_service_token(&act, &account.id, new).await;
    assert!(matches!(again, Err(Error::Invalid(_))), "{again:?}");
    for n in 1..MOST_TOKENS {
        let new = new_token(store, &format!("CI {n}"), TokenScopes::READ);
        store.issue_service_token(&act, &account.id, new).await.expect("made");
    }
    let more = new_token(store, "More", TokenScopes::READ);
    let refused = store.issue_service_token(&act, &account.id, more.clone()).await;
    assert!(matches!(refused, Err(Error::Conflict { code: "too_many_service_tokens", .. })), "{refused:?}");
    store.clock.turn(Duration::from_secs(30 * 86_400));
    let more = NewServiceToken { expires_at: store.now() + Duration::from_secs(60), ..more };
    store.issue_service_token(&act, &account.id, more.clone()).await.expect("expired ones leave room");
    // With a personal token nobody makes one: that takes a fresh sign-in.
    let personal = NewPersonalToken {
        name: "Laptop".to_owned(),
        scopes: TokenScopes::ALL,
        expires_at: None,
        form_token: b"laptop".to_vec(),
    };
    let (personal, _) = store.issue_personal_token(&act, personal).await.expect("made");
    let credential =
        sallyport::audit::Credential::Token { id: personal.id, name: personal.name, scopes: personal.scopes };
    let with_token = Act::by(Actor::User { id: ada.id.clone(), name: ada.name.clone(), credential });
    is_forbidden(store.issue_service_token(&with_token, &account.id, more).await);
    store.disable_service_account(&with_token, &account.id, true).await.expect("it may take away");
    store.clock.turn(Duration::from_secs(31 * 86_400));
    assert_eq!(store.delete_service_tokens().await.expect("deleted"), u64::try_from(MOST_TOKENS).expect("few") + 1);
}

async fn people_are_told_of_tokens(store: &TestStore) {
    let Made { act, org, project, .. } = made(store).await;
    let [eve, max] = [store.person("Eve").await, store.person("Max").await];
    store.add_member(&act, &project, &eve, Role::ProjectAdmin).await.expect("added");
    store.add_member(&act, &project, &max, Role::Developer).await.expect("added");
    let account = store.create_service_account(&act, &project, "Import", Role::Developer).await.expect("made");
    let week = Duration::from_secs(7 * 86_400);
    let new = NewServiceToken { expires_at: store.now() + 4 * week, ..new_token(store, "CI", TokenScopes::READ) };
    let (token, _) = store.issue_service_token(&act, &account.id, new).await.expect("made");
    // The owner and the admin of the project, and not the developer.
    let told = mails(store).await;
    assert!(matches!(&told[..], [Mail::ServiceTokenCreated(_), Mail::ServiceTokenCreated(_)]), "{told:?}");
    assert_eq!(store.tell_of_service_tokens().await.expect("told"), 0);
    store.clock.turn(3 * week);
    assert_eq!(store.tell_of_service_tokens().await.expect("told"), 1);
    assert_eq!(store.tell_of_service_tokens().await.expect("told"), 0, "once");
    let told = mails(store).await;
    assert!(matches!(&told[..], [Mail::ServiceTokenEnds(_), Mail::ServiceTokenEnds(_)]), "{told:?}");
    let filter = EventFilter { action: "service_token.ends".to_owned(), ..EventFilter::default() };
    let events = store.events(&org.id, None, &filter).await.expect("asked").events;
    assert_eq!((events.len(), events[0].target_id.as_str()), (1, token.id.as_str()));
    assert_eq!(events[0].actor_kind, "sallyport");
    // A short one is told of when half of it is over; a revoked one never.
    let short =
        |name: &str| NewServiceToken { expires_at: store.now() + week, ..new_token(store, name, TokenScopes::READ) };
    store.issue_service_token(&act, &account.id, short("Short")).await.expect("made");
    let (revoked, _) = store.issue_service_token(&act, &account.id, short("Revoked")).await.expect("made");
    store.revoke_service_token(&act, &revoked.id).await.expect("revoked");
    assert_eq!(store.tell_of_service_tokens().await.expect("told"), 0);
    store.clock.turn(week / 2);
    assert_eq!(store.tell_of_service_tokens().await.expect("told"), 1);
}

async fn it_outlives_who_made_it(store: &TestStore) {
    let Made { ada, act, org, .. } = made(store).await;
    let noor = store.person("Noor").await;
    store.add_member(&act, &org.id, &noor, Role::Owner).await.expect("added");
    let account = store.create_service_account(&act, &org.id, "Import", Role::Viewer).await.expect("made");
    let (_, _, secret) = acting(store, &act, &account, TokenScopes::READ).await;
    store.remove_member(&store.act(&noor), &org.id, &ada).await.expect("removed");
    assert!(calls(store, &secret).await, "its maker left");
    let operator = Act::by(Actor::CommandLine);
    store.disable_user(&operator, &ada).await.expect("disabled");
    assert!(calls(store, &secret).await, "its maker is disabled");
    store.erase_user(&operator, &ada).await.expect("erased");
    assert!(calls(store, &secret).await, "its maker is erased");
    assert_eq!(read_again(store, &account.id).await.status(), AccountStatus::Active);
}

async fn events_name_it(store: &TestStore) {
    let Made { act, org, project, .. } = made(store).await;
    let account = store.create_service_account(&act, &project, "Import", Role::Developer).await.expect("made");
    let (own, token, _) = acting(store, &act, &account, TokenScopes::ALL).await;
    let new = sallyport::app::NewApp { name: "Here".to_owned(), ..Default::default() };
    store.create_app(&own, &project, new).await.expect("made");
    let filter = EventFilter { actor: account.id.to_string(), ..EventFilter::default() };
    let events = store.events(&org.id, None, &filter).await.expect("asked").events;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((event.actor_kind.as_str(), event.actor_name.as_str()), ("service_account", "Import"));
    assert_eq!(event.action, "app.created");
    let details: serde_json::Value = serde_json::from_str(&event.details).expect("JSON");
    assert_eq!(details["service_token"]["id"], token.id.as_str());
}
