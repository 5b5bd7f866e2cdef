//! Command lines that are signed in: their tokens are refreshed, and end.

use serde_json::json;

use super::{
    Store, detached,
    old_rows::Old,
    personal_tokens::{LIVE, TokenRow, target, token},
    row::Read,
    sign_in_policies::ShownAtSignIn,
    tx::Tx,
};
use crate::{
    Result,
    audit::{Act, Action, Actor, Credential, NewEvent, SYSTEM, Target},
    device::SignInTokens,
    id::{PersonalTokenId, UserId},
    journal::Entry,
    key::{Digest, secret::Checked},
    mail::Mail,
    personal_token::{self, ACCESS_VALID, KEPT, PersonalToken, SIGN_IN_IDLE, TokenKind, TokenScopes},
    user::User,
};

impl Store {
    /// New tokens for a refresh token, which is used up. `None` if it is not valid. One that was used before is in two
    /// hands: its command line is signed out (RFC 9700, section 4.14.2).
    pub async fn refresh_command_line(&self, act: &Act, presented: Checked<'_>) -> Result<Option<SignInTokens>> {
        let digests: Vec<Digest> = self.digests(presented).collect();
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            for digest in digests {
                // Read first: an unknown token must not wait for the writer, nor make others wait.
                let current = sqlx::query("SELECT 1 FROM personal_tokens WHERE refresh_digest = $1");
                let current = current.bind(digest.0.to_vec()).fetch_optional(store.read()).await?;
                if current.is_some()
                    && let Some(tokens) = store.refresh(&act, digest).await?
                {
                    return Ok(Some(tokens));
                }
                store.end_if_reused(&act, digest).await?;
            }
            Ok(None)
        })
        .await
    }

    async fn refresh(&self, act: &Act, digest: Digest) -> Result<Option<SignInTokens>> {
        let (now, access) = (self.now(), personal_token::mint(self.entropy()));
        let refresh = personal_token::mint_refresh(self.entropy());
        let (access_digest, pepper) = self.0.peppers.digest(&access);
        let mut tx = self.begin(act).await?;
        let sql = format!(
            "UPDATE personal_tokens SET digest = $3, pepper = $4, shown = $5, refresh_digest = $6, refreshed_until = $7, \
             expires_at = $8, last_used_at = $2, last_address = $9, longest_pause = CASE WHEN \
             $2 - COALESCE(last_used_at, created_at) > longest_pause THEN $2 - COALESCE(last_used_at, created_at) \
             ELSE longest_pause END \
             WHERE refresh_digest = $1 AND id IN (SELECT t.id FROM personal_tokens t JOIN users u ON u.id = t.user_id \
             WHERE t.refresh_digest = $1 AND {LIVE}) RETURNING id, scopes"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(digest.0.to_vec())
            .bind(now.micros())
            .bind(access_digest.0.to_vec())
            .bind(pepper)
            .bind(access.shown())
            .bind(self.0.peppers.digest(&refresh).0.0.to_vec())
            .bind((now + ACCESS_VALID).micros())
            .bind((now + SIGN_IN_IDLE).micros())
            .bind(act.address.clone())
            .fetch_optional(tx.on())
            .await?;
        let Some(row) = row else { return Ok(None) };
        sqlx::query("INSERT INTO used_refresh_tokens (digest, token_id, used_at) VALUES ($1, $2, $3)")
            .bind(digest.0.to_vec())
            .bind(row.text("id")?)
            .bind(now.micros())
            .execute(tx.on())
            .await?;
        let scopes = row.word("scopes", |text| TokenScopes::parse(text).ok())?;
        tx.commit_counts().await?;
        Ok(Some(SignInTokens { access, refresh, scopes }))
    }

    async fn end_if_reused(&self, act: &Act, digest: Digest) -> Result<()> {
        let query = sqlx::query("SELECT token_id FROM used_refresh_tokens WHERE digest = $1").bind(digest.0.to_vec());
        let Some(row) = query.fetch_optional(self.read()).await? else { return Ok(()) };
        let id = PersonalTokenId::stored(row.text("token_id")?);
        self.end_command_line(act, &id, Action::RefreshTokenReused).await
    }

    /// Signs out the command line with this token or refresh token; other tokens are left alone (RFC 7009).
    pub async fn sign_command_line_out(&self, act: &Act, presented: Checked<'_>) -> Result<()> {
        for digest in self.digests(presented) {
            let row = sqlx::query(
                "SELECT id FROM personal_tokens WHERE (digest = $1 OR refresh_digest = $1) AND kind = 'command_line' \
                 AND revoked_at IS NULL",
            );
            if let Some(row) = row.bind(digest.0.to_vec()).fetch_optional(self.read()).await? {
                let id = PersonalTokenId::stored(row.text("id")?);
                return self.end_command_line(act, &id, Action::PersonalTokenRevoked).await;
            }
            // Somebody else may have refreshed with it before.
            self.end_if_reused(act, digest).await?;
        }
        Ok(())
    }

    async fn end_command_line(&self, act: &Act, id: &PersonalTokenId, action: Action) -> Result<()> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let row = sqlx::query(
                "UPDATE personal_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL RETURNING *",
            );
            let row = row.bind(store.now().micros()).bind(id.to_string()).fetch_optional(tx.on()).await?;
            let Some(row) = row else { return Ok(()) };
            let token = token(&row)?;
            tx.notes(Entry::PersonalTokenRevoked { id: id.to_string() });
            if action == Action::PersonalTokenRevoked {
                tx.acts_as_holder(&token.user_id).await?;
            }
            let details = json!({ "user": { "id": token.user_id.as_str() } });
            tx.record(NewEvent::of_system(action, target(&token)).with(details)).await?;
            tx.commit().await
        })
        .await
    }

    /// Deletes refresh tokens that were used long ago; returns how many.
    pub async fn delete_used_refresh_tokens(&self) -> Result<u64> {
        let old = Old { table: "used_refresh_tokens", key: "digest", when: "used_at < $1" };
        self.delete_old(old, (self.now() - KEPT).micros()).await
    }
}

