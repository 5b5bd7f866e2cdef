//! Root tokens: created and revoked by operators, in the console or on the command line.

use sqlx::any::AnyRow;

use super::{
    Added, Reader, Store, detached, is_taken,
    row::{Read, digest},
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent, Target},
    id::{OrgId, TokenId},
    journal::Entry,
    key::{Digest, PlainSecret},
    root_token::{self, NewToken, RootToken},
    text,
};

pub(super) fn token(row: &AnyRow) -> Result<RootToken> {
    Ok(RootToken {
        id: TokenId::stored(row.text("id")?),
        name: row.text("name")?,
        manage: row.flag("manage")?,
        org_id: row.text_opt("org_id")?.map(OrgId::stored),
        shown: row.text("shown")?,
        created_at: row.time("created_at")?,
        expires_at: row.time_opt("expires_at")?,
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
        self.issue_token(act, NewToken { name: name.to_owned(), manage, org_id, ..NewToken::default() }).await
    }

    /// Creates a root token; the secret is returned here and nowhere else. A person has to be an operator.
    pub async fn issue_token(&self, act: &Act, new: NewToken) -> Result<(RootToken, PlainSecret)> {
        let NewToken { name, manage, org_id, expires_at, form_token } = new;
        let name = text::line("name", &name, 100, "Give the token a name.")?;
        if expires_at.is_some_and(|at| at <= self.now()) {
            return Err(Error::field("expires", "Choose a time in the future."));
        }
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
                expires_at,
                revoked_at: None,
            };
            let mut tx = store.begin(&act).await?;
            tx.needs_operator().await?;
            sqlx::query(
                "INSERT INTO root_tokens (id, name, shown, digest, pepper, manage, org_id, created_at, expires_at, \
                 form_token) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(token.id.to_string())
            .bind(token.name.clone())
            .bind(token.shown.clone())
            .bind(digest.0.to_vec())
            .bind(pepper)
            .bind(i64::from(manage))
            .bind(token.org_id.as_ref().map(ToString::to_string))
            .bind(token.created_at.micros())
            .bind(token.expires_at.map(Timestamp::micros))
            .bind(form_token)
            .execute(tx.on())
            .await
            .map_err(|error| {
                if is_taken(&error, "root_tokens_form_token_unique", "root_tokens.form_token") {
                    return Error::field(
                        "",
                        "This form was sent already. Its token was shown then, and is in the list.",
                    );
                }
                error.into()
            })?;
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
            tx.needs_operator().await?;
            let row =
                sqlx::query("UPDATE root_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL RETURNING *")
                    .bind(store.now().micros())
                    .bind(id.to_string())
                    .fetch_optional(tx.on())
                    .await?;
            let (mut tx, row) = tx.unless_taken_away(row.ok_or(Error::NotFound)).await?;
            tx.touches(digest(&row.bytes("digest")?)?);
            tx.notes(Entry::RootTokenRevoked { id: id.to_string() });
            tx.record(event(Action::TokenRevoked, &token(&row)?)).await?;
            tx.commit().await
        })
        .await
    }
}
