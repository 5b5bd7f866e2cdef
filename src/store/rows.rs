//! Many rows in one statement.

use serde_json::{Map, Value, json};
use sqlx::{Any, any::AnyArguments, query::Query};

use super::{Location, Store};
use crate::audit::hex;

/// The maximum number of rows in a transaction of the verifier's counters, so that others do not wait long for it.
pub(super) const MOST_ROWS: usize = 500;

/// A list is padded to one of these lengths with rows of NULL, so that a connection prepares few statements instead
/// of one for each length.
const LENGTHS: [usize; 5] = [1, 8, 32, 128, MOST_ROWS];

#[derive(Clone)]
pub(super) enum Cell {
    Text(Option<String>),
    Int(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Vec<u8>> for Cell {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Some(bytes))
    }
}

impl Cell {
    fn null(&self) -> Self {
        match self {
            Self::Text(_) => Self::Text(None),
            Self::Int(_) => Self::Int(None),
            Self::Bytes(_) => Self::Bytes(None),
        }
    }

    const fn postgres_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Int(_) => "bigint",
            Self::Bytes(_) => "bytea",
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Int(number) => json!(number),
            Self::Bytes(bytes) => json!(bytes.as_ref().map(|bytes| format!("\\x{}", hex(bytes)))),
        }
    }
}

impl Store {
    /// Runs `statement` with these rows as `v`, whose columns are `columns` and `n`, the row's number from 1. There may be
    /// more rows, of NULL: the statement excludes them by a join or `v.n > 0`. It has no parameters of its own.
    pub(super) fn with_rows<const N: usize>(
        &self,
        columns: [&str; N],
        rows: Vec<[Cell; N]>,
        statement: &str,
    ) -> Query<'static, Any, AnyArguments> {
        match self.0.location {
            Location::Sqlite(_) => as_values(columns, rows, statement),
            Location::Postgres(_) => as_json(columns, &rows, statement),
        }
    }
}

/// For SQLite, as a VALUES list.
fn as_values<const N: usize>(
    columns: [&str; N],
    rows: Vec<[Cell; N]>,
    statement: &str,
) -> Query<'static, Any, AnyArguments> {
    let length = LENGTHS.into_iter().find(|length| rows.len() <= *length).unwrap_or(rows.len());
    // Without numbers: SQLite searches the names of all parameters for each one that is bound, and these have none.
    let row = format!("({})", ["?"].repeat(N + 1).join(", "));
    let list = vec![row; length].join(", ");
    let sql = format!("WITH v ({}, n) AS (VALUES {list}) {statement}", columns.join(", "));
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
    let nulls: Vec<_> = rows.first().map(|row| row.each_ref().map(Cell::null)).into_iter().collect();
    let missing = length - rows.len();
    for (place, row) in rows.into_iter().enumerate() {
        query = row.into_iter().fold(query, bind).bind(i64::try_from(place + 1).unwrap_or(i64::MAX));
    }
    for row in nulls.into_iter().cycle().take(missing) {
        query = row.into_iter().fold(query, bind).bind(None::<i64>);
    }
    query
}

/// For PostgreSQL, as JSON: a statement with thousands of parameters is planned anew each time, which takes longer than to run
/// it.
fn as_json<const N: usize>(
    columns: [&str; N],
    rows: &[[Cell; N]],
    statement: &str,
) -> Query<'static, Any, AnyArguments> {
    let object = |(place, row): (usize, &[Cell; N])| -> Map<String, Value> {
        let cells = columns.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), cell.json()));
        cells.chain([("n".to_owned(), json!(place + 1))]).collect()
    };
    let objects: Vec<_> = rows.iter().enumerate().map(object).collect();
    let types = rows.first().map(|row| row.each_ref().map(Cell::postgres_type));
    let typed = columns.iter().zip(types.into_iter().flatten()).map(|(name, kind)| format!("{name} {kind}, "));
    let sql = format!(
        "WITH v AS (SELECT * FROM json_to_recordset(CAST($1 AS json)) AS r ({}n bigint)) {statement}",
        typed.collect::<String>()
    );
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(json!(objects).to_string())
}

fn bind(query: Query<'static, Any, AnyArguments>, cell: Cell) -> Query<'static, Any, AnyArguments> {
    match cell {
        Cell::Text(text) => query.bind(text),
        Cell::Int(number) => query.bind(number),
        Cell::Bytes(bytes) => query.bind(bytes),
    }
}
