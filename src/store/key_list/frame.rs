//! What a page shows around a list of keys, in one query.

use super::{
    conditions::{Conditions, Value},
    creators,
};
use crate::{
    Result,
    approval::MOST_OPEN,
    id::{AppId, OrgId, UserId},
    key::Creator,
    saved_view::SavedView,
    store::{Sight, Store, approvals::approvals_open, row::Read, saved_views::saved_view},
};

/// What a page shows around a list of keys.
#[derive(Clone, Debug, Default)]
pub struct KeyListFrame {
    /// The views of the list that the person saved, by name.
    pub views: Vec<SavedView>,
    /// Whether the organization has an app that is not archived.
    pub has_apps: bool,
    /// Whether the list has a key, even a revoked one.
    pub has_keys: bool,
    /// Those who created keys of the list that are not revoked, by name, 100 of them at most: for a reader who sees the
    /// app, or all of the organization.
    pub creators: Vec<Creator>,
    /// How many requests wait here for a decision or a claim, up to [`MOST_OPEN`]: all of them for a person who decides them,
    /// for others their own.
    pub approvals: i64,
}

/// Kinds of rows. One of `APPS` and `KEYS` is there if it holds.
const VIEW: i64 = 0;
const APPS: i64 = 1;
const KEYS: i64 = 2;
const CREATOR: i64 = 3;
const APPROVALS: i64 = 4;

/// `$1` is the organization, or the app of it. `person` is the number of the id of the person whose views are read; `seen`
/// is the condition on an app `a`.
fn sql(keys: &Conditions, person: &str, seen: &str, open: &str, with_creators: bool) -> String {
    let Conditions { sql: of, of_all, org, .. } = keys;
    let row = |kind: i64, columns: &str| format!("SELECT CAST({kind} AS BIGINT) AS kind, {columns}");
    let people =
        row(CREATOR, "u.id, u.name, COALESCE(u.name_folded, u.name), '' FROM made JOIN users u ON u.id = made.id");
    let (made, creators) = if with_creators {
        (creators::made("c.org_id = $1", "TRUE"), format!("UNION ALL {people}"))
    } else {
        (String::new(), String::new())
    };
    [
        made,
        row(VIEW, "v.id AS id, v.name AS name, v.name_folded AS folded, v.query AS query FROM saved_views v"),
        format!("WHERE v.user_id = {person} AND v.place_id = $1 AND {of_all} UNION ALL"),
        row(APPS, "'', '', '', '' WHERE EXISTS (SELECT 1 FROM apps a JOIN projects p ON p.id = a.project_id"),
        format!("JOIN tenants t ON t.id = p.tenant_id WHERE a.org_id = {org} AND a.archived_at IS NULL"),
        format!("AND p.archived_at IS NULL AND t.archived_at IS NULL AND {seen}) UNION ALL"),
        row(KEYS, "'', '', '', ''"),
        format!("WHERE {of_all} AND EXISTS (SELECT 1 FROM keys k WHERE {of})"),
        creators,
        "UNION ALL".to_owned(),
        row(APPROVALS, "CAST(COUNT(*) AS TEXT), '', '', ''"),
        format!("FROM (SELECT 1 AS one FROM approvals w WHERE {of_all} AND {open} LIMIT {MOST_OPEN}) AS counted"),
        "ORDER BY kind, folded, id".to_owned(),
    ]
    .join(" ")
}

impl Store {
    /// What a page shows this person around the list of keys of an organization, or of one of its apps, in the part that
    /// they see. Those who created keys of an app are read with the keys.
    pub async fn key_list_frame(
        &self,
        org: &OrgId,
        app: Option<&AppId>,
        person: &UserId,
        sight: &Sight,
    ) -> Result<KeyListFrame> {
        let mut keys = Conditions::of_keys(org, app);
        keys.narrow_to_seen(sight);
        let seen = if sight.is_all() {
            "1 = 1".to_owned()
        } else {
            let n = keys.number(Value::Text(sight.bound()));
            sight.app("a", &n)
        };
        let person = keys.number(Value::Text(person.to_string()));
        let now = keys.number(Value::Int(self.now().micros()));
        let open = approvals_open(keys.org, app.is_some(), &person, &now);
        let sql = sql(&keys, &person, &seen, &open, app.is_none() && sight.is_all());
        let mut frame = KeyListFrame::default();
        for row in keys.fetch(self, sql).await? {
            match row.int("kind")? {
                VIEW => frame.views.push(saved_view(&row)?),
                APPS => frame.has_apps = true,
                APPROVALS => frame.approvals = row.text("id")?.parse().unwrap_or_default(),
                CREATOR => {
                    frame.creators.push(Creator { id: UserId::stored(row.text("id")?), name: row.text("name")? });
                }
                _ => frame.has_keys = true,
            }
        }
        Ok(frame)
    }
}
