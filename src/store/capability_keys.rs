//! The keys that sign capability tokens: one signs, the next is published some time before it does, and those before it are kept
//! by their public half.

use std::time::Duration;

use serde_json::json;
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
    journal::Entry,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a key signs.
const SIGNS: Duration = DAY.saturating_mul(90);

/// How long the next key is published before it signs: readers fetch the keys now and then.
const AHEAD: Duration = DAY.saturating_mul(2);

/// `from_at` is when a key begins to sign.
const KEYS: &str = "SELECT id, public_key, sealed, from_at, until_at FROM capability_keys WHERE ";
const CURRENT: &str = "until_at IS NULL AND from_at <= $1 ORDER BY from_at DESC, id LIMIT 1";
const PUBLISHED: &str = "(until_at IS NULL OR kept_until > $1) ";

/// The public half of a key that signs or will sign, or whose tokens may be valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapabilityKey {
    pub id: String,
    pub public: PublicKey,
    /// When it begins, or began, to sign.
    pub from: Timestamp,
    /// When another took over.
    pub until: Option<Timestamp>,
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
            Some(_) => {
                PublicKey(self.vault().open_stored(&of_public(&id), &sealed)?[..].try_into().map_err(|_| damaged())?)
            }
        };
        if made != public || key_id(&public) != id {
            return Err(damaged());
        }
        Ok(CapabilityKey { id, public, from: row.time("from_at")?, until: row.time_opt("until_at")? })
    }

    fn capability_signing_key(&self, id: &str, sealed: &[u8]) -> Result<SigningKey> {
        let seed = self.vault().open_stored(&of_seed(id), sealed)?;
        Ok(SigningKey::of_seed(seed[..].try_into().map_err(|_| damaged())?))
    }

    /// The key that signs, if there is one yet.
    pub(super) async fn capability_signer(&self) -> Result<Option<SigningKey>> {
        let sql = sqlx::AssertSqlSafe(format!("{KEYS}{CURRENT}"));
        let row = sqlx::query(sql).bind(self.now().micros()).fetch_optional(self.read()).await?;
        row.map(|row| self.capability_signing_key(&row.text("id")?, &row.bytes("sealed")?)).transpose()
    }

    /// The same; the first is made when it is needed first.
    pub(super) async fn first_capability_signer(&self) -> Result<SigningKey> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            // Others who make one wait here.
            tx.lock_chain(SYSTEM).await?;
            let sql = sqlx::AssertSqlSafe(format!("{KEYS}{CURRENT}"));
            let current = sqlx::query(sql).bind(tx.now().micros()).fetch_optional(tx.on()).await?;
            if current.is_some() {
                return tx.commit_counts().await;
            }
            let now = tx.now();
            tx.make_capability_key(now).await?;
            tx.commit().await
        })
        .await?;
        self.capability_signer().await?.ok_or_else(damaged)
    }

    /// Revokes all keys at once, those that do not sign yet as well, and makes another: what they signed is refused from now on,
    /// and nobody who has one of them can sign a token that is accepted. For an operator, when a key was stolen. Returns the new
    /// one's id, and how many there were.
    pub async fn replace_capability_keys(&self, act: &Act, reason: String) -> Result<(String, usize)> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs_operator().await?;
            tx.lock_chain(SYSTEM).await?;
            let now = tx.now();
            let published = sqlx::AssertSqlSafe(format!("{KEYS}{PUBLISHED} ORDER BY from_at, id"));
            let rows = sqlx::query(published).bind(now.micros()).fetch_all(tx.on()).await?;
            let ids = rows.iter().map(|row| row.text("id")).collect::<Result<Vec<_>>>()?;
            for row in &rows {
                tx.end_capability_key(&row.text("id")?).await?;
            }
            sqlx::query("UPDATE capability_keys SET kept_until = $1 WHERE kept_until > $1")
                .bind(now.micros())
                .execute(tx.on())
                .await?;
            let id = tx.insert_capability_key(now).await?;
            tx.notes(Entry::CapabilityKeysReplaced);
            let event = NewEvent::of_system(Action::CapabilityKeyReplaced, Target::new("capability_key", &id, &id));
            let count = ids.len();
            tx.record(event.with(json!({ "revoked": ids, "reason": reason }))).await?;
            tx.commit().await?;
            Ok((id, count))
        })
        .await
    }

    /// Publishes the next key some time before the one that signs is due, ends those that another took over from, and
    /// deletes those whose tokens have expired.
    pub async fn rotate_capability_keys(&self) -> Result<()> {
        if self.capability_keys_are_due().await? {
            let store = self.clone();
            detached(async move {
                let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
                tx.lock_chain(SYSTEM).await?;
                if tx.rotate_capability_keys().await? { tx.commit().await } else { tx.commit_counts().await }
            })
            .await?;
        }
        let when = "until_at IS NOT NULL AND kept_until <= $1";
        let old = Old { table: "capability_keys", key: "id", when };
        self.delete_old(old, self.now().micros()).await.map(drop)
    }

    async fn capability_keys_are_due(&self) -> Result<bool> {
        let sql = "SELECT id, from_at FROM capability_keys WHERE until_at IS NULL ORDER BY from_at DESC, id";
        let rows = sqlx::query(sql).fetch_all(self.read()).await?;
        let due = Due::of(&rows, self.now())?;
        Ok(!due.ended.is_empty() || due.next.is_some())
    }
}

