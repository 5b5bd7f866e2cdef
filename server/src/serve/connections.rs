//! The open connections of a listener: limits in total and by address, and which ones are closed when there are too
//! many.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sallyport::metrics::Counter;
use tokio::{sync::Notify, task::AbortHandle};

use super::activity::{Activity, Ticks, Waiting, ticks};
use crate::metrics::ConnectionCounts;

/// Additional slots for `/healthz` only; other requests get 503 there.
pub const RESERVED: usize = 16;
/// A connection is only closed for others if it has been waiting for at least this many ticks: half a second.
const LEAST_WAIT: u32 = 2;
/// Before this, an idle connection is not closed for another one of its own address: it was promised to stay open.
const IDLE_OF_AN_ADDRESS: u32 = ticks(Duration::from_secs(5));
/// Of the waiting connections, one in this many is closed at once, so that the next ones find a slot without a
/// search.
const SHARE: usize = 32;

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub most: usize,
    /// Of one address that is not a trusted proxy; for IPv6, of one /64.
    pub of_an_address: usize,
}

impl Bounds {
    /// The limit of all that are not trusted proxies: a quarter is reserved for gateways.
    fn of_strangers(self) -> usize {
        self.most - self.most / 4
    }
}

pub struct Connections {
    bounds: Bounds,
    pub ticks: Arc<Ticks>,
    open: Mutex<Open>,
    ended: Notify,
    refused: Counter,
}

#[derive(Default)]
struct Open {
    next: u64,
    all: HashMap<u64, Entry>,
    of_addresses: HashMap<IpAddr, usize>,
    /// Connections with an address, except on reserved slots.
    strangers: usize,
    reserved: usize,
}

struct Entry {
    activity: Arc<Activity>,
    task: Option<AbortHandle>,
    /// The counted address; `None` for a trusted proxy.
    address: Option<IpAddr>,
    is_reserved: bool,
}

/// The result for a new connection.
pub enum Admission {
    Admitted(Slot),
    /// All slots are in use, and none can be freed.
    Full,
    /// Its address has reached its limit.
    TooManyOfAddress,
}

/// A connection's slot; freed when dropped.
pub struct Slot {
    connections: Arc<Connections>,
    id: u64,
    pub activity: Arc<Activity>,
    /// For `/healthz` only.
    pub is_reserved: bool,
}

