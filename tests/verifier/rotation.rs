//! Uses of each secret of a key that is rotated, and replacing one that nobody used.

use std::time::Duration;

use sallyport::{
    Error,
    audit::Act,
    key::{Ask, Issued, Key, NewRotation, PlainSecret, Verdict},
    org::NewOrg,
    plan::Plan,
    store::{Location, SecretUses},
    tenant::NewTenant,
    testing::TestStore,
};

use crate::node::{Node, raw};

sallyport::on_both_databases!(
    uses_are_counted_for_each_secret_while_a_key_is_rotated,
    places_of_an_hour_are_bounded,
    a_secret_that_nobody_used_is_replaced,
    a_use_in_memory_prevents_the_replacement,
    a_use_that_is_being_written_prevents_the_replacement,
    a_use_whose_write_waits_prevents_the_replacement,
    a_replacement_goes_on_without_its_caller,
    both_secrets_are_judged_in_memory_to_the_last_moment,
    no_request_is_refused_through_a_whole_rotation,
    of_a_first_use_and_a_replacement_at_once_one_wins,
);

const HOUR: Duration = Duration::from_secs(3600);

async fn key(store: &TestStore) -> (Node, Act, Issued) {
    let node = Node::start(store.store.clone()).await;
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    (node, act, issued)
}

fn grace(grace: Duration) -> NewRotation {
    NewRotation { grace, ..NewRotation::default() }
}

async fn ask(node: &Node, secret: &PlainSecret, ip: &str) -> Verdict {
    node.judge(secret, &Ask { ip: ip.parse().ok(), cost: 1, ..Ask::default() }).await
}

async fn uses(store: &TestStore, key: &Key, n: i64) -> Vec<(String, bool, u64)> {
    let uses = store.secret_uses(&key.id, n, store.now() - 24 * HOUR).await.expect("read");
    uses.into_iter().map(|(of, SecretUses { requests, .. })| (of.network, of.accepted, requests)).collect()
}

async fn uses_are_counted_for_each_secret_while_a_key_is_rotated(store: &TestStore) {
    let (node, act, Issued { key, secret: old, .. }) = key(store).await;
    ask(&node, &old, "10.0.0.1").await;
    node.verifier.flush().await.expect("written");
    assert_eq!(uses(store, &key, 1).await, [], "it is not rotated");
    let new = store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated").secret;
    for _ in 0..3 {
        ask(&node, &old, "10.0.0.1").await;
    }
    ask(&node, &old, "10.0.1.1").await;
    ask(&node, &new, "10.0.0.1").await;
    let test =
        Ask { ip: "10.0.0.1".parse().ok(), mode: Some(sallyport::profile::Mode::Test), cost: 1, ..Ask::default() };
    assert_eq!(node.judge(&new, &test).await, Verdict::ModeMismatch);
    for _ in 0..2 {
        node.verifier.flush().await.expect("written once");
    }
    let from = |network: &str, accepted, n| (network.to_owned(), accepted, n);
    let of_old = [from("10.0.0.0/24", true, 3), from("10.0.1.0/24", true, 1)];
    assert_eq!(uses(store, &key, 1).await, of_old);
    assert_eq!(uses(store, &key, 2).await, [from("10.0.0.0/24", false, 1), from("10.0.0.0/24", true, 1)]);
    assert_eq!(store.secret_last_used(&key.id, 1).await.expect("read"), Some(store.now()));
    store.clock.turn(HOUR);
    node.poll().await;
    assert_eq!(ask(&node, &old, "10.0.0.1").await, Verdict::Rotated);
    node.verifier.flush().await.expect("written");
    let late = uses(store, &key, 1).await;
    assert!(late.contains(&from("10.0.0.0/24", false, 1)), "who still has the old one is seen: {late:?}");
    store.clock.turn(7 * 24 * HOUR);
    node.poll().await;
    ask(&node, &new, "10.0.0.1").await;
    node.verifier.flush().await.expect("written");
    assert_eq!(uses(store, &key, 2).await, [], "it is over");
}

async fn places_of_an_hour_are_bounded(store: &TestStore) {
    let (node, act, Issued { key, secret: old, .. }) = key(store).await;
    store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated");
    for block in 0..100 {
        ask(&node, &old, &format!("10.0.{block}.1")).await;
        node.verifier.flush().await.expect("written");
    }
    let uses = uses(store, &key, 1).await;
    assert_eq!(uses.len(), 33);
    assert_eq!(uses.iter().map(|(.., n)| n).sum::<u64>(), 100, "none is lost");
}

