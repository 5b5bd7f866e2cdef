//! Persistence: one store over SQLite (embedded, the default) or PostgreSQL, with the same SQL.
//!
//! Reads take the owner as their first argument. Writes take the actor, run to their end even if the caller
//! disconnects, and record an event in the same transaction.

mod actors;
mod approvals;
mod apps;
mod audit_keys;
mod backlogs;
mod backup;
mod capabilities;
mod capability_keys;
mod chain_check;
mod chain_parts;
mod changes;
mod checkpoint_posts;
mod checkpoints;
mod clocks;
mod command_lines;
mod connector;
mod console;
mod deferred_writes;
mod detached;
mod device_requests;
mod durability;
mod erasure;
mod errors;
mod event_batches;
mod event_filter;
mod events;
mod evidence;
mod export;
mod feed;
mod find;
mod first_steps;
mod folding;
mod forward_gate;
mod forwarding;
mod grants;
mod handovers;
mod holders;
mod idempotency;
mod identities;
mod idle_keys;
mod imports;
mod invitations;
mod jobs;
mod journal;
mod key_change;
mod key_days;
mod key_deadlines;
mod key_history;
mod key_list;
mod key_notices;
mod key_policies;
mod key_powers;
mod key_requests;
mod key_rules;
mod key_secrets;
mod key_states;
mod key_status;
mod key_totals;
mod keys;
mod leaks;
mod lifecycle;
mod like;
mod located;
mod location;
mod lock_file;
mod mail;
mod master_keys;
mod measures;
mod members;
mod moving;
mod navigation;
mod node_rows;
mod old_rows;
mod open;
mod open_handovers;
mod org_logos;
mod orgs;
mod paging;
mod passkeys;
mod password_resets;
mod pepper_change;
mod peppers;
mod personal_tokens;
mod places;
mod pools;
mod postgres;
mod pruning;
mod readers;
mod rekey;
mod removal;
mod required_sign_ins;
mod restrictions;
mod revocation_latency;
mod revoke_all;
mod roles;
mod root_tokens;
mod rotation;
mod row;
mod rows;
mod saved_views;
mod schema;
mod scoped;
mod sealed_rows;
mod search;
mod second_factors;
mod secret_uses;
#[cfg(feature = "testing")]
mod seed;
mod service_accounts;
mod service_tokens;
mod service_urls;
mod sessions;
mod sight;
mod sign_in_judge;
mod sign_in_policies;
mod signing;
mod single_sign_on;
mod sqlite;
mod synced_roles;
mod token_uses;
mod tree_nodes;
mod trust_rules;
mod tx;
mod usage;
mod usage_counts;
mod usage_export;
mod usage_keys;
mod usage_portal;
mod usage_retention;
mod users;
mod verify;
mod webhooks;
mod writes;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use sqlx::{
    Any,
    any::{AnyArguments, AnyRow},
    query::Query,
};
use tokio::{sync::Semaphore, time::timeout};

pub use actors::SeenActor;
pub use approvals::{ApprovalFilter, Claimed};
pub use audit_keys::AuditKey;
pub use backlogs::{Backlogs, QueueBacklog};
pub use backup::{Holdings, copy_sqlite, inspect_copy};
pub use capabilities::{JudgedCapability, MintedCapability};
pub use capability_keys::CapabilityKey;
pub use changes::{Added, Change, Touched};
pub use checkpoints::{CheckpointPace, StoredCheckpoint};
pub use clocks::Clocks;
pub use console::{
    COUNTED, ConsoleApp, ConsoleJob, ConsoleMail, ConsoleOrg, ConsolePage, ConsoleQuery, ConsoleToken, ConsoleUser,
    DatabaseFacts, EventEdge, KeysInForce, MailFacts,
};
pub use event_filter::EventFilter;
pub use events::EventPage;
pub use feed::ListedNode;
pub use find::Reader;
pub use first_steps::FirstSteps;
pub use forwarding::{ForwardBatch, Forwarding};
pub use handovers::{NotOpened, Opened};
pub use imports::{DryRun, ForeignShape, IMPORT_QUEUE};
pub use journal::{Ended, Held, HowToRestore, Reconciled, Restored, lines_of_sqlite};
pub use key_list::{
    FEW_NETWORKS, HygieneCheck, KeyFilter, KeyListFrame, KeyPage, KeySort, KeyStatus, LATER_DAYS, SOON_DAYS,
    UNUSED_DAYS,
};
pub use key_policies::PolicyInForce;
pub use key_requests::{
    KeyRequest, KeyRequestFilter, KeyRequestPage, REQUESTS_KEPT, REQUESTS_OF_ORG, RequestCursor, RequestResult,
};
pub use key_totals::KeyTotals;
pub use leaks::ReportedLeak;
pub use lifecycle::Contents;
pub use located::{Located, LocatedApp, LocatedHolder, LocatedKey, LocatedOrg, LocatedProject, LocatedTenant};
pub use location::{Location, OpenError};
pub use lock_file::open_lock;
pub use master_keys::{KnownMasterKey, MasterKeyState};
pub use measures::{Measured, Pool};
pub use moving::{Moved, move_to_postgres};
pub use navigation::{KnownOrg, Navigation};
pub use open_handovers::OpenHandover;
pub use pepper_change::PepperStatus;
pub(crate) use peppers::DigestOf;
pub use pruning::EventRetention;
pub use rotation::SetAside;
pub use scoped::{Page, Paging};
pub use search::{KeyDue, SearchHit, SearchKind};
pub use secret_uses::{SecretUseName, SecretUses};
pub use sight::Sight;
pub use sign_in_policies::ClosedOrg;
pub use signing::SealedSigning;
pub use sqlite::can_corrupt_wal;
pub use usage::{Refused, Used};
pub use usage_counts::{
    AttributeName, CountBatch, CountName, KeyAttribute, PORTAL, PlaceUsage, UsageCount, without_key,
};
pub use usage_keys::KeyRank;
pub use usage_portal::Ranked;
pub use usage_retention::UsageRetention;
pub use verify::StoredKey;
pub use webhooks::DeliveryFilter;

