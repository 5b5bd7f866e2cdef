//! Counts on their way to the database, batch by batch. A batch does not change once it was tried, and keeps its number
//! until it is confirmed: if the response to its commit was lost, the next attempt adds nothing.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    Error, Result, Timestamp,
    id::KeyId,
    key::record::KeyHolder,
    profile::Profile,
    store::{AttributeName, CountBatch, CountName, KeyRequest, PORTAL, SecretUseName, SecretUses, Store, without_key},
    usage::{Outcome, Span},
};

use super::{
    super::AT_ONCE,
    recorder::Recorded,
    secrets::{SecretCount, SecretCounts},
    tally::{AttributeCount, Minute, MinuteCount},
    unknown::Counts,
};

/// A count of a key is written for the key, its app, project and organization, by minute, hour and day.
const MOST_ROWS_OF_ONE: usize = 4 * Span::ALL.len();

/// One count to be written.
enum Entry {
    Key(KeyId, Arc<KeyHolder>, MinuteCount),
    Place { place: String, minute: Minute, code: &'static str, n: u64 },
    Attribute(KeyId, AttributeCount),
    Secret(KeyId, u32, SecretCount),
}

#[derive(Default)]
pub(super) struct Backlog {
    /// The number of the last flush that wrote everything.
    pub(super) flushed: u64,
    /// The number of this process as a writer, once it has one.
    writer: Option<i64>,
    /// How many batches were confirmed.
    confirmed: i64,
    /// The batch that is being written.
    tried: Option<Arc<CountBatch>>,
    waiting: VecDeque<Entry>,
    /// Individual requests that are being written.
    pub(super) requests: Vec<KeyRequest>,
}

impl Backlog {
    pub(super) fn add(&mut self, recorded: Recorded, unknown: Counts, secrets: SecretCounts) {
        let Recorded { mut minutes, attributes, not_counted } = recorded;
        // Keys of one app follow each other, so that they share its rows.
        minutes
            .sort_unstable_by(|(key, owner, _), (other, others, _)| (place(owner), key).cmp(&(place(others), other)));
        self.waiting.extend(minutes.into_iter().map(|(key, owner, count)| Entry::Key(key, owner, count)));
        let code = Outcome::NOT_COUNTED.code.as_str();
        for (org, minute, n) in not_counted {
            let places = match org {
                Some(org) => vec![without_key(&org), org.to_string()],
                None => vec![PORTAL.to_owned()],
            };
            self.waiting.extend(places.into_iter().map(|place| Entry::Place { place, minute, code, n }));
        }
        let of_unknown = |((asker, minute, code), n): ((super::unknown::Asker, _, _), _)| Entry::Place {
            place: asker.place(),
            minute,
            code,
            n,
        };
        self.waiting.extend(unknown.into_iter().map(of_unknown));
        self.waiting.extend(attributes.into_iter().map(|(key, count)| Entry::Attribute(key, count)));
        for ((key, n), counts) in secrets {
            self.waiting.extend(counts.into_iter().map(|count| Entry::Secret(key.clone(), n, count)));
        }
    }

    /// Writes everything that waits.
    pub(super) async fn write(&mut self, store: &Store, written: &AtomicU64) -> Result<()> {
        loop {
            if self.tried.is_none() {
                self.tried = self.next(store.profile()).map(Arc::new);
            }
            let Some(batch) = self.tried.clone() else { return Ok(()) };
            let writer = match self.writer {
                Some(writer) => writer,
                None => *self.writer.insert(store.new_usage_writer().await?),
            };
            if !store.add_usage(writer, self.confirmed + 1, &batch).await? {
                let is_new = self.confirmed == 0;
                (self.writer, self.confirmed) = (None, 0);
                if is_new {
                    return Err(Error::Unavailable(
                        "the number for counts of usage was taken by another process".to_owned(),
                    ));
                }
                continue;
            }
            self.confirmed += 1;
            written.fetch_add(1, Ordering::Relaxed);
            self.tried = None;
        }
    }

    /// As many rows as one transaction may have.
    fn next(&mut self, profile: &Profile) -> Option<CountBatch> {
        let mut batch = CountBatch::default();
        while let Some(entry) = self.waiting.front() {
            let most = if matches!(entry, Entry::Attribute(..) | Entry::Secret(..)) { 1 } else { MOST_ROWS_OF_ONE };
            if batch.rows() + most > AT_ONCE {
                break;
            }
            entry.write(&mut batch, profile);
            self.waiting.pop_front();
        }
        (batch.rows() > 0).then_some(batch)
    }
}

/// The app of a key, or else its organization.
fn place(owner: &KeyHolder) -> &str {
    owner.app.as_ref().map_or(owner.org_id.as_str(), |app| app.app_id.as_str())
}

fn moment(minute: Minute) -> Timestamp {
    Timestamp::from_seconds(i64::from(minute) * Span::Minute.seconds())
}

impl Entry {
    fn write(&self, batch: &mut CountBatch, profile: &Profile) {
        match self {
            Self::Key(key, owner, MinuteCount { minute, outcome, n }) => {
                let scope = outcome.scope(profile);
                let app = owner.app.as_ref();
                let above = app.map(|app| [app.app_id.as_str(), app.project_id.as_str()]).into_iter().flatten();
                for place in above.chain([key.as_str(), owner.org_id.as_str()]) {
                    add(batch, place, *minute, outcome.code.as_str(), &scope, u64::from(*n));
                }
            }
            Self::Place { place, minute, code, n } => add(batch, place, *minute, code, "", *n),
            Self::Attribute(key, AttributeCount { hour, attribute, n }) => {
                let hour = Timestamp::from_seconds(i64::from(*hour) * Span::Hour.seconds());
                let name =
                    AttributeName { key: key.clone(), hour, kind: attribute.kind(), value: attribute.to_string() };
                *batch.attributes.entry(name).or_default() += u64::from(*n);
            }
            Self::Secret(key, secret_n, SecretCount { hour, of, n, first_at, last_at }) => {
                let name = SecretUseName {
                    key: key.clone(),
                    secret_n: *secret_n,
                    hour: Timestamp::from_seconds(hour * Span::Hour.seconds()),
                    accepted: of.accepted,
                    network: of.network.to_string(),
                    agent: of.agent.name().to_owned(),
                };
                let uses = SecretUses { requests: u64::from(*n), first_at: *first_at, last_at: *last_at };
                batch.secrets.entry(name).and_modify(|before| before.add(&uses)).or_insert(uses);
            }
        }
    }
}

fn add(batch: &mut CountBatch, place: &str, minute: Minute, code: &'static str, scope: &str, n: u64) {
    for span in Span::ALL {
        let at = span.start(moment(minute));
        let name = CountName { place: place.to_owned(), span, at, code, scope: scope.to_owned() };
        *batch.counts.entry(name).or_default() += n;
    }
}
