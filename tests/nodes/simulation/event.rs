//! What happens in the simulation, and the messages between nodes and the database.

use std::time::Duration;

use sallyport::{
    id::NodeId,
    node::{NodeRow, Renewal},
};

pub enum Event {
    /// A node sends a renewal.
    Renew {
        node: usize,
        life: u64,
    },
    /// It is told that something was committed.
    Rings {
        node: usize,
    },
    GivesUp {
        node: usize,
        life: u64,
        attempt: u64,
    },
    AtDatabase(Message),
    AtNode(Message),
    Watch {
        node: usize,
        life: u64,
    },
    Close {
        id: NodeId,
        renewals: i64,
    },
    Revoke,
    /// The commit was answered, or the nodes are read again.
    Wait {
        revision: i64,
    },
    Nodes {
        revision: i64,
        rows: Vec<NodeRow>,
    },
    Restart {
        node: usize,
    },
    Pause {
        node: usize,
    },
}

/// Between a node in one of its lives and the database.
#[derive(Clone)]
pub struct Message {
    pub node: usize,
    pub life: u64,
    pub attempt: u64,
    pub content: Content,
}

#[derive(Clone)]
pub enum Content {
    Join { applied: i64 },
    Joined,
    Renew { sent_at: Duration, acknowledged: i64 },
    Renewed(Option<Renewal>),
    ReadChanges,
    Changes { head: i64 },
}
