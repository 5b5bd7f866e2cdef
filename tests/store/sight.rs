//! Lists narrowed to what a person's roles show.

use sallyport::{
    app::{App, NewApp, Os},
    audit::{Act, Actor},
    key::secret::Checked,
    member::{Permission, Role},
    org::Org,
    place::{Place, PlaceRef},
    project::NewProject,
    store::{EventFilter, KeyFilter, Sight},
    tenant::NewTenant,
    testing::TestStore,
    user::User,
};

sallyport::on_both_databases!(
    a_project_is_seen_and_nothing_beside_it,
    a_tenant_is_seen_with_its_projects,
    a_member_of_the_organization_sees_names,
    a_role_at_the_organization_sees_everything_without_a_condition,
);

/// An app with a key in each of: a project, a project beside it, and another tenant.
struct Made {
    act: Act,
    org: Org,
    apps: [App; 3],
}

async fn made(store: &TestStore) -> Made {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let (here, beside) = (store.app(&act, &org, "Here").await, store.app(&act, &org, "Beside").await);
    let tenant = store.create_tenant(&act, &org.id, NewTenant { name: "Other".to_owned() }).await.expect("made");
    let project = store.create_project(&act, &tenant, NewProject { name: "Other".to_owned() }).await.expect("made");
    let new = NewApp { name: "Other".to_owned(), os: Os::Web, ..NewApp::default() };
    let other = store.create_app(&act, &project, new).await.expect("made");
    for app in [&here, &beside, &other] {
        store.key(&act, app, &format!("Key of {}", app.name)).await;
    }
    Made { act, org, apps: [here, beside, other] }
}

async fn person<'a>(store: &TestStore, made: &Made, place: impl Into<PlaceRef<'a>>, role: Role) -> User {
    let eve = store.person("Eve").await;
    store.add_member(&made.act, place, &eve, role).await.expect("given");
    eve
}

/// Everything that the lists contain for this person, as names.
async fn seen(store: &TestStore, org: &Org, user: &User) -> [Vec<String>; 6] {
    let held = store.orgs_of(&user.id).await.expect("asked").remove(0).1;
    let [names, keys] = [Permission::SeePlace, Permission::SeeKeys].map(|needed| Sight::of(&user.id, held, needed));
    let filter = KeyFilter { sight: keys.clone(), ..KeyFilter::default() };
    let page = store.listed_keys(&org.id, None, &filter).await.expect("asked");
    assert_eq!(page.total, store.count_keys(&org.id, None, &filter).await.expect("asked"));
    assert_eq!(page.total as usize, page.keys.len());
    let inventory = store.key_inventory(&org.id, None, &filter, None).await.expect("asked");
    assert_eq!(inventory.keys.len(), page.keys.len());
    let frame = store.key_list_frame(&org.id, None, &user.id, &keys).await.expect("asked");
    assert_eq!((frame.has_keys, frame.has_apps), (!page.keys.is_empty(), !page.keys.is_empty()));
    assert!(keys.is_all() || frame.creators.is_empty(), "a part shows nobody who created keys elsewhere");
    let visible = store.apps_of_org(&org.id, &keys).await.expect("asked");
    for app in store.apps_of_org(&org.id, &Sight::ALL).await.expect("asked") {
        let (_, frame) = store.framed_keys(&org.id, Some(&app.id), &filter, &user.id).await.expect("asked");
        let offered = frame.creators.iter().any(|creator| creator.name == "Ada");
        assert_eq!(offered, visible.iter().any(|seen| seen.id == app.id), "{}", app.name);
    }
    let events = EventFilter { sight: keys.clone(), ..EventFilter::default() };
    let events = store.events(&org.id, None, &events).await.expect("asked").events;
    let mut targets: Vec<_> = events.into_iter().map(|event| event.target_name).collect();
    targets.sort();
    targets.dedup();
    let mut lists = [
        store.tenants_seen(&org.id, &names).await.expect("asked").into_iter().map(|tenant| tenant.name).collect(),
        store.projects(&org.id, &names, &keys).await.expect("asked").into_iter().map(named).collect(),
        store.apps_of_org(&org.id, &keys).await.expect("asked").into_iter().map(|app| app.name).collect(),
        page.keys.into_iter().map(|key| key.label).collect(),
        targets,
        store.navigation(&user.id, &org.id).await.expect("asked").tenants.into_iter().map(|(_, name)| name).collect(),
    ];
    for list in &mut lists {
        list.sort();
    }
    lists
}

