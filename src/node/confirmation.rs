//! What a commit waits for before it is answered: that no node judges keys without it.

use std::{collections::BTreeMap, time::Duration};

use super::Terms;
use crate::id::NodeId;

/// A node, as the database has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeRow {
    pub id: NodeId,
    /// It acknowledged that it applied all changes up to this revision.
    pub applied: i64,
    /// How often it joined or renewed.
    pub renewals: i64,
    /// Whether it can renew. If not, its lease has ended, and it has to join again.
    pub is_open: bool,
}

/// When a node refused what a commit took away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// It applied the change; known this long after the commit.
    Applied(Duration),
    /// It is cut off from the database, and judges no key.
    Closed,
}

/// Every node refuses what was taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    pub nodes: Vec<(NodeId, Refusal)>,
    /// Whether it is in the revocation journal of this process, on every disk.
    pub journaled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Progress {
    Waiting,
    Refuses(Refusal),
}

/// Waits for the nodes that were there after a commit was received: one that joined later has read it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Confirmation {
    revision: i64,
    received_at: Duration,
    terms: Terms,
    /// `None` until the nodes were read.
    nodes: Option<BTreeMap<NodeId, Progress>>,
}

impl Confirmation {
    /// `received_at` is when the process that committed this revision received the database's answer, by its own clock.
    pub fn new(revision: i64, received_at: Duration, terms: Terms) -> Self {
        Self { revision, received_at, terms, nodes: None }
    }

    /// The nodes as a query returned them at `at`. The query has to be sent after the commit was received.
    pub fn seen(&mut self, rows: &[NodeRow], at: Duration) {
        let is_first = self.nodes.is_none();
        let nodes = self.nodes.get_or_insert_default();
        if is_first {
            nodes.extend(rows.iter().map(|row| (row.id.clone(), Progress::Waiting)));
        }
        for (id, progress) in nodes.iter_mut().filter(|(_, progress)| **progress == Progress::Waiting) {
            match rows.iter().find(|row| row.id == *id) {
                Some(row) if row.applied >= self.revision => {
                    *progress = Progress::Refuses(Refusal::Applied(at.saturating_sub(self.received_at)));
                }
                Some(row) if row.is_open => {}
                // Its lease ended before it was closed, or it ended in order and removed its row afterwards.
                _ => *progress = Progress::Refuses(Refusal::Closed),
            }
        }
    }

    /// This node applied the change itself.
    pub fn applied_by(&mut self, own: &NodeId, at: Duration) {
        if let Some(progress) = self.nodes.as_mut().and_then(|nodes| nodes.get_mut(own)) {
            *progress = Progress::Refuses(Refusal::Applied(at.saturating_sub(self.received_at)));
        }
    }

    /// From then on no lease can hold that was renewed before the commit.
    pub fn deadline(&self) -> Duration {
        self.received_at + self.terms.wait()
    }

    pub fn is_done(&self, now: Duration) -> bool {
        let all = self.nodes.as_ref().is_some_and(|nodes| nodes.values().all(|node| *node != Progress::Waiting));
        all || now >= self.deadline()
    }

    /// Nodes that have not acknowledged it by then are closed.
    pub fn end(self) -> Confirmed {
        let refusal = |progress| match progress {
            Progress::Refuses(refusal) => refusal,
            Progress::Waiting => Refusal::Closed,
        };
        let nodes = self.nodes.unwrap_or_default().into_iter();
        Confirmed { nodes: nodes.map(|(id, progress)| (id, refusal(progress))).collect(), journaled: false }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::TERMS, *};

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn row(id: &str, applied: i64, is_open: bool) -> NodeRow {
        NodeRow { id: NodeId::parse(id).expect("an id"), applied, renewals: 1, is_open }
    }

    #[test]
    fn it_waits_for_all_that_were_there_and_for_no_later_one() {
        let mut confirmation = Confirmation::new(7, ms(100), TERMS);
        assert!(!confirmation.is_done(ms(101)), "nobody was read yet");
        confirmation.seen(&[row("node_a", 7, true), row("node_b", 6, true), row("node_c", 5, false)], ms(103));
        assert!(!confirmation.is_done(ms(103)));
        confirmation.seen(&[row("node_b", 8, true), row("node_late", 3, true)], ms(110));
        assert!(confirmation.is_done(ms(110)));
        let nodes: Vec<_> = confirmation.end().nodes.into_iter().map(|(_, refusal)| refusal).collect();
        assert_eq!(nodes, [Refusal::Applied(ms(3)), Refusal::Applied(ms(10)), Refusal::Closed]);
    }

    #[test]
    fn a_node_that_hangs_delays_it_by_a_lease_and_the_drift() {
        let mut confirmation = Confirmation::new(7, ms(100), TERMS);
        confirmation.seen(&[row("node_a", 6, true)], ms(101));
        assert!(!confirmation.is_done(ms(1_199)));
        assert!(confirmation.is_done(ms(1_200)));
        assert_eq!(confirmation.end().nodes[0].1, Refusal::Closed);
    }

    #[test]
    fn without_the_database_time_alone_confirms_it() {
        let confirmation = Confirmation::new(7, ms(100), TERMS);
        assert!(!confirmation.is_done(ms(1_199)));
        assert!(confirmation.is_done(ms(1_200)));
    }
}
