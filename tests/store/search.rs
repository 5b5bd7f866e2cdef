use sallyport::{
    key::{Status, secret::Checked},
    member::Role,
    place::Place,
    project::NewProject,
    store::{SearchHit, SearchKind},
    testing::TestStore,
};

sallyport::on_both_databases!(
    things_are_found_by_their_names,
    what_begins_so_comes_first,
    signs_of_like_are_letters,
    letters_beyond_ascii_have_cases_too,
    a_flood_of_matches_is_cut,
    another_organization_is_never_found,
    people_are_found_by_those_who_share_an_organization,
    a_secret_finds_its_key_for_members_alone,
    owners_are_named,
);

fn names(found: &[SearchHit], kind: SearchKind) -> Vec<&str> {
    found.iter().filter(|found| found.kind == kind).map(|found| found.name.as_str()).collect()
}

async fn things_are_found_by_their_names(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Calm Company").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "Calm CI").await.key;
    let lost = store.key(&act, &app, "Calm lost").await.key;
    store.revoke_key(&act, &lost, String::new()).await.expect("revoked");

    let found = store.search(&[0; 32], &ada.id, None, "  cALM ").await.expect("asked");
    assert_eq!(names(&found, SearchKind::Organization), ["Calm Company"]);
    assert_eq!(names(&found, SearchKind::Project), ["Project of Focus and calm"]);
    assert_eq!(names(&found, SearchKind::App), ["Focus and calm"]);
    assert_eq!(names(&found, SearchKind::Key), ["Calm CI", "Calm lost"]);
    let of_key = found.iter().find(|found| found.id == key.id.as_str()).expect("the key");
    assert_eq!(of_key.within, ["Focus and calm", "Calm Company"]);
    assert_eq!(of_key.status, Some(Status::Active));
    assert!(found.iter().any(|found| found.id == lost.id.as_str() && found.status == Some(Status::Revoked)));
    store.archive_place(&act, &Place::from(&app)).await.expect("archived");
    let found_now = store.search(&[0; 32], &ada.id, None, "Calm CI").await.expect("asked");
    assert_eq!(found_now[0].status, Some(Status::Suspended), "with its app");
    assert!(found.iter().all(|found| found.status.is_some() == (found.kind == SearchKind::Key)));
    let tenant = store.search(&[0; 32], &ada.id, None, "develop").await.expect("asked");
    assert_eq!(names(&tenant, SearchKind::Tenant), ["Development"]);

    // By the beginning of the id, and by the shortened secret.
    let id = &app.id.as_str()[..app.id.as_str().len() - 3];
    assert_eq!(
        names(&store.search(&[0; 32], &ada.id, None, id).await.expect("asked"), SearchKind::App),
        ["Focus and calm"]
    );
    let found = store.search(&[0; 32], &ada.id, None, &key.shown).await.expect("asked");
    assert_eq!(names(&found, SearchKind::Key), ["Calm CI"]);
    for nothing in ["", "   ", "\0", "a\0b", "nowhere"] {
        assert_eq!(store.search(&[0; 32], &ada.id, None, nothing).await.expect("asked"), [], "{nothing:?}");
    }
}

async fn what_begins_so_comes_first(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    for name in ["The Android", "Guandroid", "android two", "Android"] {
        store.app(&act, &org, name).await;
    }
    let found = store.search(&[0; 32], &ada.id, None, "android").await.expect("asked");
    assert_eq!(names(&found, SearchKind::App), ["Android", "android two", "The Android", "Guandroid"]);

    // Of two equal matches, the one in the current organization first.
    let other = store.org(&act, "Another").await;
    let there = store.app(&act, &other, "Android").await;
    let found = store.search(&[0; 32], &ada.id, Some(&other.id), "android").await.expect("asked");
    assert_eq!(found[0].id, there.id.as_str());
    let found = store.search(&[0; 32], &ada.id, Some(&org.id), "android").await.expect("asked");
    assert_ne!(found[0].id, there.id.as_str());
}

async fn signs_of_like_are_letters(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    for name in ["100% calm", "snake_case", "bang!", "back\\slash", "quo'te", "plain"] {
        store.app(&act, &org, name).await;
    }
    for (words, expected) in [
        ("%", "100% calm"),
        ("0% c", "100% calm"),
        ("e_c", "snake_case"),
        ("!", "bang!"),
        ("k\\s", "back\\slash"),
        ("o't", "quo'te"),
    ] {
        let found = store.search(&[0; 32], &ada.id, None, words).await.expect("asked");
        assert_eq!(names(&found, SearchKind::App), [expected], "{words}");
    }
}

