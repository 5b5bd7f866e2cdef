//! Compares a database with its journals, and applies what it lacks before the first verdict.

use super::{
    super::Store,
    restored::{Ended, Restored},
    wanted::Wanted,
};
use crate::{
    Result,
    audit::Act,
    journal::{Compared, Gap, Line, Missing, compare},
};

/// How a database is brought up to date.
#[derive(Clone, Debug, Default)]
pub struct HowToRestore {
    /// The name under which checkpoints are signed.
    pub portal: String,
    /// Whether it was restored, also if nothing that is in a journal was lost.
    pub is_restore: bool,
    /// Why an operator goes on although something is not known.
    pub accepted: Option<String>,
    /// What is wrong with the journals, if something is.
    pub damage: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// Nothing is missing.
    Same,
    Restored(Restored),
    /// What is known is applied; but something is not known, so no key may be judged until an operator decides.
    Quarantined {
        why: String,
    },
}

impl Store {
    /// `lines` are those of all journals, in any order.
    pub async fn reconcile(&self, act: &Act, lines: &[Line], how: HowToRestore) -> Result<Reconciled> {
        let database = self.journal_database().await?;
        let missing = match compare(lines, &database) {
            Compared::Missing(missing) => missing,
            Compared::Same if how.damage.is_none() && !how.is_restore => return Ok(Reconciled::Same),
            Compared::Same => Missing { lines: Vec::new(), common: database.revision, is_changed: false, gap: None },
        };
        let wanted = Wanted::of(&missing.lines, !missing.is_changed);
        let why = match (&how.damage, missing.gap, wanted.has_unknown) {
            (Some(damage), _, _) => Some(format!("The revocation journal can't be read: {damage}.")),
            (None, Some(gap), _) => Some(of_gap(gap)),
            (None, None, true) => Some("The revocation journal has lines of a newer or older version.".to_owned()),
            (None, None, false) => None,
        };
        let lacks = !missing.lines.is_empty();
        let applied = self.apply_again(act, wanted).await?;
        if let (Some(why), None) = (&why, &how.accepted) {
            if lacks || missing.gap.is_some() {
                self.record_quarantine(act, why).await?;
            }
            return Ok(Reconciled::Quarantined { why: why.clone() });
        }
        let last = missing.lines.iter().map(|line| line.revision).max().unwrap_or(missing.common);
        let restored = Restored { common: missing.common, last, applied: applied.0, ended: Ended::default() };
        let accepted = how.accepted.filter(|_| why.is_some());
        self.fork(act, &how.portal, restored, accepted).await.map(Reconciled::Restored)
    }
}

fn of_gap(gap: Gap) -> String {
    format!(
        "The database is older than its revocation journal, and no journal has the changes after {} and before {}.",
        gap.after, gap.before
    )
}
