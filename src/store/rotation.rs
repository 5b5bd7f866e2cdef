//! Rotating keys: a key gets another secret, and the old one is accepted until its grace period ends. No job ends it: each
//! verdict compares the time.

mod cut_off;
mod old_secret;
mod set_aside;

use serde_json::json;

pub use self::set_aside::SetAside;
use super::{
    Store, detached,
    key_change::needs_no_rule,
    keys::{self, COLUMNS},
    row::{Read, digest},
    tx::Tx,
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, Actor, NewEvent},
    id::KeyId,
    key::{Digest, Ends, Issued, Key, LiveSecret, LiveSecrets, NewRotation, PlainSecret, SigningSecret, Status},
    profile::RotationKind,
};

/// The maximum number of secrets of a key that are remembered, so that requests with an old one are told `rotated`. Those
/// that are accepted are never forgotten.
const REMEMBERED: i64 = 50;

impl Store {
    /// The secrets of a key that are accepted.
    pub async fn live_secrets(&self, key: &KeyId) -> Result<LiveSecrets> {
        live(&live_query(key).fetch_all(self.read()).await?, self.now())
    }

    /// Gives a key another secret. The secrets are in the result and nowhere else. Fails while the key is being rotated,
    /// unless it is said which of its secrets ends.
    pub async fn rotate_key(&self, act: &Act, key: &Key, new: NewRotation) -> Result<Issued> {
        self.rotate(act, key, new, None).await
    }

    /// `aside` is the secret that the new one replaces, and that nobody used.
    async fn rotate(&self, act: &Act, key: &Key, new: NewRotation, aside: Option<SetAside>) -> Result<Issued> {
        let app = match &key.app_id {
            Some(app) => self.find(Some(&key.org_id), app).await?,
            None => None,
        };
        let (store, act, key) = (self.clone(), act.clone(), key.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let (key, secrets) = tx.held_with_secrets(&key).await?;
            tx.needs_to_get_secret(&key)?;
            if new.seen.is_some_and(|seen| seen != secrets.last) {
                return Err(Error::AlreadyIssued(key.id));
            }
            tx.makes(key.id.as_str()).await?;
            // A whole second, as answers say it: nothing is accepted after the deadline that was announced.
            let retires_at = (!new.grace.is_zero()).then(|| Timestamp::from_seconds((tx.now() + new.grace).seconds()));
            if let Some(aside) = &aside {
                tx.needs_set_aside(&key.id, aside).await?;
            }
            let until = match (&secrets, &aside) {
                (LiveSecrets { current: None, previous, .. }, Some(_)) => {
                    previous.as_ref().and_then(|previous| previous.retires_at)
                }
                (_, Some(_)) => return Err(in_progress()),
                (_, None) => tx.retire_old(&key, &secrets, new.ends, retires_at).await?,
            };
            let prefix = store.profile().environment(&key.environment).map(|environment| environment.prefix.clone());
            let Some(prefix) = prefix else { return Err(no_environment()) };
            let secret = PlainSecret::mint(&prefix, store.entropy());
            tx.add_key_secret(&key.id, &secret).await?;
            tx.notes_rotation(&key.id).await?;
            tx.enqueue_cut_off(&key.id, until).await?;
            let unseen = match &aside {
                Some(aside) => Some(aside.created_at),
                None if new.ends == Some(Ends::Current) => secrets.current.as_ref().map(|current| current.created_at),
                None => None,
            };
            let signing_secret = tx.rotate_signing(&key, new, unseen, until).await?;
            tx.forget_old_secrets(&key.id).await?;
            tx.touches_key(&key.id).await?;
            tx.ends_own_secret(&key, &secrets, until);
            let ends = new.ends.map(Ends::as_str).or(aside.is_some().then_some("unseen"));
            let details = json!({
                "shown": secret.shown(), "old_until": until.map(Timestamp::to_rfc3339), "ended": ends,
                "signing_secret": signing_secret.is_some(),
            });
            tx.record(NewEvent::of(&key.org_id, Action::KeyRotated, keys::target(&key)).with(details)).await?;
            let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM keys k WHERE k.id = $1"));
            let key = keys::key(&sqlx::query(sql).bind(key.id.to_string()).fetch_one(tx.on()).await?)?;
            tx.commit().await?;
            Ok(Issued { key, app, secret, signing_secret })
        })
        .await
    }
}

/// Fails if a key is revoked or has expired.
fn needs_lasting(key: &Key, now: Timestamp) -> Result<()> {
    let ended = |code, message: &str| Err(Error::Conflict { code, message: message.to_owned() });
    match key.status(now) {
        Status::Revoked => ended("key_revoked", "This key is revoked, so it can’t be rotated."),
        Status::Expired => ended("key_expired", "This key has expired, so it can’t be rotated."),
        _ => Ok(()),
    }
}

fn in_progress() -> Error {
    let message =
        "This key is being rotated: two of its secrets are accepted. Revoke the old one, or say which of them ends.";
    Error::Conflict { code: "rotation_in_progress", message: message.to_owned() }
}

