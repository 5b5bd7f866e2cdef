//! Every verdict is counted once, whatever happens to the database.

use std::{collections::BTreeMap, time::Duration};

use sallyport::{
    audit::{Act, Actor},
    id::{RequestId, TokenId},
    key::{Ask, Issued, Verdict, verdict::Via},
    request::Client,
    scope::Request,
    store::{KeyRequestFilter, PORTAL, Reader},
    testing::{SeededEntropy, TestStore},
    usage::Span,
    verifier::Verifier,
};

use crate::node::{Node, client};

sallyport::on_both_databases!(
    every_verdict_is_counted_for_each_level,
    unknown_keys_are_counted_by_who_asked,
    the_narrowest_scope_and_the_client_are_counted,
    a_failed_flush_is_made_up_for_and_counts_once,
    a_batch_that_is_not_confirmed_counts_once,
    counts_of_many_keys_are_written_in_small_batches,
    what_is_switched_off_counts_nothing,
    requests_are_listed_up_to_some_a_second,
);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Requests by code and scope.
async fn counted(store: &TestStore, place: &str, span: Span) -> BTreeMap<(String, String), u64> {
    let mut counted = BTreeMap::new();
    for count in store.usage(place, span, store.now() - DAY, store.now() + DAY).await.expect("read") {
        *counted.entry((count.code.as_str().to_owned(), count.scope)).or_default() += count.requests;
    }
    counted
}

async fn total(store: &TestStore, place: &str) -> u64 {
    counted(store, place, Span::Minute).await.values().sum()
}

fn named(pairs: &[(&str, &str, u64)]) -> BTreeMap<(String, String), u64> {
    pairs.iter().map(|(code, scope, n)| (((*code).to_owned(), (*scope).to_owned()), *n)).collect()
}

async fn setup(store: &TestStore) -> (Act, sallyport::app::App, Issued) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    (act, app, issued)
}

async fn judge(verifier: &Verifier, presented: &str, ask: Ask<'_>) {
    verifier.judge(Some(presented), &Ask { cost: 1, ..ask }, &client()).await.expect("judged");
}

async fn every_verdict_is_counted_for_each_level(store: &TestStore) {
    let (act, app, first) = setup(store).await;
    let second = store.key(&act, &app, "Second").await;
    let node = Node::start(store.store.clone()).await;
    for _ in 0..3 {
        judge(&node.verifier, first.secret.expose(), Ask::default()).await;
        judge(&node.verifier, second.secret.expose(), Ask { scopes: vec!["write"], ..Ask::default() }).await;
    }
    let paused = store.find(Reader::All, &first.key.id).await.expect("asked").expect("there");
    store.pause_key(&act, &paused).await.expect("paused");
    store.clock.turn(Duration::from_secs(60));
    judge(&node.verifier, first.secret.expose(), Ask::default()).await;
    assert_eq!(total(store, first.key.id.as_str()).await, 0, "nothing is written yet");
    let before = node.verifier.counted_until();
    node.verifier.flush().await.expect("written");
    assert!(node.verifier.counted_until() > before);
    node.verifier.flush().await.expect("nothing more");
    let of_first = named(&[("valid", "", 3), ("paused", "", 1)]);
    let of_all = named(&[("valid", "", 3), ("paused", "", 1), ("insufficient_scope", "", 3)]);
    for span in Span::ALL {
        assert_eq!(counted(store, first.key.id.as_str(), span).await, of_first, "{span:?}");
        for place in [app.id.as_str(), app.project_id.as_str(), app.org_id.as_str()] {
            assert_eq!(counted(store, place, span).await, of_all, "{place} {span:?}");
        }
    }
    let minutes = store.usage(first.key.id.as_str(), Span::Minute, store.now() - DAY, store.now() + DAY).await;
    assert_eq!(minutes.expect("read").len(), 2);
}