async fn a_secret_that_nobody_used_is_replaced(store: &TestStore) {
    let (node, act, Issued { key, secret: old, .. }) = key(store).await;
    ask(&node, &old, "10.0.0.1").await;
    let lost = store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated").secret;
    ask(&node, &old, "10.0.0.1").await;
    let issued = node.verifier.replace_unseen(&act, &key, grace(Duration::ZERO)).await.expect("replaced");
    assert_eq!(issued.key.rotating_until(store.now()), Some(store.now() + HOUR));
    let verdicts = node.judges([&old, &lost, &issued.secret]).await;
    assert_eq!(verdicts, [Verdict::Valid, Verdict::Rotated, Verdict::Valid]);
}

async fn a_use_in_memory_prevents_the_replacement(store: &TestStore) {
    let (node, act, Issued { key, secret: old, .. }) = key(store).await;
    let replaced = async || node.verifier.replace_unseen(&act, &key, grace(HOUR)).await;
    let refused = |result| matches!(result, Err(Error::Conflict { code: "secret_in_use", .. }));
    assert_eq!(ask(&node, &old, "10.0.0.1").await, Verdict::Valid);
    assert!(refused(replaced().await), "the first secret of a key");
    assert_eq!(ask(&node, &old, "10.0.0.1").await, Verdict::Valid, "it is accepted again");
    let new = store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated").secret;
    assert_eq!(ask(&node, &new, "10.0.0.1").await, Verdict::Valid);
    assert!(refused(replaced().await), "it is in memory");
    assert!(refused(replaced().await), "it is written");
    assert_eq!(node.judges([&old, &new]).await, [Verdict::Valid; 2]);
    store.clock.turn(8 * 24 * HOUR);
    node.poll().await;
    assert!(refused(replaced().await), "its uses are no longer counted");
}

async fn a_use_that_is_being_written_prevents_the_replacement(store: &TestStore) {
    let (node, act, Issued { key: first, .. }) = key(store).await;
    let app = store.apps_of_org(&first.org_id, &sallyport::store::Sight::ALL).await.expect("asked").remove(0);
    for n in 0..20 {
        let Issued { key, secret, .. } = store.key(&act, &app, &format!("Key {n}")).await;
        assert_eq!(ask(&node, &secret, "10.0.0.1").await, Verdict::Valid);
        let worker = node.verifier.flush_uses();
        let (written, replaced) = tokio::join!(worker, node.verifier.replace_unseen(&act, &key, grace(HOUR)));
        written.expect("written");
        assert!(matches!(replaced, Err(Error::Conflict { code: "secret_in_use", .. })), "{n}");
        assert_eq!(ask(&node, &secret, "10.0.0.1").await, Verdict::Valid, "{n}");
    }
}

/// PostgreSQL: the worker's write waits for another transaction, which SQLite's one writer can't.
async fn a_use_whose_write_waits_prevents_the_replacement(store: &TestStore) {
    if !matches!(store.location(), Location::Postgres(_)) {
        return;
    }
    let (node, act, Issued { key, secret, .. }) = key(store).await;
    assert_eq!(ask(&node, &secret, "10.0.0.1").await, Verdict::Valid);
    let pool = raw(store).await;
    let mut held = pool.begin().await.expect("begun");
    sqlx::query("LOCK TABLE key_uses IN SHARE MODE").execute(&mut *held).await.expect("locked");
    let worker = node.verifier.flush_uses();
    let (written, replaced) = tokio::join!(worker, node.verifier.replace_unseen(&act, &key, grace(HOUR)));
    assert!(written.is_err() && replaced.is_err(), "what is not written is not judged");
    held.rollback().await.expect("ended");
    pool.close().await;
    assert_eq!(ask(&node, &secret, "10.0.0.1").await, Verdict::Valid, "it is accepted again");
}

