//! A person is erased: nothing that is stored names them, and the logs can still be verified.

use std::{sync::Arc, time::Duration};

use sallyport::{
    Error,
    audit::{Act, Actor, Credential, ERASED},
    identity::Proof,
    invitation::NewInvitations,
    key::Holder,
    member::Role,
    personal_token::{NewPersonalToken, TokenScopes},
    profile::{HolderKind, Profile},
    store::EventFilter,
    testing::TestStore,
    user::User,
};

sallyport::on_both_databases!(
    nothing_names_them_and_the_logs_hold,
    others_of_the_same_name_keep_it,
    the_last_operator_and_owner_stay,
    an_interrupted_one_is_completed,
    two_people_named_in_one_event_are_erased_at_once,
);

const ADDRESS: &str = "203.0.113.77";
const AGENT: &str = "Quux Browser";

fn shell() -> Act {
    Act::by(Actor::CommandLine)
}

/// From a known address.
fn from_there(store: &TestStore, user: &User) -> Act {
    Act { address: Some(ADDRESS.to_owned()), user_agent: Some(AGENT.to_owned()), ..store.act(user) }
}

/// What the database contains of these texts, in lower case.
async fn left_of(store: &TestStore, texts: &[&str]) -> Vec<String> {
    let rows = store
        .dump()
        .await
        .into_iter()
        .flat_map(|(table, rows)| rows.into_iter().map(move |row| format!("{table}: {}", row.to_lowercase())));
    rows.filter(|row| texts.iter().any(|text| row.contains(text))).collect()
}

async fn nothing_names_them_and_the_logs_hold(store: &TestStore) {
    let (ada, zoe) = (store.person("Ada").await, store.person("Quux").await);
    let (act, theirs) = (store.act(&ada), from_there(store, &zoe));
    let org = store.org(&act, "Focus").await;
    let invited = NewInvitations {
        emails: vec![zoe.email.clone()],
        role: Role::Admin,
        message: String::new(),
        handed_over: false,
    };
    store.invite(&act, &org.id, invited).await.expect("invited");
    store.add_member(&act, &org.id, &zoe, Role::Admin).await.expect("added");
    store.rename_user(&theirs, &zoe, "Quux Corge".to_owned()).await.expect("renamed");
    let zoe = store.user(&zoe.id).await.expect("asked").expect("there");
    let theirs = Act { actor: store.act(&zoe).actor, ..theirs };
    let proof = Proof::Password { hash: "none".to_owned() };
    store.start_session(&theirs, &zoe, proof).await.expect("signed in");
    store
        .record_refused_sign_in(&Act { actor: Actor::Anonymous, ..theirs.clone() }, Some(&zoe), 401)
        .await
        .expect("noted");
    let new = NewPersonalToken {
        name: "Laptop of Quux".to_owned(),
        scopes: TokenScopes::ALL,
        expires_at: Some(store.now() + Duration::from_secs(60)),
        form_token: b"x".to_vec(),
    };
    let (token, _) = store.issue_personal_token(&theirs, new).await.expect("made");
    let credential = Credential::Token { id: token.id.clone(), name: token.name.clone(), scopes: token.scopes };
    let actor = Actor::User { id: zoe.id.clone(), name: zoe.name.clone(), credential };
    let with_token = Act { actor, ..theirs.clone() };
    let app = store.app(&with_token, &org, "Focus and calm").await;
    store.key(&with_token, &app, "CI").await;
    let mut profile = (*Profile::standard()).clone();
    profile.keys.owner = HolderKind::Member;
    let own_keys = store.with_profile(Arc::new(profile)).await;
    own_keys.key(&theirs, Holder::Member(org.clone(), zoe.clone()), "Own").await;
    own_keys.close().await;
    let revoked = store.key(&act, &app, "Old").await.key;
    store.revoke_key(&theirs, &revoked, "lost".to_owned()).await.expect("revoked");
    let texts = ["quux", ADDRESS];
    assert!(left_of(store, &texts).await.len() > 10);

    let events = store.erase_user(&shell(), &zoe).await.expect("erased");
    assert!(events > 10, "{events}");
    assert_eq!(left_of(store, &texts).await, Vec::<String>::new());
    for chain in store.chains().await.expect("listed") {
        assert!(store.check_chain(&chain).await.expect("read").is_ok(), "{chain}");
    }
    let shown = store.events(&org.id, None, &EventFilter::default()).await.expect("listed").events;
    let by_them = shown.iter().filter(|event| event.actor_id == zoe.id.as_str()).count();
    assert!(by_them > 2 && shown.iter().any(|event| event.actor_name == ERASED));
    assert!(
        shown.iter().any(|event| event.action == "member.added" && event.details.contains("admin")),
        "the rest stays"
    );
    assert!(store.accounts().await.expect("listed").iter().all(|account| account.user.id == ada.id));
    assert!(!store.enable_user(&shell(), &zoe).await.expect("asked"), "nobody is there to be enabled");
    assert!(store.account_by_email(&zoe.email).await.expect("asked").is_none());
    store.person("Quux").await;
}

