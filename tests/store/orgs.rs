use sallyport::{
    Error, Invalid,
    audit::{Act, Actor},
    colour::Colour,
    member::{Held, Role},
    org::NewOrg,
    picture::Picture,
    project::NewProject,
    store::{EventFilter, Reader},
    tenant::NewTenant,
    testing::{TestStore, picture::png},
};

sallyport::on_both_databases!(
    the_creator_becomes_the_owner,
    others_do_not_see_it,
    a_root_token_makes_one_without_members,
    names_are_unique_within_their_place,
    a_refused_tenant_leaves_nothing,
    a_colour_is_chosen_by_those_who_edit,
    a_logo_is_chosen_by_those_who_edit,
);

async fn the_creator_becomes_the_owner(store: &TestStore) {
    let ada = store.person("Ada").await;
    let org = store.org(&store.act(&ada), "Focus Labs").await;
    let mine = store.orgs_of(&ada.id).await.expect("mine");
    assert_eq!(mine, [(org.clone(), Held::at_org(Role::Owner))]);
    assert!(org.id.as_str().starts_with("org_focus_labs_"));
    let tenants = store.tenants(&org.id).await.expect("tenants");
    assert_eq!(tenants.len(), 1);
    assert!(tenants[0].id.as_str().starts_with("ten_development_"));
}

async fn others_do_not_see_it(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus Labs").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "CI").await.key;
    assert!(store.orgs_of(&eve.id).await.expect("asked").is_empty());
    assert!(store.find(&eve.id, &org.id).await.expect("asked").is_none());
    assert!(store.find(&eve.id, &app.tenant_id).await.expect("asked").is_none());
    assert!(store.find(&eve.id, &app.project_id).await.expect("asked").is_none());
    assert!(store.find(&eve.id, &app.id).await.expect("asked").is_none());
    assert!(store.find(&eve.id, &key.id).await.expect("asked").is_none());

    store.add_member(&act, &org.id, &eve, Role::Developer).await.expect("added");
    assert_eq!(store.find(&eve.id, &key.id).await.expect("asked").map(|key| key.label), Some("CI".to_owned()));
    assert_eq!(store.orgs_of(&eve.id).await.expect("asked")[0].1, Held::at_org(Role::Developer));
}

async fn a_root_token_makes_one_without_members(store: &TestStore) {
    let (token, _) = store.create_token(&Act::by(Actor::CommandLine), "Automation", true, None).await.expect("made");
    let act = Act::by(Actor::RootToken { id: token.id, name: token.name });
    let org = store.org(&act, "Made by machine").await;
    assert!(store.find(Reader::All, &org.id).await.expect("asked").is_some());
    let ada = store.person("Ada").await;
    assert!(store.find(&ada.id, &org.id).await.expect("asked").is_none());
}

async fn names_are_unique_within_their_place(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus Labs").await;
    let app = store.app(&act, &org, "Focus").await;
    let tenant = NewTenant { name: "Development".to_owned() };
    assert_taken(store.create_tenant(&act, &org.id, tenant.clone()).await);
    let tenants = store.tenants(&org.id).await.expect("tenants");
    let project = NewProject { name: "Project of Focus".to_owned() };
    assert_taken(store.create_project(&act, &tenants[0], project).await);
    let elsewhere = store.org(&act, "Another").await;
    assert_ne!(elsewhere.id, org.id);
    assert!(store.find(&store.person("Eve").await.id, &app.id).await.expect("asked").is_none());
}

fn assert_taken<T: std::fmt::Debug>(result: sallyport::Result<T>) {
    match result {
        Err(Error::Invalid(Invalid(errors))) => assert_eq!(errors[0].field, "name"),
        other => panic!("the name is taken, but: {other:?}"),
    }
}

async fn a_refused_tenant_leaves_nothing(store: &TestStore) {
    let ada = store.person("Ada").await;
    let tenant = Some(NewTenant { name: "x".repeat(101) });
    let new = NewOrg { name: "Focus".to_owned(), first_tenant: tenant, ..NewOrg::default() };
    assert!(store.create_org(&store.act(&ada), new).await.is_err(), "the schema refuses a long name");
    assert!(store.orgs_of(&ada.id).await.expect("asked").is_empty());
}

