//! Keys of people and of organizations, without an app.

mod races;

use std::sync::{Arc, Mutex};

use sallyport::{
    Error,
    audit::{Act, Actor},
    key::{EditedKey, Holder, Issued, KeyRecord, secret::Checked},
    member::Role,
    org::Org,
    place::Place,
    profile::{HolderKind, Profile},
    store::{Contents, EventFilter, KeyFilter, Reader, SearchKind, Touched},
    testing::TestStore,
    user::User,
};

sallyport::on_both_databases!(
    keys_of_organizations_and_people_are_found_listed_and_revoked,
    the_profile_says_whose_keys_there_are,
    members_can_not_generate_keys_for_others,
    others_leave_a_personal_key_alone,
    what_ends_an_organization_ends_its_keys,
    a_personal_key_is_valid_as_long_as_the_membership,
);

async fn with(store: &TestStore, owner: HolderKind) -> TestStore {
    let mut profile = (*Profile::standard()).clone();
    profile.keys.owner = owner;
    store.with_profile(Arc::new(profile)).await
}

/// Ada's organization with Eve in it.
async fn two(store: &TestStore) -> (User, User, Org) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let org = store.org(&store.act(&ada), "Focus").await;
    store.add_member(&store.act(&ada), &org.id, &eve, Role::Developer).await.expect("added");
    (ada, eve, org)
}

async fn record(store: &TestStore, issued: &Issued) -> KeyRecord {
    let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
    let digest = store.digests(checked).next().expect("a pepper");
    store.key_by_digest(&digest).await.expect("asked").expect("found").record
}

async fn keys_of_organizations_and_people_are_found_listed_and_revoked(store: &TestStore) {
    let (ada, eve, org) = two(store).await;
    for (owner, holder, name) in [
        (HolderKind::Organization, Holder::Organization(org.clone()), "Focus"),
        (HolderKind::Member, Holder::Member(org.clone(), eve.clone()), "Eve"),
    ] {
        let store = with(store, owner).await;
        let act = store.act(&eve);
        let label = format!("Of {name}");
        let issued = store.key(&act, holder, &label).await;
        let key = store.find(&ada.id, &issued.key.id).await.expect("asked").expect("seen by each member");
        assert_eq!(key, issued.key);
        assert_eq!((key.owner, key.owner_name.as_str(), &key.app_id), (owner, name, &None));
        let person = (owner == HolderKind::Member).then(|| eve.id.clone());
        assert_eq!(key.owner_id, person);
        let record = record(&store, &issued).await;
        assert_eq!((&record.owner.org_id, record.app(), record.owner.suspended), (&org.id, None, false));

        let json = serde_json::to_value(issued.credentials()).expect("JSON");
        for field in ["tenant_id", "project_id", "app_id"] {
            assert_eq!(json.get(field), Some(&serde_json::Value::Null), "{field}");
        }
        assert_eq!(json["org_id"], org.id.as_str());

        let page = store.keys(&org.id, None, &KeyFilter::default()).await.expect("asked");
        assert_eq!(page.keys.iter().map(|key| (&*key.label, &*key.owner_name)).collect::<Vec<_>>(), [(&*label, name)]);
        let found = store.search(&[0; 32], &ada.id, None, &label).await.expect("asked");
        let within: Vec<_> =
            found.iter().filter(|found| found.kind == SearchKind::Key).map(|found| &found.within).collect();
        let expected = if owner == HolderKind::Member { vec!["Eve", "Focus"] } else { vec!["Focus"] };
        assert_eq!(within, [&expected]);
        let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
        let by_secret = store.key_by_secret(&ada.id, checked).await.expect("asked");
        assert_eq!(by_secret.as_ref(), Some(&key.id));

        store.revoke_key(&act, &key, "lost".to_owned()).await.expect("revoked");
        let events = store.events(&org.id, None, &EventFilter::default()).await.expect("asked").events;
        let told: Vec<_> = events.iter().take(2).map(|event| (&*event.action, &event.app_id)).collect();
        assert_eq!(told, [("key.revoked", &None), ("key.generated", &None)]);
        store.close().await;
    }
    assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
}

async fn the_profile_says_whose_keys_there_are(store: &TestStore) {
    let (ada, _, org) = two(store).await;
    let act = store.act(&ada);
    let app = store.app(&act, &org, "Focus and calm").await;
    let holders = [Holder::App(app), Holder::Member(org.clone(), ada.clone()), Holder::Organization(org.clone())];
    for owner in [HolderKind::App, HolderKind::Member, HolderKind::Organization] {
        let store = with(store, owner).await;
        for holder in &holders {
            let issued = store.issue(&act, holder.clone(), "CI", &["read"]).await;
            assert_eq!(issued.is_ok(), holder.owner() == owner, "{owner:?}: {issued:?}");
            assert!(matches!(issued, Ok(_) | Err(Error::Invalid(_))), "{issued:?}");
        }
        store.close().await;
    }
    assert_eq!(store.keys(&org.id, None, &KeyFilter::default()).await.expect("asked").total, 3);
}

