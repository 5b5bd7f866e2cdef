//! An upgrade while it serves: servers of the release before are replaced one after the other on one PostgreSQL, and no request
//! fails. `scripts/soak upgrade` builds them.

mod postgres {
    use std::{
        path::PathBuf,
        sync::{
            Mutex,
            atomic::{AtomicBool, Ordering},
        },
        thread,
    };

    use serde_json::{Value, json};

    use super::super::{
        client,
        cluster::{Cluster, Key, Surroundings},
    };
    use crate::load::Connection;

    const CLIENTS: usize = 8;
    /// How many requests a client sends over one connection.
    const OF_ONE_CONNECTION: usize = 50;
    /// How many requests have to be answered while both versions serve, and by each alone.
    const LEAST: usize = 500;

    /// What clients saw that go to another node if one does not accept connections, as a load balancer does.
    #[derive(Default)]
    struct Seen {
        answered: usize,
        moved: usize,
        failed: Vec<String>,
    }

    struct Traffic<'a> {
        addresses: &'a Mutex<Vec<String>>,
        keys: &'a [Key],
        seen: &'a Mutex<Seen>,
        ended: &'a AtomicBool,
    }

    impl Traffic<'_> {
        fn run(&self, first: usize) {
            let mut keys = self.keys.iter().cycle();
            for turn in first.. {
                if self.ended.load(Ordering::SeqCst) {
                    return;
                }
                let address = {
                    let addresses = self.addresses.lock().expect("not poisoned");
                    addresses[turn % addresses.len()].clone()
                };
                let Ok(mut connection) = Connection::open(&address) else {
                    // Nothing was sent.
                    self.seen.lock().expect("not poisoned").moved += 1;
                    continue;
                };
                for key in keys.by_ref().take(OF_ONE_CONNECTION) {
                    let question = format!("GET /v1/auth HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\r\n", key.secret);
                    let answer = connection.ask(question.as_bytes());
                    let mut seen = self.seen.lock().expect("not poisoned");
                    match answer {
                        // A limit was reached: it was judged all the same.
                        Ok(head) if head.starts_with("HTTP/1.1 200") || head.starts_with("HTTP/1.1 429") => {
                            seen.answered += 1;
                            if head.contains("connection: close") {
                                break;
                            }
                        }
                        Ok(head) => {
                            seen.failed.push(head);
                            break;
                        }
                        Err(error) => {
                            seen.failed.push(error.to_string());
                            break;
                        }
                    }
                }
            }
        }

        /// Waits until so many more requests were answered.
        fn go_on(&self) {
            let answered = || self.seen.lock().expect("not poisoned").answered;
            let wanted = answered() + LEAST;
            while answered() < wanted && self.seen.lock().expect("not poisoned").failed.is_empty() {
                thread::yield_now();
            }
        }
    }

    /// A request to the API, which may not fail.
    fn manage(cluster: &Cluster, node: usize, path: &str, body: &Value) -> Value {
        let answer = client::manage(&cluster.nodes[node].address, &cluster.token, "POST", path, body);
        let (status, body) = answer.unwrap_or_else(|| panic!("no answer to {path} of node {node}"));
        assert!((200..300).contains(&status), "{path} of node {node}: {status} {body}");
        body
    }

    /// What one node makes, rotates and revokes the other accepts and refuses, both ways.
    fn agree(cluster: &Cluster) {
        for (maker, other) in [(0, 1), (1, 0)] {
            let judged = |key: &Key, expected: u16| {
                for node in [maker, other] {
                    assert_eq!(
                        client::verify(&cluster.nodes[node].address, &key.secret),
                        Some(expected),
                        "node {node}"
                    );
                }
            };
            let until = |key: &Key, expected| [maker, other].map(|node| cluster.wait_until(node, key, expected));
            let body = json!({ "label": "Made during an upgrade", "environment": "production", "scopes": ["read"] });
            let key = Key::made(&manage(cluster, maker, &format!("/v1/apps/{}/keys", cluster.app), &body));
            judged(&key, 200);
            manage(cluster, other, &format!("/v1/keys/{}/pause", key.id), &Value::Null);
            until(&key, 403);
            manage(cluster, maker, &format!("/v1/keys/{}/resume", key.id), &Value::Null);
            until(&key, 200);
            let answer = manage(cluster, other, &format!("/v1/keys/{}/revoke", key.id), &Value::Null);
            assert_eq!(answer["confirmed"], true, "{answer}");
            judged(&key, 401);
        }
    }

    struct Ended<'a>(&'a AtomicBool);

    impl Drop for Ended<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    /// TEST_OLDER is the binary of the release before.
    #[tokio::test(flavor = "multi_thread")]
    async fn no_request_fails_through_older_servers_and_their_replacement() {
        let older = PathBuf::from(std::env::var("TEST_OLDER").expect("scripts/soak upgrade sets it"));
        let mut cluster = Cluster::start_in(2, Surroundings { binary: Some(older), ..Surroundings::default() }).await;
        let keys = cluster.keys(40);
        let (addresses, seen, ended) = (Mutex::new(cluster.addresses()), Mutex::default(), AtomicBool::new(false));
        let traffic = Traffic { addresses: &addresses, keys: &keys, seen: &seen, ended: &ended };
        thread::scope(|scope| {
            let traffic = &traffic;
            for client in 0..CLIENTS {
                scope.spawn(move || traffic.run(client));
            }
            let _ended = Ended(&ended);
            agree(&cluster);
            traffic.go_on();
            for node in [1, 0] {
                cluster.terminate(node);
                traffic.go_on();
                cluster.upgrade(node);
                *addresses.lock().expect("not poisoned") = cluster.addresses();
                agree(&cluster);
                traffic.go_on();
            }
        });
        let Seen { answered, moved, failed } = seen.into_inner().expect("not poisoned");
        eprintln!("{answered} answered, {moved} went to the other node, {} failed", failed.len());
        assert!(failed.is_empty(), "{:?}", &failed[..failed.len().min(10)]);
        cluster.end().await;
    }
}
