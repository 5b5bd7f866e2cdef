//! Lists of keys: filtered, sorted, a page at a time.

mod cursor;
mod inventory;
mod listed;

use sqlx::any::AnyRow;

use super::{
    Store,
    key_list::cursor::Cursor,
    key_status,
    keys::{COLUMNS, key},
    lifecycle::keys_within,
    like::escaped,
    row::Read,
};
use crate::{
    Result, Timestamp,
    fold::fold,
    id::{AppId, OrgId, ProjectId, TenantId, UserId},
    key::{Key, ListedKey, Status},
    place::Place,
    profile::Profile,
};

/// A page of keys.
#[derive(Clone, Debug)]
pub struct KeyPage<K = ListedKey> {
    pub keys: Vec<K>,
    /// How many there are in all, up to [`KeyPage::COUNTED`].
    pub total: i64,
    /// Where the page before and the page after begin.
    pub newer: Option<String>,
    pub older: Option<String>,
}

impl KeyPage<()> {
    /// Counting further would cost more than listing.
    pub const COUNTED: i64 = 1000;
}

impl<K> KeyPage<K> {
    pub fn has_more_than_counted(&self) -> bool {
        self.total > KeyPage::COUNTED
    }
}

/// Which keys to list. Empty words ask for nothing.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    pub include_revoked: bool,
    /// Part of a label, in whatever case.
    pub label: String,
    pub environment: String,
    /// A scope that the keys may use, by itself or by one that implies it; or a bundle, of which they may use all.
    pub scope: String,
    pub status: Option<KeyStatus>,
    /// The person who made the keys.
    pub created_by: Option<UserId>,
    /// Of the apps of this tenant.
    pub tenant: Option<TenantId>,
    /// Of the apps of this project.
    pub project: Option<ProjectId>,
    pub sort: KeySort,
    /// How many on a page, where the portal's own number won't do.
    pub limit: Option<u8>,
    /// A cursor of a [`KeyPage`]: the keys after it in the list, or before.
    pub before: Option<String>,
    pub after: Option<String>,
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$on:meta])* $variant:ident $word:literal $title:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$on])* $variant),* }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As a URL says it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// As a person reads it.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// A status that a list can be narrowed to.
    KeyStatus {
        Active "active" "Active",
        Paused "paused" "Paused",
        Suspended "suspended" "Suspended",
        Expiring "expiring" "Expiring soon",
        Unused "unused" "Unused",
        Expired "expired" "Expired",
        Revoked "revoked" "Revoked",
    }
}

words! {
    /// What a list is sorted by.
    #[derive(Default)]
    KeySort {
        #[default]
        Newest "newest" "Newest first",
        Oldest "oldest" "Oldest first",
        Label "label" "Label",
        LastUsed "last_used" "Last used",
        Expires "expires" "Expires first",
    }
}

impl KeyStatus {
    /// What the keys are: two of these ask for more than that.
    const fn status(self) -> Status {
        match self {
            Self::Active | Self::Expiring | Self::Unused => Status::Active,
            Self::Paused => Status::Paused,
            Self::Suspended => Status::Suspended,
            Self::Expired => Status::Expired,
            Self::Revoked => Status::Revoked,
        }
    }
}

impl KeySort {
    /// What is sorted by, and whether the greatest comes first.
    const fn by(self) -> (&'static str, bool) {
        match self {
            Self::Newest => ("k.created_at", true),
            Self::Oldest => ("k.created_at", false),
            Self::Label => ("k.label_folded", false),
            Self::LastUsed => ("COALESCE((SELECT u.last_at FROM key_uses u WHERE u.key_id = k.id), 0)", true),
            Self::Expires => ("COALESCE(k.expires_at, 9223372036854775807)", false),
        }
    }
}

/// What a verdict's *soon* and a hint's *unused* mean.
pub const SOON_DAYS: u64 = 14;
pub const UNUSED_DAYS: u64 = 30;

const PAGE: usize = 25;

#[derive(Debug, PartialEq)]
enum Value {
    Text(String),
    Int(i64),
}

/// Conditions with their values, in the order of their numbers.
struct Conditions {
    sql: String,
    /// A condition on all keys or on none, which is evaluated once.
    of_all: &'static str,
    /// The number of the organization's id.
    org: &'static str,
    values: Vec<Value>,
}

impl Conditions {
    fn of_keys(org: &OrgId, app: Option<&AppId>) -> Self {
        // The app's own column, so that its index serves both the page and the count.
        match app {
            Some(app) => Self {
                sql: "k.app_id = $1".to_owned(),
                of_all: "EXISTS (SELECT 1 FROM apps a WHERE a.id = $1 AND a.org_id = $2)",
                org: "$2",
                values: vec![Value::Text(app.to_string()), Value::Text(org.to_string())],
            },
            None => Self {
                sql: "k.org_id = $1".to_owned(),
                of_all: "TRUE",
                org: "$1",
                values: vec![Value::Text(org.to_string())],
            },
        }
    }

    fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }

    /// The parameter number of a value.
    fn number(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn narrow(&mut self, filter: &KeyFilter, profile: &Profile, now: Timestamp) {
        if !filter.include_revoked && filter.status != Some(KeyStatus::Revoked) {
            // As the partial indexes say it.
            self.and("k.revoked_at IS NULL");
        }
        if !filter.label.is_empty() {
            let n = self.number(Value::Text(format!("%{}%", escaped(&fold(&filter.label)))));
            self.and(&format!("k.label_folded LIKE {n} ESCAPE '!'"));
        }
        if !filter.environment.is_empty() {
            let n = self.number(Value::Text(filter.environment.clone()));
            self.and(&format!("k.environment = {n}"));
        }
        if !filter.scope.is_empty() {
            // What a key may do, whichever of its scopes grants that.
            for names in profile.granting(&filter.scope) {
                let held = names.into_iter().map(|name| {
                    let n = self.number(Value::Text(format!("% {} %", escaped(name))));
                    format!("' ' || k.scopes || ' ' LIKE {n} ESCAPE '!'")
                });
                let held = held.collect::<Vec<_>>().join(" OR ");
                self.and(&format!("({held})"));
            }
        }
        if let Some(user) = &filter.created_by {
            let n = self.number(Value::Text(user.to_string()));
            self.and(&format!("k.created_by = {n}"));
        }
        if let Some(tenant) = &filter.tenant {
            let n = self.number(Value::Text(tenant.to_string()));
            self.and(&format!("k.app_id IN (SELECT a.id FROM apps a WHERE a.tenant_id = {n})"));
        }
        if let Some(project) = &filter.project {
            let n = self.number(Value::Text(project.to_string()));
            self.and(&format!("k.app_id IN (SELECT a.id FROM apps a WHERE a.project_id = {n})"));
        }
        if let Some(status) = filter.status {
            self.narrow_to(status, now);
        }
    }

    fn narrow_to(&mut self, status: KeyStatus, now: Timestamp) {
        let days = |days: u64| std::time::Duration::from_secs(days * 86_400);
        let n = if status == KeyStatus::Revoked { String::new() } else { self.number(Value::Int(now.micros())) };
        self.and(&key_status::is(status.status(), self.org, &n));
        if status == KeyStatus::Expiring {
            let n = self.number(Value::Int((now + days(SOON_DAYS)).micros()));
            self.and(&format!("k.expires_at < {n}"));
        }
        if status == KeyStatus::Unused {
            let n = self.number(Value::Int((now - days(UNUSED_DAYS)).micros()));
            // What was used last before that day was made before it too: an index finds the keys that are old enough.
            self.and(&format!(
                "k.created_at <= {n} AND NOT EXISTS (SELECT 1 FROM key_uses u WHERE u.key_id = k.id AND u.last_at > {n})"
            ));
        }
    }

    /// How many keys fulfil them, up to one more than are counted, where any do.
    fn count(&self) -> String {
        let most = KeyPage::COUNTED + 1;
        format!("SELECT COUNT(*) FROM (SELECT 1 AS one FROM keys k WHERE {} LIMIT {most}) AS counted", self.sql)
    }

    async fn fetch(self, store: &Store, sql: String) -> Result<Vec<AnyRow>> {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for value in self.values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Int(int) => query.bind(int),
            };
        }
        Ok(query.fetch_all(store.read()).await?)
    }
}

impl KeyFilter {
    /// Whether that is a cursor of a list so sorted.
    pub fn is_cursor(&self, text: &str) -> bool {
        Cursor::parse(text, self.sort).is_some()
    }
}

impl Store {
    /// The keys of one app of an organization, or all of the organization's.
    pub async fn keys(&self, org: &OrgId, app: Option<&AppId>, filter: &KeyFilter) -> Result<KeyPage<Key>> {
        self.page_of_keys(org, app, filter, |_, _| COLUMNS.to_owned(), key).await
    }

    /// The same with what a list shows of them.
    pub async fn listed_keys(&self, org: &OrgId, app: Option<&AppId>, filter: &KeyFilter) -> Result<KeyPage> {
        let now = self.now();
        self.page_of_keys(org, app, filter, listed::columns, |row| listed::listed(row, app.is_some(), now)).await
    }

