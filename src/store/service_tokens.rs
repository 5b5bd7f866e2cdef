//! Tokens of service accounts: created, found, used, revoked, and told of before they end.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    DigestOf, Store, detached, is_taken, old_rows::Old, row::Read, service_accounts::target as account_target, tx::Tx,
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, Actor, Credential, NewEvent, Target},
    id::{OrgId, ServiceAccountId, ServiceTokenId},
    journal::Entry,
    key::{PlainSecret, secret::Checked},
    mail::Mail,
    personal_token::{KEPT, TokenScopes},
    service_account::{self, MOST_TOKENS, NewServiceToken, ServiceAccount, ServiceCaller, ServiceToken, TOLD_BEFORE},
};

/// The minimum interval between writes of when a token was last used.
const USED_STEP: Duration = Duration::from_secs(60);

/// How many ended soon are told of by one run.
const AT_ONCE: i64 = 500;

/// A token `t` with its account `c` and the organization `o`.
pub(super) const JOINED: &str =
    "FROM service_tokens t JOIN service_accounts c ON c.id = t.account_id JOIN orgs o ON o.id = c.org_id";

/// Whether requests with a token `t` are answered at the time `$2`: neither it has ended, nor what it stands on.
pub(super) const LIVE: &str = "t.revoked_at IS NULL AND t.expires_at > $2 AND c.disabled_at IS NULL \
    AND o.suspended_at IS NULL AND o.archived_at IS NULL AND EXISTS (SELECT 1 FROM grants lg \
    LEFT JOIN projects lp ON lp.id = lg.place_id LEFT JOIN tenants lt ON lt.id = COALESCE(lp.tenant_id, lg.place_id) \
    WHERE lg.org_id = c.org_id AND lg.subject = c.id AND lp.archived_at IS NULL AND lt.archived_at IS NULL)";

pub(super) fn token(row: &impl Read) -> Result<ServiceToken> {
    Ok(ServiceToken {
        id: ServiceTokenId::stored(row.text("id")?),
        account_id: ServiceAccountId::stored(row.text("account_id")?),
        name: row.text("name")?,
        scopes: row.word("scopes", |text| TokenScopes::parse(text).ok())?,
        shown: row.text("shown")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        last_used_at: row.time_opt("last_used_at")?,
        last_address: row.text_opt("last_address")?,
    })
}

pub(super) fn target(token: &ServiceToken) -> Target {
    Target::new("service_token", &token.id, &token.name)
}

/// The account of a token, in the details of an event about it.
fn details(account: &ServiceAccount, token: &ServiceToken) -> Value {
    let target = account_target(account);
    json!({
        "service_account": { "id": target.id, "name": target.name },
        "scopes": token.scopes.to_string(),
        "expires_at": token.expires_at.to_rfc3339(),
    })
}

impl Store {
    /// Creates a token of an account; the secret is returned here and nowhere else. The people who manage the account are told.
    pub async fn issue_service_token(
        &self,
        act: &Act,
        account: &ServiceAccountId,
        new: NewServiceToken,
    ) -> Result<(ServiceToken, PlainSecret)> {
        if let Actor::User { credential: Credential::Token { .. }, .. } = act.actor {
            return Err(Error::Forbidden(
                "Tokens of service accounts are made by people who are signed in to the portal, or with a root token.",
            ));
        }
        let (store, act, account) = (self.clone(), act.clone(), account.clone());
        detached(async move {
            let secret = service_account::mint(store.entropy());
            let NewServiceToken { name, scopes, expires_at, form_token } = new;
            let mut tx = store.begin(&act).await?;
            let account = tx.held_account(&account).await?;
            let token = ServiceToken {
                id: ServiceTokenId::mint(store.entropy()),
                account_id: account.id.clone(),
                name,
                scopes,
                shown: secret.shown(),
                created_at: store.now(),
                expires_at,
                last_used_at: None,
                last_address: None,
            };
            tx.makes(token.id.as_str()).await?;
            if account.tokens >= MOST_TOKENS {
                let message = format!("An account has at most {MOST_TOKENS} tokens. Revoke one that is not used.");
                return Err(Error::Conflict { code: "too_many_service_tokens", message });
            }
            tx.insert_service_token(&token, &secret, form_token).await?;
            let people = tx.people_of_account(&account).await?;
            let created = NewEvent::of(&account.org_id, Action::ServiceTokenCreated, target(&token));
            let created = created.with(details(&account, &token));
            tx.record_and_mail_all(created, &people, Mail::ServiceTokenCreated).await?;
            tx.commit().await?;
            Ok((token, secret))
        })
        .await
    }

