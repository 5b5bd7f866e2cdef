//! Folds the names that were written before names were folded: SQL can't.

use sqlx::AnyConnection;

use super::row::Read;
use crate::{Result, fold::fold};

/// Each table whose rows have a name, that name's column, and the column of the folded one.
const NAMED: [(&str, &str, &str); 6] = [
    ("users", "name", "name_folded"),
    ("orgs", "name", "name_folded"),
    ("tenants", "name", "name_folded"),
    ("projects", "name", "name_folded"),
    ("apps", "name", "name_folded"),
    ("keys", "label", "label_folded"),
];

/// As many rows as one statement changes.
const BATCH: usize = 500;

/// Fills in what is not folded yet. It may be ended at any point and begun again: what is done stays done.
pub(super) async fn fold_names(connection: &mut AnyConnection) -> Result<()> {
    for (table, column, folded) in NAMED {
        let mut last = String::new();
        loop {
            let sql = format!(
                "SELECT id, {column} AS name FROM {table} WHERE {folded} IS NULL AND id > $1 ORDER BY id LIMIT {BATCH}"
            );
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(last.clone()).fetch_all(&mut *connection).await?;
            let Some(end) = rows.last() else { break };
            last = end.text("id")?;
            let values: Vec<_> = (0..rows.len()).map(|n| format!("(${}, ${})", 2 * n + 1, 2 * n + 2)).collect();
            // Both databases call the columns of VALUES so.
            let sql = format!(
                "UPDATE {table} SET {folded} = named.column2 FROM (VALUES {}) AS named WHERE {table}.id = named.column1",
                values.join(", ")
            );
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
            for row in &rows {
                query = query.bind(row.text("id")?).bind(fold(&row.text("name")?));
            }
            query.execute(&mut *connection).await?;
        }
    }
    Ok(())
}
