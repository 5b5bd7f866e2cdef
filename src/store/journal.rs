//! The revocation journal of this process, and what a database that is older than it gets again.

mod apply;
mod apply_keys;
mod apply_sign_ins;
mod fork;
mod marks;
mod restore;
mod restored;
mod wanted;

use std::sync::{Mutex, OnceLock, PoisonError};

pub use marks::lines_of_sqlite;
pub use restore::{HowToRestore, Reconciled};
pub use restored::{Ended, Restored};

use super::{Change, Store};
use crate::{
    Timestamp,
    journal::{Journal, JournalStatus, Line},
};

#[derive(Default)]
pub(super) struct JournalSlot {
    journal: OnceLock<Journal>,
    quarantine: Mutex<Option<String>>,
}

impl From<&Change> for Line {
    fn from(change: &Change) -> Self {
        let what = change.journal.clone().unwrap_or_else(|| "null".to_owned());
        Self { revision: change.revision, at: change.at, what }
    }
}

impl Store {
    /// From now on the changes that this process applies are in that journal. There is one; a second is ignored.
    pub fn keep_journal(&self, journal: Journal) {
        let _ = self.0.journal.journal.set(journal);
    }

    /// Whether all files have all lines; `None` if no journal is kept.
    pub fn journal_status(&self) -> Option<JournalStatus> {
        self.0.journal.journal.get().map(Journal::status)
    }

    /// Whether everything up to now is in the journal.
    pub(super) async fn is_journaled(&self) -> bool {
        self.journal(&[]).await
    }

    /// Whether something that was changed at that time may be missing in the journal, because it can't be written.
    pub fn waits_for_journal(&self, at: Timestamp) -> bool {
        let Some(status) = self.journal_status() else { return false };
        status.wrong(self.now()).is_some() && status.lacks_since().is_some_and(|since| since <= at.micros())
    }

    /// Appends changes that this process applied; returns whether they are on all disks. If not, they stand all the same, and
    /// are written later.
    pub(crate) async fn journal(&self, changes: &[Change]) -> bool {
        let Some(journal) = self.0.journal.journal.get() else { return false };
        let lines: Vec<_> = changes.iter().map(Line::from).collect();
        journal.append(&lines).await
    }

    /// While there is a reason, no key is judged: what was taken away is not known.
    pub fn set_quarantine(&self, why: Option<String>) {
        *self.0.journal.quarantine.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Why no key is judged, if none is.
    pub fn quarantine(&self) -> Option<String> {
        self.0.journal.quarantine.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
