//! Moves a whole database from SQLite to PostgreSQL, in one transaction: all rows, compared by number, and the heads of the
//! chains.

use std::{collections::BTreeSet, path::Path, str::FromStr};

use sqlx::{Any, AnyConnection, AssertSqlSafe, Connection, Row, any::AnyConnectOptions, any::AnyRow};

use super::{Location, OpenError, Store, Tools, connector::Connector, row::Read, rows::Cell, schema};
use crate::{Error, Result};

/// How many rows a statement inserts: PostgreSQL accepts 65,535 values.
const AT_ONCE: i64 = 200;

/// Rows of servers belong to their database.
const NOT_MOVED: [&str; 2] = ["nodes", "master_key_holders"];

/// A table, with its columns and their types.
struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Int,
    Bytes,
}

/// What was moved.
#[derive(Clone, Debug)]
pub struct Moved {
    pub tables: usize,
    pub rows: i64,
    pub events: i64,
    pub keys: i64,
}

/// Copies a SQLite database, which no server uses, to a PostgreSQL database in which there is no Sallyport. Nothing is
/// changed if it fails; the SQLite database is never changed.
pub async fn move_to_postgres(from: &Path, to: Location, tools: Tools) -> Result<Moved, OpenError> {
    let source = Location::Sqlite(from.to_owned());
    let Location::Postgres(url) = &to else {
        return Err(Error::Unavailable("the target is not PostgreSQL".to_owned()).into());
    };
    if to.is_made().await? {
        return Err(OpenError::NotEmpty(to));
    }
    // Fails with the reason if the schema or the master key is not the one of this database.
    Store::open(source.clone(), tools).await?.close().await;

    let unreachable =
        |location: &Location, error: sqlx::Error| OpenError::Unreachable(location.clone(), error.to_string());
    let reader = Connector::reader(&source).map_err(|error| unreachable(&source, error))?;
    let mut reader = reader.connect().await.map_err(|error| unreachable(&source, error))?;
    let options = AnyConnectOptions::from_str(url).map_err(|error| unreachable(&to, error))?;
    let writer = AnyConnection::connect_with(&options).await;
    let mut writer = writer.map_err(|error| unreachable(&to, error))?;

    let mut tx = writer.begin().await.map_err(Error::from)?;
    schema::create(&mut tx).await?;
    // One view of all tables: no server writes meanwhile, but a command may.
    let mut view = reader.begin().await.map_err(Error::from)?;
    let moved = copy(&mut view, &mut tx).await?;
    view.rollback().await.map_err(Error::from)?;
    tx.commit().await.map_err(Error::from)?;
    let _ = writer.close().await;
    let _ = reader.close().await;
    Ok(moved)
}

async fn copy(from: &mut AnyConnection, to: &mut AnyConnection) -> Result<Moved> {
    let tables = in_order(from).await?;
    // Migrations insert some rows, which the other database has, too.
    for table in tables.iter().rev() {
        sqlx::query(AssertSqlSafe(format!("DELETE FROM {}", table.name))).execute(&mut *to).await?;
    }
    let mut moved = Moved { tables: tables.len(), rows: 0, events: 0, keys: 0 };
    for table in &tables {
        copy_table(from, to, table).await?;
        let (had, has) = (count(from, table).await?, count(to, table).await?);
        if had != has {
            return Err(Error::Unavailable(format!("{} rows of {} are {has} there", had, table.name)));
        }
        moved.rows += has;
        match &*table.name {
            "events" => moved.events = has,
            "keys" => moved.keys = has,
            _ => {}
        }
    }
    if heads(from).await? != heads(to).await? {
        return Err(Error::Unavailable("the heads of the chains of events differ".to_owned()));
    }
    Ok(moved)
}

