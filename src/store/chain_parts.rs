//! Reads a chain in parts. A part is one row of JSON: each row and each column that comes by itself costs more than to check it.

use serde::Deserialize;

use super::{Location, Store, events::event, row::Read};
use crate::{
    Error, Result, Timestamp,
    audit::{Event, Outcome, Salts, export::Exported},
};

/// Events in a part.
pub(super) const PART: i64 = 500;

/// The columns of [`InPart`], in its order.
const FIELDS: &str = "seq, at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, app_id, outcome, \
    address, user_agent, request_id, details";

/// An event in a part; its chain is known.
#[derive(Deserialize)]
struct InPart(
    i64,
    i64,
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
    /// The hash and the salts in hexadecimal.
    String,
    Option<String>,
);

impl InPart {
    fn exported(self, chain: &str) -> Option<Exported> {
        let salts = match self.16 {
            None => None,
            Some(text) => Some(bytes(&text)?),
        };
        let event = Event {
            chain: chain.to_owned(),
            seq: self.0,
            at: Timestamp::from_micros(self.1),
            actor_kind: self.2,
            actor_id: self.3,
            actor_name: self.4,
            action: self.5,
            target_kind: self.6,
            target_id: self.7,
            target_name: self.8,
            app_id: self.9,
            outcome: Outcome::from_code(self.10),
            address: self.11,
            user_agent: self.12,
            request_id: self.13,
            details: self.14,
            salts: Salts::from_bytes(salts.as_deref())?,
        };
        Some(Exported { event, hash: bytes(&self.15)? })
    }
}

/// SQLite writes upper-case digits, PostgreSQL lower-case ones.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

impl Store {
    /// The events with numbers after one and up to another. One that can't be read does not hide those before it.
    pub(super) async fn chain_part(&self, chain: &str, after: i64, until: i64) -> Result<Vec<Result<Exported>>> {
        match self.whole_part(chain, after, until).await? {
            Some(part) => Ok(part.into_iter().map(Ok).collect()),
            None => self.part_by_rows(chain, after, until).await,
        }
    }

    /// `None` if something in it can't be read, which reading row by row tells more about.
    async fn whole_part(&self, chain: &str, after: i64, until: i64) -> Result<Option<Vec<Exported>>> {
        let rows = "FROM events WHERE chain = $1 AND seq > $2 AND seq <= $3";
        let sql = match self.location() {
            Location::Sqlite(_) => format!(
                "SELECT json_group_array(json_array({FIELDS}, hex(hash), CASE WHEN salts IS NOT NULL THEN hex(salts) END)) \
                 AS part FROM (SELECT * {rows} ORDER BY seq)"
            ),
            Location::Postgres(_) => format!(
                "SELECT CAST(json_agg(json_build_array({FIELDS}, encode(hash, 'hex'), encode(salts, 'hex')) ORDER BY seq) \
                 AS TEXT) AS part {rows}"
            ),
        };
        let part = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(chain.to_owned()).bind(after).bind(until);
        let part = match part.fetch_one(self.read()).await.map_err(Error::from).map(|row| row.text_opt("part")) {
            Ok(Ok(part)) => part.unwrap_or_else(|| "[]".to_owned()),
            // A value that is no text; whether the database answers at all, the other statement shows.
            Ok(Err(_)) | Err(_) => return Ok(None),
        };
        let Ok(events) = serde_json::from_str::<Vec<InPart>>(&part) else { return Ok(None) };
        Ok(events.into_iter().map(|event| event.exported(chain)).collect())
    }

    async fn part_by_rows(&self, chain: &str, after: i64, until: i64) -> Result<Vec<Result<Exported>>> {
        let rows = sqlx::query("SELECT * FROM events WHERE chain = $1 AND seq > $2 AND seq <= $3 ORDER BY seq")
            .bind(chain.to_owned())
            .bind(after)
            .bind(until)
            .fetch_all(self.read())
            .await?;
        Ok(rows.iter().map(|row| Ok(Exported { event: event(row)?, hash: row.bytes("hash")? })).collect())
    }
}
