//! Checks whole chains in the database, a part at a time.

use sqlx::any::AnyRow;

use super::{Store, events::event, row::Read};
use crate::{
    Error, Result,
    audit::{
        check::{ChainCheck, Checked, Fault, Wrong},
        checkpoint::Checkpoint,
        export::Exported,
    },
};

/// Events in memory at once; twice as many while the next ones are read.
const CHUNK: i64 = 1_000;

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
        let mut part = self.chain_part(chain, 0, length).await?;
        while let Some(end) = part.last() {
            let end = end.int("seq")?;
            // The next part is read while this one is checked.
            let next = tokio::spawn({
                let (store, chain) = (self.clone(), chain.to_owned());
                async move { store.chain_part(&chain, end, length).await }
            });
            for row in &part {
                if let Err(fault) = take(&mut check, row) {
                    return Ok(Err(fault));
                }
            }
            progress(check.seq(), length);
            part = next.await.map_err(|_| Error::Unavailable("shutting down".to_owned()))??;
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

    /// The next events of a chain after a number, up to another; empty at the end.
    pub async fn events_after(&self, chain: &str, after: i64, until: i64) -> Result<Vec<Exported>> {
        let rows = self.chain_part(chain, after, until).await?;
        rows.iter().map(|row| Ok(Exported { event: event(row)?, hash: row.bytes("hash")? })).collect()
    }

    async fn chain_part(&self, chain: &str, after: i64, until: i64) -> Result<Vec<AnyRow>> {
        let rows =
            sqlx::query("SELECT * FROM events WHERE chain = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4")
                .bind(chain.to_owned())
                .bind(after)
                .bind(until)
                .bind(CHUNK)
                .fetch_all(self.read())
                .await?;
        Ok(rows)
    }

    /// Checks a chain against itself: `Ok` with the number of events if nothing is wrong, else `Err` with the number of the
    /// first that is.
    pub async fn check_chain(&self, chain: &str) -> Result<std::result::Result<i64, i64>> {
        let checked = self.verify_chain(chain, &[], |_, _| {}).await?;
        Ok(checked.map(|checked| checked.events).map_err(|fault| fault.seq))
    }
}

fn take(check: &mut ChainCheck, row: &AnyRow) -> std::result::Result<(), Fault> {
    let read = || Ok::<_, Error>(Exported { event: event(row)?, hash: row.bytes("hash")? });
    match read() {
        Ok(exported) => check.next(exported),
        Err(error) => Err(Fault { seq: check.seq() + 1, why: Wrong::Unreadable(error.to_string()) }),
    }
}
