//! Lists of keys: filtered, sorted, a page at a time.

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

pub(crate) use words;

mod breaking;
mod conditions;
mod counts;
mod creators;
mod cursor;
mod frame;
mod hygiene;
mod inventory;
mod listed;
mod requests;

use sqlx::any::AnyRow;

use self::{
    conditions::{Conditions, Value},
    cursor::{Cursor, InList},
};
pub use self::{
    frame::KeyListFrame,
    hygiene::{FEW_NETWORKS, HygieneCheck},
};
use super::{
    Store,
    approvals::is_open,
    key_deadlines,
    keys::{COLUMNS, key},
    paging::Paged,
    row::Read,
    sight::Sight,
};
use crate::{
    Result,
    id::{AppId, OrgId, ProjectId, TenantId, UserId},
    key::{Creator, Key, ListedKey, Status},
    key_policy::KeyPolicy,
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

impl<K> Default for KeyPage<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), total: 0, newer: None, older: None }
    }
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
    /// Keys in use that are worth a look.
    pub check: Option<HygieneCheck>,
    /// Keys that are neither revoked nor expired, and break one of these rules.
    pub breaks: Option<KeyPolicy>,
    /// The person who made the keys.
    pub created_by: Option<UserId>,
    /// Of the apps of this tenant.
    pub tenant: Option<TenantId>,
    /// Of the apps of this project.
    pub project: Option<ProjectId>,
    /// The part of the organization that the reader sees.
    pub sight: Sight,
    pub sort: KeySort,
    /// How many on a page, where the portal's own number won't do.
    pub limit: Option<u8>,
    /// A cursor of a [`KeyPage`]: the keys after it in the list, or before.
    pub before: Option<String>,
    pub after: Option<String>,
}

