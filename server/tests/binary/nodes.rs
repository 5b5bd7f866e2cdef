//! Three servers on one PostgreSQL: what one of them answers as revoked is refused by all, whatever happens to the others.

mod broken;
mod checker;
mod client;
pub(crate) mod cluster;
mod database;
pub(crate) mod history;
mod sharing;
mod spending;
mod traffic;

mod postgres {
    use std::{
        sync::{
            Arc, Mutex,
            atomic::{AtomicBool, Ordering},
        },
        thread,
        time::{Duration, Instant},
    };

    use sallyport::testing::Proxy;
    use serde_json::Value;

    use super::{
        cluster::{Cluster, Key},
        history::History,
    };

    /// Far more than a lease, and far less than for ever: `make bench` measures how long it takes.
    const AT_MOST: Duration = Duration::from_secs(10);

    /// Less than a lease, which is a second.
    const SOON: Duration = Duration::from_millis(900);

    /// How many nodes did not say that they applied it.
    fn cut_off(answer: &Value) -> usize {
        answer["nodes"].as_array().expect("a list").iter().filter(|node| node["applied_ms"].is_null()).count()
    }

    /// How many revocations; SALLYPORT_REVOCATIONS sets more.
    fn revocations() -> usize {
        std::env::var("SALLYPORT_REVOCATIONS").map_or(25, |count| count.parse().expect("a number"))
    }

    /// Asks all nodes about all keys, over and over, while `work` runs.
    fn under_load(cluster: &Cluster, keys: &[Key], history: &History, work: impl FnOnce()) {
        let ended = Arc::new(AtomicBool::new(false));
        thread::scope(|scope| {
            for node in 0..cluster.nodes.len() {
                let ended = Arc::clone(&ended);
                let address = cluster.nodes[node].address.clone();
                scope.spawn(move || {
                    for key in keys.iter().cycle() {
                        if ended.load(Ordering::SeqCst) {
                            return;
                        }
                        history.ask(node, &address, key);
                    }
                });
            }
            // Also if it fails: the threads are waited for.
            let _ended = Ended(&ended);
            work();
        });
    }

