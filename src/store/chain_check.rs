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
        let head = sqlx::query("SELECT seq, hash FROM chains WHERE name = $1").bind(chain.to_owned());
        let head = head.fetch_optional(self.read()).await?.ok_or(Error::NotFound)?;
        let (length, last) = (head.int("seq")?, head.bytes("hash")?);
        let mut check = ChainCheck::new(chain, checkpoints, first_format);
        // Several parts are read at once while the one before them is checked: reading takes longer than checking.
        let parts = stream::iter((0..length).step_by(PART as usize)).map(|after| {
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
        Ok(match self.beyond_head(chain).await? {
            Some(seq) => Err(Fault { seq, why: Wrong::Inserted }),
            None => Ok(checked),
        })
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

    /// The number of the first event after the head of a chain.
    async fn beyond_head(&self, chain: &str) -> Result<Option<i64>> {
        // One statement, because events are recorded meanwhile.
        let first = "SELECT MIN(e.seq) AS seq FROM events e JOIN chains c ON c.name = e.chain WHERE c.name = $1 AND e.seq > c.seq";
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