/// The caller is gone as soon as the secret is refused.
async fn a_replacement_goes_on_without_its_caller(store: &TestStore) {
    let (node, act, Issued { key: first, .. }) = key(store).await;
    let app = store.apps_of_org(&first.org_id, &sallyport::store::Sight::ALL).await.expect("asked").remove(0);
    for (n, is_used) in [true, false].into_iter().cycle().take(10).enumerate() {
        let Issued { key, secret, .. } = store.key(&act, &app, &format!("Key {n}")).await;
        if is_used {
            assert_eq!(ask(&node, &secret, "10.0.0.1").await, Verdict::Valid);
        }
        let numbers = async || {
            let live = store.live_secrets(&key.id).await.expect("read");
            (live.current.map(|current| current.n), live.last)
        };
        let until = async |is_over: fn((Option<i64>, i64)) -> bool| {
            while !is_over(numbers().await) {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = node.verifier.replace_unseen(&act, &key, grace(HOUR)) => {}
            () = until(|(current, _)| current != Some(1)) => {}
        }
        let over = until(|(current, last)| current == Some(last));
        tokio::time::timeout(HOUR / 60, over).await.expect("the key has a secret again");
        let expected = if is_used { (Some(1), 1) } else { (Some(2), 2) };
        assert_eq!(numbers().await, expected, "{n}");
    }
}

async fn both_secrets_are_judged_in_memory_to_the_last_moment(store: &TestStore) {
    let (node, act, Issued { key, secret: old, .. }) = key(store).await;
    let new = store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated").secret;
    assert_eq!(node.judges([&old, &new]).await, [Verdict::Valid; 2]);
    assert_eq!(node.asked(), 2);
    store.clock.turn(HOUR - Duration::from_micros(1));
    assert_eq!(node.judges([&old, &new]).await, [Verdict::Valid; 2]);
    store.clock.turn(Duration::from_micros(1));
    assert_eq!(node.judges([&old, &new]).await, [Verdict::Rotated, Verdict::Valid]);
    assert_eq!(node.asked(), 0, "no second look-up");
}

/// Requests while a key is rotated, half of them with the new secret from then on. `SALLYPORT_ROTATION` says how many.
async fn no_request_is_refused_through_a_whole_rotation(store: &TestStore) {
    const CLIENTS: u64 = 8;
    let node = Node::start(store.store.clone()).await;
    let act = store.act(&store.person("Ada").await);
    // Without limits.
    let first_tenant = Some(NewTenant { name: "Development".to_owned() });
    let (name, plan) = ("Focus".to_owned(), Plan::Enterprise);
    let org = NewOrg { name, plan, first_tenant, ..NewOrg::default() };
    let org = store.create_org(&act, org).await.expect("made");
    let Issued { key, secret: old, .. } = store.key(&act, &store.app(&act, &org, "Focus and calm").await, "CI").await;
    let all: u64 = std::env::var("SALLYPORT_ROTATION").ok().and_then(|n| n.parse().ok()).unwrap_or(4_000);
    let each = all / CLIENTS / 2;
    let (node, old) = (std::sync::Arc::new(node), std::sync::Arc::new(old));
    let clients = |secrets: [&std::sync::Arc<PlainSecret>; 2]| {
        let tasks = (0..CLIENTS).map(|client| {
            let (node, secret) = (std::sync::Arc::clone(&node), std::sync::Arc::clone(secrets[client as usize % 2]));
            tokio::spawn(async move {
                for _ in 0..each {
                    assert_eq!(ask(&node, &secret, &format!("10.0.{client}.1")).await, Verdict::Valid);
                    tokio::task::yield_now().await;
                }
            })
        });
        tasks.collect::<Vec<_>>()
    };
    let before = clients([&old, &old]);
    let new = std::sync::Arc::new(store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated").secret);
    for client in before {
        client.await.expect("none is refused");
    }
    node.verifier.flush().await.expect("written");
    let so_far: u64 = uses(store, &key, 1).await.iter().map(|(.., n)| n).sum();
    for client in clients([&old, &new]) {
        client.await.expect("none is refused");
    }
    node.verifier.flush().await.expect("written");
    for (n, counted) in [(1, so_far + each * CLIENTS / 2), (2, each * CLIENTS / 2)] {
        assert_eq!(uses(store, &key, n).await.iter().map(|(.., n)| n).sum::<u64>(), counted, "secret {n}");
    }
    store.clock.turn(HOUR);
    node.poll().await;
    assert_eq!(node.judges([&old, &new]).await, [Verdict::Rotated, Verdict::Valid]);
}

async fn of_a_first_use_and_a_replacement_at_once_one_wins(store: &TestStore) {
    let (node, act, Issued { key, .. }) = key(store).await;
    let node = std::sync::Arc::new(node);
    for _ in 0..20 {
        let ends = store.live_secrets(&key.id).await.expect("read").previous.map(|_| sallyport::key::Ends::Previous);
        let new = NewRotation { ends, ..grace(HOUR) };
        let secret = std::sync::Arc::new(store.rotate_key(&act, &key, new).await.expect("rotated").secret);
        let (user, used) = (std::sync::Arc::clone(&node), std::sync::Arc::clone(&secret));
        let use_ = tokio::spawn(async move { ask(&user, &used, "10.0.0.1").await });
        let replaced = node.verifier.replace_unseen(&act, &key, grace(HOUR)).await;
        let was_accepted = use_.await.expect("judged") == Verdict::Valid;
        let works = ask(&node, &secret, "10.0.0.1").await == Verdict::Valid;
        assert_eq!((was_accepted, works), (replaced.is_err() && was_accepted, replaced.is_err()), "{replaced:?}");
    }
}

/// On several nodes, each has to have written its uses.
mod nodes {
    mod postgres {
        use super::super::*;

        const IN_TIME: Duration = Duration::from_secs(30);

        async fn another(store: &TestStore) -> Node {
            let other = store.reopened().await;
            other.join_nodes("1.2.3", String::new()).await.expect("joined");
            Node::start(other).await
        }

        /// What its workers do.
        async fn works(node: &Node) {
            loop {
                node.poll().await;
                node.verifier.flush().await.expect("written");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }

        async fn replaced(own: &Node, other: &Node, act: &Act, key: &Key) -> sallyport::Result<Issued> {
            own.poll().await;
            tokio::select! {
                replaced = own.verifier.replace_unseen(act, key, grace(HOUR)) => replaced,
                () = works(other) => unreachable!(),
                () = tokio::time::sleep(IN_TIME) => panic!("it waits"),
            }
        }

        fn is_in_use(result: &sallyport::Result<Issued>) -> bool {
            matches!(result, Err(Error::Conflict { code: "secret_in_use", .. }))
        }

        #[tokio::test]
        async fn a_secret_that_nobody_used_on_any_node_is_replaced() {
            let store = TestStore::postgres().await;
            store.join_nodes("1.2.3", String::new()).await.expect("joined");
            let (own, act, Issued { key, secret: old, .. }) = key(&store).await;
            let other = another(&store).await;
            own.poll().await;
            other.poll().await;
            assert_eq!(ask(&other, &old, "10.0.0.1").await, Verdict::Valid);
            let lost = store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated").secret;
            let issued = replaced(&own, &other, &act, &key).await.expect("replaced");
            other.poll().await;
            assert_eq!(
                other.judges([&old, &lost, &issued.secret]).await,
                [Verdict::Valid, Verdict::Rotated, Verdict::Valid]
            );
            // Used on the other node, which keeps it in memory.
            let refused = replaced(&own, &other, &act, &key).await;
            assert!(is_in_use(&refused), "{refused:?}");
            other.poll().await;
            assert_eq!(ask(&other, &issued.secret, "10.0.0.1").await, Verdict::Valid, "it is accepted again");
            other.store.close().await;
            store.end().await;
        }

        #[tokio::test]
        async fn a_node_that_is_cut_off_may_have_seen_it() {
            let store = TestStore::postgres().await;
            store.join_nodes("1.2.3", String::new()).await.expect("joined");
            let (own, act, Issued { key, .. }) = key(&store).await;
            let other = another(&store).await;
            let pool = raw(&store).await;
            sqlx::query(
                "UPDATE nodes SET is_open = 0 WHERE version = '1.2.3' AND renewals = (SELECT MAX(renewals) FROM nodes)",
            )
            .execute(&pool)
            .await
            .expect("closed");
            own.poll().await;
            let refused = own.verifier.replace_unseen(&act, &key, grace(HOUR)).await;
            assert!(is_in_use(&refused), "{refused:?}");
            sqlx::query("DELETE FROM nodes WHERE is_open = 0").execute(&pool).await.expect("gone for good");
            own.verifier.replace_unseen(&act, &key, grace(HOUR)).await.expect("replaced");
            pool.close().await;
            other.store.close().await;
            store.end().await;
        }
    }
}
