//! Checks whole chains in the database, a part at a time.

use std::pin::pin;

use futures_util::{StreamExt, stream};

use super::{Store, events::event, row::Read};
use crate::{
    Error, Result,
    audit::{
        check::{ChainCheck, Checked, Fault, Wrong},
        checkpoint::Checkpoint,
        export::Exported,
    },
};

/// Events read at once, and how many of such parts are in memory.
const PART: usize = 500;
const READERS: usize = 2;

impl Store {
    /// Checks a chain up to the head that it has now, against itself and checkpoints of it. `progress` is called with the
    /// number of events that were checked, and of all.
    pub async fn verify_chain(
        &self,
        chain: &str,
        checkpoints: &[Checkpoint],
        mut progress: impl FnMut(i64, i64),
    ) -> Result<std::result::Result<Checked, Fault>> {
        let head = sqlx::query("SELECT seq, hash FROM chains WHERE name = $1").bind(chain.to_owned());
        let head = head.fetch_optional(self.read()).await?.ok_or(Error::NotFound)?;
        let (length, last) = (head.int("seq")?, head.bytes("hash")?);
        let mut check = ChainCheck::new(chain, checkpoints);
        // Several parts are read at once while the one before them is checked: reading takes longer than checking.
        let parts = stream::iter((0..length).step_by(PART)).map(|after| {
            let (store, chain) = (self.clone(), chain.to_owned());
            tokio::spawn(async move { store.chain_part(&chain, after, length.min(after + PART as i64)).await })
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
        self.chain_part(chain, first - 1, first - 1 + PART as i64).await?.into_iter().collect()
    }

    /// The events with numbers after one and up to another. One that can't be read does not hide those before it.
    async fn chain_part(&self, chain: &str, after: i64, until: i64) -> Result<Vec<Result<Exported>>> {
        let rows = sqlx::query("SELECT * FROM events WHERE chain = $1 AND seq > $2 AND seq <= $3 ORDER BY seq")
            .bind(chain.to_owned())
            .bind(after)
            .bind(until)
            .fetch_all(self.read())
            .await?;
        Ok(rows.iter().map(|row| Ok(Exported { event: event(row)?, hash: row.bytes("hash")? })).collect())
    }

    /// Checks a chain against itself: `Ok` with the number of events if nothing is wrong, else `Err` with the number of the
    /// first that is.
    pub async fn check_chain(&self, chain: &str) -> Result<std::result::Result<i64, i64>> {
        let checked = self.verify_chain(chain, &[], |_, _| {}).await?;
        Ok(checked.map(|checked| checked.events).map_err(|fault| fault.seq))
    }
}
