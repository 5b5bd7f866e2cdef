//! The navigation of a page: a person's organizations and one organization's tenants, in one query.

use super::{Store, row::Read};
use crate::{
    Result,
    id::{OrgId, TenantId, UserId},
    member::Role,
};

/// The content of the switcher and the sidebar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Navigation {
    /// By name.
    pub orgs: Vec<(OrgId, String, Role)>,
    /// In the order of their creation.
    pub tenants: Vec<(TenantId, String)>,
}

impl Store {
    pub async fn navigation(&self, user: &UserId, org: &OrgId) -> Result<Navigation> {
        let rows = sqlx::query(
            "SELECT 'org' AS kind, o.id, o.name, g.role, COALESCE(o.name_folded, o.name) AS sorted, \
             CAST(0 AS BIGINT) AS made FROM grants g JOIN orgs o ON o.id = g.org_id AND o.id = g.place_id WHERE g.subject = $1 \
             UNION ALL SELECT 'tenant', t.id, t.name, '', '', t.created_at FROM tenants t WHERE t.org_id = $2 \
             ORDER BY kind, sorted, made, id",
        )
        .bind(user.to_string())
        .bind(org.to_string())
        .fetch_all(self.read())
        .await?;
        let mut navigation = Navigation::default();
        for row in &rows {
            let (id, name) = (row.text("id")?, row.text("name")?);
            if row.text("kind")? == "org" {
                navigation.orgs.push((OrgId::stored(id), name, row.word("role", Role::parse)?));
            } else {
                navigation.tenants.push((TenantId::stored(id), name));
            }
        }
        Ok(navigation)
    }
}
