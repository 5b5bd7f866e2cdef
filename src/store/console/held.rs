//! What is stored about a person, for a person who asks.

use serde_json::{Value, json};
use sqlx::any::AnyRow;

use super::super::{Store, row::Read};
use crate::{Result, user::Account};

impl Store {
    /// Everything that refers to a person, as JSON. Secrets are not in it: only their digests are stored.
    pub async fn held_about(&self, account: &Account) -> Result<Value> {
        let Account { user, disabled_at } = account;
        let id = user.id.as_str();
        let time =
            |row: &AnyRow, name: &str| Ok::<_, crate::Error>(row.time_opt(name)?.map(crate::Timestamp::to_rfc3339));
        let mut sessions = Vec::new();
        for row in self.rows_about("SELECT * FROM sessions WHERE user_id = $1 ORDER BY created_at", id).await? {
            sessions.push(json!({
                "address": row.text_opt("address")?, "user_agent": row.text_opt("user_agent")?,
                "created_at": time(&row, "created_at")?, "last_seen_at": time(&row, "last_seen_at")?,
                "expires_at": time(&row, "expires_at")?,
            }));
        }
        let mut identities = Vec::new();
        for row in self.rows_about("SELECT * FROM identities WHERE user_id = $1 ORDER BY created_at", id).await? {
            identities.push(json!({
                "provider": row.text("provider")?, "subject": row.text("subject")?,
                "created_at": time(&row, "created_at")?,
            }));
        }
        let grants = "SELECT g.*, o.name AS org_name FROM grants g JOIN orgs o ON o.id = g.org_id \
            WHERE g.subject = $1 ORDER BY g.granted_at, g.place_id, g.role";
        let mut roles = Vec::new();
        for row in self.rows_about(grants, id).await? {
            roles.push(json!({
                "org_id": row.text("org_id")?, "organization": row.text("org_name")?,
                "place_id": row.text("place_id")?, "role": row.text("role")?, "granted_at": time(&row, "granted_at")?,
            }));
        }
        let made = "SELECT id, label, org_id, created_at, revoked_at, CASE WHEN owner_id = $1 THEN 1 ELSE 0 END AS own \
            FROM keys WHERE created_by = $1 OR owner_id = $1 ORDER BY created_at, id";
        let mut keys = Vec::new();
        for row in self.rows_about(made, id).await? {
            keys.push(json!({
                "key_id": row.text("id")?, "label": row.text("label")?, "org_id": row.text("org_id")?,
                "personal": row.int("own")? != 0, "created_at": time(&row, "created_at")?,
                "revoked_at": time(&row, "revoked_at")?,
            }));
        }
        let mut views = Vec::new();
        for row in self.rows_about("SELECT * FROM saved_views WHERE user_id = $1 ORDER BY created_at, id", id).await? {
            views.push(json!({
                "name": row.text("name")?, "place_id": row.text("place_id")?, "query": row.text("query")?,
                "created_at": time(&row, "created_at")?,
            }));
        }
        let mut resets = Vec::new();
        for row in
            self.rows_about("SELECT * FROM password_resets WHERE user_id = $1 ORDER BY created_at, id", id).await?
        {
            resets.push(json!({ "created_at": time(&row, "created_at")?, "ended_at": time(&row, "ended_at")? }));
        }
        let factors = self.second_factors(&user.id).await?;
        let factors = json!({ "authenticator_since": factors.authenticator, "recovery_codes": factors.recovery_codes });
        let mut passkeys = Vec::new();
        for passkey in self.passkeys_of(&user.id).await? {
            passkeys.push(json!({
                "passkey_id": passkey.id, "name": passkey.name, "host": passkey.rp_id, "added_at": passkey.added_at,
                "last_used_at": passkey.last_used_at,
            }));
        }
        let mut tokens = Vec::new();
        for row in
            self.rows_about("SELECT * FROM personal_tokens WHERE user_id = $1 ORDER BY created_at, id", id).await?
        {
            tokens.push(json!({
                "token_id": row.text("id")?, "kind": row.text("kind")?, "name": row.text("name")?,
                "scopes": row.text("scopes")?, "created_at": time(&row, "created_at")?,
                "expires_at": time(&row, "expires_at")?, "revoked_at": time(&row, "revoked_at")?,
                "last_used_at": time(&row, "last_used_at")?, "last_address": row.text_opt("last_address")?,
            }));
        }
        let invited = "SELECT i.*, CASE WHEN i.invited_by = $1 THEN 1 ELSE 0 END AS own FROM invitations i \
            WHERE i.invited_by = $1 OR i.email = (SELECT u.email FROM users u WHERE u.id = $1) ORDER BY i.created_at, i.id";
        let mut invitations = Vec::new();
        for row in self.rows_about(invited, id).await? {
            invitations.push(json!({
                "invitation_id": row.text("id")?, "org_id": row.text("org_id")?, "place_id": row.text("place_id")?,
                "role": row.text("role")?, "email": row.text("email")?, "message": row.text("message")?,
                "sent_by_them": row.int("own")? != 0, "handed_over": row.flag("handed_over")?, "created_at": time(&row, "created_at")?,
                "expires_at": time(&row, "expires_at")?, "ended_at": time(&row, "ended_at")?,
            }));
        }
        let about = "SELECT * FROM events WHERE actor_kind = 'user' AND actor_id = $1 \
            OR target_kind = 'user' AND target_id = $1 ORDER BY at, chain, seq";
        let mut events = Vec::new();
        for row in self.rows_about(about, id).await? {
            events.push(json!({
                "chain": row.text("chain")?, "seq": row.int("seq")?, "at": time(&row, "at")?,
                "action": row.text("action")?, "actor_name": row.text("actor_name")?,
                "target_name": row.text("target_name")?, "address": row.text_opt("address")?,
                "user_agent": row.text_opt("user_agent")?,
            }));
        }
        Ok(json!({
            "user_id": user.id, "name": user.name, "email": user.email, "operator": user.operator,
            "unverified": user.unverified, "created_at": user.created_at, "disabled_at": disabled_at,
            "sessions": sessions, "identities": identities, "second_factors": factors,
            "passkeys": passkeys, "roles": roles, "keys": keys, "saved_views": views,
            "reset_links": resets, "personal_tokens": tokens, "invitations": invitations, "events": events,
        }))
    }

    async fn rows_about(&self, sql: &'static str, user: &str) -> Result<Vec<AnyRow>> {
        Ok(sqlx::query(sql).bind(user.to_owned()).fetch_all(self.read()).await?)
    }
}
