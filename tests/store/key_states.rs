//! Keys that are paused, resumed, revoked or edited by a person who loaded them before they changed.

use std::time::Duration;

use sallyport::{
    Error,
    app::App,
    audit::Act,
    id::OrgId,
    key::{EditedKey, Key, KeyChange, NewKey, Restrictions, Seen, Status, new::KeyInput},
    member::Role,
    store::EventFilter,
    testing::TestStore,
};

use crate::races::Held;

sallyport::on_both_databases!(
    an_expired_key_is_neither_paused_nor_resumed,
    a_key_that_expires_before_its_row_is_locked_is_not_paused,
    an_event_names_the_key_as_it_is_called_by_then,
    two_at_once_leave_one_event,
    who_may_not_any_more_changes_nothing,
    restrictions_that_somebody_else_changed_are_kept,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn made(store: &TestStore) -> (Act, OrgId, App) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    (act, org.id, app)
}

/// The actions in an organization, the newest first, with the names of their targets.
async fn events(store: &TestStore, org: &OrgId, action: &str) -> Vec<String> {
    let filter = EventFilter { action: action.to_owned(), ..EventFilter::default() };
    let events = store.events(org, None, &filter).await.expect("asked").events;
    events.into_iter().map(|event| event.target_name).collect()
}

/// A key that expires in a day.
async fn for_a_day(store: &TestStore, act: &Act, app: &App, label: &str) -> Key {
    let scopes = vec!["read"];
    let input = KeyInput { label, environment: "production", scopes, ..KeyInput::default() };
    let mut new = NewKey::check(&input, store.profile(), store.now()).expect("checked");
    new.expires_at = Some(store.now() + DAY);
    store.issue_key(act, app, new, None).await.expect("issued").key
}

async fn an_expired_key_is_neither_paused_nor_resumed(store: &TestStore) {
    let (act, org, app) = made(store).await;
    let keys = [for_a_day(store, &act, &app, "Active").await, for_a_day(store, &act, &app, "Paused").await];
    let [active, paused] = &keys;
    assert_eq!(store.pause_key(&act, paused).await.expect("paused"), Status::Paused);
    store.clock.turn(DAY);
    let before = store.dump().await;
    assert_eq!(store.pause_key(&act, active).await.expect("nothing to do"), Status::Expired);
    assert_eq!(store.resume_key(&act, paused).await.expect("nothing to do"), Status::Expired);
    assert_eq!(store.pause_chosen(&act, &keys).await.expect("nothing to do"), 0);
    assert_eq!(store.dump().await, before);
    assert_eq!(store.revoke_chosen(&act, &keys, String::new()).await.expect("revoked"), 2);
    assert_eq!(events(store, &org, "key.paused").await, ["Paused"]);
}

async fn a_key_that_expires_before_its_row_is_locked_is_not_paused(store: &TestStore) {
    let (act, org, app) = made(store).await;
    let key = for_a_day(store, &act, &app, "CI").await;
    let held = Held::row(store, format!("UPDATE keys SET label = label WHERE id = '{}'", key.id)).await;
    if held.is_none() {
        store.clock.turn(DAY);
    }
    let pausing = {
        let store = store.store.clone();
        tokio::spawn(async move { store.pause_key(&act, &key).await })
    };
    if held.is_some() {
        Held::queue(&held, 1).await;
        store.clock.turn(DAY);
        Held::release(held).await;
    }
    assert_eq!(pausing.await.expect("no panic").expect("nothing to do"), Status::Expired);
    assert_eq!(events(store, &org, "key.paused").await, Vec::<String>::new());
}

async fn an_event_names_the_key_as_it_is_called_by_then(store: &TestStore) {
    let (act, org, app) = made(store).await;
    let found = store.key(&act, &app, "Before").await.key;
    store.edit_key(&act, &found, EditedKey::check("After", "").expect("checked")).await.expect("edited");
    store.pause_key(&act, &found).await.expect("paused");
    store.resume_key(&act, &found).await.expect("resumed");
    store.edit_key(&act, &found, EditedKey::check("After", "{}").expect("checked")).await.expect("edited");
    store.revoke_key(&act, &found, String::new()).await.expect("revoked");
    for action in ["key.paused", "key.resumed", "key.revoked"] {
        assert_eq!(events(store, &org, action).await, ["After"], "{action}");
    }
    assert_eq!(events(store, &org, "key.edited").await, ["After", "Before"]);
    let filter = EventFilter { action: "key.edited".to_owned(), ..EventFilter::default() };
    let edited = store.events(&org, None, &filter).await.expect("asked").events;
    assert!(!edited[0].details.contains("renamed_to"), "it is called so already: {}", edited[0].details);
}

