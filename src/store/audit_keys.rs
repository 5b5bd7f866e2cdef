//! The keys that sign checkpoints: one signs, its predecessors are kept by their public half.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use zeroize::Zeroizing;

use super::{Store, detached, row::Read, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    audit::{
        Act, Action, Actor, NewEvent, SYSTEM, Target,
        checkpoint::{PublicKey, SigningKey},
        hex,
        public_keys::PublicKeys,
    },
    journal::Entry,
};

/// The public half of a key, and when it signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditKey {
    pub public: PublicKey,
    pub from: Timestamp,
    /// `None` for the key that signs.
    pub until: Option<Timestamp>,
    /// Since when nothing that it signed proves anything, because somebody else may have it.
    pub revoked: Option<Timestamp>,
}

impl AuditKey {
    /// As `/.well-known/sallyport-audit.json` has it.
    pub fn published(&self, portal: &str) -> Value {
        json!({
            "key_id": hex(&self.public.id(portal)),
            "algorithm": "Ed25519",
            "public_key": BASE64_STANDARD.encode(self.public.0),
            "verifier_key": self.public.verifier_key(portal),
            "from": self.from,
            "until": self.until,
            "revoked": self.revoked,
        })
    }
}

const CURRENT: &str = "SELECT n, sealed FROM audit_keys WHERE until_at IS NULL ORDER BY n DESC LIMIT 1";

impl Store {
    /// All keys, the oldest first. Fails if one was not made by this portal.
    pub async fn audit_keys(&self) -> Result<Vec<AuditKey>> {
        let rows =
            sqlx::query("SELECT n, public_key, sealed, from_at, until_at, revoked_at FROM audit_keys ORDER BY n");
        let rows = rows.fetch_all(self.read()).await?;
        rows.iter().map(|row| self.audit_key(row)).collect()
    }

    /// The same, as checkpoints are verified with them.
    pub async fn public_keys(&self) -> Result<PublicKeys> {
        let (revoked, valid): (Vec<_>, Vec<_>) =
            self.audit_keys().await?.into_iter().partition(|key| key.revoked.is_some());
        let public = |keys: Vec<AuditKey>| keys.into_iter().map(|key| key.public).collect();
        Ok(PublicKeys { valid: public(valid), revoked: public(revoked) })
    }

    fn audit_key(&self, row: &AnyRow) -> Result<AuditKey> {
        let public = PublicKey(row.bytes("public_key")?.try_into().map_err(|_| damaged())?);
        let (n, sealed) = (row.int("n")?, row.bytes("sealed")?);
        let (until, revoked) = (row.time_opt("until_at")?, row.time_opt("revoked_at")?);
        let opened = |context: String| -> Result<PublicKey> {
            Ok(PublicKey(self.vault().open_stored(&context, &sealed)?[..].try_into().map_err(|_| damaged())?))
        };
        let made = match (until, revoked) {
            (None, None) => self.signing_key_of(n, &sealed)?.public(),
            (Some(_), None) => opened(of_public(n))?,
            (_, Some(_)) => opened(of_revoked(n))?,
        };
        if made != public {
            return Err(damaged());
        }
        Ok(AuditKey { public, from: row.time("from_at")?, until, revoked })
    }

