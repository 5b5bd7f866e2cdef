//! Daily quotas survive the process that counts them.

use sallyport::{
    Error, Timestamp,
    id::KeyId,
    limit::{Day, DayCount, StoredDay},
    place::Place,
    testing::TestStore,
};

sallyport::on_both_databases!(
    a_count_is_there_after_a_restart,
    a_write_that_is_repeated_counts_once,
    each_node_adds_what_it_counted,
    old_days_are_forgotten,
    many_old_days_are_forgotten,
    counts_go_with_their_key,
    flushes_and_deletions_do_not_harm_each_other,
);

fn count(at: Timestamp, requests: u64) -> DayCount {
    DayCount { day: Day::of(at), requests }
}

async fn keys(store: &TestStore, count: usize) -> (Vec<KeyId>, Place) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let mut keys = Vec::new();
    for n in 0..count {
        keys.push(store.key(&act, &app, &format!("key {n}")).await.key.id);
    }
    (keys, Place::from(&app))
}

async fn rows(store: &TestStore) -> usize {
    store.dump().await["key_days"].len()
}

async fn a_count_is_there_after_a_restart(store: &TestStore) {
    let (keys, _) = keys(store, 2).await;
    let (now, day) = (store.now(), Day::of(store.now()));
    assert_eq!(store.key_day(&keys[0], day.number()).await.expect("asked").requests, 0);
    let counts = vec![(keys[0].clone(), count(now, 7)), (keys[1].clone(), count(now, u64::from(u32::MAX) + 9))];
    store.record_days(counts).await.expect("written");
    let after = store.reopened().await;
    assert_eq!(after.key_day(&keys[0], day.number()).await.expect("asked").requests, 7);
    assert_eq!(after.key_day(&keys[1], day.number()).await.expect("asked").requests, u64::from(u32::MAX) + 9);
    assert_eq!(after.key_day(&keys[0], day.number() + 1).await.expect("asked").requests, 0, "another day");
    after.close().await;
}

async fn a_write_that_is_repeated_counts_once(store: &TestStore) {
    let (keys, _) = keys(store, 1).await;
    let (now, day) = (store.now(), Day::of(store.now()).number());
    for (written, there) in [(5, 5), (5, 5), (9, 9), (6, 9)] {
        store.record_days(vec![(keys[0].clone(), count(now, written))]).await.expect("written");
        assert_eq!(store.key_day(&keys[0], day).await.expect("asked").requests, there);
    }
}

async fn each_node_adds_what_it_counted(store: &TestStore) {
    let (keys, _) = keys(store, 1).await;
    let (key, now, day) = (&keys[0], store.now(), Day::of(store.now()).number());
    let other = store.reopened().await;
    store.record_days(vec![(key.clone(), count(now, 5))]).await.expect("written");
    other.record_days(vec![(key.clone(), count(now, 3))]).await.expect("written");
    // Neither overwrites the other's, in any order and however often.
    for _ in 0..2 {
        store.record_days(vec![(key.clone(), count(now, 6))]).await.expect("written");
    }
    for (node, own) in [(&store.store, 6), (&other, 3)] {
        assert_eq!(node.key_day(key, day).await.expect("asked"), StoredDay { requests: 9, own });
    }
    other.close().await;
    store.forget_days(day + 1).await.expect("forgotten");
    assert_eq!(rows(store).await, 0);
}

async fn old_days_are_forgotten(store: &TestStore) {
    let (keys, _) = keys(store, 3).await;
    let today = store.now();
    let days = [0, 1, 2, 9].map(|ago| today - std::time::Duration::from_secs(ago * 86_400));
    let counts = days.iter().flat_map(|at| keys.iter().map(|key| (key.clone(), count(*at, 1)))).collect();
    store.record_days(counts).await.expect("written");
    assert_eq!(rows(store).await, 12);
    store.forget_days(Day::of(today).before().number()).await.expect("forgotten");
    assert_eq!(rows(store).await, 6, "today's and yesterday's");
}

async fn many_old_days_are_forgotten(store: &TestStore) {
    let (keys, _) = keys(store, 1).await;
    let today = store.now();
    // More than go in one part.
    let days = (0..1_203).map(|ago| today - std::time::Duration::from_secs(ago * 86_400));
    store.record_days(days.map(|at| (keys[0].clone(), count(at, 1))).collect()).await.expect("written");
    store.forget_days(Day::of(today).before().number()).await.expect("forgotten");
    assert_eq!(rows(store).await, 2, "today's and yesterday's");
}

async fn counts_go_with_their_key(store: &TestStore) {
    let (keys, app) = keys(store, 2).await;
    let act = sallyport::audit::Act::by(sallyport::audit::Actor::CommandLine);
    let counts = || keys.iter().map(|key| (key.clone(), count(store.now(), 3))).collect::<Vec<_>>();
    store.record_days(counts()).await.expect("written");
    assert_eq!(rows(store).await, 2);
    store.delete_place(&act, &app).await.expect("deleted");
    assert_eq!(rows(store).await, 0);
    // Collected before the deletion and written after it.
    store.record_days(counts()).await.expect("nothing to write, and no error");
    assert_eq!(rows(store).await, 0);
    assert!(store.check_integrity().await.expect("checked").is_empty());
}

async fn flushes_and_deletions_do_not_harm_each_other(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    for round in 0..4 {
        let app = store.app(&act, &org, &format!("App {round}")).await;
        let mut counts = Vec::new();
        for n in 0..40 {
            let key = store.key(&act, &app, &format!("key {n}")).await.key.id;
            counts.push((key, count(store.now(), 1)));
        }
        let (first, second) = (store.store.clone(), store.store.clone());
        let (one, other) = (counts.clone(), counts.clone());
        let flushes = [
            tokio::spawn(async move { first.record_days(one).await }),
            tokio::spawn(async move { second.record_days(other).await }),
        ];
        store.delete_place(&act, &Place::from(&app)).await.expect("whatever is written meanwhile");
        for flush in flushes {
            // One that was aborted in a deadlock, or whose keys were deleted, is written with the next one.
            let flushed = flush.await.expect("no panic");
            assert!(matches!(flushed, Ok(()) | Err(Error::Busy(_) | Error::NotFound)), "{flushed:?}");
        }
        store.record_days(counts).await.expect("nothing is left to write");
        assert_eq!(rows(store).await, 0);
    }
}
