//! Keys that were made elsewhere and imported. They have no checksum: only what has the shape of an import is looked up, for
//! the organizations that imported such keys, and within the limits for unknown keys.

use std::{
    collections::HashSet,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use sha2::{Digest as _, Sha256};

use super::{
    CachedKey, Lookup, Verifier,
    look_up::Digests,
    shared_state::{Presenter, UnknownKeys},
};
use crate::{
    Result,
    id::OrgId,
    key::{Ask, Digest, secret::Checked, verdict::Via},
    request::Client,
    store::{ForeignShape, Store},
};

/// How many organizations a key that none is known to have is looked up for: a node may not know of a new key yet.
const MOST_UNKNOWN: usize = 2;

/// The shapes of imported keys: read at the start, and again after an import was started.
pub(super) struct ForeignShapes {
    shapes: RwLock<Arc<[ForeignShape]>>,
    /// Counts what may have changed them.
    wanted: AtomicU64,
    /// The number up to which they were read.
    read: AtomicU64,
    reading: tokio::sync::Mutex<()>,
}

impl Default for ForeignShapes {
    fn default() -> Self {
        Self {
            shapes: RwLock::new(Arc::new([])),
            wanted: AtomicU64::new(1),
            read: AtomicU64::new(0),
            reading: tokio::sync::Mutex::default(),
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
            let _reading = self.reading.lock().await;
            if self.is_outdated() {
                let wanted = self.wanted.load(Ordering::SeqCst);
                let shapes = store.foreign_shapes().await?;
                *self.shapes.write().unwrap_or_else(PoisonError::into_inner) = shapes.into();
                self.read.store(wanted, Ordering::SeqCst);
            }
        }
        Ok(Arc::clone(&self.shapes.read().unwrap_or_else(PoisonError::into_inner)))
    }

    fn is_outdated(&self) -> bool {
        self.read.load(Ordering::SeqCst) < self.wanted.load(Ordering::SeqCst)
    }
}

/// A presented key with the shape of imported ones, and the organizations that may have it, the likeliest first.
pub(super) struct Foreign {
    sha256: [u8; 32],
    orgs: Vec<OrgId>,
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
    /// As a key that was made here; else, if it is none, as one that was imported: it may be another portal's.
    pub(super) async fn find(
        &self,
        presented: &str,
        checked: Option<Checked<'_>>,
        generation: u64,
        ask: &Ask<'_>,
        client: &Client,
    ) -> Result<Lookup<CachedKey>> {
        let presenter = presenter(ask, client);
        if let Some(checked) = checked {
            match self.look_up(checked, generation, presenter).await? {
                Lookup::Unknown => {}
                found => return Ok(found),
            }
        }
        match self.foreign(presented, ask).await? {
            Some(foreign) => self.look_up_foreign(&foreign, generation, presenter).await,
            None => Ok(Lookup::Unknown),
        }
    }

    /// `None` if no imported key looks like that. A caller who is confined to an organization gets that one's key; else those of
    /// the app or organization that the call is about come first, then the one that first imported keys that look so.
    pub(super) async fn foreign(&self, presented: &str, ask: &Ask<'_>) -> Result<Option<Foreign>> {
        let shapes = self.shapes.current(&self.store).await?;
        let mut fitting: Vec<_> = shapes.iter().filter(|shape| shape.rule.admits(presented)).collect();
        fitting.retain(|shape| ask.org_id.is_none_or(|org| *org == shape.org_id));
        let is_meant = |shape: &ForeignShape| {
            ask.app_id == Some(shape.app_id.as_str()) || ask.workspace == Some(shape.org_id.as_str())
        };
        fitting.sort_by_key(|shape| !is_meant(shape));
        let (mut orgs, mut seen) = (Vec::new(), HashSet::new());
        for shape in fitting {
            if seen.insert(&shape.org_id) {
                orgs.push(shape.org_id.clone());
            }
        }
        let sha256 = || Sha256::digest(presented.as_bytes()).into();
        Ok((!orgs.is_empty()).then(|| Foreign { sha256: sha256(), orgs }))
    }

    /// Those that are known to exist are looked up first, so that the order does not depend on what is cached.
    async fn look_up_foreign(
        &self,
        foreign: &Foreign,
        generation: u64,
        presenter: Presenter,
    ) -> Result<Lookup<CachedKey>> {
        let is_known = |org: &&OrgId| foreign.of(org).digests(&self.store).any(|digest| self.unknown().knows(&digest));
        let (known, unknown): (Vec<_>, Vec<_>) = foreign.orgs.iter().partition(is_known);
        for org in known.into_iter().chain(unknown.into_iter().take(MOST_UNKNOWN)) {
            match self.look_up(foreign.of(org), generation, presenter).await? {
                Lookup::Unknown => {}
                found => return Ok(found),
            }
        }
        Ok(Lookup::Unknown)
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