fn named((project, apps): (sallyport::project::Project, i64)) -> String {
    format!("{} ({apps})", project.name)
}

fn owned(lists: [&[&str]; 6]) -> [Vec<String>; 6] {
    lists.map(|list| list.iter().map(|name| (*name).to_owned()).collect())
}

async fn a_project_is_seen_and_nothing_beside_it(store: &TestStore) {
    let made = made(store).await;
    let [here, beside, _] = &made.apps;
    let project = store.find(sallyport::store::Reader::All, &here.project_id).await.expect("asked").expect("there");
    let eve = person(store, &made, &project, Role::Viewer).await;
    assert_eq!(
        seen(store, &made.org, &eve).await,
        owned([
            &["Development"],
            &["Project of Here (1)"],
            &["Here"],
            &["Key of Here"],
            &["Here", "Key of Here", "Project of Here"],
            &["Development"],
        ])
    );
    let issued = store.key(&made.act, beside, "Secret").await;
    let secret = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
    assert_eq!(store.key_by_secret(&eve.id, secret).await.expect("asked"), None);
    let found = store.search(&[0; 32], &eve.id, None, "e").await.expect("asked");
    for name in ["Beside", "Other", "Secret", "Key of Beside", "Project of Beside"] {
        assert!(found.iter().all(|hit| hit.name != name && !hit.within.iter().any(|at| at == name)), "{name}");
    }
    // She learns the names of those alone who created keys that she sees.
    let max = store.person("Max").await;
    store.add_member(&made.act, &made.org.id, &max, Role::Admin).await.expect("given");
    store.key(&store.act(&max), beside, "By Max").await;
    let held = store.orgs_of(&eve.id).await.expect("asked").remove(0).1;
    let keys = Sight::of(&eve.id, held, Permission::SeeKeys);
    let Actor::User { id: ada, .. } = &made.act.actor else { panic!("a person") };
    for (user, name) in [(ada, Some("Ada".to_owned())), (&max.id, None)] {
        assert_eq!(store.creator_name(&made.org.id, user, &keys).await.expect("asked"), name);
    }
    assert_eq!(store.keys_made(&made.org.id, &keys).await.expect("asked").len(), 1);
    let actors = store.actors(&made.org.id, None, &keys).await.expect("asked");
    assert_eq!(actors.into_iter().map(|actor| actor.name).collect::<Vec<_>>(), ["Ada"]);
}

async fn a_tenant_is_seen_with_its_projects(store: &TestStore) {
    let made = made(store).await;
    let tenant = store.tenants(&made.org.id).await.expect("asked").remove(0);
    let eve = person(store, &made, &tenant, Role::TenantMember).await;
    let lists = seen(store, &made.org, &eve).await;
    assert_eq!(lists[0], ["Development"]);
    assert_eq!(lists[1], ["Project of Beside (1)", "Project of Here (1)"]);
    assert_eq!(lists[3], ["Key of Beside", "Key of Here"]);
    assert!(!lists[4].iter().any(|name| name.contains("Other")), "{:?}", lists[4]);
}

async fn a_member_of_the_organization_sees_names(store: &TestStore) {
    let made = made(store).await;
    let eve = person(store, &made, &made.org.id, Role::Member).await;
    assert_eq!(
        seen(store, &made.org, &eve).await,
        owned([
            &["Development", "Other"],
            &["Other (0)", "Project of Beside (0)", "Project of Here (0)"],
            &[],
            &[],
            &[],
            &["Development", "Other"],
        ])
    );
    assert!(store.find(&eve.id, &made.apps[0].project_id).await.expect("asked").is_some());
    assert!(store.find(&eve.id, &made.apps[0].id).await.expect("asked").is_none());
    let archived = store.archive_place(&store.act(&eve), &Place::from(&made.apps[0])).await;
    assert!(matches!(archived, Err(sallyport::Error::NotFound)), "{archived:?}");
}

async fn a_role_at_the_organization_sees_everything_without_a_condition(store: &TestStore) {
    let made = made(store).await;
    let eve = person(store, &made, &made.org.id, Role::Viewer).await;
    let held = store.orgs_of(&eve.id).await.expect("asked").remove(0).1;
    assert_eq!(Sight::of(&eve.id, held, Permission::SeeKeys), Sight::ALL);
    let lists = seen(store, &made.org, &eve).await;
    assert_eq!(lists[3], ["Key of Beside", "Key of Here", "Key of Other"]);
    assert_eq!(lists[4].len(), 11, "{:?}", lists[4]);
}
