//! The database: its settings, its clock, its nodes.

use std::time::Duration;

use sallyport::{
    Timestamp,
    store::{Clocks, ListedNode, Store},
};

use super::finding::Finding;

/// More is not the time that a question takes.
const APART: Duration = Duration::from_secs(2);

pub(super) async fn check(store: &Store, is_sqlite: bool) -> Vec<Finding> {
    let failed =
        |name| move |error: sallyport::Error| Finding::bad(name, error.to_string(), "Does the database answer?");
    let clock = store.clocks().await.map_or_else(failed("clock"), |clocks| clock(store.now(), &clocks));
    if is_sqlite {
        return vec![clock];
    }
    let commits = store.doubts_about_commits().await.map_or_else(failed("replication"), |doubts| commits(&doubts));
    let nodes = store.nodes().await.map_or_else(failed("nodes"), |nodes| judge_nodes(&nodes));
    vec![clock, commits, nodes]
}

fn clock(now: Timestamp, clocks: &Clocks) -> Finding {
    let fix = "Let the clock be set by the network: timedatectl set-ntp true";
    if let Some(newest) = clocks.newest_event.filter(|newest| *newest > now + APART) {
        let detail = format!(
            "the newest event is of {}, and this machine's clock says {now}",
            newest.to_rfc3339(),
            now = now.to_rfc3339()
        );
        return Finding::bad("clock", detail, fix);
    }
    if let Some(database) = clocks.database {
        let apart = database.since(now).max(now.since(database));
        if apart > APART {
            let detail = format!("this machine and the database differ by {} s", apart.as_secs());
            return Finding::bad("clock", detail, format!("{fix}, on both machines"));
        }
    }
    Finding::good("clock", now.to_rfc3339())
}

fn commits(doubts: &[&str]) -> Finding {
    if doubts.is_empty() {
        return Finding::good("replication", "commits are kept, also by a standby if there is one");
    }
    let fix =
        "Change that in postgresql.conf or with ALTER SYSTEM, and reload PostgreSQL: docs/operating.md#postgresql.";
    Finding::bad("replication", doubts.join(" "), fix)
}

fn judge_nodes(nodes: &[ListedNode]) -> Finding {
    let closed: Vec<_> = nodes.iter().filter(|node| node.lease.is_none_or(|left| left.is_zero())).collect();
    if let [first, ..] = closed.as_slice() {
        let detail = format!(
            "{} of {} nodes have no lease, such as {} at {}",
            closed.len(),
            nodes.len(),
            first.id,
            first.address
        );
        let fix = "If it was stopped for good, it leaves the list within ten minutes. Else see why it does not reach the database.";
        return Finding::bad("nodes", detail, fix);
    }
    let mut versions: Vec<_> = nodes.iter().map(|node| node.version.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    if versions.len() > 1 {
        let detail = format!("they have different versions: {}", versions.join(", "));
        return Finding::bad("nodes", detail, "Complete the upgrade on every node.");
    }
    Finding::good("nodes", format!("{} with a lease", nodes.len()))
}

#[cfg(test)]
mod tests {
    use sallyport::id::NodeId;

    use super::*;

    #[test]
    fn a_clock_that_is_wrong_is_found() {
        let at = Timestamp::from_seconds;
        let clocks =
            |newest: i64, database: Option<i64>| Clocks { newest_event: Some(at(newest)), database: database.map(at) };
        let now = at(1_000);
        for (clocks, ok) in [
            (Clocks { newest_event: None, database: None }, true),
            (clocks(999, None), true),
            (clocks(1_500, None), false),
            (clocks(999, Some(1_001)), true),
            (clocks(999, Some(1_030)), false),
            (clocks(900, Some(930)), false),
        ] {
            assert_eq!(clock(now, &clocks).ok, ok, "{clocks:?}");
        }
    }

    #[test]
    fn commits_that_may_be_lost_are_found() {
        assert!(commits(&[]).ok);
        assert!(!commits(&["PostgreSQL has fsync = off."]).ok);
    }

    #[test]
    fn a_node_without_a_lease_or_of_another_version_is_found() {
        let node = |lease, version: &str| ListedNode {
            id: NodeId::parse("node_a").expect("an id"),
            version: version.to_owned(),
            address: "a:3000".to_owned(),
            started_at: Timestamp::from_seconds(1),
            seen_at: Timestamp::from_seconds(1),
            applied_revision: 1,
            lease,
        };
        let held = Some(Duration::from_millis(700));
        assert!(judge_nodes(&[]).ok && judge_nodes(&[node(held, "1"), node(held, "1")]).ok);
        for lost in [None, Some(Duration::ZERO)] {
            assert!(!judge_nodes(&[node(held, "1"), node(lost, "1")]).ok);
        }
        assert!(!judge_nodes(&[node(held, "1"), node(held, "2")]).ok);
    }
}