    /// The tokens of an account that were not revoked, newest first.
    pub async fn service_tokens(&self, account: &ServiceAccountId) -> Result<Vec<ServiceToken>> {
        let rows = sqlx::query(
            "SELECT * FROM service_tokens WHERE account_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id",
        );
        let rows = rows.bind(account.to_string()).fetch_all(self.read()).await?;
        rows.iter().map(token).collect()
    }

    /// Also one that has ended, while it is kept.
    pub async fn service_token(&self, id: &ServiceTokenId) -> Result<Option<ServiceToken>> {
        let query = sqlx::query("SELECT * FROM service_tokens WHERE id = $1");
        query.bind(id.to_string()).fetch_optional(self.read()).await?.as_ref().map(token).transpose()
    }

    /// Revokes a token, unless it was revoked before; a request that is being answered can't write any more.
    pub async fn revoke_service_token(&self, act: &Act, id: &ServiceTokenId) -> Result<()> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        let account = self.service_token(&id).await?.ok_or(Error::NotFound)?.account_id;
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let account = tx.held_account(&account).await?;
            let row = sqlx::query(
                "UPDATE service_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL RETURNING *",
            );
            let row = row.bind(store.now().micros()).bind(id.to_string()).fetch_optional(tx.on()).await?;
            let Some(row) = row else { return tx.unchanged().await.map(drop) };
            let token = token(&row)?;
            tx.notes(Entry::ServiceTokenRevoked { id: id.to_string() });
            let revoked = NewEvent::of(&account.org_id, Action::ServiceTokenRevoked, target(&token));
            tx.record(revoked.with(details(&account, &token))).await?;
            tx.commit().await
        })
        .await
    }

    /// The account and the token with this secret, unless the token has ended, or the account may do nothing. It was used from
    /// this address.
    pub async fn service_caller(&self, presented: Checked<'_>, address: &str) -> Result<Option<ServiceCaller>> {
        let now = self.now();
        let sql = format!("SELECT t.*, c.name AS account_name, c.org_id {JOINED} WHERE t.digest = $1 AND {LIVE}");
        for (at, digest) in self.digests(presented).enumerate() {
            let query = sqlx::query(sqlx::AssertSqlSafe(sql.clone())).bind(digest.0.to_vec()).bind(now.micros());
            let Some(row) = query.fetch_optional(self.read()).await? else { continue };
            let caller = ServiceCaller {
                account_id: ServiceAccountId::stored(row.text("account_id")?),
                account_name: row.text("account_name")?,
                org_id: OrgId::stored(row.text("org_id")?),
                token: token(&row)?,
            };
            self.service_token_was_used(&caller.token, now, address);
            if at > 0 {
                self.digest_anew(DigestOf::ServiceToken, digest, || self.digests(presented).next());
            }
            return Ok(Some(caller));
        }
        Ok(None)
    }

    fn service_token_was_used(&self, token: &ServiceToken, now: Timestamp, address: &str) {
        let moved = token.last_address.as_deref() != Some(address);
        if moved || token.last_used_at.is_none_or(|before| now.since(before) >= USED_STEP) {
            self.note(|waiting| {
                waiting.service_tokens_used.insert(token.id.clone(), (now.micros(), address.to_owned()));
            });
        }
    }

    /// Tells people of tokens that end within a week, or whose life is half over if it is shorter: each once. Returns how many
    /// there were.
    pub async fn tell_of_service_tokens(&self) -> Result<usize> {
        let now = self.now();
        let rows = sqlx::query(
            "SELECT t.id, t.account_id FROM service_tokens t JOIN service_accounts c ON c.id = t.account_id \
             WHERE t.expires_at > $1 AND t.expires_at <= $2 AND t.expires_at - $1 <= (t.expires_at - t.created_at) / 2 \
             AND t.told_at IS NULL AND t.revoked_at IS NULL AND c.disabled_at IS NULL ORDER BY t.expires_at, t.id LIMIT $3",
        );
        let rows = rows.bind(now.micros()).bind((now + TOLD_BEFORE).micros()).bind(AT_ONCE);
        let rows = rows.fetch_all(self.read()).await?;
        for row in &rows {
            let (id, account) = (row.text("id")?, ServiceAccountId::stored(row.text("account_id")?));
            let store = self.clone();
            detached(async move { store.tell_of_service_token(id, account).await }).await?;
        }
        Ok(rows.len())
    }

    async fn tell_of_service_token(&self, id: String, account: ServiceAccountId) -> Result<()> {
        let mut tx = self.begin(&Act::by(Actor::Sallyport)).await?;
        let account = match tx.held_account(&account).await {
            // It was removed meanwhile.
            Err(Error::NotFound) => return Ok(()),
            found => found?,
        };
        let row = sqlx::query(
            "UPDATE service_tokens SET told_at = $1 WHERE id = $2 AND told_at IS NULL AND revoked_at IS NULL RETURNING *",
        );
        let row = row.bind(self.now().micros()).bind(id).fetch_optional(tx.on()).await?;
        let Some(row) = row else { return tx.commit_counts().await };
        let (token, people) = (token(&row)?, tx.people_of_account(&account).await?);
        let ends = NewEvent::of(&account.org_id, Action::ServiceTokenEnds, target(&token));
        tx.record_and_mail_all(ends.with(details(&account, &token)), &people, Mail::ServiceTokenEnds).await?;
        tx.commit().await
    }

    /// Deletes tokens that were revoked or expired more than the retention time ago; returns how many.
    pub async fn delete_service_tokens(&self) -> Result<u64> {
        let old = Old { table: "service_tokens", key: "id", when: "revoked_at < $1 OR expires_at < $1" };
        self.delete_old(old, (self.now() - KEPT).micros()).await
    }
}

