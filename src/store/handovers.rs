//! Hand-overs: made with a key's credentials, opened once.

use std::time::Duration;

use serde_json::json;
use sqlx::any::AnyRow;

use super::{Store, detached, keys, old_rows::Old, row::Read, tx::Tx};
use crate::{
    Error, Result,
    audit::{Act, Action, Actor, NewEvent, Target},
    handover::{Code, Handover, Protection, TRIES, token_hash},
    id::{AppId, HandoverId, OrgId, UserId},
    key::{Key, secret},
    mail::Mail,
};

/// How long one is kept after its end, so that a second opening is told from a wrong address.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Attempts after it was opened that are recorded.
const RECORDED: i64 = 10;

/// Links of a key that wait to be opened.
pub(super) const MOST_OPEN: i64 = 20;

/// Why a hand-over is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOpened {
    /// There is none, or the code is not that of it.
    WrongCode,
    /// It is for somebody else, or for somebody who is not signed in.
    NotForYou,
    WrongPassphrase,
    /// It was opened, it expired, its key was revoked, or the passphrase was wrong too often.
    Ended,
}

/// A file that was handed over: its name, and its text as it is sealed.
#[derive(Debug)]
pub struct Opened {
    pub name: String,
    pub sealed: Vec<u8>,
}

const HANDOVERS: &str = "SELECT h.*, o.name AS org_name, k.label, k.app_id, CAST(CASE WHEN h.sealed IS NOT NULL \
    AND h.expires_at > $2 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2) \
    AND o.archived_at IS NULL AND o.suspended_at IS NULL THEN 1 ELSE 0 END AS BIGINT) AS is_open \
    FROM handovers h JOIN orgs o ON o.id = h.org_id JOIN keys k ON k.id = h.key_id WHERE h.id = $1";

fn handover(row: &AnyRow) -> Result<Handover> {
    Ok(Handover {
        id: HandoverId::stored(row.text("id")?),
        org_name: row.text("org_name")?,
        expires_at: row.time("expires_at")?,
        is_open: row.flag("is_open")? && row.int("tries")? > 0,
        was_opened: row.time_opt("opened_at")?.is_some(),
        is_for_one: row.text_opt("user_id")?.is_some(),
        has_passphrase: row.text_opt("passphrase_hash")?.is_some(),
    })
}

