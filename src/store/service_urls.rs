//! The URLs of an organization's own services.

use serde_json::json;

use super::{Store, detached, row::Read};
use crate::{
    Error, Result,
    audit::{Act, Action, NewEvent},
    id::OrgId,
    org::Org,
    place::Place,
    service_urls::ServiceUrls,
};

impl Store {
    pub async fn service_urls(&self, org: &OrgId) -> Result<ServiceUrls> {
        let row = sqlx::query("SELECT urls FROM service_urls WHERE org_id = $1").bind(org.to_string());
        let Some(row) = row.fetch_optional(self.read()).await? else { return Ok(ServiceUrls::default()) };
        let urls = serde_json::from_str(&row.text("urls")?);
        urls.map_err(|error| Error::Unavailable(format!("the URLs of services can't be read: {error}")))
    }

    pub async fn set_service_urls(&self, act: &Act, org: &Org, urls: ServiceUrls) -> Result<()> {
        let (store, act, place) = (self.clone(), act.clone(), Place::from(org));
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs(&place, place.kind.to_edit()).await?;
            sqlx::query(
                "INSERT INTO service_urls (org_id, urls) VALUES ($1, $2) \
                 ON CONFLICT (org_id) DO UPDATE SET urls = excluded.urls",
            )
            .bind(place.org_id.to_string())
            .bind(json!(urls).to_string())
            .execute(tx.on())
            .await?;
            let event = NewEvent::of(&place.org_id, Action::OrgEdited, place.target());
            tx.record(event.with(json!({ "service_urls": urls }))).await?;
            tx.commit().await
        })
        .await
    }
}
