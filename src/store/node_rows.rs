//! The rows of nodes, as statements of several files need them.

use sqlx::any::AnyRow;

use super::row::Read;
use crate::{Result, id::NodeId, node::NodeRow};

/// In microseconds, by PostgreSQL's clock.
pub(super) const DATABASE_NOW: &str = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// Changes nothing if the node has renewed in the meantime.
pub(super) const CLOSE: &str = "UPDATE nodes SET is_open = 0 WHERE id = $1 AND renewals = $2 AND is_open = 1";

/// From the columns `id`, `applied_revision`, `renewals` and `is_open`.
pub(super) fn node_row(row: &AnyRow) -> Result<NodeRow> {
    Ok(NodeRow {
        id: NodeId::stored(row.text("id")?),
        applied: row.int("applied_revision")?,
        renewals: row.int("renewals")?,
        is_open: row.flag("is_open")?,
    })
}