impl Store {
    /// Seals a file with a new code, which is not stored.
    pub async fn create_handover(
        &self,
        act: &Act,
        key: &Key,
        (name, text): (&str, &str),
        protection: Protection,
    ) -> Result<(Handover, Code)> {
        let (store, act, key, name) = (self.clone(), act.clone(), key.clone(), name.to_owned());
        let (id, code) = (HandoverId::mint(self.entropy()), Code::mint(self.entropy()));
        let sealed = code.seal(&id, text, self.entropy());
        let hash = token_hash(&code.token(&id));
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let key = tx.held_to_change(&key).await?;
            if key.revoked.is_some() {
                return Err(Error::field("", "This key is revoked."));
            }
            let Actor::User { id: by, .. } = tx.actor().clone() else {
                return Err(Error::Forbidden("A person hands credentials over."));
            };
            let open = "SELECT COUNT(*) AS n FROM handovers WHERE key_id = $1 AND sealed IS NOT NULL AND expires_at > $2";
            let open = sqlx::query(open).bind(key.id.to_string()).bind(tx.now().micros());
            if open.fetch_one(tx.on()).await?.int("n")? >= MOST_OPEN {
                let why = format!("{MOST_OPEN} links of this key wait to be opened. Try again when one has expired.");
                return Err(Error::field("", why));
            }
            let only_for = match protection.only_for.as_str() {
                "" => None,
                email => Some(tx.member_with_email(&key, email).await?),
            };
            let (now, expires_at) = (tx.now(), tx.now() + protection.valid);
            sqlx::query(
                "INSERT INTO handovers (id, org_id, key_id, name, sealed, token_hash, created_by, created_at, expires_at, \
                 user_id, passphrase_hash, tries) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            )
            .bind(id.to_string())
            .bind(key.org_id.to_string())
            .bind(key.id.to_string())
            .bind(name)
            .bind(sealed)
            .bind(hash.to_vec())
            .bind(by.to_string())
            .bind(now.micros())
            .bind(expires_at.micros())
            .bind(only_for.as_ref().map(ToString::to_string))
            .bind(protection.passphrase.clone())
            .bind(TRIES)
            .execute(tx.on())
            .await?;
            let details = json!({
                "handover": id.as_str(), "expires_at": expires_at, "only_for": only_for.as_ref().map(UserId::as_str),
                "passphrase": protection.passphrase.is_some(),
            });
            tx.record(NewEvent::of(&key.org_id, Action::HandoverCreated, keys::target(&key)).with(details)).await?;
            let row = sqlx::query(HANDOVERS).bind(id.to_string()).bind(now.micros()).fetch_one(tx.on()).await?;
            let made = handover(&row)?;
            tx.commit().await?;
            Ok((made, code))
        })
        .await
    }

    pub async fn handover(&self, id: &HandoverId) -> Result<Option<Handover>> {
        let row = sqlx::query(HANDOVERS).bind(id.to_string()).bind(self.now().micros());
        row.fetch_optional(self.read()).await?.as_ref().map(handover).transpose()
    }

    /// Whether that is the token of a hand-over. It is asked before anything is written: everybody can send one.
    pub async fn is_handover_token(&self, id: &HandoverId, token: &[u8; 32]) -> Result<bool> {
        let row = sqlx::query("SELECT token_hash FROM handovers WHERE id = $1").bind(id.to_string());
        let hash = row.fetch_optional(self.read()).await?.map(|row| row.bytes("token_hash")).transpose()?;
        Ok(hash.is_some_and(|hash| secret::constant_time_eq(&hash, &token_hash(token))))
    }

    /// The hash of a hand-over's passphrase, for somebody who has its code and may open it; each call counts as an attempt.
    /// `None` if there is none to check, or no attempt left.
    pub async fn try_passphrase(
        &self,
        id: &HandoverId,
        token: &[u8; 32],
        me: Option<&UserId>,
    ) -> Result<Option<String>> {
        let (store, id, hash) = (self.clone(), id.clone(), token_hash(token));
        let me = me.map(ToString::to_string).unwrap_or_default();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let row = sqlx::query(
                "UPDATE handovers SET tries = tries - 1 WHERE id = $1 AND token_hash = $2 AND passphrase_hash IS NOT NULL \
                 AND sealed IS NOT NULL AND tries > 0 AND expires_at > $3 AND COALESCE(user_id, $4) = $4 \
                 RETURNING passphrase_hash",
            );
            let row = row.bind(id.to_string()).bind(hash.to_vec()).bind(tx.now().micros()).bind(me);
            let row = row.fetch_optional(tx.on()).await?;
            tx.commit_counts().await?;
            row.map(|row| row.text("passphrase_hash")).transpose()
        })
        .await
    }

    /// Takes an attempt back that was not judged.
    pub async fn return_try(&self, id: &HandoverId) -> Result<()> {
        let (store, id) = (self.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let back = sqlx::query("UPDATE handovers SET tries = tries + 1 WHERE id = $1 AND tries < $2");
            back.bind(id.to_string()).bind(TRIES).execute(tx.on()).await?;
            tx.commit_counts().await
        })
        .await
    }

    /// Opens a hand-over for somebody with its token: once, whoever comes first. `passphrase` says whether the right one was
    /// given (`None` if none was judged), `me` who is signed in. Fails if it is for one member, whose session does not meet what the
    /// organization demands.
    pub async fn open_handover(
        &self,
        act: &Act,
        id: &HandoverId,
        token: &[u8; 32],
        me: Option<&UserId>,
        passphrase: Option<bool>,
    ) -> Result<std::result::Result<Opened, NotOpened>> {
        let (store, act, id, me, token) = (self.clone(), act.clone(), id.clone(), me.cloned(), *token);
        detached(async move {
            if !store.is_handover_token(&id, &token).await? {
                return Ok(Err(NotOpened::WrongCode));
            }
            let found = sqlx::query("SELECT org_id FROM handovers WHERE id = $1").bind(id.to_string());
            let Some(found) = found.fetch_optional(store.read()).await? else { return Ok(Err(NotOpened::WrongCode)) };
            let mut tx = store.begin(&act).await?;
            // Others who open it wait here.
            tx.lock_chain(&found.text("org_id")?).await?;
            let now = store.now().micros();
            let row = sqlx::query(HANDOVERS).bind(id.to_string()).bind(now).fetch_optional(tx.on()).await?;
            let Some(row) = row else {
                tx.commit_counts().await?;
                return Ok(Err(NotOpened::WrongCode));
            };
            let org = OrgId::stored(row.text("org_id")?);
            let target = Target::new("key", row.text("key_id")?, row.text("label")?);
            let target = match row.text_opt("app_id")? {
                Some(app) => target.of_app(&AppId::stored(app)),
                None => target,
            };
            let about = |action| NewEvent::of(&org, action, target.clone()).with(json!({ "handover": id.as_str() }));
            if row.time_opt("opened_at")?.is_some() {
                let again = row.int("again")?;
                if again < RECORDED {
                    sqlx::query("UPDATE handovers SET again = again + 1 WHERE id = $1")
                        .bind(id.to_string())
                        .execute(tx.on())
                        .await?;
                    let event = about(Action::HandoverRefused).refused(410);
                    let issuer = UserId::stored(row.text("created_by")?);
                    if again == 0 && tx.is_member(&org, &issuer).await? {
                        tx.record_and_mail(event, &issuer, Mail::HandoverUsedAgain).await?;
                    } else {
                        tx.record(event).await?;
                    }
                    tx.commit().await?;
                } else {
                    tx.commit_counts().await?;
                }
                return Ok(Err(NotOpened::Ended));
            }
            let is_for_me = match (row.text_opt("user_id")?, &me) {
                (None, _) => true,
                (Some(only), Some(me)) => me.as_str() == only && tx.is_member(&org, me).await?,
                (Some(_), None) => false,
            };
            let why = match (row.flag("is_open")?, is_for_me) {
                (false, _) => Some(NotOpened::Ended),
                (true, false) => Some(NotOpened::NotForYou),
                (true, true) => None,
            };
            if let Some(why) = why {
                tx.commit_counts().await?;
                return Ok(Err(why));
            }
            // For one member, who gets into the organization with this session. Otherwise nothing is used up.
            if row.text_opt("user_id")?.is_some() {
                tx.meets_sign_in_policy(&org).await?;
            }
            if row.text_opt("passphrase_hash")?.is_some() && passphrase != Some(true) {
                if passphrase.is_none() {
                    // No attempt was left.
                    tx.commit_counts().await?;
                    return Ok(Err(NotOpened::Ended));
                }
                tx.record(about(Action::HandoverRefused).refused(403)).await?;
                tx.commit().await?;
                let is_left = row.int("tries")? > 0;
                return Ok(Err(if is_left { NotOpened::WrongPassphrase } else { NotOpened::Ended }));
            }
            sqlx::query("UPDATE handovers SET sealed = NULL, passphrase_hash = NULL, opened_at = $2 WHERE id = $1")
                .bind(id.to_string())
                .bind(now)
                .execute(tx.on())
                .await?;
            tx.record(about(Action::HandoverOpened)).await?;
            tx.commit().await?;
            Ok(Ok(Opened { name: row.text("name")?, sealed: row.bytes("sealed")? }))
        })
        .await
    }

    /// Deletes what is sealed in hand-overs that expired, and hand-overs that ended long ago. Returns how many of these.
    pub async fn delete_handovers(&self) -> Result<u64> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            sqlx::query("UPDATE handovers SET sealed = NULL, passphrase_hash = NULL WHERE expires_at <= $1 AND sealed IS NOT NULL")
                .bind(tx.now().micros())
                .execute(tx.on())
                .await?;
            tx.commit_counts().await
        })
        .await?;
        let old = Old { table: "handovers", key: "id", when: "expires_at < $1" };
        self.delete_old(old, (self.now() - KEPT).micros()).await
    }
}

impl Tx {
    async fn is_member(&mut self, org: &OrgId, user: &UserId) -> Result<bool> {
        let row = sqlx::query("SELECT 1 FROM grants WHERE org_id = $1 AND subject = $2 LIMIT 1");
        Ok(row.bind(org.to_string()).bind(user.to_string()).fetch_optional(self.on()).await?.is_some())
    }

    /// The member of a key's organization with this address.
    async fn member_with_email(&mut self, key: &Key, email: &str) -> Result<UserId> {
        let row = sqlx::query(
            "SELECT u.id FROM users u WHERE u.email = $1 AND u.disabled_at IS NULL \
             AND EXISTS (SELECT 1 FROM grants g WHERE g.org_id = $2 AND g.subject = u.id)",
        );
        let row = row.bind(email.trim().to_lowercase()).bind(key.org_id.to_string()).fetch_optional(self.on()).await?;
        let row =
            row.ok_or_else(|| Error::field("only_for", "No member of this organization has this e-mail address."))?;
        Ok(UserId::stored(row.text("id")?))
    }
}