async fn others_of_the_same_name_keep_it(store: &TestStore) {
    let ada = store.person("Ada").await;
    let org = store.org(&store.act(&ada), "Focus").await;
    let other = store.create_user(&shell(), named("Quux", "other@example.com"), "none".to_owned(), false).await;
    let other = other.expect("made");
    let zoe = store.person("Quux").await;
    for person in [&other, &zoe] {
        store.add_member(&store.act(&ada), &org.id, person, Role::Developer).await.expect("added");
    }
    store.erase_user(&shell(), &zoe).await.expect("erased");
    let shown = store.events(&org.id, None, &EventFilter::default()).await.expect("listed").events;
    let added: Vec<_> =
        shown.iter().filter(|event| event.action == "member.added").map(|event| &*event.target_name).collect();
    assert_eq!(added, [ERASED, "Quux"]);
}

fn named(name: &str, email: &str) -> sallyport::user::NewUser {
    sallyport::user::NewUser::check(name, email, "correct horse battery").expect("checked")
}

async fn the_last_operator_and_owner_stay(store: &TestStore) {
    let operator =
        store.create_user(&shell(), named("Op", "op@example.com"), "none".to_owned(), true).await.expect("made");
    let ada = store.person("Ada").await;
    let org = store.org(&store.act(&ada), "Focus").await;
    let before = store.dump().await;
    let refused = store.erase_user(&shell(), &operator).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    let refused = store.erase_user(&shell(), &ada).await.expect_err("refused").to_string();
    assert!(refused.contains("last owner of Focus"), "{refused}");
    assert_eq!(store.dump().await, before, "nothing was changed");
    let eve = store.person("Eve").await;
    store.add_member(&store.act(&ada), &org.id, &eve, Role::Owner).await.expect("added");
    store.erase_user(&shell(), &ada).await.expect("erased");
}

async fn an_interrupted_one_is_completed(store: &TestStore) {
    let (ada, zoe) = (store.person("Ada").await, store.person("Quux").await);
    let org = store.org(&store.act(&ada), "Focus").await;
    store.add_member(&store.act(&ada), &org.id, &zoe, Role::Developer).await.expect("added");
    // As far as it may have come.
    store.disable_user(&shell(), &zoe).await.expect("disabled");
    store.remove_member(&shell(), &org.id, &zoe).await.expect("removed");
    store.erase_user(&shell(), &zoe).await.expect("erased");
    assert_eq!(left_of(store, &["quux"]).await, Vec::<String>::new());
    assert_eq!(store.erase_user(&shell(), &zoe).await.ok(), Some(0), "there is nothing left to erase");
}

async fn two_people_named_in_one_event_are_erased_at_once(store: &TestStore) {
    let (ada, zoe, max) = (store.person("Ada").await, store.person("Quux").await, store.person("Corge").await);
    let org = store.org(&store.act(&ada), "Focus").await;
    store.add_member(&store.act(&ada), &org.id, &zoe, Role::Admin).await.expect("added");
    for role in [Role::Developer, Role::Viewer, Role::Developer] {
        store.add_member(&store.act(&zoe), &org.id, &max, role).await.expect("added");
        store.remove_member(&store.act(&zoe), &org.id, &max).await.expect("removed");
    }
    let tasks = [zoe, max].map(|person| {
        let store = store.store.clone();
        tokio::spawn(async move { store.erase_user(&shell(), &person).await })
    });
    for task in tasks {
        task.await.expect("no panic").expect("erased");
    }
    assert_eq!(left_of(store, &["quux", "corge"]).await, Vec::<String>::new());
    assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
}
