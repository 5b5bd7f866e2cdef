//! A store for one test: with its own file, or its own PostgreSQL database.

use std::{collections::BTreeMap, ops::Deref, sync::Arc};

use sqlx::{AnyPool, AssertSqlSafe, Column, Row, any::AnyRow};
use tempfile::TempDir;

use super::{SeededEntropy, TurnedClock};
use crate::{
    Result,
    app::{App, NewApp, Os},
    audit::{Act, Actor, Credential},
    id::OrgId,
    key::{Holder, Issued, NewKey, new::KeyInput},
    member::Role,
    org::{NewOrg, Org},
    plan::Plan,
    profile::Profile,
    project::NewProject,
    store::{Location, OpenError, Store, Tools},
    tenant::NewTenant,
    user::{NewUser, Password, User},
    vault::{MasterKey, Vault},
};

/// The seed of the master key of every test store, so that a store can be opened again.
const SEED: u64 = 42;

pub struct TestStore {
    pub store: Store,
    pub clock: Arc<TurnedClock>,
    _folder: Option<TempDir>,
    /// Where to drop the database, and its name.
    server: Option<(String, String)>,
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl TestStore {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let location = Location::Sqlite(folder.path().join("sallyport.db"));
        let (store, clock) = open_first(location).await;
        Self { store, clock, _folder: Some(folder), server: None }
    }

    /// On the server that `TEST_POSTGRES_URL` names; `make test` starts one.
    pub async fn postgres() -> Self {
        let server = std::env::var("TEST_POSTGRES_URL").expect(
            "TEST_POSTGRES_URL names a PostgreSQL to test on; `make test` and `scripts/with-postgres` start one",
        );
        Self::postgres_on(server).await
    }

    /// On another server than `postgres`, which is there for this test alone.
    pub async fn postgres_on(server: String) -> Self {
        let name = format!("sallyport_{}", hex(&(&crate::entropy::OsEntropy as &dyn crate::Entropy).array::<8>()));
        admin(&server, format!("CREATE DATABASE {name}")).await;
        let (base, _) = server.rsplit_once('/').expect("the URL ends with a database");
        let (store, clock) = open_first(Location::Postgres(format!("{base}/{name}"))).await;
        Self { store, clock, _folder: None, server: Some((server, name)) }
    }

    /// The master key of every test store, in the format of `SALLYPORT_MASTER_KEY`, to run the binary on it.
    pub fn master_key() -> String {
        MasterKey::mint(&SeededEntropy::new(SEED)).expose().to_string()
    }

    /// The same database, as opened by another process.
    pub async fn reopened(&self) -> Store {
        open_first(self.store.location().clone()).await.0
    }

    /// The same database and clock with another profile. The database belongs to the original test store.
    pub async fn with_profile(&self, profile: Arc<Profile>) -> Self {
        let store = open(self.store.location().clone(), self.clock.clone(), profile).await;
        Self { store, clock: self.clock.clone(), _folder: None, server: None }
    }

    /// The same database after a restart. It belongs to the original test store.
    pub async fn restarted(&self) -> Self {
        let (store, clock) = open_first(self.store.location().clone()).await;
        Self { store, clock, _folder: None, server: None }
    }

    /// Opens the database as a server that starts, which migrates it; it may be refused.
    pub async fn migrated_again(&self) -> Result<Store, OpenError> {
        try_open(self.store.location().clone(), self.clock.clone(), Profile::standard()).await
    }

    /// The same database under another URL, for example through a [`Proxy`](super::Proxy). It belongs to the original
    /// test store.
    pub async fn at(&self, url: String) -> Self {
        let (store, clock) = open_first(Location::Postgres(url)).await;
        Self { store, clock, _folder: None, server: None }
    }

