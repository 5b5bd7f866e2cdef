//! Keys that were made elsewhere and imported. They have no checksum: only what has the shape of an import is looked up, for
//! the organizations that imported such keys, and within the limits for unknown keys.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use super::{
    CachedKey, Lookup, Verifier,
    look_up::Digests,
    shared_state::{Presenter, UnknownKeys},
};
use crate::{
    Error, Result,
    id::OrgId,
    key::{Ask, Digest, secret::Checked, verdict::Via},
    request::Client,
    store::{ForeignShape, Store},
};

/// How many organizations a key that none is known to have is looked up for: a node may not know of a new key yet.
const MOST_UNKNOWN: usize = 2;

/// How long a request waits for the shapes, with those before it: as long as for any look-up.
const READ: Duration = Duration::from_millis(1_250);

/// Of how many keys that several organizations have it is remembered whose is the oldest.
const MOST_OLDEST: usize = 10_000;

/// The shapes of imported keys: read at the start, and again after an import was started.
pub(super) struct ForeignShapes {
    shapes: RwLock<Arc<[ForeignShape]>>,
    /// Counts what may have changed them.
    wanted: AtomicU64,
    /// The number up to which they were read.
    read: AtomicU64,
    reading: tokio::sync::Mutex<()>,
    /// Which organization has the oldest secret, by the SHA-256 of a key that several have. It stays the oldest as long as it
    /// exists: others are added later.
    oldest: Mutex<HashMap<[u8; 32], OrgId>>,
}

impl Default for ForeignShapes {
    fn default() -> Self {
        Self {
            shapes: RwLock::new(Arc::new([])),
            wanted: AtomicU64::new(1),
            read: AtomicU64::new(0),
            reading: tokio::sync::Mutex::default(),
            oldest: Mutex::default(),
        }
    }
}

impl ForeignShapes {
    /// They are read again before the next key is looked for.
    pub(super) fn outdated(&self) {
        self.wanted.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) async fn current(&self, store: &Store) -> Result<Arc<[ForeignShape]>> {
        if self.is_outdated() {
            // The wait for the turn counts, too: while the database hangs, requests do not wait one after the other.
            let read = Box::pin(timeout(READ, self.read_again(store))).await;
            read.map_err(|_| Error::Unavailable("the shapes of imported keys were not read in time".to_owned()))??;
        }
        Ok(Arc::clone(&self.shapes.read().unwrap_or_else(PoisonError::into_inner)))
    }

    async fn read_again(&self, store: &Store) -> Result<()> {
        let _reading = self.reading.lock().await;
        if self.is_outdated() {
            let wanted = self.wanted.load(Ordering::SeqCst);
            let shapes = store.foreign_shapes().await?;
            *self.shapes.write().unwrap_or_else(PoisonError::into_inner) = shapes.into();
            self.read.store(wanted, Ordering::SeqCst);
        }
        Ok(())
    }

    fn is_outdated(&self) -> bool {
        self.read.load(Ordering::SeqCst) < self.wanted.load(Ordering::SeqCst)
    }
}

/// A presented key with the shape of imported ones, and the organizations that may have it.
pub(super) struct Foreign {
    sha256: [u8; 32],
    /// Those that the call is about.
    meant: Vec<OrgId>,
    others: Vec<OrgId>,
}

impl Foreign {
    fn of<'a>(&'a self, org: &'a OrgId) -> OfOrg<'a> {
        OfOrg { org, sha256: &self.sha256 }
    }
}

/// A key as one organization may have imported it.
#[derive(Clone, Copy)]
struct OfOrg<'a> {
    org: &'a OrgId,
    sha256: &'a [u8; 32],
}

impl Digests for OfOrg<'_> {
    fn digests(self, store: &Store) -> impl Iterator<Item = Digest> {
        store.imported_digests(self.org, self.sha256)
    }
}

impl Verifier {
    /// As a key that was made here; else, if it is none, as one that was imported: it may be another portal's. `foreign` is what
    /// is known of a key that can't have been made here.
    pub(super) async fn find(
        &self,
        presented: &str,
        checked: Option<Checked<'_>>,
        foreign: Option<&Foreign>,
        generation: u64,
        ask: &Ask<'_>,
        client: &Client,
    ) -> Result<Lookup<CachedKey>> {
        let presenter = presenter(ask, client);
        let of_shape;
        let foreign = match checked {
            None => foreign,
            Some(checked) => {
                match self.look_up(checked, generation, presenter).await? {
                    Lookup::Unknown => {}
                    found => return Ok(found),
                }
                of_shape = self.foreign(presented, ask).await?;
                of_shape.as_ref()
            }
        };
        match foreign {
            // Boxed: the verdict on a key of this portal stays small.
            Some(foreign) => Box::pin(self.look_up_foreign(foreign, generation, presenter)).await,
            None => Ok(Lookup::Unknown),
        }
    }

