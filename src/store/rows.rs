//! Many rows in one statement, as a VALUES list that both databases accept.

use sqlx::{Any, any::AnyArguments, query::Query};

use super::{Location, Store};

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
    /// NULL with a type, which PostgreSQL requires.
    fn null(&self) -> Self {
        match self {
            Self::Text(_) => Self::Text(None),
            Self::Int(_) => Self::Int(None),
            Self::Bytes(_) => Self::Bytes(None),
        }
    }
}

impl Store {
    /// Runs `statement` with these rows as `v`, whose columns are `columns` and `n`, the row's number from 1. The padding
    /// rows are included: the statement excludes them by a join or `v.n > 0`. It has no parameters of its own.
    pub(super) fn with_rows<const N: usize>(
        &self,
        columns: [&str; N],
        rows: Vec<[Cell; N]>,
        statement: &str,
    ) -> Query<'static, Any, AnyArguments> {
        let length = LENGTHS.into_iter().find(|length| rows.len() <= *length).unwrap_or(rows.len());
        let width = N + 1;
        // SQLite searches the names of all parameters for each one that is bound: thousands of them have none.
        let parameter = |number: usize| match self.0.location {
            Location::Sqlite(_) => "?".to_owned(),
            Location::Postgres(_) => format!("${number}"),
        };
        let row = |row: usize| {
            let cells: Vec<_> = (1..=width).map(|cell| parameter(row * width + cell)).collect();
            format!("({})", cells.join(", "))
        };
        let list: Vec<_> = (0..length).map(row).collect();
        let sql = format!("WITH v ({}, n) AS (VALUES {}) {statement}", columns.join(", "), list.join(", "));
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
}

fn bind(query: Query<'static, Any, AnyArguments>, cell: Cell) -> Query<'static, Any, AnyArguments> {
    match cell {
        Cell::Text(text) => query.bind(text),
        Cell::Int(number) => query.bind(number),
        Cell::Bytes(bytes) => query.bind(bytes),
    }
}