    /// Every row of every table as text, to check that a request changes nothing.
    pub async fn dump(&self) -> BTreeMap<String, Vec<String>> {
        let (url, tables) = match self.store.location() {
            Location::Sqlite(path) => (
                format!("sqlite://{}", path.display()),
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            ),
            Location::Postgres(url) => {
                (url.clone(), "SELECT CAST(tablename AS TEXT) AS name FROM pg_tables WHERE schemaname = 'public'")
            }
        };
        let pool = AnyPool::connect(&url).await.expect("the database can be reached");
        let tables = sqlx::query(tables).fetch_all(&pool).await.expect("tables");
        let mut dump = BTreeMap::new();
        for table in tables.iter().map(|row| row.get::<String, _>("name")).filter(|name| name != "_sqlx_migrations") {
            let rows = sqlx::query(AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch_all(&pool).await;
            let mut rows: Vec<_> = rows.expect("rows").iter().map(as_text).collect();
            rows.sort();
            dump.insert(table, rows);
        }
        pool.close().await;
        dump
    }

    /// Drops the database. A failed test keeps its database for inspection.
    pub async fn end(self) {
        self.store.close().await;
        if let Some((server, name)) = self.server {
            admin(&server, format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }

    /// A person with a password hash that matches no password.
    pub async fn person(&self, name: &str) -> User {
        let new = NewUser {
            name: name.to_owned(),
            email: format!("{}@example.com", name.to_lowercase()),
            password: Password::default(),
        };
        let made = self.store.create_user(&Act::by(Actor::CommandLine), new, "none".to_owned(), false).await;
        made.expect("a new person")
    }

    /// Makes the person a member as the migration left those of before projects had roles: *member* and *developer*.
    pub async fn add_earlier_member(&self, org: &OrgId, user: &User) {
        let act = Act::by(Actor::CommandLine);
        self.store.add_member(&act, org, user, Role::Member).await.expect("added");
        let sql = format!(
            "INSERT INTO grants (org_id, subject, place_kind, place_id, role, granted_at) \
             VALUES ('{org}', '{}', 'organization', '{org}', 'developer', {})",
            user.id,
            self.store.now().micros()
        );
        self.execute(sql).await;
    }

    pub fn act(&self, user: &User) -> Act {
        Act::by(Actor::User { id: user.id.clone(), name: user.name.clone(), credential: Credential::None })
    }

    pub async fn org(&self, act: &Act, name: &str) -> Org {
        let tenant = NewTenant { name: "Development".to_owned() };
        let new = NewOrg {
            name: name.to_owned(),
            description: String::new(),
            plan: Plan::Starter,
            first_tenant: Some(tenant),
        };
        self.store.create_org(act, new).await.expect("a new organization")
    }

    /// An app in its own project.
    pub async fn app(&self, act: &Act, org: &Org, name: &str) -> App {
        let tenants = self.store.tenants(&org.id).await.expect("tenants");
        let new = NewProject { name: format!("Project of {name}") };
        let project = self.store.create_project(act, &tenants[0], new).await.expect("a new project");
        let new = NewApp { name: name.to_owned(), os: Os::Backend, ..NewApp::default() };
        self.store.create_app(act, &project, new).await.expect("a new app")
    }

    pub async fn key(&self, act: &Act, holder: impl Into<Holder>, label: &str) -> Issued {
        self.issue(act, holder, label, &["read"]).await.expect("a new key")
    }

    pub async fn issue(&self, act: &Act, holder: impl Into<Holder>, label: &str, scopes: &[&str]) -> Result<Issued> {
        let input = KeyInput {
            label,
            environment: "production",
            scopes: scopes.to_vec(),
            signing_secret: true,
            ..KeyInput::default()
        };
        let new = NewKey::check(&input, self.store.profile(), self.store.now())?;
        self.store.issue_key(act, holder, new, None).await
    }
}

async fn open_first(location: Location) -> (Store, Arc<TurnedClock>) {
    let clock = Arc::new(TurnedClock::default());
    (open(location, clock.clone(), Profile::standard()).await, clock)
}

async fn open(location: Location, clock: Arc<TurnedClock>, profile: Arc<Profile>) -> Store {
    try_open(location, clock, profile).await.expect("the store opens")
}

async fn try_open(location: Location, clock: Arc<TurnedClock>, profile: Arc<Profile>) -> Result<Store, OpenError> {
    let tools = Tools {
        clock,
        // New ids have to differ between openings.
        entropy: Arc::new(crate::entropy::OsEntropy),
        vault: Vault::new(&MasterKey::mint(&SeededEntropy::new(SEED))),
        profile,
    };
    Store::open_and_migrate(location, tools).await
}

async fn admin(server: &str, sql: String) {
    sqlx::any::install_default_drivers();
    let pool = AnyPool::connect(server).await.expect("TEST_POSTGRES_URL can be reached");
    sqlx::query(AssertSqlSafe(sql)).execute(&pool).await.expect("the server lets us make databases");
    pool.close().await;
}

fn as_text(row: &AnyRow) -> String {
    let cells = row.columns().iter().map(|column| {
        let at = column.ordinal();
        let text = row.try_get::<Option<String>, _>(at).map(|text| format!("{text:?}"));
        let text = text.or_else(|_| row.try_get::<Option<i64>, _>(at).map(|number| format!("{number:?}")));
        let text = text.or_else(|_| row.try_get::<Option<Vec<u8>>, _>(at).map(|bytes| format!("{bytes:?}")));
        format!("{}: {}", column.name(), text.expect("TEXT, BIGINT or BYTEA"))
    });
    cells.collect::<Vec<_>>().join(", ")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes two tests of each function that takes a [`TestStore`]: one on SQLite, one on PostgreSQL.
#[macro_export]
macro_rules! on_both_databases {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $test() {
                    let store = $crate::testing::TestStore::sqlite().await;
                    super::$test(&store).await;
                    store.end().await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test]
                async fn $test() {
                    let store = $crate::testing::TestStore::postgres().await;
                    super::$test(&store).await;
                    store.end().await;
                }
            )*
        }
    };
}
