//! What a database says about its changes, to be compared with a journal.

use std::path::Path;

use super::super::{Store, backup, row::Read};
use crate::{
    Result,
    journal::{Database, Fork, JournalKey, Line},
};

const LINES: &str = "SELECT revision, at, journal FROM changes WHERE revision > $1 ORDER BY revision";

fn line(row: &sqlx::any::AnyRow) -> Result<Line> {
    let what = row.text_opt("journal")?.unwrap_or_else(|| "null".to_owned());
    Ok(Line { revision: row.int("revision")?, at: row.int("at")?, what })
}

impl Store {
    /// The revision, when each change was committed, and what was restored before.
    pub async fn journal_database(&self) -> Result<Database> {
        let marks = sqlx::query("SELECT revision, at FROM changes UNION SELECT revision, at FROM past_changes");
        let marks = marks.fetch_all(self.read()).await?;
        let forks = sqlx::query("SELECT first, last FROM forks ORDER BY revision").fetch_all(self.read()).await?;
        let fork = |row: &sqlx::any::AnyRow| Ok(Fork { first: row.int("first")?, last: row.int("last")? });
        Ok(Database {
            // Afterwards: what is committed meanwhile is newer than the marks, and in no journal yet.
            marks: marks.iter().map(|row| Ok((row.int("revision")?, row.int("at")?))).collect::<Result<_>>()?,
            forks: forks.iter().map(fork).collect::<Result<_>>()?,
            lost: self.lost().await?,
            revision: self.revision().await?,
        })
    }

    /// Whether this change, known by its time, is one of this database.
    pub(super) async fn has_change(&self, revision: i64, at: i64) -> Result<bool> {
        let sql = "SELECT 1 FROM changes WHERE revision = $1 AND at = $2 UNION ALL \
                   SELECT 1 FROM past_changes WHERE revision = $1 AND at = $2";
        Ok(sqlx::query(sql).bind(revision).bind(at).fetch_optional(self.read()).await?.is_some())
    }

    /// What this installation's journals are written with.
    pub fn journal_key(&self) -> JournalKey {
        JournalKey::new(self.vault().clone())
    }

    /// The lines of changes after a revision, as far as they are kept: those that a journal lacks, because the process was
    /// killed or another committed them.
    pub async fn journal_lines(&self, after: i64) -> Result<Vec<Line>> {
        sqlx::query(LINES).bind(after).fetch_all(self.read()).await?.iter().map(line).collect()
    }
}

/// The same of a SQLite database that is about to be replaced. It may be damaged.
pub async fn lines_of_sqlite(path: &Path) -> Result<Vec<Line>> {
    let mut connection = backup::connect(path, "?mode=rw").await?;
    let rows = sqlx::query(LINES).bind(0_i64).fetch_all(&mut connection).await?;
    rows.iter().map(line).collect()
}
