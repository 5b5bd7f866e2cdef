//! A key's status and permissions: consistent in lists, filters, counts, searches and verdicts.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use sallyport::{
    audit::{Act, Actor},
    key::{Holder, Key, Status},
    member::Role,
    place::Place,
    profile::{HolderKind, Profile},
    store::{KeyFilter, KeyStatus, Reader},
    testing::TestStore,
};

sallyport::on_both_databases!(
    a_key_is_suspended_with_what_it_speaks_for,
    a_personal_key_is_suspended_with_its_person,
    suspended_is_between_expired_and_paused,
    a_scope_filter_asks_what_a_key_may_do,
    all_that_are_not_revoked_are_to_be_revoked,
);

/// Which keys each status lists, by label; compared with the status of the keys themselves.
async fn listed(store: &TestStore, org: &sallyport::org::Org) -> BTreeMap<&'static str, Vec<String>> {
    let mut all = BTreeMap::new();
    for status in KeyStatus::ALL {
        let filter = KeyFilter { status: Some(*status), include_revoked: true, ..KeyFilter::default() };
        let page = store.keys(&org.id, None, &filter).await.expect("asked");
        assert_eq!(page.total, store.count_keys(&org.id, None, &filter).await.expect("counted"));
        for key in &page.keys {
            let is = match status {
                KeyStatus::Expiring | KeyStatus::Unused => "active",
                other => other.as_str(),
            };
            assert_eq!(key.status(store.now()).as_str(), is, "{}", key.label);
        }
        let mut labels: Vec<_> = page.keys.into_iter().map(|key| key.label).collect();
        labels.sort();
        if !labels.is_empty() {
            all.insert(status.as_str(), labels);
        }
    }
    all
}

async fn suspended(store: &TestStore, key: &Key) -> bool {
    let stored = store.key_by_id(&key.id).await.expect("asked").expect("there");
    let seen = store.find(Reader::All, &key.id).await.expect("asked").expect("there");
    assert_eq!(seen.suspended, stored.record.owner.suspended, "pages and verifiers agree");
    assert_eq!(seen.suspended, seen.status(store.now()) == Status::Suspended);
    seen.suspended
}

async fn a_key_is_suspended_with_what_it_speaks_for(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let (app, other) = (store.app(&act, &org, "Focus and calm").await, store.app(&act, &org, "Other").await);
    let key = store.key(&act, &app, "CI").await.key;
    store.key(&act, &other, "Elsewhere").await;
    let tenant = store.tenants(&org.id).await.expect("asked").remove(0);
    let projects =
        store.projects(&org.id, &sallyport::store::Sight::ALL, &sallyport::store::Sight::ALL).await.expect("asked");
    let project = projects.iter().map(|(project, _)| project).find(|project| project.id == app.project_id);
    let project = project.expect("its project").clone();
    let active = |app: &sallyport::app::App| {
        let id = app.id.clone();
        let project = project.id.clone();
        async move {
            let apps = store.apps(&project, &sallyport::store::Sight::ALL).await.expect("asked");
            apps.into_iter().find(|(app, _)| app.id == id).map(|(_, keys)| keys.active)
        }
    };
    assert!(!suspended(store, &key).await);
    assert_eq!(active(&app).await, Some(1));
    for (place, both) in [
        (Place::from(&app), false),
        (Place::from(&project), false),
        (Place::from(&tenant), true),
        (Place::from(&org), true),
    ] {
        store.archive_place(&act, &place).await.expect("archived");
        assert!(suspended(store, &key).await, "{:?}", place.kind);
        let lists = listed(store, &org).await;
        let all = if both { vec!["CI", "Elsewhere"] } else { vec!["CI"] };
        assert_eq!(lists["suspended"], all, "{:?}", place.kind);
        assert_eq!(lists.contains_key("active"), !both);
        assert_eq!(active(&app).await, Some(0), "{:?}: it is not counted as active", place.kind);
        store.restore_place(&act, &place).await.expect("restored");
        assert!(!suspended(store, &key).await);
    }
    assert_eq!(listed(store, &org).await.get("suspended"), None);
}

async fn a_personal_key_is_suspended_with_its_person(first: &TestStore) {
    let mut profile = (*Profile::standard()).clone();
    profile.keys.owner = HolderKind::Member;
    let store = first.with_profile(Arc::new(profile)).await;
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    store.add_member(&act, &org.id, &eve, Role::Developer).await.expect("added");
    let key = store.key(&store.act(&eve), Holder::Member(org.clone(), eve.clone()), "Of Eve").await.key;
    store.key(&act, Holder::Member(org.clone(), ada.clone()), "Of Ada").await;
    assert!(!suspended(&store, &key).await);
    store.disable_user(&Act::by(Actor::CommandLine), &eve).await.expect("disabled");
    assert!(suspended(&store, &key).await);
    assert_eq!(listed(&store, &org).await["suspended"], ["Of Eve"]);
    store.enable_user(&Act::by(Actor::CommandLine), &eve).await.expect("enabled");
    assert!(!suspended(&store, &key).await);
    store.remove_member(&act, &org.id, &eve).await.expect("removed");
    assert!(suspended(&store, &key).await);
    let lists = listed(&store, &org).await;
    assert_eq!(
        (&lists["suspended"][..], &lists["active"][..]),
        (&["Of Eve".to_owned()][..], &["Of Ada".to_owned()][..])
    );
    store.close().await;
}

