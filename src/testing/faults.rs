//! Faults of a database, for tests.

use sqlx::{AnyPool, AssertSqlSafe, Executor};

use super::TestStore;
use crate::store::Location;

impl TestStore {
    /// Makes each write to that table break its transaction. SQLite rolls back by itself, as with a full disk;
    /// PostgreSQL ends the connection. `event` is `INSERT` or `UPDATE`.
    pub async fn break_writes(&self, table: &str, event: &str) {
        let sql = match self.store.location() {
            Location::Sqlite(_) => format!(
                "CREATE TRIGGER break_{table} BEFORE {event} ON {table} BEGIN \
                 SELECT RAISE(ROLLBACK, 'database or disk is full'); END"
            ),
            Location::Postgres(_) => format!(
                "CREATE OR REPLACE FUNCTION break_it() RETURNS trigger LANGUAGE plpgsql AS \
                 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'; \
                 CREATE TRIGGER break_{table} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION break_it()"
            ),
        };
        self.execute(sql).await;
    }

    /// Undoes `break_writes`.
    pub async fn repair_writes(&self, table: &str) {
        let on = match self.store.location() {
            Location::Sqlite(_) => String::new(),
            Location::Postgres(_) => format!(" ON {table}"),
        };
        self.execute(format!("DROP TRIGGER break_{table}{on}")).await;
    }

    /// Executes SQL outside the store, like an operator with a database shell.
    pub async fn execute(&self, sql: String) {
        let url = match self.store.location() {
            Location::Sqlite(path) => format!("sqlite://{}", path.display()),
            Location::Postgres(url) => url.clone(),
        };
        let pool = AnyPool::connect(&url).await.expect("the database can be reached");
        pool.execute(AssertSqlSafe(sql)).await.expect("executed");
        pool.close().await;
    }
}
