//! Times with which a machine's clock can be compared.

use super::{Location, Store, node_rows::DATABASE_NOW, row::Read};
use crate::{Result, Timestamp};

/// Times in and of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// Of the event that happened last, by the clock of the server that recorded it.
    pub newest_event: Option<Timestamp>,
    /// What the database's own clock shows; `None` on SQLite, which has none.
    pub database: Option<Timestamp>,
}

impl Store {
    pub async fn clocks(&self) -> Result<Clocks> {
        let newest = sqlx::query("SELECT MAX(at) AS at FROM events").fetch_one(self.read()).await?;
        let database = match self.0.location {
            Location::Sqlite(_) => None,
            Location::Postgres(_) => {
                let now = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {DATABASE_NOW} AS now")));
                Some(now.fetch_one(self.read()).await?.time("now")?)
            }
        };
        Ok(Clocks { newest_event: newest.time_opt("at")?, database })
    }
}
