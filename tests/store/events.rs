use sallyport::{audit::Outcome, member::Role, store::EventFilter, testing::TestStore};

sallyport::on_both_databases!(every_step_is_told, filters_narrow, chains_hold_under_concurrency);

async fn every_step_is_told(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "CI").await.key;
    store.revoke_key(&act, &key, "lost".to_owned()).await.expect("revoked");
    let page = store.events(&org.id, None, &EventFilter::default()).await.expect("asked");
    let actions: Vec<_> = page.events.iter().rev().map(|event| event.action.as_str()).collect();
    assert_eq!(
        actions,
        ["organization.created", "tenant.created", "project.created", "app.created", "key.generated", "key.revoked"]
    );
    assert!(page.events.iter().all(|event| event.actor_name == "Ada" && event.outcome == Outcome::Done));
    let of_app = store.events(&org.id, Some(&app.id), &EventFilter::default()).await.expect("asked");
    assert_eq!(of_app.events.len(), 3, "the app, and its key twice");
    assert_eq!(store.check_chain(org.id.as_str()).await.expect("read"), Ok(6));
}

async fn filters_narrow(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let org = store.org(&store.act(&ada), "Focus").await;
    store.add_member(&store.act(&ada), &org.id, &eve, Role::Member).await.expect("added");
    let app = store.app(&store.act(&eve), &org, "Focus and calm").await;
    let count = |filter: EventFilter| {
        let org = org.clone();
        async move { store.events(&org.id, None, &filter).await.expect("asked").events.len() }
    };
    let default = EventFilter::default;
    assert_eq!(count(EventFilter { actor: "Eve".to_owned(), ..default() }).await, 2);
    assert_eq!(count(EventFilter { action: "app.created".to_owned(), ..default() }).await, 1);
    assert_eq!(count(EventFilter { outcome: "refused".to_owned(), ..default() }).await, 0);
    assert_eq!(count(EventFilter { outcome: "done".to_owned(), ..default() }).await, 5);
    assert_eq!(count(EventFilter { from: Some(store.now()), ..default() }).await, 5);
    assert_eq!(count(EventFilter { to: Some(store.now()), ..default() }).await, 0);
    assert_eq!(store.actors(&org.id, None).await.expect("asked"), ["Ada", "Eve"]);
    assert_eq!(store.actors(&org.id, Some(&app.id)).await.expect("asked"), ["Eve"]);
}

async fn chains_hold_under_concurrency(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let writers = (0..24).map(|n| {
        let (store, act, app) = (store.store.clone(), act.clone(), app.clone());
        tokio::spawn(async move {
            let new = sallyport::key::NewKey::check(
                &sallyport::key::new::KeyInput {
                    label: &format!("key {n}"),
                    environment: "testing",
                    scopes: vec!["read"],
                    ..Default::default()
                },
                store.profile(),
                store.now(),
            );
            let issued = store.issue_key(&act, &app, new.expect("checked"), None).await.expect("issued");
            store.revoke_key(&act, &issued.key, String::new()).await.expect("revoked");
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("no panic");
    }
    assert_eq!(store.check_chain(org.id.as_str()).await.expect("read"), Ok(4 + 48));
    assert_eq!(store.check_chain("system").await.expect("read"), Ok(1));
}