words! {
    /// A status that a list can be narrowed to.
    KeyStatus {
        Active "active" "Active",
        Rotating "rotating" "Rotating",
        Paused "paused" "Paused",
        Suspended "suspended" "Suspended",
        Expiring "expiring" "Expiring soon",
        ExpiringLater "expiring_30" "Expiring within 30 days",
        RotationDue "rotation_due" "Rotation due",
        PausedSoon "paused_soon" "Paused soon",
        Unused "unused" "Unused",
        Expired "expired" "Expired",
        Revoked "revoked" "Revoked",
        /// No key: a request for one, or for a change of one ([`Store::waiting_requests`]).
        WaitingForApproval "waiting_for_approval" "Waiting for approval",
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
    /// The status of the keys. `None` for those that requests may use, and that something else is asked of.
    const fn status(self) -> Option<Status> {
        Some(match self {
            Self::Expiring | Self::ExpiringLater | Self::RotationDue | Self::PausedSoon | Self::Unused => return None,
            Self::WaitingForApproval => return None,
            Self::Active => Status::Active,
            Self::Rotating => Status::Rotating,
            Self::Paused => Status::Paused,
            Self::Suspended => Status::Suspended,
            Self::Expired => Status::Expired,
            Self::Revoked => Status::Revoked,
        })
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
pub const LATER_DAYS: u64 = 30;
pub const UNUSED_DAYS: u64 = 30;

const PAGE: usize = 25;

/// A page, and some of what is around it.
struct ListedPage {
    page: KeyPage,
    /// Whether the person has views of the list, or something of the app waits for an approval.
    has_more: bool,
    /// Those who created keys of an app.
    creators: Vec<Creator>,
}

/// A page of a list in SQL.
struct PageQuery {
    conditions: Conditions,
    /// How many keys the list has.
    total: String,
    /// `ASC` or `DESC`.
    order: &'static str,
    /// From `FROM keys k` on, with what is joined to it, in this order and with one more than the page has.
    from: String,
    part: Part,
}

/// Which part of a list a page is.
struct Part {
    limit: usize,
    /// Whether it is read towards the beginning.
    backwards: bool,
    is_later_page: bool,
}

impl Part {
    /// Of the keys as they were read.
    fn page<K: InList>(&self, keys: Vec<K>, total: i64, sort: KeySort) -> KeyPage<K> {
        let page = Paged::of(keys, self.limit, self.is_later_page, self.backwards);
        let [newer, older] = page.edges().map(|key| key.map(|key| key.cursor(sort)));
        KeyPage { keys: page.rows, total, newer, older }
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
        self.page_of_rows(org, app, filter, "", |_| COLUMNS.to_owned(), key).await
    }

    /// The same with what a list shows of them.
    pub async fn listed_keys(&self, org: &OrgId, app: Option<&AppId>, filter: &KeyFilter) -> Result<KeyPage> {
        if filter.breaks.as_ref().is_some_and(|policy| !policy.judges_existing_keys()) {
            return Ok(KeyPage::default());
        }
        Ok(self.page_of_listed(org, app, filter, None).await?.page)
    }

    /// The same, with what is around the list for this person. An app's list that has keys, no views and no requests takes one query; an
    /// organization's has to know whether there is still an app to generate a key for.
    pub async fn framed_keys(
        &self,
        org: &OrgId,
        app: Option<&AppId>,
        filter: &KeyFilter,
        person: &UserId,
    ) -> Result<(KeyPage, KeyListFrame)> {
        let ListedPage { page, has_more, creators } = self.page_of_listed(org, app, filter, Some(person)).await?;
        let mut frame = if app.is_none() || has_more || page.keys.is_empty() {
            self.key_list_frame(org, app, person, &filter.sight).await?
        } else {
            KeyListFrame { has_apps: true, has_keys: true, ..KeyListFrame::default() }
        };
        if app.is_some() {
            frame.creators = creators;
        }
        Ok((page, frame))
    }

    /// With what is around the list for the person. The keys are one text of one row: the driver takes longer for each row
    /// and column than the database.
    async fn page_of_listed(
        &self,
        org: &OrgId,
        app: Option<&AppId>,
        filter: &KeyFilter,
        person: Option<&UserId>,
    ) -> Result<ListedPage> {
        let PageQuery { mut conditions, total, order, from, part } = self.page_query(org, app, filter, listed::JOINS);
        let has_more = match person {
            Some(person) => {
                let person = conditions.number(Value::Text(person.to_string()));
                let now = conditions.number(Value::Int(self.now().micros()));
                format!(
                    "EXISTS (SELECT 1 FROM saved_views v WHERE v.user_id = {person} AND v.place_id = $1) \
                     OR EXISTS (SELECT 1 FROM approvals w WHERE w.app_id = $1 AND {})",
                    is_open("w", &now)
                )
            }
            None => "FALSE".to_owned(),
        };
        let creators = if person.is_some() && app.is_some() {
            let n = conditions.number(Value::Text(filter.sight.bound()));
            creators::of_app(&filter.sight.app("a", &n))
        } else {
            "''".to_owned()
        };
        let since = conditions.number(Value::Int(listed::first_day(self.now()).micros()));
        let sql = format!(
            "SELECT ({total}) AS total, {rotate} AS rotate_every, {pause} AS pause_unused, CAST(CASE WHEN {has_more} THEN 1 ELSE 0 END AS BIGINT) AS has_more, \
             {creators} AS creators, (SELECT string_agg(p.line, '{separator}' ORDER BY p.sorted_by {order}, p.id {order}) \
             FROM (SELECT {line} AS line, {sorted_by} AS sorted_by, k.id {from}) p) AS lines WHERE {of_all}",
            rotate = key_deadlines::rotate_every(conditions.org, self.profile()),
            pause = key_deadlines::pause_unused(conditions.org, self.profile()),
            separator = listed::SEPARATOR,
            line = listed::line(conditions.org, app.map(|_| "$1"), &listed::days(&since)),
            sorted_by = filter.sort.by().0,
            of_all = conditions.of_all,
        );
        let rows = conditions.fetch(self, sql).await?;
        let Some(row) = rows.first() else {
            let page = part.page(Vec::new(), 0, filter.sort);
            return Ok(ListedPage { page, has_more: false, creators: Vec::new() });
        };
        let lines = row.text_opt("lines")?.unwrap_or_default();
        let (now, rules) = (self.now(), key_deadlines::deadlines(row)?);
        let keys = listed::lines(&lines).map(|line| listed::listed(line, now, rules));
        let keys = keys.collect::<Result<Vec<_>>>()?;
        Ok(ListedPage {
            page: part.page(keys, row.int("total")?, filter.sort),
            has_more: row.flag("has_more")?,
            creators: creators::read(&row.text_opt("creators")?.unwrap_or_default()),
        })
    }

    /// With a row for each key.
    async fn page_of_rows<K: InList>(
        &self,
        org: &OrgId,
        app: Option<&AppId>,
        filter: &KeyFilter,
        joins: &str,
        // Those of `keys k` of the organization whose id is this in SQL.
        columns: impl Fn(&str) -> String,
        read: impl Fn(&AnyRow) -> Result<K>,
    ) -> Result<KeyPage<K>> {
        let PageQuery { conditions, total, from, part, .. } = self.page_query(org, app, filter, joins);
        let sql = format!("SELECT {}, ({total}) AS total {from}", columns(conditions.org));
        let rows = conditions.fetch(self, sql).await?;
        let keys = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        let total = match rows.first() {
            Some(row) => row.int("total")?,
            // All of them may be on pages before.
            None if filter.before.is_some() || filter.after.is_some() => self.count_keys(org, app, filter).await?,
            None => 0,
        };
        Ok(part.page(keys, total, filter.sort))
    }

    fn page_query(&self, org: &OrgId, app: Option<&AppId>, filter: &KeyFilter, joins: &str) -> PageQuery {
        let cursor = |text: &Option<String>| text.as_deref().and_then(|text| Cursor::parse(text, filter.sort));
        let (before, after) = (cursor(&filter.before), cursor(&filter.after));
        let limit = filter.limit.map_or(PAGE, usize::from);
        let part = Part { limit, backwards: after.is_some(), is_later_page: before.is_some() };
        let (column, descending) = filter.sort.by();

        let mut conditions = Conditions::of_keys(org, app);
        conditions.narrow(filter, self.profile(), self.now());
        // Of the whole list, while the page's place in it is not among the conditions.
        let total = conditions.count();
        // Down the list: smaller where the greatest is first.
        let (beyond, order) = if descending != part.backwards { ("<", "DESC") } else { (">", "ASC") };
        if let Some(Cursor { id, value }) = before.or(after) {
            let (value, id) = (conditions.number(value), conditions.number(Value::Text(id.to_string())));
            conditions.and(&format!("({column}, k.id) {beyond} ({value}, {id})"));
        }
        let from = format!(
            "FROM keys k {joins} WHERE {} AND {} ORDER BY {column} {order}, k.id {order} LIMIT {}",
            conditions.of_all,
            conditions.sql,
            // One more says whether there is a next page.
            limit + 1,
        );
        PageQuery { conditions, total, order, from, part }
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
