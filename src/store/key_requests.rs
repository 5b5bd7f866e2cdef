//! Individual requests of keys: written by verifiers, listed newest first, and deleted after some days.

use std::time::Duration;

use sqlx::any::AnyRow;

use super::{
    Store, detached,
    old_rows::Old,
    paging::Paged,
    row::Read,
    rows::{Cell, MOST_ROWS},
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Actor},
    id::{KeyId, OrgId, RequestId},
    verdict::Verdict,
};

/// For so long they are kept.
pub const REQUESTS_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// So many of an organization are kept. Older ones are deleted by a job.
pub const REQUESTS_OF_ORG: i64 = 50_000;

const PAGE: u8 = 50;
const KEY: &str = "key_id, at, request_id";
const COLUMNS: [&str; 11] =
    ["key_id", "at", "request_id", "org_id", "code", "scope", "method", "path", "address", "user_agent", "left_out"];

/// A request that used a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRequest {
    pub key_id: KeyId,
    pub org_id: OrgId,
    pub at: Timestamp,
    pub request_id: RequestId,
    pub verdict: Verdict,
    /// The narrowest scopes that suffice for it, if it was accepted.
    pub scope: String,
    pub method: Option<String>,
    /// Without its query.
    pub path: Option<String>,
    /// The client's.
    pub address: Option<String>,
    pub user_agent: Option<String>,
    /// Requests of the key before this one that were only counted.
    pub left_out: u64,
}

/// Which of a key's requests are listed. Empty texts mean any.
#[derive(Clone, Debug, Default)]
pub struct KeyRequestFilter {
    pub result: RequestResult,
    pub method: String,
    pub address: String,
    /// Older than this one.
    pub before: Option<RequestCursor>,
    /// Newer than this one.
    pub after: Option<RequestCursor>,
    pub limit: Option<u8>,
}

/// A result that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestResult {
    #[default]
    Any,
    Accepted,
    Refused,
    Of(Verdict),
}

impl RequestResult {
    /// `valid`, `refused` or the code of a refusal.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "" => Some(Self::Any),
            "valid" => Some(Self::Accepted),
            "refused" => Some(Self::Refused),
            code => Verdict::parse(code).map(Self::Of),
        }
    }
}

/// The place of a request in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestCursor {
    at: i64,
    request_id: String,
}

impl RequestCursor {
    pub fn parse(text: &str) -> Option<Self> {
        let (at, request_id) = text.split_once('_')?;
        let is_plain = request_id.len() <= 64 && request_id.bytes().all(|byte| byte.is_ascii_graphic());
        Some(Self { at: at.parse().ok()?, request_id: request_id.to_owned() }).filter(|_| is_plain)
    }
}

impl std::fmt::Display for RequestCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.at, self.request_id)
    }
}

/// A page of requests, newest first.
#[derive(Clone, Debug)]
pub struct KeyRequestPage {
    pub requests: Vec<KeyRequest>,
    pub newer: Option<RequestCursor>,
    pub older: Option<RequestCursor>,
}

impl Store {
    /// Writes requests. One that was written before is not written again.
    pub async fn record_requests(&self, requests: &[KeyRequest]) -> Result<()> {
        let rows: Vec<_> = requests.iter().map(row).collect();
        let store = self.clone();
        detached(async move {
            for rows in rows.chunks(MOST_ROWS) {
                let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
                let columns = COLUMNS.join(", ");
                let statement = format!(
                    "INSERT INTO key_requests ({columns}) SELECT {columns} FROM v WHERE v.n > 0 ORDER BY v.n \
                     ON CONFLICT ({KEY}) DO NOTHING"
                );
                store.with_rows(COLUMNS, rows.to_vec(), &statement).execute(tx.on()).await?;
                tx.commit_counts().await?;
            }
            Ok(())
        })
        .await
    }