/// Each table after those that it refers to.
async fn in_order(from: &mut AnyConnection) -> Result<Vec<Table>> {
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                 AND name NOT LIKE '_sqlx_%' ORDER BY name";
    let names = sqlx::query(names).fetch_all(&mut *from).await?;
    let names = names.iter().map(|row| row.text("name")).collect::<Result<Vec<_>>>()?;
    let mut waiting = Vec::new();
    for name in names.into_iter().filter(|name| !NOT_MOVED.contains(&&**name)) {
        let parents = "SELECT DISTINCT \"table\" AS parent FROM pragma_foreign_key_list($1) WHERE \"table\" <> $1";
        let parents = sqlx::query(parents).bind(name.clone()).fetch_all(&mut *from).await?;
        let parents = parents.iter().map(|row| row.text("parent")).collect::<Result<BTreeSet<_>>>()?;
        waiting.push((table(from, name).await?, parents));
    }
    let (mut ordered, mut done) = (Vec::new(), BTreeSet::new());
    while !waiting.is_empty() {
        let (ready, later): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, parents): &(Table, BTreeSet<String>)| parents.is_subset(&done));
        if ready.is_empty() {
            return Err(Error::Unavailable("tables refer to each other in a circle".to_owned()));
        }
        done.extend(ready.iter().map(|(table, _)| table.name.clone()));
        ordered.extend(ready.into_iter().map(|(table, _)| table));
        waiting = later;
    }
    Ok(ordered)
}

async fn table(from: &mut AnyConnection, name: String) -> Result<Table> {
    let columns = sqlx::query("SELECT name, type FROM pragma_table_info($1) ORDER BY cid");
    let columns = columns.bind(name.clone()).fetch_all(from).await?;
    let column = |row: &AnyRow| {
        let kind = match &*row.text("type")? {
            "TEXT" => Kind::Text,
            "BIGINT" => Kind::Int,
            "BYTEA" => Kind::Bytes,
            other => return Err(Error::Unavailable(format!("the type {other} in {name} is not known"))),
        };
        Ok((row.text("name")?, kind))
    };
    let columns = columns.iter().map(column).collect::<Result<_>>()?;
    Ok(Table { name, columns })
}

async fn copy_table(from: &mut AnyConnection, to: &mut AnyConnection, table: &Table) -> Result<()> {
    let names = table.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let read = format!(
        "SELECT rowid AS moved_row, {names} FROM {} WHERE rowid > $1 ORDER BY rowid LIMIT {AT_ONCE}",
        table.name
    );
    let mut last = i64::MIN;
    loop {
        let rows = sqlx::query(AssertSqlSafe(read.clone())).bind(last).fetch_all(&mut *from).await?;
        let Some(row) = rows.last() else { return Ok(()) };
        last = row.int("moved_row")?;
        let width = table.columns.len();
        let places = (0..rows.len()).map(|row| {
            let places = (1..=width).map(|column| format!("${}", row * width + column));
            format!("({})", places.collect::<Vec<_>>().join(", "))
        });
        let places = places.collect::<Vec<_>>().join(", ");
        let insert = format!("INSERT INTO {} ({names}) VALUES {places}", table.name);
        let mut insert = sqlx::query::<Any>(AssertSqlSafe(insert)).persistent(false);
        for row in &rows {
            for (name, kind) in &table.columns {
                insert = match cell(row, name, *kind)? {
                    Cell::Text(text) => insert.bind(text),
                    Cell::Int(number) => insert.bind(number),
                    Cell::Bytes(bytes) => insert.bind(bytes),
                };
            }
        }
        insert.execute(&mut *to).await?;
    }
}

fn cell(row: &AnyRow, name: &str, kind: Kind) -> Result<Cell> {
    Ok(match kind {
        Kind::Text => Cell::Text(row.text_opt(name)?),
        Kind::Int => Cell::Int(row.int_opt(name)?),
        Kind::Bytes => Cell::Bytes(row.bytes_opt(name)?),
    })
}

async fn count(connection: &mut AnyConnection, table: &Table) -> Result<i64> {
    let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM {}", table.name);
    Ok(sqlx::query(AssertSqlSafe(sql)).fetch_one(connection).await?.try_get("n")?)
}

/// Each chain with its last number and hash. Sorted here: databases sort text differently.
async fn heads(connection: &mut AnyConnection) -> Result<BTreeSet<(String, i64, Vec<u8>)>> {
    let rows = sqlx::query("SELECT name, seq, hash FROM chains").fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.text("name")?, row.int("seq")?, row.bytes("hash")?))).collect()
}
