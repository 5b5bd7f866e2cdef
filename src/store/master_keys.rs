//! Which master keys a database was sealed with: the one that seals, and those of before while something is left under them.

use std::sync::{Mutex, PoisonError};

use sqlx::{AnyConnection, AssertSqlSafe, any::AnyRow};

use super::{Location, Store, Tools, row::Read, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Actor},
    vault::{Fingerprint, Lasting, MissingKey, PREFIX, Vault},
};

/// How far a master key is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MasterKeyState {
    /// Servers are to read it; nothing is sealed with it yet.
    Coming,
    /// It seals.
    Current,
    /// It does not seal any more, but something may still be sealed with it.
    Retiring,
    /// Nothing is sealed with it. Links and cookies of before still work.
    Retired,
    /// Nobody needs it.
    Removed,
}

impl MasterKeyState {
    const ALL: [Self; 5] = [Self::Coming, Self::Current, Self::Retiring, Self::Retired, Self::Removed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Coming => "coming",
            Self::Current => "current",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
            Self::Removed => "removed",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether a process can't work on the database without it.
    fn is_needed(self) -> bool {
        matches!(self, Self::Current | Self::Retiring)
    }
}

/// A master key, as a database knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownMasterKey {
    pub fingerprint: Fingerprint,
    pub state: MasterKeyState,
    pub since: Timestamp,
}

impl KnownMasterKey {
    fn of(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            fingerprint: row.word("fingerprint", Fingerprint::parse)?,
            state: row.word("state", MasterKeyState::parse)?,
            since: row.time("since")?,
        })
    }
}

const KNOWN: &str = "SELECT fingerprint, state, since FROM master_keys ORDER BY since, fingerprint";

/// What a server has seen of them.
#[derive(Default)]
pub(super) struct Followed {
    /// The keys and peppers that it said that it has.
    announced: Mutex<Option<(String, String)>>,
    /// Keys that were removed by the last look: those of the look before are forgotten, once all that was sealed with them
    /// has left the caches.
    removed: Mutex<Vec<Fingerprint>>,
}

pub(super) async fn known(connection: &mut AnyConnection) -> Result<Vec<KnownMasterKey>> {
    sqlx::query(KNOWN).fetch_all(connection).await?.iter().map(KnownMasterKey::of).collect()
}

/// Fails without a key that is needed. The one that the database names seals from now on.
fn use_known(vault: &Vault, known: &[KnownMasterKey]) -> Result<()> {
    for key in known.iter().filter(|key| key.state.is_needed()) {
        if !vault.finds(key.fingerprint) {
            return Err(MissingKey(key.fingerprint).into());
        }
        if key.state == MasterKeyState::Current {
            vault.use_key(key.fingerprint);
        }
    }
    Ok(())
}

/// At the start of a process: fails if it lacks a master key.
pub(super) async fn load(connection: &mut AnyConnection, tools: &Tools) -> Result<()> {
    let known = known(&mut *connection).await?;
    use_known(&tools.vault, &known)?;
    let mut lasting = tools.vault.lasting();
    for row in &sqlx::query("SELECT purpose, sealed FROM lasting_keys").fetch_all(connection).await? {
        let purpose = row.text("purpose")?;
        let opened = tools.vault.open_stored(&context(&purpose), &row.bytes("sealed")?)?;
        let key = match &*purpose {
            NAMES => &mut lasting.names,
            JOURNAL => &mut lasting.journal,
            _ => continue,
        };
        key.copy_from_slice(
            opened.get(..32).ok_or_else(|| Error::Sealed(format!("What is sealed as {purpose} is damaged.")))?,
        );
    }
    tools.vault.set_lasting(lasting);
    Ok(())
}

/// The same; what a new database lacks is made, or one from before there was more than one master key. `connection` holds the
/// row of the revision.
pub(super) async fn load_or_make(connection: &mut AnyConnection, tools: &Tools) -> Result<()> {
    if known(&mut *connection).await?.is_empty() {
        // There is one: `rekey` needs this table.
        let pepper = sqlx::query("SELECT sealed FROM peppers ORDER BY version LIMIT 1");
        let pepper = pepper.fetch_one(&mut *connection).await?.bytes("sealed")?;
        let key = pepper.get(..PREFIX).and_then(Fingerprint::of_prefix).unwrap_or_else(|| tools.vault.fingerprint());
        tools.vault.use_key(key);
        sqlx::query("INSERT INTO master_keys (fingerprint, state, since) VALUES ($1, 'current', $2)")
            .bind(key.to_string())
            .bind(tools.clock.now().micros())
            .execute(&mut *connection)
            .await?;
        let Lasting { names, journal } = tools.vault.derive_lasting(&pepper);
        for (purpose, key) in [(NAMES, names), (JOURNAL, journal)] {
            let sealed = tools.vault.seal(&context(purpose), &key[..], &*tools.entropy);
            sqlx::query("INSERT INTO lasting_keys (purpose, sealed) VALUES ($1, $2)")
                .bind(purpose)
                .bind(sealed)
                .execute(&mut *connection)
                .await?;
        }
    }
    load(connection, tools).await
}

const NAMES: &str = "names";
const JOURNAL: &str = "journal";

/// The only place where a lasting key can be decrypted.
pub(super) fn context(purpose: &str) -> String {
    format!("lasting_key:{purpose}")
}

