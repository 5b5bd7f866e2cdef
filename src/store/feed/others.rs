//! All nodes of a PostgreSQL database: whether they refuse what a commit took away, and closing those that lapsed.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sqlx::{AssertSqlSafe, any::AnyRow};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

use super::{
    super::{
        Location, Store,
        node_rows::{CLOSE, DATABASE_NOW, node_row},
        row::Read,
    },
    step,
};
use crate::{
    Result, Timestamp,
    clock::since_boot,
    id::NodeId,
    node::{Confirmation, Confirmed, Lapsed, NodeRow, Refusal, TERMS},
};

/// How long to wait before the nodes are read again: at first, and at most.
const FIRST_WAIT: Duration = Duration::from_millis(1);
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// Rows of nodes that were closed are kept this long, in microseconds by the database's clock, so that people see them.
const CLOSED_KEPT: i64 = 10 * 60 * 1_000_000;

/// The nodes as they were read last. Concurrent waits share a query.
#[derive(Default)]
pub(super) struct Others {
    last: Mutex<Option<NodeView>>,
    lapsed: std::sync::Mutex<Lapsed>,
    /// How many nodes may hold a lease, as they were read last; 0 before.
    live: AtomicU32,
}

/// What a query about all nodes returned, with times of this process's own clock.
#[derive(Clone)]
struct NodeView {
    sent_at: Duration,
    received_at: Duration,
    nodes: Arc<Vec<ListedNode>>,
    rows: Arc<Vec<NodeRow>>,
}

/// A node, for people.
#[derive(Clone, Debug)]
pub struct ListedNode {
    pub id: NodeId,
    pub version: String,
    /// The machine and the port.
    pub address: String,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
    pub applied_revision: i64,
    /// How long its lease can still hold, as far as the database knows; `None` if it is closed.
    pub lease: Option<Duration>,
}

impl Store {
    /// Waits until no node judges keys without a change that this process committed and applied itself. It takes at most a
    /// lease and the drift. `received_at` is when the commit was answered.
    pub(in crate::store) async fn confirm(&self, revision: i64, received_at: Duration) -> Confirmed {
        let own = self.0.feed.described.get().map(|described| described.id.clone());
        let applied_at = since_boot();
        if matches!(self.0.location, Location::Sqlite(_)) {
            let refusal = Refusal::Applied(applied_at.saturating_sub(received_at));
            return Confirmed { nodes: own.into_iter().map(|own| (own, refusal)).collect(), journaled: false };
        }
        self.wait(Confirmation::new(revision, received_at, TERMS), received_at, own.map(|own| (own, applied_at))).await
    }

    /// Waits until no node, this one included, judges keys without any change that is committed now: what a request takes
    /// away may have been taken away by one before, whose answer was lost.
    pub(in crate::store) async fn confirm_all(&self) -> Result<Confirmed> {
        if matches!(self.0.location, Location::Sqlite(_)) {
            return Ok(self.confirm(0, since_boot()).await);
        }
        let row = super::step(sqlx::query(super::REVISION).fetch_one(self.0.pools.nodes())).await?;
        let read_at = since_boot();
        Ok(self.wait(Confirmation::new(row.int("n")?, read_at, TERMS), read_at, None).await)
    }

    async fn wait(
        &self,
        mut confirmation: Confirmation,
        received_at: Duration,
        own: Option<(NodeId, Duration)>,
    ) -> Confirmed {
        let (mut not_before, mut pause) = (received_at, FIRST_WAIT);
        loop {
            let left = confirmation.deadline().saturating_sub(since_boot());
            // What can't be read does not shorten the wait.
            if let Ok(Ok(view)) = timeout(left, self.nodes_read_after(not_before)).await {
                confirmation.seen(&view.rows, view.received_at);
                not_before = view.sent_at + Duration::from_nanos(1);
            }
            if let Some((own, at)) = &own {
                confirmation.applied_by(own, *at);
            }
            let now = since_boot();
            if confirmation.is_done(now) {
                return confirmation.end();
            }
            sleep(pause.min(confirmation.deadline().saturating_sub(now))).await;
            pause = (pause * 2).min(LONGEST_WAIT);
        }
    }