async fn letters_beyond_ascii_have_cases_too(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let names_given = ["Östö", "ÄRGER", "Arger", "日本", "Привет", "ΌΣΟΣ", "GROSSE STRASSE", "Café", "cafe\u{301} two"];
    for name in names_given {
        store.app(&act, &org, name).await;
    }
    for (words, expected) in [
        ("östÖ", "Östö"),
        ("ärger", "ÄRGER"),
        ("arg", "Arger"),
        ("本", "日本"),
        ("пРиВ", "Привет"),
        ("όσος", "ΌΣΟΣ"),
        ("straße", "GROSSE STRASSE"),
        ("CAFE\u{301}", "Café"),
        ("café", "cafe\u{301} two"),
    ] {
        let found = store.search(&[0; 32], &ada.id, None, words).await.expect("asked");
        assert!(names(&found, SearchKind::App).contains(&expected), "{words}");
    }
    let found = store.search(&[0; 32], &ada.id, None, "Arg").await.expect("asked");
    assert_eq!(names(&found, SearchKind::App), ["Arger"], "an accent makes another letter");
}

async fn a_flood_of_matches_is_cut(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    for n in 0..12 {
        store.key(&act, &app, &format!("Backend {n:02}")).await;
    }
    let found = store.search(&[0; 32], &ada.id, None, "backend").await.expect("asked");
    assert_eq!(names(&found, SearchKind::Key).len(), 8);
}

async fn another_organization_is_never_found(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Secret Labs").await;
    let app = store.app(&act, &org, "Secret app").await;
    store.key(&act, &app, "Secret key").await;
    let tenants = store.tenants(&org.id).await.expect("asked");
    store.create_project(&act, &tenants[0], NewProject { name: "Secret project".to_owned() }).await.expect("made");
    let own = store.org(&store.act(&eve), "Eve's secret").await;

    for words in ["secret", "s", "%", "_", "", "app_", "key_", "org_", org.id.as_str(), app.id.as_str()] {
        let found = store.search(&[0; 32], &eve.id, Some(&org.id), words).await.expect("asked");
        assert!(found.iter().all(|found| found.id == own.id.as_str() || found.within.contains(&own.name)), "{words}");
    }
    assert!(store.search(&[0; 32], &ada.id, None, "secret").await.expect("asked").len() > 3);

    // As soon as she is a member, she finds it; and nobody finds it twice.
    store.add_member(&act, &org.id, &eve, Role::Developer).await.expect("added");
    let found = store.search(&[0; 32], &eve.id, None, "secret app").await.expect("asked");
    assert_eq!(names(&found, SearchKind::App), ["Secret app"]);
}

async fn people_are_found_by_those_who_share_an_organization(store: &TestStore) {
    let (ada, eve, grace) = (store.person("Ada").await, store.person("Eve").await, store.person("Grace Høpper").await);
    let act = store.act(&ada);
    let (org, other) = (store.org(&act, "Focus").await, store.org(&act, "Zoom").await);
    let elsewhere = store.org(&store.act(&eve), "Elsewhere").await;
    store.add_member(&act, &org.id, &grace, Role::Member).await.expect("added");
    store.add_member(&act, &other.id, &grace, Role::Member).await.expect("added");

    for words in ["grace", "HØPPER", grace.email.as_str(), &grace.email[..5], grace.id.as_str()] {
        let found = store.search(&[0; 32], &ada.id, Some(&other.id), words).await.expect("asked");
        assert_eq!(names(&found, SearchKind::Person), ["Grace Høpper"], "{words}: once");
        let person = found.iter().find(|found| found.kind == SearchKind::Person).expect("found");
        assert_eq!(person.member_of.as_ref(), Some(&other.id), "where one is");
        assert_eq!(person.within, [grace.email.as_str(), "Zoom"]);
        assert_eq!(
            names(&store.search(&[0; 32], &eve.id, Some(&org.id), words).await.expect("asked"), SearchKind::Person),
            [""; 0]
        );
    }
    assert_eq!(
        names(&store.search(&[0; 32], &grace.id, None, "eve").await.expect("asked"), SearchKind::Person),
        [""; 0]
    );
    store.add_member(&store.act(&eve), &elsewhere.id, &grace, Role::Member).await.expect("added");
    assert_eq!(
        names(&store.search(&[0; 32], &grace.id, None, "eve").await.expect("asked"), SearchKind::Person),
        ["Eve"]
    );
    store.remove_member(&act, &org.id, &grace).await.expect("removed");
    store.remove_member(&act, &other.id, &grace).await.expect("removed");
    assert_eq!(
        names(&store.search(&[0; 32], &ada.id, None, "grace").await.expect("asked"), SearchKind::Person),
        [""; 0]
    );
}

async fn a_secret_finds_its_key_for_members_alone(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    let secret = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
    assert_eq!(store.key_by_secret(&ada.id, secret).await.expect("asked"), Some(issued.key.id.clone()));
    assert_eq!(store.key_by_secret(&eve.id, secret).await.expect("asked"), None);
    // A revoked key is found too: useful for a person with an old secret.
    store.revoke_key(&act, &issued.key, String::new()).await.expect("revoked");
    assert_eq!(store.key_by_secret(&ada.id, secret).await.expect("asked"), Some(issued.key.id));
}

async fn owners_are_named(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let org = store.org(&store.act(&ada), "Focus").await;
    store.add_member(&store.act(&ada), &org.id, &eve, Role::Admin).await.expect("added");
    assert_eq!(store.owners(&org.id).await.expect("asked"), ["Ada"]);
}
