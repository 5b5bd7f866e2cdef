//! The changes that verifiers need, one row for each commit, shared by all nodes of a database.

use sqlx::any::AnyRow;

use super::row::{Read, digest};
use crate::{Result, key::Digest};

/// The minimum number of changes kept. A node that missed more drops its whole cache; unless this many were committed
/// within its lease, it accepted no key in the meantime.
pub(super) const KEPT: i64 = 1_000;
/// How often old changes are removed, in commits.
pub(super) const PRUNED_EVERY: i64 = 100;
/// Of so many changes it is known when they were committed, so that a journal can be compared.
pub(super) const MARKS_KEPT: i64 = 100_000;

/// A hundred at most: a node that was away for long catches up in pieces, each within the time limit of a step.
pub(super) const SINCE: &str = "SELECT revision, at, touched, added_secrets, added_tokens, added_imports, journal FROM changes \
    WHERE revision > $1 ORDER BY revision LIMIT 100";

/// What one commit changed that verdicts depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The revision that the commit created.
    pub revision: i64,
    /// When it was committed, in microseconds.
    pub at: i64,
    pub touched: Touched,
    /// Secrets and root tokens that are new.
    pub added: Vec<Added>,
    /// What the journal says of it; `None` if the server that committed it did not know of journals.
    pub journal: Option<String>,
}

impl Change {
    /// Whether it is more than an addition: then a node that does not know it may accept what is refused from now on.
    pub(super) fn takes_away(&self) -> bool {
        !matches!(&self.touched, Touched::These(digests) if digests.is_empty())
    }
}

/// The secrets and root tokens that a change affects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    These(Vec<Digest>),
    /// Too many to list.
    Everything,
}

/// A new secret or root token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// Of a key.
    Secret(Digest),
    Token(Digest),
    /// An import was started: keys of other shapes may follow.
    Import,
}

/// Changes after `revision`; `None` if one of them is missing.
pub(super) fn without_gap(revision: i64, rows: &[AnyRow]) -> Result<Option<Vec<Change>>> {
    let changes: Vec<_> = rows.iter().map(change).collect::<Result<_>>()?;
    let follows = (revision + 1..).zip(&changes).all(|(expected, change)| change.revision == expected);
    Ok((follows && !changes.is_empty()).then_some(changes))
}

fn change(row: &AnyRow) -> Result<Change> {
    let touched = match row.bytes_opt("touched")? {
        Some(bytes) => Touched::These(digests(&bytes)?),
        None => Touched::Everything,
    };
    let secrets = digests(&row.bytes("added_secrets")?)?.into_iter().map(Added::Secret);
    let tokens = digests(&row.bytes("added_tokens")?)?.into_iter().map(Added::Token);
    let import = row.flag("added_imports")?.then_some(Added::Import);
    Ok(Change {
        revision: row.int("revision")?,
        at: row.int("at")?,
        touched,
        added: secrets.chain(tokens).chain(import).collect(),
        journal: row.text_opt("journal")?,
    })
}

/// Concatenates digests, as a row stores them.
pub(super) fn joined<'a>(digests: impl IntoIterator<Item = &'a Digest>) -> Vec<u8> {
    digests.into_iter().flat_map(|digest| digest.0).collect()
}

fn digests(joined: &[u8]) -> Result<Vec<Digest>> {
    joined.chunks(32).map(digest).collect()
}