async fn members_can_not_generate_keys_for_others(first: &TestStore) {
    let (ada, eve, org) = two(first).await;
    let stranger = first.person("Max").await;
    let store = with(first, HolderKind::Member).await;
    let eves = Holder::Member(org.clone(), eve.clone());
    for act in [store.act(&ada), store.act(&stranger), Act::by(Actor::CommandLine)] {
        let refused = store.issue(&act, eves.clone(), "CI", &["read"]).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{:?}: {refused:?}", act.actor);
    }
    let outside = store.issue(&store.act(&stranger), Holder::Member(org.clone(), stranger), "CI", &["read"]).await;
    assert!(matches!(outside, Err(Error::NotFound)), "{outside:?}");
    store.close().await;

    let store = with(first, HolderKind::Organization).await;
    let max = store.user_to_sign_in("max@example.com").await.expect("asked").expect("there").0;
    let outside = store.issue(&store.act(&max), Holder::Organization(org.clone()), "CI", &["read"]).await;
    assert!(matches!(outside, Err(Error::NotFound)), "{outside:?}");
    assert_eq!(store.keys(&org.id, None, &KeyFilter::default()).await.expect("asked").total, 0);
    store.close().await;
}

async fn others_leave_a_personal_key_alone(first: &TestStore) {
    let (ada, eve, org) = two(first).await;
    let store = with(first, HolderKind::Member).await;
    let of_ada = store.key(&store.act(&ada), Holder::Member(org.clone(), ada.clone()), "Ada's").await.key;
    let of_eve = store.key(&store.act(&eve), Holder::Member(org.clone(), eve.clone()), "Eve's").await.key;
    let act = store.act(&eve);
    let new = EditedKey::check("Mine now", "").expect("checked");
    for refused in [
        store.revoke_key(&act, &of_ada, String::new()).await,
        store.pause_key(&act, &of_ada).await.map(drop),
        store.resume_key(&act, &of_ada).await.map(drop),
        store.edit_key(&act, &of_ada, new.clone()).await,
    ] {
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    }
    let untouched = store.find(&ada.id, &of_ada.id).await.expect("asked").expect("there");
    assert_eq!(untouched, of_ada);
    store.edit_key(&act, &of_eve, new).await.expect("her own");
    // Those who manage the organization may end it.
    store.pause_key(&store.act(&ada), &of_eve).await.expect("paused");
    store.revoke_key(&store.act(&ada), &of_eve, "left".to_owned()).await.expect("revoked");
    store.close().await;
}

async fn what_ends_an_organization_ends_its_keys(first: &TestStore) {
    let (ada, _, org) = two(first).await;
    let place = Place::from(&org);
    for owner in [HolderKind::Organization, HolderKind::Member] {
        let store = with(first, owner).await;
        let act = store.act(&ada);
        let holder = match owner {
            HolderKind::Member => Holder::Member(org.clone(), ada.clone()),
            _ => Holder::Organization(org.clone()),
        };
        let issued = store.key(&act, holder.clone(), "CI").await;
        assert_eq!(store.contents(&place).await.expect("counted"), Contents { apps: 0, keys: 1, in_use: 0 });
        let told = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&told);
        store.on_change(move |change| listener.lock().expect("no panic").push(change.touched.clone()));
        let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
        let named = Touched::These(store.digests(checked).collect());

        store.archive_place(&act, &place).await.expect("archived");
        assert!(record(&store, &issued).await.owner.suspended);
        let refused = store.issue(&act, holder, "Another", &["read"]).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        store.restore_place(&act, &place).await.expect("restored");
        assert!(!record(&store, &issued).await.owner.suspended);
        assert_eq!(store.revoke_all(&act, &place, "leak".to_owned()).await.expect("revoked"), 1);
        assert!(record(&store, &issued).await.revoked);
        assert_eq!(*told.lock().expect("no panic"), vec![named; 3]);
        store.close().await;
    }
    first.delete_place(&first.act(&ada), &place).await.expect("deleted");
    assert!(first.find(Reader::All, &org.id).await.expect("asked").is_none());
    assert!(first.check_integrity().await.expect("asked").is_empty());
}

async fn a_personal_key_is_valid_as_long_as_the_membership(first: &TestStore) {
    let (ada, eve, org) = two(first).await;
    let store = with(first, HolderKind::Member).await;
    let issued = store.key(&store.act(&eve), Holder::Member(org.clone(), eve.clone()), "Eve's").await;
    let of_ada = store.key(&store.act(&ada), Holder::Member(org.clone(), ada.clone()), "Ada's").await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    store.on_change(move |change| listener.lock().expect("no panic").push(change.touched.clone()));
    let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
    let named = Touched::These(store.digests(checked).collect());
    let act = store.act(&ada);
    let suspended = || async { record(&store, &issued).await.owner.suspended };

    store.change_role(&act, &org.id, &eve, Role::Admin).await.expect("changed");
    assert!(!suspended().await);
    store.remove_member(&act, &org.id, &eve).await.expect("removed");
    assert!(suspended().await);
    store.add_member(&act, &org.id, &eve, Role::Developer).await.expect("added");
    assert!(!suspended().await);
    store.disable_user(&Act::by(Actor::CommandLine), &eve).await.expect("disabled");
    assert!(suspended().await);
    store.enable_user(&Act::by(Actor::CommandLine), &eve).await.expect("enabled");
    assert!(!suspended().await);
    assert_eq!(*told.lock().expect("no panic"), vec![named; 5], "verifiers hear of it each time, and of no other key");
    assert!(!record(&store, &of_ada).await.owner.suspended);
    store.close().await;
}