    /// The requests of a key, newest first.
    pub async fn key_requests(&self, key: &KeyId, filter: &KeyRequestFilter) -> Result<KeyRequestPage> {
        let size = usize::from(filter.limit.unwrap_or(PAGE));
        let edge = filter.after.as_ref().or(filter.before.as_ref());
        let (compare, order) = if filter.after.is_some() { (">", "ASC") } else { ("<", "DESC") };
        let (result, code) = match filter.result {
            RequestResult::Any => ("$4 = ''", String::new()),
            RequestResult::Accepted => ("code = $4", Verdict::Valid.code().to_owned()),
            RequestResult::Refused => ("code <> $4", Verdict::Valid.code().to_owned()),
            RequestResult::Of(verdict) => ("code = $4", verdict.code().to_owned()),
        };
        let sql = format!(
            "SELECT {} FROM key_requests WHERE key_id = $1 AND (at, request_id) {compare} ($2, $3) AND {result} \
             AND ($5 = '' OR method = $5) AND ($6 = '' OR address = $6) \
             ORDER BY at {order}, request_id {order} LIMIT {}",
            COLUMNS.join(", "),
            size + 1
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(key.to_string())
            .bind(edge.map_or(i64::MAX, |edge| edge.at))
            .bind(edge.map(|edge| edge.request_id.clone()).unwrap_or_default())
            .bind(code)
            .bind(filter.method.clone())
            .bind(filter.address.clone());
        let rows = query.fetch_all(self.read()).await?;
        let requests: Vec<_> = rows.iter().map(key_request).collect::<Result<_>>()?;
        let page = Paged::of(requests, size, filter.before.is_some(), filter.after.is_some());
        let [newer, older] = page.edges().map(|edge| edge.map(cursor));
        Ok(KeyRequestPage { newer, older, requests: page.rows })
    }

    /// Deletes requests that are older than they are kept, and those of an organization beyond its newest `most`. Returns
    /// how many there were.
    pub async fn delete_old_requests(&self, most: i64) -> Result<u64> {
        let table = "key_requests";
        let before = (self.now() - REQUESTS_KEPT).micros();
        let mut deleted = self.delete_old(Old { table, key: KEY, when: "at < $1" }, before).await?;
        let full = sqlx::query("SELECT org_id FROM key_requests GROUP BY org_id HAVING COUNT(*) > $1");
        for row in full.bind(most).fetch_all(self.read()).await? {
            deleted += self.delete_requests_beyond(row.text("org_id")?, most).await?;
        }
        Ok(deleted)
    }

    async fn delete_requests_beyond(&self, org: String, most: i64) -> Result<u64> {
        let last = sqlx::query("SELECT at FROM key_requests WHERE org_id = $1 ORDER BY at DESC LIMIT 1 OFFSET $2");
        let last = last.bind(org.clone()).bind(most).fetch_optional(self.read()).await?;
        let Some(last) = last.map(|row| row.int("at")).transpose()? else { return Ok(0) };
        let mut deleted = 0;
        loop {
            let (store, org) = (self.clone(), org.clone());
            let sql = format!(
                "DELETE FROM key_requests WHERE ({KEY}) IN \
                 (SELECT {KEY} FROM key_requests WHERE org_id = $1 AND at <= $2 LIMIT {MOST_ROWS})"
            );
            let some = detached(async move {
                let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
                let done = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org).bind(last).execute(tx.on()).await?;
                tx.commit_counts().await?;
                Ok(done.rows_affected())
            })
            .await?;
            deleted += some;
            if some < MOST_ROWS as u64 {
                return Ok(deleted);
            }
        }
    }
}

fn cursor(request: &KeyRequest) -> RequestCursor {
    RequestCursor { at: request.at.micros(), request_id: request.request_id.to_string() }
}

fn row(request: &KeyRequest) -> [Cell; 11] {
    let KeyRequest { key_id, org_id, at, request_id, verdict, scope, method, path, address, user_agent, left_out } =
        request.clone();
    [
        key_id.to_string().into(),
        at.micros().into(),
        request_id.to_string().into(),
        org_id.to_string().into(),
        verdict.code().to_owned().into(),
        scope.into(),
        method.into(),
        path.into(),
        address.into(),
        user_agent.into(),
        i64::try_from(left_out).unwrap_or(i64::MAX).into(),
    ]
}

fn key_request(row: &AnyRow) -> Result<KeyRequest> {
    let damaged = |what: &str| Error::Unavailable(format!("the {what} of a request of a key is damaged"));
    Ok(KeyRequest {
        key_id: KeyId::parse(&row.text("key_id")?).ok_or_else(|| damaged("key"))?,
        org_id: OrgId::parse(&row.text("org_id")?).ok_or_else(|| damaged("organization"))?,
        at: row.time("at")?,
        request_id: RequestId::parse(&row.text("request_id")?).ok_or_else(|| damaged("id"))?,
        verdict: row.word("code", Verdict::parse)?,
        scope: row.text("scope")?,
        method: row.text_opt("method")?,
        path: row.text_opt("path")?,
        address: row.text_opt("address")?,
        user_agent: row.text_opt("user_agent")?,
        left_out: row.int("left_out")?.unsigned_abs(),
    })
}
