//! The history of the example company's keys: at its end there is one in every status.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use sallyport::{
    Error, Timestamp,
    app::App,
    audit::Act,
    id::RequestId,
    key::{Issued, KeyRecord, NewKey, NewRotation, Verdict, new::KeyInput, secret::Checked},
    place::Place,
    profile::RotationKind,
    store::{Refused, Store, Used},
};

use super::{DAY, HOUR, MINUTE, clock::StoryClock, company::Company};

/// A change of a key, by its label.
pub enum Step<'a> {
    Generate {
        by: &'a Act,
        app: &'a App,
        label: &'a str,
        environment: &'a str,
        scopes: &'a [&'a str],
        days: &'a str,
    },
    Use(&'a str),
    Refuse(&'a str, Verdict, u64),
    Pause(&'a str),
    /// The old secret is accepted for another week.
    Rotate(&'a str),
    Revoke(&'a str, &'a str),
    Archive(&'a App),
}

/// The key that is printed.
const TOLD: &str = "Ingest worker eu-west";

/// A step and how long ago it happened.
pub type Dated<'a> = (Duration, Step<'a>);

fn key<'a>(
    by: &'a Act,
    app: &'a App,
    label: &'a str,
    environment: &'a str,
    scopes: &'a [&'a str],
    days: &'a str,
) -> Step<'a> {
    Step::Generate { by, app, label, environment, scopes, days }
}

/// The first weeks.
pub fn early(company: &Company) -> Vec<Dated<'_>> {
    let Company { ada, sam, focus, watch, landing, .. } = company;
    vec![
        (42 * DAY + 22 * HOUR, key(ada, focus, "iOS app, App Store build", "production", &["read", "write"], "never")),
        (42 * DAY, key(ada, focus, "Data migration 2026", "production", &["admin"], "never")),
        (41 * DAY, Step::Use("Data migration 2026")),
        (40 * DAY, key(sam, landing, "Old newsletter form", "production", &["write"], "never")),
        (38 * DAY, key(sam, watch, "Watch prototype", "development", &["read"], "never")),
    ]
}

/// The last week. At its end there are keys in every status.
pub fn late<'a>(company: &'a Company, intake: &'a App) -> Vec<Dated<'a>> {
    use Step::{Archive, Pause, Refuse, Revoke, Rotate, Use};
    let Company { ada, sam, focus, ingest, landing, .. } = company;
    vec![
        (6 * DAY + 20 * HOUR, key(ada, focus, "Contractor import", "production", &["admin"], "never")),
        (6 * DAY + 2 * HOUR, Use("Contractor import")),
        (5 * DAY + 3 * HOUR, key(sam, focus, "CI smoke tests", "testing", &["read", "write", "delete"], "never")),
        (4 * DAY + 7 * HOUR, key(ada, focus, "Staging backend", "staging", &["read", "write"], "90")),
        (4 * DAY + 6 * HOUR, Use("Staging backend")),
        (4 * DAY + HOUR, key(sam, intake, "Intake form", "production", &["write"], "365")),
        (3 * DAY + 5 * HOUR, key(ada, focus, "Nightly export", "production", &["read"], "1")),
        (3 * DAY, Use("Nightly export")),
        (2 * DAY + HOUR, key(ada, ingest, TOLD, "production", &["read", "write"], "never")),
        (2 * DAY, Use(TOLD)),
        (2 * DAY - HOUR, Archive(landing)),
        (40 * HOUR, Refuse("Nightly export", Verdict::Expired, 12)),
        (30 * HOUR, key(sam, focus, "Partner preview", "staging", &["read"], "never")),
        (29 * HOUR, Use("Partner preview")),
        (26 * HOUR, Pause("Partner preview")),
        (25 * HOUR, Refuse("Partner preview", Verdict::Paused, 3)),
        (DAY, key(sam, focus, "Sam’s laptop", "development", &["read"], "7")),
        (20 * HOUR, Use("Intake form")),
        (9 * HOUR, Refuse("CI smoke tests", Verdict::InsufficientScope, 1)),
        (5 * HOUR, Rotate("Staging backend")),
        (3 * HOUR, Revoke("Contractor import", "The contract ended")),
        (2 * HOUR, Refuse("Contractor import", Verdict::Revoked, 41)),
        (30 * MINUTE, Use("CI smoke tests")),
        (2 * MINUTE, Use("iOS app, App Store build")),
        (Duration::from_secs(8), Use(TOLD)),
    ]
}

