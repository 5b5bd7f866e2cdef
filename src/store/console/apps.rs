//! Apps of all organizations, for the switch that lets them push data.

use sqlx::any::AnyRow;

use super::{
    super::{Store, apps::app, row::Read},
    ConsolePage, ConsoleQuery,
    list::Listed,
};
use crate::{Result, app::App, id::OrgId};

/// An app with the name of its organization.
#[derive(Clone, Debug)]
pub struct ConsoleApp {
    pub app: App,
    pub org_name: String,
}

const APPS: Listed = Listed {
    columns: "x.*, o.name AS org_name",
    from: "apps x JOIN orgs o ON o.id = x.org_id",
    matches: "(x.name_folded LIKE $1 ESCAPE '!' OR o.name_folded LIKE $1 ESCAPE '!' OR lower(x.id) LIKE $2 ESCAPE '!')",
    statuses: &[],
};

fn listed(row: &AnyRow) -> Result<ConsoleApp> {
    Ok(ConsoleApp { app: app(row)?, org_name: row.text("org_name")? })
}

impl Store {
    /// The newest apps of an organization, at most so many, archived or not.
    pub async fn newest_apps(&self, org: &OrgId, most: u8) -> Result<Vec<App>> {
        let rows = sqlx::query("SELECT * FROM apps WHERE org_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2")
            .bind(org.to_string())
            .bind(i64::from(most));
        rows.fetch_all(self.read()).await?.iter().map(app).collect()
    }

    /// Apps, newest first.
    pub async fn console_apps(&self, query: &ConsoleQuery) -> Result<ConsolePage<ConsoleApp>> {
        self.console_page(&APPS, query, listed).await
    }
}
