//! Checks of the keys in use, and what was counted of the keys of a place.

use std::{collections::BTreeMap, time::Duration};

use sallyport::{
    app::App,
    audit::{Act, Actor},
    id::KeyId,
    key::{NewKey, new::KeyInput},
    member::{Permission, Role},
    org::Org,
    place::Place,
    store::{AttributeName, CountBatch, CountName, HygieneCheck, KeyFilter, Reader, Sight},
    testing::TestStore,
    usage::Span,
};

sallyport::on_both_databases!(
    keys_of_people_who_left_are_found,
    a_check_counts_up_to_a_bound,
    a_person_sees_the_keys_that_their_list_holds,
    some_networks_of_a_key_are_kept,
    a_place_says_what_its_keys_were_used_for,
);

async fn count(store: &TestStore, org: &Org, check: HygieneCheck, sight: &Sight) -> i64 {
    let counts = store.hygiene(&org.id, sight).await.expect("read");
    let (_, n) = counts.into_iter().find(|(one, _)| *one == check).expect("a check");
    let filter = KeyFilter { check: Some(check), sight: sight.clone(), ..KeyFilter::default() };
    let page = store.listed_keys(&org.id, None, &filter).await.expect("read");
    assert_eq!(page.total, n, "{check:?}");
    n
}

async fn keys_of_people_who_left_are_found(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let (act, shell) = (store.act(&ada), Act::by(Actor::CommandLine));
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    store.add_member(&shell, &org.id, &eve, Role::Admin).await.expect("given");
    store.key(&act, &app, "Ada's").await;
    store.key(&store.act(&eve), &app, "Eve's").await;
    store.key(&shell, &app, "of the command line").await;
    assert_eq!(count(store, &org, HygieneCheck::CreatorLeft, &Sight::ALL).await, 0);
    store.remove_member(&act, &org.id, &eve).await.expect("removed");
    assert_eq!(count(store, &org, HygieneCheck::CreatorLeft, &Sight::ALL).await, 1);
    // What is archived is not in use.
    store.archive_place(&act, &Place::from(&app)).await.expect("archived");
    assert_eq!(count(store, &org, HygieneCheck::CreatorLeft, &Sight::ALL).await, 0);
}

async fn a_check_counts_up_to_a_bound(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let input = KeyInput { label: "Many", environment: "production", scopes: vec!["admin"], ..KeyInput::default() };
    let new = NewKey::check(&input, store.profile(), store.now()).expect("checked");
    store.issue_many(&act, &app, &new, 1_100).await.expect("issued");
    assert_eq!(count(store, &org, HygieneCheck::NoExpiry, &Sight::ALL).await, 1_001);
    assert_eq!(count(store, &org, HygieneCheck::CanDeleteUnused, &Sight::ALL).await, 0);
    store.clock.turn(Duration::from_secs(31 * 86_400));
    assert_eq!(count(store, &org, HygieneCheck::CanDeleteUnused, &Sight::ALL).await, 1_001);
}

async fn a_person_sees_the_keys_that_their_list_holds(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let (here, beside) = (store.app(&act, &org, "Here").await, store.app(&act, &org, "Beside").await);
    for app in [&here, &beside] {
        store.key(&act, app, "CI").await;
    }
    let eve = store.person("Eve").await;
    let project = store.find(Reader::All, &here.project_id).await.expect("read").expect("a project");
    store.add_member(&act, &project, &eve, Role::Viewer).await.expect("given");
    let sight = Sight::of_person(&eve.id, Permission::SeeKeys);
    for check in [HygieneCheck::NoExpiry, HygieneCheck::NeverUsed, HygieneCheck::SigningNotRequired] {
        assert_eq!(count(store, &org, check, &Sight::ALL).await, 2);
        assert_eq!(count(store, &org, check, &sight).await, 1);
    }
}

fn networks(store: &TestStore, key: &KeyId, networks: impl Iterator<Item = u64>) -> CountBatch {
    let named = |n| {
        let value = format!("203.0.{n}.0/24");
        (AttributeName { key: key.clone(), hour: Span::Hour.start(store.now()), kind: "network", value }, 1)
    };
    CountBatch { attributes: networks.map(named).collect(), ..CountBatch::default() }
}

async fn some_networks_of_a_key_are_kept(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "CI").await.key.id;
    let writer = store.new_usage_writer().await.expect("a writer");
    let kept = async || store.dump().await["usage_networks"].len();
    for number in 1..=20 {
        store.add_usage(writer, number, &networks(store, &key, 0..10)).await.expect("added");
    }
    assert_eq!((kept().await, count(store, &org, HygieneCheck::ManyNetworks, &Sight::ALL).await), (10, 0));
    store.add_usage(writer, 21, &networks(store, &key, 10..11)).await.expect("added");
    assert_eq!((kept().await, count(store, &org, HygieneCheck::ManyNetworks, &Sight::ALL).await), (11, 1));
    for n in 0..20 {
        let some = networks(store, &key, n * 10..n * 10 + 10);
        store.add_usage(writer, 22 + i64::try_from(n).expect("few"), &some).await.expect("added");
    }
    assert!((64..=80).contains(&kept().await), "{}", kept().await);
    // Those that are used again stay, and the others are no longer counted.
    store.clock.turn(Duration::from_secs(31 * 86_400));
    store.add_usage(writer, 50, &networks(store, &key, 0..5)).await.expect("added");
    assert_eq!(count(store, &org, HygieneCheck::ManyNetworks, &Sight::ALL).await, 0);
}

fn used(store: &TestStore, org: &Org, app: &App, key: &KeyId, network: u64, scope: &str) -> CountBatch {
    let counts = [org.id.as_str(), app.id.as_str(), key.as_str()].map(|place| {
        let at = Span::Day.start(store.now());
        let name = CountName { place: place.to_owned(), span: Span::Day, at, code: "valid", scope: scope.to_owned() };
        (name, 2)
    });
    CountBatch { counts: BTreeMap::from(counts), ..networks(store, key, [network].into_iter()) }
}

async fn a_place_says_what_its_keys_were_used_for(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let (app, other) = (store.app(&act, &org, "Here").await, store.app(&act, &org, "Beside").await);
    let said = async |app: Option<&App>| {
        let history = store.place_history(&org.id, app.map(|app| &app.id)).await.expect("read");
        history.sentences("The keys", store.profile(), store.now())
    };
    assert!(said(None).await.is_empty(), "no key, nothing to say");
    let one = store.issue(&act, &app, "one", &["read", "write"]).await.expect("issued").key.id;
    let two = store.issue(&act, &other, "two", &["delete"]).await.expect("issued").key.id;
    let writer = store.new_usage_writer().await.expect("a writer");
    store.add_usage(writer, 1, &used(store, &org, &app, &one, 113, "read")).await.expect("added");
    let only = "They were never used from outside 203.0.113.0/24.";
    assert_eq!(said(Some(&app)).await, ["The keys used 1 of 2 scopes in 1 day.", only]);
    assert!(said(Some(&other)).await.is_empty());
    store.clock.turn(Duration::from_secs(29 * 86_400));
    store.add_usage(writer, 2, &used(store, &org, &other, &two, 7, "delete")).await.expect("added");
    assert_eq!(
        said(None).await,
        [
            "The keys used 2 of 3 scopes in 29 days.",
            "They were never used from outside 203.0.113.0/24 or 203.0.7.0/24.",
        ]
    );
    store.clock.turn(Duration::from_secs(41 * 86_400));
    assert_eq!(said(None).await, ["The keys have been unused for 41 days."]);
}