async fn a_colour_is_chosen_by_those_who_edit(store: &TestStore) {
    let (ada, sam) = (store.person("Ada").await, store.person("Sam").await);
    let act = store.act(&ada);
    let (org, other) = (store.org(&act, "Focus Labs").await, store.org(&act, "Another").await);
    let seen = async || {
        let found = store.find(&ada.id, &org.id).await.expect("asked").expect("there").colour;
        let navigation = store.navigation(&ada.id, &org.id).await.expect("asked");
        let entry = navigation.orgs.into_iter().find(|entry| entry.id == org.id).expect("there");
        let mine = store.orgs_of(&ada.id).await.expect("asked");
        assert_eq!(entry.colour, found);
        assert!(mine.iter().all(|(one, _)| one.colour == found.filter(|_| one.id == org.id)), "{mine:?}");
        found
    };
    assert_eq!((org.colour, seen().await), (None, None));
    for &colour in Colour::ALL {
        store.choose_colour(&act, &org, Some(colour)).await.expect("chosen");
        assert_eq!(seen().await, Some(colour));
    }
    store.choose_colour(&act, &org, None).await.expect("chosen");
    assert_eq!(seen().await, None);
    let events = store.events(&org.id, None, &EventFilter::default()).await.expect("asked").events;
    let told: Vec<_> = events.iter().take(2).map(|event| (event.action.as_str(), event.details.as_str())).collect();
    let [automatic, blue] = [r#"{"colour":"automatic"}"#, r#"{"colour":"blue"}"#];
    assert_eq!(told, [("organization.edited", automatic), ("organization.edited", blue)]);

    store.add_member(&act, &org.id, &sam, Role::Developer).await.expect("added");
    for org in [&org, &other] {
        let before = store.dump().await;
        let refused = store.choose_colour(&store.act(&sam), org, Some(Colour::Teal)).await;
        assert!(refused.is_err(), "{refused:?}");
        assert_eq!(store.dump().await, before, "nothing is written");
    }
}

async fn a_logo_is_chosen_by_those_who_edit(store: &TestStore) {
    let (ada, sam) = (store.person("Ada").await, store.person("Sam").await);
    let act = store.act(&ada);
    let (org, other) = (store.org(&act, "Focus Labs").await, store.org(&act, "Another").await);
    let seen = async || {
        let found = store.find(&ada.id, &org.id).await.expect("asked").expect("there").logo;
        let navigation = store.navigation(&ada.id, &org.id).await.expect("asked");
        let of = |id| navigation.orgs.iter().find(|entry| entry.id == id).expect("there").logo.clone();
        assert_eq!((of(org.id.clone()), of(other.id.clone())), (found.clone(), None));
        found
    };
    assert_eq!(seen().await, None);
    for side in [16, 17] {
        let logo = Picture::check(png(side, side), Picture::OF_PEOPLE).expect("a logo");
        store.choose_logo(&act, &org, Some(logo.clone())).await.expect("chosen");
        assert_eq!(seen().await.as_ref(), Some(&logo.digest));
        assert_eq!(store.org_logo(&org.id, &logo.digest).await.expect("asked").as_ref(), Some(&logo));
        assert_eq!(store.org_logo(&other.id, &logo.digest).await.expect("asked"), None);
        assert_eq!(store.org_logo(&org.id, "").await.expect("asked"), None);
    }
    store.choose_logo(&act, &org, None).await.expect("removed");
    assert_eq!(seen().await, None);
    let events = store.events(&org.id, None, &EventFilter::default()).await.expect("asked").events;
    let told: Vec<_> = events.iter().take(2).map(|event| (event.action.as_str(), event.details.as_str())).collect();
    let [removed, changed] = [r#"{"logo":"removed"}"#, r#"{"logo":"changed"}"#];
    assert_eq!(told, [("organization.edited", removed), ("organization.edited", changed)]);

    store.add_member(&act, &org.id, &sam, Role::Developer).await.expect("added");
    let logo = Picture::check(png(64, 64), Picture::OF_PEOPLE).expect("a logo");
    for org in [&org, &other] {
        let before = store.dump().await;
        let refused = store.choose_logo(&store.act(&sam), org, Some(logo.clone())).await;
        assert!(refused.is_err(), "{refused:?}");
        assert_eq!(store.dump().await, before, "nothing is written");
    }
}
