//! One server at a time on a PostgreSQL database. SQLite uses a file lock.

mod postgres {
    use std::time::{Duration, Instant};

    use sallyport::{
        store::{LEASE, PollResult},
        testing::{Proxy, TestStore},
    };
    use sqlx::{AnyPool, Executor};

    use crate::opening::raw;

    /// More than a clean shutdown needs, and less than a lease.
    const SOON: Duration = Duration::from_secs(2);

    const END_THE_HOLDER: &str = "SELECT CASE WHEN pg_terminate_backend(pid) THEN 1 ELSE 0 END FROM pg_locks \
        WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

    /// The PostgreSQL process that holds the lock.
    async fn holder(pool: &AnyPool) -> Option<i64> {
        let sql = "SELECT CAST(pid AS BIGINT) FROM pg_locks WHERE locktype = 'advisory' \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        sqlx::query_scalar(sql).fetch_optional(pool).await.expect("asked")
    }

    #[tokio::test]
    async fn a_second_server_is_refused_until_the_first_ends() {
        let first = TestStore::postgres().await;
        let second = first.reopened().await;
        first.hold_server_lock().await.expect("free");
        first.hold_server_lock().await.expect("still ours");
        let error = second.hold_server_lock().await.expect_err("taken").to_string();
        assert!(error.contains("serves this database already"), "{error}");
        assert!(error.contains("SELECT pg_terminate_backend("), "{error}");
        first.store.close().await;
        let began = Instant::now();
        second.hold_server_lock().await.expect("free again");
        assert!(began.elapsed() < SOON, "the first one said that it ended");
        second.close().await;
        first.end().await;
    }

    #[tokio::test]
    async fn a_server_that_lost_its_lock_is_superseded_and_the_next_waits_out_its_lease() {
        let first = TestStore::postgres().await;
        let second = first.reopened().await;
        first.hold_server_lock().await.expect("free");
        let admin = raw(first.location()).await;
        let before = holder(&admin).await.expect("held");
        admin.execute(END_THE_HOLDER).await.expect("ended");
        let taking = second.clone();
        let began = Instant::now();
        // Free a moment after its session was terminated.
        let taken = tokio::spawn(async move { while taking.hold_server_lock().await.is_err() {} });
        while holder(&admin).await.is_none_or(|pid| pid == before) {
            tokio::task::yield_now().await;
        }
        assert_eq!(first.poll().await.expect("answered"), PollResult::Superseded, "at once");
        taken.await.expect("no panic");
        assert!(began.elapsed() >= LEASE, "accepts no key while the first one may");
        assert_eq!(first.poll().await.expect("answered"), PollResult::Superseded);
        assert_eq!(second.poll().await.expect("answered"), PollResult::Revision(0));
        admin.close().await;
        second.close().await;
        first.end().await;
    }

    #[tokio::test]
    async fn a_lock_whose_connection_was_lost_or_fell_silent_is_taken_again() {
        let owner = TestStore::postgres().await;
        let sallyport::store::Location::Postgres(url) = owner.location().clone() else { panic!("PostgreSQL") };
        let (proxy, url) = Proxy::before(&url);
        let server = owner.at(url).await;
        server.hold_server_lock().await.expect("free");
        let admin = raw(owner.location()).await;
        admin.execute(END_THE_HOLDER).await.expect("ended");
        assert_eq!(server.poll().await.expect("answered"), PollResult::Revision(0));
        for _ in 0..2 {
            proxy.silence();
            let began = Instant::now();
            assert_eq!(server.poll().await.expect("answered"), PollResult::Revision(0));
            assert!(began.elapsed() < LEASE, "before it may accept no key any more: {:?}", began.elapsed());
        }
        assert!(owner.hold_server_lock().await.is_err(), "and it is locked");
        proxy.stop();
        assert!(server.poll().await.is_err());
        let began = Instant::now();
        server.store.close().await;
        assert!(began.elapsed() < Duration::from_secs(4), "ends: {:?}", began.elapsed());
        admin.close().await;
        owner.end().await;
    }
}
