//! Command lines that ask to be signed in (RFC 8628): asked, approved or denied, answered.

use std::time::Duration;

use serde_json::json;

use super::{Store, detached, old_rows::Old, row::Read, sign_in_policies::ShownAtSignIn, tx::Tx, users};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, Actor, NewEvent, SYSTEM, Target},
    device::{self, DeviceAnswer, DeviceCodes, DeviceRequest, INTERVAL, MOST, UserCode, VALID},
    id::UserId,
    key::{Digest, secret::Checked},
    personal_token::TokenScopes,
    text,
    user::User,
};

/// How long a request is kept after its codes expired, so that its command line learns why it got none.
const KEPT: Duration = Duration::from_secs(60 * 60);

fn request(row: &impl Read) -> Result<DeviceRequest> {
    Ok(DeviceRequest {
        name: row.text("name")?,
        address: row.text_opt("address")?,
        scopes: row.word("scopes", |text| TokenScopes::parse(text).ok())?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}

impl Store {
    /// A command line with this name asks for these scopes. It gets the codes here and nowhere else.
    pub async fn start_device_sign_in(&self, act: &Act, name: &str, scopes: TokenScopes) -> Result<DeviceCodes> {
        let name = text::line("device_name", name, 100, "Give the device a name.")?;
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let (device_code, user_code) = (device::mint(store.entropy()), UserCode::mint(store.entropy()));
            let (digest, pepper) = store.0.peppers.digest(&device_code);
            let now = store.now();
            let mut tx = store.begin(&act).await?;
            let waiting =
                sqlx::query("SELECT COUNT(*) AS n FROM device_requests WHERE expires_at > $1 AND decided_at IS NULL");
            if waiting.bind(now.micros()).fetch_one(tx.on()).await?.int("n")? >= MOST {
                return Err(Error::Unavailable("too many command lines wait to be signed in".to_owned()));
            }
            sqlx::query(
                "INSERT INTO device_requests (digest, pepper, user_code_hash, name, scopes, address, created_at, \
                 expires_at, interval_seconds) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(digest.0.to_vec())
            .bind(pepper)
            .bind(store.user_code_hash(&user_code))
            .bind(name)
            .bind(scopes.to_string())
            .bind(act.address.clone())
            .bind(now.micros())
            .bind((now + VALID).micros())
            .bind(INTERVAL.as_secs().cast_signed())
            .execute(tx.on())
            .await?;
            tx.commit_counts().await?;
            Ok(DeviceCodes { device_code, user_code })
        })
        .await
    }

    /// Keyed, since the short code could be found from a plain hash.
    fn user_code_hash(&self, code: &UserCode) -> Vec<u8> {
        self.vault().link_hash(&[b"user code", code.letters()]).to_vec()
    }

    /// Under each master key, while one replaces another: now and before. The same twice if there is one.
    fn user_code_hashes(&self, code: &UserCode) -> [Vec<u8>; 2] {
        let hashes = self.vault().link_hashes(&[b"user code", code.letters()]);
        let now = hashes[0].to_vec();
        [now.clone(), hashes.get(1).map_or(now, |before| before.to_vec())]
    }

    /// The command line that waits with this code; `None` if none does, or it was answered.
    pub async fn device_request(&self, code: &UserCode) -> Result<Option<DeviceRequest>> {
        let query = sqlx::query(
            "SELECT * FROM device_requests WHERE user_code_hash IN ($1, $3) AND expires_at > $2 AND decided_at IS NULL",
        );
        let [now, before] = self.user_code_hashes(code);
        let query = query.bind(now).bind(self.now().micros()).bind(before);
        query.fetch_optional(self.read()).await?.as_ref().map(request).transpose()
    }

    /// The acting person approves the command line with this code, once.
    pub async fn approve_device(&self, act: &Act, code: &UserCode) -> Result<()> {
        self.decide_device(act, code, Action::DeviceApproved).await
    }

    /// The acting person denies the command line with this code, once.
    pub async fn deny_device(&self, act: &Act, code: &UserCode) -> Result<()> {
        self.decide_device(act, code, Action::DeviceDenied).await
    }

    async fn decide_device(&self, act: &Act, code: &UserCode, action: Action) -> Result<()> {
        let (store, act, [now, before]) = (self.clone(), act.clone(), self.user_code_hashes(code));
        let Actor::User { id, .. } = act.actor.clone() else { return Err(Error::NotFound) };
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            if action == Action::DeviceApproved {
                tx.needs_room_for_token(&id).await?;
            }
            let shown = tx.shown_by_actor().await?;
            let row = sqlx::query(
                "UPDATE device_requests SET user_id = $1, decided_at = $2, approved = $3, provider = $6, with_factor = $7, \
                 signed_in_at = $8 WHERE user_code_hash IN ($4, $5) AND expires_at > $2 AND decided_at IS NULL RETURNING *",
            )
            .bind(id.to_string())
            .bind(store.now().micros())
            .bind(i64::from(action == Action::DeviceApproved))
            .bind(now)
            .bind(before)
            .bind(shown.provider)
            .bind(i64::from(shown.with_factor))
            .bind(shown.signed_in_at.map(Timestamp::micros))
            .fetch_optional(tx.on())
            .await?
            .ok_or(Error::NotFound)?;
            let DeviceRequest { name, address, scopes, .. } = request(&row)?;
            let details = json!({ "address": address, "scopes": scopes.to_string() });
            tx.record(NewEvent::of_system(action, Target::new("command_line", "", name)).with(details)).await?;
            tx.commit().await
        })
        .await
    }

    /// The answer to a command line that asks with its device code.
    pub async fn ask_device(&self, act: &Act, presented: Checked<'_>) -> Result<DeviceAnswer> {
        let digests: Vec<Digest> = self.digests(presented).collect();
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            for digest in digests {
                let row = sqlx::query("SELECT * FROM device_requests WHERE digest = $1").bind(digest.0.to_vec());
                let Some(row) = row.fetch_optional(store.read()).await? else { continue };
                if row.int_opt("ended_at")?.is_some() {
                    return Ok(DeviceAnswer::Invalid);
                }
                if row.time("expires_at")? <= store.now() {
                    return Ok(DeviceAnswer::Expired);
                }
                // Nothing is written for one that does not slow down.
                let interval = Duration::from_secs(row.int("interval_seconds")?.cast_unsigned());
                let due = row.time_opt("asked_at")?.map(|at| at + interval);
                if row.flag("slowed")? && row.int_opt("approved")?.is_none() && due.is_some_and(|due| due > store.now())
                {
                    return Ok(DeviceAnswer::SlowDown);
                }
                return match row.int_opt("approved")? {
                    Some(0) => Ok(DeviceAnswer::Denied),
                    Some(_) => store.end_device_request(&act, digest).await,
                    None => store.note_question(&act, digest).await,
                };
            }
            Ok(DeviceAnswer::Invalid)
        })
        .await
    }

    /// Its tokens, once.
    async fn end_device_request(&self, act: &Act, digest: Digest) -> Result<DeviceAnswer> {
        let mut tx = self.begin(act).await?;
        tx.lock_chain(SYSTEM).await?;
        let ended = sqlx::query(
            "UPDATE device_requests SET ended_at = $1 \
             WHERE digest = $2 AND approved = 1 AND ended_at IS NULL AND expires_at > $1 RETURNING *",
        );
        let ended = ended.bind(self.now().micros()).bind(digest.0.to_vec()).fetch_optional(tx.on()).await?;
        let Some(row) = ended else { return Ok(DeviceAnswer::Invalid) };
        let Some(user) = tx.approver(&UserId::stored(row.text("user_id")?)).await? else {
            return Ok(DeviceAnswer::Denied);
        };
        let DeviceRequest { name, scopes, .. } = request(&row)?;
        let shown = ShownAtSignIn {
            provider: row.text_opt("provider")?,
            signed_in_at: row.time_opt("signed_in_at")?,
            with_factor: row.flag("with_factor")?,
        };
        let tokens = tx.sign_command_line_in(&user, name, scopes, shown).await?;
        tx.commit().await?;
        Ok(DeviceAnswer::Approved(tokens))
    }

    /// Asked before an answer was there, perhaps too soon.
    async fn note_question(&self, act: &Act, digest: Digest) -> Result<DeviceAnswer> {
        let now = self.now().micros();
        let too_soon = "(asked_at IS NOT NULL AND asked_at + interval_seconds * 1000000 > $1)";
        let sql = format!(
            "UPDATE device_requests SET asked_at = $1, \
             interval_seconds = CASE WHEN {too_soon} THEN interval_seconds + 5 ELSE interval_seconds END, \
             slowed = CASE WHEN {too_soon} THEN 1 ELSE 0 END WHERE digest = $2 RETURNING slowed"
        );
        let mut tx = self.begin(act).await?;
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(now).bind(digest.0.to_vec());
        let Some(row) = row.fetch_optional(tx.on()).await? else { return Ok(DeviceAnswer::Invalid) };
        let slowed = row.flag("slowed")?;
        tx.commit_counts().await?;
        Ok(if slowed { DeviceAnswer::SlowDown } else { DeviceAnswer::Pending })
    }

    /// Deletes requests whose codes expired more than an hour ago; returns how many.
    pub async fn delete_device_requests(&self) -> Result<u64> {
        let old = Old { table: "device_requests", key: "digest", when: "expires_at < $1" };
        self.delete_old(old, (self.now() - KEPT).micros()).await
    }
}

impl Tx {
    /// The person who approved it, unless they were disabled since, or have to change their password.
    async fn approver(&mut self, user: &UserId) -> Result<Option<User>> {
        let row = sqlx::query("SELECT * FROM users WHERE id = $1 AND disabled_at IS NULL AND must_change_password = 0");
        let row = row.bind(user.to_string());
        row.fetch_optional(self.on()).await?.as_ref().map(users::user).transpose()
    }
}
