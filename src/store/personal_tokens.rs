//! Personal tokens: created, found, used and revoked. `command_lines.rs` has what command lines need beyond
//! that.

use std::time::Duration;

use serde_json::json;

use super::{
    DigestOf, Store, detached, is_taken,
    located::USER,
    old_rows::Old,
    row::{Prefixed, Read},
    sign_in_policies::ShownAtSignIn,
    tx::Tx,
    users,
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, Actor, Credential, NewEvent, SYSTEM, Target},
    id::{PersonalTokenId, UserId},
    journal::Entry,
    key::{PlainSecret, secret::Checked},
    mail::Mail,
    personal_token::{self, MOST, NewPersonalToken, PersonalToken, TokenKind, TokenScopes},
    text,
    user::User,
};

/// The minimum interval between writes of when a token was last used.
const USED_STEP: Duration = Duration::from_secs(60);

/// Whether a token `t` has not ended at the time `$2`; the person is `u`.
pub(super) const LIVE: &str = "t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2) AND u.disabled_at IS NULL \
    AND u.must_change_password = 0";

pub(super) fn token(row: &impl Read) -> Result<PersonalToken> {
    Ok(PersonalToken {
        id: PersonalTokenId::stored(row.text("id")?),
        user_id: UserId::stored(row.text("user_id")?),
        kind: row.word("kind", TokenKind::parse)?,
        name: row.text("name")?,
        scopes: row.word("scopes", |text| TokenScopes::parse(text).ok())?,
        shown: row.text("shown")?,
        created_at: row.time("created_at")?,
        expires_at: row.time_opt("expires_at")?,
        last_used_at: row.time_opt("last_used_at")?,
        last_address: row.text_opt("last_address")?,
    })
}

pub(super) fn target(token: &PersonalToken) -> Target {
    Target::new("personal_token", &token.id, &token.name)
}

/// A token to be written.
pub(super) struct TokenRow<'a> {
    pub(super) token: &'a PersonalToken,
    pub(super) secret: &'a PlainSecret,
    /// Of a command line: its refresh token, and until when the token itself is accepted.
    pub(super) refresh: Option<(&'a PlainSecret, Timestamp)>,
    pub(super) form_token: Option<Vec<u8>>,
    /// Of the session in which it is made.
    pub(super) shown: ShownAtSignIn,
}

impl Store {
    /// Creates a token of the acting person; the secret is returned here and nowhere else.
    pub async fn issue_personal_token(&self, act: &Act, new: NewPersonalToken) -> Result<(PersonalToken, PlainSecret)> {
        let Actor::User { id: user_id, credential: Credential::None | Credential::Session(_), .. } = act.actor.clone()
        else {
            return Err(Error::Forbidden("Personal tokens are created by people who are signed in to the portal."));
        };
        let NewPersonalToken { name, scopes, expires_at, form_token } = new;
        let name = text::line("token_name", &name, 100, "Give the token a name.")?;
        if expires_at.is_some_and(|at| at <= self.now()) {
            return Err(Error::field("expires", "Choose a time in the future."));
        }
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let secret = personal_token::mint(store.entropy());
            let token = PersonalToken {
                id: PersonalTokenId::mint(store.entropy()),
                user_id,
                kind: TokenKind::Created,
                name,
                scopes,
                shown: secret.shown(),
                created_at: store.now(),
                expires_at,
                last_used_at: None,
                last_address: None,
            };
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            tx.needs_room_for_token(&token.user_id).await?;
            let shown = tx.shown_by_actor().await?;
            let row = TokenRow { token: &token, secret: &secret, refresh: None, form_token: Some(form_token), shown };
            tx.insert_personal_token(row).await?;
            let details = json!({ "scopes": scopes.to_string() });
            let created = NewEvent::of_system(Action::PersonalTokenCreated, target(&token)).with(details);
            tx.record_and_mail(created, &token.user_id, Mail::TokenCreated).await?;
            tx.commit().await?;
            Ok((token, secret))
        })
        .await
    }

    /// The tokens of a person that were not revoked, newest first.
    pub async fn personal_tokens(&self, user: &UserId) -> Result<Vec<PersonalToken>> {
        let rows = sqlx::query(
            "SELECT * FROM personal_tokens WHERE user_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id",
        )
        .bind(user.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(token).collect()
    }

    /// Revokes one of the acting person's own tokens; a request that is being answered can't write any more.
    pub async fn revoke_personal_token(&self, act: &Act, id: &PersonalTokenId) -> Result<()> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        let Actor::User { id: user, .. } = act.actor.clone() else { return Err(Error::NotFound) };
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let row = sqlx::query(
                "UPDATE personal_tokens SET revoked_at = $1 WHERE id = $2 AND user_id = $3 AND revoked_at IS NULL \
                 RETURNING *",
            )
            .bind(store.now().micros())
            .bind(id.to_string())
            .bind(user.to_string())
            .fetch_optional(tx.on())
            .await?
            .ok_or(Error::NotFound)?;
            tx.notes(Entry::PersonalTokenRevoked { id: id.to_string() });
            tx.record(NewEvent::of_system(Action::PersonalTokenRevoked, target(&token(&row)?))).await?;
            tx.commit().await
        })
        .await
    }

    /// The person and the token with this secret, unless it has ended or the person was disabled. It was used from this
    /// address.
    pub async fn person_of_token(
        &self,
        presented: Checked<'_>,
        address: &str,
    ) -> Result<Option<(User, PersonalToken)>> {
        let now = self.now();
        let sql = format!(
            "SELECT {USER}t.* FROM personal_tokens t JOIN users u ON u.id = t.user_id WHERE t.digest = $1 AND {LIVE} \
             AND (t.refreshed_until IS NULL OR t.refreshed_until > $2)"
        );
        for (at, digest) in self.digests(presented).enumerate() {
            let query = sqlx::query(sqlx::AssertSqlSafe(sql.clone())).bind(digest.0.to_vec()).bind(now.micros());
            if let Some(row) = query.fetch_optional(self.read()).await? {
                let (user, token) = (users::user(&Prefixed(&row, "u_"))?, token(&row)?);
                self.token_was_used(&token, now, address);
                if at > 0 {
                    self.digest_anew(DigestOf::PersonalToken, digest, || self.digests(presented).next());
                }
                return Ok(Some((user, token)));
            }
        }
        Ok(None)
    }

    fn token_was_used(&self, token: &PersonalToken, now: Timestamp, address: &str) {
        let moved = token.last_address.as_deref() != Some(address);
        if moved || token.last_used_at.is_none_or(|before| now.since(before) >= USED_STEP) {
            self.note(|waiting| {
                waiting.tokens_used.insert(token.id.clone(), (now.micros(), address.to_owned()));
            });
        }
    }

    /// Deletes tokens that were revoked or expired more than the retention time ago; returns how many.
    pub async fn delete_personal_tokens(&self) -> Result<u64> {
        let old = Old { table: "personal_tokens", key: "id", when: "revoked_at < $1 OR expires_at < $1" };
        self.delete_old(old, (self.now() - personal_token::KEPT).micros()).await
    }
}

