//! The rows of servers on PostgreSQL. On SQLite a file lock makes sure that there is one.

mod postgres {
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        time::{Duration, Instant},
    };

    use sallyport::{
        Error,
        node::{Refusal, TERMS},
        testing::{Proxy, TestStore},
    };
    use sqlx::{AnyPool, AssertSqlSafe, Executor};

    use crate::opening::raw;

    async fn number(pool: &AnyPool, sql: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT CAST(({sql}) AS BIGINT)")))
            .fetch_one(pool)
            .await
            .expect("asked")
    }

    fn no_time() -> Duration {
        Duration::ZERO
    }

    #[tokio::test]
    async fn a_node_renews_its_row_and_removes_it_when_it_ends() {
        let node = TestStore::postgres().await;
        let other = node.reopened().await;
        let pool = raw(node.location()).await;
        node.join_nodes("1.2.3", "127.0.0.1:1".to_owned()).await.expect("joined");
        assert_eq!(other.nodes().await.expect("read").len(), 1);
        let ticks = AtomicU64::new(5);
        let now = || Duration::from_secs(ticks.fetch_add(1, Ordering::SeqCst));
        let renewal = node.poll(0, &now).await.expect("renewed");
        assert_eq!((renewal.sent_at, renewal.acknowledged, renewal.head), (Duration::from_secs(5), 0, 0));
        assert_ne!(renewal.timeline, 0, "PostgreSQL says it");
        let before = number(&pool, "SELECT renewals FROM nodes").await;
        pool.execute("UPDATE revision SET n = 7").await.expect("as if there had been changes");
        node.poll(7, &now).await.expect("renewed");
        assert_eq!(number(&pool, "SELECT renewals FROM nodes").await, before + 1);
        assert_eq!(number(&pool, "SELECT applied_revision FROM nodes").await, 7);
        node.store.close().await;
        assert!(other.nodes().await.expect("read").is_empty());
        other.close().await;
        pool.close().await;
        node.end().await;
    }

    #[tokio::test]
    async fn a_node_that_was_closed_or_removed_joins_again() {
        let node = TestStore::postgres().await;
        let pool = raw(node.location()).await;
        node.join_nodes("1.2.3", String::new()).await.expect("joined");
        for closing in ["UPDATE nodes SET is_open = 0", "DELETE FROM nodes"] {
            pool.execute(closing).await.expect("closed");
            node.poll(3, &no_time).await.expect("renewed");
            assert_eq!(number(&pool, "SELECT is_open FROM nodes").await, 1, "{closing}");
        }
        // One that a newer version can't live with.
        pool.execute("UPDATE nodes SET is_open = 0").await.expect("closed");
        pool.execute("UPDATE oldest_schema SET version = 999999").await.expect("raised");
        let error = node.poll(3, &no_time).await.expect_err("refused").to_string();
        assert!(error.contains("a newer Sallyport changed this database"), "{error}");
        assert_eq!(number(&pool, "SELECT is_open FROM nodes").await, 0);
        pool.close().await;
        node.end().await;
    }

    /// Somebody may still want to close it by a number of renewals from before.
    #[tokio::test]
    async fn a_row_that_was_removed_comes_back_with_other_numbers() {
        let node = TestStore::postgres().await;
        let pool = raw(node.location()).await;
        node.join_nodes("1.2.3", String::new()).await.expect("joined");
        for _ in 0..3 {
            node.poll(0, &no_time).await.expect("renewed");
        }
        let before = number(&pool, "SELECT renewals FROM nodes").await;
        pool.execute("DELETE FROM nodes").await.expect("removed");
        node.poll(0, &no_time).await.expect("joined again");
        assert!(number(&pool, "SELECT renewals FROM nodes").await > before);
        pool.close().await;
        node.end().await;
    }

    /// Old versions of its row make room for new ones in the same page.
    #[tokio::test]
    async fn renewals_do_not_make_the_table_grow() {
        let node = TestStore::postgres().await;
        let pool = raw(node.location()).await;
        node.join_nodes("1.2.3", String::new()).await.expect("joined");
        // Without room for new ones each round would take more. A transaction of somebody else, also in another database,
        // keeps old versions for as long as it lasts.
        let mut sizes = Vec::new();
        while sizes.len() < 2 || sizes[sizes.len() - 1] > sizes[sizes.len() - 2] {
            assert!(sizes.len() < 400, "{sizes:?}");
            for _ in 0..1_000 {
                node.poll(0, &no_time).await.expect("renewed");
            }
            sizes.push(number(&pool, "pg_relation_size('nodes')").await);
        }
        let settings = "SELECT COUNT(*) FROM pg_class WHERE relname IN ('nodes', 'revision') AND 'fillfactor=25' = ANY (reloptions)";
        assert_eq!(number(&pool, settings).await, 2);
        pool.close().await;
        node.end().await;
    }

    /// The numbers that it applied may belong to other changes by now.
    #[tokio::test]
    async fn a_node_acknowledges_nothing_where_the_revision_went_backwards() {
        let node = TestStore::postgres().await;
        let pool = raw(node.location()).await;
        pool.execute("UPDATE revision SET n = 7").await.expect("as if there had been changes");
        node.join_nodes("1.2.3", String::new()).await.expect("joined");
        assert_eq!(number(&pool, "SELECT applied_revision FROM nodes").await, 7);
        pool.execute("UPDATE revision SET n = 5").await.expect("lost");
        for (how, before) in [
            ("it renews", "UPDATE nodes SET applied_revision = 7"),
            ("it joins again", "UPDATE nodes SET is_open = 0, applied_revision = 7"),
            ("its row is lost", "DELETE FROM nodes"),
        ] {
            pool.execute(before).await.expect("written");
            let renewal = node.poll(7, &no_time).await.expect("renewed");
            assert_eq!((renewal.acknowledged, renewal.head), (7, 5), "{how}: it notices");
            assert_eq!(number(&pool, "SELECT applied_revision FROM nodes").await, 0, "{how}");
        }
        node.poll(5, &no_time).await.expect("renewed");
        assert_eq!(number(&pool, "SELECT applied_revision FROM nodes").await, 5);
        pool.close().await;
        node.end().await;
    }

    #[tokio::test]
    async fn a_renewal_over_a_silent_connection_is_repeated_within_a_lease() {
        let owner = TestStore::postgres().await;
        let sallyport::store::Location::Postgres(url) = owner.location().clone() else { panic!("PostgreSQL") };
        let (proxy, url) = Proxy::before(&url);
        let node = owner.at(url).await;
        node.join_nodes("1.2.3", String::new()).await.expect("joined");
        for _ in 0..2 {
            proxy.silence();
            let began = Instant::now();
            node.poll(0, &no_time).await.expect("renewed");
            assert!(began.elapsed() < TERMS.lease, "{:?}", began.elapsed());
        }
        proxy.stop();
        assert!(node.poll(0, &no_time).await.is_err());
        let began = Instant::now();
        node.store.close().await;
        assert!(began.elapsed() < Duration::from_secs(4), "ends: {:?}", began.elapsed());
        owner.end().await;
    }

    /// The other node acknowledges it, has it closed, or lets its lease end.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_revocation_waits_for_the_other_node() {
        let store = TestStore::postgres().await;
        let act = store.act(&store.person("Ada").await);
        let org = store.org(&act, "Focus").await;
        let app = store.app(&act, &org, "Focus and calm").await;
        let mut keys = Vec::new();
        for n in 0..4 {
            keys.push(store.key(&act, &app, &format!("Key {n}")).await.key);
        }
        let (other, pool) = (store.reopened().await, raw(store.location()).await);
        other.join_nodes("1.2.3", String::new()).await.expect("joined");

        let began = Instant::now();
        let confirmed = store.revoke_key_confirmed(&act, &keys[0], String::new()).await.expect("revoked");
        assert!(began.elapsed() >= TERMS.wait(), "{:?}", began.elapsed());
        assert_eq!(confirmed.nodes[0].1, Refusal::Closed);

        let acknowledging = async {
            loop {
                let renewal = other.poll(0, &no_time).await.expect("renewed");
                other.poll(renewal.head, &no_time).await.expect("acknowledged");
            }
        };
        let revoking = store.revoke_key_confirmed(&act, &keys[1], String::new());
        let confirmed = tokio::select! {
            confirmed = revoking => confirmed.expect("revoked"),
            () = acknowledging => unreachable!(),
        };
        assert!(matches!(confirmed.nodes[0].1, Refusal::Applied(after) if after < TERMS.wait()), "{confirmed:?}");

        // What was revoked before is waited for, too: the answer to the first request may have been lost.
        let renewal = other.poll(0, &no_time).await.expect("renewed");
        let began = Instant::now();
        store.revoke_key_confirmed(&act, &keys[1], String::new()).await.expect("nothing changed");
        assert!(began.elapsed() >= TERMS.wait(), "{:?}", began.elapsed());
        other.poll(renewal.head, &no_time).await.expect("acknowledged");
        let began = Instant::now();
        store.revoke_key_confirmed(&act, &keys[1], String::new()).await.expect("nothing changed");
        assert!(began.elapsed() < TERMS.wait(), "{:?}", began.elapsed());

        pool.execute("UPDATE nodes SET is_open = 0").await.expect("closed");
        let began = Instant::now();
        let confirmed = store.revoke_key_confirmed(&act, &keys[2], String::new()).await.expect("revoked");
        assert!(began.elapsed() < TERMS.wait(), "{:?}", began.elapsed());
        assert_eq!(confirmed.nodes[0].1, Refusal::Closed);
        other.close().await;
        let confirmed = store.revoke_key_confirmed(&act, &keys[3], String::new()).await.expect("revoked");
        assert!(confirmed.nodes.is_empty(), "it ended in order");
        pool.close().await;
        store.end().await;
    }

    /// The database committed, but its answer was lost: whoever asked is told so, and a retry finds out.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_commit_whose_answer_is_lost_is_neither_a_success_nor_a_failure() {
        let owner = TestStore::postgres().await;
        let sallyport::store::Location::Postgres(url) = owner.location().clone() else { panic!("PostgreSQL") };
        let act = owner.act(&owner.person("Ada").await);
        let org = owner.org(&act, "Focus").await;
        let app = owner.app(&act, &org, "Focus and calm").await;
        let key = owner.key(&act, &app, "CI").await.key;
        let (proxy, url) = Proxy::before(&url);
        let store = owner.at(url).await;
        let changes = owner.revision().await.expect("read");
        proxy.lose_answers_to_commits_after("SET revoked_at");
        let error = store.revoke_key(&act, &key, "leaked".to_owned()).await.expect_err("no answer came");
        assert!(matches!(error, Error::OutcomeUnknown), "{error}");
        while owner.revision().await.expect("read") == changes {
            tokio::task::yield_now().await;
        }
        proxy.lose_nothing();
        assert_eq!(
            store.revoke_chosen(&act, &[key], String::new()).await.expect("found out"),
            0,
            "it was revoked before"
        );
        store.store.close().await;
        owner.end().await;
    }

    #[tokio::test]
    async fn a_migration_is_refused_while_an_older_server_renews_and_not_for_one_that_was_killed() {
        let store = TestStore::postgres().await;
        let pool = raw(store.location()).await;
        store.join_nodes("1.2.3", "127.0.0.1:1".to_owned()).await.expect("joined");
        pool.execute("UPDATE nodes SET schema_version = 1").await.expect("older");
        // One that older servers can't live with.
        pool.execute("DELETE FROM _sqlx_migrations WHERE version = 141").await.expect("to be done again");
        let renewing = async {
            loop {
                store.poll(0, &no_time).await.expect("renewed");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let error = tokio::select! {
            opened = store.migrated_again() => opened.expect_err("refused").to_string(),
            () = renewing => unreachable!(),
        };
        assert!(error.contains("Sallyport 1.2.3 at 127.0.0.1:1 serves this database"), "{error}");
        assert!(error.contains("migration 141"), "{error}");
        // Nobody renews it any more, so that only the migration itself fails: what it makes is there already.
        let error = store.migrated_again().await.expect_err("made twice").to_string();
        assert!(!error.contains("serves this database"), "{error}");
        assert_eq!(number(&pool, "SELECT is_open FROM nodes").await, 0);
        pool.close().await;
        store.end().await;
    }
}
