//! The lease of one node: whether it may judge keys now.

use std::time::Duration;

use super::Terms;

/// An answered renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Renewal {
    /// By the node's own clock, before the renewal was sent.
    pub sent_at: Duration,
    /// The revision that the node had applied when it sent the renewal.
    pub acknowledged: i64,
    /// The last committed revision, read by the statement that renewed.
    pub head: i64,
    /// The history of the database that answered: another one after a failover. Zero if the database does not say.
    pub timeline: i64,
}

/// What a node has to do after a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Nothing,
    /// Apply the changes after this revision, then call [`NodeLease::applied`].
    CatchUp {
        after: i64,
    },
    /// The database is not the one from before, or lost something. Forget all that was read from it, then call
    /// [`NodeLease::read_all`].
    ReadAll,
}

/// A lease holds from when a renewal was sent, and only once all changes that its answer knew of are applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeLease {
    applied: i64,
    timeline: Option<i64>,
    /// A renewal whose changes are not applied yet.
    pending: Option<Renewal>,
    since: Option<Duration>,
}

impl NodeLease {
    /// All changes up to `applied` are known. Nothing is judged before the first renewal.
    pub fn new(applied: i64) -> Self {
        Self { applied, timeline: None, pending: None, since: None }
    }

    /// All changes up to this revision are applied.
    pub fn revision(&self) -> i64 {
        self.applied
    }

    /// From when the lease counts, if there is one. It may have ended.
    pub fn since(&self) -> Option<Duration> {
        self.since
    }

    pub fn holds(&self, now: Duration, terms: Terms) -> bool {
        self.since.is_some_and(|since| now.saturating_sub(since) < terms.lease)
    }

    /// A renewal was answered.
    pub fn renewed(&mut self, renewal: Renewal) -> Next {
        let is_other = self.timeline.is_some_and(|timeline| timeline != renewal.timeline);
        // Not compared with what is applied now: this node may have committed since it sent the renewal.
        if is_other || renewal.head < renewal.acknowledged {
            (self.since, self.pending) = (None, None);
            return Next::ReadAll;
        }
        self.timeline = Some(renewal.timeline);
        if renewal.head <= self.applied {
            self.holds_from(renewal.sent_at);
            return Next::Nothing;
        }
        self.pending = Some(renewal);
        Next::CatchUp { after: self.applied }
    }

    /// All changes up to this revision are applied from now on.
    pub fn applied(&mut self, revision: i64) {
        self.applied = self.applied.max(revision);
        if let Some(renewal) = self.pending.take_if(|renewal| renewal.head <= self.applied) {
            self.holds_from(renewal.sent_at);
        }
    }

    /// The next change of this node's own was applied as it was committed. It counts only if all before it are applied.
    pub fn applied_own(&mut self, revision: i64) {
        if revision == self.applied + 1 {
            self.applied(revision);
        }
    }

    /// All that was read from the database before this renewal is forgotten.
    pub fn read_all(&mut self, renewal: Renewal) {
        (self.applied, self.timeline, self.pending) = (renewal.head, Some(renewal.timeline), None);
        self.since = Some(renewal.sent_at);
    }

    fn holds_from(&mut self, sent_at: Duration) {
        self.since = self.since.max(Some(sent_at));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::TERMS, *};

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn renewal(sent_at: u64, acknowledged: i64, head: i64) -> Renewal {
        Renewal { sent_at: ms(sent_at), acknowledged, head, timeline: 1 }
    }

    #[test]
    fn a_lease_counts_from_when_the_renewal_was_sent() {
        let mut lease = NodeLease::new(5);
        assert!(!lease.holds(ms(0), TERMS), "nothing was renewed yet");
        assert_eq!(lease.renewed(renewal(100, 5, 5)), Next::Nothing);
        assert!(lease.holds(ms(1_099), TERMS));
        assert!(!lease.holds(ms(1_100), TERMS));
    }

    #[test]
    fn an_answer_that_came_late_does_not_shorten_it_and_revives_nothing() {
        let mut lease = NodeLease::new(5);
        lease.renewed(renewal(1_000, 5, 5));
        lease.renewed(renewal(500, 5, 5));
        assert!(lease.holds(ms(1_999), TERMS));
        lease.renewed(renewal(1_001, 5, 5));
        assert!(!lease.holds(ms(2_001), TERMS));
    }

    #[test]
    fn it_holds_once_what_the_answer_knew_is_applied() {
        let mut lease = NodeLease::new(5);
        assert_eq!(lease.renewed(renewal(0, 5, 7)), Next::CatchUp { after: 5 });
        assert!(!lease.holds(ms(1), TERMS));
        lease.applied(6);
        assert!(!lease.holds(ms(1), TERMS));
        lease.applied(7);
        assert!(lease.holds(ms(1), TERMS));
    }

    #[test]
    fn own_commits_count_in_their_order() {
        let mut lease = NodeLease::new(5);
        lease.applied_own(7);
        assert_eq!(lease.revision(), 5, "6 may have revoked something");
        lease.applied_own(6);
        assert_eq!(lease.revision(), 6);
        // Sent before it, answered after it.
        assert_eq!(lease.renewed(renewal(0, 5, 5)), Next::Nothing);
    }

    #[test]
    fn a_revision_that_goes_backwards_or_another_history_closes_it_until_all_is_read() {
        let mut lease = NodeLease::new(5);
        lease.renewed(renewal(0, 5, 5));
        assert_eq!(lease.renewed(renewal(10, 5, 4)), Next::ReadAll);
        assert!(!lease.holds(ms(11), TERMS));
        lease.read_all(renewal(10, 5, 4));
        assert!(lease.holds(ms(11), TERMS));
        assert_eq!(lease.revision(), 4);
        let elsewhere = Renewal { timeline: 2, ..renewal(20, 4, 4) };
        assert_eq!(lease.renewed(elsewhere), Next::ReadAll);
        assert!(!lease.holds(ms(21), TERMS));
        lease.read_all(elsewhere);
        assert!(lease.holds(ms(21), TERMS));
    }
}
