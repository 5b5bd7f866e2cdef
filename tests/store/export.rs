use sallyport::{Error, audit::export::Exported, member::Role, store::EventFilter, testing::TestStore, user::User};

sallyport::on_both_databases!(an_export_is_the_chain, an_export_is_what_the_filter_shows, a_name_is_looked_up_once);

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
    store.add_member(&store.act(&ada), &org.id, &eve, Role::Member).await.expect("added");
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
    store.add_member(&store.act(&ada), &org.id, &eve, Role::Member).await.expect("added");
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
    // Somebody else of the name changes nothing about who was meant.
    let namesake = User { name: "Eve".to_owned(), ..ada.clone() };
    store.key(&store.act(&namesake), &app, "CI").await;
    assert!(matches!(known(None, "Eve").await, Err(Error::Invalid(_))), "two are");
    let told = all(store, &org.id, None, &filter).await;
    assert!(told.len() == 2 && told.iter().all(|one| one.event.actor_id == eve.id.as_str()));
}
