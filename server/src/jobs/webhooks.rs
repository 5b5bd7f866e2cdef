//! Webhooks: events become deliveries, and these are sent, of each endpoint one at a time, so that a slow one delays no other.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use sallyport::{
    Result,
    id::{OrgId, WebhookId},
    job::Retries,
    store::Store,
};
use tokio::{
    task::{Id, JoinSet},
    time::{Instant, sleep, timeout},
};

use super::{Failure, Queue};
use crate::webhooks::Sender;

/// The names of the queues.
pub const EVENTS: &str = "webhook_events";
pub const DELIVERIES: &str = "webhook_deliveries";

/// How soon something new is looked for, and how long a run of a job looks for it.
const PAUSE: Duration = Duration::from_secs(1);
const RUN: Duration = Duration::from_secs(60);

const RETRIES: Retries = Retries { limit: u32::MAX, first: PAUSE, longest: Duration::from_secs(30) };

/// Endpoints that are sent to at once, and those of them that may be of one organization.
const AT_ONCE: usize = 128;
const OF_ORG: usize = 8;

/// Endpoints of which it is known when they had a turn.
const REMEMBERED: usize = 10_000;

/// Deliveries of an endpoint, and how long they may take to begin, before others take its turn.
const IN_TURN: usize = 20;
const TURN: Duration = Duration::from_secs(2);

/// The queue that turns events into deliveries.
pub fn events() -> Queue {
    let queue = Queue::of_jobs(EVENTS, RETRIES, |store: Store, _| async move {
        let until = Instant::now() + RUN;
        loop {
            store.fan_out_events().await?;
            if Instant::now() >= until {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
    });
    Queue { every: Some(PAUSE), ..queue }
}

/// The queue that sends them.
pub fn deliveries(sender: Arc<Sender>) -> Queue {
    let queue = Queue::of_jobs(DELIVERIES, RETRIES, move |store, _| {
        let sender = Arc::clone(&sender);
        async move { send_for(&sender, &store, RUN).await }
    });
    Queue { every: Some(PAUSE), ..queue }
}

/// Sends for so long, and until nothing is being sent: what is slow does not keep others from being begun meanwhile.
pub async fn send_for(sender: &Arc<Sender>, store: &Store, time: Duration) -> Result<(), Failure> {
    let until = Instant::now() + time;
    let mut turns = Turns::default();
    let mut failed = None;
    loop {
        // What is being sent is not broken off because the next can't be read.
        if failed.is_none() {
            failed = turns.begin(sender, store).await.err();
        }
        if turns.tasks.is_empty() && (failed.is_some() || Instant::now() >= until) {
            return failed.map_or(Ok(()), |error| Err(error.into()));
        }
        // At once if one ended, as its place is free.
        let _ = timeout(PAUSE, turns.ended()).await;
    }
}

/// Sends what is due now: each endpoint has one turn.
pub async fn send_due(sender: &Arc<Sender>, store: &Store) -> Result<()> {
    let mut turns = Turns { once: true, ..Turns::default() };
    loop {
        if turns.begin(sender, store).await? {
            continue;
        }
        if turns.tasks.is_empty() {
            return Ok(());
        }
        turns.ended().await;
    }
}

/// The endpoints that are sent to.
#[derive(Default)]
struct Turns {
    tasks: JoinSet<()>,
    endpoints: HashMap<Id, (WebhookId, OrgId)>,
    busy: BTreeSet<WebhookId>,
    /// How many of each organization are busy, of those with any.
    of_orgs: HashMap<OrgId, usize>,
    /// The last one that was looked at: those after it are next.
    last: String,
    /// Which turn each had last: of the others of an organization, those that waited longest are next.
    had: HashMap<WebhookId, u64>,
    turns: u64,
    /// Whether each has only one.
    once: bool,
}

impl Turns {
    /// Begins with endpoints that have something to send. Returns whether there may be more, and room for them.
    async fn begin(&mut self, sender: &Arc<Sender>, store: &Store) -> Result<bool> {
        if self.busy.len() >= AT_ONCE {
            return Ok(false);
        }
        let mut due = store.webhooks_with_due(&self.last, AT_ONCE).await?;
        let is_end = due.len() < AT_ONCE;
        self.last = due.last().map(|(id, _)| id.to_string()).unwrap_or_default();
        due.sort_by_key(|(id, _)| self.had.get(id).copied());
        for (id, org) in due {
            if self.has_place(&id, &org) {
                self.spawn(sender, store, id, org);
            }
        }
        if is_end {
            self.last.clear();
        }
        Ok(!is_end)
    }

    /// An organization with many endpoints leaves places to the others; its own take turns.
    fn has_place(&self, id: &WebhookId, org: &OrgId) -> bool {
        let may = self.busy.len() < AT_ONCE && !(self.once && self.had.contains_key(id));
        may && !self.busy.contains(id) && self.of_orgs.get(org).is_none_or(|busy| *busy < OF_ORG)
    }

    fn spawn(&mut self, sender: &Arc<Sender>, store: &Store, id: WebhookId, org: OrgId) {
        let (sender, store, of) = (Arc::clone(sender), store.clone(), id.clone());
        let task = self.tasks.spawn(async move { take_turn(&sender, &store, &of).await });
        self.busy.insert(id.clone());
        *self.of_orgs.entry(org.clone()).or_default() += 1;
        if self.had.len() >= REMEMBERED {
            self.had.clear();
        }
        self.turns += 1;
        self.had.insert(id.clone(), self.turns);
        self.endpoints.insert(task.id(), (id, org));
    }

    /// Waits until one has ended; for ever if there is none.
    async fn ended(&mut self) {
        let ended = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => {
                tracing::error!(%error, "sending a webhook ended");
                error.id()
            }
            None => std::future::pending().await,
        };
        let Some((id, org)) = self.endpoints.remove(&ended) else { return };
        self.busy.remove(&id);
        if let Some(busy) = self.of_orgs.get_mut(&org) {
            *busy -= 1;
            if *busy == 0 {
                self.of_orgs.remove(&org);
            }
        }
    }
}

/// Sends what is due of an endpoint, in order, until an attempt fails.
async fn take_turn(sender: &Sender, store: &Store, id: &WebhookId) {
    let began = Instant::now();
    for _ in 0..IN_TURN {
        let leased = match store.lease_delivery(id).await {
            Ok(Some(leased)) => leased,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(webhook = %id, %error, "a delivery could not be read");
                return;
            }
        };
        let attempt = sender.attempt(store, &leased).await;
        let delivered = attempt.is_delivered();
        if let Err(error) = store.settle_delivery(&leased, attempt).await {
            // It is sent again, under the same id.
            tracing::warn!(delivery = %leased.id, %error, "an attempt could not be recorded");
            return;
        }
        if !delivered || began.elapsed() >= TURN {
            return;
        }
    }
}
