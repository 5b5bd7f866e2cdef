//! A simulated node.

use std::{collections::BTreeSet, time::Duration};

use rand::{RngExt, rngs::StdRng};
use sallyport::{
    id::NodeId,
    node::{Lapsed, NodeLease, TERMS},
};

use super::ms;

pub struct Node {
    pub life: u64,
    pub lease: NodeLease,
    /// Revisions that it committed itself.
    pub own: BTreeSet<i64>,
    /// Its clock, in millionths of true time, and what it shows at the beginning.
    pub speed: u64,
    pub offset: Duration,
    pub paused_until: Duration,
    pub attempt: u64,
    pub is_busy: bool,
    pub lapsed: Lapsed,
}

impl Node {
    pub fn new(random: &mut StdRng) -> Self {
        Self {
            life: 0,
            lease: NodeLease::new(0),
            own: BTreeSet::new(),
            speed: random.random_range(960_000..=1_040_000),
            offset: ms(random.random_range(0..1_000_000)),
            paused_until: Duration::ZERO,
            attempt: 0,
            is_busy: false,
            lapsed: Lapsed::default(),
        }
    }

    pub fn clock(&self, now: Duration) -> Duration {
        let micros = u64::try_from(now.as_micros()).expect("seconds");
        self.offset + Duration::from_micros(micros * self.speed / 1_000_000)
    }

    pub fn id(&self, node: usize) -> NodeId {
        NodeId::parse(&format!("node_{node}_{}", self.life)).expect("an id")
    }

    pub fn accepts(&self, revision: i64, now: Duration) -> bool {
        self.lease.holds(self.clock(now), TERMS) && self.lease.revision() < revision && !self.own.contains(&revision)
    }
}
