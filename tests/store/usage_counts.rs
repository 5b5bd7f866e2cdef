//! Counts of usage: added once, read by periods, and deleted when they are old or what they are of was deleted.

use std::time::Duration;

use sallyport::{
    Timestamp,
    id::KeyId,
    org::Org,
    place::Place,
    store::{AttributeName, CountBatch, CountName, SecretUseName, SecretUses, UsageRetention},
    testing::{SeededEntropy, TestStore},
    usage::Span,
};

sallyport::on_both_databases!(
    a_batch_counts_once_however_often_it_is_sent,
    batches_of_several_writers_add_up,
    a_period_is_read_by_its_span,
    projects_of_a_tenant_are_read_together,
    the_networks_of_a_key_in_an_hour_are_bounded,
    old_counts_are_deleted,
    counts_of_what_was_deleted_are_deleted,
    a_writer_whose_number_is_not_its_own_is_told,
    numbers_of_ended_writers_are_deleted_and_not_given_out_again,
    gateways_that_no_longer_ask_are_forgotten,
);

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A valid request at that time.
fn one(place: &str, at: Timestamp, n: u64) -> CountBatch {
    let name = |span: Span| CountName {
        place: place.to_owned(),
        span,
        at: span.start(at),
        code: "valid",
        scope: "read".to_owned(),
    };
    CountBatch { counts: Span::ALL.map(|span| (name(span), n)).into(), ..CountBatch::default() }
}

fn from_network(key: &KeyId, at: Timestamp) -> CountBatch {
    let name = AttributeName {
        key: key.clone(),
        hour: Span::Hour.start(at),
        kind: "network",
        value: "203.0.113.0/24".to_owned(),
    };
    let of_secret = SecretUseName {
        key: key.clone(),
        secret_n: 1,
        hour: Span::Hour.start(at),
        accepted: true,
        network: "203.0.113.0/24".to_owned(),
        agent: "curl".to_owned(),
    };
    let uses = SecretUses { requests: 1, first_at: at, last_at: at };
    let secrets = [(of_secret, uses)].into();
    CountBatch { attributes: [(name, 1)].into(), secrets, ..one(key.as_str(), at, 1) }
}

async fn requests(store: &TestStore, place: &str, span: Span) -> u64 {
    let (from, to) = (store.now() - DAY * 2_000, store.now() + DAY);
    store.usage(place, span, from, to).await.expect("read").iter().map(|count| count.requests).sum()
}

async fn a_batch_counts_once_however_often_it_is_sent(store: &TestStore) {
    let writer = store.new_usage_writer().await.expect("a writer");
    let key = KeyId::mint(&SeededEntropy::new(3));
    let batch = from_network(&key, store.now());
    let attempts = (0..6).map(|_| {
        let (store, batch) = (store.store.clone(), batch.clone());
        tokio::spawn(async move { store.add_usage(writer, 1, &batch).await })
    });
    for attempt in attempts.collect::<Vec<_>>() {
        attempt.await.expect("no panic").expect("added, or recognized");
    }
    for span in Span::ALL {
        assert_eq!(requests(store, key.as_str(), span).await, 1, "{span:?}");
    }
    store.add_usage(writer, 2, &batch).await.expect("added");
    let attributes = store.usage_attributes(&key, store.now() - HOUR, store.now() + HOUR).await.expect("read");
    assert_eq!(attributes.len(), 1);
    assert_eq!((attributes[0].value.as_str(), attributes[0].requests), ("203.0.113.0/24", 2));
    store.add_usage(writer, 1, &batch).await.expect("recognized");
    assert_eq!(requests(store, key.as_str(), Span::Day).await, 2);
}

async fn batches_of_several_writers_add_up(store: &TestStore) {
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let store = store.store.clone();
            tokio::spawn(async move {
                let writer = store.new_usage_writer().await.expect("a writer");
                for number in 1..=10 {
                    let mut batch = one("org_focus_000000", store.now(), 2);
                    batch.counts.extend(one("key_0000000000000000", store.now(), 1).counts);
                    store.add_usage(writer, number, &batch).await.expect("added");
                }
                writer
            })
        })
        .collect();
    let mut numbers = Vec::new();
    for writer in writers {
        numbers.push(writer.await.expect("no panic"));
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 4);
    assert_eq!(requests(store, "org_focus_000000", Span::Minute).await, 80);
    assert_eq!(requests(store, "key_0000000000000000", Span::Hour).await, 40);
}

