//! Another pepper: servers read it, then it is current, secrets are digested anew when they are used, and the one of before is
//! dropped once no active secret needs it.

use serde_json::json;

use super::{
    Added, Store, detached,
    peppers::{self, DigestOf, Digests},
    row::Read,
    tx::Tx,
};
use crate::{
    Error, Result,
    audit::{Act, Action, Actor, NewEvent, SYSTEM, Target},
    key::{Digest, secret::Pepper},
};

/// How many secrets are digested anew by one round of deferred writes; others when they are used next.
const AT_ONCE: usize = 100;
/// How many wait for that in memory.
const MOST_WAITING: usize = 10_000;
/// How many former digests a transaction forgets.
const FORGOTTEN_AT_ONCE: i64 = 500;

/// Active secrets, by kind, that are digested with a pepper ($1) at a time ($2).
const NEEDED: [(&str, &str); 6] = [
    (
        "keys",
        "SELECT COUNT(*) AS n FROM key_secrets s JOIN keys k ON k.id = s.key_id WHERE s.pepper = $1 \
         AND s.ended_at IS NULL AND (s.retires_at IS NULL OR s.retires_at > $2) AND k.revoked_at IS NULL \
         AND (k.expires_at IS NULL OR k.expires_at > $2)",
    ),
    (
        "root tokens",
        "SELECT COUNT(*) AS n FROM root_tokens WHERE pepper = $1 AND revoked_at IS NULL \
         AND (expires_at IS NULL OR expires_at > $2)",
    ),
    (
        "personal tokens",
        "SELECT COUNT(*) AS n FROM personal_tokens WHERE pepper = $1 AND revoked_at IS NULL \
         AND (expires_at IS NULL OR expires_at > $2)",
    ),
    (
        "tokens of service accounts",
        "SELECT COUNT(*) AS n FROM service_tokens WHERE pepper = $1 AND revoked_at IS NULL AND expires_at > $2",
    ),
    ("command lines that wait", "SELECT COUNT(*) AS n FROM device_requests WHERE pepper = $1 AND expires_at > $2"),
    (
        "imports that are not complete",
        "SELECT COUNT(*) AS n FROM imports i JOIN peppers p ON p.version = $1 WHERE i.finished_at IS NULL \
         AND i.created_at <= COALESCE(p.retired_at, $2)",
    ),
];

