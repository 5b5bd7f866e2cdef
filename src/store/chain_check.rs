//! Checks whole chains in the database, a part at a time.

use std::pin::pin;

use futures_util::{StreamExt, stream};

use super::{Store, chain_parts::PART, row::Read};
use crate::{
    Error, Result,
    audit::{
        SYSTEM,
        check::{ChainCheck, Checked, Fault, Wrong},
        checkpoint::Checkpoint,
        export::Exported,
    },
};

/// Hashes of pruned events read at once.
const HASHES: i64 = 5_000;

/// How many parts are read at once.
const READERS: usize = 2;

impl Store {
    /// Checks a chain up to the head that it has now, against itself and checkpoints of it. `first_format` is up to which event
    /// the first format goes, for who knows it. `progress` is called with the number of events that were checked, and of all.
    pub async fn verify_chain(
        &self,
        chain: &str,
        checkpoints: &[Checkpoint],
        first_format: Option<i64>,
        mut progress: impl FnMut(i64, i64),
    ) -> Result<std::result::Result<Checked, Fault>> {
        loop {
            let pruned = self.pruned_until(chain).await?;
            let checked = self.verify_once(chain, checkpoints, first_format, &mut progress).await?;
            // What was removed meanwhile only seems to be missing.
            if checked.is_ok() || self.pruned_until(chain).await? == pruned {
                return Ok(checked);
            }
        }
    }

    async fn verify_once(
        &self,
        chain: &str,
        checkpoints: &[Checkpoint],
        first_format: Option<i64>,
        progress: &mut impl FnMut(i64, i64),
    ) -> Result<std::result::Result<Checked, Fault>> {
        let head = sqlx::query("SELECT seq, hash, pruned_until FROM chains WHERE name = $1").bind(chain.to_owned());
        let head = head.fetch_optional(self.read()).await?.ok_or(Error::NotFound)?;
        let (length, last, pruned) = (head.int("seq")?, head.bytes("hash")?, head.int("pruned_until")?.max(0));
        let mut check = ChainCheck::new(chain, checkpoints, first_format);
        for after in (0..pruned.min(length)).step_by(HASHES as usize) {
            for (seq, hash) in self.pruned_hashes(chain, after, pruned.min(after + HASHES)).await? {
                if let Err(fault) = check.next_hash(seq, hash) {
                    return Ok(Err(fault));
                }
            }
            progress(check.seq(), length);
        }
        // Several parts are read at once while the one before them is checked: reading takes longer than checking.
        let parts = stream::iter((pruned..length).step_by(PART as usize)).map(|after| {
            let (store, chain) = (self.clone(), chain.to_owned());
            tokio::spawn(async move { store.chain_part(&chain, after, length.min(after + PART)).await })
        });
        let mut parts = pin!(parts.buffered(READERS));
        while let Some(part) = parts.next().await {
            for row in part.map_err(|_| Error::Unavailable("shutting down".to_owned()))?? {
                let taken = row
                    .map_err(|error| Fault { seq: check.seq() + 1, why: Wrong::Unreadable(error.to_string()) })
                    .and_then(|exported| check.next(exported));
                if let Err(fault) = taken {
                    return Ok(Err(fault));
                }
            }
            progress(check.seq(), length);
        }
        if check.seq() == length && check.last_hash() != last {
            return Ok(Err(Fault { seq: length, why: Wrong::NotHead }));
        }
        let checked = match check.end(Some(length)) {
            Ok(checked) => checked,
            Err(fault) => return Ok(Err(fault)),
        };
        Ok(match self.out_of_place(chain).await? {
            Some(seq) => Err(Fault { seq, why: Wrong::Inserted }),
            None => Ok(checked),
        })
    }

    async fn pruned_hashes(&self, chain: &str, after: i64, until: i64) -> Result<Vec<(i64, Vec<u8>)>> {
        let rows =
            sqlx::query("SELECT seq, hash FROM pruned_events WHERE chain = $1 AND seq > $2 AND seq <= $3 ORDER BY seq");
        let rows = rows.bind(chain.to_owned()).bind(after).bind(until).fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok((row.int("seq")?, row.bytes("hash")?))).collect()
    }

    /// The logs that should be there and are not: of an organization, whose first event is that it was created, or `system`.
    pub async fn missing_chains(&self) -> Result<Vec<String>> {
        let missing = "SELECT id AS name FROM orgs WHERE NOT EXISTS \
             (SELECT 1 FROM chains WHERE name = orgs.id AND seq > 0) \
             UNION ALL SELECT name FROM (SELECT $1 AS name) AS portal WHERE NOT EXISTS \
             (SELECT 1 FROM chains WHERE chains.name = $1) ORDER BY name";
        let missing = sqlx::query(missing).bind(SYSTEM).fetch_all(self.read()).await?;
        missing.iter().map(|row| row.text("name")).collect()
    }

    /// The number of the first event after the head of a chain, or among those that were pruned.
    async fn out_of_place(&self, chain: &str) -> Result<Option<i64>> {
        // One statement, because events are recorded meanwhile.
        let first = "SELECT MIN(e.seq) AS seq FROM events e JOIN chains c ON c.name = e.chain \
             WHERE c.name = $1 AND (e.seq > c.seq OR e.seq <= c.pruned_until)";
        sqlx::query(first).bind(chain.to_owned()).fetch_one(self.read()).await?.int_opt("seq")
    }

    /// The next events of a chain after a number; empty at the end.
    pub async fn events_after(&self, chain: &str, after: i64) -> Result<Vec<Exported>> {
        let first = "SELECT MIN(seq) AS seq FROM events WHERE chain = $1 AND seq > $2";
        let first = sqlx::query(first).bind(chain.to_owned()).bind(after).fetch_one(self.read()).await?;
        let Some(first) = first.int_opt("seq")? else { return Ok(Vec::new()) };
        self.chain_part(chain, first - 1, first - 1 + PART).await?.into_iter().collect()
    }

    /// Checks a chain against itself: `Ok` with the number of events if nothing is wrong, else `Err` with the number of the
    /// first that is.
    pub async fn check_chain(&self, chain: &str) -> Result<std::result::Result<i64, i64>> {
        let checked = self.verify_chain(chain, &[], None, |_, _| {}).await?;
        Ok(checked.map(|checked| checked.events).map_err(|fault| fault.seq))
    }
}
