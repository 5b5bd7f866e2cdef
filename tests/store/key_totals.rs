//! What the keys of a tenant's projects and of a project's apps amount to.

use std::{sync::Arc, time::Duration};

use sallyport::{
    key::{NewKey, new::KeyInput},
    place::Place,
    store::{KeyTotals, Used},
    testing::TestStore,
};

sallyport::on_both_databases!(
    keys_are_summed_by_app_and_by_project,
    only_keys_of_the_place_count,
    what_ends_soon_is_counted_until_it_ended,
    active_keys_of_projects_are_counted,
);

fn production(n: i64) -> std::collections::BTreeMap<String, i64> {
    [("production".to_owned(), n)].into()
}

async fn keys_are_summed_by_app_and_by_project(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let (apps, of) =
        (|| store.apps(&app.project_id, &sallyport::store::Sight::ALL), |apps: Vec<(_, KeyTotals)>| apps[0].1.clone());
    assert_eq!(of(apps().await.expect("asked")), KeyTotals::default(), "an app without a key");

    let kept = store.key(&act, &app, "CI").await.key;
    let paused = store.key(&act, &app, "Paused").await.key;
    store.pause_key(&act, &paused).await.expect("paused");
    let revoked = store.key(&act, &app, "Revoked").await.key;
    store.revoke_key(&act, &revoked, String::new()).await.expect("revoked");
    let stored = store.key_by_id(&kept.id).await.expect("asked").expect("there");
    let at = store.now() + Duration::from_secs(5);
    let used = Used { key: Arc::new(stored.record), at, address: None, user_agent: None };
    store.record_usage(vec![used], vec![]).await.expect("written");

    let expected = KeyTotals { active: 1, expiring: 0, environments: production(1), last_used_at: Some(at) };
    assert_eq!(of(apps().await.expect("asked")), expected);
    let projects = store
        .projects_of(&app.tenant_id, &sallyport::store::Sight::ALL, &sallyport::store::Sight::ALL)
        .await
        .expect("asked");
    let shown: Vec<_> = projects.iter().map(|(project, apps, keys)| (&project.id, *apps, keys)).collect();
    assert_eq!(shown, [(&app.project_id, 1, &expected)]);

    let org_place = Place::from(&org);
    store.archive_place(&act, &org_place).await.expect("archived");
    let archived = of(apps().await.expect("asked"));
    assert_eq!((archived.active, archived.environments.len()), (0, 0), "none is active");
    assert_eq!(archived.last_used_at, Some(at));
}

async fn only_keys_of_the_place_count(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let (org, other) = (store.org(&act, "Focus").await, store.org(&act, "Other").await);
    let (app, beside) = (store.app(&act, &org, "One").await, store.app(&act, &org, "Two").await);
    let elsewhere = store.app(&act, &other, "Elsewhere").await;
    for app in [&app, &beside, &elsewhere] {
        store.key(&act, app, "CI").await;
    }
    let projects = store
        .projects_of(&app.tenant_id, &sallyport::store::Sight::ALL, &sallyport::store::Sight::ALL)
        .await
        .expect("asked");
    assert_eq!(projects.iter().map(|(.., keys)| keys.active).collect::<Vec<_>>(), [1, 1]);
    let apps = store.apps(&beside.project_id, &sallyport::store::Sight::ALL).await.expect("asked");
    assert_eq!(apps.iter().map(|(app, keys)| (app.name.as_str(), keys.active)).collect::<Vec<_>>(), [("Two", 1)]);
}

async fn what_ends_soon_is_counted_until_it_ended(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let app = store.app(&act, &store.org(&act, "Focus").await, "One").await;
    let input = KeyInput {
        label: "Ends",
        environment: "production",
        scopes: vec!["read"],
        expires: "30".into(),
        ..KeyInput::default()
    };
    let new = NewKey::check(&input, store.profile(), store.now()).expect("a good key");
    store.issue_key(&act, &app, new, None).await.expect("a new key");
    for (days, active, expiring) in [(0, 1, 0), (20, 1, 1), (20, 0, 0)] {
        store.clock.turn(Duration::from_secs(days * 86_400));
        let keys = store.apps(&app.project_id, &sallyport::store::Sight::ALL).await.expect("asked").remove(0).1;
        assert_eq!((keys.active, keys.expiring), (active, expiring), "{days} days later");
    }
}

async fn active_keys_of_projects_are_counted(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let (org, other) = (store.org(&act, "Focus").await, store.org(&act, "Other").await);
    let (app, elsewhere) = (store.app(&act, &org, "One").await, store.app(&act, &other, "Elsewhere").await);
    let of = async |org: &sallyport::org::Org| {
        store.active_keys_of_projects(&org.id, &sallyport::store::Sight::ALL).await.expect("asked")
    };
    let project = app.project_id.to_string();
    assert_eq!(of(&org).await, [(project.clone(), 0)].into(), "a project without a key");

    for app in [&app, &app, &elsewhere] {
        store.key(&act, app, "CI").await;
    }
    let paused = store.key(&act, &app, "Paused").await.key;
    store.pause_key(&act, &paused).await.expect("paused");
    assert_eq!(of(&org).await, [(project.clone(), 2)].into());
    assert_eq!(of(&other).await, [(elsewhere.project_id.to_string(), 1)].into());

    store.archive_place(&act, &Place::from(&app)).await.expect("archived");
    assert_eq!(of(&org).await, [(project, 0)].into(), "those of an archived app are suspended");
}