    /// The key that signs; the first is made when it is needed first. That one is missing later is no reason to go on with
    /// another, of which nobody knows.
    pub(super) async fn signing_key(&self) -> Result<SigningKey> {
        if let Some(key) = self.current_key().await? {
            return Ok(key);
        }
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            tx.lock_chain(SYSTEM).await?;
            if sqlx::query(CURRENT).fetch_optional(tx.on()).await?.is_some() {
                return tx.commit_counts().await;
            }
            let signed = "SELECT 1 FROM checkpoints UNION ALL SELECT 1 FROM audit_keys LIMIT 1";
            if sqlx::query(signed).fetch_optional(tx.on()).await?.is_some() {
                return Err(Error::Sealed(MISSING.to_owned()));
            }
            let (n, public) = tx.insert_audit_key().await?;
            tx.record(of_key(Action::AuditKeyCreated, n, public)).await?;
            tx.commit().await
        })
        .await?;
        self.current_key().await?.ok_or_else(damaged)
    }

    async fn current_key(&self) -> Result<Option<SigningKey>> {
        let Some(row) = sqlx::query(CURRENT).fetch_optional(self.read()).await? else { return Ok(None) };
        self.signing_key_of(row.int("n")?, &row.bytes("sealed")?).map(Some)
    }

    fn signing_key_of(&self, n: i64, sealed: &[u8]) -> Result<SigningKey> {
        let seed = self.vault().open_stored(&of_seed(n), sealed)?;
        Ok(SigningKey::of_seed(seed[..].try_into().map_err(|_| damaged())?))
    }

    /// Lets a new key sign if the one that signs is as old as that. Of several nodes one does it. Returns whether it did.
    pub async fn rotate_old_audit_key(&self, age: Duration) -> Result<bool> {
        let until = self.now() - age;
        let due = "SELECT 1 FROM audit_keys WHERE until_at IS NULL AND from_at <= $1";
        if sqlx::query(due).bind(until.micros()).fetch_optional(self.read()).await?.is_none() {
            return Ok(false);
        }
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            tx.lock_chain(SYSTEM).await?;
            if sqlx::query(due).bind(until.micros()).fetch_optional(tx.on()).await?.is_none() {
                tx.commit_counts().await?;
                return Ok(false);
            }
            tx.end_current_and_replace().await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Lets a new key sign from now on, and deletes the private half of the one before.
    pub async fn rotate_audit_key(&self, act: &Act) -> Result<PublicKey> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            let public = tx.end_current_and_replace().await?;
            tx.commit().await?;
            Ok(public)
        })
        .await
    }

    /// Declares a key invalid that somebody else may have. If it is the one that signs, a new one signs from now on; returns
    /// that.
    pub async fn revoke_audit_key(&self, act: &Act, key: PublicKey) -> Result<Option<PublicKey>> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            let row = sqlx::query("SELECT n, until_at, revoked_at FROM audit_keys WHERE public_key = $1");
            let row = row.bind(key.0.to_vec()).fetch_optional(tx.on()).await?.ok_or(Error::NotFound)?;
            if row.int_opt("revoked_at")?.is_some() {
                let message = "This key was revoked before.".to_owned();
                return Err(Error::Conflict { code: "revoked", message });
            }
            let n = row.int("n")?;
            let revoked = tx.revoke_audit_key(n, key).await?;
            tx.notes(Entry::AuditKeyRevoked { key: BASE64_STANDARD.encode(key.0) });
            tx.record(revoked).await?;
            let new = match row.int_opt("until_at")? {
                None => Some(tx.replace_audit_key().await?),
                Some(_) => None,
            };
            tx.commit().await?;
            Ok(new)
        })
        .await
    }
}

impl Tx {
    /// Adds a key that signs from now on; returns its number, too.
    async fn insert_audit_key(&mut self) -> Result<(i64, PublicKey)> {
        let store = self.store().clone();
        let last = sqlx::query("SELECT MAX(n) AS last FROM audit_keys").fetch_one(self.on()).await?;
        let n = last.int_opt("last")?.unwrap_or(0) + 1;
        let seed = Zeroizing::new(store.entropy().array::<32>());
        let public = SigningKey::of_seed(&seed).public();
        let sealed = self.seal(&of_seed(n), &seed[..]).await?;
        sqlx::query("INSERT INTO audit_keys (n, public_key, sealed, from_at) VALUES ($1, $2, $3, $4)")
            .bind(n)
            .bind(public.0.to_vec())
            .bind(sealed)
            .bind(self.now().micros())
            .execute(self.on())
            .await?;
        Ok((n, public))
    }

