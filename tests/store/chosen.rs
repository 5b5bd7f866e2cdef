//! Selected keys, paused and revoked together.

use sallyport::{
    Error,
    place::Place,
    store::{EventFilter, KeyFilter, KeyStatus},
    testing::TestStore,
};

sallyport::on_both_databases!(all_of_them_or_none, each_has_its_event, two_at_once_do_not_wait_for_each_other);

async fn all_of_them_or_none(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let (app, other) = (store.app(&act, &org, "A").await, store.app(&act, &org, "B").await);
    let (kept, gone) = (store.key(&act, &app, "Kept").await.key, store.key(&act, &other, "Gone").await.key);
    store.delete_place(&act, &Place::from(&other)).await.expect("deleted");
    let keys = [gone, kept];
    for refused in [store.revoke_chosen(&act, &keys, String::new()).await, store.pause_chosen(&act, &keys).await] {
        assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
    }
    let active = KeyFilter { status: Some(KeyStatus::Active), ..KeyFilter::default() };
    assert_eq!(store.count_keys(&org.id, None, &active).await.expect("counted"), 1, "nothing was changed");
}

async fn each_has_its_event(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    let mut keys = Vec::new();
    for label in ["One", "Two", "Three"] {
        keys.push(store.key(&act, &app, label).await.key);
    }
    assert_eq!(store.pause_chosen(&act, &keys).await.expect("paused"), 3);
    assert_eq!(store.pause_chosen(&act, &keys).await.expect("again"), 0, "twice is once");
    let twice = [keys[0].clone(), keys[1].clone(), keys[0].clone()];
    assert_eq!(store.revoke_chosen(&act, &twice, "Offboarding".to_owned()).await.expect("revoked"), 2);
    for (action, count) in [("key.paused", 3), ("key.revoked", 2)] {
        let filter = EventFilter { action: action.to_owned(), ..EventFilter::default() };
        assert_eq!(store.events(&org.id, None, &filter).await.expect("asked").events.len(), count, "{action}");
    }
    let of_key = EventFilter { target: keys[0].id.to_string(), ..EventFilter::default() };
    let events = store.events(&org.id, None, &of_key).await.expect("asked").events;
    let actions: Vec<_> = events.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["key.revoked", "key.paused", "key.generated"]);
    assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
}

async fn two_at_once_do_not_wait_for_each_other(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    for round in 0..8 {
        let one = store.key(&act, &app, &format!("One {round}")).await.key;
        let two = store.key(&act, &app, &format!("Two {round}")).await.key;
        let (there, back) = ([one.clone(), two.clone()], [two, one]);
        let (paused, revoked) =
            tokio::join!(store.pause_chosen(&act, &there), store.revoke_chosen(&act, &back, String::new()));
        assert_eq!(revoked.expect("revoked"), 2);
        assert!(matches!(paused.expect("no deadlock"), 0 | 2), "both or neither were paused before");
    }
}