async fn two_at_once_leave_one_event(store: &TestStore) {
    let (act, org, app) = made(store).await;
    let found = store.key(&act, &app, "CI").await.key;
    let eve = store.person("Eve").await;
    store.add_member(&act, &org, &eve, Role::Admin).await.expect("added");
    let other = store.act(&eve);
    // Both loaded it while it was active, and wait for its row.
    let hold = format!("UPDATE keys SET label = label WHERE id = '{}'", found.id);
    let held = Held::row(store, hold.clone()).await;
    let pausing = [act.clone(), other.clone()].map(|act| {
        let (store, key) = (store.store.clone(), found.clone());
        tokio::spawn(async move { store.pause_key(&act, &key).await })
    });
    Held::queue(&held, 2).await;
    Held::release(held).await;
    for paused in pausing {
        assert_eq!(paused.await.expect("no panic").expect("paused"), Status::Paused);
    }
    assert_eq!(events(store, &org, "key.paused").await, ["CI"]);

    let held = Held::row(store, hold).await;
    let revoking = [act.clone(), other].map(|act| {
        let (store, key) = (store.store.clone(), found.clone());
        tokio::spawn(async move { store.revoke_chosen(&act, &[key], "lost".to_owned()).await })
    });
    Held::queue(&held, 2).await;
    Held::release(held).await;
    let mut revoked = Vec::new();
    for revoking in revoking {
        revoked.push(revoking.await.expect("no panic").expect("revoked"));
    }
    revoked.sort_unstable();
    assert_eq!(revoked, [0, 1]);
    assert_eq!(events(store, &org, "key.revoked").await, ["CI"]);
    assert_eq!(store.resume_key(&act, &found).await.expect("nothing to do"), Status::Revoked);
    assert_eq!(events(store, &org, "key.resumed").await, Vec::<String>::new());
}

async fn who_may_not_any_more_changes_nothing(store: &TestStore) {
    let (act, org, app) = made(store).await;
    let found = store.key(&act, &app, "CI").await.key;
    let eve = store.person("Eve").await;
    store.add_member(&act, &org, &eve, Role::Admin).await.expect("added");
    let held = Held::row(store, format!("UPDATE keys SET label = label WHERE id = '{}'", found.id)).await;
    let revoke = {
        let (store, act, key) = (store.store.clone(), store.act(&eve), found.clone());
        async move { store.revoke_key(&act, &key, String::new()).await }
    };
    // On SQLite, which has one writer, there is no row to wait for.
    let revoked = if held.is_some() {
        let revoking = tokio::spawn(revoke);
        Held::queue(&held, 1).await;
        store.remove_member(&act, &org, &eve).await.expect("removed");
        Held::release(held).await;
        revoking.await.expect("no panic")
    } else {
        store.remove_member(&act, &org, &eve).await.expect("removed");
        revoke.await
    };
    assert!(matches!(revoked, Err(Error::NotFound)), "{revoked:?}");
    assert_eq!(events(store, &org, "key.revoked").await, Vec::<String>::new());
}

async fn restrictions_that_somebody_else_changed_are_kept(store: &TestStore) {
    let (act, org, app) = made(store).await;
    let found = store.key(&act, &app, "CI").await.key;
    let (signed, enforced) = (
        Restrictions { require_signed: true, ..Restrictions::default() },
        Restrictions { addresses_enforced: true, ..Restrictions::default() },
    );
    let seen = found.restrictions.clone();
    store.restrict_key(&act, &found, signed.clone(), Some(seen.clone())).await.expect("as it was seen");
    let before = store.dump().await;
    let refused = store.restrict_key(&act, &found, enforced.clone(), Some(seen.clone())).await;
    assert!(matches!(refused, Err(Error::Conflict { code: "changed_meanwhile", .. })), "{refused:?}");
    // The same where only some of it is to be changed.
    let change = KeyChange { paused: Some(true), seen: Some(Seen::Restrictions(seen)), ..KeyChange::default() };
    assert!(matches!(store.change_key(&act, &found, change).await, Err(Error::Conflict { .. })));
    store.restrict_key(&act, &found, signed.clone(), None).await.expect("it is held to that already");
    assert_eq!(store.dump().await, before);
    store.restrict_key(&act, &found, enforced.clone(), Some(signed)).await.expect("as it is by now");
    store.revoke_key(&act, &found, String::new()).await.expect("revoked");
    let ended = store.restrict_key(&act, &found, Restrictions::default(), Some(enforced)).await;
    assert!(matches!(ended, Err(Error::Conflict { code: "key_revoked", .. })), "{ended:?}");
    assert_eq!(events(store, &org, "key.restricted").await, ["CI", "CI"]);
}