async fn a_period_is_read_by_its_span(store: &TestStore) {
    let writer = store.new_usage_writer().await.expect("a writer");
    let start = Span::Day.start(store.now());
    for (number, after) in [(1, 0), (2, 59), (3, 60), (4, 3_600), (5, 86_400)] {
        let batch = one("app_focus_000000", start + Duration::from_secs(after), 1);
        store.add_usage(writer, number, &batch).await.expect("added");
    }
    let read = async |span, from: u64, to: u64| {
        let (from, to) = (start + Duration::from_secs(from), start + Duration::from_secs(to));
        let counts = store.usage("app_focus_000000", span, from, to).await.expect("read");
        counts.iter().map(|count| (count.at.since(start).as_secs(), count.requests)).collect::<Vec<_>>()
    };
    assert_eq!(read(Span::Minute, 0, 86_400).await, [(0, 2), (60, 1), (3_600, 1)]);
    assert_eq!(read(Span::Minute, 60, 3_600).await, [(60, 1)]);
    assert_eq!(read(Span::Hour, 0, 86_400).await, [(0, 3), (3_600, 1)]);
    assert_eq!(read(Span::Day, 0, 2 * 86_400).await, [(0, 4), (86_400, 1)]);
    assert!(store.usage("app_other_000000", Span::Day, start, start + DAY).await.expect("read").is_empty());
}

async fn projects_of_a_tenant_are_read_together(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let (one_app, other_app) = (store.app(&act, &org, "One").await, store.app(&act, &org, "Other").await);
    let elsewhere = store.org(&act, "Elsewhere").await;
    let foreign = store.app(&act, &elsewhere, "Foreign").await;
    let writer = store.new_usage_writer().await.expect("a writer");
    for (number, (app, n)) in (1..).zip([(&one_app, 2), (&other_app, 3), (&foreign, 40)]) {
        store.add_usage(writer, number, &one(app.project_id.as_str(), store.now(), n)).await.expect("added");
    }
    let read = async |org: &Org| {
        let tenants = store.tenants(&org.id).await.expect("asked");
        let (from, to) = (store.now() - DAY, store.now() + DAY);
        let counts = store.usage_of_tenant(&tenants[0].id, Span::Hour, from, to).await.expect("read");
        counts.iter().map(|count| (count.scope.clone(), count.requests)).collect::<Vec<_>>()
    };
    assert_eq!(read(&org).await, [("read".to_owned(), 5)]);
    assert_eq!(read(&elsewhere).await, [("read".to_owned(), 40)]);
}

/// However often a verifier forgets which ones it had.
async fn the_networks_of_a_key_in_an_hour_are_bounded(store: &TestStore) {
    let writer = store.new_usage_writer().await.expect("a writer");
    let key = KeyId::mint(&SeededEntropy::new(3));
    for number in 0..40 {
        let networks = (0..10).map(|n| {
            let value = format!("203.0.{}.0/24", (number * 5 + n) % 200);
            (AttributeName { key: key.clone(), hour: Span::Hour.start(store.now()), kind: "network", value }, 1)
        });
        let batch = CountBatch { attributes: networks.collect(), ..CountBatch::default() };
        store.add_usage(writer, number + 1, &batch).await.expect("added");
    }
    let told = store.usage_attributes(&key, store.now() - HOUR, store.now() + HOUR).await.expect("read");
    assert!((17..=32).contains(&told.len()), "{}", told.len());
    assert_eq!(told.iter().map(|one| one.requests).sum::<u64>(), 400);
}

async fn old_counts_are_deleted(store: &TestStore) {
    let writer = store.new_usage_writer().await.expect("a writer");
    let key = KeyId::mint(&SeededEntropy::new(3));
    // More than are deleted at once.
    let mut batch = CountBatch::default();
    for minute in 0..400 {
        let at = store.now() - DAY * 3 - Duration::from_secs(minute * 60);
        batch.counts.extend(one(key.as_str(), at, 1).counts);
        let CountBatch { attributes, secrets, .. } = from_network(&key, at);
        batch.attributes.extend(attributes);
        batch.secrets.extend(secrets);
    }
    let ages = [HOUR, HOUR * 47, HOUR * 49, DAY * 89, DAY * 92, DAY * 1_094, DAY * 1_097];
    for (number, age) in (2..).zip(ages) {
        store.add_usage(writer, number, &from_network(&key, store.now() - age)).await.expect("added");
    }
    store.add_usage(writer, 100, &batch).await.expect("added");
    let deleted = store.delete_old_usage(UsageRetention::default()).await.expect("deleted");
    assert!(deleted > 400, "{deleted}");
    assert_eq!(requests(store, key.as_str(), Span::Minute).await, 2);
    // Four of the ages, and the hours of the many minutes.
    let hours = store.dump().await["usage_attributes"].len();
    assert_eq!(requests(store, key.as_str(), Span::Hour).await as usize, hours);
    assert_eq!(store.dump().await["secret_uses"].len(), hours, "uses of secrets are kept as long");
    let days = store.usage(key.as_str(), Span::Day, store.now() - DAY * 2_000, store.now()).await.expect("read");
    assert!(days.iter().all(|day| store.now().since(day.at) < DAY * 1_095));
    assert!(days.iter().any(|day| store.now().since(day.at) > DAY * 1_093));
    assert_eq!(store.delete_old_usage(UsageRetention::default()).await.expect("deleted"), 0);
}

