use sallyport::{
    Error,
    audit::{Act, Actor, SYSTEM},
    key::secret::Checked,
    place::{Naming, Place},
    project::NewProject,
    store::{Contents, EventFilter, KeyFilter, Reader},
    testing::TestStore,
};

sallyport::on_both_databases!(
    a_place_is_renamed,
    a_taken_name_is_refused,
    an_archived_place_suspends_every_key_below_it,
    nothing_new_belongs_to_what_is_archived,
    a_deleted_app_takes_its_keys_along,
    a_deleted_organization_leaves_its_events,
    contents_count_what_would_stop,
);

async fn a_place_is_renamed(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let tenant = store.tenants(&org.id).await.expect("asked").remove(0);
    let (project, _) = store
        .projects(&org.id, &sallyport::store::Sight::ALL, &sallyport::store::Sight::ALL)
        .await
        .expect("asked")
        .remove(0);
    for place in [Place::from(&org), Place::from(&tenant), Place::from(&project), Place::from(&app)] {
        let new = Naming::check(place.kind, "Anew", "What it is for").expect("checked");
        store.edit_place(&act, &place, new).await.expect("edited");
    }
    let org = store.find(&ada.id, &org.id).await.expect("asked").expect("there");
    let app = store.find(&ada.id, &app.id).await.expect("asked").expect("there");
    let tenant = store.tenants(&org.id).await.expect("asked").remove(0);
    let (project, _) = store
        .projects(&org.id, &sallyport::store::Sight::ALL, &sallyport::store::Sight::ALL)
        .await
        .expect("asked")
        .remove(0);
    for place in [Place::from(&org), Place::from(&tenant), Place::from(&project), Place::from(&app)] {
        assert_eq!((place.name.as_str(), place.description.as_str()), ("Anew", "What it is for"), "{:?}", place.kind);
    }
    let events = store.events(&org.id, None, &EventFilter::default()).await.expect("asked").events;
    let told: Vec<_> = events.iter().take(4).map(|event| event.action.as_str()).collect();
    assert_eq!(told, ["app.edited", "project.edited", "tenant.edited", "organization.edited"]);
}

async fn a_taken_name_is_refused(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let tenant = store.tenants(&org.id).await.expect("asked").remove(0);
    let project = |name: &str| NewProject { name: name.to_owned() };
    store.create_project(&act, &tenant, project("One")).await.expect("made");
    let two = store.create_project(&act, &tenant, project("Two")).await.expect("made");
    let new = Naming { name: "One".to_owned(), description: String::new() };
    let refused = store.edit_place(&act, &Place::from(&two), new).await;
    let Err(Error::Invalid(invalid)) = refused else { panic!("{refused:?}") };
    assert_eq!(invalid.0[0].field, "name");
}

async fn an_archived_place_suspends_every_key_below_it(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let secret = store.key(&act, &app, "CI").await.secret;
    let digest = store.digests(Checked::parse("sk_live_", secret.expose()).expect("shaped")).next().expect("a pepper");
    let tenant = store.tenants(&org.id).await.expect("asked").remove(0);
    let (project, _) = store
        .projects(&org.id, &sallyport::store::Sight::ALL, &sallyport::store::Sight::ALL)
        .await
        .expect("asked")
        .remove(0);
    for place in [Place::from(&org), Place::from(&tenant), Place::from(&project), Place::from(&app)] {
        let before = store.revision().await.expect("asked");
        store.archive_place(&act, &place).await.expect("archived");
        store.archive_place(&act, &place).await.expect("twice is once");
        assert!(
            store.key_by_digest(&digest).await.expect("asked").expect("found").record.owner.suspended,
            "{:?}",
            place.kind
        );
        assert_eq!(store.revision().await.expect("asked"), before + 1, "verifiers hear of it");
        store.restore_place(&act, &place).await.expect("restored");
        assert!(
            !store.key_by_digest(&digest).await.expect("asked").expect("found").record.owner.suspended,
            "{:?}",
            place.kind
        );
        assert_eq!(store.revision().await.expect("asked"), before + 2);
    }
}

