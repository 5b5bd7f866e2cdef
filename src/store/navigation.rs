//! The navigation of a page: a person's organizations and one organization's tenants, in one query.

use super::{Store, row::Read, sight::tenant_seen};
use crate::{
    Result,
    colour::Colour,
    id::{OrgId, TenantId, UserId},
    member::{Held, Role, Roles},
    org::Org,
};

/// An organization in the switcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownOrg {
    pub id: OrgId,
    pub name: String,
    pub colour: Option<Colour>,
    /// The digest of its logo, if it has one.
    pub logo: Option<String>,
    /// The person's roles anywhere in it.
    pub roles: Roles,
}

impl From<(Org, Held)> for KnownOrg {
    fn from((org, held): (Org, Held)) -> Self {
        Self { id: org.id, name: org.name, colour: org.colour, logo: org.logo, roles: held.anywhere }
    }
}

/// The content of the switcher and the sidebar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Navigation {
    /// By name.
    pub orgs: Vec<KnownOrg>,
    /// Those that the person sees, in the order of their creation.
    pub tenants: Vec<(TenantId, String)>,
}

impl Store {
    pub async fn navigation(&self, user: &UserId, org: &OrgId) -> Result<Navigation> {
        // A role at the organization shows all tenants; it is looked up once.
        let sql = format!(
            "SELECT 'org' AS kind, o.id, o.name, COALESCE(o.colour, '') AS colour, COALESCE(o.logo, '') AS logo, \
             g.role, COALESCE(o.name_folded, o.name) AS sorted, CAST(0 AS BIGINT) AS made \
             FROM grants g JOIN orgs o ON o.id = g.org_id WHERE g.subject = $1 \
             UNION ALL SELECT 'tenant', t.id, t.name, '', '', '', '', t.created_at FROM tenants t WHERE t.org_id = $2 \
             AND (EXISTS (SELECT 1 FROM grants w WHERE w.org_id = $2 AND w.subject = $1 AND w.place_id = $2) OR {}) \
             ORDER BY kind, sorted, made, id",
            tenant_seen("t", "$1")
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(user.to_string())
            .bind(org.to_string())
            .fetch_all(self.read())
            .await?;
        let mut navigation = Navigation::default();
        for row in &rows {
            let (id, name) = (row.text("id")?, row.text("name")?);
            if row.text("kind")? != "org" {
                navigation.tenants.push((TenantId::stored(id), name));
                continue;
            }
            let role = row.word("role", Role::parse)?;
            // A row for each of their roles: those of one organization follow each other.
            match navigation.orgs.last_mut().filter(|last| last.id.as_str() == id) {
                Some(last) => last.roles = last.roles.with(role),
                None => navigation.orgs.push(KnownOrg {
                    id: OrgId::stored(id),
                    name,
                    colour: Colour::parse(&row.text("colour")?),
                    logo: Some(row.text("logo")?).filter(|digest| !digest.is_empty()),
                    roles: role.into(),
                }),
            }
        }
        Ok(navigation)
    }
}