impl Connections {
    pub fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            ticks: Arc::default(),
            open: Mutex::default(),
            ended: Notify::new(),
            refused: Counter::default(),
        })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits a connection. `address` is set if it is counted: unless it is a trusted proxy's.
    pub fn admit(self: &Arc<Self>, address: Option<IpAddr>, opens_with_preface: bool) -> Admission {
        let address = address.map(network);
        let mut open = self.open();
        if let Some(address) = address
            && open.of_addresses.get(&address).is_some_and(|count| *count >= self.bounds.of_an_address)
            && open.make_room(IDLE_OF_AN_ADDRESS, |entry| entry.address == Some(address)) == 0
        {
            self.refused.increment();
            return Admission::TooManyOfAddress;
        }
        let is_stranger = address.is_some();
        let is_full = open.all.len() - open.reserved >= self.bounds.most
            || is_stranger && open.strangers >= self.bounds.of_strangers();
        // A trusted proxy's connection is not closed for an unknown client's.
        let may_close = |entry: &Entry| !entry.is_reserved && (!is_stranger || entry.address.is_some());
        let is_reserved = is_full && open.make_room(LEAST_WAIT, may_close) == 0;
        if is_reserved && open.reserved >= RESERVED {
            self.refused.increment();
            return Admission::Full;
        }
        let activity = Activity::new(&self.ticks, opens_with_preface);
        let id = open.next;
        open.next += 1;
        open.reserved += usize::from(is_reserved);
        open.strangers += usize::from(is_stranger && !is_reserved);
        if let Some(address) = address {
            *open.of_addresses.entry(address).or_default() += 1;
        }
        open.all.insert(id, Entry { activity: Arc::clone(&activity), task: None, address, is_reserved });
        Admission::Admitted(Slot { connections: Arc::clone(self), id, activity, is_reserved })
    }

    pub fn counts(&self) -> ConnectionCounts {
        let open = self.open();
        ConnectionCounts {
            open: open.all.len(),
            most: self.bounds.most,
            refused: self.refused.get(),
            accepted: open.next,
        }
    }

    /// The task that serves a connection; aborting it closes the connection.
    pub fn set_task(&self, id: u64, task: AbortHandle) {
        if let Some(entry) = self.open().all.get_mut(&id) {
            entry.task = Some(task);
        }
    }

    /// Closes the connections for which `is_over` returns true, given what they wait for, for how many ticks, and
    /// whether their slot is reserved.
    pub fn close(&self, is_over: impl Fn(Waiting, u32, bool) -> bool) {
        for entry in self.open().all.values() {
            let (waiting, ticks) = entry.activity.waiting();
            if is_over(waiting, ticks, entry.is_reserved) {
                entry.close();
            }
        }
    }

    /// Closes the connections for which `is_over` returns true.
    pub fn close_where(&self, is_over: impl Fn(&Activity) -> bool) {
        self.open().all.values().filter(|entry| is_over(&entry.activity)).for_each(Entry::close);
    }

    /// Of the connections whose peers have not read for at least this many ticks, closes all but the `most` latest.
    pub fn close_readers_beyond(&self, most: usize, ticks: u32) {
        let open = self.open();
        let mut readers: Vec<_> = open.waiting(ticks).filter(|(waiting, ..)| *waiting == Waiting::Reader).collect();
        if readers.len() > most {
            readers.sort_unstable_by_key(|(_, ticks, _)| *ticks);
            readers[most..].iter().for_each(|(.., entry)| entry.close());
        }
    }

    pub fn is_empty(&self) -> bool {
        self.open().all.is_empty()
    }

    pub async fn all_ended(&self) {
        loop {
            let ended = self.ended.notified();
            if self.is_empty() {
                return;
            }
            ended.await;
        }
    }
}

impl Open {
    /// The connections that have been waiting for their peers for at least this many ticks.
    fn waiting(&self, least: u32) -> impl Iterator<Item = (Waiting, u32, &Entry)> {
        let all = self.all.values().map(|entry| {
            let (waiting, ticks) = entry.activity.waiting();
            (waiting, ticks, entry)
        });
        all.filter(move |(waiting, ticks, _)| *waiting != Waiting::Nothing && *ticks >= least)
    }

    /// Closes some that wait for their peers: first those with an incomplete request, then those that have been idle
    /// for at least this many ticks, trusted proxies' last; of each, those that have waited longest. Returns how
    /// many.
    fn make_room(&mut self, idle: u32, concerns: impl Fn(&Entry) -> bool) -> usize {
        let all = self.waiting(LEAST_WAIT).filter(|(.., entry)| concerns(entry));
        let mut waiting: Vec<_> =
            all.filter(|(waiting, ticks, _)| *waiting != Waiting::Request || *ticks >= idle).collect();
        waiting.sort_unstable_by_key(|(waiting, ticks, entry)| {
            let is_idle = *waiting == Waiting::Request;
            (is_idle, is_idle && entry.address.is_none(), u32::MAX - ticks)
        });
        let closed = waiting.len().div_ceil(SHARE);
        waiting[..closed].iter().for_each(|(.., entry)| entry.close());
        closed
    }
}

impl Entry {
    fn close(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Slot {
    pub fn id(&self) -> u64 {
        self.id
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        if let Some(entry) = open.all.remove(&self.id) {
            open.reserved -= usize::from(entry.is_reserved);
            open.strangers -= usize::from(entry.address.is_some() && !entry.is_reserved);
            if let Some(address) = entry.address
                && let Some(count) = open.of_addresses.get_mut(&address)
            {
                *count -= 1;
                if *count == 0 {
                    open.of_addresses.remove(&address);
                }
            }
        }
        drop(open);
        self.connections.ended.notify_waiters();
    }
}

/// Addresses that belong to a single client count as one.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64))),
        ip => ip,
    }
}

#[cfg(test)]
mod tests;
