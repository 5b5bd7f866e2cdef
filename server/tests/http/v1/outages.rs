//! A database whose connections go silent, and many requests for one key that is not cached.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::portal::TestPortal;

crate::on_both_portals!(one_look_up_however_many_ask);

async fn one_look_up_however_many_ask(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let (asked, answer) = (Arc::new(AtomicUsize::new(0)), Arc::new(tokio::sync::Notify::new()));
    let (counted, held) = (Arc::clone(&asked), Arc::clone(&answer));
    portal.store.slow_look_ups(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let held = Arc::clone(&held);
        async move { held.notified().await }
    });
    let askers = (0..100).map(|_| {
        let (client, secret) = (portal.client.clone(), secret.clone());
        tokio::spawn(async move { client.auth("", &[("x-api-key", &secret)]).await.status.as_u16() })
    });
    let askers: Vec<_> = askers.collect();
    while asked.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    answer.notify_one();
    for asker in askers {
        assert_eq!(asker.await.expect("no panic"), 200);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

mod postgres_falls_silent {
    mod postgres {
        use sallyport::{
            store::Location,
            testing::{Proxy, TestStore},
        };

        use super::super::*;

        /// What the worker does, and concurrent requests. SALLYPORT_SILENCE is the duration in seconds; in `make
        /// soak` it is a minute.
        #[tokio::test]
        async fn all_is_answered_again_within_four_seconds() {
            let first = TestPortal::new(TestStore::postgres().await).await;
            let Location::Postgres(url) = first.store.location().clone() else { panic!("PostgreSQL") };
            let (proxy, url) = Proxy::before(&url);
            let portal = first.at_database(url).await;
            portal.store.join_nodes("test", String::new()).await.expect("joined");
            portal.set_up().await;
            let app = portal.app().await;
            let (_, cached) = portal.key(&app).await;
            let mut others = Vec::new();
            for _ in 0..3 {
                others.push(portal.key(&app).await);
            }
            assert_eq!(portal.auth("", &[("x-api-key", &cached)]).await.status, 200);
            let seconds = std::env::var("SALLYPORT_SILENCE").map_or(0, |seconds| seconds.parse().expect("a number"));
            let silence = Duration::from_secs(seconds);
            for (key, secret) in &others {
                proxy.silence();
                let began = Instant::now();
                portal.state.verifier.poll().await.expect("polled");
                assert_eq!(portal.auth("", &[("x-api-key", &cached)]).await.status, 200);
                assert_eq!(portal.auth("", &[("x-api-key", secret)]).await.status, 200);
                portal.revoke(key).await;
                assert_eq!(portal.auth("", &[("x-api-key", secret)]).await.status, 401);
                assert_eq!(portal.get("/readyz").await.status, 200);
                assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
                while began.elapsed() < silence {
                    tokio::time::sleep(Duration::from_millis(250)).await;
                    portal.state.verifier.poll().await.expect("polled");
                    assert_eq!(portal.auth("", &[("x-api-key", &cached)]).await.status, 200);
                }
            }
            portal.store.close().await;
            first.end().await;
        }
    }
}