impl Store {
    /// All master keys that the database knows, the oldest first.
    pub async fn master_keys(&self) -> Result<Vec<KnownMasterKey>> {
        sqlx::query(KNOWN).fetch_all(self.read()).await?.iter().map(KnownMasterKey::of).collect()
    }

    /// A server looks at what became of the master keys: it reads one that is coming, lets the current one seal, forgets a
    /// removed one, and says which it has. Called every few seconds.
    pub async fn follow_master_keys(&self) -> Result<()> {
        let (known, vault) = (self.master_keys().await?, self.vault());
        for key in known.iter().filter(|key| key.state == MasterKeyState::Coming) {
            vault.finds(key.fingerprint);
        }
        let followed = use_known(vault, &known).and(self.follow_peppers().await);
        let removed = known.iter().filter(|key| key.state == MasterKeyState::Removed && vault.holds(key.fingerprint));
        let removed: Vec<_> = removed.map(|key| key.fingerprint).collect();
        let before = {
            let mut seen = self.0.followed.removed.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *seen, removed.clone())
        };
        removed.into_iter().filter(|key| before.contains(key)).for_each(|key| vault.forget(key));
        self.announce_keys().await?;
        followed
    }

    /// Says which keys this server has, if that is new.
    async fn announce_keys(&self) -> Result<()> {
        let mut keys: Vec<_> = self.vault().fingerprints().iter().map(ToString::to_string).collect();
        keys.sort_unstable();
        let (keys, peppers, announced) = (keys.join(" "), self.pepper_versions(), &self.0.followed.announced);
        let says = (keys.clone(), peppers.clone());
        if announced.lock().unwrap_or_else(PoisonError::into_inner).as_ref() == Some(&says) {
            return Ok(());
        }
        let mut tx = self.begin(&Act::by(Actor::Sallyport)).await?;
        if tx.is_on_postgres() {
            let gone = "DELETE FROM master_key_holders WHERE node NOT IN (SELECT id FROM nodes)";
            sqlx::query(gone).execute(tx.on()).await?;
        }
        let insert = "INSERT INTO master_key_holders (node, fingerprints, peppers, since) VALUES ($1, $2, $3, $4) \
                      ON CONFLICT (node) DO UPDATE SET fingerprints = excluded.fingerprints, \
                      peppers = excluded.peppers, since = excluded.since";
        sqlx::query(insert)
            .bind(self.holder())
            .bind(keys)
            .bind(peppers)
            .bind(tx.now().micros())
            .execute(tx.on())
            .await?;
        tx.commit_counts().await?;
        *announced.lock().unwrap_or_else(PoisonError::into_inner) = Some(says);
        Ok(())
    }

    /// The name of this server among those that hold keys.
    fn holder(&self) -> String {
        match &self.0.location {
            Location::Sqlite(_) => "server".to_owned(),
            Location::Postgres(_) => self.own_id().unwrap_or_default(),
        }
    }

    /// Which running servers have not said that they have this key: their addresses. On SQLite it is only known whether the one
    /// that ran last did.
    pub async fn servers_without(&self, key: Fingerprint) -> Result<Vec<String>> {
        self.servers_lacking("fingerprints", &key.to_string()).await
    }

    pub(super) async fn servers_lacking(&self, column: &str, what: &str) -> Result<Vec<String>> {
        let sql = "SELECT node, fingerprints, peppers FROM master_key_holders";
        let rows = sqlx::query(sql).fetch_all(self.read()).await?;
        let mut holders = Vec::new();
        for row in &rows {
            if row.text(column)?.split(' ').any(|held| held == what) {
                holders.push(row.text("node")?);
            }
        }
        match &self.0.location {
            Location::Sqlite(_) if holders.is_empty() => Ok(vec!["the server".to_owned()]),
            Location::Sqlite(_) => Ok(Vec::new()),
            Location::Postgres(_) => {
                let nodes =
                    self.nodes().await?.into_iter().filter(|node| node.lease.is_some_and(|left| !left.is_zero()));
                let lacking = nodes.filter(|node| !holders.contains(&node.id.to_string()));
                Ok(lacking.map(|node| format!("{} ({})", node.address, node.id)).collect())
            }
        }
    }
}

impl Tx {
    /// Seals what is stored, with the key that the database names. That one stays the same until the end of this transaction.
    pub(super) async fn seal(&mut self, context: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let key = self.sealing_key().await?;
        let store = self.store();
        store.vault().seal_with(key, context, plain, store.entropy())
    }

    pub(super) async fn sealing_key(&mut self) -> Result<Fingerprint> {
        // SQLite has one writer and no row locks.
        let hold = if self.is_on_postgres() { "FOR SHARE" } else { "" };
        let sql = format!("SELECT fingerprint FROM master_keys WHERE state = 'current' {hold}");
        // Where another transaction changed it meanwhile, the first look finds none.
        for _ in 0..3 {
            let found = sqlx::query(AssertSqlSafe(sql.clone())).fetch_optional(self.on()).await?;
            let Some(row) = found else { continue };
            let key = row.word("fingerprint", Fingerprint::parse)?;
            let vault = self.store().vault();
            if !vault.finds(key) {
                return Err(MissingKey(key).into());
            }
            vault.use_key(key);
            return Ok(key);
        }
        Err(Error::Unavailable("the master key is being replaced; try again".to_owned()))
    }
}