    /// `None` if no imported key looks like that. A caller who is confined to an organization gets that one's key; else those of
    /// the app or organization that the call is about come first, then the one whose secret is oldest.
    pub(super) async fn foreign(&self, presented: &str, ask: &Ask<'_>) -> Result<Option<Foreign>> {
        let shapes = self.shapes.current(&self.store).await?;
        let is_meant = |shape: &ForeignShape| {
            ask.app_id.is_some_and(|app| shape.apps.contains(app)) || ask.workspace == Some(shape.org_id.as_str())
        };
        let (mut meant, mut others) = (Vec::new(), Vec::new());
        for shape in shapes.iter().filter(|shape| ask.org_id.is_none_or(|org| *org == shape.org_id)) {
            if shape.rules.iter().any(|rule| rule.admits(presented)) {
                let orgs = if is_meant(shape) { &mut meant } else { &mut others };
                orgs.push(shape.org_id.clone());
            }
        }
        if meant.is_empty() && others.is_empty() {
            return Ok(None);
        }
        Ok(Some(Foreign { sha256: Sha256::digest(presented.as_bytes()).into(), meant, others }))
    }

    /// Those that are known to exist are looked up first, so that the order does not depend on what is cached.
    async fn look_up_foreign(
        &self,
        foreign: &Foreign,
        generation: u64,
        presenter: Presenter,
    ) -> Result<Lookup<CachedKey>> {
        let is_known = |org: &&OrgId| foreign.of(org).digests(&self.store).any(|digest| self.unknown().knows(&digest));
        let (meant, meant_unknown): (Vec<&OrgId>, Vec<&OrgId>) = foreign.meant.iter().partition(is_known);
        let (others, others_unknown): (Vec<&OrgId>, Vec<&OrgId>) = foreign.others.iter().partition(is_known);
        for known in [meant, others] {
            match self.look_up_oldest(foreign, known, generation, presenter).await? {
                Lookup::Unknown => {}
                found => return Ok(found),
            }
        }
        for org in meant_unknown.into_iter().chain(others_unknown).take(MOST_UNKNOWN) {
            match self.look_up(foreign.of(org), generation, presenter).await? {
                Lookup::Unknown => {}
                found => return Ok(found),
            }
        }
        Ok(Lookup::Unknown)
    }

    /// Of these organizations' keys the one whose secret is oldest: whoever learns another's key and imports it, too, does not
    /// take its place. Almost always there is but one.
    async fn look_up_oldest(
        &self,
        foreign: &Foreign,
        orgs: Vec<&OrgId>,
        generation: u64,
        presenter: Presenter,
    ) -> Result<Lookup<CachedKey>> {
        let mut found = Vec::new();
        for org in orgs {
            match self.look_up(foreign.of(org), generation, presenter).await? {
                Lookup::Known(key) => found.push((org, key)),
                Lookup::Unknown => {}
                throttled => return Ok(throttled),
            }
        }
        if found.len() > 1 {
            let remembered = self.oldest().get(&foreign.sha256).cloned();
            let remembered = remembered.filter(|oldest| found.iter().any(|(org, _)| *org == oldest));
            let oldest = match remembered {
                Some(oldest) => Some(oldest),
                None => {
                    let mut digests = Vec::new();
                    for (org, _) in &found {
                        digests.extend(self.store.imported_digests(org, &foreign.sha256));
                    }
                    self.read_oldest(foreign.sha256, &digests).await?
                }
            };
            // Gone since, if there is none: the generation tells.
            found.retain(|(org, _)| oldest.as_ref() == Some(*org));
        }
        Ok(found.into_iter().next().map_or(Lookup::Unknown, |(_, key)| Lookup::Known(key)))
    }

    async fn read_oldest(&self, sha256: [u8; 32], digests: &[Digest]) -> Result<Option<OrgId>> {
        let oldest = self.store.org_of_oldest_secret(digests).await?;
        if let Some(oldest) = &oldest {
            let mut known = self.oldest();
            // Few keys are in several organizations; all are read again then.
            if known.len() >= MOST_OLDEST {
                known.clear();
            }
            known.insert(sha256, oldest.clone());
        }
        Ok(oldest)
    }

    fn oldest(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], OrgId>> {
        self.shapes.oldest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who presented the key: the client, if it is known.
fn presenter(ask: &Ask<'_>, client: &Client) -> Presenter {
    match (ask.ip, ask.via) {
        (Some(ip), _) => Presenter::Client(ip),
        (None, Via::Gateway) => Presenter::Client(client.ip),
        (None, Via::Backend { .. }) => Presenter::Backend(client.ip),
    }
}
