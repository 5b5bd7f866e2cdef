//! Whether PostgreSQL keeps what it answered as committed: what is promised about revocations depends on it.

use super::{Location, Store, row::Read};
use crate::Result;

impl Store {
    /// What is not certain about a commit, in sentences for the operator.
    pub async fn doubts_about_commits(&self) -> Result<Vec<&'static str>> {
        if matches!(self.0.location, Location::Sqlite(_)) {
            return Ok(Vec::new());
        }
        let sql = "SELECT current_setting('synchronous_commit') AS waits, current_setting('fsync') AS fsync, \
                   CASE WHEN EXISTS (SELECT 1 FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup') THEN 1 ELSE 0 END AS has_standby, \
                   current_setting('synchronous_standby_names') AS standbys";
        let row = sqlx::query(sql).fetch_one(&self.0.pools.write).await?;
        let standbys = (row.flag("has_standby")?, row.text("standbys")?);
        Ok(doubts(&row.text("waits")?, &row.text("fsync")?, (standbys.0, &standbys.1)))
    }
}

/// Whether there is a standby, and which ones commits wait for.
fn doubts(waits: &str, fsync: &str, (has_standby, standbys): (bool, &str)) -> Vec<&'static str> {
    let mut doubts = Vec::new();
    if fsync != "on" {
        doubts.push(
            "PostgreSQL has fsync = off: a power failure may lose or damage what was saved, revocations included.",
        );
    }
    if waits == "off" {
        doubts.push(
            "PostgreSQL has synchronous_commit = off: a crash may lose revocations that were answered. Set it to on, at least \
             for this database (ALTER DATABASE … SET synchronous_commit = on).",
        );
    } else if has_standby && (standbys.is_empty() || matches!(waits, "local" | "remote_write")) {
        doubts.push(
            "PostgreSQL has a standby that commits do not wait for: after a failover to it, revocations that were answered may \
             be lost. Set synchronous_standby_names, and synchronous_commit to on.",
        );
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::doubts;

    #[test]
    fn commits_that_may_be_lost_are_doubted() {
        for (waits, fsync, standbys, count) in [
            ("on", "on", (false, ""), 0),
            ("on", "on", (true, "ANY 1 (b, c)"), 0),
            ("remote_apply", "on", (true, "b"), 0),
            ("on", "on", (true, ""), 1),
            ("local", "on", (true, "b"), 1),
            ("local", "on", (false, ""), 0),
            ("off", "on", (false, ""), 1),
            ("off", "off", (true, ""), 2),
        ] {
            assert_eq!(doubts(waits, fsync, standbys).len(), count, "{waits} {fsync} {standbys:?}");
        }
    }
}