impl Tx {
    /// The actor is the person whose token was presented.
    async fn acts_as_holder(&mut self, user: &UserId) -> Result<()> {
        let row =
            sqlx::query("SELECT name FROM users WHERE id = $1").bind(user.to_string()).fetch_one(self.on()).await?;
        self.acts_as(Actor::User { id: user.clone(), name: row.text("name")?, credential: Credential::None });
        Ok(())
    }

    /// Signs a command line in for the person who approved it in a session of this issuer. The chain `system` has to be locked.
    pub(super) async fn sign_command_line_in(
        &mut self,
        user: &User,
        name: String,
        scopes: TokenScopes,
        shown: ShownAtSignIn,
    ) -> Result<SignInTokens> {
        self.needs_room_for_token(&user.id).await?;
        let (store, now) = (self.store().clone(), self.now());
        let (access, refresh) = (personal_token::mint(store.entropy()), personal_token::mint_refresh(store.entropy()));
        let token = PersonalToken {
            id: PersonalTokenId::mint(store.entropy()),
            user_id: user.id.clone(),
            kind: TokenKind::CommandLine,
            name,
            scopes,
            shown: access.shown(),
            created_at: now,
            expires_at: Some(now + SIGN_IN_IDLE),
            last_used_at: None,
            last_address: None,
        };
        let row = TokenRow {
            token: &token,
            secret: &access,
            refresh: Some((&refresh, now + ACCESS_VALID)),
            form_token: None,
            shown,
        };
        self.insert_personal_token(row).await?;
        self.acts_as(Actor::User { id: user.id.clone(), name: user.name.clone(), credential: Credential::None });
        let details = json!({ "command_line": { "id": token.id.as_str(), "name": token.name } });
        let target = Target::new("user", &user.id, &user.name);
        let event = NewEvent::of_system(Action::SignedIn, target).with(details);
        self.record_and_mail(event, &user.id, Mail::CommandLineSignedIn).await?;
        Ok(SignInTokens { access, refresh, scopes })
    }

    /// Signs out every command line of a person, and denies the sign-ins that they approved; returns how many command lines.
    pub(super) async fn end_command_lines(&mut self, user: &UserId) -> Result<u64> {
        let now = self.now().micros();
        let approved =
            "UPDATE device_requests SET approved = 0 WHERE user_id = $1 AND approved = 1 AND ended_at IS NULL";
        sqlx::query(approved).bind(user.to_string()).execute(self.on()).await?;
        let ended = sqlx::query(
            "UPDATE personal_tokens SET revoked_at = $2 \
             WHERE user_id = $1 AND revoked_at IS NULL AND kind = 'command_line' AND expires_at > $2 RETURNING id",
        );
        let ended = ended.bind(user.to_string()).bind(now).fetch_all(self.on()).await?;
        self.notes_tokens(&ended)
    }

    /// The same for everyone.
    pub(super) async fn end_all_command_lines(&mut self) -> Result<u64> {
        let now = self.now().micros();
        let approved = "UPDATE device_requests SET approved = 0 WHERE approved = 1 AND ended_at IS NULL";
        sqlx::query(approved).execute(self.on()).await?;
        let ended = sqlx::query(
            "UPDATE personal_tokens SET revoked_at = $1 \
             WHERE revoked_at IS NULL AND kind = 'command_line' AND expires_at > $1 RETURNING id",
        );
        let ended = ended.bind(now).fetch_all(self.on()).await?;
        self.notes_tokens(&ended)
    }
}