async fn unknown_keys_are_counted_by_who_asked(store: &TestStore) {
    let (_, _, issued) = setup(store).await;
    let node = Node::start(store.store.clone()).await;
    let stranger = store.org(&Act::by(Actor::CommandLine), "Other").await;
    let (token, _) =
        store.create_token(&Act::by(Actor::CommandLine), "CI", false, Some(stranger.id.clone())).await.expect("made");
    let backend = |token: &'static TokenId, org| Ask {
        token: Some(token),
        org_id: Some(org),
        via: Via::Backend { token: None },
        ..Ask::default()
    };
    let (id, org): (&'static TokenId, _) = (Box::leak(Box::new(token.id.clone())), Box::leak(Box::new(stranger.id)));
    judge(&node.verifier, "junk", backend(id, org)).await;
    judge(&node.verifier, "junk", Ask::default()).await;
    node.verifier.judge(None, &Ask::default(), &client()).await.expect("judged");
    // Another organization's key: nothing is counted for it.
    judge(&node.verifier, issued.secret.expose(), backend(id, org)).await;
    node.verifier.flush().await.expect("written");
    let of_token = named(&[("malformed", "", 1), ("not_found", "", 1)]);
    assert_eq!(counted(store, id.as_str(), Span::Hour).await, of_token);
    let of_gateway = named(&[("malformed", "", 1), ("missing", "", 1)]);
    assert_eq!(counted(store, "gateway:127.0.0.0/24", Span::Hour).await, of_gateway);
    let of_all = named(&[("malformed", "", 2), ("missing", "", 1), ("not_found", "", 1)]);
    assert_eq!(counted(store, PORTAL, Span::Day).await, of_all);
    assert_eq!(total(store, issued.key.id.as_str()).await, 0);
}

async fn the_narrowest_scope_and_the_client_are_counted(store: &TestStore) {
    let (act, app, _) = setup(store).await;
    let issued = store.issue(&act, &app, "Everything", &["admin"]).await.expect("issued");
    let node = Node::start(store.store.clone()).await;
    for (method, ip, agent) in [
        (Some("GET"), "203.0.113.9", "curl/8.14"),
        (Some("HEAD"), "203.0.113.200", "curl/8.13"),
        (Some("PUT"), "2001:db8::1", "Mine/1"),
        (None, "203.0.113.9", ""),
    ] {
        let ask = Ask { request: Request::new(method, None), ip: ip.parse().ok(), cost: 1, ..Ask::default() };
        let client = sallyport::request::Client { user_agent: Some(agent.to_owned()), ..client() };
        node.verifier.judge(Some(issued.secret.expose()), &ask, &client).await.expect("judged");
    }
    node.verifier.flush().await.expect("written");
    let expected = named(&[("valid", "read", 2), ("valid", "write", 1), ("valid", "", 1)]);
    assert_eq!(counted(store, issued.key.id.as_str(), Span::Hour).await, expected);
    let attributes = store.usage_attributes(&issued.key.id, store.now() - DAY, store.now() + DAY).await.expect("read");
    let told: Vec<_> = attributes.iter().map(|one| (one.kind.as_str(), one.value.as_str(), one.requests)).collect();
    let expected = [
        ("agent", "curl", 2),
        ("agent", "other", 1),
        ("agent", "unspecified", 1),
        ("method", "GET", 2),
        ("method", "PUT", 1),
        ("method", "unspecified", 1),
        ("network", "2001:db8::/48", 1),
        ("network", "203.0.113.0/24", 3),
    ];
    assert_eq!(told, expected);
}

async fn a_failed_flush_is_made_up_for_and_counts_once(store: &TestStore) {
    let (_, app, issued) = setup(store).await;
    let node = Node::start(store.store.clone()).await;
    judge(&node.verifier, issued.secret.expose(), Ask::default()).await;
    node.verifier.flush().await.expect("written");
    store.break_writes("usage_counts", "INSERT").await;
    let until = node.verifier.counted_until();
    for _ in 0..3 {
        judge(&node.verifier, issued.secret.expose(), Ask::default()).await;
        store.clock.turn(Duration::from_secs(61));
        node.verifier.flush_counts().await.expect_err("broken");
        assert_eq!(node.verifier.counted_until(), until);
    }
    store.repair_writes("usage_counts").await;
    judge(&node.verifier, issued.secret.expose(), Ask::default()).await;
    node.verifier.flush_counts().await.expect("written");
    node.verifier.flush_counts().await.expect("nothing more");
    for place in [issued.key.id.as_str(), app.id.as_str(), app.org_id.as_str()] {
        assert_eq!(total(store, place).await, 5, "{place}");
    }
    assert_eq!(node.verifier.counted_until(), store.now());
}

