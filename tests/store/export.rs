use std::collections::HashSet;

use sallyport::{
    Error,
    audit::export::Exported,
    key::InventoryKey,
    member::Role,
    store::{EventFilter, KeyFilter, KeySort, KeyStatus},
    testing::TestStore,
    user::User,
};

sallyport::on_both_databases!(
    an_export_is_the_chain,
    an_export_is_what_the_filter_shows,
    a_name_is_looked_up_once,
    an_inventory_is_every_key_that_the_filter_shows,
    members_come_in_chunks,
);

/// Every chunk, one after another.
async fn all(
    store: &TestStore,
    org: &sallyport::id::OrgId,
    app: Option<&sallyport::id::AppId>,
    filter: &EventFilter,
) -> Vec<Exported> {
    let (mut told, mut after) = (Vec::new(), 0);
    loop {
        let chunk = store.export(org, app, filter, after).await.expect("asked");
        let Some(last) = chunk.last() else { return told };
        after = last.event.seq;
        told.extend(chunk);
    }
}

async fn an_export_is_the_chain(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    for n in 0..30 {
        store.key(&act, &app, &format!("key {n}")).await;
    }
    let told = all(store, &org.id, None, &EventFilter::default()).await;
    assert_eq!(told.len(), 34);
    let mut before = Vec::new();
    for (at, one) in told.iter().enumerate() {
        assert_eq!(one.event.seq, at as i64 + 1);
        assert_eq!(one.event.hash(&before).to_vec(), one.hash, "each hash holds");
        before.clone_from(&one.hash);
    }
    let rest = store.export(&org.id, None, &EventFilter::default(), 30).await.expect("asked");
    assert_eq!(rest.iter().map(|one| one.event.seq).collect::<Vec<_>>(), [31, 32, 33, 34]);
}

async fn an_export_is_what_the_filter_shows(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let org = store.org(&store.act(&ada), "Focus").await;
    store.add_member(&store.act(&ada), &org.id, &eve, Role::TenantAdmin).await.expect("added");
    let app = store.app(&store.act(&eve), &org, "Focus and calm").await;
    let other = store.org(&store.act(&ada), "Another").await;
    let filter = EventFilter { actor: "Eve".to_owned(), before: Some(1), after: Some(9), ..EventFilter::default() };
    let told = all(store, &org.id, None, &filter).await;
    assert_eq!(told.len(), 2, "the page at hand does not matter");
    assert!(told.iter().all(|one| one.event.actor_name == "Eve" && one.event.chain == org.id.as_str()));
    assert_eq!(all(store, &org.id, Some(&app.id), &EventFilter::default()).await.len(), 1);
    assert_eq!(all(store, &other.id, Some(&app.id), &EventFilter::default()).await.len(), 0);
    let none = EventFilter { to: Some(store.now()), ..EventFilter::default() };
    assert_eq!(all(store, &org.id, None, &none).await.len(), 0);
}

async fn a_name_is_looked_up_once(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let org = store.org(&store.act(&ada), "Focus").await;
    store.add_member(&store.act(&ada), &org.id, &eve, Role::TenantAdmin).await.expect("added");
    let app = store.app(&store.act(&eve), &org, "Focus and calm").await;
    let known = async |app, actor: &str| {
        let filter = EventFilter { actor: actor.to_owned(), until: Some(9), ..EventFilter::default() };
        store.with_actor_known(&org.id, app, filter).await
    };
    let filter = known(None, "Eve").await.expect("one is");
    assert_eq!((filter.actor.as_str(), filter.until), (eve.id.as_str(), Some(9)));
    for actor in ["", eve.id.as_str(), "usr_000000000000", "command_line"] {
        assert_eq!(known(None, actor).await.expect("read").actor, actor);
    }
    let nobody = [known(None, "Nobody").await, known(Some(&app.id), "Ada").await];
    assert!(nobody.iter().all(|known| matches!(known, Err(Error::Invalid(_)))), "{nobody:?}");
    // Another person with that name does not change whose events are exported.
    let namesake = User { name: "Eve".to_owned(), ..ada.clone() };
    store.key(&store.act(&namesake), &app, "CI").await;
    assert!(matches!(known(None, "Eve").await, Err(Error::Invalid(_))), "two are");
    let told = all(store, &org.id, None, &filter).await;
    assert!(told.len() == 2 && told.iter().all(|one| one.event.actor_id == eve.id.as_str()));
}