fn no_environment() -> Error {
    let message = "The environment of this key is no longer in the profile. Generate another key, and revoke this one.";
    Error::Conflict { code: "environment_removed", message: message.to_owned() }
}

fn live_query(key: &KeyId) -> sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments> {
    let query = sqlx::query(
        "SELECT n, shown, created_at, retires_at, retired_at, extended_at, ended_at FROM key_secrets WHERE key_id = $1 \
         ORDER BY n DESC LIMIT $2",
    );
    // Up to two older ones are accepted.
    query.bind(key.to_string()).bind(REMEMBERED + 2)
}

fn live(rows: &[sqlx::any::AnyRow], now: Timestamp) -> Result<LiveSecrets> {
    let mut secrets = LiveSecrets::default();
    for row in rows {
        let n = row.int("n")?;
        secrets.last = secrets.last.max(n);
        let retires_at = row.time_opt("retires_at")?;
        if row.time_opt("ended_at")?.is_some() || retires_at.is_some_and(|at| at <= now) {
            continue;
        }
        let place = if retires_at.is_some() { &mut secrets.previous } else { &mut secrets.current };
        let extended = row.time_opt("extended_at")?.is_some();
        let (shown, created_at, retired_at) =
            (row.text("shown")?, row.time("created_at")?, row.time_opt("retired_at")?);
        place.get_or_insert(LiveSecret { n, shown, created_at, retires_at, retired_at, extended });
    }
    Ok(secrets)
}

impl Tx {
    /// Locks a key whose secrets are to be changed, and returns its current state.
    async fn held_to_rotate(&mut self, key: &Key) -> Result<Key> {
        match self.actor() {
            Actor::Key { id, .. } if *id == key.id => {
                if !self.profile().rotation.by_itself {
                    return Err(Error::Forbidden("A key can't rotate itself here; a person or a root token can."));
                }
                let key = self.held(&key.id).await?;
                needs_no_rule(&key)?;
                Ok(key)
            }
            _ => self.held_to_change(key).await,
        }
    }

    /// The same with the key's secrets that are accepted. A key that acts on itself needs the newest.
    async fn held_with_secrets(&mut self, key: &Key) -> Result<(Key, LiveSecrets)> {
        let key = self.held_to_rotate(key).await?;
        let secrets = self.live_secrets(&key.id).await?;
        self.needs_newest_secret(&key, &secrets)?;
        Ok((key, secrets))
    }

    /// Notes that a locked key has a new secret since now.
    async fn notes_rotation(&mut self, key: &KeyId) -> Result<()> {
        let noted = sqlx::query("UPDATE keys SET rotated_at = $2 WHERE id = $1").bind(key.to_string());
        noted.bind(self.now().micros()).execute(self.on()).await?;
        Ok(())
    }

    /// Fails if a locked key gets no other secret, or if the actor could not issue one like it.
    fn needs_to_get_secret(&self, key: &Key) -> Result<()> {
        let profile = self.profile();
        let is_other_key = matches!(self.actor(), Actor::Key { id, .. } if *id != key.id);
        if is_other_key && profile.manages(key.owner, key.mode, key.scopes.iter().map(String::as_str)) {
            return Err(Error::Forbidden(
                "A key can't rotate another one that manages the organization; a person or a root token can.",
            ));
        }
        if let Some(owner) = &key.owner_id {
            match self.actor() {
                Actor::User { id, .. } if id == owner => {}
                Actor::Key { id, .. } if *id == key.id => {}
                _ => return Err(Error::Forbidden("Only the person who owns a personal key can rotate it.")),
            }
        }
        needs_lasting(key, self.now())?;
        if profile.rotation.kind == RotationKind::ByHand {
            let message =
                "Keys are rotated by hand here: generate one like this, and revoke this one once nothing uses it.";
            return Err(Error::Conflict { code: "rotated_by_hand", message: message.to_owned() });
        }
        Ok(())
    }

    /// The secrets of a locked key that are accepted.
    pub(super) async fn live_secrets(&mut self, key: &KeyId) -> Result<LiveSecrets> {
        let rows = live_query(key).fetch_all(self.on()).await?;
        live(&rows, self.now())
    }

    /// Fails if a key rotates itself with a secret that was replaced: who found an old one must not take over the key.
    fn needs_newest_secret(&self, key: &Key, secrets: &LiveSecrets) -> Result<()> {
        match self.actor() {
            Actor::Key { id, secret_n, .. } if *id == key.id => {
                let newest = secrets.current.as_ref().map(|current| current.n);
                if newest == Some(i64::from(*secret_n)) {
                    return Ok(());
                }
                Err(Error::Forbidden("This is the old secret of the key; rotate it with the new one."))
            }
            _ => Ok(()),
        }
    }