/// A flush whose caller is gone, and who does not know whether it was written.
async fn a_batch_that_is_not_confirmed_counts_once(store: &TestStore) {
    let (_, _, issued) = setup(store).await;
    let node = Node::start(store.store.clone()).await;
    for n in 1..=20 {
        judge(&node.verifier, issued.secret.expose(), Ask::default()).await;
        // Given up at another moment each time.
        let given_up = async {
            for _ in 0..n {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            _ = node.verifier.flush_counts() => {}
            () = given_up => {}
        }
    }
    node.verifier.flush_counts().await.expect("written");
    assert_eq!(total(store, issued.key.id.as_str()).await, 20);
}

async fn counts_of_many_keys_are_written_in_small_batches(store: &TestStore) {
    let (act, app, _) = setup(store).await;
    let node = Node::start(store.store.clone()).await;
    let mut keys = Vec::new();
    for n in 0..400 {
        keys.push(store.key(&act, &app, &format!("key {n}")).await);
    }
    for key in &keys {
        judge(&node.verifier, key.secret.expose(), Ask::default()).await;
    }
    node.verifier.flush_counts().await.expect("written");
    let writers = store.dump().await["usage_writers"].clone();
    // 1,200 rows of keys, and 1,200 of networks, programs and methods.
    assert_eq!(writers.len(), 1);
    let batches: u32 =
        writers[0].rsplit("Some(").nth(1).and_then(|n| n.split(')').next()?.parse().ok()).expect("a number");
    assert!((5..=7).contains(&batches), "{batches}");
    assert_eq!(total(store, app.id.as_str()).await, 400);
    for key in &keys {
        assert_eq!(total(store, key.key.id.as_str()).await, 1);
    }
}

async fn what_is_switched_off_counts_nothing(store: &TestStore) {
    let (_, _, issued) = setup(store).await;
    let node = Node::start(store.store.clone()).await;
    node.verifier.count_nothing();
    judge(&node.verifier, issued.secret.expose(), Ask::default()).await;
    judge(&node.verifier, "junk", Ask::default()).await;
    node.verifier.flush().await.expect("written");
    let dump = store.dump().await;
    assert!(dump["usage_counts"].is_empty() && dump["usage_writers"].is_empty());
}

async fn requests_are_listed_up_to_some_a_second(store: &TestStore) {
    let (_, _, issued) = setup(store).await;
    let node = Node::start(store.store.clone()).await;
    let ids = SeededEntropy::new(9);
    let send = async || {
        let client = Client { request_id: RequestId::mint(&ids), ..client() };
        let ask = Ask { cost: 1, ..Ask::default() };
        node.verifier.judge(Some(issued.secret.expose()), &ask, &client).await.expect("judged");
    };
    for _ in 0..25 {
        send().await;
    }
    store.clock.turn(Duration::from_secs(1));
    send().await;
    // Without a key there is nothing to list.
    judge(&node.verifier, "junk", Ask::default()).await;
    node.verifier.flush_counts().await.expect("written");
    let filter = KeyRequestFilter::default();
    let listed = store.key_requests(&issued.key.id, &filter).await.expect("read").requests;
    assert_eq!(listed.iter().map(|one| one.left_out).collect::<Vec<_>>(), [vec![15], vec![0; 10]].concat());
    assert!(listed.iter().all(|one| one.verdict == Verdict::Valid && one.org_id == issued.key.org_id));
    assert_eq!(total(store, issued.key.id.as_str()).await, 26);
}
