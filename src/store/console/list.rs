//! Lists of the console: newest first, a page at a time, searched by name.

use sqlx::any::AnyRow;

use super::{
    super::{Store, like::escaped, paging::Paged, row::Read},
    COUNTED,
};
use crate::{Result, fold::fold, session::IDLE};

/// Rows on a page.
const PAGE: usize = 50;

/// Which part of a list, and what it is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsoleQuery {
    pub words: String,
    /// One of the list's statuses; empty for all.
    pub status: String,
    /// A cursor of a [`ConsolePage`]: the rows before it, or after.
    pub before: Option<String>,
    pub after: Option<String>,
}

/// A part of a list, newest first.
#[derive(Clone, Debug)]
pub struct ConsolePage<T> {
    pub items: Vec<T>,
    /// How many rows there are on all pages, up to one more than [`COUNTED`]. None where that is not counted.
    pub total: Option<i64>,
    /// The cursors of the neighbouring pages.
    pub newer: Option<String>,
    pub older: Option<String>,
}

impl<T> ConsolePage<T> {
    pub(super) fn of(
        page: Paged<AnyRow>,
        item: impl Fn(&AnyRow) -> Result<T>,
        cursor: impl Fn(&AnyRow) -> Result<String>,
    ) -> Result<Self> {
        let [newer, older] = page.edges().map(|row| row.map(&cursor).transpose());
        let (newer, older) = (newer?, older?);
        Ok(Self { items: page.rows.iter().map(item).collect::<Result<_>>()?, total: None, newer, older })
    }
}

/// What a list of the console reads.
pub(super) struct Listed {
    /// The columns of a row. The id is `x.id`, the time of creation `x.created_at`.
    pub(super) columns: &'static str,
    /// The tables, of which `x` is the one that is listed.
    pub(super) from: &'static str,
    /// Whether a row matches the words: `$1` folded as names are, `$2` in lower case.
    pub(super) matches: &'static str,
    /// The statuses to which the list can be narrowed, and what holds of their rows.
    pub(super) statuses: &'static [(&'static str, &'static str)],
}

impl Listed {
    /// What holds of the rows with this status. No row has an unknown one.
    pub(super) fn with_status(&self, status: &str) -> &'static str {
        match self.statuses.iter().find(|(name, _)| *name == status) {
            Some((_, holds)) => holds,
            None if status.is_empty() => "1 = 1",
            None => "1 = 0",
        }
    }
}

impl Store {
    /// A page of a list. `$3` is the current time, and `$6` the time since which sessions have to be used.
    pub(super) async fn console_page<T>(
        &self,
        listed: &Listed,
        query: &ConsoleQuery,
        read: impl Fn(&AnyRow) -> Result<T>,
    ) -> Result<ConsolePage<T>> {
        let Listed { columns, from, matches, .. } = listed;
        let status = listed.with_status(&query.status);
        let backwards = query.after.is_some();
        let edge = query.after.as_deref().or(query.before.as_deref()).and_then(cursor);
        let (compare, order) = if backwards { (">", "ASC") } else { ("<", "DESC") };
        let sql = format!(
            "SELECT {columns}, x.id AS cursor_id, x.created_at AS cursor_at FROM {from} \
             WHERE {matches} AND {status} AND $3 > 0 AND $6 > 0 AND (x.created_at, x.id) {compare} ($4, $5) \
             ORDER BY x.created_at {order}, x.id {order} LIMIT {}",
            PAGE + 1
        );
        let nowhere = if backwards { i64::MIN } else { i64::MAX };
        let (at, id) = edge.unwrap_or((nowhere, String::new()));
        let plain = query.words.trim().to_lowercase();
        // PostgreSQL refuses NUL, and no name contains control characters.
        let [folded, plain] = match plain.contains(char::is_control) {
            true => [String::new(), String::new()],
            false => [fold(query.words.trim()), plain].map(|words| format!("%{}%", escaped(&words))),
        };
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(folded.clone())
            .bind(plain.clone())
            .bind(self.now().micros())
            .bind(at)
            .bind(id)
            .bind((self.now() - IDLE).micros())
            .fetch_all(self.read())
            .await?;
        let cursor = |row: &AnyRow| Ok(format!("{}.{}", row.text("cursor_id")?, row.int("cursor_at")?));
        let page = Paged::of(rows, PAGE, query.before.is_some(), backwards);
        let total = match page.edges() {
            [None, None] => i64::try_from(page.rows.len()).unwrap_or(i64::MAX),
            _ => self.console_total(listed, status, folded, plain).await?,
        };
        Ok(ConsolePage { total: Some(total), ..ConsolePage::of(page, read, cursor)? })
    }

    /// How many rows a list has, up to one more than [`COUNTED`].
    pub(super) async fn console_total(
        &self,
        listed: &Listed,
        status: &str,
        folded: String,
        plain: String,
    ) -> Result<i64> {
        let Listed { from, matches, .. } = listed;
        let sql = format!(
            "SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM {from} WHERE {matches} AND {status} LIMIT {}) AS some_rows",
            COUNTED + 1
        );
        let counted = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(folded).bind(plain);
        counted.fetch_one(self.read()).await?.int("n")
    }
}

/// The position of a cursor. One that is not valid is the beginning of the list.
fn cursor(text: &str) -> Option<(i64, String)> {
    let (id, at) = text.split_once('.')?;
    let plain = id.len() <= 100 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    plain.then(|| Some((at.parse().ok()?, id.to_owned())))?
}

#[cfg(test)]
mod tests {
    use super::cursor;

    #[test]
    fn a_cursor_is_an_id_and_a_time() {
        assert_eq!(cursor("org_a_1.17"), Some((17, "org_a_1".to_owned())));
        for text in ["", ".", "org_a_1", "org_a_1.", "org a.1", "org_a_1.x", "\0.1"] {
            assert_eq!(cursor(text), None, "{text:?}");
        }
    }
}