impl Tx {
    /// Fails if a token has ended since the request began, or its account may do nothing any more.
    pub(super) async fn needs_live_service_token(&mut self, id: &ServiceTokenId) -> Result<()> {
        let sql = format!("SELECT 1 {JOINED} WHERE t.id = $1 AND {LIVE}");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string()).bind(self.now().micros());
        query.fetch_optional(self.on()).await?.map(drop).ok_or(Error::SignedOut)
    }

    async fn insert_service_token(
        &mut self,
        token: &ServiceToken,
        secret: &PlainSecret,
        form_token: Option<Vec<u8>>,
    ) -> Result<()> {
        let store = self.store().clone();
        let (digest, pepper) = store.0.peppers.digest(secret);
        sqlx::query(
            "INSERT INTO service_tokens (id, account_id, name, scopes, shown, digest, pepper, created_at, expires_at, \
             form_token) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(token.id.to_string())
        .bind(token.account_id.to_string())
        .bind(token.name.clone())
        .bind(token.scopes.to_string())
        .bind(token.shown.clone())
        .bind(digest.0.to_vec())
        .bind(pepper)
        .bind(token.created_at.micros())
        .bind(token.expires_at.micros())
        .bind(form_token)
        .execute(self.on())
        .await
        .map_err(|error| {
            if is_taken(&error, "service_tokens_form_token_unique", "service_tokens.form_token") {
                return Error::field("", "This form was sent already. Its token was shown then, and is in the list.");
            }
            error.into()
        })?;
        Ok(())
    }
}
