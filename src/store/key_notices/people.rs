//! Who is told about a key: those who may act on it, ten at most.

use std::collections::HashMap;

use super::{DueNotice, KEY, NoticedKey};
use crate::{
    Result, Timestamp,
    id::{AppId, KeyId, OrgId, UserId},
    key_notice::KeyNoticeKind,
    member::Permission,
    store::{Store, row::Read, sight::roles_with},
};

/// As many are told of a key: who made it, then those with a role nearest to it.
const MOST: i64 = 10;

/// Those who are told, by key.
#[derive(Debug, Default)]
pub(in crate::store) struct People(HashMap<String, Vec<UserId>>);

impl People {
    pub(super) fn of(&self, key: &str) -> &[UserId] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }
}

/// The place of a key, who made it, and whether it manages the organization.
type Place<'a> = (&'a OrgId, Option<&'a AppId>, Option<&'a UserId>, bool);

impl Store {
    /// Those who are told about these keys.
    pub(super) async fn people_of(&self, keys: impl Iterator<Item = &NoticedKey> + Send) -> Result<People> {
        let mut people = People::default();
        let mut known: HashMap<Place<'_>, Vec<UserId>> = HashMap::new();
        for key in keys {
            let told = match &key.owner_id {
                Some(owner) => vec![owner.clone()],
                None => {
                    let place = (&key.org, key.app.as_ref(), key.created_by.as_ref(), key.manages);
                    match known.get(&place) {
                        Some(people) => people.clone(),
                        None => known.entry(place).or_insert(self.people_at(place).await?).clone(),
                    }
                }
            };
            people.0.insert(key.id.to_string(), told);
        }
        Ok(people)
    }

    async fn people_at(&self, (org, app, maker, manages): Place<'_>) -> Result<Vec<UserId>> {
        let roles = roles_with(if manages { Permission::ManageOrg } else { Permission::ManageKeys });
        let sql = format!(
            "SELECT g.subject FROM grants g JOIN users u ON u.id = g.subject LEFT JOIN apps a ON a.id = $2 \
             WHERE g.org_id = $1 AND g.place_id IN (g.org_id, a.tenant_id, a.project_id) AND g.role IN ({roles}) \
             AND u.disabled_at IS NULL GROUP BY g.subject \
             ORDER BY CASE WHEN g.subject = $3 THEN 0 ELSE 1 END, \
             MIN(CASE g.place_kind WHEN 'project' THEN 0 WHEN 'tenant' THEN 1 ELSE 2 END), MIN(g.granted_at), g.subject \
             LIMIT {MOST}"
        );
        let word = |id: Option<String>| id.unwrap_or_default();
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string());
        let query = query.bind(word(app.map(ToString::to_string))).bind(word(maker.map(ToString::to_string)));
        let rows = query.fetch_all(self.read()).await?;
        rows.iter().map(|row| row.text("subject").map(UserId::stored)).collect()
    }

    /// The notice that the old secret of a key ends soon and is still in use, with those who are told.
    pub(in crate::store) async fn cut_off_notice(
        &self,
        key: &KeyId,
        deadline: Timestamp,
    ) -> Result<Option<(DueNotice, People)>> {
        let query = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {KEY} FROM keys k WHERE k.id = $1")));
        let Some(row) = query.bind(key.to_string()).fetch_optional(self.read()).await? else { return Ok(None) };
        let key = self.noticed_key(&row)?;
        let notice = DueNotice { kind: KeyNoticeKind::CutOff, deadline, days: 0, key, announces: None };
        let people = self.people_of(std::iter::once(&notice.key)).await?;
        Ok(Some((notice, people)))
    }
}
