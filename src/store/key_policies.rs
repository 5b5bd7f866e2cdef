//! The rules for keys of organizations.

use sqlx::{any::AnyRow, query::Query};

use super::{Store, row::Read, tx::Tx};
use crate::{Error, Result, id::OrgId, key_policy::KeyPolicy};

/// Rules as they are in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyInForce {
    pub policy: KeyPolicy,
    /// How often the organization changed them; 0 for those of the profile.
    pub version: i64,
}

impl Store {
    /// The rules for keys of an organization: its own, or else the profile's.
    pub async fn key_policy(&self, org: &OrgId) -> Result<PolicyInForce> {
        let row = own(org).fetch_optional(self.read()).await?;
        in_force(row.as_ref(), &self.profile().key_policy)
    }
}

impl Tx {
    /// The same, within a transaction.
    pub(super) async fn key_policy(&mut self, org: &OrgId) -> Result<PolicyInForce> {
        let row = own(org).fetch_optional(self.on()).await?;
        in_force(row.as_ref(), &self.profile().key_policy)
    }
}

fn own(org: &OrgId) -> Query<'static, sqlx::Any, sqlx::any::AnyArguments> {
    sqlx::query("SELECT policy, version FROM key_policies WHERE org_id = $1").bind(org.to_string())
}

/// Rules that can't be read allow nothing.
fn in_force(row: Option<&AnyRow>, of_profile: &KeyPolicy) -> Result<PolicyInForce> {
    let Some(row) = row else { return Ok(PolicyInForce { policy: of_profile.clone(), version: 0 }) };
    let policy = serde_json::from_str(&row.text("policy")?);
    let policy = policy.map_err(|error| Error::Unavailable(format!("the rules for keys can't be read: {error}")))?;
    Ok(PolicyInForce { policy, version: row.int("version")? })
}
