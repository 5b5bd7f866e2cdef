use sallyport::{
    Error,
    audit::{Act, Actor},
    key::{LimitOverride, Restrictions, record::KeyRecord, restrictions::RestrictionsInput, secret::Checked},
    store::EventFilter,
    testing::TestStore,
};

sallyport::on_both_databases!(
    restrictions_reach_the_verifier,
    an_apps_limits_reach_its_keys,
    ingestion_is_an_operators_switch,
    members_allow_no_more_than_the_plan,
);

async fn record(store: &TestStore, secret: &str) -> KeyRecord {
    let checked = Checked::parse("sk_live_", secret).expect("shaped");
    let digest = store.digests(checked).next().expect("a pepper");
    store.key_by_digest(&digest).await.expect("asked").expect("found").record
}

async fn restrictions_reach_the_verifier(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    assert_eq!(record(store, issued.secret.expose()).await.extras, None);
    let input = RestrictionsInput {
        require_signed: true,
        addresses: "203.0.113.0/24\n2001:db8::/32",
        address_mode: "enforce",
        limit_per_minute: "60",
        limit_per_day: "1000000000",
    };
    let new = Restrictions::check(&input, true).expect("good");
    let before = store.revision().await.expect("asked");
    store.restrict_key(&act, &issued.key, new.clone(), None).await.expect("restricted");
    assert_eq!(store.revision().await.expect("asked"), before + 1, "verifiers hear of it");
    let restricted = record(store, issued.secret.expose()).await;
    assert_eq!(restricted.restrictions(), Some(&new));
    let key = store.find(&ada.id, &issued.key.id).await.expect("asked").expect("there");
    assert_eq!(key.restrictions, new);
    let events = store.events(&org.id, Some(&app.id), &EventFilter::default()).await.expect("asked").events;
    assert_eq!((events[0].action.as_str(), events[0].target_id.as_str()), ("key.restricted", key.id.as_str()));
    insta::assert_snapshot!(events[0].details, @r#"{"addresses":["203.0.113.0/24","2001:db8::/32"],"addresses_enforced":true,"limit_per_day":1000000000,"limit_per_minute":60,"require_signed":true}"#);

    store.restrict_key(&act, &key, Restrictions::default(), None).await.expect("lifted");
    assert_eq!(record(store, issued.secret.expose()).await.extras, None);
    let eve = store.act(&store.person("Eve").await);
    let refused = store.restrict_key(&eve, &key, new, None).await;
    assert!(matches!(refused, Err(Error::NotFound)), "another organization's");
}

async fn an_apps_limits_reach_its_keys(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    let limits = LimitOverride::check("12", "").expect("good");
    let before = store.revision().await.expect("asked");
    store.limit_app(&act, &app, limits).await.expect("limited");
    assert_eq!(store.revision().await.expect("asked"), before + 1);
    let key = record(store, issued.secret.expose()).await;
    assert_eq!(key.app().map(|app| app.limits), Some(limits));
    assert_eq!(store.find(&ada.id, &app.id).await.expect("asked").expect("there").limits, limits);
    let eve = store.act(&store.person("Eve").await);
    assert!(matches!(store.limit_app(&eve, &app, LimitOverride::default()).await, Err(Error::NotFound)));
}

async fn ingestion_is_an_operators_switch(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    assert!(
        matches!(store.verify_for_ingestion(&act, &app, true).await, Err(Error::NotFound)),
        "owners are no operators"
    );
    assert!(store.app_for_operator(&ada.id, &app.id).await.expect("asked").is_none());
    let verified = |key: &KeyRecord| key.app().is_some_and(|app| app.ingestion_verified);
    assert!(!verified(&record(store, issued.secret.expose()).await));

    let new = sallyport::user::NewUser {
        name: "Olga".to_owned(),
        email: "olga@example.com".to_owned(),
        password: sallyport::user::Password::default(),
    };
    let command_line = Act::by(Actor::CommandLine);
    let olga = store.create_user(&command_line, new, "none".to_owned(), true).await.expect("an operator");
    assert!(store.app_for_operator(&olga.id, &app.id).await.expect("asked").is_some(), "a member of nothing");
    let olga = store.act(&olga);
    let before = store.revision().await.expect("asked");
    for _ in 0..2 {
        store.verify_for_ingestion(&olga, &app, true).await.expect("verified");
    }
    assert_eq!(store.revision().await.expect("asked"), before + 1, "twice is once");
    assert!(verified(&record(store, issued.secret.expose()).await));
    store.verify_for_ingestion(&olga, &app, false).await.expect("ended");
    assert!(!verified(&record(store, issued.secret.expose()).await));
    let events = store.events(&org.id, Some(&app.id), &EventFilter::default()).await.expect("asked").events;
    let told: Vec<_> = events.iter().map(|event| (event.action.as_str(), event.actor_name.as_str())).collect();
    assert_eq!(told[..2], [("app.ingestion_ended", "Olga"), ("app.ingestion_verified", "Olga")]);
    assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
}

async fn members_allow_no_more_than_the_plan(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "CI").await.key;
    let limits = |per_minute| LimitOverride { per_minute: Some(per_minute), per_day: None };
    let restricted = |per_minute| Restrictions { limits: limits(per_minute), ..Restrictions::default() };
    store.limit_app(&act, &app, limits(600)).await.expect("as the plan");
    store.restrict_key(&act, &key, restricted(600), None).await.expect("as the plan");
    for refused in [
        store.limit_app(&act, &app, limits(601)).await,
        store.restrict_key(&act, &key, restricted(601), None).await.map(drop),
    ] {
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
    let operator = Act::by(Actor::CommandLine);
    store.limit_app(&operator, &app, limits(100_000)).await.expect("whoever runs this may");
    store.restrict_key(&operator, &key, restricted(100_000), None).await.expect("whoever runs this may");
}
