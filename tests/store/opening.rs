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
    a_newer_database_is_refused_unless_older_servers_go_on_with_it,
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

/// An empty database next to the test's, as at a first start.
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

async fn a_newer_database_is_refused_unless_older_servers_go_on_with_it(store: &TestStore) {
    let pool = raw(store.location()).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', TRUE, $1, 0)",
    )
    .bind(vec![0u8; 48])
    .execute(&pool)
    .await
    .expect("written");
    // Of a migration that older servers go on with.
    Store::open(store.location().clone(), tools(42)).await.expect("opened").close().await;
    Store::open_and_migrate(store.location().clone(), tools(42)).await.expect("opened").close().await;
    sqlx::query("UPDATE oldest_schema SET version = 9999").execute(&pool).await.expect("raised");
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

/// Reported at once, with a fix.
#[tokio::test]
async fn a_damaged_file_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sallyport.db");
    std::fs::write(&path, "This is no database.".repeat(1_000)).expect("written");
    let location = Location::Sqlite(path);
    let opening = Store::open(location, tools(42));
    let opened = tokio::time::timeout(std::time::Duration::from_secs(5), opening).await.expect("in time");
    let error = opened.expect_err("refused").to_string();
    assert!(error.contains("file is not a database") && error.contains("put back a backup"), "{error}");
}

mod connections {
    mod postgres {
        use sallyport::{
            store::{Location, Store},
            testing::TestStore,
        };
        use sqlx::{AssertSqlSafe, Executor};

        use super::super::{raw, tools};

        #[tokio::test]
        async fn a_role_without_a_connection_left_is_named() {
            let store = TestStore::postgres().await;
            let Location::Postgres(url) = store.location().clone() else { panic!("PostgreSQL") };
            let admin = raw(store.location()).await;
            let (base, name) = url.rsplit_once('/').expect("the URL ends with a database");
            let role = format!("few_{name}");
            admin.execute(AssertSqlSafe(format!("CREATE ROLE {role} LOGIN CONNECTION LIMIT 1"))).await.expect("made");
            let (scheme, server) = base.split_once("://").expect("a URL");
            let server = server.rsplit_once('@').map_or(server, |(_, server)| server);
            let few = Location::Postgres(format!("{scheme}://{role}@{server}/{name}"));
            let taken = raw(&few).await;
            let error = Store::open(few, tools(42)).await.expect_err("refused").to_string();
            assert!(error.contains("too many connections for role"), "{error}");
            taken.close().await;
            admin.execute(AssertSqlSafe(format!("DROP ROLE {role}"))).await.expect("dropped");
            admin.close().await;
            store.end().await;
        }
    }
}