    async fn page_of_keys<K>(
        &self,
        org: &OrgId,
        app: Option<&AppId>,
        filter: &KeyFilter,
        columns: impl Fn(&str, Option<&str>) -> String,
        read: impl Fn(&AnyRow) -> Result<K>,
    ) -> Result<KeyPage<K>> {
        let cursor = |text: &Option<String>| text.as_deref().and_then(|text| Cursor::parse(text, filter.sort));
        let (before, after) = (cursor(&filter.before), cursor(&filter.after));
        let (backwards, is_later_page) = (after.is_some(), before.is_some());
        let (column, descending) = filter.sort.by();
        let limit = filter.limit.map_or(PAGE, usize::from);

        let mut conditions = Conditions::of_keys(org, app);
        conditions.narrow(filter, self.profile(), self.now());
        // Of the whole list, while the page's place in it is not among the conditions.
        let total = conditions.count();
        // Down the list: smaller where the greatest is first.
        let down = if descending != backwards { ("<", "DESC") } else { (">", "ASC") };
        if let Some(Cursor { id, value }) = before.or(after) {
            let (value, id) = (conditions.number(value), conditions.number(Value::Text(id.to_string())));
            conditions.and(&format!("({column}, k.id) {} ({value}, {id})", down.0));
        }
        // The others are among the columns.
        let sorted_by = if filter.sort == KeySort::Label { ", k.label_folded AS sorted_by" } else { "" };
        let sql = format!(
            "SELECT {}{sorted_by}, ({total}) AS total FROM keys k WHERE {} AND {} \
             ORDER BY {column} {order}, k.id {order} LIMIT {}",
            columns(conditions.org, app.map(|_| "$1")),
            conditions.of_all,
            conditions.sql,
            limit + 1,
            order = down.1
        );
        let mut rows = conditions.fetch(self, sql).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        if backwards {
            rows.reverse();
        }
        let (has_newer, has_older) = if backwards { (more, true) } else { (is_later_page, more) };
        let edge = |row: Option<&AnyRow>, there: bool| {
            row.filter(|_| there).map(|row| Cursor::of(row, filter.sort)).transpose()
        };
        let (newer, older) = (edge(rows.first(), has_newer)?, edge(rows.last(), has_older)?);
        let keys = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        let total = match rows.first() {
            Some(row) => row.int("total")?,
            // All of them may be on pages before.
            None if filter.before.is_some() || filter.after.is_some() => self.count_keys(org, app, filter).await?,
            None => 0,
        };
        Ok(KeyPage { keys, total, newer, older })
    }

    /// Whether an organization has an app, and a key, even a revoked one: for the text of an empty list.
    pub async fn has_apps_and_keys(&self, org: &OrgId) -> Result<(bool, bool)> {
        let row = sqlx::query(
            "SELECT CAST(CASE WHEN EXISTS (SELECT 1 FROM apps a JOIN projects p ON p.id = a.project_id \
             JOIN tenants t ON t.id = p.tenant_id WHERE a.org_id = $1 AND a.archived_at IS NULL \
             AND p.archived_at IS NULL AND t.archived_at IS NULL) THEN 1 ELSE 0 END AS BIGINT) AS apps, \
             CAST(CASE WHEN EXISTS (SELECT 1 FROM keys WHERE org_id = $1) THEN 1 ELSE 0 END AS BIGINT) AS keys",
        )
        .bind(org.to_string())
        .fetch_one(self.read())
        .await?;
        Ok((row.flag("apps")?, row.flag("keys")?))
    }

    /// How many keys of a place [`Store::revoke_all`] revokes: all that are not revoked, whatever else they are.
    pub async fn keys_to_revoke(&self, place: &Place) -> Result<i64> {
        let sql = format!("SELECT COUNT(*) AS n FROM keys WHERE {} AND revoked_at IS NULL", keys_within(place.kind));
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place.id.clone()).fetch_one(self.read()).await?;
        row.int("n")
    }

    /// How many keys match, counted up to one more than [`KeyPage::COUNTED`].
    pub async fn count_keys(&self, org: &OrgId, app: Option<&AppId>, filter: &KeyFilter) -> Result<i64> {
        let mut conditions = Conditions::of_keys(org, app);
        conditions.narrow(filter, self.profile(), self.now());
        let sql = format!("SELECT CASE WHEN {} THEN ({}) ELSE 0 END AS n", conditions.of_all, conditions.count());
        conditions.fetch(self, sql).await?.first().map_or(Ok(0), |row| row.int("n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        for status in KeyStatus::ALL {
            assert_eq!(KeyStatus::parse(status.as_str()), Some(*status));
        }
        for sort in KeySort::ALL {
            assert_eq!(KeySort::parse(sort.as_str()), Some(*sort));
        }
    }
}