    /// Ends what is to end, and lets the other secret retire. Returns until when that is accepted.
    async fn retire_old(
        &mut self,
        key: &Key,
        secrets: &LiveSecrets,
        ends: Option<Ends>,
        retires_at: Option<Timestamp>,
    ) -> Result<Option<Timestamp>> {
        let (ended, kept) = match (&secrets.previous, ends) {
            (None, _) => (None, secrets.current.as_ref()),
            (Some(_), None) => return Err(in_progress()),
            (previous, Some(Ends::Previous)) => (previous.as_ref(), secrets.current.as_ref()),
            (previous, Some(Ends::Current)) => (secrets.current.as_ref(), previous.as_ref()),
        };
        if let Some(secret) = ended {
            self.end_secret(&key.id, secret.n).await?;
        }
        let Some(kept) = kept else { return Ok(None) };
        let until = retires_at.map(|at| self.latest_retirement(kept).map_or(at, |latest| at.min(latest)));
        let until = until.filter(|until| *until > self.now());
        match until {
            Some(at) => self.retire_secret(&key.id, kept.n, at).await?,
            None => drop(self.end_secret(&key.id, kept.n).await?),
        }
        Ok(until)
    }

    /// Until when a secret may be accepted that retires already: rotating again and again does not keep it alive.
    fn latest_retirement(&self, secret: &LiveSecret) -> Option<Timestamp> {
        let longest = secret.retired_at? + self.profile().rotation.longest_grace;
        Some(secret.retires_at.map_or(longest, |at| at.max(longest)))
    }

    async fn end_secret(&mut self, key: &KeyId, n: i64) -> Result<Vec<Digest>> {
        let ended =
            "UPDATE key_secrets SET ended_at = $3 WHERE key_id = $1 AND n = $2 AND ended_at IS NULL RETURNING digest";
        let ended = sqlx::query(ended).bind(key.to_string()).bind(n).bind(self.now().micros());
        let mut digests = Vec::new();
        for row in &ended.fetch_all(self.on()).await? {
            let digest = digest(&row.bytes("digest")?)?;
            self.touches(digest);
            digests.push(digest);
        }
        self.notes_key(key);
        Ok(digests)
    }

    async fn retire_secret(&mut self, key: &KeyId, n: i64, at: Timestamp) -> Result<()> {
        let retired = "UPDATE key_secrets SET retires_at = $3, retired_at = COALESCE(retired_at, $4) \
                       WHERE key_id = $1 AND n = $2";
        let retired = sqlx::query(retired).bind(key.to_string()).bind(n).bind(at.micros());
        retired.bind(self.now().micros()).execute(self.on()).await?;
        Ok(())
    }

    /// Gives a key that is rotated another signing secret, if it has one or one is asked for. `unseen` is since when the
    /// secrets were made that end with it, and `until` how long the older ones are accepted.
    async fn rotate_signing(
        &mut self,
        key: &Key,
        new: NewRotation,
        unseen: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Option<SigningSecret>> {
        if !new.signing_secret.unwrap_or(key.has_signing_secret) {
            return Ok(None);
        }
        if !key.has_signing_secret && !self.profile().keys.signing_secret {
            return Err(Error::field("signing_secret", "Keys have no signing secrets here; leave this out."));
        }
        let last = self.last_signing_secret(&key.id).await?;
        match (unseen, key.signing_before_until) {
            (None, _) => {
                self.retire_signing_secret(&key.id, last, until).await?;
            }
            (Some(since), before) => {
                self.end_signing_secrets_since(&key.id, since).await?;
                // What has retired is not accepted again.
                if let Some(before) = before.filter(|before| *before > self.now()) {
                    self.retime_signing_secrets(&key.id, before, until).await?;
                }
                self.retire_current_signing_secret(&key.id, until).await?;
            }
        }
        let secret = SigningSecret::mint(self.store().entropy());
        self.add_signing_secret(&key.id, last + 1, &secret).await?;
        Ok(Some(secret))
    }

    /// Deletes what a key had many rotations ago and is no longer accepted.
    async fn forget_old_secrets(&mut self, key: &KeyId) -> Result<()> {
        let forgotten = sqlx::query(
            "DELETE FROM key_secrets WHERE key_id = $1 \
             AND n <= (SELECT MAX(s.n) FROM key_secrets s WHERE s.key_id = $1) - $2 \
             AND (ended_at IS NOT NULL OR retires_at <= $3) RETURNING digest",
        );
        let forgotten = forgotten.bind(key.to_string()).bind(REMEMBERED).bind(self.now().micros());
        let forgotten = forgotten.fetch_all(self.on()).await?;
        for row in &forgotten {
            self.touches(digest(&row.bytes("digest")?)?);
        }
        Ok(())
    }

    /// A key that rotates itself may have ended the secret that it was called with.
    fn ends_own_secret(&mut self, key: &Key, secrets: &LiveSecrets, until: Option<Timestamp>) {
        let own = secrets.current.as_ref().map(|current| current.n);
        let acts_itself = matches!(self.actor(), Actor::Key { id, secret_n, .. }
            if *id == key.id && Some(i64::from(*secret_n)) == own);
        if acts_itself && until.is_none() {
            self.ends_key(&key.id);
        }
    }
}