async fn counts_of_what_was_deleted_are_deleted(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let (app, kept) = (store.app(&act, &org, "Focus and calm").await, store.app(&act, &org, "Kept").await);
    let mut keys = Vec::new();
    for (n, app) in [&app, &kept, &app].into_iter().enumerate() {
        keys.push(store.key(&act, app, &format!("key {n}")).await.key.id);
    }
    let writer = store.new_usage_writer().await.expect("a writer");
    let places = [org.id.as_str(), app.id.as_str(), app.project_id.as_str(), "portal", "gateway:203.0.113.0/24"];
    let batches = keys.iter().map(|key| from_network(key, store.now()));
    let batches = batches.chain(places.iter().map(|place| one(place, store.now(), 1)));
    for (number, batch) in (1..).zip(batches) {
        store.add_usage(writer, number, &batch).await.expect("added");
    }
    assert_eq!(store.delete_usage_of_deleted().await.expect("none"), 0);
    store.delete_place(&act, &Place::from(&app)).await.expect("deleted");
    // Three spans of two keys and the app, and two networks by hour, of two keys and of two secrets.
    assert_eq!(store.delete_usage_of_deleted().await.expect("deleted"), 3 * 3 + 2 + 2 + 2);
    let counted = [app.id.as_str(), keys[0].as_str(), keys[2].as_str()];
    for place in counted {
        assert_eq!(requests(store, place, Span::Day).await, 0, "{place}");
    }
    for place in [keys[1].as_str(), org.id.as_str(), "portal", "gateway:203.0.113.0/24"] {
        assert_eq!(requests(store, place, Span::Day).await, 1, "{place}");
    }
    assert_eq!((store.dump().await["usage_attributes"].len(), store.dump().await["secret_uses"].len()), (1, 1));
}

/// A backup was restored under a running server, or its row was deleted.
async fn a_writer_whose_number_is_not_its_own_is_told(store: &TestStore) {
    let writer = store.new_usage_writer().await.expect("a writer");
    let batch = one("app_focus_000000", store.now(), 1);
    for number in [1, 2, 2] {
        assert!(store.add_usage(writer, number, &batch).await.expect("added, or recognized"));
    }
    assert!(!store.add_usage(writer, 1, &batch).await.expect("another process wrote under this number"));
    assert!(!store.add_usage(writer + 1, 1, &batch).await.expect("nobody has that number"));
    assert_eq!(requests(store, "app_focus_000000", Span::Day).await, 2);
}

async fn numbers_of_ended_writers_are_deleted_and_not_given_out_again(store: &TestStore) {
    for _ in 0..3 {
        store.new_usage_writer().await.expect("a writer");
    }
    store.clock.turn(8 * DAY);
    assert_eq!(store.delete_old_usage(UsageRetention::default()).await.expect("deleted"), 2);
    assert_eq!(store.new_usage_writer().await.expect("a writer"), 4);
}

/// Everybody can call the gateways' endpoint, from many networks.
async fn gateways_that_no_longer_ask_are_forgotten(store: &TestStore) {
    let writer = store.new_usage_writer().await.expect("a writer");
    let places = ["gateway:203.0.113.0/24", "portal"];
    let counts = places.iter().flat_map(|place| one(place, store.now(), 1).counts).collect();
    store.add_usage(writer, 1, &CountBatch { counts, ..CountBatch::default() }).await.expect("added");
    store.clock.turn(4 * DAY);
    store.delete_old_usage(UsageRetention::default()).await.expect("deleted");
    assert_eq!(requests(store, places[0], Span::Day).await, 0);
    assert_eq!(requests(store, places[1], Span::Day).await, 1);
}
