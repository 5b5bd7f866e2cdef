//! The keys that sign capability tokens: one signs, its predecessors are kept by their public half.

use std::time::Duration;

use sqlx::any::AnyRow;
use zeroize::Zeroizing;

use super::{Store, detached, old_rows::Old, row::Read, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    audit::{
        Act, Action, Actor, NewEvent, SYSTEM, Target,
        checkpoint::{PublicKey, SigningKey},
    },
    capability::key_id,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a key signs.
const SIGNS: Duration = DAY.saturating_mul(90);

const KEYS: &str = "SELECT id, public_key, sealed, from_at, until_at FROM capability_keys WHERE ";
const CURRENT: &str = "until_at IS NULL ORDER BY from_at DESC LIMIT 1";
const PUBLISHED: &str = "(until_at IS NULL OR kept_until > $1) ";

/// The public half of a key that signs, or whose tokens may be valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapabilityKey {
    pub id: String,
    pub public: PublicKey,
}

impl Store {
    /// The public keys, the newest first. Fails if one was not made by this portal.
    pub async fn capability_keys(&self) -> Result<Vec<CapabilityKey>> {
        let sql = format!("{KEYS}{PUBLISHED} ORDER BY from_at DESC, id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(self.now().micros()).fetch_all(self.read()).await?;
        rows.iter().map(|row| self.public_capability_key(row)).collect()
    }

    /// The public key with this id.
    pub(super) async fn capability_key(&self, id: &str) -> Result<Option<PublicKey>> {
        let sql = format!("{KEYS}{PUBLISHED} AND id = $2");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(self.now().micros()).bind(id.to_owned());
        let row = query.fetch_optional(self.read()).await?;
        Ok(row.map(|row| self.public_capability_key(&row)).transpose()?.map(|key| key.public))
    }

    fn public_capability_key(&self, row: &AnyRow) -> Result<CapabilityKey> {
        let (id, sealed) = (row.text("id")?, row.bytes("sealed")?);
        let public = PublicKey(row.bytes("public_key")?.try_into().map_err(|_| damaged())?);
        let made = match row.time_opt("until_at")? {
            None => self.capability_signing_key(&id, &sealed)?.public(),
            Some(_) => PublicKey(self.vault().open(&of_public(&id), &sealed)?[..].try_into().map_err(|_| damaged())?),
        };
        if made != public || key_id(&public) != id {
            return Err(damaged());
        }
        Ok(CapabilityKey { id, public })
    }

    fn capability_signing_key(&self, id: &str, sealed: &[u8]) -> Result<SigningKey> {
        let seed = self.vault().open(&of_seed(id), sealed)?;
        Ok(SigningKey::of_seed(seed[..].try_into().map_err(|_| damaged())?))
    }

    async fn current_capability_key(&self) -> Result<Option<(SigningKey, Timestamp)>> {
        let sql = sqlx::AssertSqlSafe(format!("{KEYS}{CURRENT}"));
        let Some(row) = sqlx::query(sql).fetch_optional(self.read()).await? else { return Ok(None) };
        let key = self.capability_signing_key(&row.text("id")?, &row.bytes("sealed")?)?;
        Ok(Some((key, row.time("from_at")?)))
    }

    /// The key that signs, if there is one yet.
    pub(super) async fn capability_signer(&self) -> Result<Option<SigningKey>> {
        Ok(self.current_capability_key().await?.map(|(key, _)| key))
    }

    /// The same; the first is made when it is needed first.
    pub(super) async fn first_capability_signer(&self) -> Result<SigningKey> {
        self.replace_capability_key(Action::CapabilityKeyCreated, None).await?;
        self.capability_signer().await?.ok_or_else(damaged)
    }

    /// Lets a new key sign if the one that does is due, and deletes those whose tokens have expired.
    pub async fn rotate_capability_keys(&self) -> Result<()> {
        if let Some((key, from)) = self.current_capability_key().await?
            && from + SIGNS <= self.now()
        {
            self.replace_capability_key(Action::CapabilityKeyRotated, Some(key_id(&key.public()))).await?;
        }
        let when = "until_at IS NOT NULL AND kept_until <= $1";
        let old = Old { table: "capability_keys", key: "id", when };
        self.delete_old(old, self.now().micros()).await.map(drop)
    }

    /// Adds a key that signs from now on, unless another one than `old` signs already.
    async fn replace_capability_key(&self, action: Action, old: Option<String>) -> Result<()> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            // Others who make one wait here.
            tx.lock_chain(SYSTEM).await?;
            let sql = sqlx::AssertSqlSafe(format!("{KEYS}{CURRENT}"));
            let current = sqlx::query(sql).fetch_optional(tx.on()).await?.map(|row| row.text("id")).transpose()?;
            if current != old {
                return tx.commit_counts().await;
            }
            if let Some(old) = old {
                tx.end_capability_key(&old).await?;
            }
            let id = tx.insert_capability_key().await?;
            tx.record(NewEvent::of_system(action, Target::new("capability_key", &id, &id))).await?;
            tx.commit().await
        })
        .await
    }
}

impl Tx {
    async fn insert_capability_key(&mut self) -> Result<String> {
        let store = self.store().clone();
        let seed = Zeroizing::new(store.entropy().array::<32>());
        let public = SigningKey::of_seed(&seed).public();
        let (id, now) = (key_id(&public), self.now().micros());
        let insert =
            "INSERT INTO capability_keys (id, public_key, sealed, from_at, kept_until) VALUES ($1, $2, $3, $4, $4)";
        sqlx::query(insert)
            .bind(id.clone())
            .bind(public.0.to_vec())
            .bind(store.vault().seal(&of_seed(&id), &seed[..], store.entropy()))
            .bind(now)
            .execute(self.on())
            .await?;
        Ok(id)
    }

    /// Only the public half of a key is left, sealed in its new role. It is kept for a day at least: somebody may have begun
    /// to sign with it.
    async fn end_capability_key(&mut self, id: &str) -> Result<()> {
        let store = self.store().clone();
        let row = sqlx::query("SELECT public_key FROM capability_keys WHERE id = $1").bind(id.to_owned());
        let public = row.fetch_one(self.on()).await?.bytes("public_key")?;
        let (now, kept) = (self.now(), self.now() + DAY);
        sqlx::query(
            "UPDATE capability_keys SET sealed = $2, until_at = $3, \
             kept_until = CASE WHEN kept_until > $4 THEN kept_until ELSE $4 END WHERE id = $1",
        )
        .bind(id.to_owned())
        .bind(store.vault().seal(&of_public(id), &public, store.entropy()))
        .bind(now.micros())
        .bind(kept.micros())
        .execute(self.on())
        .await?;
        Ok(())
    }

    /// Keeps a key as long as a token is valid that it signs. Written a day ahead, so that not each token writes it.
    pub(super) async fn keep_capability_key(&mut self, key: &PublicKey, until: Timestamp) -> Result<()> {
        sqlx::query("UPDATE capability_keys SET kept_until = $3 WHERE id = $1 AND kept_until < $2")
            .bind(key_id(key))
            .bind(until.micros())
            .bind((until + DAY).micros())
            .execute(self.on())
            .await?;
        Ok(())
    }
}

fn of_seed(id: &str) -> String {
    format!("capability_key:{id}")
}

fn of_public(id: &str) -> String {
    format!("capability_key_public:{id}")
}

fn damaged() -> Error {
    let message = "A key that signs capability tokens is damaged, or not this portal's; restore the database.";
    Error::Sealed(message.to_owned())
}