/// Every chunk, one after another; after the first another key is created.
async fn inventory(store: &TestStore, org: &sallyport::id::OrgId, filter: &KeyFilter) -> Vec<InventoryKey> {
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let page = store.key_inventory(org, None, filter, after).await.expect("asked");
        keys.extend(page.keys);
        after = page.older;
        if after.is_none() {
            return keys;
        }
    }
}

async fn an_inventory_is_every_key_that_the_filter_shows(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    store.add_member(&act, &org.id, &eve, Role::Developer).await.expect("added");
    let app = store.app(&act, &org, "App").await;
    for n in 0..405 {
        store.key(&act, &app, &format!("key {n:03}")).await;
    }
    let by_eve = store.key(&store.act(&eve), &app, "by Eve").await.key;
    let lost = store.key(&act, &app, "lost").await.key;
    store.revoke_key(&act, &lost, String::new()).await.expect("revoked");
    let other = store.org(&act, "Another").await;
    let there = store.app(&act, &other, "There").await;
    store.key(&act, &there, "there").await;

    let all = inventory(store, &org.id, &KeyFilter::default()).await;
    let ids: HashSet<_> = all.iter().map(|key| key.listed.id.to_string()).collect();
    assert_eq!((all.len(), ids.len()), (406, 406), "each once, over three chunks");
    assert!(!ids.contains(lost.id.as_str()));
    let label = KeyFilter { sort: KeySort::Label, after: Some("junk".to_owned()), ..KeyFilter::default() };
    assert_eq!(inventory(store, &org.id, &label).await, all, "in its own order, from the beginning");
    let of_eve = KeyFilter { created_by: Some(eve.id.clone()), ..KeyFilter::default() };
    let [of_eve] = inventory(store, &org.id, &of_eve).await.try_into().expect("one");
    assert_eq!(of_eve.listed.id, by_eve.id);
    let creator = of_eve.listed.created_by.as_ref().expect("a person");
    assert_eq!((&creator.id, creator.name.as_str()), (&eve.id, "Eve"));
    assert_eq!(of_eve.app_id.as_ref(), Some(&app.id));
    let revoked = KeyFilter { status: Some(KeyStatus::Revoked), ..KeyFilter::default() };
    let [revoked] = inventory(store, &org.id, &revoked).await.try_into().expect("one");
    assert_eq!((revoked.listed.id, revoked.revoked_at), (lost.id, Some(store.now())));
    let theirs = store.key_inventory(&other.id, Some(&app.id), &KeyFilter::default(), None).await.expect("asked");
    assert_eq!(theirs.keys, [], "an app of another organization");
}

async fn members_come_in_chunks(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    for n in 0..205 {
        let user = store.person(&format!("Person {n}")).await;
        store.add_member(&act, &org.id, &user, Role::Member).await.expect("added");
    }
    store.org(&store.act(&store.person("Eve").await), "Another").await;
    let first = store.members_after(&org.id, None).await.expect("asked");
    let rest = store.members_after(&org.id, first.last()).await.expect("asked");
    assert_eq!((first.len(), rest.len()), (200, 6));
    assert_eq!(store.members_after(&org.id, rest.last()).await.expect("asked"), []);
    let ids: HashSet<_> = first.iter().chain(&rest).map(|member| member.user.id.to_string()).collect();
    assert_eq!(ids.len(), 206);
    assert!(ids.contains(ada.id.as_str()));
}
