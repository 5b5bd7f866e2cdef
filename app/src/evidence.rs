//! The evidence pack: what an auditor needs to check the log of an organization without the portal, as a ZIP.
//!
//! It is written while it is sent, a part of a list at a time, so that a log of any length takes little memory.

mod pack;
mod readme;

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use sallyport::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent, Target, checkpoint::portal_name},
    member::Permission,
    org::Org,
    store::{EventFilter, Sight, StoredCheckpoint},
};
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};

use self::pack::Pack;
use crate::{
    context::Context,
    export::Format,
    pages::{activity::export::Events, keys::export::Keys, members::export::Members},
};

/// Packs sent at once.
static PLACES: Semaphore = Semaphore::const_new(2);

/// How long one may take.
const AT_MOST: Duration = Duration::from_secs(30 * 60);

/// Parts that wait to be sent.
const AHEAD: usize = 2;

/// The events of a pack.
struct Covered {
    /// The checkpoint up to which they go.
    by: StoredCheckpoint,
    /// Up to which event they were removed because of their age.
    pruned: i64,
}

/// Of what, for which time, and on whose behalf.
pub struct Evidence {
    pub org: Org,
    pub from: Option<Timestamp>,
    /// Not included.
    pub to: Option<Timestamp>,
    pub act: Act,
}

impl Evidence {
    /// The response with the file. If something fails or the reader loses access, the download is aborted, so that a part is
    /// never taken for the whole.
    pub async fn answer(self, context: &Context) -> Result<Response> {
        if self.from.zip(self.to).is_some_and(|(from, to)| from >= to) {
            return Err(Error::field("to", "The end of the period is after its beginning."));
        }
        let place =
            PLACES.try_acquire().map_err(|_| Error::Busy("Other packs are being made; try again in a minute."))?;
        let (store, org) = (&context.store, &self.org.id);
        store.still_may(&self.act.actor, org, Permission::ManageOrg).await?;
        let last = store.last_event_before(org, self.to).await?;
        let portal = portal_name(&context.public_url);
        // Before the checkpoint, which covers what says so.
        let pruned = store.pruned_until(org.as_str()).await?;
        let covering = store.covering_checkpoint(&portal, org.as_str(), last).await?;
        let (headers, event) = (self.headers(context.store.now()), self.event());
        let act = self.act.clone();
        let (send, parts) = mpsc::channel(AHEAD);
        tokio::spawn(self.write(context.clone(), portal, Covered { by: covering, pruned }, send, place));
        // The first part comes before the response starts, so that an immediate failure has an error page.
        let mut parts = parts;
        let first = parts.recv().await.unwrap_or_else(|| Err(broken_off()))?;
        context.pending_events.note(act, event);
        let body = stream::unfold((Some(Ok(first)), parts), async |(first, mut parts): (Option<Part>, Parts)| {
            let part = match first {
                Some(part) => part,
                // Whoever writes has ended without a word.
                None => parts.recv().await.unwrap_or_else(|| Err(broken_off())),
            };
            if part.as_ref().is_ok_and(Vec::is_empty) {
                return None;
            }
            Some((part, (None, parts)))
        });
        Ok((headers, Body::from_stream(body)).into_response())
    }

    async fn write(
        self,
        context: Context,
        portal: String,
        covered: Covered,
        send: mpsc::Sender<Part>,
        place: SemaphorePermit<'static>,
    ) {
        let packing = tokio::time::timeout(AT_MOST, self.pack(&context, &portal, &covered, send.clone()));
        let failed = packing.await.unwrap_or(Err(Error::Busy("It was read too slowly."))).err();
        drop(place);
        if let Some(error) = failed {
            tracing::error!(%error, "an evidence pack broke off");
            let _ = send.send(Err(error)).await;
        }
    }

    async fn pack(&self, context: &Context, portal: &str, covered: &Covered, send: mpsc::Sender<Part>) -> Result<()> {
        let (store, org) = (&context.store, &self.org.id);
        let mut pack = Pack::new(store.clone(), self.act.actor.clone(), org.clone(), send);
        pack.text("README.txt", &readme::readme(self, covered, portal, store.now())).await?;
        let keys: Vec<_> = store.audit_keys().await?.iter().map(|key| key.published(portal)).collect();
        pack.text("public-keys.json", &format!("{:#}\n", json!({ "keys": keys }))).await?;
        pack.checkpoints("checkpoints.jsonl", covered.by.size).await?;
        if store.pruned_until(org.as_str()).await? != covered.pruned {
            return Err(Error::Busy("Old events were removed meanwhile; try again."));
        }
        let until = EventFilter { until: Some(covered.by.size), sight: Sight::ALL, ..EventFilter::default() };
        pack.rows("events.jsonl", Format::Jsonl, Events::of_org(org.clone(), until.clone())).await?;
        let period = EventFilter { from: self.from, to: self.to, ..until };
        pack.rows("period.csv", Format::Csv, Events::of_org(org.clone(), period)).await?;
        pack.rows("members.csv", Format::Csv, Members::of(org.clone())).await?;
        pack.rows("members.jsonl", Format::Jsonl, Members::of(org.clone())).await?;
        pack.rows("keys.csv", Format::Csv, Keys::of_org(org.clone())).await?;
        pack.end().await
    }

    fn headers(&self, now: Timestamp) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // Ids are plain letters.
        let day = now.to_chrono().format("%Y-%m-%d");
        let name = format!("attachment; filename=\"evidence-{}-{day}.zip\"", self.org.id);
        headers.extend(HeaderValue::from_str(&name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
        headers
    }

    fn event(&self) -> NewEvent {
        let target = Target::new("organization", &self.org.id, self.org.id.as_str());
        let event = NewEvent::of(&self.org.id, Action::EvidenceExported, target);
        event.with(json!({ "format": "zip", "from": self.from, "to": self.to }))
    }
}

fn broken_off() -> Error {
    Error::Unavailable("the evidence pack broke off".to_owned())
}

/// A part of the file, empty at its end; or why there are no more.
type Part = Result<Vec<u8>>;
type Parts = mpsc::Receiver<Part>;
