//! Root tokens: created and revoked on the command line.

use sqlx::any::AnyRow;

use super::{
    Added, Reader, Store, detached,
    row::{Read, digest},
};
use crate::{
    Error, Result,
    audit::{Act, Action, NewEvent, Target},
    id::{OrgId, TokenId},
    key::{Digest, PlainSecret},
    root_token::{self, RootToken},
    text,
};

fn token(row: &AnyRow) -> Result<RootToken> {
    Ok(RootToken {
        id: TokenId::stored(row.text("id")?),
        name: row.text("name")?,
        manage: row.flag("manage")?,
        org_id: row.text_opt("org_id")?.map(OrgId::stored),
        shown: row.text("shown")?,
        created_at: row.time("created_at")?,
        revoked_at: row.time_opt("revoked_at")?,
    })
}

fn event(action: Action, token: &RootToken) -> NewEvent {
    let target = Target::new("root_token", &token.id, &token.name);
    match &token.org_id {
        Some(org) => NewEvent::of(org, action, target),
        None => NewEvent::of_system(action, target),
    }
}

impl Store {
    pub async fn create_token(
        &self,
        act: &Act,
        name: &str,
        manage: bool,
        org_id: Option<OrgId>,
    ) -> Result<(RootToken, PlainSecret)> {
        let name = text::line("name", name, 100, "Give the token a name.")?;
        if let Some(org) = &org_id
            && self.find(Reader::All, org).await?.is_none()
        {
            return Err(Error::field("org", format!("There is no organization {org}.")));
        }
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let secret = root_token::mint(store.entropy());
            let (digest, pepper) = store.0.peppers.digest(&secret);
            let id = TokenId::mint(store.entropy());
            let token = RootToken {
                id,
                name,
                manage,
                org_id,
                shown: secret.shown(),
                created_at: store.now(),
                revoked_at: None,
            };
            let mut tx = store.begin(&act).await?;
            sqlx::query(
                "INSERT INTO root_tokens (id, name, shown, digest, pepper, manage, org_id, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(token.id.to_string())
            .bind(token.name.clone())
            .bind(token.shown.clone())
            .bind(digest.0.to_vec())
            .bind(pepper)
            .bind(i64::from(manage))
            .bind(token.org_id.as_ref().map(ToString::to_string))
            .bind(token.created_at.micros())
            .execute(tx.on())
            .await?;
            tx.adds(Added::Token(digest));
            tx.record(event(Action::TokenCreated, &token)).await?;
            tx.commit().await?;
            Ok((token, secret))
        })
        .await
    }

    pub async fn tokens(&self) -> Result<Vec<RootToken>> {
        let rows = sqlx::query("SELECT * FROM root_tokens ORDER BY created_at DESC, id").fetch_all(self.read()).await?;
        rows.iter().map(token).collect()
    }

    /// The digests of all active root tokens.
    pub async fn token_digests(&self) -> Result<Vec<Digest>> {
        let rows = self.look_all_up(sqlx::query("SELECT digest FROM root_tokens WHERE revoked_at IS NULL")).await?;
        rows.iter().map(|row| digest(&row.bytes("digest")?)).collect()
    }

    /// The root token with that digest, unless it was revoked.
    pub async fn token_by_digest(&self, digest: &Digest) -> Result<Option<RootToken>> {
        let query = sqlx::query("SELECT * FROM root_tokens WHERE digest = $1 AND revoked_at IS NULL");
        let row = self.look_up(query.bind(digest.0.to_vec())).await?;
        row.as_ref().map(token).transpose()
    }

    /// Revokes a root token; verifiers are notified as for a key.
    pub async fn revoke_token(&self, act: &Act, id: &TokenId) -> Result<()> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let row =
                sqlx::query("UPDATE root_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL RETURNING *")
                    .bind(store.now().micros())
                    .bind(id.to_string())
                    .fetch_optional(tx.on())
                    .await?
                    .ok_or(Error::NotFound)?;
            tx.touches(digest(&row.bytes("digest")?)?);
            tx.record(event(Action::TokenRevoked, &token(&row)?)).await?;
            tx.commit().await
        })
        .await
    }
}
