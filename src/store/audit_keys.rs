//! The keys that sign checkpoints: one signs, its predecessors are kept by their public half.

use base64::{Engine, prelude::BASE64_STANDARD};
use sqlx::any::AnyRow;
use zeroize::Zeroizing;

use super::{Store, detached, row::Read, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    audit::{
        Act, Action, Actor, NewEvent, SYSTEM, Target,
        checkpoint::{PublicKey, SigningKey},
    },
};

/// The public half of a key, and when it signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditKey {
    pub public: PublicKey,
    pub from: Timestamp,
    /// `None` for the key that signs.
    pub until: Option<Timestamp>,
}

const CURRENT: &str = "SELECT n, sealed FROM audit_keys WHERE until_at IS NULL ORDER BY n DESC LIMIT 1";

impl Store {
    /// All keys, the oldest first. Fails if one was not made by this portal.
    pub async fn audit_keys(&self) -> Result<Vec<AuditKey>> {
        let rows = sqlx::query("SELECT n, public_key, sealed, from_at, until_at FROM audit_keys ORDER BY n");
        let rows = rows.fetch_all(self.read()).await?;
        rows.iter().map(|row| self.audit_key(row)).collect()
    }

    fn audit_key(&self, row: &AnyRow) -> Result<AuditKey> {
        let public = PublicKey(row.bytes("public_key")?.try_into().map_err(|_| damaged())?);
        let (n, sealed, until) = (row.int("n")?, row.bytes("sealed")?, row.time_opt("until_at")?);
        let made = match until {
            None => self.signing_key_of(n, &sealed)?.public(),
            Some(_) => PublicKey(self.vault().open(&of_public(n), &sealed)?[..].try_into().map_err(|_| damaged())?),
        };
        if made != public {
            return Err(damaged());
        }
        Ok(AuditKey { public, from: row.time("from_at")?, until })
    }

    /// The key that signs; the first is made when it is needed first.
    pub(super) async fn signing_key(&self) -> Result<SigningKey> {
        if let Some(key) = self.current_key().await? {
            return Ok(key);
        }
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            tx.lock_chain(SYSTEM).await?;
            if sqlx::query(CURRENT).fetch_optional(tx.on()).await?.is_none() {
                tx.insert_audit_key(&store, 1).await?;
            }
            tx.commit_counts().await
        })
        .await?;
        self.current_key().await?.ok_or_else(damaged)
    }

    async fn current_key(&self) -> Result<Option<SigningKey>> {
        let Some(row) = sqlx::query(CURRENT).fetch_optional(self.read()).await? else { return Ok(None) };
        self.signing_key_of(row.int("n")?, &row.bytes("sealed")?).map(Some)
    }

    fn signing_key_of(&self, n: i64, sealed: &[u8]) -> Result<SigningKey> {
        let seed = self.vault().open(&of_seed(n), sealed)?;
        Ok(SigningKey::of_seed(seed[..].try_into().map_err(|_| damaged())?))
    }

    /// Lets a new key sign from now on, and deletes the private half of the one before.
    pub async fn rotate_audit_key(&self, act: &Act) -> Result<PublicKey> {
        self.signing_key().await?;
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            let current = sqlx::query(CURRENT).fetch_one(tx.on()).await?;
            let n = current.int("n")?;
            let old = store.signing_key_of(n, &current.bytes("sealed")?)?.public();
            sqlx::query("UPDATE audit_keys SET sealed = $2, until_at = $3 WHERE n = $1")
                .bind(n)
                .bind(store.vault().seal(&of_public(n), &old.0, store.entropy()))
                .bind(tx.now().micros())
                .execute(tx.on())
                .await?;
            let public = tx.insert_audit_key(&store, n + 1).await?;
            let target = Target::new("audit_key", n + 1, BASE64_STANDARD.encode(public.0));
            tx.record(NewEvent::of_system(Action::AuditKeyRotated, target)).await?;
            tx.commit().await?;
            Ok(public)
        })
        .await
    }
}

impl Tx {
    async fn insert_audit_key(&mut self, store: &Store, n: i64) -> Result<PublicKey> {
        let seed = Zeroizing::new(store.entropy().array::<32>());
        let public = SigningKey::of_seed(&seed).public();
        sqlx::query("INSERT INTO audit_keys (n, public_key, sealed, from_at) VALUES ($1, $2, $3, $4)")
            .bind(n)
            .bind(public.0.to_vec())
            .bind(store.vault().seal(&of_seed(n), &seed[..], store.entropy()))
            .bind(self.now().micros())
            .execute(self.on())
            .await?;
        Ok(public)
    }
}

fn of_seed(n: i64) -> String {
    format!("audit_key:{n}")
}

fn of_public(n: i64) -> String {
    format!("audit_key_public:{n}")
}

fn damaged() -> Error {
    Error::Sealed("A key that signs checkpoints is damaged, or not this portal's; restore the database.".to_owned())
}