/// The peppers of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PepperStatus {
    pub current: i64,
    /// Not used yet: servers are to read it.
    pub coming: Option<i64>,
    /// The one of before, and how many active secrets of each kind need it.
    pub retired: Option<(i64, Vec<(&'static str, i64)>)>,
}

fn event(action: Action, version: i64) -> NewEvent {
    NewEvent::of_system(action, Target::new("pepper", version, version.to_string()))
}

impl Store {
    pub async fn pepper_status(&self) -> Result<PepperStatus> {
        let rows = sqlx::query("SELECT version, active_at, retired_at FROM peppers WHERE dropped_at IS NULL");
        let mut status = PepperStatus { current: self.0.peppers.current(), coming: None, retired: None };
        for row in &rows.fetch_all(self.read()).await? {
            let version = row.int("version")?;
            match (row.int_opt("active_at")?, row.int_opt("retired_at")?) {
                (None, _) => status.coming = Some(version),
                (Some(_), None) => status.current = version,
                (Some(_), Some(_)) => {
                    let mut needed = Vec::new();
                    for (kind, sql) in NEEDED {
                        let count = sqlx::query(sql).bind(version).bind(self.now().micros());
                        let count = count.fetch_one(self.read()).await?.int("n")?;
                        if count > 0 {
                            needed.push((kind, count));
                        }
                    }
                    status.retired = Some((version, needed));
                }
            }
        }
        Ok(status)
    }

    /// Makes a pepper that servers are to read; returns its version. One that was made before is gone on with. Fails while there
    /// is a retired one: what is unknown would cost another look-up.
    pub async fn make_pepper(&self, act: &Act) -> Result<i64> {
        let (store, act) = (self.clone(), act.clone());
        let version = detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            let held = sqlx::query(
                "SELECT MAX(version) AS last, MAX(CASE WHEN active_at IS NULL THEN version END) AS coming, \
                 MAX(CASE WHEN retired_at IS NOT NULL AND dropped_at IS NULL THEN version END) AS retired FROM peppers",
            );
            let held = held.fetch_one(tx.on()).await?;
            if let Some(coming) = held.int_opt("coming")? {
                tx.commit_counts().await?;
                return Ok(coming);
            }
            if let Some(retired) = held.int_opt("retired")? {
                let message = format!("Active secrets are still digested with the pepper of before ({retired}).");
                return Err(Error::Conflict { code: "pepper_in_use", message });
            }
            let version = held.int("last")? + 1;
            let pepper = Pepper::new(store.entropy().array());
            let sealed = tx.seal(&peppers::context(version), pepper.expose()).await?;
            sqlx::query("INSERT INTO peppers (version, sealed, created_at) VALUES ($1, $2, $3)")
                .bind(version)
                .bind(sealed)
                .bind(tx.now().micros())
                .execute(tx.on())
                .await?;
            tx.commit_counts().await?;
            Ok(version)
        })
        .await?;
        self.follow_peppers().await?;
        Ok(version)
    }

    /// Which running servers have not said that they have this pepper. On SQLite it is only known whether the one that ran last
    /// did.
    pub async fn servers_without_pepper(&self, version: i64) -> Result<Vec<String>> {
        self.servers_lacking("peppers", &version.to_string()).await
    }

    /// New secrets are digested with this pepper from now on: at once by this process, by others when they look next.
    pub async fn use_pepper(&self, act: &Act, version: i64) -> Result<()> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            let now = tx.now().micros();
            let retired = "UPDATE peppers SET retired_at = $1 WHERE active_at IS NOT NULL AND retired_at IS NULL";
            sqlx::query(retired).bind(now).execute(tx.on()).await?;
            let used = sqlx::query("UPDATE peppers SET active_at = $1 WHERE version = $2 AND active_at IS NULL");
            if used.bind(now).bind(version).execute(tx.on()).await?.rows_affected() == 0 {
                let message = format!("The pepper {version} is no new one.");
                return Err(Error::Conflict { code: "not_announced", message });
            }
            tx.record(event(Action::PepperChanged, version)).await?;
            tx.commit().await
        })
        .await?;
        self.follow_peppers().await
    }

    /// Drops the retired pepper if no active secret needs it. Returns whether it did.
    pub async fn drop_retired_pepper(&self) -> Result<bool> {
        let Some((version, needed)) = self.pepper_status().await?.retired else { return Ok(false) };
        if !needed.is_empty() {
            return Ok(false);
        }
        // With this pepper the former digests of imported keys would confirm guesses.
        for (table, key) in [("key_secrets", "digest"), ("root_tokens", "digest")] {
            let sql = format!(
                "UPDATE {table} SET former_digest = NULL WHERE {key} IN \
                 (SELECT {key} FROM {table} WHERE former_digest IS NOT NULL LIMIT {FORGOTTEN_AT_ONCE})"
            );
            loop {
                let mut tx = self.begin(&Act::by(Actor::Sallyport)).await?;
                let forgotten = sqlx::query(sqlx::AssertSqlSafe(sql.clone())).execute(tx.on()).await?.rows_affected();
                tx.commit_counts().await?;
                if forgotten == 0 {
                    break;
                }
            }
        }
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            tx.lock_chain(SYSTEM).await?;
            for (_, sql) in NEEDED {
                let now = tx.now().micros();
                if sqlx::query(sql).bind(version).bind(now).fetch_one(tx.on()).await?.int("n")? > 0 {
                    tx.commit_counts().await?;
                    return Ok(false);
                }
            }
            let dropped = "UPDATE peppers SET sealed = $1, dropped_at = $2 WHERE version = $3 AND dropped_at IS NULL";
            let dropped = sqlx::query(dropped).bind(Vec::<u8>::new()).bind(tx.now().micros()).bind(version);
            if dropped.execute(tx.on()).await?.rows_affected() == 0 {
                tx.commit_counts().await?;
                return Ok(false);
            }
            tx.record(event(Action::PepperDropped, version).with(json!({ "ended_secrets": "refused as unknown" })))
                .await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Notes that a secret was found under another pepper than the current one, whose digest `current` makes. Nothing is noted if
    /// the pepper was replaced meanwhile: a digest with the wrong version would be lost when its pepper is dropped.
    pub(crate) fn digest_anew(&self, of: DigestOf, found: Digest, current: impl FnOnce() -> Option<Digest>) {
        let version = self.0.peppers.current();
        let Some(current) = current() else { return };
        if self.0.peppers.current() != version {
            return;
        }
        self.note(|waiting| {
            if waiting.digests.len() < MOST_WAITING {
                waiting.digests.insert((of, found.0), (current.0, version));
            }
        });
    }

    /// Each in a transaction of its own: more rows would have to be locked in the order of their keys.
    pub(super) async fn write_digests(&self, digests: Digests) -> Result<()> {
        for ((of, found), (current, version)) in digests.into_iter().take(AT_ONCE) {
            let mut tx = self.begin(&Act::by(Actor::Sallyport)).await?;
            // A node that does not know the newest pepper yet changes nothing.
            let changed = sqlx::query(of.update()).bind(current.to_vec()).bind(version);
            if changed.bind(found.to_vec()).execute(tx.on()).await?.rows_affected() == 0 {
                tx.commit_counts().await?;
                continue;
            }
            let (found, current) = (Digest(found), Digest(current));
            match of {
                DigestOf::Key => tx.adds(Added::Secret(current)),
                DigestOf::RootToken => tx.adds(Added::Token(current)),
                // No verifier knows them.
                DigestOf::PersonalToken | DigestOf::ServiceToken => {
                    tx.commit_counts().await?;
                    continue;
                }
            }
            tx.touches(found);
            tx.commit_digests().await?;
        }
        Ok(())
    }
}

impl Tx {
    /// Adds the former digests of what was touched: a cache may not have learnt yet that it was digested anew.
    pub(super) async fn touch_former(&mut self, touched: &[Digest]) -> Result<Vec<Digest>> {
        let mut all = touched.to_vec();
        if !self.store().0.peppers.are_several() {
            return Ok(all);
        }
        for some in touched.chunks(100) {
            let places = (1..=some.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
            for table in ["key_secrets", "root_tokens"] {
                let sql = format!(
                    "SELECT former_digest FROM {table} WHERE digest IN ({places}) AND former_digest IS NOT NULL"
                );
                let query = sqlx::query(sqlx::AssertSqlSafe(sql));
                let query = some.iter().fold(query, |query, digest| query.bind(digest.0.to_vec()));
                for row in &query.fetch_all(self.on()).await? {
                    all.push(super::row::digest(&row.bytes("former_digest")?)?);
                }
            }
        }
        Ok(all)
    }
}