use crate::{Clock, Entropy, Error, Result, Timestamp, profile::Profile, vault::Vault};
use connector::Connector;
use deferred_writes::DeferredWrites;
use detached::{WRITE_OF_MANY, detached, detached_within, retried};
use errors::is_taken;
use feed::Feed;
use forward_gate::ForwardGate;
use jobs::Doorbell;
use journal::JournalSlot;
use master_keys::Followed;
use measures::Measures;
use peppers::Peppers;
use pools::{LOOK_UP, Pools};
use readers::Readers;
use revocation_latency::RefusalCheck;
use row::Read;
use writes::Writes;

type Listener = Box<dyn Fn(&Change) + Send + Sync>;

/// The dependencies of a store.
pub struct Tools {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub vault: Vault,
    pub profile: Arc<Profile>,
}

/// A handle; clones share the pools.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    location: Location,
    pools: Pools,
    writes: Writes,
    feed: Feed,
    deferred_writes: DeferredWrites,
    doorbell: Doorbell,
    forward_gate: ForwardGate,
    journal: JournalSlot,
    measures: Measures,
    followed: Followed,
    tools: Tools,
    peppers: Peppers,
    listener: OnceLock<Listener>,
    prover: OnceLock<RefusalCheck>,
    /// See `key_days`.
    node: OnceLock<i64>,
    /// How many logs are read as a whole at once.
    long_reads: Semaphore,
    #[cfg(feature = "testing")]
    slowness: OnceLock<verify::Slowness>,
    #[cfg(feature = "testing")]
    reads: std::sync::atomic::AtomicU64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.0.location).finish()
    }
}

impl Store {
    pub fn now(&self) -> Timestamp {
        self.0.tools.clock.now()
    }

    pub fn entropy(&self) -> &dyn Entropy {
        &*self.0.tools.entropy
    }

    pub fn vault(&self) -> &Vault {
        &self.0.tools.vault
    }

    pub fn profile(&self) -> &Arc<Profile> {
        &self.0.tools.profile
    }

    pub fn location(&self) -> &Location {
        &self.0.location
    }

    /// Calls `listener` for each change of this process that a verdict depends on, after the commit and before the
    /// response. There is one listener; a second is ignored.
    pub fn on_change(&self, listener: impl Fn(&Change) + Send + Sync + 'static) {
        let _ = self.0.listener.set(Box::new(listener));
    }

    /// The number of changes that verdicts have ever depended on, read over a look-up's connection.
    pub async fn revision(&self) -> Result<i64> {
        let row = self.look_up(sqlx::query(feed::REVISION)).await?;
        row.ok_or_else(|| Error::Unavailable("the revision is missing".to_owned()))?.int("n")
    }

    /// A query that a verdict waits for. It has a time limit, whatever happens to the database.
    async fn look_up(&self, query: Query<'_, Any, AnyArguments>) -> Result<Option<AnyRow>> {
        looked_up(query.fetch_optional(&self.0.pools.verify)).await
    }

    /// The same for several rows.
    async fn look_all_up(&self, query: Query<'_, Any, AnyArguments>) -> Result<Vec<AnyRow>> {
        looked_up(query.fetch_all(&self.0.pools.verify)).await
    }

    /// The damages that SQLite finds in its file, foreign keys included; empty if there are none. PostgreSQL checks
    /// itself.
    pub async fn check_integrity(&self) -> Result<Vec<String>> {
        if matches!(self.0.location, Location::Postgres(_)) {
            return Ok(Vec::new());
        }
        sqlite::damages(&mut Connector::reader(&self.0.location)?.connect().await?).await
    }

    /// Writes what was noted, checkpoints the WAL, and closes every connection. Connections to a database that hangs
    /// are abandoned.
    pub async fn close(&self) {
        let _ = timeout(SETTLING, self.settled()).await;
        let closing = match self.0.location {
            Location::Sqlite(_) => FOLDING,
            Location::Postgres(_) => CLOSING,
        };
        let pools = &self.0.pools;
        let closed = async {
            self.0.feed.close().await;
            tokio::join!(pools.verify.close(), pools.read.close(), pools.nodes().close());
            pools.write.close().await;
        };
        let _ = timeout(closing, closed).await;
    }

    fn read(&self) -> &Readers {
        #[cfg(feature = "testing")]
        self.0.reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        &self.0.pools.read
    }

    /// How many queries pages have run, so that a test can count those of one page.
    #[cfg(feature = "testing")]
    pub fn reads(&self) -> u64 {
        self.0.reads.load(std::sync::atomic::Ordering::Relaxed)
    }
}

async fn looked_up<T>(found: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    match timeout(LOOK_UP, found).await {
        Ok(found) => Ok(found?),
        Err(_) => Err(Error::Unavailable(format!("nothing was answered within {LOOK_UP:?}"))),
    }
}

/// How long a shutdown waits for notes to be written, then for the connections, and on SQLite for the WAL checkpoint.
const SETTLING: Duration = Duration::from_millis(500);
const CLOSING: Duration = Duration::from_millis(1_500);
const FOLDING: Duration = Duration::from_secs(10);