/// The keys created so far.
pub struct Keys<'a> {
    pub store: &'a Store,
    pub story: &'a StoryClock,
    pub now: Timestamp,
    pub company: &'a Company,
    issued: Vec<Issued>,
}

impl<'a> Keys<'a> {
    pub fn new(store: &'a Store, story: &'a StoryClock, now: Timestamp, company: &'a Company) -> Self {
        Self { store, story, now, company, issued: Vec::new() }
    }

    fn find(&self, label: &str) -> Result<&Issued, Error> {
        self.issued.iter().find(|issued| issued.key.label == label).ok_or(Error::NotFound)
    }

    /// The secret of the key that is printed.
    pub fn told(&self) -> Result<String, Error> {
        Ok(self.find(TOLD)?.secret.expose().to_owned())
    }

    /// Those with many requests.
    pub fn used_regularly(&self, intake: &'a App) -> Result<Vec<super::usage::Used<'a>>, Error> {
        let Company { focus, ingest, .. } = self.company;
        let used = |label, app, since, per_hour, writes| {
            let key = self.find(label)?.key.id.clone();
            Ok::<_, Error>(super::usage::Used { key, app, since, per_hour, writes })
        };
        Ok(vec![
            used("iOS app, App Store build", focus, 42 * DAY, 1_900, 12)?,
            used(TOLD, ingest, 2 * DAY, 640, 85)?,
            used("CI smoke tests", focus, 5 * DAY, 90, 40)?,
            used("Intake form", intake, 4 * DAY, 35, 100)?,
        ])
    }

    /// Performs steps in order of time, so that the activity is in order.
    pub async fn tell(&mut self, mut steps: Vec<Dated<'_>>) -> Result<(), Error> {
        steps.sort_by_key(|(ago, _)| std::cmp::Reverse(*ago));
        let (store, now) = (self.store, self.now);
        for (ago, step) in steps {
            self.story.set(now - ago);
            match step {
                Step::Generate { by, app, label, environment, scopes, days } => {
                    let input = KeyInput {
                        label,
                        environment,
                        scopes: scopes.to_vec(),
                        expires: days.into(),
                        signing_secret: true,
                        ..KeyInput::default()
                    };
                    let new = NewKey::check(&input, store.profile(), store.now())?;
                    let issued = store.issue_key(by, app, new, None).await?;
                    self.issued.push(issued);
                }
                Step::Use(label) => {
                    let key = record(store, self.find(label)?).await?;
                    let (address, user_agent) = caller();
                    store.record_usage(vec![Used { key, at: now - ago, address, user_agent }], Vec::new()).await?;
                }
                Step::Refuse(label, verdict, times) => {
                    let key = record(store, self.find(label)?).await?;
                    let (address, user_agent) = caller();
                    let request_id = RequestId::mint(store.entropy());
                    let refused =
                        Refused { key, verdict, passed: false, times, address, user_agent, ip: None, request_id };
                    store.record_usage(Vec::new(), vec![refused]).await?;
                }
                Step::Pause(label) => {
                    store.pause_key(&self.company.sam, &self.find(label)?.key).await?;
                }
                // Where keys are rotated by hand there is no such status.
                Step::Rotate(_) if store.profile().rotation.kind == RotationKind::ByHand => {}
                Step::Rotate(label) => {
                    let grace = store.profile().rotation.longest_grace.min(7 * DAY);
                    let new = NewRotation { grace, ..NewRotation::default() };
                    store.rotate_key(&self.company.ada, &self.find(label)?.key, new).await?;
                }
                Step::Revoke(label, reason) => {
                    store.revoke_key(&self.company.ada, &self.find(label)?.key, reason.to_owned()).await?;
                }
                Step::Archive(app) => store.archive_place(&self.company.sam, &Place::from(app)).await?,
            }
        }
        Ok(())
    }
}

fn caller() -> (Option<IpAddr>, Option<String>) {
    (Some(Ipv4Addr::new(198, 51, 100, 23).into()), Some("focus-backend/3.2".to_owned()))
}

async fn record(store: &Store, issued: &Issued) -> Result<Arc<KeyRecord>, Error> {
    let secret = issued.secret.expose();
    let checked = store.profile().prefix_of(secret).and_then(|prefix| Checked::parse(prefix, secret));
    let digest = checked.and_then(|checked| store.digests(checked).next()).ok_or(Error::NotFound)?;
    Ok(Arc::new(store.key_by_digest(&digest).await?.ok_or(Error::NotFound)?.record))
}
