//! Keys that manage their organization: who may create them, and what they may do.

use std::{sync::Arc, time::Duration};

use sallyport::{
    Error,
    audit::{Act, Actor},
    key::{EditedKey, Holder, Issued, Key, KeyChange, NewKey, Restrictions, new::KeyInput},
    key_policy::KeyPolicy,
    member::Role,
    org::Org,
    place::Place,
    profile::Profile,
    store::EventFilter,
    tenant::NewTenant,
    testing::TestStore,
    user::User,
};

use crate::races::Held;

sallyport::on_both_databases!(
    those_who_look_after_the_organization_make_one,
    it_asks_for_no_approval,
    members_leave_it_alone,
    members_leave_alone_what_became_one,
    each_write_checks_the_permission,
    after_a_revocation_there_is_no_write,
    after_a_revocation_it_revokes_nothing,
    it_may_revoke_all_keys_and_so_itself,
);

/// Organizations own keys, and `admin` manages; with Ada's organization and Eve in it.
async fn portal(first: &TestStore) -> (TestStore, User, User, Org) {
    let profile = Profile::parse(include_str!("../../examples/profiles/synaptiq.toml")).expect("a good profile");
    let store = first.with_profile(Arc::new(profile)).await;
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let org = store.org(&store.act(&ada), "Focus").await;
    store.add_member(&store.act(&ada), &org.id, &eve, Role::Developer).await.expect("added");
    (store, ada, eve, org)
}

fn by(key: &Issued) -> Act {
    Act::by(Actor::Key { id: key.key.id.clone(), label: key.key.label.clone(), secret_n: 1 })
}

async fn writes(store: &TestStore, key: &Issued, org: &Org, name: &str) -> Result<(), Error> {
    store.create_tenant(&by(key), &org.id, NewTenant { name: name.to_owned() }).await.map(drop)
}

async fn those_who_look_after_the_organization_make_one(first: &TestStore) {
    let (store, ada, eve, org) = portal(first).await;
    let holder = || Holder::Organization(org.clone());
    let admin = store.issue(&store.act(&ada), holder(), "Ada's", &["admin"]).await.expect("an admin may");
    for act in [store.act(&eve), by(&admin)] {
        let refused = store.issue(&act, holder(), "Another", &["admin"]).await;
        let Err(Error::Invalid(invalid)) = refused else { panic!("{refused:?}") };
        assert_eq!(invalid.0[0].field, "scopes");
        store.issue(&act, holder(), "A lesser one", &["write"]).await.expect("that it may");
    }
    let (token, _) = store.create_token(&Act::by(Actor::CommandLine), "Ops", true, None).await.expect("a token");
    let act = Act::by(Actor::RootToken { id: token.id, name: token.name });
    store.issue(&act, holder(), "Of a token", &["admin"]).await.expect("a root token may");
    store.close().await;
}

async fn it_asks_for_no_approval(first: &TestStore) {
    let (store, ada, _, org) = portal(first).await;
    let holder = || Holder::Organization(org.clone());
    let admin = store.issue(&store.act(&ada), holder(), "Ada's", &["admin"]).await.expect("an admin may");
    let policy = KeyPolicy { approval_scopes: vec!["write".to_owned()], ..KeyPolicy::default() };
    store.set_key_policy(&store.act(&ada), &org, policy, None).await.expect("set");
    // Whoever holds the key could approve it in the portal.
    let input = KeyInput { label: "Another", environment: "production", scopes: vec!["write"], ..KeyInput::default() };
    let new = NewKey::check(&input, store.profile(), store.now()).expect("checked");
    let refused = store.issue_or_ask(&by(&admin), holder(), new, None).await;
    assert!(matches!(refused, Err(Error::Conflict { code: "approval_needs_a_person", .. })), "{refused:?}");
    assert!(store.dump().await["approvals"].is_empty());
    store.close().await;
}

async fn members_leave_it_alone(first: &TestStore) {
    let (store, ada, eve, org) = portal(first).await;
    let admin =
        store.issue(&store.act(&ada), Holder::Organization(org.clone()), "Admin", &["admin"]).await.expect("made");
    let eves = store.act(&eve);
    assert!(matches!(store.pause_key(&eves, &admin.key).await, Err(Error::Forbidden(_))));
    assert!(matches!(store.revoke_key(&eves, &admin.key, String::new()).await, Err(Error::Forbidden(_))));
    store.revoke_key(&store.act(&ada), &admin.key, String::new()).await.expect("an admin may");
    store.close().await;
}

async fn members_leave_alone_what_became_one(first: &TestStore) {
    let (store, ada, eve, org) = portal(first).await;
    let holder = Holder::Organization(org.clone());
    let found = store.issue(&store.act(&ada), holder, "CI", &["write"]).await.expect("made").key;
    let change = KeyChange { scopes: Some(vec!["admin".to_owned()]), ..KeyChange::default() };
    store.change_key(&store.act(&ada), &found, change).await.expect("an admin may");
    let before = store.dump().await;
    // She found it while it managed nothing.
    let eves = store.act(&eve);
    for refused in [
        store.pause_key(&eves, &found).await.map(drop),
        store.resume_key(&eves, &found).await.map(drop),
        store.revoke_key(&eves, &found, String::new()).await,
        store.rotate_signing_secret(&eves, &found, 1, Duration::ZERO).await.map(drop),
        store.edit_key(&eves, &found, EditedKey::check("Hers", "").expect("checked")).await,
        store.restrict_key(&eves, &found, Restrictions::default(), None).await.map(drop),
        store.change_key(&eves, &found, KeyChange { paused: Some(true), ..KeyChange::default() }).await.map(drop),
    ] {
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    }
    assert_eq!(store.dump().await, before);
    store.close().await;
}

