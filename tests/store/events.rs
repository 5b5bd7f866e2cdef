use sallyport::{audit::Outcome, member::Role, store::EventFilter, testing::TestStore};

sallyport::on_both_databases!(
    every_step_is_recorded,
    filters_narrow,
    actors_are_distinguished_by_id,
    chains_hold_under_concurrency
);

async fn every_step_is_recorded(store: &TestStore) {
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
    store.add_member(&store.act(&ada), &org.id, &eve, Role::TenantAdmin).await.expect("added");
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
    let actors = async |app| {
        let actors = store.actors(&org.id, app, &sallyport::store::Sight::ALL).await.expect("asked");
        actors.into_iter().map(|actor| actor.name).collect::<Vec<_>>()
    };
    assert_eq!(actors(None).await, ["Ada", "Eve"]);
    assert_eq!(actors(Some(&app.id)).await, ["Eve"]);
}

async fn actors_are_distinguished_by_id(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let org = store.org(&store.act(&ada), "Focus").await;
    store.add_member(&store.act(&ada), &org.id, &eve, Role::Admin).await.expect("added");
    let app = store.app(&store.act(&eve), &org, "Focus and calm").await;
    store.rename_user(&store.act(&eve), &eve, "Ada".to_owned()).await.expect("renamed");
    let other = store.org(&store.act(&ada), "None of Eve's").await;
    // Under her new name, as in her next session.
    let renamed = sallyport::user::User { name: "Ada".to_owned(), ..eve.clone() };
    let new = sallyport::tenant::NewTenant { name: "By Eve".to_owned() };
    store.create_tenant(&store.act(&renamed), &org.id, new).await.expect("made");
    let key = store.key(&store.act(&ada), &app, "Ada").await.key;

    let page = store.events(&org.id, None, &EventFilter::default()).await.expect("asked");
    let rename = page.events.iter().find(|event| event.action == "account.renamed").expect("told to the organization");
    assert_eq!((rename.actor_id.as_str(), rename.target_id.as_str()), (eve.id.as_str(), eve.id.as_str()));
    assert_eq!(rename.details, r#"{"from":"Eve","to":"Ada"}"#);
    let elsewhere = store.events(&other.id, None, &EventFilter::default()).await.expect("asked").events;
    assert!(elsewhere.iter().all(|event| event.action != "account.renamed"));
    for chain in [org.id.as_str(), other.id.as_str(), "system"] {
        assert!(store.check_chain(chain).await.expect("read").is_ok(), "{chain}");
    }

    let asked = async |actor: &str| {
        let filter = EventFilter { actor: actor.to_owned(), ..EventFilter::default() };
        store.events(&org.id, None, &filter).await.map(|page| page.events)
    };
    let of_eve = asked(eve.id.as_str()).await.expect("read");
    assert_eq!(of_eve.len(), 4, "under both names: a project and an app, the new name, a tenant");
    assert!(of_eve.iter().all(|event| event.actor_id == eve.id.as_str()));
    assert_eq!(asked("Eve").await.expect("read").len(), 4, "whoever was called that");
    assert!(matches!(asked("Ada").await, Err(sallyport::Error::Invalid(_))), "two are");
    for nobody in ["Nobody", "usr_000000000000", key.id.as_str(), "command_line", "anonymous"] {
        assert!(asked(nobody).await.expect("read").is_empty(), "{nobody}");
    }
    let actors = store.actors(&org.id, None, &sallyport::store::Sight::ALL).await.expect("asked");
    let ids: Vec<_> = actors.iter().map(|actor| (actor.name.as_str(), actor.key())).collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
    assert!(ids.contains(&("Ada", ada.id.as_str())) && ids.contains(&("Ada", eve.id.as_str())));
    let emails = store.emails_of_members(&org.id, &[ada.id.to_string(), eve.id.to_string()]).await.expect("asked");
    assert_eq!(emails.get(eve.id.as_str()), Some(&eve.email));
    store.remove_member(&store.act(&ada), &org.id, &eve).await.expect("removed");
    let emails = store.emails_of_members(&org.id, &[eve.id.to_string()]).await.expect("asked");
    assert!(emails.is_empty(), "of members alone");
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