    async fn end_current_and_replace(&mut self) -> Result<PublicKey> {
        if let Some(current) = sqlx::query(CURRENT).fetch_optional(self.on()).await? {
            let n = current.int("n")?;
            let old = self.store().signing_key_of(n, &current.bytes("sealed")?)?.public();
            self.end_audit_key(n, of_public(n), old).await?;
        }
        self.replace_audit_key().await
    }

    /// Revokes a key that was revoked before the database was restored. The chain `system` has to be locked.
    pub(super) async fn revoke_audit_key_again(&mut self, key: PublicKey) -> Result<Vec<NewEvent>> {
        let row = sqlx::query("SELECT n, until_at FROM audit_keys WHERE public_key = $1 AND revoked_at IS NULL");
        let Some(row) = row.bind(key.0.to_vec()).fetch_optional(self.on()).await? else { return Ok(Vec::new()) };
        let n = row.int("n")?;
        let mut events = vec![self.revoke_audit_key(n, key).await?];
        if row.int_opt("until_at")?.is_none() {
            let (n, public) = self.insert_audit_key().await?;
            events.push(of_key(Action::AuditKeyRotated, n, public));
        }
        Ok(events)
    }

    async fn revoke_audit_key(&mut self, n: i64, key: PublicKey) -> Result<NewEvent> {
        self.end_audit_key(n, of_revoked(n), key).await?;
        let revoked = sqlx::query("UPDATE audit_keys SET revoked_at = $2 WHERE n = $1").bind(n);
        revoked.bind(self.now().micros()).execute(self.on()).await?;
        Ok(of_key(Action::AuditKeyRevoked, n, key))
    }

    async fn replace_audit_key(&mut self) -> Result<PublicKey> {
        let (n, public) = self.insert_audit_key().await?;
        self.record(of_key(Action::AuditKeyRotated, n, public)).await?;
        Ok(public)
    }

    /// Only the public half of a key is left, sealed in its new role.
    async fn end_audit_key(&mut self, n: i64, role: String, public: PublicKey) -> Result<()> {
        let sealed = self.seal(&role, &public.0).await?;
        sqlx::query("UPDATE audit_keys SET sealed = $2, until_at = COALESCE(until_at, $3) WHERE n = $1")
            .bind(n)
            .bind(sealed)
            .bind(self.now().micros())
            .execute(self.on())
            .await?;
        Ok(())
    }
}

/// A key, as the revocation journal has it.
pub(super) fn stored_key(text: &str) -> Option<PublicKey> {
    BASE64_STANDARD.decode(text).ok()?.try_into().ok().map(PublicKey)
}

fn of_key(action: Action, n: i64, public: PublicKey) -> NewEvent {
    NewEvent::of_system(action, Target::new("audit_key", n, BASE64_STANDARD.encode(public.0)))
}

/// What the value of a row is sealed as.
pub(super) fn context(row: &AnyRow) -> Result<String> {
    let n = row.int("n")?;
    Ok(match (row.int_opt("until_at")?, row.int_opt("revoked_at")?) {
        (None, None) => of_seed(n),
        (Some(_), None) => of_public(n),
        (_, Some(_)) => of_revoked(n),
    })
}

fn of_seed(n: i64) -> String {
    format!("audit_key:{n}")
}

fn of_public(n: i64) -> String {
    format!("audit_key_public:{n}")
}

fn of_revoked(n: i64) -> String {
    format!("audit_key_revoked:{n}")
}

const MISSING: &str = "The key that signs checkpoints of the audit log is missing, although there were checkpoints. Restore the \
    table audit_keys from a backup. If there is none, `sallyport audit rotate-key` makes another key, and says so in the log; \
    checkpoints before it are then signed with a key that the portal does not know.";

fn damaged() -> Error {
    Error::Sealed("A key that signs checkpoints is damaged, or not this portal's; restore the database.".to_owned())
}