    struct Ended<'a>(&'a AtomicBool);

    impl Drop for Ended<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_one_revokes_is_refused_by_all_when_it_is_answered() {
        let cluster = Cluster::start(3).await;
        let (keys, history) = (cluster.keys(revocations()), History::default());
        under_load(&cluster, &keys, &history, || {
            for (n, key) in keys.iter().enumerate() {
                let revoker = n % cluster.nodes.len();
                let answer = cluster.revoke(revoker, key, &history);
                assert_eq!(answer["confirmed"], true, "{answer}");
                assert_eq!(answer["nodes"].as_array().map(Vec::len), Some(3), "{answer}");
                for node in 0..3 {
                    // On a machine that is too busy to renew a lease, a node refuses everything: 503.
                    assert_ne!(history.ask(node, &cluster.nodes[node].address, key), 200, "{n}");
                }
            }
        });
        let checked = history.check();
        assert!(checked.accepted > 0 && checked.refused > keys.len(), "{checked:?}");
        let neither = checked.nothing;
        eprintln!("{checked:?}, neither: {neither}; revocations took {:?}", history.revocations());
        for key in &keys[..3] {
            cluster.until_shown(&format!("/keys/{}", key.id), "3 of 3 verifier nodes refuse this key, after ").await;
        }
        cluster.end().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_node_that_is_stopped_delays_an_answer_by_its_lease_and_refuses_when_it_goes_on() {
        let cluster = Cluster::start(3).await;
        let (keys, history) = (cluster.keys(4), History::default());
        let stopped = &cluster.nodes[2];
        keys.iter().for_each(|key| assert_eq!(history.ask(2, &stopped.address, key), 200));
        cluster.signal(2, "STOP");
        let began = Instant::now();
        let answer = cluster.revoke(0, &keys[0], &history);
        assert!(began.elapsed() < AT_MOST, "{:?}", began.elapsed());
        assert_eq!(answer["nodes"].as_array().map(Vec::len), Some(3), "{answer}");
        assert_eq!(cut_off(&answer), 1, "{answer}");

        // Its lease has ended, and others closed it: nobody waits for it again.
        cluster.until_closed(1).await;
        let began = Instant::now();
        cluster.revoke(1, &keys[1], &history);
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());

        // Requests that wait in its socket since before it goes on.
        thread::scope(|scope| {
            for key in &keys[..2] {
                scope.spawn(|| assert_ne!(history.ask(2, &stopped.address, key), 200));
            }
            thread::sleep(Duration::from_millis(100));
            cluster.signal(2, "CONT");
        });
        cluster.until(2, &keys[2], 200).await;
        keys[..2].iter().for_each(|key| assert_eq!(history.ask(2, &stopped.address, key), 401));
        history.check();
        cluster.end().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_node_that_is_cut_off_from_the_database_closes_within_its_lease() {
        let cluster = Cluster::start_behind_proxies(3).await;
        let (keys, history) = (cluster.keys(3), History::default());
        let cut_off = &cluster.nodes[2];
        keys.iter().for_each(|key| assert_eq!(history.ask(2, &cut_off.address, key), 200));
        cluster.proxies[2].stop();
        let cut_at = Instant::now();
        let closed_at = loop {
            let began = Instant::now();
            match history.ask(2, &cut_off.address, &keys[0]) {
                // So many requests reach the key's limit, which is asked for last: it is judged all the same.
                200 | 429 => {
                    assert!(began - cut_at < Duration::from_millis(1_200), "accepted {:?} later", began - cut_at)
                }
                503 => break began,
                other => panic!("{other}"),
            }
        };
        assert!(closed_at - cut_at < Duration::from_millis(1_200), "{:?}", closed_at - cut_at);
        assert!(cluster.get(2, "/readyz").starts_with("HTTP/1.1 503"));
        let began = Instant::now();
        cluster.revoke(0, &keys[0], &history);
        assert!(began.elapsed() < AT_MOST, "{:?}", began.elapsed());
        cluster.proxies[2].go_on();
        let back_at = Instant::now();
        cluster.until(2, &keys[1], 200).await;
        eprintln!("closed {:?} after the cut, back {:?} after its end", closed_at - cut_at, back_at.elapsed());
        assert_eq!(history.ask(2, &cut_off.address, &keys[0]), 401);
        history.check();
        cluster.end().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_a_database_all_nodes_are_closed_and_come_back_with_it() {
        let cluster = Cluster::start_behind_proxies(3).await;
        let (keys, history) = (cluster.keys(2), History::default());
        cluster.revoke(0, &keys[0], &history);
        cluster.proxies.iter().for_each(Proxy::stop);
        for node in 0..3 {
            cluster.until(node, &keys[1], 503).await;
            assert_eq!(history.ask(node, &cluster.nodes[node].address, &keys[0]), 503);
        }
        cluster.proxies.iter().for_each(Proxy::go_on);
        let back_at = Instant::now();
        for node in 0..3 {
            cluster.until(node, &keys[1], 200).await;
            eprintln!("node {node} is back after {:?}", back_at.elapsed());
            assert_eq!(history.ask(node, &cluster.nodes[node].address, &keys[0]), 401);
        }
        assert_eq!(cluster.revoke(1, &keys[1], &history)["confirmed"], true);
        eprintln!("revoked {:?} after the end of the outage", back_at.elapsed());
        for node in 0..3 {
            assert_ne!(history.ask(node, &cluster.nodes[node].address, &keys[1]), 200);
        }
        history.check();
        cluster.end().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_node_that_is_killed_is_waited_for_once() {
        let mut cluster = Cluster::start(3).await;
        let (keys, history) = (cluster.keys(4), History::default());
        keys.iter().for_each(|key| assert_eq!(history.ask(2, &cluster.nodes[2].address, key), 200));
        cluster.kill(2);
        let began = Instant::now();
        cluster.revoke(0, &keys[0], &history);
        assert!(began.elapsed() < AT_MOST, "{:?}", began.elapsed());
        cluster.until_closed(1).await;
        let began = Instant::now();
        cluster.revoke(1, &keys[1], &history);
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        cluster.restart(2);
        let address = cluster.nodes[2].address.clone();
        let answers: Vec<_> = keys.iter().map(|key| history.ask(2, &address, key)).collect();
        assert_eq!(answers, [401, 401, 200, 200]);
        assert_eq!(cluster.revoke(2, &keys[2], &history)["confirmed"], true);
        assert_eq!(history.ask(0, &cluster.nodes[0].address, &keys[2]), 401);
        history.check();
        cluster.end().await;
    }

    /// Stopped, cut off and killed in turn, each node, while all are asked and others revoke. SALLYPORT_FAULTS sets how many.
    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_revoked_is_accepted_whatever_happens_to_a_node() {
        let faults: usize = std::env::var("SALLYPORT_FAULTS").map_or(4, |count| count.parse().expect("a number"));
        let mut cluster = Cluster::start_behind_proxies(3).await;
        let (keys, history) = (cluster.keys(2 * faults + 1), History::default());
        let (control, revoked) = keys.split_last().expect("more than one");
        let addresses = Mutex::new(cluster.addresses());
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            for node in 0..3 {
                let (addresses, ended, history) = (&addresses, &ended, &history);
                scope.spawn(move || {
                    for key in revoked.iter().cycle().take_while(|_| !ended.load(Ordering::SeqCst)) {
                        let address = addresses.lock().expect("not poisoned")[node].clone();
                        history.ask(node, &address, key);
                    }
                });
            }
            let _ended = Ended(&ended);
            for (fault, keys) in revoked.chunks(2).enumerate() {
                let (node, healthy) = (fault % 3, (fault + 1) % 3);
                match (fault + fault / 3) % 3 {
                    0 => cluster.signal(node, "STOP"),
                    1 => cluster.proxies[node].stop(),
                    _ => cluster.kill(node),
                }
                for key in keys {
                    assert_eq!(cluster.revoke(healthy, key, &history)["confirmed"], true);
                }
                match (fault + fault / 3) % 3 {
                    0 => cluster.signal(node, "CONT"),
                    1 => cluster.proxies[node].go_on(),
                    _ => {
                        cluster.restart(node);
                        *addresses.lock().expect("not poisoned") = cluster.addresses();
                    }
                }
                cluster.wait_until(node, control, 200);
            }
        });
        for key in revoked {
            for (node, address) in cluster.addresses().iter().enumerate() {
                assert_ne!(history.ask(node, address, key), 200);
            }
        }
        let checked = history.check();
        assert!(checked.accepted > 0 && checked.refused > 0, "{checked:?}");
        eprintln!("{checked:?}; revocations took {:?}", history.revocations());
        cluster.end().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_node_that_ends_in_order_is_waited_for_by_nobody() {
        let mut cluster = Cluster::start(2).await;
        let (keys, history) = (cluster.keys(1), History::default());
        cluster.terminate(1);
        assert_eq!(cluster.listed().as_array().map(Vec::len), Some(1));
        let answer = cluster.revoke(0, &keys[0], &history);
        assert_eq!(answer["nodes"].as_array().map(Vec::len), Some(1), "{answer}");
        assert_eq!(cut_off(&answer), 0, "{answer}");
        cluster.end().await;
    }
}
