//! Compares a database with its journals, and applies what it lacks before the first verdict.

use super::{
    super::Store,
    apply::Counts,
    held::Held,
    restored::{Ended, Restored},
    wanted::Wanted,
};
use crate::{
    Result,
    audit::Act,
    journal::{Compared, Damage, Entry, Gap, Line, Missing, compare},
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
    pub damage: Option<Damage>,
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
        let (database, held) = (self.journal_database().await?, self.held().await?);
        let newest = lines.iter().map(|line| line.revision).max();
        let compared = compare(lines, &database);
        // What was in a damaged part is in the database.
        let is_harmless = |damage: &Damage| compared == Compared::Same && database.has_all_of(damage);
        let damage = how.damage.filter(|damage| !is_harmless(damage));
        // A journal that vanished, or lost its end, settles nothing.
        let was_held = held.is_some();
        let held = held.filter(|held| how.accepted.is_some() || held.up_to.is_none_or(|up_to| newest < Some(up_to)));
        let missing = match compared {
            Compared::Missing(missing) => missing,
            Compared::Same if damage.is_none() && held.is_none() && database.lost.is_none() && !how.is_restore => {
                if was_held {
                    self.release(act).await?;
                }
                return Ok(Reconciled::Same);
            }
            Compared::Same => Missing { lines: Vec::new(), common: database.revision, is_changed: false, gap: None },
        };
        // If the journals are too old to be compared, everything since is in doubt.
        let last = missing.lines.iter().map(|line| line.revision).max();
        let last = last.unwrap_or(if missing.gap.is_some() { database.revision } else { missing.common });
        let missing = match database.lost {
            // Lines that were there before are gone.
            Some(lost) if missing.lines.is_empty() || last < lost.last => {
                let after = missing.lines.iter().map(|line| line.revision).max().unwrap_or(lost.first - 1);
                let gap = missing.gap.or(Some(Gap { after, before: lost.last + 1 }));
                Missing { common: missing.common.min(lost.first - 1), gap, ..missing }
            }
            _ => missing,
        };
        let last = database.lost.map_or(last, |lost| last.max(lost.last));
        let orders = Wanted::of_all(&missing.lines, !missing.is_changed);
        let why = match (&damage, missing.gap) {
            (Some(damage), _) => Some(format!("The revocation journal can't be read: {}.", damage.why)),
            (None, Some(gap)) => Some(of_gap(gap)),
            (None, None) if orders.iter().any(|wanted| wanted.has_unknown) => {
                Some("The revocation journal has lines of a newer or older version.".to_owned())
            }
            // Everything that was lost is known now.
            (None, None) if !missing.lines.is_empty() => None,
            (None, None) => held.as_ref().map(|held| held.why.clone()),
        };
        let lacks = !missing.lines.is_empty();
        if lacks {
            self.lose(act, missing.common, last).await?;
        }
        let mut applied = Counts::default();
        for (n, mut wanted) in orders.into_iter().enumerate() {
            if n > 0 {
                // Once is enough.
                wanted.others.retain(|(entry, _)| *entry != Entry::CapabilityKeysReplaced);
            }
            applied.join(self.apply_again(act, wanted).await?);
        }
        if let (Some(why), None) = (&why, &how.accepted) {
            let up_to = damage.filter(|_| missing.gap.is_none()).map(|damage| damage.up_to);
            if held.as_ref().is_none_or(|held| held.why != *why) {
                let now = Held { why: why.clone(), up_to };
                self.record_quarantine(act, now).await?;
            }
            return Ok(Reconciled::Quarantined { why: why.clone() });
        }
        let restored = Restored { common: missing.common, last, applied: applied.0, ended: Ended::default() };
        let accepted = how.accepted.filter(|_| why.is_some());
        self.fork(act, &how.portal, restored, accepted).await.map(Reconciled::Restored)
    }

    /// Whether the database lacks nothing of these lines, and no operator has to decide.
    pub async fn is_settled(&self, lines: &[Line], damage: Option<&Damage>) -> Result<bool> {
        let database = self.journal_database().await?;
        let is_whole = damage.is_none_or(|damage| database.has_all_of(damage));
        Ok(is_whole
            && database.lost.is_none()
            && self.held().await?.is_none()
            && compare(lines, &database) == Compared::Same)
    }
}

fn of_gap(gap: Gap) -> String {
    format!(
        "The database is older than its revocation journal, and no journal has the changes after {} and before {}.",
        gap.after, gap.before
    )
}