    /// The nodes as they are now, for people. On SQLite, nobody.
    pub async fn nodes(&self) -> Result<Vec<ListedNode>> {
        if matches!(self.0.location, Location::Sqlite(_)) {
            return Ok(Vec::new());
        }
        Ok(self.nodes_read_after(since_boot()).await?.nodes.to_vec())
    }

    /// How many nodes may judge keys, this one included: each has its part of what is not shared.
    pub fn live_nodes(&self) -> NonZeroU32 {
        NonZeroU32::new(self.0.feed.others.live.load(Ordering::Relaxed)).unwrap_or(NonZeroU32::MIN)
    }

    /// Whether there is a row of any node, be it closed. One that ended in order has none.
    pub async fn has_rows_of_nodes(&self) -> Result<bool> {
        if matches!(self.0.location, Location::Sqlite(_)) {
            return Ok(false);
        }
        Ok(!self.nodes_read_after(since_boot()).await?.rows.is_empty())
    }

    /// Sets how many nodes there are, for tests of what each of them does.
    #[cfg(feature = "testing")]
    pub fn set_live_nodes(&self, count: u32) {
        self.0.feed.others.live.store(count, Ordering::Relaxed);
    }

    /// Closes nodes whose lease has ended, so that no revocation waits for them. Called by each node as often as it polls.
    pub async fn close_lapsed_nodes(&self) -> Result<()> {
        if !self.is_node() {
            return Ok(());
        }
        let view = self.nodes_read_after(since_boot()).await?;
        let live = u32::try_from(view.rows.iter().filter(|row| row.is_open).count()).unwrap_or(u32::MAX);
        let before = self.0.feed.others.live.swap(live, Ordering::Relaxed);
        if before != live && (before, live) != (0, 1) {
            tracing::info!(nodes = live, "so many nodes hold a lease");
        }
        let lapsed = {
            let mut lapsed = self.0.feed.others.lapsed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            lapsed.seen(&view.rows, view.received_at, TERMS)
        };
        for (id, renewals) in lapsed {
            let close = sqlx::query(CLOSE).bind(id.to_string()).bind(renewals);
            let closed = super::step(close.execute(self.0.pools.nodes())).await?;
            if closed.rows_affected() > 0 {
                tracing::warn!(node = %id, "a node does not renew its lease; it judges no keys, and nobody waits for it");
            }
        }
        if view.rows.iter().any(|row| !row.is_open) {
            let sql = format!("DELETE FROM nodes WHERE is_open = 0 AND seen_at < {DATABASE_NOW} - {CLOSED_KEPT}");
            super::step(sqlx::query(AssertSqlSafe(sql)).execute(self.0.pools.nodes())).await?;
        }
        Ok(())
    }

    /// The nodes as a query returned them that was sent at that time or later.
    async fn nodes_read_after(&self, moment: Duration) -> Result<NodeView> {
        let mut last = self.0.feed.others.last.lock().await;
        if let Some(view) = last.as_ref().filter(|view| view.sent_at >= moment) {
            return Ok(view.clone());
        }
        let sent_at = since_boot();
        let sql = format!(
            "SELECT id, started_at, seen_at, applied_revision, renewals, is_open, version, address, \
             {DATABASE_NOW} - seen_at AS silent FROM nodes ORDER BY started_at, id"
        );
        let rows = step(sqlx::query(AssertSqlSafe(sql)).fetch_all(self.0.pools.nodes())).await?;
        let received_at = since_boot();
        let nodes = rows.iter().map(listed).collect::<Result<_>>()?;
        let rows = rows.iter().map(node_row).collect::<Result<_>>()?;
        let view = NodeView { sent_at, received_at, nodes: Arc::new(nodes), rows: Arc::new(rows) };
        Ok(last.insert(view).clone())
    }
}

fn listed(row: &AnyRow) -> Result<ListedNode> {
    let silent = Duration::from_micros(u64::try_from(row.int("silent")?).unwrap_or(0));
    Ok(ListedNode {
        id: NodeId::stored(row.text("id")?),
        version: row.text("version")?,
        address: row.text("address")?,
        started_at: row.time("started_at")?,
        seen_at: row.time("seen_at")?,
        applied_revision: row.int("applied_revision")?,
        lease: row.flag("is_open")?.then(|| TERMS.lease.saturating_sub(silent)),
    })
}
