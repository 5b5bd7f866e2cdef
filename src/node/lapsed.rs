//! Finds nodes whose lease has ended, by watching their rows: no clock but the watcher's own is trusted.

use std::{collections::BTreeMap, time::Duration};

use super::{NodeRow, Terms};
use crate::id::NodeId;

/// Since when each node has not renewed, as far as this process knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lapsed {
    seen: BTreeMap<NodeId, (i64, Duration)>,
}

impl Lapsed {
    /// The nodes as a query returned them at `at`. Returns those whose lease has ended, with their number of renewals: they
    /// may be closed by a statement that changes nothing if they have renewed since.
    pub fn seen(&mut self, rows: &[NodeRow], at: Duration, terms: Terms) -> Vec<(NodeId, i64)> {
        self.seen.retain(|id, _| rows.iter().any(|row| row.is_open && row.id == *id));
        let mut lapsed = Vec::new();
        for row in rows.iter().filter(|row| row.is_open) {
            let (renewals, since) = self.seen.entry(row.id.clone()).or_insert((row.renewals, at));
            if *renewals != row.renewals {
                (*renewals, *since) = (row.renewals, at);
            }
            if at.saturating_sub(*since) >= terms.wait() {
                lapsed.push((row.id.clone(), row.renewals));
            }
        }
        lapsed
    }
}

#[cfg(test)]
mod tests {
    use super::{super::TERMS, *};

    #[test]
    fn a_node_has_lapsed_once_it_was_seen_not_to_renew_for_a_lease_and_the_drift() {
        let id = NodeId::parse("node_a").expect("an id");
        let row = |renewals| [NodeRow { id: id.clone(), applied: 0, renewals, is_open: true }];
        let mut lapsed = Lapsed::default();
        let mut at = |rows: &[NodeRow], ms| lapsed.seen(rows, Duration::from_millis(ms), TERMS);
        assert_eq!(at(&row(1), 5_000), [], "it may have renewed just now");
        assert_eq!(at(&row(1), 6_099), []);
        assert_eq!(at(&row(1), 6_100), [(id.clone(), 1)]);
        assert_eq!(at(&row(2), 6_200), []);
        assert_eq!(at(&row(2), 7_299), []);
        assert_eq!(at(&row(2), 7_300), [(id.clone(), 2)]);
    }
}