async fn each_write_checks_the_permission(first: &TestStore) {
    // A key from before the profile changed the owner of keys.
    let before = first.person("Zoe").await;
    let others = first.org(&first.act(&before), "Before").await;
    let app = first.app(&first.act(&before), &others, "Old").await;
    let of_an_app = first.issue(&first.act(&before), Holder::App(app), "Old", &["admin"]).await.expect("made");

    let (store, ada, _, org) = portal(first).await;
    let act = store.act(&ada);
    let key =
        async |scope: &str| store.issue(&act, Holder::Organization(org.clone()), scope, &[scope]).await.expect("made");
    let (admin, write) = (key("admin").await, key("write").await);
    writes(&store, &admin, &org, "One").await.expect("it manages");
    assert!(matches!(writes(&store, &admin, &others, "Two").await, Err(Error::NotFound)), "another organization");
    assert!(matches!(writes(&store, &write, &org, "Three").await, Err(Error::Forbidden(_))));
    assert!(matches!(writes(&store, &of_an_app, &others, "Four").await, Err(Error::Forbidden(_))), "an app's");
    store.pause_key(&act, &admin.key).await.expect("paused");
    assert!(matches!(writes(&store, &admin, &org, "Five").await, Err(Error::SignedOut)));
    store.resume_key(&act, &admin.key).await.expect("resumed");
    store.revoke_key(&by(&admin), &admin.key, String::new()).await.expect("it may revoke itself");
    assert!(matches!(writes(&store, &admin, &org, "Six").await, Err(Error::SignedOut)));
    store.close().await;
}

async fn after_a_revocation_there_is_no_write(first: &TestStore) {
    let (store, ada, _, org) = portal(first).await;
    for round in 0..12 {
        let holder = Holder::Organization(org.clone());
        let key = store.issue(&store.act(&ada), holder, "Race", &["admin"]).await.expect("made");
        let writing = (0..4).map(|one| {
            let (store, act, org) = (store.store.clone(), by(&key), org.id.clone());
            let new = NewTenant { name: format!("Race {round} {one}") };
            tokio::spawn(async move { store.create_tenant(&act, &org, new).await.map(drop) })
        });
        let writing: Vec<_> = writing.collect();
        store.revoke_key(&store.act(&ada), &key.key, String::new()).await.expect("revoked");
        for written in writing {
            let written = written.await.expect("no panic");
            assert!(matches!(written, Ok(()) | Err(Error::SignedOut)), "{written:?}");
        }
        // Newest first: what the key did is above what was done to it.
        let log = store.events(&org.id, None, &EventFilter::default()).await.expect("read").events;
        let revoked = log.iter().position(|event| event.action == "key.revoked").expect("told");
        assert!(log[..revoked].iter().all(|event| event.actor_id != key.key.id.as_str()), "round {round}");
    }
    store.close().await;
}

async fn after_a_revocation_it_revokes_nothing(first: &TestStore) {
    let (store, ada, _, org) = portal(first).await;
    let holder = || Holder::Organization(org.clone());
    let key = store.issue(&store.act(&ada), holder(), "Race", &["admin"]).await.expect("made");
    let other = store.issue(&store.act(&ada), holder(), "CI", &["write"]).await.expect("made").key;
    // As whoever is about to write events holds it.
    let held = Held::row(&store, format!("UPDATE chains SET seq = seq WHERE name = '{}'", org.id)).await;
    let spawn = |act: Act, key: Key| {
        let store = store.store.clone();
        tokio::spawn(async move { store.revoke_key(&act, &key, String::new()).await })
    };
    if held.is_none() {
        store.revoke_key(&store.act(&ada), &key.key, String::new()).await.expect("revoked");
    }
    let revoking = held.is_some().then(|| spawn(store.act(&ada), key.key.clone()));
    Held::queue(&held, 1).await;
    let late = spawn(by(&key), other.clone());
    Held::queue(&held, 2).await;
    Held::release(held).await;
    if let Some(revoking) = revoking {
        revoking.await.expect("no panic").expect("revoked");
    }
    let late = late.await.expect("no panic");
    assert!(matches!(late, Err(Error::SignedOut)), "{late:?}");
    assert_eq!(store.find(&ada.id, &other.id).await.expect("asked").expect("there").revoked, None);
    store.close().await;
}

async fn it_may_revoke_all_keys_and_so_itself(first: &TestStore) {
    let (store, ada, _, org) = portal(first).await;
    let holder = || Holder::Organization(org.clone());
    let key = store.issue(&store.act(&ada), holder(), "Admin", &["admin"]).await.expect("made");
    store.issue(&store.act(&ada), holder(), "CI", &["write"]).await.expect("made");
    let place = Place::from(&org);
    assert_eq!(store.revoke_all(&by(&key), &place, String::new()).await.expect("revoked"), 2);
    let again = store.revoke_all(&by(&key), &place, String::new()).await;
    assert!(matches!(again, Err(Error::SignedOut)), "{again:?}");
    store.close().await;
}