async fn nothing_new_belongs_to_what_is_archived(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let tenant = store.tenants(&org.id).await.expect("asked").remove(0);
    store.archive_place(&act, &Place::from(&org)).await.expect("archived");
    let key = store.issue(&act, &app, "CI", &["read"]).await.map(|issued| issued.key);
    assert!(matches!(key, Err(Error::Forbidden(_))), "{key:?}");
    let project = store.create_project(&act, &tenant, NewProject { name: "New".to_owned() }).await;
    assert!(matches!(project, Err(Error::Forbidden(_))), "{project:?}");
    let tenant = sallyport::tenant::NewTenant { name: "New".to_owned() };
    let tenant = store.create_tenant(&act, &org.id, tenant).await;
    assert!(matches!(tenant, Err(Error::Forbidden(_))), "{tenant:?}");
}

async fn a_deleted_app_takes_its_keys_along(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let (gone, kept) = (store.app(&act, &org, "Gone").await, store.app(&act, &org, "Kept").await);
    let secret = store.key(&act, &gone, "CI").await.secret;
    store.key(&act, &kept, "CI").await;
    store.delete_place(&act, &Place::from(&gone)).await.expect("deleted");
    let digest = store.digests(Checked::parse("sk_live_", secret.expose()).expect("shaped")).next().expect("a pepper");
    assert!(store.key_by_digest(&digest).await.expect("asked").is_none());
    assert!(store.find(&ada.id, &gone.id).await.expect("asked").is_none());
    assert_eq!(store.keys(&org.id, None, &KeyFilter::default()).await.expect("asked").total, 1);
    let again = store.delete_place(&act, &Place::from(&gone)).await;
    assert!(matches!(again, Err(Error::Busy(_))), "{again:?}");
    // A form that was open in the meantime has no parent any more.
    let late = store.issue(&act, &gone, "Late", &["read"]).await.map(|issued| issued.key);
    assert!(matches!(late, Err(Error::NotFound)), "{late:?}");
    let events = store.events(&org.id, Some(&gone.id), &EventFilter::default()).await.expect("asked").events;
    assert_eq!(events[0].action, "app.deleted");
    assert_eq!(events[0].details, r#"{"keys":1}"#);
}

async fn a_deleted_organization_leaves_its_events(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let (org, other) = (store.org(&act, "Focus").await, store.org(&act, "Other").await);
    for org in [&org, &other] {
        let app = store.app(&act, org, "App").await;
        store.key(&act, &app, "CI").await;
    }
    store.create_token(&Act::by(Actor::CommandLine), "Gateway", false, Some(org.id.clone())).await.expect("made");
    store.delete_place(&act, &Place::from(&org)).await.expect("deleted");
    assert!(store.find(Reader::All, &org.id).await.expect("asked").is_none());
    assert_eq!(store.orgs_of(&ada.id).await.expect("asked").len(), 1);
    assert!(store.tokens().await.expect("asked").is_empty());
    assert_eq!(store.keys(&other.id, None, &KeyFilter::default()).await.expect("asked").total, 1);
    for chain in [org.id.as_str(), other.id.as_str(), SYSTEM] {
        assert!(store.check_chain(chain).await.expect("read").is_ok(), "{chain}");
    }
    assert!(store.check_integrity().await.expect("asked").is_empty());
}

async fn contents_count_what_would_stop(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let secret = store.key(&act, &app, "In use").await.secret;
    store.key(&act, &app, "Never used").await;
    let revoked = store.key(&act, &app, "Revoked").await.key;
    store.revoke_key(&act, &revoked, String::new()).await.expect("revoked");
    let digest = store.digests(Checked::parse("sk_live_", secret.expose()).expect("shaped")).next().expect("a pepper");
    let key = std::sync::Arc::new(store.key_by_digest(&digest).await.expect("asked").expect("found").record);
    let used = sallyport::store::Used { key, at: store.now(), address: None, user_agent: None };
    store.record_usage(vec![used], vec![]).await.expect("written");
    let tenant = store.tenants(&org.id).await.expect("asked").remove(0);
    let (project, _) = store
        .projects(&org.id, &sallyport::store::Sight::ALL, &sallyport::store::Sight::ALL)
        .await
        .expect("asked")
        .remove(0);
    for place in [Place::from(&org), Place::from(&tenant), Place::from(&project), Place::from(&app)] {
        let contents = store.contents(&place).await.expect("counted");
        assert_eq!(contents, Contents { apps: 1, keys: 2, in_use: 1 }, "{:?}", place.kind);
    }
}
