//! Logos of organizations.

use serde_json::json;

use super::{Store, detached, row::Read};
use crate::{
    Error, Result,
    audit::{Act, NewEvent},
    id::OrgId,
    org::Org,
    picture::{Format, Picture},
    place::Place,
};

impl Store {
    /// Sets the logo of an organization, or removes it.
    pub async fn choose_logo(&self, act: &Act, org: &Org, logo: Option<Picture>) -> Result<()> {
        let (store, act, place) = (self.clone(), act.clone(), Place::from(org));
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs(&place, place.kind.to_edit()).await?;
            // First, so that nobody changes the row of the organization in between.
            sqlx::query("UPDATE orgs SET logo = $1 WHERE id = $2 RETURNING id")
                .bind(logo.as_ref().map(|logo| logo.digest.clone()))
                .bind(place.id.clone())
                .fetch_optional(tx.on())
                .await?
                .ok_or(Error::NotFound)?;
            let done = if logo.is_some() { "changed" } else { "removed" };
            match logo {
                Some(Picture { format, bytes, digest }) => {
                    let replace = "INSERT INTO org_logos (org_id, media_type, bytes, digest, changed_at) \
                        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org_id) DO UPDATE SET \
                        media_type = excluded.media_type, bytes = excluded.bytes, digest = excluded.digest, \
                        changed_at = excluded.changed_at";
                    sqlx::query(replace)
                        .bind(place.id.clone())
                        .bind(format.media_type())
                        .bind(bytes)
                        .bind(digest)
                        .bind(store.now().micros())
                        .execute(tx.on())
                        .await?;
                }
                None => {
                    let delete = sqlx::query("DELETE FROM org_logos WHERE org_id = $1").bind(place.id.clone());
                    delete.execute(tx.on()).await?;
                }
            }
            let details = json!({ "logo": done });
            tx.record(NewEvent::of(&place.org_id, place.kind.edited(), place.target()).with(details)).await?;
            tx.commit().await
        })
        .await
    }

    /// The logo of an organization with this digest. Whether a person sees the organization is checked before.
    pub async fn org_logo(&self, org: &OrgId, digest: &str) -> Result<Option<Picture>> {
        let row = sqlx::query("SELECT media_type, bytes, digest FROM org_logos WHERE org_id = $1 AND digest = $2")
            .bind(org.to_string())
            .bind(digest.to_owned())
            .fetch_optional(self.read())
            .await?;
        let logo = row.map(|row| {
            let format = row.word("media_type", Format::parse)?;
            Ok(Picture { format, bytes: row.bytes("bytes")?, digest: row.text("digest")? })
        });
        logo.transpose()
    }
}