async fn suspended_is_between_expired_and_paused(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let paused = store.key(&act, &app, "Paused").await.key;
    let revoked = store.key(&act, &app, "Revoked").await.key;
    let input = sallyport::key::new::KeyInput {
        label: "Expired",
        environment: "production",
        scopes: vec!["read"],
        expires: "1".into(),
        ..sallyport::key::new::KeyInput::default()
    };
    let new = sallyport::key::NewKey::check(&input, store.profile(), store.now()).expect("checked");
    store.issue_key(&act, &app, new, None).await.expect("issued");
    store.key(&act, &app, "Unused").await;
    store.pause_key(&act, &paused).await.expect("paused");
    store.revoke_key(&act, &revoked, String::new()).await.expect("revoked");
    store.clock.turn(Duration::from_secs(40 * 86_400));
    let before = listed(store, &org).await;
    assert_eq!(
        (&before["paused"][..], &before["unused"][..]),
        (&["Paused".to_owned()][..], &["Unused".to_owned()][..])
    );
    store.archive_place(&act, &Place::from(&app)).await.expect("archived");
    let after = listed(store, &org).await;
    assert_eq!(after["suspended"], ["Paused", "Unused"], "nobody is asked to look at what is out of use");
    assert_eq!(after["expired"], ["Expired"]);
    assert_eq!(after["revoked"], ["Revoked"]);
    assert_eq!(after.len(), 3, "{after:?}");
}

async fn a_scope_filter_asks_what_a_key_may_do(first: &TestStore) {
    let text = include_str!("../../examples/profiles/default.toml");
    let text = format!(
        "{text}\n[[scopes]]\nname = \"root\"\ntitle = \"Root\"\nimplies = [\"admin\"]\n\
         [[bundles]]\nname = \"editor\"\ntitle = \"Editor\"\nscopes = [\"read\", \"write\"]\n"
    );
    let store = first.with_profile(Arc::new(Profile::parse(&text).expect("a profile"))).await;
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    for scopes in [&["read"][..], &["write"], &["read", "write"], &["delete"], &["admin"], &["root"]] {
        store.issue(&act, &app, &scopes.join("+"), scopes).await.expect("issued");
        store.clock.turn(Duration::from_secs(1));
    }
    for (scope, expected) in [
        ("delete", &["delete", "admin", "root"][..]),
        ("read", &["read", "read+write", "admin", "root"]),
        ("admin", &["admin", "root"]),
        ("root", &["root"]),
        // All scopes of the bundle.
        ("editor", &["read+write", "admin", "root"]),
        ("fly", &[]),
        ("%", &[]),
    ] {
        let filter = KeyFilter {
            scope: scope.to_owned(),
            sort: sallyport::store::KeySort::Oldest,
            environment: "production".to_owned(),
            ..KeyFilter::default()
        };
        let page = store.keys(&org.id, Some(&app.id), &filter).await.expect("asked");
        let labels: Vec<_> = page.keys.iter().map(|key| key.label.as_str()).collect();
        assert_eq!(labels, expected, "{scope}");
        assert_eq!(usize::try_from(page.total).expect("few"), expected.len());
    }
    store.close().await;
}

async fn all_that_are_not_revoked_are_to_be_revoked(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let (one, two) = (store.app(&act, &org, "One").await, store.app(&act, &org, "Two").await);
    for app in [&one, &one, &one, &two] {
        store.key(&act, app, "CI").await;
    }
    let page = store.keys(&org.id, Some(&one.id), &KeyFilter::default()).await.expect("asked");
    store.revoke_key(&act, &page.keys[0], String::new()).await.expect("revoked");
    store.pause_key(&act, &page.keys[1]).await.expect("paused");
    for (place, expected) in [(Place::from(&one), 2), (Place::from(&org), 3)] {
        assert_eq!(store.keys_to_revoke(&place).await.expect("counted"), expected);
    }
    let told = store.keys_to_revoke(&Place::from(&one)).await.expect("counted");
    let revoked = store.revoke_all(&act, &Place::from(&one), String::new()).await.expect("revoked");
    assert_eq!(i64::try_from(revoked).expect("few"), told);
    assert_eq!(store.keys_to_revoke(&Place::from(&one)).await.expect("counted"), 0);
}