impl Tx {
    /// Fails if the person's token has ended since the request began.
    pub(super) async fn needs_live_token(&mut self, id: &PersonalTokenId) -> Result<()> {
        let sql =
            format!("SELECT 1 FROM personal_tokens t JOIN users u ON u.id = t.user_id WHERE t.id = $1 AND {LIVE}");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string()).bind(self.now().micros());
        query.fetch_optional(self.on()).await?.map(drop).ok_or(Error::SignedOut)
    }

    /// Revokes every token of a person, command lines included, because somebody else may have made them; returns how many.
    pub(super) async fn end_personal_tokens(&mut self, user: &UserId) -> Result<u64> {
        let now = self.now().micros();
        let ended = sqlx::query(
            "UPDATE personal_tokens SET revoked_at = $2 \
             WHERE user_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2) RETURNING id",
        );
        let ended = ended.bind(user.to_string()).bind(now).fetch_all(self.on()).await?;
        self.notes_tokens(&ended)
    }

    /// Fails if a person has as many tokens as they may.
    pub(super) async fn needs_room_for_token(&mut self, user: &UserId) -> Result<()> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS n FROM personal_tokens \
             WHERE user_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
        )
        .bind(user.to_string())
        .bind(self.now().micros())
        .fetch_one(self.on())
        .await?;
        if row.int("n")? >= MOST {
            return Err(Error::field("", format!("You have {MOST} tokens, the most there can be. Revoke some first.")));
        }
        Ok(())
    }

    pub(super) async fn insert_personal_token(&mut self, row: TokenRow<'_>) -> Result<()> {
        let TokenRow { token, secret, refresh, form_token, shown } = row;
        let store = self.store().clone();
        let (digest, pepper) = store.0.peppers.digest(secret);
        let refresh = refresh.map(|(secret, until)| (store.0.peppers.digest(secret).0, until));
        sqlx::query(
            "INSERT INTO personal_tokens (id, user_id, kind, name, scopes, shown, digest, pepper, refresh_digest, \
             refreshed_until, created_at, expires_at, form_token, provider, with_factor, signed_in_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(token.id.to_string())
        .bind(token.user_id.to_string())
        .bind(token.kind.as_str())
        .bind(token.name.clone())
        .bind(token.scopes.to_string())
        .bind(token.shown.clone())
        .bind(digest.0.to_vec())
        .bind(pepper)
        .bind(refresh.map(|(digest, _)| digest.0.to_vec()))
        .bind(refresh.map(|(_, until)| until.micros()))
        .bind(token.created_at.micros())
        .bind(token.expires_at.map(Timestamp::micros))
        .bind(form_token)
        .bind(shown.provider)
        .bind(i64::from(shown.with_factor))
        .bind(shown.signed_in_at.map(Timestamp::micros))
        .execute(self.on())
        .await
        .map_err(|error| {
            if is_taken(&error, "personal_tokens_form_token_unique", "personal_tokens.form_token") {
                return Error::field("", "This form was sent already. Its token was shown then, and is in the list.");
            }
            error.into()
        })?;
        Ok(())
    }
}
