//! Lists of requests: all of an organization, and those that wait for a decision.

use super::{MOST_OPEN_OF_ORG, SELECT, governs, is_open, read};
use crate::{
    Result,
    approval::{Approval, ApprovalStatus},
    fold::fold,
    id::{AppId, OrgId, UserId},
    store::{Page, Paging, Store, find::outside, row::Read},
};

/// The most results of a search.
const FOUND: usize = 8;

/// The condition on a request `a` that nobody has decided, and that a person sees: their own, or all of the organization for
/// those who decide.
fn waits(org: &str, now: &str, person: &str) -> String {
    let waiting = has_status(ApprovalStatus::Waiting, now);
    format!("{waiting} AND (a.asked_by = {person} OR {})", governs(org, person))
}

/// Which requests to list.
#[derive(Clone, Debug, Default)]
pub struct ApprovalFilter {
    /// The id of the actor who asked.
    pub asked_by: Option<String>,
    pub status: Option<ApprovalStatus>,
    /// For keys of this app.
    pub app: Option<AppId>,
}

/// The condition on requests `a` with a status, as [`Approval::status`] has it.
fn has_status(status: ApprovalStatus, now: &str) -> String {
    let open = is_open("a", now);
    match status {
        ApprovalStatus::Waiting => format!("{open} AND a.approved IS NULL"),
        ApprovalStatus::Approved => format!("{open} AND a.approved = 1"),
        ApprovalStatus::Refused => "a.claimed_at IS NULL AND a.withdrawn_at IS NULL AND a.approved = 0".to_owned(),
        ApprovalStatus::Withdrawn => "a.claimed_at IS NULL AND a.withdrawn_at IS NOT NULL".to_owned(),
        ApprovalStatus::Claimed => "a.claimed_at IS NOT NULL".to_owned(),
        ApprovalStatus::Expired => format!(
            "a.claimed_at IS NULL AND a.withdrawn_at IS NULL AND COALESCE(a.approved, 1) = 1 AND a.expires_at <= {now}"
        ),
    }
}

impl Store {
    /// A part of the requests of an organization, newest first.
    pub async fn approvals(&self, org: &OrgId, filter: &ApprovalFilter, paging: &Paging) -> Result<Page<Approval>> {
        let limit = usize::from(paging.limit);
        let (before, id) = paging.after.clone().unwrap_or((i64::MAX, String::new()));
        let mut sql = format!("{SELECT} WHERE a.org_id = $1 AND (a.asked_at, a.id) < ($2, $3)");
        let mut values = Vec::new();
        let app = filter.app.as_ref().map(ToString::to_string);
        for (column, value) in [("a.asked_by", filter.asked_by.clone()), ("a.app_id", app)] {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {column} = ${}", values.len() + 3));
            }
        }
        let now = format!("${}", values.len() + 4);
        let mut needs_now = false;
        if let Some(status) = filter.status {
            let condition = has_status(status, &now);
            needs_now = condition.contains(&now);
            sql.push_str(&format!(" AND {condition}"));
        }
        sql.push_str(&format!(" ORDER BY a.asked_at DESC, a.id DESC LIMIT {}", limit + 1));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string()).bind(before).bind(id);
        let query = values.into_iter().fold(query, sqlx::query::Query::bind);
        let query = if needs_now { query.bind(self.now().micros()) } else { query };
        let rows = query.fetch_all(self.read()).await?;
        let more = rows.len() > limit;
        // One that can't be read does not hide the others.
        let items: Vec<_> = rows.iter().take(limit).filter_map(|row| read(row).ok()).collect();
        let next = items.last().filter(|_| more).map(|last| format!("{}.{}", last.id, last.asked_at.micros()));
        Ok(Page { items, next })
    }

    /// The requests that wait for a decision and that this person sees, the newest first: few enough to be read at once. `more` has
    /// further conditions, with these values as `$4`, `$5` …
    pub(in crate::store) async fn waiting_where(
        &self,
        org: &OrgId,
        person: &UserId,
        more: &str,
        values: Vec<String>,
    ) -> Result<Vec<Approval>> {
        let sql = format!(
            "{SELECT} WHERE a.org_id = $1 AND {}{more} ORDER BY a.asked_at DESC, a.id DESC LIMIT {MOST_OPEN_OF_ORG}",
            waits("$1", "$2", "$3")
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string()).bind(self.now().micros());
        let query = values.into_iter().fold(query.bind(person.to_string()), sqlx::query::Query::bind);
        // One that can't be read does not hide the others.
        Ok(query.fetch_all(self.read()).await?.iter().filter_map(|row| read(row).ok()).collect())
    }

    /// How many wait here for a decision that this person sees.
    pub async fn count_waiting_requests(&self, org: &OrgId, app: Option<&AppId>, person: &UserId) -> Result<i64> {
        let of_app = if app.is_some() { "AND a.app_id = $4" } else { "" };
        let sql = format!(
            "SELECT COUNT(*) AS n FROM approvals a WHERE a.org_id = $1 AND {} {of_app}",
            waits("$1", "$2", "$3")
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string()).bind(self.now().micros());
        let query = app.into_iter().fold(query.bind(person.to_string()), |query, app| query.bind(app.to_string()));
        query.fetch_one(self.read()).await?.int("n")
    }

    /// The requests of all organizations of this person that are open to their session, that wait for a decision, that they see,
    /// and whose label contains these words: a few, the newest first.
    pub async fn search_waiting_requests(
        &self,
        session: &[u8; 32],
        person: &UserId,
        words: &str,
    ) -> Result<Vec<Approval>> {
        let words = words.trim();
        if words.is_empty() || words.contains(char::is_control) {
            return Ok(Vec::new());
        }
        // Folded here: few wait at once, and their labels are not stored that way.
        let sql = format!(
            "{SELECT} WHERE a.org_id IN (SELECT m.org_id FROM grants m WHERE m.subject = $2) AND {} AND {} \
             ORDER BY a.asked_at DESC, a.id DESC LIMIT {MOST_OPEN_OF_ORG}",
            waits("a.org_id", "$1", "$2"),
            outside("a.org_id", &self.closed_to_session(session).await?)
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(self.now().micros()).bind(person.to_string());
        let rows = query.fetch_all(self.read()).await?;
        let found = rows.iter().filter_map(|row| read(row).ok());
        Ok(found.filter(|request| holds(&request.label, words) || request.id.as_str() == words).take(FOUND).collect())
    }
}

/// Whether a label contains these words, in whatever case.
pub(in crate::store) fn holds(label: &str, words: &str) -> bool {
    fold(label).contains(&fold(words))
}
