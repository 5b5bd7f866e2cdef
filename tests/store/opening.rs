use std::sync::Arc;

use sallyport::{
    clock::SystemClock,
    entropy::OsEntropy,
    profile::Profile,
    store::{Location, OpenError, Store, Tools},
    testing::{SeededEntropy, TestStore},
    vault::{MasterKey, Vault},
};
use sqlx::{AnyPool, any::install_default_drivers};

sallyport::on_both_databases!(
    another_master_key_is_refused,
    a_newer_database_is_refused,
    opening_at_once_migrates_once,
);

fn tools(seed: u64) -> Tools {
    tools_with(&MasterKey::mint(&SeededEntropy::new(seed)))
}

pub(crate) fn tools_with(master_key: &MasterKey) -> Tools {
    Tools {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        vault: Vault::new(master_key),
        profile: Profile::standard(),
    }
}

pub(crate) async fn raw(location: &Location) -> AnyPool {
    install_default_drivers();
    let url = match location {
        Location::Sqlite(path) => format!("sqlite://{}", path.display()),
        Location::Postgres(url) => url.clone(),
    };
    AnyPool::connect(&url).await.expect("connects")
}

/// A database beside the test's with nothing in it: what a first start finds.
pub(crate) async fn emptied(store: &TestStore) -> Location {
    match store.location() {
        Location::Sqlite(path) => Location::Sqlite(path.with_file_name("fresh.db")),
        // The same database.
        Location::Postgres(url) => {
            let pool = raw(store.location()).await;
            for sql in ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"] {
                sqlx::query(sql).execute(&pool).await.expect("emptied");
            }
            pool.close().await;
            Location::Postgres(url.clone())
        }
    }
}

async fn another_master_key_is_refused(store: &TestStore) {
    let open = Store::open(store.location().clone(), tools(99)).await;
    let migrate = Store::open_and_migrate(store.location().clone(), tools(99)).await;
    for refused in [open, migrate] {
        let error = refused.expect_err("refused").to_string();
        assert!(error.contains("another master key"), "{error}");
    }
}

async fn a_newer_database_is_refused(store: &TestStore) {
    let pool = raw(store.location()).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', TRUE, $1, 0)",
    )
    .bind(vec![0u8; 48])
    .execute(&pool)
    .await
    .expect("written");
    pool.close().await;
    let open = Store::open(store.location().clone(), tools(42)).await;
    let migrate = Store::open_and_migrate(store.location().clone(), tools(42)).await;
    for refused in [open, migrate] {
        let error = refused.expect_err("refused");
        assert!(matches!(error, OpenError::NewerDatabase(9999)), "{error}");
    }
}

async fn opening_at_once_migrates_once(store: &TestStore) {
    let location = emptied(store).await;
    let starts = (0..4).map(|_| {
        let location = location.clone();
        tokio::spawn(async move { Store::open_and_migrate(location, tools(42)).await })
    });
    for start in starts.collect::<Vec<_>>() {
        let store = start.await.expect("no panic").expect("opens");
        assert_eq!(store.revision().await.expect("asked"), 0);
        store.close().await;
    }
}

/// SQLite has a lock file for it, beside the database.
mod server_lock {
    mod postgres {
        use sallyport::testing::TestStore;

        #[tokio::test]
        async fn a_second_server_is_refused_until_the_first_ends() {
            let first = TestStore::postgres().await;
            let second = first.reopened().await;
            first.hold_server_lock().await.expect("free");
            first.hold_server_lock().await.expect("still ours");
            let error = second.hold_server_lock().await.expect_err("taken").to_string();
            assert!(error.contains("serves this database already"), "{error}");
            first.store.close().await;
            second.hold_server_lock().await.expect("free again");
            second.close().await;
            first.end().await;
        }
    }
}
