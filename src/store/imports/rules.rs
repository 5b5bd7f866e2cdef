//! The shapes of imported keys, for verifiers.

use std::collections::{HashMap, HashSet};

use sqlx::any::AnyRow;

use super::super::{
    Store,
    row::Read,
    rows::{Cell, MOST_ROWS},
    tx::Tx,
};
use crate::{Error, Result, id::OrgId, import::ImportRule, key::Digest};

/// The most shapes of an organization: each costs something with every key that has no checksum.
const MOST_OF_ORG: usize = 16;

/// The shapes that imported keys of an organization have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignShape {
    pub org_id: OrgId,
    /// The ids of the apps that imported.
    pub apps: HashSet<String>,
    /// None of them covers another.
    pub rules: Vec<ImportRule>,
}

fn rule(row: &AnyRow) -> Result<ImportRule> {
    let length = |length: i64| usize::try_from(length).unwrap_or_default();
    Ok(ImportRule {
        prefix: row.text("prefix")?,
        min_length: length(row.int("min_length")?),
        max_length: length(row.int("max_length")?),
    })
}

/// Adds a rule, unless another covers it; drops those that it covers.
fn merge(rules: &mut Vec<ImportRule>, new: ImportRule) {
    if !rules.iter().any(|rule| rule.covers(&new)) {
        rules.retain(|rule| !new.covers(rule));
        rules.push(new);
    }
}

impl Store {
    /// The shapes of all imports that were started, those of each organization once, the one that imported first in front.
    pub async fn foreign_shapes(&self) -> Result<Vec<ForeignShape>> {
        let query = sqlx::query(
            "SELECT org_id, app_id, prefix, min_length, max_length, MIN(created_at) AS since FROM imports \
             WHERE started_at IS NOT NULL GROUP BY org_id, app_id, prefix, min_length, max_length ORDER BY since, app_id",
        );
        let (mut shapes, mut places) = (Vec::<ForeignShape>::new(), HashMap::<String, usize>::new());
        // Verdicts wait for this, so it is bounded like their other look-ups.
        for row in &self.look_all_up(query).await? {
            let org = row.text("org_id")?;
            let place = *places.entry(org.clone()).or_insert_with(|| {
                shapes.push(ForeignShape { org_id: OrgId::stored(org), apps: HashSet::new(), rules: Vec::new() });
                shapes.len() - 1
            });
            shapes[place].apps.insert(row.text("app_id")?);
            merge(&mut shapes[place].rules, rule(row)?);
        }
        Ok(shapes)
    }

    /// The digests under which an organization may have imported a key with that SHA-256.
    pub fn imported_digests(&self, org: &OrgId, sha256: &[u8; 32]) -> impl Iterator<Item = Digest> {
        self.0.peppers.imported_digests(org, sha256)
    }

    /// The organization that has the oldest of these secrets, if any of them exists.
    pub async fn org_of_oldest_secret(&self, digests: &[Digest]) -> Result<Option<OrgId>> {
        let statement = "SELECT k.org_id, s.created_at AS since, s.key_id AS key_id FROM v \
            JOIN key_secrets s ON s.digest = v.digest JOIN keys k ON k.id = s.key_id WHERE v.n > 0 \
            ORDER BY s.created_at, s.key_id LIMIT 1";
        let mut oldest: Option<(i64, String, String)> = None;
        for some in digests.chunks(MOST_ROWS) {
            let rows = some.iter().map(|digest| [Cell::from(digest.0.to_vec())]).collect();
            let Some(row) = self.look_up(self.with_rows(["digest"], rows, statement)).await? else { continue };
            let found = (row.int("since")?, row.text("key_id")?, row.text("org_id")?);
            if oldest.as_ref().is_none_or(|oldest| found < *oldest) {
                oldest = Some(found);
            }
        }
        Ok(oldest.map(|(_, _, org)| OrgId::stored(org)))
    }
}

impl Tx {
    /// Fails if the organization has too many shapes, with that of an import that was just marked as started. Its chain is
    /// locked: no other import of it starts meanwhile.
    pub(super) async fn needs_room_for_shape(&mut self, org: &OrgId) -> Result<()> {
        let query = sqlx::query(
            "SELECT DISTINCT prefix, min_length, max_length FROM imports WHERE org_id = $1 AND started_at IS NOT NULL",
        );
        let mut rules = Vec::new();
        for row in &query.bind(org.to_string()).fetch_all(self.on()).await? {
            merge(&mut rules, rule(row)?);
        }
        if rules.len() <= MOST_OF_ORG {
            return Ok(());
        }
        Err(Error::Conflict {
            code: "too_many_shapes",
            message: format!(
                "Imported keys of an organization have at most {MOST_OF_ORG} shapes. Import with a prefix of an earlier import."
            ),
        })
    }
}
