//! Every column that is sealed under the master key, so that all of them can be sealed with another.

use sqlx::{Any, AssertSqlSafe, Executor, any::AnyRow};

use super::{audit_keys, capability_keys, master_keys, peppers, row::Read, second_factors, signing, tx::Tx, webhooks};
use crate::{
    Result,
    id::{KeyId, UserId, WebhookId},
    vault::Fingerprint,
};

/// How many rows a transaction seals again: others wait for those rows meanwhile.
const AT_ONCE: i64 = 100;

/// A column.
pub(super) struct SealedColumn {
    pub table: &'static str,
    column: &'static str,
    /// The primary key: a text, if there may be many rows.
    key: &'static str,
    /// Its second column, which is a number.
    number: Option<&'static str>,
    /// More columns that say what a value was sealed as.
    more: &'static str,
    context: fn(&AnyRow) -> Result<String>,
}

/// Peppers and lasting keys first: they are few, and a process needs them to start.
pub(super) const ALL: [SealedColumn; 8] = [
    SealedColumn {
        table: "peppers",
        column: "sealed",
        key: "CAST(version AS TEXT)",
        number: None,
        more: ", version",
        context: |row| Ok(peppers::context(row.int("version")?)),
    },
    SealedColumn {
        table: "lasting_keys",
        column: "sealed",
        key: "purpose",
        number: None,
        more: "",
        context: |row| Ok(master_keys::context(&row.text("row_key")?)),
    },
    SealedColumn {
        table: "audit_keys",
        column: "sealed",
        key: "CAST(n AS TEXT)",
        number: None,
        more: ", n, until_at, revoked_at",
        context: audit_keys::context,
    },
    SealedColumn {
        table: "capability_keys",
        column: "sealed",
        key: "id",
        number: None,
        more: ", until_at",
        context: |row| Ok(capability_keys::context(&row.text("row_key")?, row.int_opt("until_at")?.is_some())),
    },
    SealedColumn {
        table: "authenticators",
        column: "secret",
        key: "user_id",
        number: None,
        more: "",
        context: |row| Ok(second_factors::context(&UserId::stored(row.text("row_key")?))),
    },
    SealedColumn {
        table: "webhooks",
        column: "sealed",
        key: "id",
        number: None,
        more: ", secret_n",
        context: |row| Ok(webhooks::context(&WebhookId::stored(row.text("row_key")?), row.int("secret_n")?)),
    },
    SealedColumn {
        table: "webhooks",
        column: "sealed_before",
        key: "id",
        number: None,
        more: ", before_n",
        context: |row| Ok(webhooks::context(&WebhookId::stored(row.text("row_key")?), row.int("before_n")?)),
    },
    SealedColumn {
        table: "signing_secrets",
        column: "sealed",
        key: "key_id",
        number: Some("n"),
        more: "",
        context: |row| Ok(signing::context(&KeyId::stored(row.text("row_key")?), row.int("row_number")?)),
    },
];

/// What a transaction sealed again.
pub(super) struct Batch {
    pub sealed: u64,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

impl SealedColumn {
    /// How many values are sealed with another key than this one.
    pub async fn left<'a>(&self, on: impl Executor<'a, Database = Any>, key: Fingerprint) -> Result<i64> {
        let Self { table, column, .. } = self;
        let sql =
            format!("SELECT COUNT(*) AS n FROM {table} WHERE length({column}) > 0 AND substr({column}, 1, 5) <> $1");
        sqlx::query(AssertSqlSafe(sql)).bind(key.prefix().to_vec()).fetch_one(on).await?.int("n")
    }
}

impl Tx {
    /// Seals the next values of a column again that are sealed with another key than the current one. One that was changed
    /// meanwhile is left: it was sealed with the current key.
    pub(super) async fn seal_again(&mut self, of: &SealedColumn, from: &str) -> Result<Batch> {
        let SealedColumn { table, column, key, number, more, .. } = of;
        let current = self.sealing_key().await?;
        let number_read = number.map(|number| format!(", {number} AS row_number")).unwrap_or_default();
        let number_order = number.map(|number| format!(", {number}")).unwrap_or_default();
        let read = format!(
            "SELECT {key} AS row_key{number_read}{more}, {column} AS value FROM {table} WHERE {key} >= $1 \
             AND length({column}) > 0 AND substr({column}, 1, 5) <> $2 ORDER BY {key}{number_order} LIMIT {AT_ONCE}"
        );
        let read = sqlx::query(AssertSqlSafe(read)).bind(from.to_owned()).bind(current.prefix().to_vec());
        let rows = read.fetch_all(self.on()).await?;
        let and_number = number.map(|number| format!(" AND {number} = $4")).unwrap_or_default();
        let write = format!("UPDATE {table} SET {column} = $1 WHERE {key} = $2 AND {column} = $3{and_number}");
        let mut sealed = 0;
        for row in &rows {
            let (row_key, value, context) = (row.text("row_key")?, row.bytes("value")?, (of.context)(row)?);
            let store = self.store();
            let plain = store.vault().open_stored(&context, &value)?;
            let again = store.vault().seal_with(current, &context, &plain, store.entropy())?;
            let mut write = sqlx::query(AssertSqlSafe(write.clone())).bind(again).bind(row_key).bind(value);
            if number.is_some() {
                write = write.bind(row.int("row_number")?);
            }
            sealed += write.execute(self.on()).await?.rows_affected();
        }
        let is_full = i64::try_from(rows.len()).is_ok_and(|read| read == AT_ONCE);
        let last = rows.last().filter(|_| is_full).map(|row| row.text("row_key")).transpose()?;
        Ok(Batch { sealed, next: last })
    }
}
