//! Fills in the folded form of names that were written before names were folded, which SQL can't do.

use sqlx::AnyConnection;

use super::row::Read;
use crate::{Result, fold::fold};

/// Each table with names: the column of the name, and the column of its folded form.
const NAMED: [(&str, &str, &str); 6] = [
    ("users", "name", "name_folded"),
    ("orgs", "name", "name_folded"),
    ("tenants", "name", "name_folded"),
    ("projects", "name", "name_folded"),
    ("apps", "name", "name_folded"),
    ("keys", "label", "label_folded"),
];

/// Rows changed by one statement.
const BATCH: usize = 500;

/// Folds the names that are not folded yet. It may be interrupted at any point and resumed.
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
            // Both databases name the columns of VALUES this way.
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