/// What a rotation has to do.
struct Due {
    /// Another signs instead of these.
    ended: Vec<String>,
    /// The key that signs now, if one of these has ended.
    current: Option<String>,
    /// When the next key begins to sign, if it has to be published now.
    next: Option<Timestamp>,
}

impl Due {
    /// `rows` are the keys that have not ended, the newest first.
    fn of(rows: &[AnyRow], now: Timestamp) -> Result<Self> {
        let mut begun = Vec::new();
        let mut is_published = false;
        for row in rows {
            match row.time("from_at")? {
                from if from > now => is_published = true,
                from => begun.push((row.text("id")?, from)),
            }
        }
        let mut begun = begun.into_iter();
        let current = begun.next();
        let next = match &current {
            Some((_, from)) if !is_published && *from + SIGNS <= now + AHEAD => Some((*from + SIGNS).max(now + AHEAD)),
            _ => None,
        };
        Ok(Self { ended: begun.map(|(id, _)| id).collect(), current: current.map(|(id, _)| id), next })
    }
}

impl Tx {
    /// Whether anything was due. The chain `system` is locked.
    async fn rotate_capability_keys(&mut self) -> Result<bool> {
        let sql = "SELECT id, from_at FROM capability_keys WHERE until_at IS NULL ORDER BY from_at DESC, id";
        let rows = sqlx::query(sql).fetch_all(self.on()).await?;
        let Due { ended, current, next } = Due::of(&rows, self.now())?;
        for id in &ended {
            self.end_capability_key(id).await?;
        }
        if let (Some(current), false) = (&current, ended.is_empty()) {
            let event =
                NewEvent::of_system(Action::CapabilityKeyRotated, Target::new("capability_key", current, current));
            self.record(event.with(json!({ "ended": ended }))).await?;
        }
        if let Some(from) = next {
            self.make_capability_key(from).await?;
        }
        Ok(!ended.is_empty() || next.is_some())
    }

    async fn make_capability_key(&mut self, from: Timestamp) -> Result<()> {
        let id = self.insert_capability_key(from).await?;
        let event = NewEvent::of_system(Action::CapabilityKeyCreated, Target::new("capability_key", &id, &id));
        self.record(event.with(json!({ "signs_from": from }))).await
    }

    /// Adds a key that signs from then on.
    async fn insert_capability_key(&mut self, from: Timestamp) -> Result<String> {
        let store = self.store().clone();
        let seed = Zeroizing::new(store.entropy().array::<32>());
        let public = SigningKey::of_seed(&seed).public();
        let (id, from) = (key_id(&public), from.micros());
        let insert =
            "INSERT INTO capability_keys (id, public_key, sealed, from_at, kept_until) VALUES ($1, $2, $3, $4, $4)";
        let sealed = self.seal(&of_seed(&id), &seed[..]).await?;
        sqlx::query(insert).bind(id.clone()).bind(public.0.to_vec()).bind(sealed).bind(from).execute(self.on()).await?;
        Ok(id)
    }

    /// Only the public half of a key is left, sealed in its new role. It is kept for a day at least: somebody may have begun
    /// to sign with it.
    async fn end_capability_key(&mut self, id: &str) -> Result<()> {
        let row = sqlx::query("SELECT public_key FROM capability_keys WHERE id = $1").bind(id.to_owned());
        let public = row.fetch_one(self.on()).await?.bytes("public_key")?;
        let sealed = self.seal(&of_public(id), &public).await?;
        let (now, kept) = (self.now(), self.now() + DAY);
        sqlx::query(
            "UPDATE capability_keys SET sealed = $2, until_at = COALESCE(until_at, $3), \
             kept_until = CASE WHEN kept_until > $4 THEN kept_until ELSE $4 END WHERE id = $1",
        )
        .bind(id.to_owned())
        .bind(sealed)
        .bind(now.micros())
        .bind(kept.micros())
        .execute(self.on())
        .await?;
        Ok(())
    }

    /// Fails if a key that signs was revoked since it was read: what it signed now would be refused.
    pub(super) async fn needs_capability_key(&mut self, key: &PublicKey) -> Result<()> {
        let sql = sqlx::AssertSqlSafe(format!("{KEYS}{PUBLISHED} AND id = $2"));
        let query = sqlx::query(sql).bind(self.now().micros()).bind(key_id(key));
        match query.fetch_optional(self.on()).await? {
            Some(_) => Ok(()),
            None => Err(Error::Unavailable("the key that signs capability tokens was replaced meanwhile".to_owned())),
        }
    }

    /// Keeps a key as long as a token is valid that it signs. Written a day ahead, so that not each token writes it. A key that
    /// was revoked meanwhile stays so, and refuses the token.
    pub(super) async fn keep_capability_key(&mut self, key: &PublicKey, until: Timestamp) -> Result<()> {
        let now = self.now();
        sqlx::query(
            "UPDATE capability_keys SET kept_until = $3 WHERE id = $1 AND kept_until < $2 \
             AND (until_at IS NULL OR kept_until > $4)",
        )
        .bind(key_id(key))
        .bind(until.micros())
        .bind((until + DAY).micros())
        .bind(now.micros())
        .execute(self.on())
        .await?;
        Ok(())
    }
}

/// What the value of a row is sealed as.
pub(super) fn context(id: &str, has_ended: bool) -> String {
    if has_ended { of_public(id) } else { of_seed(id) }
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
